"""A delivery asks for a look, once, and ends in one state."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from controller.domain.delivery import ALARM, AWS, Delivery, DeliveryState
from controller.loop.intake import TakenIn, take_in
from controller.store import Store, Unit
from tests.store.recorded import deployment, record
from tests.support.builders import a_binding, a_place

BINDINGS = {
    "dev": a_binding("dev", "develop"),
    "staging": a_binding("staging", "staging"),
    "shadow": a_binding("shadow", "develop"),
}


def a_delivery(
    number: int = 1, repository: str | None = "acme/captioncraft", branch: str | None = "develop"
) -> Delivery:
    guid = f"00000000-0000-0000-0000-{number:012d}"
    ref = f"refs/heads/{branch}" if branch else None
    return Delivery(
        guid, "github", "push", None, repository, ref, branch, "1" * 40, "f" * 64, datetime(2026, 1, 1, tzinfo=UTC)
    )


@pytest.fixture
def ready(store: Store) -> Store:
    with store.write() as unit:
        unit.environments.ensure(BINDINGS)
    return store


def left(store: Store, *deliveries: Delivery) -> None:
    with store.write() as unit:
        for delivery in deliveries:
            unit.deliveries.accept(delivery)


def state(store: Store, delivery: Delivery) -> DeliveryState:
    with store.read() as unit:
        return unit.deliveries.state(delivery.source, delivery.id)


def test_every_environment_of_that_branch_is_asked_to_look(ready: Store) -> None:
    left(ready, a_delivery())
    assert take_in(ready, BINDINGS) == TakenIn(at_once=frozenset({"dev", "shadow"}))
    with ready.read() as unit:
        assert [one.name for one in unit.environments.all() if one.must_look] == ["dev", "shadow"]
    assert state(ready, a_delivery()) is DeliveryState.DONE


def a_pull_request(number: int, base: str = "develop", action: str = "opened", pull: int = 7) -> Delivery:
    return replace(a_delivery(number, branch=base), event="pull_request", action=action, ref=f"refs/pull/{pull}/head")


def test_a_pull_request_is_to_be_looked_at_and_no_environment_hears_of_it(ready: Store) -> None:
    left(ready, *(a_pull_request(number) for number in (1, 2)))
    assert take_in(ready, BINDINGS) == TakenIn(has_proposals=True)
    with ready.read() as unit:
        found = unit.proposals.get("acme/captioncraft", 7)
        assert not any(one.must_look for one in unit.environments.all())
    assert found is not None and found.asked == 2
    assert state(ready, a_pull_request(1)) is DeliveryState.DONE


def test_a_pull_request_to_a_branch_that_nobody_follows_is_ignored_unless_it_was_followed(ready: Store) -> None:
    left(ready, a_pull_request(1, "docs"))
    assert take_in(ready, BINDINGS) == TakenIn()
    assert state(ready, a_pull_request(1)) is DeliveryState.IGNORED
    left(ready, a_pull_request(2), a_pull_request(3, "docs", "edited"))
    assert take_in(ready, BINDINGS).has_proposals
    assert state(ready, a_pull_request(3)) is DeliveryState.DONE


def test_what_changes_nothing_about_merging_is_ignored_when_it_arrives() -> None:
    assert a_pull_request(1, action="labeled").arrives_as is DeliveryState.IGNORED
    assert a_pull_request(1, action="synchronize").arrives_as is DeliveryState.RECEIVED


def test_a_delivery_that_names_no_branch_asks_everybody_of_the_repository(ready: Store) -> None:
    left(ready, a_delivery(branch=None))
    with ready.read() as unit:
        waits = bool(unit.deliveries.received())
    assert take_in(ready, BINDINGS).at_once == ({"dev", "staging", "shadow"} if waits else set())


@pytest.mark.parametrize("other", [a_delivery(branch="feature"), a_delivery(repository="acme/other")])
def test_what_is_bound_to_nothing_is_ignored(ready: Store, other: Delivery) -> None:
    left(ready, other)
    assert take_in(ready, BINDINGS) == TakenIn()
    assert state(ready, other) is DeliveryState.IGNORED


def test_names_of_repositories_do_not_care_about_case(ready: Store) -> None:
    left(ready, a_delivery(repository="Acme/CaptionCraft"))
    assert "dev" in take_in(ready, BINDINGS).at_once


def test_a_flood_is_taken_in_whole(ready: Store) -> None:
    left(ready, *(a_delivery(number) for number in range(450)))
    take_in(ready, BINDINGS)
    with ready.read() as unit:
        assert unit.deliveries.received() == ()
        assert unit.environments.get("dev").head_requested == 450


def test_what_was_taken_in_is_not_taken_in_again(ready: Store) -> None:
    left(ready, a_delivery())
    take_in(ready, BINDINGS)
    assert take_in(ready, BINDINGS) == TakenIn()


def test_a_delivery_is_not_settled_before_the_look_that_it_asks_for_is_written(ready: Store) -> None:
    left(ready, a_delivery())
    with pytest.raises(Gone):
        take_in(OneWrite(ready), BINDINGS)  # type: ignore[arg-type]
    with ready.read() as unit:
        assert unit.environments.get("dev").must_look or unit.deliveries.received()


class Gone(Exception):
    """The process."""


class OneWrite:
    """A store whose process dies when it has committed once."""

    def __init__(self, store: Store) -> None:
        self._store, self._is_dead = store, False

    @contextmanager
    def write(self) -> Iterator[Unit]:
        if self._is_dead:
            raise Gone
        with self._store.write() as unit:
            yield unit
        self._is_dead = True
        raise Gone


ALARM_ARN = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:captioncraft-dev-5xx"


def a_hint(number: int = 1, ref: str | None = ALARM_ARN, event: str = ALARM, action: str = "ALARM") -> Delivery:
    guid = f"00000000-0000-0000-1111-{number:012d}"
    return Delivery(guid, AWS, event, action, None, ref, None, None, "f" * 64, datetime(2026, 1, 1, tzinfo=UTC))


def moving(store: Store, *names: str) -> None:
    record(store, *(deployment(1, name) for name in names))


def test_an_alarm_wakes_what_moves_in_its_account_and_region_at_once_and_asks_nothing_of_github(ready: Store) -> None:
    moving(ready, "dev", "staging")
    left(ready, a_hint())
    assert take_in(ready, BINDINGS) == TakenIn(at_once=frozenset({"dev", "staging"}))
    with ready.read() as unit:
        assert not any(one.must_look for one in unit.environments.all())
    assert state(ready, a_hint()) is DeliveryState.DONE


def test_at_rest_nothing_is_woken_and_the_hint_is_ignored(ready: Store) -> None:
    left(ready, a_hint())
    assert take_in(ready, BINDINGS) == TakenIn()
    assert state(ready, a_hint()) is DeliveryState.IGNORED


@pytest.mark.parametrize(
    "ref",
    [
        "arn:aws:cloudwatch:eu-west-1:210987654321:alarm:captioncraft-dev-5xx",
        "arn:aws:cloudwatch:eu-west-2:123456789012:alarm:captioncraft-dev-5xx",
        "nonsense",
        None,
    ],
)
def test_an_event_of_another_place_wakes_nobody(ready: Store, ref: str | None) -> None:
    moving(ready, "dev")
    left(ready, a_hint(ref=ref))
    assert take_in(ready, BINDINGS) == TakenIn()
    assert state(ready, a_hint()) is DeliveryState.IGNORED


@pytest.mark.parametrize(
    ("resource", "woken"),
    [
        ("cluster/dev", {"dev", "shadow"}),
        ("service/dev/backend", {"dev", "shadow"}),
        ("service/backend", {"dev", "staging", "shadow"}),
        ("cluster/other", {"shadow"}),
    ],
)
def test_an_event_with_a_cluster_wakes_those_in_it_and_those_whose_cluster_a_stack_knows(
    ready: Store, resource: str, woken: set[str]
) -> None:
    cluster = "arn:aws:ecs:eu-west-1:123456789012:cluster/staging"
    bindings = {
        "dev": a_binding("dev", aws=a_place(cluster="dev")),
        "staging": a_binding("staging", aws=a_place(cluster=cluster)),
        "shadow": a_binding("shadow"),
    }
    moving(ready, *bindings)
    left(ready, a_hint(ref=f"arn:aws:ecs:eu-west-1:123456789012:{resource}", event="ECS Deployment State Change"))
    assert take_in(ready, bindings) == TakenIn(soon=frozenset(woken))


def test_what_an_alarm_wakes_at_once_is_not_woken_later_as_well(ready: Store) -> None:
    moving(ready, "dev")
    task = "ECS Task State Change"
    cluster = "arn:aws:ecs:eu-west-1:123456789012:cluster/captioncraft-dev"
    left(ready, a_hint(1), a_hint(2, cluster, task, "STOPPED"))
    assert take_in(ready, BINDINGS) == TakenIn(at_once=frozenset({"dev"}))


@pytest.mark.parametrize("action", ["PROVISIONING", "PENDING", "DEPROVISIONING"])
def test_the_states_that_a_task_only_passes_through_wake_nobody(ready: Store, action: str) -> None:
    moving(ready, "dev")
    passing = a_hint(event="ECS Task State Change", action=action)
    left(ready, passing)
    assert state(ready, passing) is DeliveryState.IGNORED
    assert take_in(ready, BINDINGS) == TakenIn()


def test_a_flood_of_hints_is_taken_in_together_with_pushes(ready: Store) -> None:
    moving(ready, "dev")
    left(ready, *(a_hint(number) for number in range(300)), a_delivery())
    assert take_in(ready, BINDINGS).at_once == {"dev", "shadow"}
    with ready.read() as unit:
        assert unit.deliveries.received() == ()
        assert unit.environments.get("dev").head_requested == 1
