"""What a drawn plan means beside its steps: what differs, who is asked first, how long it takes, what it costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from controller.dashboard.context import DashboardContext
from controller.dashboard.file_diff import FileDiff, file_diff
from controller.dashboard.views import VersionView, version_view
from controller.domain.costs import CostChange, cost_change
from controller.domain.deployment import Deployment, Kind, Phase
from controller.domain.manifest import parse_duration
from controller.domain.proposal import Asked, Expected
from controller.domain.step import StepKind
from controller.plan.forecast import expected, gates_asked
from controller.store import Unit

PAST = 10
"""So many of the newest deployments say how long one takes."""


@dataclass(frozen=True)
class Meaning:
    """`gates` is empty of what asks none, as a rollback; `expected` is None of a plan without steps, `cost` where the
    environment isn't bound any more."""

    version: VersionView
    diff: FileDiff
    gates: tuple[Asked, ...]
    expected: Expected | None
    cost: CostChange | None


def meaning(name: str, plan: Mapping[str, Any], unit: Unit, context: DashboardContext) -> Meaning | None:
    """Of the JSON values that the API answers, by rows alone; None where its revision is not to be found."""
    revision, live = unit.revisions.by_commit(name, plan["commit"]), unit.deployments.live(name)
    made = unit.deployments.get(plan["deployment"]) if plan["deployment"] else None
    binding = context.bindings.get(name)
    if revision is None:
        return None
    file, live_file = revision.file, live.revision.file if live else None
    asks = binding is not None and (made is None or made.kind is Kind.DEPLOY)
    return Meaning(
        version=version_view(revision, context),
        diff=file_diff(live, revision, context),
        gates=tuple(gates_asked(file, live_file, binding)) if binding and asks else (),
        expected=expected(_bakes(plan), _past(name, unit)) if plan["steps"] else None,
        cost=cost_change(live_file, file, binding.aws.region) if binding else None,
    )


def _bakes(plan: Mapping[str, Any]) -> timedelta:
    waits = (step["wait"] for step in plan["steps"] if step["kind"] == StepKind.BAKE and step["wait"])
    return sum(map(parse_duration, waits), timedelta(0))


def _past(name: str, unit: Unit) -> list[Deployment]:
    found = unit.deployments.page(name, Phase.SUCCEEDED, limit=PAST).items
    return [deployment for deployment in found if deployment.kind is Kind.DEPLOY]
