"""A store with a little of everything, for the doors: dev moves, staging is held, prod was never deployed."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from controller.decide import decide
from controller.domain.deployment import Deployment, Phase
from controller.domain.environment import Environment, Hold, HoldUntil, Quarantine
from controller.domain.events import AuditEntry, Event
from controller.domain.reason import Reason
from controller.domain.secret import Secret
from controller.domain.sighting import Sighting
from controller.domain.slot import Slot
from controller.domain.step import StepState
from controller.domain.verdict import Answer, Judged
from controller.homeward import turned_back
from controller.store import Store
from tests.support.builders import (
    NOON,
    a_commit,
    a_deployment,
    a_revision,
    a_running_deployment,
    a_snapshot,
    a_view,
    terms,
)
from tests.support.database import MovedClock, migrated_file

__all__ = ["NoonClock", "clock", "filled_file", "migrated_file", "store"]

PLANTED = "do-not-show-this-smoke-secret"
"""The secret of every deployment here: no answer, page or log line may hold it."""


class NoonClock(MovedClock):
    """Stands at noon of the builders' day until it is moved."""

    def __init__(self) -> None:
        super().__init__()
        self._now = NOON


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Path:
    """A database with these rows, to be copied."""
    file = tmp_path_factory.mktemp("rows") / "filled.db"
    shutil.copyfile(migrated_file, file)
    store = Store(f"sqlite:///{file}", NoonClock())
    fill(store)
    store.close()
    return file


@pytest.fixture
def clock() -> NoonClock:
    return NoonClock()


@pytest.fixture
def store(tmp_path: Path, filled_file: Path, clock: NoonClock) -> Iterator[Store]:
    file = tmp_path / "tidegate.db"
    shutil.copyfile(filled_file, file)
    opened = Store(f"sqlite:///{file}", clock, patience_seconds=0.3)
    yield opened
    opened.close()


def fill(store: Store) -> None:
    with store.write() as unit:
        unit.environments.ensure(["dev", "prod", "staging"])
        for deployment in (
            settled("dev", 1, "1"),
            moving("dev", 2, "2"),
            settled("staging", 1, "3"),
            held("staging", 2),
        ):
            unit.revisions.add(deployment.revision)
            unit.deployments.add(deployment)
        dev, staging = unit.environments.get("dev"), unit.environments.get("staging")
        unit.environments.save(replace(dev, live=1, live_since=NOON, recorded="2" * 40))
        unit.environments.save(held_environment(staging))
        unit.sightings.put(Sighting("dev", {name: a_view(name) for name in ("backend", "frontend")}, NOON))
        unit.timers.set("dev", NOON + timedelta(seconds=5))
        unit.audit.append(
            AuditEntry(
                Event.STEP_STARTED, "dev", "dev-2", "tidegate", NOON + timedelta(seconds=number), f"line {number}"
            )
            for number in range(5)
        )


def of(environment: str, deployment: Deployment, number: int, letter: str) -> Deployment:
    """The same deployment, elsewhere and with another commit."""
    revision = replace(deployment.revision, environment=environment, commit=a_commit(sha=letter * 40))
    return replace(
        deployment,
        id=f"{environment}-{number}",
        number=number,
        environment=environment,
        revision=revision,
        secret=Secret(PLANTED),
    )


def settled(environment: str, number: int, letter: str) -> Deployment:
    done = a_running_deployment()
    for step in done.steps:
        done = done.with_step(step.started(NOON).ended(StepState.DONE, NOON + timedelta(seconds=30), "done"))
    reason = Reason("deployment.succeeded", "the new version is live")
    return of(environment, done.moved(Phase.SUCCEEDED, reason, NOON + timedelta(minutes=1)), number, letter)


def moving(environment: str, number: int, letter: str) -> Deployment:
    """It registers its task definitions."""
    running = a_running_deployment()
    return of(environment, decide(running, a_snapshot(), NOON, terms()).deployment, number, letter)


def held(environment: str, number: int) -> Deployment:
    """It turned back."""
    reason = Reason("smoke.red", "the smoke test failed: http://example.com/ready: 500")
    back = turned_back(moving(environment, number, "4"), reason, NOON, culprits=("backend",))
    return back.moved(Phase.ROLLED_BACK, reason, NOON + timedelta(minutes=2))


def held_environment(environment: Environment) -> Environment:
    reason = Reason("smoke.red", "the smoke test failed: http://example.com/ready: 500")
    hold = Hold(reason, HoldUntil.PERSON, NOON, 2)
    quarantines = (Quarantine({"backend": "sha256:" + "c" * 64}, 2),)
    broken = Reason("file.invalid", "environments/staging.yaml:3:5: count: found 0; wanted at least 1")
    return replace(environment, live=1, live_since=NOON, hold=hold, quarantines=quarantines, problem=broken)


JUDGED = (
    Judged("image", Answer.OPEN, Reason("image.sealed", "every image is pinned by its digest")),
    Judged("checks", Answer.UNKNOWN, Reason("checks.unknown", "GitHub is <away>")),
)


def a_waiting_deployment(environment: str, number: int, letter: str, reason: Reason) -> Deployment:
    waiting = a_deployment(revision=a_revision(image=None), reason=reason)
    return of(environment, waiting, number, letter)


def split_view(name: str = "backend", green: int = 25) -> object:
    view = a_view(name)
    assert view.rule is not None
    return replace(view, rule=replace(view.rule, weights={Slot.BLUE: 100 - green, Slot.GREEN: green}))
