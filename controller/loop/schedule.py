"""Wakes passes, and does nothing else: due times are rows, so what is lost here is found again by the next sweep.

APScheduler keeps the alarm clocks; a small pool of threads runs the passes, one at a time for an environment. A wake-up
that comes while a pass runs is kept as one more pass after it, however many come. What nobody told of is found by a
sweep over the rows and by two rounds, over repositories and over environments (`sweep.py`, `rounds.py`).
"""

import gc
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from controller.domain.errors import TidegateError
from controller.loop.anchoring import anchor_if_due
from controller.loop.catching_up import CatchingUp
from controller.loop.intake import take_in
from controller.loop.outbox import Tell, send_due
from controller.loop.proposals import Proposals
from controller.loop.reconcile import Pass, Reconciler
from controller.loop.redelivery import PERIOD, Redelivery
from controller.loop.rounds import Round, first_lap, first_pulls, head_period, look_period, pull_period
from controller.loop.sweep import Heads, wake_ups
from controller.loop.tenure import ELSEWHERE
from controller.loop.tracing import Tracing
from controller.loop.world import World
from controller.store import Call, Ear

log = structlog.get_logger()

WORKERS = 8
ASKERS = 4
"""Threads that ask repositories for their heads, besides: one that does not answer holds up neither passes nor all
others."""

AFTER_A_BUG = timedelta(seconds=30)
AFTER_A_LOST_DATABASE = timedelta(seconds=5)
INBOX_PAUSE = timedelta(seconds=0.3)
HINT_PAUSE = timedelta(seconds=1)
"""While hundreds of tasks start, AWS tells of each: an environment is woken for that once in so long."""
SETTLED = timedelta(seconds=3)
"""So long after the start everything that stays is there: clients, models, templates."""
BETWEEN_ROUNDS = timedelta(seconds=15)
"""Pull requests of which many changed at once are looked at a few at a time: GitHub takes 80 comments and checks a
minute (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api)."""
BETWEEN_BATCHES = timedelta(seconds=0.1)
"""Old deployments become searchable, and are counted, a few at a time. In between others write, for twice as long as
one such transaction lasts."""
BETWEEN_TRACES = timedelta(seconds=5)
"""What deployments bring is looked at a few at a time."""
TICK_SECONDS = 1.0
JUMP_SECONDS = 2.0
INBOX, OUTBOX, SWEEP = ":inbox", ":outbox", ":sweep"
ANCHOR, PROPOSALS, TRACES, COUNTS, HISTORY = ":anchor", ":proposals", ":traces", ":counts", ":history"
"""Work that belongs to no environment; no environment has such a name."""


Passed = Callable[[str, float], None]
"""Hears of each pass that ended: its environment, and how many seconds it took."""


def _unheard(environment: str, seconds: float) -> None:
    """Where nobody measures."""


def forget_what_stays() -> None:
    """Take all that was made at the start out of the garbage collector's sight: looking through it again and again
    stopped every request for a fifth of a second."""
    gc.collect()
    gc.freeze()


class Loop:
    """The controller's heart: `wake` may be called from any thread, any number of times."""

    def __init__(
        self,
        reconciler: Reconciler,
        world: World,
        sweep: timedelta,
        tells: Mapping[str, Tell],
        proposals: Proposals | None = None,
        redelivery: Redelivery | None = None,
        tracing: Tracing | None = None,
        passed: Passed = _unheard,
    ) -> None:
        self._reconciler, self._world, self._sweep_every, self._tells = reconciler, world, sweep, tells
        self._proposals, self._redelivery, self._tracing, self._passed = proposals, redelivery, tracing, passed
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="pass")
        self._askers = ThreadPoolExecutor(ASKERS, thread_name_prefix="heads")
        self._writers = ThreadPoolExecutor(1, thread_name_prefix="proposals")
        self._tracers = ThreadPoolExecutor(1, thread_name_prefix="tracing")
        self._alarms = BackgroundScheduler(
            timezone="UTC",
            executors={"default": {"type": "threadpool", "max_workers": 1}},  # all that an alarm does is to submit
            job_defaults={"misfire_grace_time": None},
        )
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._again: set[str] = set()
        self._elsewhere: set[str] = set()
        self._hinted: dict[str, float] = {}
        self._stopping = False
        self._ended = threading.Event()
        self._catching_up = CatchingUp(world.store, world.clock)
        self._heads = Heads(world.store, world.source, world.bindings)
        self._ear: Ear | None = None
        self._offset = self._wall_ahead()
        now, repositories = world.clock.monotonic(), self._heads.repositories
        period = head_period(repositories, sweep)
        self._head_round = Round(repositories, period, now, first_lap(repositories))
        self._look_round = Round(world.bindings, look_period(world.bindings.values()), now)
        pulls, branches = (proposals.repositories, proposals.branches) if proposals else ((), 0)
        self._pull_round = Round(pulls, pull_period(branches, sweep), now, first_pulls(branches))
        self._lost_round = Round(redelivery.places if redelivery else (), PERIOD, now)
        self._ticker = threading.Thread(target=self._tick_until_the_end, name="ticker", daemon=True)

    def start(self) -> None:
        """Recovery is nothing but this: what was going on is looked at again, and the heads are compared soon."""
        self._alarms.start()
        self._ear = self._world.store.listen(self._heard, self.sweep)
        self._arm()
        self._ticker.start()
        self._later(":settled", SETTLED, forget_what_stays)

    def _arm(self) -> None:
        self._alarms.add_job(self.sweep, "interval", seconds=self._sweep_every.total_seconds())
        self.sweep()

    def stop(self) -> None:
        """No new pass begins; those that run end by themselves. What they left is in the rows."""
        with self._lock:
            if self._stopping:
                return
            self._stopping = True
        self._ended.set()
        self._alarms.shutdown(wait=False)
        if self._ear is not None:
            self._ear.close()
        if self._ticker.is_alive():
            self._ticker.join()
        self._askers.shutdown(wait=False, cancel_futures=True)  # what it asks changes nothing
        self._writers.shutdown(wait=False, cancel_futures=True)  # what it writes is found again
        self._tracers.shutdown(wait=False, cancel_futures=True)  # what it asks is asked again
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._reconciler.give_back_all()

    def _tick_until_the_end(self) -> None:
        while not self._ended.wait(TICK_SECONDS):
            try:
                self.tick()
            except Exception:
                log.exception("tick broke")

    def tick(self) -> None:
        """Whoever's turn has come. And alarm clocks ring by the wall clock: were it set back, they would be silent."""
        self.arm_anew_after_a_jump()
        now = self._world.clock.monotonic()
        for repository in self._head_round.turns(now):
            self._submit(f":heads of {repository}", partial(self._compare, repository), self._askers)
        for repository in self._pull_round.turns(now):
            self._submit(f":pulls of {repository}", partial(self._compare_pulls, repository), self._writers)
        for place in self._lost_round.turns(now):
            self._submit(f":lost of {place}", partial(self._ask_for_lost, place), self._writers)
        for name in self._look_round.turns(now):
            self.wake(name)

    def arm_anew_after_a_jump(self) -> None:
        """Throw all alarms away and sweep, which sets them again, if the wall clock was moved."""
        offset = self._wall_ahead()
        if abs(offset - self._offset) < JUMP_SECONDS:
            return
        log.warning("the wall clock jumped", seconds=round(offset - self._offset))
        self._offset = offset
        self._alarms.remove_all_jobs()
        self._arm()

    def _wall_ahead(self) -> float:
        return self._world.clock.now().timestamp() - self._world.clock.monotonic()

    def wake(self, name: str) -> None:
        self._submit(name, lambda: self._run(name))

    def wake_inbox(self) -> None:
        """The first delivery after a pause is taken in at once; of a flood, what came in `INBOX_PAUSE` together: the
        door answers faster when nobody works between two deliveries."""
        self._submit(INBOX, self._take_in)

    def _heard(self, call: Call, name: str) -> None:
        """Another process speaks. That a lease is free concerns whoever met it, or is about to."""
        with self._lock:
            waited = name in self._elsewhere or name in self._busy
        if name in self._world.bindings and call is Call.HINT:
            self._wake_soon(name)
        elif name in self._world.bindings and (call is Call.LOOK or waited):
            self.wake(name)

    def sweep(self) -> None:
        """Webhooks get lost and processes die: every row is looked at, and what has something to do is woken."""
        self._submit(SWEEP, self._look_at_the_rows)
        self._submit(INBOX, self._take_in)
        self._submit(OUTBOX, self._send)
        self._submit(ANCHOR, self._anchor)
        self._submit(HISTORY, self._catch_up)
        self.wake_proposals()
        self.wake_tracing()

    def wake_tracing(self) -> None:
        """What deployments bring is looked at, and counted, by a thread of its own as well."""
        if self._tracing is not None:
            self._submit(TRACES, self._trace, self._tracers)
            self._submit(COUNTS, self._count, self._tracers)

    def wake_proposals(self) -> None:
        """Pull requests are looked at by a thread of their own: a repository that does not answer holds up no pass."""
        if self._proposals is not None:
            self._submit(PROPOSALS, self._propose, self._writers)

    def _look_at_the_rows(self) -> None:
        try:
            with self._world.store.read() as unit:
                standings = unit.standings.all()
        except TidegateError as error:
            log.warning("sweep failed", code=error.code, error=str(error))
            return
        for found in wake_ups(standings, self._world.bindings, self._world.clock.now(), self._sweep_every):
            if found.wait:
                self._at_the_latest(found.environment, found.wait)
            else:
                self.wake(found.environment)

    def _compare(self, repository: str) -> None:
        try:
            wanted = self._heads.compare(repository, self._world.clock.monotonic())
        except TidegateError as error:
            log.warning("heads not compared", repository=repository, code=error.code, error=str(error))
            return
        for name in wanted:
            self.wake(name)

    def _compare_pulls(self, repository: str) -> None:
        assert self._proposals is not None, "only those that have repositories have turns"
        try:
            if self._proposals.compare(repository):
                self.wake_proposals()
        except TidegateError as error:
            log.warning("pull requests not compared", repository=repository, code=error.code, error=str(error))

    def _propose(self) -> None:
        assert self._proposals is not None, "only who writes is woken for it"
        try:
            if self._proposals.work():
                self._later(PROPOSALS, BETWEEN_ROUNDS, self.wake_proposals)
        except TidegateError as error:
            log.warning("pull requests not looked at", code=error.code, error=str(error))

    def _trace(self) -> None:
        assert self._tracing is not None, "only who traces is woken for it"
        try:
            if self._tracing.work():
                self._later(TRACES, BETWEEN_TRACES, self.wake_tracing)
        except TidegateError as error:
            log.warning("contents not looked at", code=error.code, error=str(error))

    def _count(self) -> None:
        assert self._tracing is not None, "only who traces is woken for it"
        try:
            if self._tracing.count():
                self._later(COUNTS, BETWEEN_BATCHES, lambda: self._submit(COUNTS, self._count, self._tracers))
        except TidegateError as error:
            log.warning("figures not counted", code=error.code, error=str(error))

    def _ask_for_lost(self, place: str) -> None:
        assert self._redelivery is not None, "only what is asked for has places"
        self._redelivery.sweep(place)

    def _send(self) -> None:
        try:
            send_due(self._world.store, self._tells, self._world.clock)
        except TidegateError as error:
            log.warning("notices not sent", code=error.code, error=str(error))

    def _anchor(self) -> None:
        try:
            if anchor_if_due(self._world.store, self._world.clock):
                self._submit(OUTBOX, self._send)
        except TidegateError as error:
            log.warning("audit not anchored", code=error.code, error=str(error))

    def _catch_up(self) -> None:
        try:
            if self._catching_up.work():
                self._later(HISTORY, BETWEEN_BATCHES, lambda: self._submit(HISTORY, self._catch_up))
        except TidegateError as error:
            log.warning("history not searchable", code=error.code, error=str(error))

    def _take_in(self) -> None:
        try:
            taken = take_in(self._world.store, self._world.bindings)
        except TidegateError as error:
            log.warning("inbox not read", code=error.code, error=str(error))
            self._later(INBOX, AFTER_A_LOST_DATABASE, self.wake_inbox)
            return
        for name in taken.at_once:
            self.wake(name)
        for name in taken.soon:
            self._wake_soon(name)
        if taken.has_proposals:
            self.wake_proposals()
        self._ended.wait(INBOX_PAUSE.total_seconds())

    def _wake_soon(self, name: str) -> None:
        """At once after a pause; of a flood, once when `HINT_PAUSE` is over."""
        now = self._world.clock.monotonic()
        left = self._hinted.get(name, -HINT_PAUSE.total_seconds()) + HINT_PAUSE.total_seconds() - now
        if left <= 0:
            self._hinted[name] = now
            self.wake(name)
        elif self._alarms.get_job(hint := f":hint for {name}") is None:
            self._hinted[name] = now + left
            self._later(hint, timedelta(seconds=left), lambda: self.wake(name))

    def _run(self, name: str) -> None:
        """One pass, and the alarm clock for the next. A bug stops this environment for a while, and no other."""
        began = self._world.clock.monotonic()
        with structlog.contextvars.bound_contextvars(environment=name):
            try:
                done = self._reconciler.run_pass(name)
            except TidegateError as error:
                log.warning("pass failed", code=error.code, error=str(error))
                self._later(name, AFTER_A_LOST_DATABASE, lambda: self.wake(name))
            except Exception:
                log.exception("pass broke")
                self._later(name, AFTER_A_BUG, lambda: self.wake(name))
            else:
                self._passed(name, self._world.clock.monotonic() - began)
                self._after(done)

    def _after(self, done: Pass) -> None:
        log.info("pass", deployment=done.deployment, action=done.action, code=done.reason.code, text=done.reason.text)
        wait = done.look_again_in
        with self._lock:
            if done.reason.code == ELSEWHERE:
                self._elsewhere.add(done.environment)
            else:
                self._elsewhere.discard(done.environment)
        if done.deployment is not None:
            self._submit(OUTBOX, self._send)
            self._submit(ANCHOR, self._anchor)
            self._trace_soon()
        if wait is not None and wait <= timedelta(0):
            self.wake(done.environment)
        elif wait is not None:
            self._later(done.environment, wait, lambda: self.wake(done.environment))

    def _trace_soon(self) -> None:
        """Something moved: once for all that moves within a moment."""
        if self._tracing is not None and self._alarms.get_job(TRACES) is None:
            self._later(TRACES, BETWEEN_TRACES, self.wake_tracing)

    def _later(self, job: str, wait: timedelta, what: Callable[[], None]) -> None:
        if not self._stopping:
            self._alarms.add_job(what, "date", run_date=self._world.clock.now() + wait, id=job, replace_existing=True)

    def _at_the_latest(self, name: str, wait: timedelta) -> None:
        """An alarm that rings sooner stays as it is."""
        alarm = self._alarms.get_job(name)
        if alarm is None or alarm.next_run_time > self._world.clock.now() + wait:
            self._later(name, wait, lambda: self.wake(name))

    def _submit(self, key: str, work: Callable[[], None], pool: ThreadPoolExecutor | None = None) -> None:
        with self._lock:
            if self._stopping:
                return
            if key in self._busy:
                self._again.add(key)
                return
            self._busy.add(key)
        (pool or self._pool).submit(self._work, key, work, pool)

    def _work(self, key: str, work: Callable[[], None], pool: ThreadPoolExecutor | None) -> None:
        try:
            work()
        except Exception:
            log.exception("work broke", work=key)
        finally:
            with self._lock:
                self._busy.discard(key)
                again = key in self._again
                self._again.discard(key)
            if again:
                self._submit(key, work, pool)
