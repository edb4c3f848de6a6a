"""The command line against the real API, with rows behind it and no socket."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from controller.cli.http import Asked, NoReply, Reply
from controller.cli.main import build
from controller.cli.parts import Parts
from controller.store import Store
from tests.api.conftest import TOKEN, Door
from tests.support.rows import *  # noqa: F403
from tests.support.rows import NoonClock

URL = "http://controller.example:8080"


class Waiting(NoonClock):
    """Each sleep lets the next thing happen."""

    def __init__(self) -> None:
        super().__init__()
        self.happenings: list[Callable[[], None]] = []

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.happenings:
            self.happenings.pop(0)()


@dataclass
class Terminal:
    """Types commands. `lost` counts how many requests get no reply before the next that does; `unheard`,
    how many replies are lost of requests that arrived."""

    door: Door
    clock: Waiting
    asked: list[Asked] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=lambda: {"TIDEGATE_URL": URL, "TIDEGATE_API_TOKEN": TOKEN})
    lost: int = 0
    unheard: int = 0
    examined: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, *words: str, typed: str = "") -> Any:
        """`typed` is what stands on standard input."""
        parts = Parts(
            serve=self._serve,
            migrate=lambda: None,
            back_up=self._serve,
            restore=lambda file, _: self._serve(file),
            clock=lambda: self.clock,
            examine=lambda: self.examined,
        )
        return CliRunner().invoke(build(parts, self._send), list(words), input=typed, env=self.variables)

    def _serve(self, overrides: object) -> Any:
        raise AssertionError("no test serves from here")

    def _send(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if self.lost:
            self.lost -= 1
            raise NoReply("Connection refused")

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.door.app)
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.request(asked.method, asked.url, headers=dict(asked.headers), content=asked.body)

        reply = asyncio.run(send())
        if self.unheard:
            self.unheard -= 1
            raise NoReply("timed out")
        return Reply(reply.status_code, dict(reply.headers), reply.content)


@pytest.fixture
def clock() -> Waiting:
    return Waiting()


@pytest.fixture
def terminal(store: Store, clock: Waiting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """In an empty directory, with nothing of the developer's own environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("TIDEGATE_URL", "TIDEGATE_API_TOKEN", "TIDEGATE_STATE_DIR"):
        monkeypatch.delenv(name, raising=False)
    return Terminal(Door(store, clock), clock)
