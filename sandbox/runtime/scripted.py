"""Tasks that are a script on the clock instead of a process: what starts, when, how well, and what it
answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from sandbox.clock import Clock, Timer
from sandbox.world.ports import Endpoint, ProbeAnswer, ProbeRequest, Target, TaskEvents, TaskLaunch, Usage

HealthByAge = Callable[[float], int]
"""From a task's age in seconds (since its process began) to the status of its health check."""


@dataclass(frozen=True)
class Script:
    """How tasks of one image behave; ages and times in seconds on the clock, never divided by the speed."""

    start_seconds: float = 0.5
    """From the launch to a running process."""
    boot_seconds: float = 0.5
    """From a running process to the first answered request; refused until then."""
    start_failure: str = ""
    """Never starts: ECS's reason, such as `CannotStartContainerError: …`."""
    ends_after_seconds: float | None = None
    """Ends by itself at this age: a crash, or a one-off task that is done."""
    exit_code: int = 1
    health: HealthByAge = field(default=lambda _: 200)
    log_lines: tuple[str, ...] = ()
    """Written when the process begins."""
    status: int = 200
    body: str = "ok"
    error_rate: float = 0.0
    """This share of the requests answers 500, evenly spread: the same ones in each run."""
    latency_seconds: float = 0.01
    stop_seconds: float = 0.1
    """From SIGTERM to the end; longer than the stop timeout means SIGKILL and 137."""
    drain_seconds: float = 0.0
    """How long after its deregistration a target still has requests in flight."""
    cores: float = 0.05
    mebibytes: float = 128.0
    """What each task uses all the time; a core is one vCPU."""


def never_healthy(status: int = 500) -> HealthByAge:
    return lambda _: status


def sick_after(seconds: float, status: int = 500) -> HealthByAge:
    return lambda age: status if age >= seconds else 200


def erring(rate: float) -> Script:
    """A version that answers this share of its requests with 500, and is healthy: the fault `errors=RATE`."""
    return Script(error_rate=rate)


def slow(milliseconds: float) -> Script:
    """A version that takes so long for each request: the fault `slow=MS`."""
    return Script(latency_seconds=milliseconds / 1000)


def exec_format_error() -> Script:
    """An image that claims the right platform and holds a program for another."""
    line = "exec /usr/local/bin/python: exec format error"
    return Script(ends_after_seconds=0.05, exit_code=255, log_lines=(line,))


@dataclass(frozen=True)
class Response:
    status: int
    body: str
    latency_seconds: float


NO_ANSWER = Response(502, "Bad Gateway", 0.0)
"""The balancer's own: nothing listens."""


UNITS_PER_CORE = 1024


@dataclass
class _Run:
    """One task."""

    launch: TaskLaunch
    script: Script
    timer: Timer | None = None
    began: float | None = None
    is_stopping: bool = False
    errors_due: float = 0.0

    def errors_among(self, requests: int) -> int:
        """How many of the next requests go wrong."""
        self.errors_due += self.script.error_rate * requests
        errors = int(self.errors_due + 1e-9)
        self.errors_due -= errors
        return errors


class ScriptedRuntime:
    """`sandbox.world.ports.Runtime` without processes.

    A task follows the script of its first container: by its command where one is given, else by the image's digest, its
    repository, else the default.
    """

    def __init__(self, clock: Clock, default: Script | None = None) -> None:
        self._clock = clock
        self._default = default or Script()
        self._scripts: dict[str, Script] = {}
        self._commands: dict[tuple[str, ...], Script] = {}
        self._events: TaskEvents | None = None
        self._runs: dict[str, _Run] = {}
        self._gone: set[Target] = set()
        self._loads: dict[str, tuple[float, float]] = {}
        self.launches: list[TaskLaunch] = []
        """Everything that was ever started."""

    def script(self, image: str, script: Script) -> None:
        """Say how tasks of an image behave from now on; `image` is a digest or a repository's name."""
        self._scripts[image] = script

    def script_command(self, command: tuple[str, ...], script: Script) -> None:
        """Say how tasks that are started with this command behave from now on, whatever their image."""
        self._commands[command] = script

    def load(self, cpu_percent: float, memory_percent: float = 10.0, group: str = "") -> None:
        """Say what each task uses from now on, of all it has reserved; `group`: only tasks of `service:<name>`."""
        self._loads[group] = cpu_percent, memory_percent

    @property
    def running(self) -> list[TaskLaunch]:
        return [run.launch for run in self._runs.values() if run.began is not None]

    def kill(self, task_id: str, exit_code: int = 137) -> None:
        """End a task's process from outside, as a failing host would."""
        self._end(task_id, exit_code)

    def attach(self, events: TaskEvents) -> None:
        self._events = events

    def start(self, launch: TaskLaunch) -> None:
        self.launches.append(launch)
        first = launch.containers[0]
        by_image = self._scripts.get(first.digest) or self._scripts.get(first.repository)
        script = self._commands.get(first.command) or by_image or self._default
        run = self._runs[launch.task_id] = _Run(launch, script)
        if script.start_failure:
            end = partial(self._end, launch.task_id, None, script.start_failure)
            run.timer = self._clock.call_later(script.start_seconds, end)
        else:
            run.timer = self._clock.call_later(script.start_seconds, partial(self._begin, run))

    def stop(self, task_id: str, timeout_seconds: float) -> None:
        run = self._runs.get(task_id)
        if run is None or run.is_stopping:
            return
        run.is_stopping = True
        if run.timer is not None:
            run.timer.cancel()
        if run.began is None:
            run.timer = self._clock.call_later(0.0, partial(self._end, task_id, None, ""))
            return
        is_killed = run.script.stop_seconds > timeout_seconds
        after, code = (timeout_seconds, 137) if is_killed else (run.script.stop_seconds, 143)
        run.timer = self._clock.call_later(after, partial(self._end, task_id, code))

    def probe(self, request: ProbeRequest, answer: Callable[[ProbeAnswer], None]) -> None:
        run = self._runs.get(request.target.task_id)
        age = None if run is None else self._age(run)
        if run is None or age is None or age < run.script.boot_seconds:
            self._clock.call_later(0.0, partial(answer, ProbeAnswer(None, "refused")))
        elif run.script.latency_seconds > request.timeout_seconds:
            self._clock.call_later(request.timeout_seconds, partial(answer, ProbeAnswer(None, "timeout")))
        else:
            found = ProbeAnswer(run.script.health(age))
            self._clock.call_later(run.script.latency_seconds, partial(answer, found))

    def target_added(self, target: Target, endpoint: Endpoint) -> None:
        del endpoint
        self._gone.discard(target)

    def target_gone(self, target: Target) -> None:
        self._gone.add(target)

    def when_idle(self, target: Target, callback: Callable[[], None]) -> None:
        run = self._runs.get(target.task_id)
        after = run.script.drain_seconds if run is not None else 0.0

        def idle() -> None:
            if target not in self._gone:
                callback()

        self._clock.call_later(after, idle)

    def usage(self, task_id: str) -> Usage:
        run = self._runs.get(task_id)
        if run is None or run.began is None:
            return Usage()
        load = self._loads.get(run.launch.group, self._loads.get(""))
        if load is None:
            return Usage(run.script.cores, run.script.mebibytes)
        cpu, memory = (percent / 100 for percent in load)
        return Usage(cpu * run.launch.cpu_units / UNITS_PER_CORE, memory * run.launch.memory_mib)

    def respond(
        self, target: Target, method: str = "GET", path: str = "/", headers: Mapping[str, str] | None = None
    ) -> Response:
        """What a request sent to a target now would get; 502 where nothing listens."""
        del method, path, headers
        run = self._ready(target)
        if run is None:
            return NO_ANSWER
        if run.errors_among(1):
            return Response(500, "scripted error", run.script.latency_seconds)
        return Response(run.script.status, run.script.body, run.script.latency_seconds)

    def respond_to_many(self, target: Target, requests: int) -> tuple[tuple[Response, int], ...]:
        """What so many requests sent to a target now would get, and how many of them each."""
        run = self._ready(target)
        if run is None:
            return ((NO_ANSWER, requests),)
        script, errors = run.script, run.errors_among(requests)
        good = Response(script.status, script.body, script.latency_seconds)
        bad = Response(500, "scripted error", script.latency_seconds)
        return tuple((each, times) for each, times in ((good, requests - errors), (bad, errors)) if times)

    def _ready(self, target: Target) -> _Run | None:
        run = self._runs.get(target.task_id)
        age = None if run is None else self._age(run)
        return None if run is None or age is None or age < run.script.boot_seconds else run

    def _age(self, run: _Run) -> float | None:
        return None if run.began is None else self._clock.monotonic() - run.began

    def _begin(self, run: _Run) -> None:
        assert self._events is not None
        task_id, address = run.launch.task_id, run.launch.private_address
        run.began = self._clock.monotonic()
        ports = {port: Endpoint(address, port) for each in run.launch.containers for port in each.ports}
        self._events.started(task_id, ports)
        for line in run.script.log_lines:
            self._events.log(task_id, line)
        if run.script.ends_after_seconds is not None:
            end = partial(self._end, task_id, run.script.exit_code)
            run.timer = self._clock.call_later(run.script.ends_after_seconds, end)

    def _end(self, task_id: str, exit_code: int | None, reason: str = "") -> None:
        run = self._runs.pop(task_id, None)
        if run is None:
            return
        assert self._events is not None
        if run.timer is not None:
            run.timer.cancel()
        self._events.exited(task_id, exit_code, reason)
