"""The sandbox as one process on one loop: AWS, GitHub, Slack and the load balancers, put together and kept running."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import secrets
import shutil
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urljoin

from sandbox import seed
from sandbox.balancer.proxy import Balancer
from sandbox.clock import LoopClock
from sandbox.control import Balancer as Entrance
from sandbox.control import Control
from sandbox.events import EventBus
from sandbox.foundation import BRANCHES, REGION, REPOSITORY, Ground, bindings, lay_foundations
from sandbox.github.actions import image_tag
from sandbox.github.oauth import OAuthApp
from sandbox.github.server import GitHub
from sandbox.images import ImageStore, write_atomically
from sandbox.options import Options
from sandbox.publishing import PACKAGE, Registry, build
from sandbox.runtime.processes import ProcessRuntime
from sandbox.servers import HttpServer, PortTakenError, address, listen
from sandbox.slack.server import Slack
from sandbox.wire.server import application
from sandbox.world.ecs import tasks
from sandbox.world.view import ListenerView
from sandbox.world.world import World

ENDPOINTS = "endpoints.json"
BINDINGS = "tidegate.yaml"
SHIPPED = Path(__file__).resolve().parents[1]
"""Where `environments/`, `workload/` and the README are: the checkout."""
TOKEN_VARIABLE = "TIDEGATE_API_TOKEN"  # noqa: S105 - the variable's name
OAUTH_CLIENT, SIGN_IN_BACK = "Iv1.tidegatesandbox", "/sign-in/callback"
"""The controller as an OAuth app of the sandbox's GitHub, and where it takes people back."""
AWS, GITHUB = 0, 1
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
"""Ports counted from --port-base; the load balancers follow in the order of the environments."""
SLACK = GITHUB + 1 + len(BRANCHES)


class Sandbox:
    """A running sandbox; `start` and `close` inside one running loop."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._exits = AsyncExitStack()
        self.changes: tuple[seed.Change, ...] = ()
        self.webhook_secret = secrets.token_hex(20)
        self.events_secret = secrets.token_hex(20)
        self.oauth_secret = secrets.token_hex(20)
        self.token = os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(24)

    async def start(self) -> dict[str, Any]:
        """Bring everything up; what `endpoints.json` says. Raises OSError with a sentence when something is in
        the way, and leaves nothing running then."""
        try:
            return await self._start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End in the opposite order; nothing is left but what GitHub keeps."""
        await self._exits.aclose()

    async def _start(self) -> dict[str, Any]:
        state = self._options.state
        state.mkdir(parents=True, exist_ok=True)
        clock = LoopClock()
        self._make_world(clock, state)
        self._make_github(clock, state)
        self._make_slack(clock)
        grounds = lay_foundations(self.world, self._references())
        await self._open_balancers(grounds)
        place = self.world.place(region=REGION)
        control = Control(
            clock,
            self._entrances(grounds),
            self.world.faults,
            lambda: self.runtime.pids,
            lambda environment: tasks.interrupt_spot(place, grounds[environment].stack),
        )
        self._exits.push_async_callback(control.close)
        self._serve(application(self.world), self._aws_socket)
        controls = [*control.routes(), *self.slack.control.routes()]
        self._serve(self.github.app(control=controls), self._github_socket)
        self._serve(self.slack.app(), self._slack_socket)
        self._seed_repository(grounds)
        if self._options.webhook:
            back = urljoin(self._options.webhook, SIGN_IN_BACK)
            self.github.oauth.register(OAuthApp(OAUTH_CLIENT, self.oauth_secret, "Tidegate", (back,)))
            await self.github.add_hook(REPOSITORY, url=self._options.webhook, secret=self.webhook_secret)
        return self._announce(grounds, control)

    # The parts.

    def _make_world(self, clock: LoopClock, state: Path) -> None:
        self._aws_socket = listen(self._options.port(AWS), "AWS")
        self._exits.callback(self._aws_socket.close)
        self._images = ImageStore(state / "images")
        self._exits.callback(shutil.rmtree, state / "images", ignore_errors=True)
        self.balancer = Balancer(clock, Random(self._options.seed), self._port_for)  # noqa: S311 - turns, not secrets
        self._exits.push_async_callback(self.balancer.close)
        self.runtime = ProcessRuntime(clock, self._images, self.balancer, state, self._entrance_of)
        self._exits.push_async_callback(self.runtime.close)
        self.events = EventBus(clock, self._options.events, self.events_secret)
        self._exits.push_async_callback(self.events.close)
        self.world = World(clock, self.runtime, seed=self._options.seed, speed=self._options.speed, notify=self.events)

    def _make_github(self, clock: LoopClock, state: Path) -> None:
        self._github_socket = listen(self._options.port(GITHUB), "GitHub")
        self._exits.callback(self._github_socket.close)
        self.github = GitHub(
            directory=state / "github",
            clock=clock,
            token=self.token,
            publish=self._publish,
            publish_version=self._publish_version,
        )
        self._exits.push_async_callback(self.github.close)
        self.github.origin = address(self._github_socket)

    def _make_slack(self, clock: LoopClock) -> None:
        self._slack_socket = listen(self._options.port(SLACK), "Slack")
        self._exits.callback(self._slack_socket.close)
        self.slack = Slack(clock, self.token, request_url=self._options.interactions)
        self._exits.push_async_callback(self.slack.close)
        self.slack.origin = address(self._slack_socket)

    async def _open_balancers(self, grounds: dict[str, Ground]) -> None:
        self._environment_of = {ground.listener.arn: name for name, ground in grounds.items()}
        try:
            await self.balancer.serve(self.world.traffic, self.world.observe)
        except OSError as error:
            raise PortTakenError(
                f"a load balancer's port can't be had ({error.strerror}): "
                "choose another --port-base, or leave it out to take free ports"
            ) from error

    def _port_for(self, listener: ListenerView) -> int:
        environment = self._environment_of.get(listener.arn)
        return 0 if environment is None else self._options.port(GITHUB + 1 + list(BRANCHES).index(environment))

    def _entrance_of(self, cluster: str) -> str | None:
        """The address of the load balancer of the environment whose cluster this is, by name or ARN."""
        found = [arn for arn, name in self._environment_of.items() if cluster.endswith(f"-{name}")]
        return f"http://127.0.0.1:{self.balancer.ports[found[0]]}" if found else None

    def _entrances(self, grounds: dict[str, Ground]) -> dict[str, Entrance]:
        return {
            name: Entrance(ground.listener.dns_name, self.balancer.ports[ground.listener.arn])
            for name, ground in grounds.items()
        }

    def _serve(self, app: Any, listening: Any) -> None:
        server = HttpServer(app, listening)
        self._exits.push_async_callback(server.close)

    # What is in the repository.

    def _references(self) -> list[str]:
        return [reference for name in BRANCHES for reference in seed.references(environment_text(name))]

    def _seed_repository(self, grounds: dict[str, Ground]) -> None:
        seeds = {
            f"environments/{name}.yaml": seed.sandboxed(f"environments/{name}.yaml", environment_text(name), ground.url)
            for name, ground in grounds.items()
        }
        self.changes = tuple(change for each in seeds.values() for change in each.changes)
        files = shipped_files() | {path: each.text.encode() for path, each in seeds.items()}
        self.github.create_repository(REPOSITORY, files=files)

    # Images.

    async def _publish(self, commit: str, branch: str, tree: str) -> None:
        await self._push(tree, image_tag(branch, commit))

    async def _publish_version(self, commit: str, version: str, tree: str) -> None:
        """As `type=semver,pattern={{version}}` of docker/metadata-action names it; a name that no image can have makes
        none."""
        del commit
        tag = re.sub(r"^v(?=[0-9])", "", version)
        if TAG.fullmatch(tag):
            await self._push(tree, tag)

    async def _push(self, tree: str, tag: str) -> None:
        files = await self.github.tree_files(REPOSITORY, tree)
        registry = Registry(self.world)
        for repository, image in build(self._images, files, tree).items():
            registry.push(repository, image, tag)

    # Telling.

    def _announce(self, grounds: dict[str, Ground], control: Control) -> dict[str, Any]:
        entrances = control.balancers
        endpoints = {
            "aws": {
                "endpoint": address(self._aws_socket),
                "region": REGION,
                "account": self.world.account,
                "webhook_secret": self.events_secret,
                "speed": self.world.speed,
            },
            "github": {
                "api": self.github.api,
                "git": self.github.clone_url(REPOSITORY),
                "token": self.github.machine_token(),
                "webhook_secret": self.webhook_secret,
                "oauth_id": OAUTH_CLIENT,
                "oauth_secret": self.oauth_secret,
            },
            "slack": self.slack.endpoints(),
            "balancers": {name: f"http://127.0.0.1:{each.port}" for name, each in entrances.items()},
            "connect_to": [f"{each.dns_name}:80=127.0.0.1:{each.port}" for each in entrances.values()],
            "control": f"{address(self._github_socket)}/sandbox",
            "token": self.token,
            "config": str(self._options.state / BINDINGS),
            "pid": os.getpid(),
        }
        self._write(BINDINGS, bindings(self.world, grounds), 0o644)
        self._write(ENDPOINTS, json.dumps(endpoints, indent=2) + "\n", 0o600)
        return endpoints

    def _write(self, name: str, text: str, mode: int) -> None:
        path = self._options.state / name
        self._exits.callback(path.unlink, missing_ok=True)
        write_atomically(path, text, mode)


def environment_text(name: str) -> str:
    return (SHIPPED / "environments" / f"{name}.yaml").read_text(encoding="utf-8")


def shipped_files() -> dict[str, bytes]:
    """README, environments and workload of the checkout, by path. Raises FileNotFoundError without them."""
    found = [SHIPPED / "README.md"]
    for room in ("environments", PACKAGE):
        found += [path for path in sorted((SHIPPED / room).rglob("*")) if path.is_file()]
    return {
        path.relative_to(SHIPPED).as_posix(): path.read_bytes() for path in found if "__pycache__" not in path.parts
    }


async def run(options: Options) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    sandbox = Sandbox(options)
    await sandbox.start()
    # All that has been made so far stays; the collector need not walk through it with requests waiting.
    gc.collect()
    gc.freeze()
    print(*(f"seed: {change}" for change in sandbox.changes), sep="\n", flush=True)  # noqa: T201
    await stop.wait()
    await sandbox.close()
