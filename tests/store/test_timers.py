from datetime import UTC, datetime, timedelta

from controller.store import Store, Timer

NINE = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def test_a_timer_is_due_from_its_moment_on_until_it_is_set_anew(store: Store) -> None:
    with store.write() as unit:
        unit.timers.set("dev", after(10))
    with store.read() as unit:
        assert unit.timers.due(after(9.999999)) == ()
        assert unit.timers.due(after(10)) == unit.timers.due(after(99)) == ("dev",)


def test_the_timer_set_last_is_the_one_there_is(store: Store) -> None:
    with store.write() as unit:
        unit.timers.set("dev", after(10))
        unit.timers.set("dev", after(20))
        assert unit.timers.all() == (Timer("dev", after(20)),)
        unit.timers.set("dev", None)
        assert unit.timers.all() == ()
        assert unit.timers.next() is None


def test_the_longest_due_comes_first(store: Store) -> None:
    with store.write() as unit:
        for name, seconds in (("dev", 3.0), ("staging", 0.5), ("prod", 1.0)):
            unit.timers.set(name, after(seconds))
        assert unit.timers.due(after(2)) == ("staging", "prod")
        assert unit.timers.next() == Timer("staging", after(0.5))
        assert [timer.environment for timer in unit.timers.all()] == ["staging", "prod", "dev"]
