"""What would come of an order, told before it is given, is what comes of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.deployment import Phase
from controller.domain.orders import Order, OrderKind, OrderState, Wish
from controller.inbox.judging import Judgement, judge
from tests.support.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.store.close()


def judged(stage: Stage, kind: OrderKind, deployment: str | None = None, **wish: object) -> Judgement:
    now = stage.world.clock.now()
    order = Order(0, kind, "dev", deployment, "why", "ada", now, Wish(**wish))  # type: ignore[arg-type]
    with stage.store.read() as unit:
        return judge(unit, order, now)


def came_of(stage: Stage, number: int) -> tuple[OrderState, str]:
    with stage.store.read() as unit:
        found = unit.orders.get(number)
    assert found is not None
    return found.state, found.outcome


def test_what_is_told_of_an_order_is_what_the_loop_makes_of_it(stage: Stage) -> None:
    stage.push(content="one")
    stage.run(lambda: stage.phase(1) is Phase.RUNNING)
    told = judged(stage, OrderKind.PAUSE, "dev-1")
    stage.order(OrderKind.PAUSE, deployment="dev-1")
    stage.run(lambda: came_of(stage, 1)[0] is not OrderState.RECEIVED)
    assert came_of(stage, 1) == (OrderState.DONE, told.outcome)
    again = judged(stage, OrderKind.PAUSE, "dev-1")
    assert (again.outcome, "is paused already" in again.refusal) == ("", True)


def test_what_the_door_refuses_comes_with_the_doors_code(stage: Stage) -> None:
    assert judged(stage, OrderKind.ABORT).code == "order.no_deployment"
    assert judged(stage, OrderKind.PAUSE, "dev-9").code == "order.unknown_deployment"


def test_an_order_that_somebody_outside_must_be_asked_about_is_neither_refused_nor_foretold(stage: Stage) -> None:
    assert judged(stage, OrderKind.DEPLOY) == Judgement()


def test_judging_stores_nothing(stage: Stage) -> None:
    stage.push(content="one")
    stage.settle()
    before = stage.deployment(1)
    judged(stage, OrderKind.DEPLOY, restart=True)
    with stage.store.read() as unit:
        assert (unit.orders.waiting("dev"), stage.deployment(1)) == ((), before)
