"""Two ways to meet the workload: an application in this process, and a real process from a copied, edited tree."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

import workload
from workload import backend, frontend
from workload.probes import Life
from workload.version import Identity

SHIPPED = Path(workload.__file__).parent
Ask = Callable[..., httpx.Response]


def asker(app: ASGIApp) -> Ask:
    """Send one request to the application in this process: `ask("GET", "/health", headers=…)`."""

    async def send(method: str, path: str, **given: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://captions") as client:
            return await client.request(method, path, **given)

    return lambda method, path, **given: asyncio.run(send(method, path, **given))


@pytest.fixture
def backend_life() -> Life:
    return Life(Identity.of(backend.NAME))


@pytest.fixture
def ask_backend(backend_life: Life) -> Ask:
    return asker(backend.application(backend_life))


@pytest.fixture
def ask_frontend() -> Ask:
    return asker(frontend.application(Life(Identity.of(frontend.NAME))))


@dataclass
class Running:
    """A started service. `url` is where it listens; `started` is its first log line."""

    process: subprocess.Popen[str]
    started: dict[str, Any]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.started['port']}"

    def next_event(self) -> dict[str, Any]:
        return json.loads(self.process.stdout.readline())


@dataclass
class Tree:
    """A copy of the workload in a directory of its own."""

    directory: Path

    def rehearse(self, **constants: Any) -> "Tree":
        """Edit constants as a rehearsal commit does: one assignment, one line."""
        page = self.directory / "workload" / "rehearsal.py"
        text = page.read_text()
        for name, value in constants.items():
            text, edits = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value!r}", text)
            assert edits == 1
        page.write_text(text)
        return self

    def command(self, module: str, **environment: str) -> dict[str, Any]:
        """Arguments for subprocess: this copy, and an environment without anything of ours."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {
            "args": [sys.executable, "-m", f"workload.{module}"],
            "cwd": self.directory,
            "env": kept | {"PORT": "0", "LOG_LEVEL": "debug"} | environment,
            "text": True,
        }

    def run(self, module: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(**self.command(module, **environment), capture_output=True, timeout=20, check=False)

    @contextmanager
    def started(self, module: str, **environment: str) -> Iterator[Running]:
        command = self.command(module, **environment)
        with subprocess.Popen(**command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            try:
                yield Running(process, json.loads(process.stdout.readline()))
            finally:
                process.kill()


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    shutil.copytree(SHIPPED, tmp_path / "workload", ignore=shutil.ignore_patterns("__pycache__"))
    return Tree(tmp_path)
