"""How counts move by themselves: what a file asks for, what the clock says now, and what is otherwise on AWS."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from controller.domain.capacity import Capacity, capacity_of
from controller.domain.manifest import EnvironmentFile, Service
from controller.domain.scaling import (
    HELD,
    LATENESS,
    Bounds,
    Metric,
    Scaling,
    ScalingView,
    Turn,
    bounds_now,
    differences,
    is_whole,
    scaling_of,
    told,
)
from tests.support.builders import FILE, a_file

NIGHTS = (
    'schedule: [{at: "20:00", timezone: Europe/Berlin, count: 0},'
    ' {at: "07:00", timezone: Europe/Berlin, count: 2, days: Mon-Fri}]\nservices:\n'
)
EVERY_DAY = tuple(range(7))


def a_service(count: str = "2", schedule: str = "", **more: str) -> tuple[Service, EnvironmentFile]:
    lines = "".join(f"\n    {key}: {value}" for key, value in more.items())
    text = FILE.replace("    count: 2\n", f"    count: {count}{lines}\n", 1)
    file = a_file(text.replace("services:\n", schedule or "services:\n", 1))
    return file.services["backend"], file


def scaling(count: str = "2", schedule: str = NIGHTS) -> Scaling:
    service, file = a_service(count, schedule)
    found = scaling_of(service, file.schedule)
    assert found is not None
    return found


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """In November 2026, UTC; the 23rd is a Monday, and Berlin is an hour ahead."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


# --- from the file -------------------------------------------------------------------------------------------------


def test_a_plain_number_without_a_schedule_does_not_scale() -> None:
    service, file = a_service("3")
    assert scaling_of(service, file.schedule) is None
    assert bounds_now(service, file.schedule, at(23, 12)) == Bounds(3, 3)


def test_aims_and_pauses_are_those_of_the_file() -> None:
    found = scaling(
        "{min: 2, max: 9, cpu: 70%, memory: 62.5%, requests: 800, cooldown: {out: 30s, in: 2m}}", "services:\n"
    )
    assert found.bounds == Bounds(2, 9)
    aims = [(aim.metric, aim.target, aim.out_seconds, aim.in_seconds) for aim in found.aims]
    assert aims == [(Metric.CPU, 70.0, 30, 120), (Metric.MEMORY, 62.5, 30, 120), (Metric.REQUESTS, 800.0, 30, 120)]


@pytest.mark.parametrize(
    ("count", "scheduled", "bounds"),
    [
        ("2", 4, Bounds(4, 4)),
        ("2", 0, Bounds(0, 0)),
        ("{min: 2, max: 9, cpu: 70%}", 4, Bounds(4, 9)),
        ("{min: 2, max: 9, cpu: 70%}", 12, Bounds(12, 12)),
        ("{min: 2, max: 9, cpu: 70%}", 0, Bounds(0, 0)),
    ],
)
def test_a_scheduled_count_is_the_least_of_what_scales_and_the_number_of_what_does_not(
    count: str, scheduled: int, bounds: Bounds
) -> None:
    found = scaling(count, f'schedule: [{{at: "08:00", count: {scheduled}}}]\nservices:\n')
    assert found.turns == (Turn(480, EVERY_DAY, "UTC", bounds),)


# --- by the clock --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "tasks"),
    [
        (at(23, 5, 59), 0),
        (at(23, 6), 2),
        (at(23, 18, 59), 2),
        (at(23, 19), 0),
        (at(24, 6), 2),
        (at(28, 12), 0),
        (at(29, 12), 0),
    ],
)
def test_what_the_schedule_says_now_is_the_turn_that_came_last(now: datetime, tasks: int) -> None:
    assert scaling().at(now) == Bounds(tasks, tasks)


def test_summer_time_moves_the_turns() -> None:
    july = datetime(2026, 7, 6, 5, 30, tzinfo=UTC)
    assert scaling().at(july) == Bounds(2, 2), "seven in Berlin is five by UTC"


def test_of_two_turns_at_once_the_later_in_the_file_holds() -> None:
    turns = tuple(Turn(480, EVERY_DAY, "UTC", Bounds(count, count)) for count in (1, 3))
    assert Scaling(Bounds(2, 2), (), turns).at(at(23, 9)) == Bounds(3, 3)


def test_a_turn_comes_once_a_day_also_when_the_clocks_change() -> None:
    turn = Turn(150, EVERY_DAY, "Europe/Berlin", Bounds(1, 1))
    spring, autumn = datetime(2026, 3, 29, 12, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC)
    assert turn.before(spring) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert turn.before(autumn) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_one_sleeps_until_the_next_turn_that_gives_tasks() -> None:
    found = ScalingView(replace(scaling(), bounds=Bounds(0, 0)))
    assert told(found, at(23, 22)) == "asleep until Tue 07:00 Europe/Berlin"
    assert told(found, at(27, 22)) == "asleep until Mon 07:00 Europe/Berlin"
    assert told(ScalingView(Scaling(Bounds(0, 0))), at(23, 22)) == "asleep"
    awake = ScalingView(scaling("{min: 2, max: 9, cpu: 70%}"), HELD)
    assert told(awake, at(23, 12)) == "2 to 9 tasks, cpu 70% (held)"


# --- against AWS ---------------------------------------------------------------------------------------------------


MONDAY_NOON = at(23, 12)


def fields(
    wanted: Scaling | None, found: ScalingView | None, now: datetime = MONDAY_NOON
) -> dict[str, tuple[str, str]]:
    return {each.field: (each.wanted, each.found) for each in differences("backend", wanted, found, now)}


def test_what_is_as_declared_differs_in_nothing() -> None:
    wanted = scaling("{min: 2, max: 9, cpu: 70%}")
    found = ScalingView(replace(wanted, bounds=wanted.at(at(23, 12))))
    assert fields(wanted, found) == {} and is_whole(wanted, found, at(23, 12))
    assert fields(None, None) == {}


def test_each_field_is_told_in_words() -> None:
    wanted = scaling("{min: 2, max: 9, cpu: 70%, memory: 80%}", "services:\n")
    other = Scaling(Bounds(1, 9), (replace(wanted.aims[0], target=50.0),), (Turn(480, EVERY_DAY, "UTC", Bounds(1, 1)),))
    assert fields(wanted, ScalingView(other, HELD)) == {
        "count": ("2 to 9 tasks", "1 to 9 tasks"),
        "cpu": ("70%, pauses 60s out, 300s in", "50%, pauses 60s out, 300s in"),
        "memory": ("80%, pauses 60s out, 300s in", "none"),
        "schedule": ("none", "1 task from 08:00 UTC"),
        "suspended": ("nothing", "clock, in"),
    }


def test_scaling_that_is_missing_and_scaling_that_nobody_declared_are_differences() -> None:
    wanted = scaling("{min: 2, max: 9, cpu: 70%}", "services:\n")
    assert fields(wanted, None) == {"scaling": ("2 to 9 tasks, cpu 70%", "none")}
    assert fields(None, ScalingView(wanted)) == {"scaling": ("none", "2 to 9 tasks, cpu 70%")}


def test_a_moment_after_a_turn_either_bounds_are_right() -> None:
    wanted = scaling()
    by_day, by_night = (ScalingView(replace(wanted, bounds=Bounds(count, count))) for count in (2, 0))
    turn = at(23, 19)
    assert fields(wanted, by_day, turn + LATENESS / 2) == fields(wanted, by_night, turn + LATENESS / 2) == {}
    assert list(fields(wanted, by_day, turn + LATENESS)) == ["count"]
    assert not is_whole(wanted, by_day, turn + timedelta(seconds=1))


def test_what_was_missed_while_it_was_held_is_made_up_for() -> None:
    assert replace(scaling(), bounds=Bounds(2, 2)).at(at(23, 22)) == Bounds(0, 0)
    assert Scaling(Bounds(2, 20)).at(at(23, 22)) == Bounds(2, 20)


# --- Spot ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "capacity"),
    [
        ("{}", Capacity()),
        ("{base: 2}", Capacity()),
        ("{spot: 100%}", Capacity(0, 0, 1)),
        ("{spot: 50%, base: 1}", Capacity(1, 1, 1)),
        ("{spot: 12.5%}", Capacity(0, 7, 1)),
        ("{spot: 99.99%}", Capacity(0, 0, 1)),
    ],
)
def test_a_share_of_spot_is_a_proportion_that_aws_can_have(given: str, capacity: Capacity) -> None:
    service, _ = a_service(capacity=given)
    assert capacity_of(service) == capacity
