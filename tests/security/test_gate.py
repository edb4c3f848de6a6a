"""Attacks on the approval gate that take a controller which runs: each goes through more than one feature."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.orders import OrderKind
from controller.domain.people import Person
from controller.inbox.wishes import OrderRefused
from sandbox.runtime.scripted import Script
from tests.support.builders import FILE
from tests.support.invariants import Watch
from tests.support.stage import Stage
from tests.support.town import GRACE, LINUS, caller

ASKED = FILE.replace("{hold: next_commit}", "{hold: person}") + "gates: {approval: {count: 1}}\n"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A first version is live, and one person is to approve the next. Whatever starts is looked at."""
    stage = Stage(tmp_path)
    watch = Watch(stage)
    stage.push(content="first")
    stage.settle()
    yield stage
    assert watch.broken == []
    stage.store.close()


def is_asked(stage: Stage, number: int) -> bool:
    deployment = stage.deployment(number) if stage.phase(number) else None
    return deployment is not None and deployment.asked is not None


def approve(stage: Stage, number: int, by: Person) -> None:
    asked = stage.deployment(number).asked
    assert asked is not None, "nobody is asked"
    stage.order(OrderKind.APPROVE, f"dev-{number}", by=caller(by), plan=asked.plan.digest)


def test_whoever_releases_an_environment_approves_nothing_of_what_that_starts(stage: Stage) -> None:
    """A5: `unhold` tries the newest commit once more, so it orders a deployment as `deploy` does."""
    stage.push(ASKED, script=Script(status=503), content="bad")
    stage.run(lambda: is_asked(stage, 2))
    approve(stage, 2, LINUS)
    stage.settle()
    assert stage.environment.hold is not None
    stage.order(OrderKind.UNHOLD, by=caller(GRACE))
    stage.run(lambda: is_asked(stage, 3))
    with pytest.raises(OrderRefused, match="grace ordered it"):
        approve(stage, 3, GRACE)
    approve(stage, 3, LINUS)
