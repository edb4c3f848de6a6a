"""One controller process: the real rooms and the real schedule, with its threads and alarm clocks under our hand."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from controller.adapters.aws.cloud import Clouds
from controller.domain.bindings import Binding
from controller.inbox.deliveries import Inbox
from controller.loop.reconcile import Reconciler
from controller.loop.schedule import Loop
from controller.loop.world import World
from controller.polls import Polls
from controller.store import Store
from tests.support.outside import Outside
from tests.support.ported import (
    Answers,
    SiteCallers,
    SiteDirectory,
    SiteProbe,
    SiteSource,
    SiteStore,
    SiteTell,
    SiteTime,
)
from tests.support.sites import Crash, Gate
from tests.support.stage import PACE, SWEEP, sessions

SWEEPING = "sweep"
TICK_SECONDS = 20.0
"""The loop ticks every second; nothing that it does then comes oftener than this, but for a clock that has jumped."""


@dataclass
class Alarm:
    what: Callable[[], None]
    next_run_time: datetime
    every: timedelta | None = None


@dataclass
class Alarms:
    """APScheduler as the loop uses it: alarms ring by the wall clock."""

    now: Callable[[], datetime]
    ringing: dict[str, Alarm] = field(default_factory=dict)

    def add_job(self, what: Callable[[], None], trigger: str, **how: Any) -> None:
        if trigger == "interval":
            every = timedelta(seconds=how["seconds"])
            self.ringing[SWEEPING] = Alarm(what, self.now() + every, every)
        else:
            self.ringing[how["id"]] = Alarm(what, how["run_date"])

    def get_job(self, name: str) -> Alarm | None:
        return self.ringing.get(name)

    def remove_all_jobs(self) -> None:
        self.ringing.clear()

    def due(self) -> list[Callable[[], None]]:
        now = self.now()
        moments = sorted((alarm.next_run_time, name) for name, alarm in self.ringing.items())
        return [self._rung(name) for moment, name in moments if moment <= now]

    def _rung(self, name: str) -> Callable[[], None]:
        alarm = self.ringing.pop(name)
        if alarm.every is not None:
            self.ringing[name] = Alarm(alarm.what, self.now() + alarm.every, alarm.every)
        return alarm.what


class Pool:
    """The loop's threads: what is handed in waits for its turn."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()

    def submit(self, work: Callable[..., None], *given: Any) -> None:
        self.waiting.append((work, given))


class NoPause:
    """Nothing waits in real time."""

    def wait(self, seconds: float | None = None) -> bool:
        return False

    def set(self) -> None: ...


class UnderHand(Loop):
    """The loop without a thread and without a scheduler of its own."""

    def __init__(self, reconciler: Reconciler, world: World, tell: SiteTell, alarms: Alarms, pool: Pool) -> None:
        super().__init__(reconciler, world, SWEEP, {"told": tell})
        self._pool.shutdown(wait=False)
        self._askers.shutdown(wait=False)
        given: Any = (alarms, pool, pool, NoPause())
        self._alarms, self._pool, self._askers, self._ended = given

    def begin(self) -> None:
        """What `start` does but for its threads."""
        self._arm()


class Process:
    """A controller on the rows of `shared` and on `outside`, with a gate around it."""

    def __init__(
        self,
        gate: Gate,
        outside: Outside,
        shared: Store,
        binding: Binding,
        token: Callable[[], str],
        told: list[tuple[str, str, Mapping[str, object]]],
        verbs: set[str] | None = None,
    ) -> None:
        self.gate, self.outside = gate, outside
        self.answers = Answers(outside)
        self.time = SiteTime(outside, gate)
        self.store = SiteStore(shared, self.time, gate, verbs)
        callers = SiteCallers(gate, outside, self.answers, sessions(outside) if binding.aws.role else None)
        self.world = World(
            store=self.store,
            clock=self.time,
            clouds=Clouds(self.time, callers),
            source=SiteSource(gate, outside.repository, self.answers),
            probe=SiteProbe(gate, outside),
            polls=Polls(SiteDirectory(gate, outside.town, self.answers), self.store),
            bindings={binding.name: binding},
            token=token,
        )
        self.reconciler = Reconciler(self.world, gate.owner, PACE)
        self.alarms, self.pool = Alarms(self.wall), Pool()
        self.loop = UnderHand(self.reconciler, self.world, SiteTell(gate, told), self.alarms, self.pool)
        self.inbox = Inbox(self.store, self.loop.wake_inbox)
        self._ticked_at, self._has_jumped = outside.clock.monotonic(), False
        self.is_asleep = False

    def wall(self) -> datetime:
        """What its wall clock shows; looking at it from here is no site."""
        return self.outside.clock.now() + self.time.ahead

    def start(self) -> None:
        self.guarded(self.loop.begin)

    def guarded(self, do: Callable[[], None]) -> None:
        """A process that dies on the way does no more."""
        try:
            do()
        except Crash:
            self.gate.is_dead = True

    @property
    def is_up(self) -> bool:
        return not self.gate.is_dead and not self.is_asleep

    @property
    def is_idle(self) -> bool:
        """Nothing to do but to sweep."""
        return not self.pool.waiting and set(self.alarms.ringing) <= {SWEEPING}

    def ring(self) -> None:
        """Hand over what is due by now."""
        if self._tick_in() <= 0:
            self._ticked_at, self._has_jumped = self.outside.clock.monotonic(), False
            self.guarded(self.loop.tick)
        for what in self.alarms.due():
            self.guarded(what)

    def jump(self, by: timedelta) -> None:
        """Somebody sets the wall clock."""
        self.time.ahead += by
        self._has_jumped = True

    def work(self) -> None:
        do, given = self.pool.waiting.popleft()
        self.guarded(lambda: do(*given))

    def next_due(self) -> datetime:
        """When an alarm rings, by the outside's time, or the loop ticks."""
        moments = [alarm.next_run_time - self.time.ahead for alarm in self.alarms.ringing.values()]
        return min([*moments, self.outside.clock.now() + timedelta(seconds=self._tick_in())])

    def _tick_in(self) -> float:
        period = 1.0 if self._has_jumped else TICK_SECONDS
        return max(0.0, self._ticked_at + period - self.outside.clock.monotonic())
