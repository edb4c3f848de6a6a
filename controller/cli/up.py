"""`tidegate up`: a sandbox and a controller, a first version live, and both there until Ctrl-C."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import typer

from controller.cli.announcing import Announcer, where_to_look
from controller.cli.client import Client, Refusal
from controller.cli.endpoint import Endpoint
from controller.cli.following import Follower, view_for
from controller.cli.http import Asked, NoReply, send
from controller.cli.kinds import why_it_stays
from controller.cli.pair import Failed, Pair
from controller.cli.saying import NO, clean, console
from controller.cli.state_directory import InTheWay, StateDirectory
from controller.cli.surroundings import SANDBOX_PORTS, free_port, taken
from controller.cli.time import Clock
from controller.cli.tour import Tour

WATCH_SECONDS = 1.0
ARRIVAL_SECONDS = 30.0
FIRST_SECONDS = 60.0
"""So long the first version is followed: with --keep it may stand behind something that can't go on."""
BRANCH, ENVIRONMENT = "develop", "dev"


@dataclass(frozen=True)
class Options:
    state_dir: Path
    port: int | None = None
    keep: bool = False
    speed: float = 10.0
    modules: tuple[str, str] = ("sandbox", "controller")


class Ending(BaseException):
    """Somebody wants `up` to end; raised wherever it is at that moment."""


class Signals:
    """The first signal raises `Ending`, unless the end has begun; those after it only make the end quicker."""

    NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self._received = 0
        self._before: dict[signal.Signals, Any] = {}

    def is_urgent(self) -> bool:
        return self._received > 1

    def begin_end(self) -> None:
        self._received = max(1, self._received)

    def __enter__(self) -> Signals:
        self._before = {number: signal.signal(number, self._heard) for number in self.NUMBERS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _heard(self, *_: object) -> None:
        self._received += 1
        if self._received == 1:
            raise Ending


class Tending:
    """A clock that looks after the children whenever somebody waits."""

    def __init__(self, clock: Clock, tend: Callable[[], None]) -> None:
        self._clock, self._tend = clock, tend

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._tend()
        self._clock.sleep(seconds)


def run(options: Options, clock: Clock) -> int:
    """The exit code. Whatever happens, both children are gone when it returns."""
    state = StateDirectory(options.state_dir)
    with ExitStack() as kept:
        try:
            port = kept.enter_context(_port(options))
            moved = state.take(keep=options.keep)
        except (InTheWay, OSError) as error:
            typer.echo(str(error), err=True)
            return NO
        if moved:
            typer.echo(f"the state of the last time is in {moved}")
        return _run(options, Pair(state, port, clock, options.modules), state, clock)


def _run(options: Options, pair: Pair, state: StateDirectory, clock: Clock) -> int:
    with Signals() as signals:
        try:
            _story(options, pair, state, clock)
        except Ending:
            with suppress(OSError):  # the terminal may be gone
                typer.echo("\nending …", err=True)
            return 0
        except Failed as error:
            typer.echo(clean(str(error)), err=True)
            return NO
        finally:
            signals.begin_end()
            pair.end(signals.is_urgent)


def _port(options: Options) -> AbstractContextManager[int]:
    """The controller's. Raises `InTheWay` when a port that was asked for is taken."""
    if options.port is None:
        return free_port()
    busy = taken(range(options.port, options.port + 1 + SANDBOX_PORTS))
    if busy:
        ports = ", ".join(map(str, busy))
        told = f"--port {options.port} needs that port and the {SANDBOX_PORTS} after it, and {ports} can't be had"
        raise InTheWay(f"{told}: choose another one, or leave --port out to take free ones")
    return nullcontext(options.port)


def _story(options: Options, pair: Pair, state: StateDirectory, clock: Clock) -> NoReturn:
    """From nothing to a version live, and then on."""
    typer.echo("starting a sandbox (an AWS, a GitHub and a Slack on this machine) and the controller")
    base = [] if options.port is None else ["--port-base", str(options.port + 1)]
    pair.start("--speed", f"{options.speed:g}", *base)
    client = Client(Endpoint(f"{pair.address}/api/v1", pair.token), send)
    tending = Tending(clock, pair.tend)
    announcer = Announcer(Follower(client, tending).asked(_newest(client))["items"])
    typer.echo(f"the controller is up: {pair.address}")
    first = _first_version(pair, client, tending)
    _announce(announcer, None, client)
    typer.echo(where_to_look(pair.address, pair.endpoints, state.path, first.deployment))
    tour = Tour(lambda branch: _merge(pair, branch), pair.address, pair.endpoints["slack"]["url"], first.commit)
    while True:
        _announce(announcer, tour, client)
        tending.sleep(WATCH_SECONDS)


@dataclass(frozen=True)
class First:
    """`deployment` is None when nothing came of the commit."""

    commit: str
    deployment: str | None


def _first_version(pair: Pair, client: Client, clock: Clock) -> First:
    """Merge, and follow what comes of it. One that fails, or doesn't end, is told, and all stays."""
    merged = _merge(pair, BRANCH)
    typer.echo(f"merged {merged['commit'][:7]} to {BRANCH}: {clean(merged['title'])}")
    follower = Follower(client, clock)
    deployment = follower.of_commit(ENVIRONMENT, merged["commit"], ARRIVAL_SECONDS)
    if deployment is None:
        told = clean(follower.asked(lambda: client.explanation(ENVIRONMENT)))
        typer.echo(f"nothing came of it within {ARRIVAL_SECONDS:g} s: {told['text']}", err=True)
        return First(merged["commit"], None)
    with view_for(console(), clock, typer.echo) as view:
        found = follower.follow(deployment, view, FIRST_SECONDS)
    if not found["finished_at"]:
        told = follower.asked(lambda: client.explanation(ENVIRONMENT))
        typer.echo(clean(why_it_stays(told)), err=True)
    return First(merged["commit"], deployment)


def _merge(pair: Pair, branch: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {pair.endpoints['token']}", "Content-Type": "application/json"}
    body = json.dumps({"branch": branch}).encode()
    try:
        reply = send(Asked("POST", f"{pair.endpoints['control']}/merge", headers, body))
        answer = dict(json.loads(reply.body))
    except (NoReply, ValueError, TypeError) as error:
        raise Failed(f"merging to {branch}: the sandbox does not answer as it should: {error}") from error
    if not 200 <= reply.status < 300:
        raise Failed(f"merging to {branch}: {answer.get('error', reply.status)}")
    return answer


def _newest(client: Client) -> Callable[[], dict[str, Any]]:
    return lambda: client.deployments(limit=20)


def _announce(announcer: Announcer, tour: Tour | None, client: Client) -> None:
    """A controller that is starting again has no news."""
    with suppress(Refusal):
        items = _newest(client)()["items"]
        for line in (*announcer.news(items), *(tour.news(items) if tour else ())):
            typer.echo(line)
