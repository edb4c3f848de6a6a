"""The whole GitHub in one object, for whoever assembles the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from sandbox.clock import Clock
from sandbox.github import git_http, hooks, pages
from sandbox.github.actions import Actions, Publish
from sandbox.github.api import apps as app_calls
from sandbox.github.api import commits, deployments, people, protections, pulls, repositories
from sandbox.github.api import hooks as hook_calls
from sandbox.github.api.frame import MAX_BODY_BYTES, Frame, not_found
from sandbox.github.apps import Apps
from sandbox.github.control import Control
from sandbox.github.courier import Courier, HttpSender, Send
from sandbox.github.desk import Desk
from sandbox.github.git.store import Entry
from sandbox.github.links import API_PREFIX
from sandbox.github.oauth import OAuth
from sandbox.github.people import MACHINE, People
from sandbox.github.records import Hook
from sandbox.github.state import Repository, State

T = TypeVar("T")
INSTALLATION_ID = 4001


async def nowhere(_commit: str, _name: str, _tree: str) -> None:
    """Publishes nothing."""


class GitHub:
    """Made and closed inside a running event loop; `create_repository` and `add_hook` come before traffic.

    `origin` must be set to the server's address (`http://127.0.0.1:PORT`) before anything is created.
    """

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        token: str,
        *,
        publish: Publish = nowhere,
        publish_version: Publish = nowhere,
        checks_delay_seconds: float = 0.3,
        send: Send | None = None,
    ) -> None:
        self.state = State(directory, clock, People(token))
        self.desk = Desk(self.state)
        self.oauth = OAuth(self.desk)
        self.apps = Apps()
        self._token = token
        self._http = HttpSender(clock)
        self.courier = Courier(clock, send or self._http)
        self.actions = Actions(self.desk, clock, publish, publish_version, checks_delay_seconds)
        self.frame = Frame(self.desk, self.apps)
        self.desk.listen(self.courier.hear)
        self.desk.listen(self.actions.hear)

    @property
    def origin(self) -> str:
        return self.state.origin

    @origin.setter
    def origin(self, address: str) -> None:
        self.state.origin = address.rstrip("/")

    @property
    def api(self) -> str:
        """The REST API's base address."""
        return self.origin + API_PREFIX

    def clone_url(self, full_name: str) -> str:
        return f"{self.origin}/{full_name}.git"

    async def do(self, job: Callable[[], T]) -> T:
        """Run something on the thread that owns the state."""
        return await self.desk.do(job)

    def create_repository(
        self,
        full_name: str,
        files: Mapping[str, bytes],
        branches: Sequence[str] = ("main", "staging", "develop"),
        default_branch: str = "main",
    ) -> Repository:
        """A repository whose branches all start at one commit with these files; nothing is announced.

        One that is in the directory already keeps what it has.
        """
        repository = self.state.add_repository(full_name, default_branch)
        git = repository.git
        if not git.branches():
            author = self.state.people.everyone[0].signature(self.state.now())
            commit = git.add_commit(git.changed_tree(None, files), [], "Start\n", author)
            for branch in branches:
                git.set_ref(f"refs/heads/{branch}", commit)
        return repository

    async def add_hook(
        self,
        full_name: str,
        url: str,
        secret: str,
        *,
        events: Sequence[str] = ("*",),
        content_type: str = "json",
    ) -> Hook:
        """A webhook, pinged at once."""
        repository = self.repository(full_name)
        return await self.do(
            lambda: hooks.add(
                self.state,
                repository,
                url=url,
                secret=secret,
                content_type=content_type,
                events=tuple(events),
                active=True,
                by=self.state.people.everyone[0],
            )
        )

    def install_app(self, app_id: int, public_key_pem: bytes) -> int:
        """Install a GitHub App on everything here; the id of its installation."""
        self.apps.install(app_id, public_key_pem, INSTALLATION_ID)
        return INSTALLATION_ID

    def repository(self, full_name: str) -> Repository:
        found = self.state.repository(full_name)
        if found is None:
            raise LookupError(f"no repository {full_name}: create_repository makes one")
        return found

    def person_token(self, login: str) -> str:
        found = self.state.people.named(login)
        if found is None:
            raise LookupError(f"nobody is called {login}")
        return self.state.people.token(found)

    def machine_token(self) -> str:
        """What a controller signs in with when it is no App."""
        return self.state.people.token(MACHINE)

    async def tree_files(self, full_name: str, tree: str) -> dict[str, tuple[int, bytes]]:
        """The files of a tree by path: mode and content."""
        git = self.repository(full_name).git

        def read(entry: Entry) -> tuple[int, bytes]:
            return entry.mode, git.blob(entry.sha)

        return await self.do(lambda: {path: read(entry) for path, entry in git.walk(tree)})

    def app(self, control: Sequence[BaseRoute] = ()) -> Starlette:
        """One ASGI app: git, REST, pages, and the control API with the assembly's own routes in it."""
        calls = [
            *people.ROUTES,
            *protections.ROUTES,
            *repositories.ROUTES,
            *commits.ROUTES,
            *pulls.ROUTES,
            *deployments.ROUTES,
            *hook_calls.ROUTES,
            *app_calls.routes(self.apps),
        ]
        rest = Starlette(
            routes=self.frame.routes(calls),
            exception_handlers={404: not_found, 405: not_found},
            max_body_size=MAX_BODY_BYTES,
        )
        controls = Control(self.desk, self.courier, self.actions, self.frame.misbehaviour)
        return Starlette(
            routes=[
                Mount(API_PREFIX, app=rest),
                controls.mount(self._token, control),
                *self.oauth.routes(),
                *git_http.routes(self.desk),
                *pages.routes(self.desk),
            ],
            max_body_size=git_http.MAX_PUSH_BYTES,
        )

    async def close(self) -> None:
        """Stop what is on its way, and let go of the repositories."""
        self.desk.hush()
        await self.actions.close()
        await self.courier.close()
        await self._http.close()
        self.desk.close()
        for repository in self.state.repositories.values():
            repository.git.close()
