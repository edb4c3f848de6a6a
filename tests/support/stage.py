"""The controller's own rooms on a scripted AWS and a virtual clock: deployments in milliseconds, always the same."""

import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.session
from botocore.credentials import CredentialProvider, CredentialResolver
from botocore.loaders import Loader, create_loader

from controller.adapters.aws.cloud import Clouds
from controller.adapters.aws.session import Callers
from controller.domain.bindings import Binding
from controller.domain.deployment import Deployment, Phase
from controller.domain.environment import Environment
from controller.domain.explaining import Explanation, explain
from controller.domain.orders import Order, OrderKind, OrderState, Wish
from controller.domain.people import Caller
from controller.domain.revision import Commit
from controller.inbox.orders import Orders
from controller.inbox.rights import Rights
from controller.loop.reconcile import Pass, Reconciler
from controller.loop.world import World
from controller.polls import Polls
from controller.store import Store
from controller.store.schema import migrate
from sandbox.runtime.scripted import Script
from sandbox.wire.inprocess import bind
from tests.support.builders import FILE, a_binding
from tests.support.outside import ACCOUNT, Outside, VirtualTime
from tests.support.town import PROGRAM

PACE = timedelta(seconds=5)
SWEEP = timedelta(seconds=60)
NO_WISH = Wish()


@cache
def migrated_file() -> Path:
    """A database with empty tables, made once for a process."""
    path = Path(tempfile.mkdtemp(prefix="tidegate-stage-")) / "migrated.db"
    migrate(f"sqlite:///{path}")
    return path


@cache
def service_models() -> Loader:
    """botocore's own models, read once for a process: reading them takes longer than a deployment."""
    return create_loader()


def session(outside: Outside, region: str, credentials: CredentialProvider | None = None) -> boto3.Session:
    """With the account's own credentials, or those of a role; answered by the outside's AWS."""
    core = botocore.session.Session()
    core.register_component("data_loader", service_models())
    if credentials is None:
        core.set_credentials(ACCOUNT, "x")
    else:
        core.register_component("credential_provider", CredentialResolver([credentials]))
    made = boto3.Session(region_name=region, botocore_session=core)
    bind(made, outside.aws)
    return made


def by_botocore(outside: Outside) -> Callers:
    """Callers that are real down to the bytes' edge."""
    return Callers(outside.clock.now, **sessions(outside))


def sessions(outside: Outside) -> dict[str, Any]:
    """How `Callers` opens sessions: with its own credentials, and with an assumed role's."""
    return {"own": partial(session, outside), "assumed": partial(session, outside)}


class Stage(Outside):
    """One controller with one environment, `dev`, on an AWS of its own; pass after pass, without its schedule.

    `directory` holds the database, unless `url` names another one that has its tables already.
    """

    def __init__(self, directory: Path, speed: float = 1.0, binding: Binding | None = None, url: str = "") -> None:
        super().__init__(speed)
        self.binding = binding or a_binding()
        self.cuts = SimpleNamespace(is_watching=False)
        self.passes: list[Pass] = []
        self._tokens = 0
        self.url = url or f"sqlite:///{directory / 'tidegate.db'}"
        if not url:
            shutil.copy(migrated_file(), directory / "tidegate.db")
        self.time = VirtualTime(self.clock)
        self.start()

    def start(self, owner: str = "one") -> None:
        """A controller comes up: everything it knows is in the rows and on AWS."""
        self.store = Store(self.url, self.time)
        with self.store.write() as unit:
            unit.environments.ensure([self.binding.name])
        self.world = World(
            store=self.store,
            clock=self.time,
            clouds=Clouds(self.time, by_botocore(self)),
            source=self.repository,
            probe=self.probe,
            polls=Polls(self.town, self.store),
            bindings={self.binding.name: self.binding},
            token=self._token,
        )
        self.reconciler = Reconciler(self.world, owner, PACE)
        self._due: datetime | None = self.time.now()
        self._sweep_at = self.time.now()

    def start_over(self) -> None:
        """The same controller, having forgotten everything."""
        self.store.close()
        self.start()

    @property
    def outside(self) -> Outside:
        return self

    def _token(self) -> str:
        self._tokens += 1
        return f"token-{self._tokens}"

    def push(self, text: str = FILE, script: Script | None = None, **how: Any) -> Commit:
        """A commit, as `Outside.commit` makes it, and the webhook that tells of it."""
        commit = self.commit(text, script, **how)
        self.wake()
        return commit

    def wake(self) -> None:
        """A webhook came: look at the head."""
        with self.store.write() as unit:
            unit.environments.request_look([self.binding.name])
        self._due = self.time.now()

    def order(
        self,
        kind: OrderKind,
        deployment: str | None = None,
        reason: str = "because",
        by: Caller = PROGRAM,
        **wish: Any,
    ) -> int:
        rights = Rights(self.world.polls, self.world.bindings, self.time)
        orders = Orders(self.store, self.time, rights, lambda _: None)
        wanted = {"wish": Wish(**wish)} if wish else {}
        number = orders.leave(kind, "dev", deployment, reason, by, **wanted)
        self._due = self.time.now()
        return number

    def refused(self, kind: OrderKind, deployment: str | None = None, **wish: Any) -> str:
        """The sentence with which an order is refused."""
        number = self.order(kind, deployment, **wish)
        self.run(lambda: self.left(number).state is not OrderState.RECEIVED)
        assert self.left(number).state is OrderState.REFUSED, self.left(number).outcome
        return self.left(number).outcome

    def left(self, number: int) -> Order:
        """The order of this number, as far as it was answered."""
        with self.store.read() as unit:
            found = unit.orders.get(number)
        assert found is not None, f"order {number} was never left"
        return found

    def explained(self) -> Explanation:
        with self.store.read() as unit:
            return explain(unit.overviews.of(self.binding.name))

    def run(self, until: Callable[[], bool], limit: timedelta = timedelta(hours=2)) -> None:
        """Pass after pass, with the time between them gone in an instant, until `until` holds."""
        end = self.time.now() + limit
        while not until():
            assert self.time.now() < end, f"not within {limit}: {self.passes[-1]}"
            self.step()

    def step(self) -> None:
        now = self.time.now()
        if self._sweep_at <= now:
            self._sweep_at = now + SWEEP
            self.wake()
        if self._due is not None and self._due <= now:
            done = self.reconciler.run_pass(self.binding.name)
            self.passes.append(done)
            self._due = None if done.look_again_in is None else self.time.now() + done.look_again_in
        else:
            self.clock.advance_to(min(due for due in (self._due, self._sweep_at) if due is not None))

    def settle(self, limit: timedelta = timedelta(hours=2)) -> None:
        """Until there is nothing left to do."""
        self.run(lambda: bool(self.passes) and self._due is None and not self.environment.must_look, limit)

    @property
    def environment(self) -> Environment:
        with self.store.read() as unit:
            return unit.environments.get("dev")

    def deployment(self, number: int) -> Deployment:
        with self.store.read() as unit:
            found = unit.deployments.get(f"dev-{number}")
        assert found is not None, f"there is no dev-{number}"
        return found

    def phase(self, number: int) -> Phase | None:
        with self.store.read() as unit:
            found = unit.deployments.get(f"dev-{number}")
        return found.phase if found else None
