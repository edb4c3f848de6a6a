"""Wakes passes, and does nothing else: due times are rows, so what is lost here is found again at the next start.

APScheduler keeps the alarm clocks; a small pool of threads runs the passes, one at a time for an environment. A wake-up
that comes while a pass runs is kept as one more pass after it, however many come.
"""

import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from controller.domain.errors import TidegateError
from controller.loop.intake import take_in
from controller.loop.outbox import Tell, send_due
from controller.loop.reconcile import Pass, Reconciler
from controller.loop.world import World

log = structlog.get_logger()

WORKERS = 8
AFTER_A_BUG = timedelta(seconds=30)
AFTER_A_LOST_DATABASE = timedelta(seconds=5)
INBOX_PAUSE = timedelta(seconds=0.3)
SETTLED = timedelta(seconds=3)
"""So long after the start everything that stays is there: clients, models, templates."""
WATCH_SECONDS = 5.0
JUMP_SECONDS = 2.0
INBOX, OUTBOX, SWEEP = ":inbox", ":outbox", ":sweep"
"""Work that belongs to no environment; no environment has such a name."""


def forget_what_stays() -> None:
    """Take all that was made at the start out of the garbage collector's sight: looking through it again and again
    stopped every request for a fifth of a second."""
    gc.collect()
    gc.freeze()


class Loop:
    """The controller's heart: `wake` may be called from any thread, any number of times."""

    def __init__(self, reconciler: Reconciler, world: World, sweep: timedelta, tell: Tell) -> None:
        self._reconciler, self._world, self._sweep_every, self._tell = reconciler, world, sweep, tell
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="pass")
        self._alarms = BackgroundScheduler(timezone="UTC", job_defaults={"misfire_grace_time": None})
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._again: set[str] = set()
        self._stopping = False
        self._ended = threading.Event()
        self._watchman = threading.Thread(target=self._watch_the_clock, name="watchman", daemon=True)
        self._offset = self._wall_ahead()

    def start(self) -> None:
        """Recovery is nothing but this: whatever was going on is looked at again, and the heads are compared."""
        self._alarms.start()
        self._arm()
        self.wake_inbox()
        self._watchman.start()
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
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._reconciler.give_back_all()

    def _watch_the_clock(self) -> None:
        """Alarm clocks ring by the wall clock; when that is set back they would stay silent for as long."""
        while not self._ended.wait(WATCH_SECONDS):
            self.arm_anew_after_a_jump()

    def arm_anew_after_a_jump(self) -> None:
        """Throw all alarms away and look at everything, which sets them again, if the wall clock was moved."""
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

    def sweep(self) -> None:
        """Webhooks get lost: every environment's head is compared with what is recorded, and every row is looked at."""
        self._submit(SWEEP, self._ask_for_looks)

    def _ask_for_looks(self) -> None:
        try:
            with self._world.store.write() as unit:
                unit.environments.request_look(self._world.bindings)
        except TidegateError as error:
            log.warning("sweep failed", code=error.code, error=str(error))
        for name in self._world.bindings:
            self.wake(name)
        self._submit(OUTBOX, self._send)

    def _send(self) -> None:
        try:
            send_due(self._world.store, self._tell, self._world.clock)
        except TidegateError as error:
            log.warning("notices not sent", code=error.code, error=str(error))

    def _take_in(self) -> None:
        try:
            concerned = take_in(self._world.store, self._world.bindings)
        except TidegateError as error:
            log.warning("inbox not read", code=error.code, error=str(error))
            self._later(INBOX, AFTER_A_LOST_DATABASE, self.wake_inbox)
            return
        for name in concerned:
            self.wake(name)
        self._ended.wait(INBOX_PAUSE.total_seconds())

    def _run(self, name: str) -> None:
        """One pass, and the alarm clock for the next. A bug stops this environment for a while, and no other."""
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
                self._after(done)

    def _after(self, done: Pass) -> None:
        log.info("pass", deployment=done.deployment, action=done.action, code=done.reason.code, text=done.reason.text)
        wait = done.look_again_in
        self._remember_due(done)
        if done.deployment is not None:
            self._submit(OUTBOX, self._send)
        if wait is not None and wait <= timedelta(0):
            self.wake(done.environment)
        elif wait is not None:
            self._later(done.environment, wait, lambda: self.wake(done.environment))

    def _remember_due(self, done: Pass) -> None:
        due_at = None if done.look_again_in is None else self._world.clock.now() + done.look_again_in
        try:
            with self._world.store.write() as unit:
                unit.timers.set(done.environment, due_at)
        except TidegateError as error:
            log.warning("timer not kept", code=error.code, error=str(error))

    def _later(self, job: str, wait: timedelta, what: Callable[[], None]) -> None:
        if not self._stopping:
            self._alarms.add_job(what, "date", run_date=self._world.clock.now() + wait, id=job, replace_existing=True)

    def _submit(self, key: str, work: Callable[[], None]) -> None:
        with self._lock:
            if self._stopping:
                return
            if key in self._busy:
                self._again.add(key)
                return
            self._busy.add(key)
        self._pool.submit(self._work, key, work)

    def _work(self, key: str, work: Callable[[], None]) -> None:
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
                self._submit(key, work)
