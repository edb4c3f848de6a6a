"""Wake-ups: one pass at a time for an environment, none lost, and one broken environment slows only itself."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from controller.adapters.clock import SystemClock
from controller.domain.errors import Transient
from controller.domain.reason import Reason
from controller.loop.reconcile import Pass
from controller.loop.schedule import Loop
from controller.loop.world import World
from controller.store import Store
from tests.support.builders import a_binding

PATIENCE_SECONDS = 10
NEVER = timedelta(hours=1)


@dataclass
class Passes:
    """Stands in for the reconciler: what it does in a pass is the test's to say."""

    what: Callable[[str], Pass]
    counts: Counter[str] = field(default_factory=Counter)
    given_back: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def run_pass(self, name: str) -> Pass:
        try:
            return self.what(name)
        finally:
            with self.changed:
                self.counts[name] += 1
                self.changed.notify_all()

    def give_back_all(self) -> None:
        self.given_back = True

    def wait_for(self, name: str, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.counts[name] >= count, PATIENCE_SECONDS), self.counts


def at_rest(name: str) -> Pass:
    return Pass(name, Reason("environment.at_rest", "nothing to do"), None)


@pytest.fixture
def start(store: Store) -> Iterator[Callable[[Callable[[str], Pass]], tuple[Loop, Passes]]]:
    loops = []

    def begin(what: Callable[[str], Pass]) -> tuple[Loop, Passes]:
        bindings = {"dev": a_binding(), "staging": a_binding("staging", "staging")}
        with store.write() as unit:
            unit.environments.ensure(bindings)
        passes = Passes(what)
        world = World(store, SystemClock(), None, None, None, bindings, lambda: "")  # type: ignore[arg-type]
        loop = Loop(passes, world, NEVER, lambda *_: None)  # type: ignore[arg-type]
        loops.append(loop)
        loop.start()
        return loop, passes

    yield begin
    for loop in loops:
        loop.stop()


Start = Callable[[Callable[[str], Pass]], tuple[Loop, Passes]]


def test_at_start_every_environment_is_looked_at(start: Start) -> None:
    _, passes = start(at_rest)
    passes.wait_for("dev", 1)
    passes.wait_for("staging", 1)


def test_a_hundred_wake_ups_during_a_pass_are_one_more_pass(start: Start) -> None:
    going, gate = threading.Event(), threading.Event()

    def slow(name: str) -> Pass:
        if name == "dev":
            going.set()
            assert gate.wait(PATIENCE_SECONDS)
        return at_rest(name)

    loop, passes = start(slow)
    assert going.wait(PATIENCE_SECONDS)
    for _ in range(100):
        loop.wake("dev")
    gate.set()
    passes.wait_for("dev", 2)
    loop.stop()
    assert passes.counts["dev"] == 2


def test_an_environment_that_hangs_holds_up_no_other(start: Start) -> None:
    gate = threading.Event()

    def stuck(name: str) -> Pass:
        if name == "dev":
            assert gate.wait(PATIENCE_SECONDS)
        return at_rest(name)

    loop, passes = start(stuck)
    for _ in range(5):
        loop.wake("staging")
    passes.wait_for("staging", 2)
    assert passes.counts["dev"] == 0
    gate.set()


@pytest.mark.parametrize("trouble", [RuntimeError("a bug"), Transient("the database is gone")])
def test_a_pass_that_breaks_stops_neither_the_loop_nor_its_environment(start: Start, trouble: Exception) -> None:
    broken = threading.Event()

    def breaks_once(name: str) -> Pass:
        if name == "dev" and not broken.is_set():
            broken.set()
            raise trouble
        return at_rest(name)

    loop, passes = start(breaks_once)
    passes.wait_for("dev", 1)
    loop.wake("dev")
    passes.wait_for("dev", 2)


def test_a_pass_that_wants_to_look_again_at_once_does(start: Start) -> None:
    left = iter([timedelta(0)] * 4)

    def hurried(name: str) -> Pass:
        return Pass(name, Reason("x.y", "z z"), next(left, None) if name == "dev" else None)

    _, passes = start(hurried)
    passes.wait_for("dev", 5)


def test_a_due_time_is_a_row_before_it_is_an_alarm(start: Start, store: Store) -> None:
    def later(name: str) -> Pass:
        return Pass(name, Reason("slot.warming", "z z"), timedelta(minutes=5) if name == "dev" else None)

    loop, passes = start(later)
    passes.wait_for("dev", 1)
    loop.stop()
    with store.read() as unit:
        assert [timer.environment for timer in unit.timers.all()] == ["dev"]


def test_a_wall_clock_that_is_set_back_silences_nothing(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, passes = start(at_rest)
    passes.wait_for("dev", 1)
    before = passes.counts["dev"]
    loop.arm_anew_after_a_jump()
    assert passes.counts["dev"] == before, "it has not jumped"
    now = SystemClock().now
    monkeypatch.setattr(SystemClock, "now", lambda _: now() - timedelta(hours=1))
    loop.arm_anew_after_a_jump()
    passes.wait_for("dev", before + 1)


def test_after_stop_nothing_begins(start: Start) -> None:
    loop, passes = start(at_rest)
    passes.wait_for("dev", 1)
    loop.stop()
    before = passes.counts["dev"]
    loop.wake("dev")
    assert passes.counts["dev"] == before and passes.given_back
