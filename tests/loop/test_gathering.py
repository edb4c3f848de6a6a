"""Who is asked about a failure, and in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from controller.domain import evidence
from controller.domain.deployment import Deployment
from controller.domain.evidence import Scene, SlotEvidence
from controller.domain.metrics import Finding, Result
from controller.domain.reason import Reason
from controller.domain.step import StepKind, StepState
from controller.homeward import turned_back
from controller.loop.gathering import gather
from tests.support.builders import NOON, a_running_deployment

RED = Reason("analysis.failed", "frontend errors: 50% failed")


@dataclass
class Witness:
    asked: list[str] = field(default_factory=list)

    def tell(self, scenes: Sequence[Scene], alarms: Mapping[str, datetime]) -> evidence.Testimony:
        self.asked = [f"{scene.service} {scene.slot}" for scene in scenes]
        return evidence.Testimony(
            tuple(SlotEvidence(each.service, each.slot, each.is_blamed, lines=("x",)) for each in scenes)
        )


def gone_wrong(culprits: tuple[str, ...], *findings: Finding) -> Deployment:
    """Both services had begun to run; it turns back, and asks."""
    running = replace(a_running_deployment(), findings=findings)
    for step in running.steps:
        if step.kind in {StepKind.REGISTER, StepKind.WARM}:
            running = running.with_step(step.started(NOON).ended(StepState.DONE, NOON, ""))
    return turned_back(running, RED, NOON, culprits=culprits)


def finding(service: str, result: Result) -> Finding:
    return Finding(service, "errors", result, "so it is", 0.5, 0.01, 600, 1)


@pytest.mark.parametrize(
    ("deployment", "first"),
    [
        (gone_wrong(()), "backend"),
        (gone_wrong(("frontend",)), "frontend"),
        (gone_wrong((), finding("backend", Result.PASSED), finding("frontend", Result.FAILED)), "frontend"),
    ],
)
def test_who_is_found_bad_is_asked_about_first_and_read_first(deployment: Deployment, first: str) -> None:
    witness = Witness()
    found = gather(deployment, cast("Any", SimpleNamespace(witness=witness)), cast("Any", None), NOON)
    assert len(witness.asked) == 4 and all(asked.startswith(first) for asked in witness.asked[:2])
    assert found.slots[0].service == first
