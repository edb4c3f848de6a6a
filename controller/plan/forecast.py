"""What would come of a file that nobody has merged: words for people, never a plan that is carried out. Pure.

The file is compared with the one that is live, defaults filled in. The images of what is not merged do not exist, so
two plans are drawn: with the images that run now, for what rolls in any case, and with new ones, for all that may.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from controller.domain.bindings import Binding
from controller.domain.costs import cost_change
from controller.domain.deployment import Deployment, Kind, Plan
from controller.domain.differing import changes
from controller.domain.manifest import EnvironmentFile, Gates, Service
from controller.domain.proposal import Asked, Expected, Forecast, ImageChange
from controller.domain.rendering import image_digest
from controller.domain.revision import Revision
from controller.domain.step import StepKind, spoken
from controller.plan import draw, imagined

NOT_BUILT = "sha256:" + "0" * 64
"""Stands for the digest of an image that does not exist yet."""

UNCHANGED, IN_ANY_CASE = "unchanged", "rolls"
IF_BUILT = "rolls, unless its image comes out the same"
NEW = "is new"
UNNAMED = "no longer named: it goes on running until somebody prunes it"


@dataclass(frozen=True)
class Prospect:
    """All that a forecast goes by. `revision` is the one that merging would record, not sealed. `promoted` are images
    that its services would take from other environments, `desired` how many tasks each service runs now, `past` the
    newest deployments that succeeded, newest first. `now` is aware UTC."""

    revision: Revision
    binding: Binding
    live: Deployment | None
    now: datetime
    promoted: Mapping[str, str] = field(default_factory=dict)
    desired: Mapping[str, int] = field(default_factory=dict)
    past: Sequence[Deployment] = ()
    notes: tuple[str, ...] = ()

    @property
    def file(self) -> EnvironmentFile:
        return self.revision.file

    @property
    def live_file(self) -> EnvironmentFile | None:
        return self.live.revision.file if self.live else None

    @property
    def running(self) -> Mapping[str, str]:
        return (self.live.revision.images or {}) if self.live else {}

    @property
    def has_switches(self) -> bool:
        armed = any(step.kind is StepKind.ARM for step in self.live.steps) if self.live else False
        return armed or self.binding.aws.switch_role is not None


def forecast(prospect: Prospect) -> Forecast:
    sure, most = _plan(prospect, prospect.running), _plan(prospect, {})
    return Forecast(
        environment=prospect.binding.name,
        live=f"{prospect.live.id}, {prospect.live.revision.commit.short}" if prospect.live else "",
        rolls=_rolls(prospect, sure, most),
        images=tuple(_images(prospect)),
        changes=changes(prospect.live_file, prospect.file),
        steps=tuple(step.in_full for step in most.steps),
        gates=tuple(gates_asked(prospect.file, prospect.live_file, prospect.binding)),
        expected=expected(_bakes(most), prospect.past) if most.steps else None,
        cost=cost_change(prospect.live_file, prospect.file, prospect.binding.aws.region),
        notes=(*prospect.notes, *_notes(prospect.file, most)),
    )


def _plan(prospect: Prospect, kept: Mapping[str, str]) -> Plan:
    """With the images of `kept` where a service's file still names the same repository, else with new ones."""
    on = imagined.foundation(prospect.binding, has_switches=prospect.has_switches)
    live = prospect.live_file
    images = {
        name: prospect.promoted.get(name)
        or _kept(name, service, live, kept)
        or f"{service.image.repository}@{NOT_BUILT}"
        for name, service in prospect.file.services.items()
    }
    seen = imagined.views(live, prospect.file, prospect.running, on, prospect.desired, prospect.now)
    standing = imagined.stands(live, on, seen)
    sealed = prospect.revision.sealed(images)
    plan = draw(sealed, prospect.binding, on, seen, Kind.DEPLOY, stands=standing, now=prospect.now)
    return plan.beside(prospect.file, live)


def _kept(name: str, service: Service, live: EnvironmentFile | None, kept: Mapping[str, str]) -> str | None:
    was = live.services.get(name) if live else None
    return kept.get(name) if was is not None and was.image.repository == service.image.repository else None


def _rolls(prospect: Prospect, sure: Plan, most: Plan) -> dict[str, str]:
    before = prospect.live_file.services if prospect.live_file else {}
    certain = {rolling.service for rolling in sure.rolling}
    perhaps = {rolling.service for rolling in most.rolling}
    told = {
        name: NEW
        if name not in before
        else IN_ANY_CASE
        if name in certain
        else IF_BUILT
        if name in perhaps
        else UNCHANGED
        for name in prospect.file.services
    }
    return {**told, **{name: UNNAMED for name in before if name not in told}}


def _images(prospect: Prospect) -> Iterator[ImageChange]:
    for name, service in prospect.file.services.items():
        now, image = image_digest(prospect.running.get(name, "")), service.image
        if name in prospect.promoted:
            then = f"{image_digest(prospect.promoted[name])}, promoted from {image.promote}"
        elif image.promote is not None:
            then = f"what {image.promote} has run well with the same files"
        elif image.tag is not None and "{" not in image.tag:
            then = f"what {image.repository}:{image.tag} names when this is merged"
        else:
            then = "built from this pull request when it is merged"
        yield ImageChange(name, now, then)


def gates_asked(file: EnvironmentFile, live_file: EnvironmentFile | None, binding: Binding) -> Iterator[Asked]:
    """Whoever changes a gate passes the old one too."""
    new = dict(_wanted(file.gates))
    live = dict(_wanted(live_file.gates)) if live_file else {}
    for gate, text in new.items():
        yield Asked(gate, text, "both files" if live.get(gate) == text else "the new file")
    for gate, text in live.items():
        if new.get(gate) != text:
            yield Asked(gate, text, "the live file")
    if binding.minimum.approval is not None:
        yield Asked("approval", f"at least {binding.minimum.approval.count}", "the operator")


def _wanted(gates: Gates) -> Iterator[tuple[str, str]]:
    if gates.checks is not None:
        yield "checks", ", ".join(gates.checks.required)
    if gates.image_scan is not None:
        yield "image_scan", f"nothing found that is {' or '.join(gates.image_scan.block)}"
    if gates.soak is not None:
        yield "soak", f"{spoken(gates.soak.for_)} healthy in {gates.soak.environment}"
    if gates.window is not None:
        allowed = ", ".join(map(str, gates.window.allow)) or "always"
        denied = f", not {', '.join(map(str, gates.window.deny))}" if gates.window.deny else ""
        frozen = ", and while no freeze is on" if gates.window.freeze else ""
        yield "window", f"{allowed}{denied} ({gates.window.timezone}){frozen}"
    if gates.approval is not None:
        who = f" of {', '.join(map(str, gates.approval.reviewers))}" if gates.approval.reviewers else ""
        author = ", not the author" if gates.approval.exclude_author else ""
        yield "approval", f"{gates.approval.count}{who}{author}"


def _bakes(plan: Plan) -> timedelta:
    return sum((step.wait or timedelta(0) for step in plan.steps if step.kind is StepKind.BAKE), timedelta(0))


def expected(bakes: timedelta, past: Sequence[Deployment]) -> Expected:
    """Of something that bakes so long, where `past` are the newest deployments that succeeded."""
    worked = [work for deployment in past if (work := _worked(deployment)) is not None]
    usual = timedelta(seconds=median(work.total_seconds() for work in worked)) if worked else None
    return Expected(bakes, usual, len(worked))


def _worked(deployment: Deployment) -> timedelta | None:
    """From its start to its success, without what it was told to wait; None where nothing rolled."""
    if deployment.started_at is None or deployment.finished_at is None or not deployment.brings:
        return None
    waits = {StepKind.BAKE, StepKind.CONFIRM}
    waited = sum((step.observed for step in deployment.steps if step.kind in waits), timedelta(0))
    return max(deployment.finished_at - deployment.started_at - waited, timedelta(0))


def _notes(file: EnvironmentFile, plan: Plan) -> Iterator[str]:
    if file.on == "release":
        yield "merging starts nothing by itself: it is deployed when a release is published"
    if any(step.kind is StepKind.CONFIRM for step in plan.steps):
        yield "a person has to confirm on the way"
    for service in plan.unrun:
        yield f"the changed `before` of {service} does not run: nothing of {service} rolls"
