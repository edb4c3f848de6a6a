"""All that decides how a story goes on, in one hash: two runs that show the same one end the same way.

In it are AWS with its running tasks and timers, the rows that the loop reads, the memory of each controller, and what
people still mean to do. Not in it is what nobody ever reads again: the audit, sightings, versions that are only
compared with themselves, sentences (programs go by codes).

Times are taken by their distance from now, so that a run that was held up for five seconds and then goes on as the
undisturbed one did is the same run, a little later. Two things follow from that, and are accepted: stamps of what is
past are left out, because nothing is decided by them (invariant S16 is just that, and clock jumps look for its
violation); and what comes round by itself (sweeps, health checks of healthy targets, a cache's end) may come at any
moment, whatever is in the cache. A controller is known by its place among those that live, not by its name: the
successor of a dead one that knows the same is the same. With `exactly` none of this is so, and virtual time is part of
the state.
"""

import functools
import hashlib
import io
import json
import pickle
import re
import threading
import types
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from controller.adapters.aws.caller import Caller
from controller.adapters.aws.remembered import Remembered
from controller.domain.bindings import Binding
from controller.domain.secret import Secret
from controller.loop.reconcile import Looked
from controller.loop.rounds import Round
from controller.loop.sweep import Heads
from controller.loop.tenure import Tenure
from controller.store import Store
from sandbox.world.cloudwatch.metrics import CONTAINERS
from sandbox.world.cloudwatch.model import MetricStore
from sandbox.world.ecs.model import Service
from sandbox.world.elbv2.model import RegisteredTarget
from sandbox.world.elbv2.targets import Watch
from tests.exhaustive.play import Play
from tests.exhaustive.process import Process
from tests.support.outside import VirtualTime
from tests.support.ported import Answers, SiteDirectory, SiteProbe, SiteSource

ROWS = (
    "SELECT name, live, head_requested - head_seen, body, lease_owner, lease_expires_at FROM environments",
    "SELECT environment, sha, images FROM revisions ORDER BY environment, sha",
    "SELECT id, kind, phase, steps, undo, body FROM deployments ORDER BY seq",
    "SELECT kind, deployment, state FROM orders ORDER BY id",
    "SELECT id, state FROM deliveries ORDER BY seq",
    "SELECT environment, due_at FROM timers ORDER BY environment",
    "SELECT key, due_at, attempts FROM outbox WHERE due_at IS NOT NULL ORDER BY seq",
)
SENTENCE = re.compile(r'"text": ?"(?:[^"\\]|\\.)*"')
ALONE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)")
CALL = re.compile(r"(?:ecs|elbv2|ecr|logs|sts|cloudformation) [A-Z]\w+ for [^\"]*")
LOOP = {"_busy", "_again", "_elsewhere", "_heads", "_offset", "_head_round", "_look_round"}
LOCKS = (type(threading.Lock()), type(threading.RLock()))
NO_STATE = (
    Store,
    VirtualTime,
    Answers,
    Caller,
    SiteSource,
    SiteDirectory,
    SiteProbe,
    Tenure,
    Binding,
    types.ModuleType,
    *LOCKS,
)
"""Infrastructure, and what is asked for anew in each pass."""


class ByValue(pickle.Pickler):
    """Equal values give equal bytes, whether they are one object or two."""

    def __init__(self, file: io.BytesIO, now: datetime, monotonic: float, exactly: bool) -> None:
        super().__init__(file, protocol=5)
        self.fast = True
        self._now, self._monotonic, self._exactly = now, monotonic, exactly
        self._told: dict[type, Callable[[Any], Any]] = {}

    def reducer_override(self, value: Any) -> Any:
        told = self._told.get(type(value))
        if told is None:
            told = self._told[type(value)] = self._how(value)
        return told(value)

    def _how(self, value: Any) -> Callable[[Any], Any]:
        """By its type, which is looked at once: there are many values."""
        if isinstance(value, NO_STATE):
            name = type(value).__name__
            return lambda _: (str, (name,))
        if isinstance(value, Secret):
            return lambda _: (str, ("a secret",))
        if isinstance(value, types.FunctionType | types.MethodType | types.BuiltinMethodType):
            return lambda one: (str, (one.__qualname__,))
        return (lambda _: NotImplemented) if self._exactly else self._timeless(value)

    def _timeless(self, value: Any) -> Callable[[Any], Any]:
        match value:
            case datetime():
                return lambda one: (str, (f"in {distance(one, self._now)}" if one > self._now else "past",))
            case RegisteredTarget():
                return lambda one: (str, (_target(one, self._now),))
            case Looked():
                return lambda one: (str, (f"{self._monotonic - one.at:.3f} {one.meant}",))
            case Round() | deque():
                return lambda _: (str, ("comes round",))
            case Remembered():
                return lambda _: (str, ("tags, or where a place's parts are",))
            case Heads():
                return lambda one: (str, (str({name: sha for name, (sha, _) in one._asked.items()}),))
            case MetricStore():
                return lambda one: (_list, (_deciding(one), one.hosts_counted_at))
            case Service():
                return lambda one: (_list, tuple(kept for name, kept in vars(one).items() if name != "events"))
        return lambda _: NotImplemented


def _deciding(store: MetricStore) -> dict[Any, Any]:
    """Every minute has its samples of running tasks; what comes of them is the state of an alarm."""
    return {key: lines for key, lines in store.lines.items() if key.namespace != CONTAINERS}


def _list(*values: Any) -> list[Any]:
    return list(values)


def distance(moment: datetime, now: datetime) -> str:
    return f"{(moment - now).total_seconds():.3f}"


def _target(target: RegisteredTarget, now: datetime) -> str:
    """A healthy one is asked again and again, and nothing comes of it."""
    known = f"{target.id} {target.port} {target.task_id} {target.state} {target.failures}"
    is_settled = target.state == "healthy" and not target.failures
    return known if is_settled else f"{known} {target.successes} {distance(target.counted_at, now)}"


def fingerprint(play: Play, exactly: bool = False) -> bytes:
    file, clock = io.BytesIO(), play.outside.clock
    write = ByValue(file, clock.now(), clock.monotonic(), exactly)
    write.dump([place._stores for place in play.outside.aws.places()])
    write.dump([_running(key, run, clock.monotonic(), exactly) for key, run in play.outside.runtime._runs.items()])
    write.dump(sorted(_timers(play, exactly)))
    write.dump([_memory(process, exactly) for process in play.processes])
    told = sorted({key for _, key, _ in play.told})
    write.dump((len(play.cues), clock.monotonic() if exactly else 0, told, rows(play, exactly)))
    return hashlib.sha256(file.getbuffer()).digest()


def _running(key: str, run: Any, monotonic: float, exactly: bool) -> tuple[Any, ...]:
    """A task's age matters while it boots, and to scripts that go by it."""
    age = None if run.began is None else monotonic - run.began
    script = run.script
    is_ageless = script.ends_after_seconds is None and age is not None and age > script.boot_seconds
    shown = run.began if exactly else "up" if is_ageless else age and round(age, 3)
    return key, shown, run.is_stopping, run.errors_due


def resting(play: Play) -> bytes:
    """What does not change while nothing is to be done."""
    return hashlib.sha256(repr((rows(play), len(play.outside.changes()))).encode()).digest()


def _timers(play: Play, exactly: bool) -> list[tuple[float, str]]:
    now = 0.0 if exactly else play.outside.clock.monotonic()
    waiting = [(due - now, timer.callback) for due, _, timer in play.outside.clock._waiting if not timer.cancelled]
    told = [(round(due, 3), _described(callback), callback) for due, callback in waiting]
    return [(due, name) for due, name, callback in told if exactly or not _comes_round(name, callback)]


def _comes_round(name: str, callback: Callable[..., Any]) -> bool:
    """The next question to a healthy target; the next measure of running tasks; the end of what is kept of a stopped
    one."""
    if "_forget" in name or "_measure" in name:
        return True
    asking = next((each for each in _parts(callback) if isinstance(each, Watch)), None)
    return asking is not None and asking._target.state == "healthy" and not asking._target.failures


def _parts(callback: Any) -> list[Any]:
    """A partial's function and arguments, and whose method each is."""
    if isinstance(callback, functools.partial):
        return [part for each in (callback.func, *callback.args) for part in _parts(each)]
    return [getattr(callback, "__self__", None)]


def _described(callback: Callable[..., Any]) -> str:
    """Which function will be called, and about what."""
    if isinstance(callback, functools.partial):
        return f"{_described(callback.func)}({', '.join(map(_named, callback.args))})"
    about = getattr(callback, "__self__", None)
    cells = [cell.cell_contents for cell in getattr(callback, "__closure__", None) or ()]
    return f"{getattr(callback, '__qualname__', callback)} {_named(about)} {[_named(each) for each in cells]}"


def _named(value: Any) -> str:
    if callable(value) and not isinstance(value, type):
        return _described(value)
    if isinstance(value, str | int | float | None):
        return str(value)
    for key in ("arn", "task_id", "id", "_key"):
        if isinstance(found := getattr(value, key, None), str | tuple):
            return str(found)
    return type(value).__name__


FOR_EVER = frozenset({"_world", "_promoting"})
"""What never changes: in which files two commits differ, for one."""


def _memory(process: Process, exactly: bool) -> Any:
    """What this controller knows by heart."""
    reconciler: Any = process.reconciler
    now, monotonic = process.wall(), process.outside.clock.monotonic()
    alarms = [(name, alarm.next_run_time, alarm.every) for name, alarm in sorted(process.alarms.ringing.items())]
    tenures, quiet = reconciler._tenures, reconciler._tenures._quiet_until
    known = {key: value for key, value in vars(reconciler).items() if key not in {"_world", "_tenures", "_wanted"}}
    wanted = {key: value for key, value in vars(reconciler._wanted).items() if key not in FOR_EVER}
    loop = {key: value for key, value in vars(process.loop).items() if key in LOOP}
    made: Any = process.world.clouds
    if exactly:
        times: Any = alarms, process._ticked_at, tenures._quiet_until, wanted
    else:
        rings = [(name, distance(moment, now)) for name, moment, every in alarms if every is None]
        waits = {key: _left(value, monotonic) for key, value in wanted.items()}
        times = rings, _left(quiet, monotonic), waits
        known.pop("_looked_around", None)
        loop["_offset"] = round(loop["_offset"])
    return (
        (process.is_asleep, process._has_jumped, process.time.ahead),
        [given[0] for _, given in process.pool.waiting],
        times,
        loop,
        known,
        [vars(cloud) for _, cloud in made._made.values()],
    )


def _left(moments: Mapping[str, float], now: float) -> dict[str, float]:
    """How long each still is; what is over is as if it had never been."""
    return {name: round(moment - now, 3) for name, moment in moments.items() if moment > now}


def rows(play: Play, exactly: bool = True) -> list[Any]:
    now = play.outside.clock.now()
    places = {} if exactly else {process.gate.owner: place for place, process in enumerate(play.processes)}
    return [tuple(_told(value, now, exactly, places) for value in row) for row in play.rows(*ROWS)]


def _told(value: Any, now: datetime, exactly: bool, places: Mapping[str, int]) -> Any:
    if not isinstance(value, str):
        return value
    if value in places:
        return places[value]
    told = CALL.sub("a call", SENTENCE.sub("", value))
    if exactly:
        return told
    if ALONE.fullmatch(told):
        return distance(datetime.fromisoformat(told), now)
    if told.startswith('[{"'):
        told = json.dumps([_in_short(each) for each in json.loads(value)])
    return MOMENT.sub("a moment", CALL.sub("a call", SENTENCE.sub("", told)))


def _in_short(step: Any) -> Any:
    """Of a step that is over: what became of it, and what a later step still asks of it (`Deployment.did`)."""
    is_over = isinstance(step, dict) and step.get("state") not in {None, "pending", "running"}
    if not is_over:
        return step
    asked = [mark for mark in step.get("acted", ()) if mark.startswith("RunSlot")]
    return {**{key: step[key] for key in ("number", "kind", "state") if key in step}, "acted": asked}
