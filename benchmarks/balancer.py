"""The sandbox's load balancer: how fast, how much later, and whether rolling tasks over costs a request.

`python -m benchmarks.balancer` prints two tables. Everything shares this machine, the load too: read the
figures as ratios within one table.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import boto3
import httptools
import httpx

from sandbox.balancer.proxy import Balancer
from sandbox.clock import LoopClock
from sandbox.traffic import CAPTION, Load, Report
from sandbox.world.ports import Endpoint, Target
from sandbox.world.view import Condition, Forward, GroupView, ListenerView, RuleView, TargetView, WeightedGroup

ROOT = Path(__file__).parents[1]
SEED = 1
REQUEST = b"GET /api/version HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"


# ---------------------------------------------------------------- the two servers, each in a process of its own


class BareTarget(asyncio.Protocol):
    """The least that answers HTTP, so that the balancer is what is measured."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._transport.write(ANSWER)


class FixedTraffic:
    """One listener with two rules over the given targets."""

    version = 1

    def __init__(self, ports: list[int]) -> None:
        self._listener = ListenerView("listener", "alb", "bench", "bench", 80, "HTTP")
        targets = [
            TargetView(Target("blue", f"10.0.0.{port}", 80), "healthy", Endpoint("127.0.0.1", port)) for port in ports
        ]
        self._groups = {"blue": GroupView("blue", "blue", "alb", tuple(targets))}
        split = Forward((WeightedGroup("blue", 100), WeightedGroup("green", 0)))
        self._rules = (
            RuleView("api", 1, (Condition("path", ("/api/*",)),), split),
            RuleView("default", None, (), split),
        )

    def listeners(self) -> tuple[ListenerView, ...]:
        return (self._listener,)

    def rules(self, listener_arn: str) -> tuple[RuleView, ...]:
        return self._rules

    def group(self, group_arn: str) -> GroupView | None:
        return self._groups.get(group_arn)


async def serve_target() -> None:
    server = await asyncio.get_running_loop().create_server(BareTarget, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


async def serve_balancer(ports: list[int]) -> None:
    balancer = Balancer(LoopClock(), Random(SEED))
    await balancer.serve(FixedTraffic(ports))
    print(balancer.ports["listener"], flush=True)
    await asyncio.Event().wait()


@contextlib.contextmanager
def server(*words: str) -> Iterator[int]:
    """One of the two in another process: its port."""
    command = [sys.executable, "-m", "benchmarks.balancer", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.kill()


# ---------------------------------------------------------------- speed


class Asker(asyncio.Protocol):
    """Asks again as soon as it is answered."""

    def __init__(self, latencies: list[float]) -> None:
        self._latencies = latencies
        self._asked_at = 0.0
        self.is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._latencies.append(time.perf_counter() - self._asked_at)
        if not self.is_over:
            self._ask()

    def _ask(self) -> None:
        self._asked_at = time.perf_counter()
        self.transport.write(REQUEST)


@dataclass(frozen=True)
class Speed:
    requests_per_second: float
    p50_ms: float
    p99_ms: float


async def closed_loop(port: int, connections: int, seconds: float) -> Speed:
    latencies: list[float] = []
    loop = asyncio.get_running_loop()
    askers = []
    for _ in range(connections):
        _, asker = await loop.create_connection(lambda: Asker(latencies), "127.0.0.1", port)
        askers.append(asker)
    began = time.perf_counter()
    await asyncio.sleep(seconds)
    took = time.perf_counter() - began
    for asker in askers:
        asker.is_over = True
        asker.transport.abort()
    latencies.sort()
    at = [latencies[int(len(latencies) * share)] * 1000 for share in (0.5, 0.99)]
    return Speed(len(latencies) / took, *at)


async def measure_speed(seconds: float) -> list[tuple[str, int, Speed]]:
    rows = []
    with server("--target") as first, server("--target") as second, server("--proxy", f"{first},{second}") as proxy:
        for connections in (1, 32):
            rows.append(("direct", connections, await closed_loop(first, connections, seconds)))
            rows.append(("balancer", connections, await closed_loop(proxy, connections, seconds)))
    return rows


# ---------------------------------------------------------------- rolling


@contextlib.asynccontextmanager
async def sandbox() -> AsyncIterator[dict[str, Any]]:
    """A sandbox in another process: its endpoints."""
    with tempfile.TemporaryDirectory() as directory:
        ready = Path(directory) / "endpoints.json"
        command = [sys.executable, "-m", "sandbox", "--state-dir", directory, "--seed", str(SEED)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT) as process:  # noqa: ASYNC220 - before the load
            while not ready.exists():
                assert process.poll() is None, "the sandbox did not start"
                await asyncio.sleep(0.02)
            yield json.loads(ready.read_text())
            process.terminate()


class Service:
    """Two backend tasks behind dev's balancer, replaced again and again."""

    def __init__(self, endpoints: dict[str, Any]) -> None:
        self._endpoints = endpoints
        self._ecs, self._elbv2, self._ecr = (self._client(name) for name in ("ecs", "elbv2", "ecr"))

    def _client(self, name: str) -> Any:
        return boto3.client(
            name,
            endpoint_url=self._endpoints["aws"]["endpoint"],
            region_name=self._endpoints["aws"]["region"],
            aws_access_key_id=self._endpoints["aws"]["account"],
            aws_secret_access_key="x",
        )

    def create(self) -> None:
        balancer = self._elbv2.describe_load_balancers(Names=["captioncraft-dev"])["LoadBalancers"][0]
        listeners = self._elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
        group = self._elbv2.create_target_group(
            Name="bench", Protocol="HTTP", Port=8000, VpcId="vpc-01d0d0d0", TargetType="ip",
            HealthCheckPath="/health", HealthCheckIntervalSeconds=10, HealthCheckTimeoutSeconds=5,
        )["TargetGroups"][0]["TargetGroupArn"]  # fmt: skip
        drain = [{"Key": "deregistration_delay.timeout_seconds", "Value": "10"}]
        self._elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=drain)
        self._elbv2.create_rule(
            ListenerArn=listeners[0]["ListenerArn"],
            Priority=1,
            Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
            Actions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        network = {"awsvpcConfiguration": {"subnets": ["subnet-01a0a0a0"], "securityGroups": ["sg-01c0c0c0"]}}
        target = {"targetGroupArn": group, "containerName": "backend", "containerPort": 8000}
        self._ecs.create_service(
            cluster="captioncraft-dev", serviceName="bench", taskDefinition=self._defined(self._image()),
            desiredCount=2, launchType="FARGATE", networkConfiguration=network, loadBalancers=[target],
        )  # fmt: skip

    def _image(self) -> str:
        headers = {"Authorization": f"Bearer {self._endpoints['token']}"}
        with httpx.Client(trust_env=False, timeout=30, headers=headers) as client:
            merged = client.post(f"{self._endpoints['control']}/merge", json={"branch": "develop"}).json()
        wanted = [{"imageTag": f"develop-{merged['commit']}"}]
        while not (
            found := self._ecr.batch_get_image(repositoryName="captioncraft-backend", imageIds=wanted)["images"]
        ):
            time.sleep(0.05)
        registry = f"{self._endpoints['aws']['account']}.dkr.ecr.{self._endpoints['aws']['region']}.amazonaws.com"
        return f"{registry}/captioncraft-backend@{found[0]['imageId']['imageDigest']}"

    def _defined(self, image: str) -> str:
        container = {"name": "backend", "image": image, "portMappings": [{"containerPort": 8000}], "stopTimeout": 10}
        made = self._ecs.register_task_definition(
            family="bench", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
            executionRoleArn="arn:aws:iam::123456789012:role/execution", containerDefinitions=[container],
        )  # fmt: skip
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def roll(self) -> None:
        self._ecs.update_service(cluster="captioncraft-dev", service="bench", forceNewDeployment=True)

    def is_settled(self) -> bool:
        [service] = self._ecs.describe_services(cluster="captioncraft-dev", services=["bench"])["services"]
        return [each["rolloutState"] for each in service["deployments"]] == ["COMPLETED"]


async def settled(service: Service) -> None:
    while not await asyncio.to_thread(service.is_settled):  # noqa: ASYNC110 - AWS tells nobody
        await asyncio.sleep(0.1)


@dataclass(frozen=True)
class Rolling:
    rolls: int
    seconds_per_roll: float
    gets: Report
    posts: Report


def posts(size: int) -> tuple[bytes, ...]:
    """A caption, a large body of known length that is refused after it was read, and the same in chunks."""
    head = b"POST /api/generate-captions HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
    large = b'{"description": "' + b"x" * size + b'"}'
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(part), part) for part in (large[at : at + 8192] for at in range(0, len(large), 8192))
    )
    return (
        head + b"Content-Length: %d\r\n\r\n" % len(CAPTION) + CAPTION,
        head + b"Content-Length: %d\r\n\r\n" % len(large) + large,
        head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n",
    )


async def measure_rolling(rolls: int, rate: float, post_rate: float) -> Rolling:
    async with sandbox() as endpoints:
        service = Service(endpoints)
        await asyncio.to_thread(service.create)
        await settled(service)
        port = int(endpoints["balancers"]["dev"].rpartition(":")[2])
        clock = LoopClock()
        asked = [
            Load(clock, port, "bench", rate, 3600, [REQUEST]),
            Load(clock, port, "bench", post_rate, 3600, posts(200_000)),
        ]
        running = [asyncio.create_task(load.run()) for load in asked]
        began = time.perf_counter()
        for _ in range(rolls):
            await asyncio.to_thread(service.roll)
            await settled(service)
        took = time.perf_counter() - began
        for load in asked:
            load.end()
        gets, others = await asyncio.gather(*running)
    return Rolling(rolls, took / rolls, gets, others)


# ---------------------------------------------------------------- tables


def machine() -> str:
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.1f}, seed {SEED}"
    )


def print_speed(rows: list[tuple[str, int, Speed]]) -> None:
    print(f"\nSpeed: two bare targets, {len(REQUEST)}-byte requests, closed loop ({machine()})")
    print(f"{'path':<10}{'connections':>12}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}")
    for path, connections, speed in rows:
        print(f"{path:<10}{connections:>12}{speed.requests_per_second:>12,.0f}{speed.p50_ms:>9.2f}{speed.p99_ms:>9.2f}")


def print_rolling(found: Rolling) -> None:
    print(f"\n{found.rolls} rolling replacements of 2 tasks, {found.seconds_per_roll:.1f} s each ({machine()})")
    print(f"{'requests':<28}{'sent':>9}{'failed':>8}{'p50 ms':>9}{'p99 ms':>9}  by status")
    named = {"GET": found.gets, "POST, 200 kB plain/chunked": found.posts}
    for name, report in named.items():
        p50, p99 = report.percentile_ms(50), report.percentile_ms(99)
        print(f"{name:<28}{report.sent:>9,}{report.failed:>8}{p50:>9}{p99:>9}  {dict(report.by_status)}")


async def main(arguments: argparse.Namespace) -> int:
    print_speed(await measure_speed(arguments.seconds))
    found = await measure_rolling(arguments.rolls, arguments.rate, arguments.post_rate)
    print_rolling(found)
    return 1 if found.gets.failed or found.posts.failed else 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.balancer", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each speed is measured")
    parser.add_argument("--rolls", type=int, default=20)
    parser.add_argument("--rate", type=float, default=300.0, help="GETs a second while tasks are replaced")
    parser.add_argument("--post-rate", type=float, default=15.0)
    parser.add_argument("--target", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--proxy", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    given = read_arguments()
    if given.target:
        asyncio.run(serve_target())
    elif given.proxy:
        asyncio.run(serve_balancer([int(port) for port in given.proxy.split(",")]))
    else:
        sys.exit(asyncio.run(main(given)))
