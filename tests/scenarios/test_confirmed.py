"""A canary that waits for a person between two shares."""

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.domain.deployment import Phase
from controller.domain.explaining import explain
from controller.domain.orders import OrderKind
from controller.domain.step import StepKind, StepState
from controller.strategies.canary import CONFIRMATION
from tests.scenarios.test_ordered import sicken
from tests.scenarios.test_strategies import TEXTS
from tests.support.invariants import Watch
from tests.support.stage import Stage

CONFIRMED = TEXTS["canary"].replace("{weight: 50, bake: 1m}", "{weight: 50, bake: 1m, confirm: true}")


@pytest.fixture
def watch(stage: Stage) -> Watch:
    """A canary stands at half of the traffic, and waits to be confirmed."""
    stage.push(CONFIRMED, content="first")
    stage.settle()
    assert stage.phase(1) is Phase.SUCCEEDED and is_confirmed_only_where_it_shares(stage)
    watch = Watch(stage)
    stage.push(CONFIRMED, content="second")
    stage.run(lambda: stage.phase(2) is Phase.RUNNING and is_to_be_confirmed(stage))
    return watch


def is_confirmed_only_where_it_shares(stage: Stage) -> bool:
    """The first version gets all of its traffic at once."""
    return all(step.kind is not StepKind.CONFIRM for step in stage.deployment(1).steps)


def is_to_be_confirmed(stage: Stage) -> bool:
    step = stage.deployment(2).step
    return step is not None and step.kind is StepKind.CONFIRM


def share(stage: Stage) -> int:
    return stage.weights()["/api/*"]["captioncraft-dev-backend-green"]


def test_it_waits_as_long_as_nobody_says_anything(watch: Watch) -> None:
    stage = watch.stage
    later = stage.time.now() + timedelta(minutes=20)
    stage.run(lambda: stage.time.now() > later)
    assert share(stage) == 50 and stage.deployment(2).needs_a_person
    with stage.store.read() as unit:
        told = explain(unit.overviews.of("dev"))
    assert told.code == "confirm.waiting" and "`tidegate promote dev-2` goes on" in told.clears


def test_a_promotion_lets_the_next_share_come(watch: Watch) -> None:
    stage = watch.stage
    stage.order(OrderKind.PROMOTE, "dev-2")
    stage.settle()
    done = stage.deployment(2)
    assert done.phase is Phase.SUCCEEDED and share(stage) == 100
    confirm = next(step for step in done.steps if step.kind is StepKind.CONFIRM)
    assert confirm.detail == "confirmed by ada"
    assert watch.at_rest() == []


def test_a_promotion_in_the_bake_before_it_confirms_nothing(stage: Stage) -> None:
    stage.push(CONFIRMED, content="first")
    stage.settle()
    stage.push(CONFIRMED, content="second")
    stage.run(lambda: bool(stage.phase(2)) and share(stage) == 50 and in_bake(stage))
    stage.order(OrderKind.PROMOTE, "dev-2")
    stage.run(lambda: is_to_be_confirmed(stage))
    later = stage.time.now() + timedelta(minutes=10)
    stage.run(lambda: stage.time.now() > later)
    assert share(stage) == 50 and is_to_be_confirmed(stage)


def in_bake(stage: Stage) -> bool:
    step = stage.deployment(2).step
    return step is not None and step.kind is StepKind.BAKE


def test_after_a_day_it_turns_back_and_blames_nobody(watch: Watch) -> None:
    """A day of looks is long: the last of them is what counts."""
    stage = watch.stage
    with stage.store.write() as unit:
        waiting = unit.deployments.get("dev-2")
        assert waiting is not None and waiting.step is not None
        late = replace(waiting.step, observed=CONFIRMATION - timedelta(minutes=1))
        unit.deployments.save(waiting.with_step(late))
    stage.settle()
    back = stage.deployment(2)
    assert (back.phase, back.reason.code) == (Phase.ROLLED_BACK, "confirm.expired")
    assert share(stage) == 0 and not stage.environment.quarantines
    assert next(step for step in back.steps if step.kind is StepKind.CONFIRM).state is StepState.FAILED
    assert watch.at_rest() == []


def test_no_promotion_skips_health(watch: Watch) -> None:
    stage = watch.stage
    sicken(stage, "backend")
    stage.order(OrderKind.PROMOTE, "dev-2")
    stage.settle()
    assert (stage.phase(2), stage.deployment(2).reason.code) == (Phase.ROLLED_BACK, "targets.unhealthy")


def test_what_dies_while_it_waits_turns_back(watch: Watch) -> None:
    stage = watch.stage
    sicken(stage, "backend")
    stage.settle()
    assert stage.phase(2) is Phase.ROLLED_BACK and share(stage) == 0
    assert watch.at_rest() == []


def test_an_abort_takes_it_home(watch: Watch) -> None:
    stage = watch.stage
    stage.order(OrderKind.ABORT, "dev-2")
    stage.settle()
    assert stage.phase(2) is Phase.ABORTED and share(stage) == 0
