"""Controllers that may die: the same port and rows, one process after the other."""

import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from tests.support.live import LiveController
from tests.support.processes import Child, until

PATIENCE_SECONDS = 180.0
"""A start takes two seconds of a quiet machine; a busy one is no violation."""


@dataclass
class Launch:
    """One process. `who` is its AWS access key, too: so the witness knows its calls. Times are seconds since 1970."""

    who: str
    seat: str
    pid: int
    at: float
    log: Path
    ready_at: float | None = None


@dataclass(frozen=True)
class Passed:
    """One pass, as the controller's log tells it."""

    at: float
    who: str
    environment: str
    code: str


class Seat(LiveController):
    """A controller, and all its processes so far."""

    def __init__(self, name: str, directory: Path, port: int, endpoints: Mapping[str, Any], database: str) -> None:
        self.name = name
        self.launches: list[Launch] = []
        self.is_up = False
        super().__init__(directory, port, endpoints, TIDEGATE_DATABASE_URL=database)

    @property
    def now(self) -> Launch:
        return self.launches[-1]

    def launch(self) -> None:
        who = f"{self.name}{len(self.launches) + 1}"
        log = self._directory / f"{who}.log"
        environment = {**self.environment_variables, "AWS_ACCESS_KEY_ID": who}
        at = time.time()
        self.child = Child(who, ["controller", "serve"], log, environment)
        self.launches.append(Launch(who, self.name, self.child.pid, at, log))

    def wait_until_ready(self) -> None:
        until("the controller is ready", self._is_ready, [self.child], PATIENCE_SECONDS)
        self.now.ready_at = time.time()
        self.is_up = True

    def strike(self, number: signal.Signals) -> None:
        """Send the process a signal; one that kills is waited for."""
        self.is_up = False
        os.kill(self.child.pid, number)

    def bury(self) -> None:
        """Wait for the end of a process that was killed, whoever killed it."""
        self.is_up = False
        self.child.kill()

    def close(self) -> None:
        """Without asking: it may be stopped, or start just now."""
        self.bury()
        super().close()

    def order(self, environment: str, **order: Any) -> int | None:
        """Leave an order: its id, None when nobody answers. A refusal at the door raises."""
        try:
            answer = self._http.post(f"/api/v1/environments/{environment}/orders", json=order, timeout=5)
        except httpx.TransportError:
            return None
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            return None
        return int(answer.raise_for_status().json()["id"])


def passes(launches: Sequence[Launch]) -> list[Passed]:
    """Every pass that any of the processes logged, oldest first."""
    found = [
        Passed(_moment(line["timestamp"]), launch.who, line["environment"], line["code"])
        for launch in launches
        for line in lines(launch.log)
        if line.get("event") == "pass"
    ]
    return sorted(found, key=lambda each: each.at)


def lines(log: Path) -> list[dict[str, Any]]:
    """The log's lines; one that a kill cut off is left out."""
    found = []
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return [line for line in found if isinstance(line, dict)]


def bugs(launch: Launch) -> list[str]:
    """What the controller itself calls a bug: the last line of each traceback in its log."""
    return [
        f"{launch.who} {line.get('event')}: {line['exception'].strip().splitlines()[-1]}"
        for line in lines(launch.log)
        if "exception" in line
    ]


def told(launch: Launch) -> dict[str, Any]:
    return {**asdict(launch), "log": launch.log.name}


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
