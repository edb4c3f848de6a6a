"""The sandbox and the controller of `tidegate up`: started, kept running, and ended together."""

from __future__ import annotations

import json
import os
import secrets
import signal
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import typer

from controller.cli.children import Child, leashed
from controller.cli.http import Asked, NoReply, send
from controller.cli.state_directory import SANDBOX_FILE, StateDirectory
from controller.cli.surroundings import LOOPBACK, for_controller, for_sandbox
from controller.cli.time import Clock

START_SECONDS = 60.0
LOOK_SECONDS = 0.2
CONTROLLER_GRACE_SECONDS, SANDBOX_GRACE_SECONDS = 5.0, 3.0
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 30.0
STEADY_SECONDS = 60.0
"""A controller that ran this long was well: the next restart is quick again."""

ENDPOINTS = "endpoints.json"


class Failed(Exception):
    """It can't go on; the sentence says why, with the last log lines."""


class Pair:
    """`modules` are what is run: (sandbox, controller)."""

    def __init__(
        self, state: StateDirectory, port: int, clock: Clock, modules: tuple[str, str] = ("sandbox", "controller")
    ) -> None:
        self._state, self._port, self._clock = state, port, clock
        self._modules = modules
        self._children: dict[str, Child] = {}
        self._started_at = 0.0
        self._wait = FIRST_WAIT_SECONDS
        self.token = secrets.token_urlsafe(24)
        self.endpoints: Mapping[str, Any] = {}

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self._port}"

    def start(self, *sandbox_options: str) -> None:
        """Both are up, and the sandbox file says where. Raises `Failed`."""
        self._start_sandbox(sandbox_options)
        self._start_controller()
        self._write_sandbox_file()

    def tend(self) -> None:
        """The sandbox is the world: without it nothing is left. A controller that was killed is started again."""
        sandbox, controller = self._children["sandbox"], self._children["controller"]
        if sandbox.exit_code is not None:
            _fail(sandbox, f"ended (exit code {sandbox.exit_code})")
        if controller.exit_code is not None:
            self._restart(controller)

    def end(self, is_urgent: Callable[[], bool]) -> None:
        """The controller first, while what it talks to is still there. Within 10 seconds, at once when it is urgent."""
        self._state.remove(SANDBOX_FILE)
        graces = {"migrate": 0.0, "controller": CONTROLLER_GRACE_SECONDS, "sandbox": SANDBOX_GRACE_SECONDS}
        for name, grace in graces.items():
            child = self._children.get(name)
            if child is not None:
                child.signal(signal.SIGTERM)
                child.ended_within(grace, self._clock, is_urgent)
                child.signal(signal.SIGKILL)
                child.ended_within(1.0, self._clock)

    # ---------------------------------------------------------------- starting

    def _start_sandbox(self, options: tuple[str, ...]) -> None:
        self._state.remove(ENDPOINTS)
        senders = {"--webhook": "github", "--events": "aws", "--interactions": "slack"}
        doors = [word for option, sender in senders.items() for word in (option, f"{self.address}/webhooks/{sender}")]
        given = ("--state-dir", str(self._state.path), *doors, *options)
        environment = for_sandbox(os.environ, self._state.path, self.token)
        sandbox = self._child("sandbox", leashed(self._modules[0], *given), environment, "sandbox.log")
        self._await(sandbox, (self._state.path / ENDPOINTS).is_file)
        self.endpoints = json.loads((self._state.path / ENDPOINTS).read_text(encoding="utf-8"))

    def _start_controller(self) -> None:
        environment = for_controller(os.environ, self._state.path, self.token, self._port, self.endpoints)
        migrate = self._child("migrate", leashed(self._modules[1], "migrate"), environment, "controller.log")
        self._await(migrate, lambda: migrate.exit_code == 0)
        controller = self._child("controller", leashed(self._modules[1], "serve"), environment, "controller.log")
        self._started_at = self._clock.monotonic()
        self._await(controller, self._is_ready)

    def _child(self, name: str, command: list[str], environment: Mapping[str, str], log: str) -> Child:
        child = Child(name, command, environment, self._state.path / log)
        self._children[name] = child
        child.start()
        return child

    def _await(self, child: Child, is_done: Callable[[], bool]) -> None:
        until = self._clock.monotonic() + START_SECONDS
        while not is_done():
            if child.exit_code is not None and not is_done():
                _fail(child, f"could not start (exit code {child.exit_code})")
            if self._clock.monotonic() >= until:
                _fail(child, f"was not up within {START_SECONDS:g} s")
            self._clock.sleep(LOOK_SECONDS)

    def _is_ready(self) -> bool:
        try:
            return send(Asked("GET", f"{self.address}/ready")).status == 200
        except NoReply:
            return False

    def _write_sandbox_file(self) -> None:
        github = {name: self.endpoints["github"][name] for name in ("api", "git", "webhook_secret")}
        pids = {"up": os.getpid(), **{name: child.pid for name, child in self._children.items() if name != "migrate"}}
        content = {
            "api": f"{self.address}/api/v1",
            "dashboard": self.address,
            "token": self.token,
            "github": github,
            "slack": self.endpoints["slack"]["url"],
            "aws": dict(self.endpoints["aws"]),
            "balancers": dict(self.endpoints["balancers"]),
            "pids": pids,
        }
        self._state.write(SANDBOX_FILE, content)

    # ---------------------------------------------------------------- going on

    def _restart(self, controller: Child) -> None:
        is_steady = self._clock.monotonic() - self._started_at > STEADY_SECONDS
        self._wait = FIRST_WAIT_SECONDS if is_steady else self._wait
        told = f"the controller ended (exit code {controller.exit_code}): starting it again in {self._wait:g} s"
        typer.echo(told, err=True)
        self._clock.sleep(self._wait)
        self._wait = min(self._wait * 2, LONGEST_WAIT_SECONDS)
        controller.start()
        self._started_at = self._clock.monotonic()
        self._write_sandbox_file()


def _fail(child: Child, told: str) -> NoReturn:
    raise Failed(f"the {child.name} {told}; the last lines of {child.log}:\n{child.last_words()}")
