"""What a deployment brings, as its page shows it."""

from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import quote

from controller.dashboard.context import DashboardContext
from controller.dashboard.links import web_address
from controller.domain.contents import Change, PullRequest, brings_commits
from controller.domain.deployment import Deployment
from controller.store import Unit

Thing = TypeVar("Thing")

PASSED_BY = 20


@dataclass(frozen=True)
class Linked(Generic[Thing]):
    """`link` leads to it on GitHub, None where nobody knows the repository."""

    it: Thing
    link: str | None


@dataclass(frozen=True)
class ContentsView:
    """Newest first. `passed_by` never started, because something newer took their place."""

    told: str
    base: str | None
    compare: str | None
    is_taken_back: bool
    total: int
    changes: tuple[Linked[Change], ...]
    pulls: tuple[Linked[PullRequest], ...]
    passed_by: tuple[Deployment, ...]
    has_more_passed_by: bool


def contents_view(deployment: Deployment, context: DashboardContext, unit: Unit) -> ContentsView | None:
    """None of what brings nothing, and of what nobody has ever asked about."""
    contents = unit.contents.of(deployment.id)
    if contents is None or not brings_commits(deployment):
        return None
    base = unit.deployments.get(contents.base) if contents.base else None
    passed = unit.deployments.passed_by(base, deployment, PASSED_BY + 1) if contents.is_known else ()
    place = _place(deployment, context)
    sides = (base.revision.commit.sha, deployment.revision.commit.sha) if base else ()
    span = "...".join(reversed(sides) if contents.is_taken_back else sides)
    return ContentsView(
        told=_sentence(contents.told),
        base=contents.base,
        compare=f"{place}/compare/{quote(span, safe='.')}" if place and span else None,
        is_taken_back=contents.is_taken_back,
        total=contents.total,
        changes=tuple(Linked(one, _link(place, "commit", one.sha)) for one in reversed(contents.changes)),
        pulls=tuple(Linked(one, _link(place, "pull", str(one.number))) for one in contents.pulls),
        passed_by=passed[:PASSED_BY],
        has_more_passed_by=len(passed) > PASSED_BY,
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _place(deployment: Deployment, context: DashboardContext) -> str | None:
    base, binding = web_address(context.github), context.bindings.get(deployment.environment)
    return f"{base}/{quote(binding.repository)}" if base and binding else None


def _link(place: str | None, kind: str, name: str) -> str | None:
    return f"{place}/{kind}/{quote(name, safe='')}" if place else None
