"""What the fixtures hand out: a served GitHub, and a working copy driven by the real git."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from github import Auth, Github
from github.Repository import Repository as PyGithubRepository
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.clock import LoopClock
from sandbox.github.records import Answer, Delivery, Hook
from sandbox.github.server import GitHub

QUIET: dict[str, Any] = {"retry": None, "seconds_between_requests": 0, "seconds_between_writes": 0}
NAME = "acme/captioncraft"
SECRET = "a webhook secret"
HOOK_URL = "http://127.0.0.1:9/webhooks/github"
REHEARSAL = Path(__file__).parents[3] / "workload" / "rehearsal.py"
FILES = {
    "README.md": b"# Captions\n",
    "docs/guide.md": b"read me\n",
    "environments/dev.yaml": b"environment: dev\nbranch: develop\n",
    "workload/VERSION": b"0.1.0\n",
    "workload/rehearsal.py": REHEARSAL.read_bytes(),
}


@dataclass
class Served:
    """The server, what it delivered, and what was published."""

    loop: asyncio.AbstractEventLoop
    github: GitHub = field(init=False)
    hook: Hook = field(init=False)
    received: list[tuple[Hook, Delivery]] = field(default_factory=list)
    published: list[tuple[str, str, str]] = field(default_factory=list)
    versions: list[tuple[str, str, str]] = field(default_factory=list)
    status: int = 202
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Let the server's loop do something, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=20)

    async def open(self, directory: Path, origin: str) -> None:
        self.github = GitHub(
            directory / "github",
            LoopClock(),
            "control-token",
            publish=self.publish,
            publish_version=self.publish_version,
            checks_delay_seconds=0.02,
            send=self.send,
        )
        self.github.origin = origin
        self.github.create_repository(NAME, FILES)
        self.hook = await self.github.add_hook(NAME, HOOK_URL, SECRET)

    async def send(self, hook: Hook, delivery: Delivery) -> Answer:
        with self._changed:
            self.received.append((hook, delivery))
            self._changed.notify_all()
        return Answer(self.status, "OK", {"x-test": "yes"}, "noted", 0.0)

    async def publish(self, commit: str, branch: str, tree: str) -> None:
        with self._changed:
            self.published.append((commit, branch, tree))
            self._changed.notify_all()

    async def publish_version(self, commit: str, version: str, tree: str) -> None:
        with self._changed:
            self.versions.append((commit, version, tree))
            self._changed.notify_all()

    def wait(self, ready: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(ready, timeout=10), "it never came"

    def events(self, name: str) -> list[dict[str, Any]]:
        return [delivery.payload for _, delivery in self.received if delivery.event == name]

    def wait_for(self, name: str, where: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """The first event of a name that fits, as soon as it is there."""
        self.wait(lambda: any(where(payload) for payload in self.events(name)))
        return next(payload for payload in self.events(name) if where(payload))

    def client(self, login: str = "ada", **options: Any) -> Github:
        token = Auth.Token(self.github.person_token(login))
        return Github(auth=token, base_url=self.github.api, **QUIET, **options)

    def repository(self, login: str = "ada") -> PyGithubRepository:
        return self.client(login).get_repo(NAME)


@dataclass(frozen=True)
class Clone:
    """A working copy, driven by the real git."""

    path: Path

    def git(self, *arguments: str) -> str:
        return run_git(self.path, *arguments)

    def commit(self, files: dict[str, str], message: str = "change") -> str:
        for name, text in files.items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")


def run_git(where: Path, *arguments: str) -> str:
    """Real git, without the user's configuration, credentials or proxy."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(where),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Grace Hopper",
        "GIT_AUTHOR_EMAIL": "1002+grace@users.noreply.github.localhost",
        "GIT_COMMITTER_NAME": "Grace Hopper",
        "GIT_COMMITTER_EMAIL": "1002+grace@users.noreply.github.localhost",
    }
    done = subprocess.run(
        ["git", *arguments], cwd=where, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


class Host:
    """One uvicorn in a thread, for as many GitHubs as come one after the other: stopping one takes 0.1 s."""

    def __init__(self) -> None:
        self._listener = _listener()
        self.origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._inner: ASGIApp | None = None
        self._loop: Future[asyncio.AbstractEventLoop] = Future()
        self._server = uvicorn.Server(uvicorn.Config(self, log_level="warning", lifespan="on"))
        sockets = {"sockets": [self._listener]}
        self._thread = threading.Thread(target=self._server.run, kwargs=sockets, name="github-server")
        self._thread.start()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            self._loop.set_result(asyncio.get_running_loop())
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        else:
            assert self._inner is not None, "asked before anything was served"
            await self._inner(scope, receive, send)

    @contextmanager
    def serving(self, directory: Path, control: Sequence[BaseRoute] = ()) -> Iterator[Served]:
        """A GitHub with one repository, the usual branches and one hook that hears everything."""
        served = Served(self._loop.result(timeout=10))
        served.run(served.open(directory, self.origin))
        self._inner = served.github.app(control)
        try:
            yield served
        finally:
            served.run(served.github.close())

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._listener.close()


def _listener() -> socket.socket:
    """A free port. asyncio switches Nagle's algorithm off (40 ms an answer) only where the protocol is named."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener
