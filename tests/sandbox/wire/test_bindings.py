"""Three ways to the same world: before a call is serialized, as wire bytes, and over HTTP."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import uvicorn
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError, ReadTimeoutError

from sandbox.clock import LoopClock, VirtualClock
from sandbox.runtime.scripted import Script, ScriptedRuntime
from sandbox.wire.inprocess import bind, bind_bytes
from sandbox.wire.server import Application, application
from sandbox.world.faults import Fault
from sandbox.world.world import World
from tests.support.sandbox_aws import Sandbox, a_session

ONE_ATTEMPT = Config(retries={"total_max_attempts": 1}, read_timeout=0.5)


class Announced(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, listens: threading.Event) -> None:
        super().__init__(config)
        self._listens = listens

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listens.set()


class Served:
    """A world on a loop of its own, behind uvicorn."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(10)

    async def _serve(self) -> None:
        clock = LoopClock()
        quick = Script(start_seconds=0.02, boot_seconds=0.02)
        self.world = World(clock, ScriptedRuntime(clock, quick), speed=50)
        self.application: Application = application(self.world)
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.server = Announced(uvicorn.Config(self.application, log_level="warning", lifespan="off"), self._ready)
        await self.server.serve(sockets=[listening])

    def stop(self) -> None:
        self.server.should_exit = True
        self._thread.join(10)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.stop()


@pytest.fixture
def clients(served: Served) -> dict[str, Any]:
    """A maker of clients for each binding, each with a world of its own."""
    served.world.faults.clear()

    def in_process(name: str) -> Any:
        client = a_session().client(name)
        bind(client, inner)
        return client

    def as_bytes(name: str) -> Any:
        client = a_session().client(name, config=ONE_ATTEMPT)
        bind_bytes(client, outer)
        return client

    def over_http(name: str) -> Any:
        return a_session().client(name, endpoint_url=served.url, config=ONE_ATTEMPT)

    inner, outer = (World(clock, ScriptedRuntime(clock)) for clock in (VirtualClock(), VirtualClock()))
    return {"call": in_process, "bytes": as_bytes, "http": over_http}


def without_chance(value: Any) -> Any:
    """An answer without what differs from world to world: ids, times, and what the transport adds."""
    if isinstance(value, dict):
        return {key: without_chance(each) for key, each in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list):
        return [without_chance(each) for each in value]
    if isinstance(value, datetime):
        assert value.tzinfo is not None
        return "a time"
    if isinstance(value, str) and value.startswith(("arn:", "vpc-", "dev-")):
        return value[:12]
    return value


def a_conversation(client: Any) -> list[Any]:
    """One of everything: structures, lists, maps, numbers, booleans, times, text that needs escaping."""
    ecs, elbv2, logs = client("ecs"), client("elbv2"), client("logs")
    said = [ecs.create_cluster(clusterName="dev", tags=[{"key": "who", "value": "ä & <b>"}])]
    said.append(ecs.describe_clusters(clusters=["dev", "none"], include=["TAGS"]))
    container = {
        "name": "web",
        "image": "example.test/web:1",
        "portMappings": [{"containerPort": 8000}],
        "dockerLabels": {"a": "1", "b": "2"},
    }
    made = ecs.register_task_definition(family="web", containerDefinitions=[container], cpu="256", memory="512")
    said.append(made)
    balancer = elbv2.create_load_balancer(Name="dev", Subnets=["s-1", "s-2"])
    said.append(balancer)
    fixed = {"StatusCode": "404", "MessageBody": "<none> & nothing"}
    listener = elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
        Port=80,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": fixed}],
    )
    said.append(listener)
    said.append(elbv2.create_target_group(Name="blue", Protocol="HTTP", Port=80, VpcId="v", TargetType="ip"))
    said.append(elbv2.describe_rules(ListenerArn=listener["Listeners"][0]["ListenerArn"]))
    said.append(elbv2.describe_target_groups(Names=["blue"]))
    said.append(client("sts").get_caller_identity())
    logs.create_log_group(logGroupName="/web")
    said.append(logs.filter_log_events(logGroupName="/web"))
    scheduler = client("scheduler")
    group = scheduler.create_schedule_group(Name="dev", Tags=[{"Key": "who", "Value": "ä/b"}])["ScheduleGroupArn"]
    said.append(scheduler.list_tags_for_resource(ResourceArn=group))
    said.append(scheduler.list_schedules(GroupName="dev", MaxResults=5))
    return [without_chance(each) for each in said]


def test_all_bindings_hold_the_same_conversation(clients: dict[str, Any]) -> None:
    by_call = a_conversation(clients["call"])
    assert by_call == a_conversation(clients["bytes"])
    assert by_call == a_conversation(clients["http"])


@pytest.mark.parametrize("binding", ["call", "bytes", "http"])
def test_errors_are_botocores_own_exceptions(clients: dict[str, Any], binding: str) -> None:
    ecs, elbv2 = clients[binding]("ecs"), clients[binding]("elbv2")
    with pytest.raises(ecs.exceptions.ClusterNotFoundException) as refused:
        ecs.describe_services(cluster="none", services=["web"])
    assert refused.value.response["Error"]["Message"] == "Cluster not found."
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(elbv2.exceptions.TargetGroupNotFoundException, match="One or more target groups not found"):
        elbv2.describe_target_groups(Names=["none"])
    with pytest.raises(ParamValidationError):
        ecs.describe_services(services="web")


@pytest.mark.parametrize("binding", ["call", "bytes", "http"])
def test_an_operation_that_is_not_built_answers_clearly(clients: dict[str, Any], binding: str) -> None:
    for name, operation, code in (
        ("ecs", "list_account_settings", "UnknownOperationException"),
        ("elbv2", "describe_account_limits", "InvalidAction"),
    ):
        with pytest.raises(ClientError, match="does not answer") as refused:
            getattr(clients[binding](name), operation)()
        assert refused.value.response["Error"]["Code"] == code


@pytest.mark.parametrize("binding", ["bytes", "http"])
def test_a_service_that_is_not_built_answers_in_its_protocol(clients: dict[str, Any], binding: str) -> None:
    for name, operation in (("sqs", "list_queues"), ("iam", "list_roles")):
        with pytest.raises(ClientError, match="does not answer"):
            getattr(clients[binding](name), operation)()


@pytest.mark.parametrize("binding", ["call", "bytes", "http"])
def test_a_lost_answer_is_a_timeout(clients: dict[str, Any], served: Served, binding: str) -> None:
    if binding == "http":
        served.world.faults.add(Fault("lost_answer", operation="ListClusters"))
        client = clients[binding]("ecs")
    else:
        sandbox = Sandbox()
        sandbox.world.faults.add(Fault("lost_answer", operation="ListClusters"))
        client = a_session().client("ecs", config=ONE_ATTEMPT)
        (bind if binding == "call" else bind_bytes)(client, sandbox.world)
    with pytest.raises(ReadTimeoutError):
        client.list_clusters()


def test_botocore_retries_what_was_throttled_on_the_wire() -> None:
    sandbox = Sandbox()
    throttled = sandbox.world.faults.add(Fault("throttle", operation="ListClusters", times=1))
    client = a_session().client("ecs", config=Config(retries={"mode": "standard", "total_max_attempts": 2}))
    bind_bytes(client, sandbox.world)
    assert client.list_clusters()["ResponseMetadata"]["RetryAttempts"] == 1
    assert throttled.struck == 1


def test_a_whole_rollout_goes_over_http(served: Served) -> None:
    served.world.faults.clear()
    sandbox = Sandbox()
    sandbox.world, sandbox.runtime = served.world, served.world.runtime  # type: ignore[assignment]
    for name in ("ecs", "elbv2", "ecr"):
        sandbox._clients[name] = a_session("eu-north-1").client(name, endpoint_url=served.url)
    before = served.application.front.checked
    group, _ = sandbox.web()
    waiting = {"Delay": 1, "MaxAttempts": 20}
    sandbox.ecs.get_waiter("services_stable").wait(cluster="dev", services=["web"], WaiterConfig=waiting)
    sandbox.elbv2.get_waiter("target_in_service").wait(TargetGroupArn=group, WaiterConfig=waiting)
    assert sandbox.states(group) == ["healthy", "healthy"]
    assert served.application.front.checked > before + 10
