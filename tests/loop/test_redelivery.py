"""Webhooks that did not arrive: asked for once each, a few at a time, and not where nobody may ask."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from controller.domain.delivery import Lost
from controller.domain.errors import Blocked, Transient
from controller.loop.redelivery import A_ROUND, DENIED_FOR, Redelivery
from controller.loop.world import World
from controller.store import Store
from tests.loop.test_intake import a_delivery, left
from tests.support.builders import a_binding
from tests.support.database import MovedClock

NAME = "acme/captioncraft"


def lost(number: int) -> Lost:
    return Lost(NAME, f"hooks/1/deliveries/{number}", f"00000000-0000-0000-0000-{number:012d}")


@dataclass
class Fake:
    missing: list[Lost] = field(default_factory=list)
    asked: list[Lost] = field(default_factory=list)
    error: Exception | None = None
    looks: int = 0

    def places(self, repositories: Sequence[str]) -> Sequence[str]:
        return repositories

    def failed(self, place: str) -> Sequence[Lost]:
        self.looks += 1
        if self.error is not None:
            raise self.error
        return self.missing

    def again(self, lost: Lost) -> None:
        self.asked.append(lost)


@pytest.fixture
def courier() -> Fake:
    return Fake()


@pytest.fixture
def counted() -> Counter[str]:
    return Counter()


@pytest.fixture
def redelivery(store: Store, clock: MovedClock, courier: Fake, counted: Counter[str]) -> Redelivery:
    bindings = {"dev": a_binding(), "staging": a_binding("staging", "staging")}
    world = World(store, clock, None, None, None, None, bindings, lambda: "")  # type: ignore[arg-type]
    return Redelivery(world, courier, lambda outcome: counted.update([outcome]))


def test_each_repository_is_asked_about_once(redelivery: Redelivery) -> None:
    assert list(redelivery.places) == [NAME]


def test_what_did_not_arrive_is_asked_for_once_and_what_did_is_not(
    redelivery: Redelivery, store: Store, clock: MovedClock, courier: Fake, counted: Counter[str]
) -> None:
    left(store, a_delivery(1))
    courier.missing = [lost(1), lost(2)]
    assert (redelivery.sweep(NAME), redelivery.sweep(NAME)) == (1, 0)
    assert courier.asked == [lost(2)]
    left(store, a_delivery(2))
    redelivery.sweep(NAME)
    redelivery.sweep(NAME)
    assert counted == {"asked": 1, "recovered": 1}
    with store.read() as unit:
        assert unit.deliveries.recovered(clock.now() - timedelta(days=1)) == 1


def test_of_many_a_few_are_asked_for_in_a_round(redelivery: Redelivery, courier: Fake) -> None:
    courier.missing = [lost(number) for number in range(50)]
    assert [redelivery.sweep(NAME) for _ in range(4)] == [A_ROUND, A_ROUND, 10, 0]


def test_where_nobody_may_ask_nobody_asks_for_hours(redelivery: Redelivery, courier: Fake, clock: MovedClock) -> None:
    courier.error = Blocked("no", code="github.denied")
    for _ in range(5):
        assert redelivery.sweep(NAME) == 0
    assert courier.looks == 1
    clock.sleep(DENIED_FOR.total_seconds() + 1)
    redelivery.sweep(NAME)
    assert courier.looks == 2


def test_a_github_that_does_not_answer_is_asked_the_next_time(redelivery: Redelivery, courier: Fake) -> None:
    courier.error, courier.missing = Transient("slow", retry_after=timedelta(seconds=1)), [lost(1)]
    assert redelivery.sweep(NAME) == 0
    courier.error = None
    assert redelivery.sweep(NAME) == 1
