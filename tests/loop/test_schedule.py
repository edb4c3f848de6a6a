"""Wake-ups: one pass at a time for an environment, none lost, and one broken environment slows only itself."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

import pytest

from controller.adapters.clock import SystemClock
from controller.domain.delivery import ALARM, AWS, Delivery
from controller.domain.errors import Transient
from controller.domain.reason import Reason
from controller.inbox.deliveries import Inbox
from controller.loop import schedule
from controller.loop.reconcile import Pass
from controller.loop.schedule import Loop
from controller.loop.tenure import ELSEWHERE
from controller.loop.world import World
from controller.store import Call, Store
from controller.store.listening import Deaf, Ear
from tests.store.recorded import deployment, record
from tests.support.builders import a_binding

PATIENCE_SECONDS = 10
NEVER = timedelta(hours=1)


@dataclass
class Passes:
    """Stands in for the reconciler: what it does in a pass is the test's to say. Requests for a look are answered."""

    store: Store
    what: Callable[[str], Pass]
    counts: Counter[str] = field(default_factory=Counter)
    given_back: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def run_pass(self, name: str) -> Pass:
        try:
            with self.store.write() as unit:
                environment = unit.environments.get(name)
                unit.environments.save(replace(environment, head_seen=environment.head_requested))
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


@dataclass
class Branches:
    """A source that knows heads only, by repository; `broken` ones raise."""

    heads_of: dict[str, dict[str, str]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    asked: Counter[str] = field(default_factory=Counter)

    def heads(self, repository: str) -> dict[str, str]:
        self.asked[repository] += 1
        if repository in self.broken:
            raise Transient(f"{repository} does not answer")
        return self.heads_of.get(repository, {})


@pytest.fixture
def branches() -> Branches:
    return Branches()


def listening(listen: Callable[..., Ear], hears: threading.Event, heard: object, again: Callable[[], None]) -> Ear:
    """Tell when the ear hears; where nobody else can speak there is nothing to wait for."""

    def begins() -> None:
        again()
        hears.set()

    ear = listen(heard, begins)
    if isinstance(ear, Deaf):
        hears.set()
    return ear


@pytest.fixture
def start(
    store: Store, branches: Branches, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., tuple[Loop, Passes]]]:
    loops = []

    def begin(what: Callable[[str], Pass], is_asked: bool = True, tracing: object | None = None) -> tuple[Loop, Passes]:
        bindings = {"dev": a_binding(), "staging": a_binding("staging", "staging")}
        with store.write() as unit:
            unit.environments.ensure(bindings)
            unit.environments.request_look(bindings if is_asked else ())
        passes = Passes(store, what)
        world = World(store, SystemClock(), None, branches, None, None, bindings, lambda: "")  # type: ignore[arg-type]
        loop = Loop(passes, world, NEVER, {}, tracing=tracing)  # type: ignore[arg-type]
        loops.append(loop)
        hears = threading.Event()
        with monkeypatch.context() as patch:
            patch.setattr(store, "listen", partial(listening, store.listen, hears))
            loop.start()
        assert hears.wait(PATIENCE_SECONDS), "whoever begins to hear sweeps, and that must not come later"
        return loop, passes

    yield begin
    for loop in loops:
        loop.stop()


Start = Callable[..., tuple[Loop, Passes]]


def test_at_start_whatever_has_something_to_do_is_looked_at(start: Start) -> None:
    _, passes = start(at_rest)
    passes.wait_for("dev", 1)
    passes.wait_for("staging", 1)


@dataclass
class Slow:
    """Asks a GitHub that does not answer before it is let go."""

    begun: threading.Event = field(default_factory=threading.Event)
    gate: threading.Event = field(default_factory=threading.Event)

    def work(self) -> bool:
        self.begun.set()
        self.gate.wait(PATIENCE_SECONDS)
        return False


def test_whoever_asks_what_deployments_bring_holds_up_no_pass(start: Start) -> None:
    slow = Slow()
    loop, passes = start(at_rest, tracing=slow)
    assert slow.begun.wait(PATIENCE_SECONDS), "a sweep begins it"
    passes.wait_for("dev", 1)
    loop.wake("dev")
    passes.wait_for("dev", 2)
    slow.gate.set()


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
    assert passes.counts["dev"] in {2, 3}, "a sweep of the start may have come between"


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


def test_a_wall_clock_that_is_set_back_silences_nothing(
    start: Start, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, passes = start(at_rest)
    passes.wait_for("dev", 1)
    until(lambda: not loop._busy)
    before = passes.counts["dev"]
    with store.write() as unit:
        unit.environments.request_look(["dev"])
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


def until(is_so: Callable[[], bool]) -> None:
    """For what tells nobody when it happens."""
    pause, deadline = threading.Event(), SystemClock().monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert SystemClock().monotonic() < deadline
        pause.wait(0.005)


@pytest.fixture
def quick_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "TICK_SECONDS", 0.01)


def test_a_head_that_nobody_told_of_is_found(quick_ticks: None, start: Start, branches: Branches) -> None:
    branches.heads_of["acme/captioncraft"] = {"develop": "d" * 40}
    _, passes = start(at_rest, is_asked=False)
    passes.wait_for("dev", 1)
    assert passes.counts == {"dev": 1}, "the branch of staging is where it was recorded: nowhere"


def test_a_repository_that_cannot_be_asked_stops_neither_the_round_nor_the_loop(
    quick_ticks: None, start: Start, branches: Branches
) -> None:
    branches.broken.add("acme/captioncraft")
    loop, passes = start(at_rest)
    passes.wait_for("dev", 1)
    until(lambda: bool(branches.asked))
    before = passes.counts["dev"]
    loop.wake("dev")
    passes.wait_for("dev", before + 1)
    assert branches.asked["acme/captioncraft"] == 1, "not before it said that it may be asked again"


def elsewhere(name: str) -> Pass:
    return Pass(name, Reason(ELSEWHERE, "another controller looks after it"), NEVER)


def test_what_another_process_wants_looked_at_is_looked_at(start: Start) -> None:
    loop, passes = start(at_rest)
    passes.wait_for("dev", 1)
    loop._heard(Call.LOOK, "dev")
    passes.wait_for("dev", 2)
    loop._heard(Call.LOOK, "no such environment")
    assert set(passes.counts) <= {"dev", "staging"}


def test_a_lease_that_became_free_wakes_whoever_waited_for_it_and_nobody_else(start: Start) -> None:
    loop, passes = start(lambda name: elsewhere(name) if name == "dev" else at_rest(name))
    passes.wait_for("dev", 1)
    passes.wait_for("staging", 1)
    until(lambda: getattr(loop._ear, "_hears", True) and not loop._busy)
    before = dict(passes.counts)
    for name in ("staging", "dev"):
        loop._heard(Call.FREE, name)
    passes.wait_for("dev", before["dev"] + 1)
    loop.stop()
    assert passes.counts == {"dev": before["dev"] + 1, "staging": before["staging"]}


def test_a_lease_that_becomes_free_during_the_pass_that_meets_it_is_not_missed(start: Start) -> None:
    met, freed = threading.Event(), threading.Event()

    def meets(name: str) -> Pass:
        if name == "dev":
            met.set()
            assert freed.wait(PATIENCE_SECONDS)
        return elsewhere(name)

    loop, passes = start(meets)
    assert met.wait(PATIENCE_SECONDS)
    loop._heard(Call.FREE, "dev")
    freed.set()
    passes.wait_for("dev", 2)


def test_an_alarm_that_would_ring_sooner_is_not_put_off(start: Start) -> None:
    loop, passes = start(at_rest)
    passes.wait_for("dev", 1)
    for wait in (timedelta(minutes=2), timedelta(minutes=5), timedelta(minutes=1), timedelta(minutes=3)):
        loop._at_the_latest("dev", wait)
    alarm = loop._alarms.get_job("dev")
    assert abs(alarm.next_run_time - SystemClock().now() - timedelta(minutes=1)) < timedelta(seconds=PATIENCE_SECONDS)


def test_a_hint_after_a_pause_wakes_at_once_and_a_flood_once_more_when_the_pause_is_over(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "HINT_PAUSE", timedelta(minutes=5))
    loop, passes = start(at_rest, is_asked=False)
    for _ in range(100):
        loop._heard(Call.HINT, "dev")
    passes.wait_for("dev", 1)
    until(lambda: not loop._busy)
    assert passes.counts["dev"] == 1
    later = loop._alarms.get_job(":hint for dev").next_run_time - SystemClock().now()
    assert abs(later - timedelta(minutes=5)) < timedelta(seconds=PATIENCE_SECONDS)
    loop._heard(Call.HINT, "staging")
    passes.wait_for("staging", 1)


def test_a_hint_that_waits_is_not_lost_in_the_pass_that_runs(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pass sets its environment's alarm clock anew when it ends."""
    monkeypatch.setattr(schedule, "HINT_PAUSE", timedelta(seconds=0.1))
    loop, passes = start(lambda name: Pass(name, Reason("x.y", "z z"), NEVER), is_asked=False)
    for _ in range(2):
        loop._heard(Call.HINT, "dev")
    passes.wait_for("dev", 2)


def test_the_alarm_that_was_delivered_wakes_what_moves(start: Start, store: Store) -> None:
    loop, passes = start(at_rest, is_asked=False)
    record(store, deployment(1, "dev"))
    arn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:dev-5xx"
    now = SystemClock().now()
    alarm = Delivery("1", AWS, ALARM, "ALARM", None, arn, None, None, "0" * 64, now)
    Inbox(store, loop.wake_inbox).accept(alarm)
    passes.wait_for("dev", 1)
    assert passes.counts["staging"] == 0
