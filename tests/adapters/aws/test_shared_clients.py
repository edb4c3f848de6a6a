"""Roles share the clients of their region; each call is signed as the role it is made for."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.credentials import CredentialProvider
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from controller.adapters.aws import cloud as clouds
from controller.adapters.aws.calls import DESCRIBE_STACKS
from controller.adapters.aws.cloud import Clouds
from controller.adapters.aws.session import (
    CALLED,
    ENDPOINTS,
    Access,
    Callers,
    SessionClients,
    WhoeverSends,
    core_session,
    role_session,
    service_models,
)
from controller.domain.errors import Blocked
from sandbox.wire.inprocess import bind_bytes
from tests.support.builders import a_binding
from tests.support.database import MovedClock
from tests.support.sandbox_aws import ACCOUNT, REGION, Sandbox, a_session

ACCOUNTS = ("111111111111", "222222222222", "333333333333")
SERVICES = tuple(sorted(CALLED))


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


class Counted:
    """Sessions down to the bytes, and how many were opened."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.opened: list[str] = []

    def own(self, region: str) -> boto3.Session:
        return self._bound("own", a_session(region))

    def assumed(self, region: str, provider: CredentialProvider) -> boto3.Session:
        return self._bound("assumed", role_session(region, provider))

    def _bound(self, what: str, session: boto3.Session) -> boto3.Session:
        self.opened.append(what)
        bind_bytes(session, self._sandbox.world)
        return session


def access(account: str) -> Access:
    return Access(account, REGION, f"arn:aws:iam::{account}:role/tidegate", "tidegate-dev")


def ask(callers: Callers, account: str) -> None:
    with pytest.raises(Blocked):  # there is no such stack; who asked is what counts
        callers.of(access(account)).read(DESCRIBE_STACKS({"StackName": f"of-{account}"}), "a stack")


def test_many_roles_open_two_sessions_in_a_region(sandbox: Sandbox) -> None:
    counted = Counted(sandbox)
    callers = Callers(sandbox.clock.now, counted.own, counted.assumed)
    for account in ACCOUNTS:
        ask(callers, account)
    assert sorted(counted.opened) == ["assumed", "own"]


def test_each_call_is_signed_as_its_own_role_also_when_they_meet(sandbox: Sandbox) -> None:
    counted = Counted(sandbox)
    callers = Callers(sandbox.clock.now, counted.own, counted.assumed)
    start = threading.Barrier(len(ACCOUNTS))

    def work(account: str) -> None:
        start.wait()
        for _ in range(20):
            ask(callers, account)

    threads = [threading.Thread(target=work, args=(account,)) for account in ACCOUNTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked = sandbox.world.calls.of("cloudformation", "DescribeStacks")
    assert len(asked) == 60
    assert all(call.parameters["StackName"] == f"of-{call.account}" for call in asked)
    assert len(sandbox.world.calls.of("sts", "AssumeRole")) == 3


def test_a_shared_client_that_nobody_named_a_role_for_signs_nothing(sandbox: Sandbox) -> None:
    sender = WhoeverSends()
    with pytest.raises(AssertionError, match="without naming one"):
        sender.get_frozen_credentials()
    counted = Counted(sandbox)
    callers = Callers(sandbox.clock.now, counted.own, counted.assumed)
    ask(callers, ACCOUNTS[0])
    shared, _ = callers._role_clients[REGION]
    sandbox.world.calls.clear()
    with pytest.raises(AssertionError, match="without naming one"):
        shared.client("cloudformation", changes=False).describe_stacks(StackName="x")
    assert len(sandbox.world.calls) == 0, "least of all with the controller's own credentials"


def test_a_roles_credentials_are_asked_for_again_when_the_controllers_clock_says_that_they_expire(
    sandbox: Sandbox,
) -> None:
    counted = Counted(sandbox)
    callers = Callers(sandbox.clock.now, counted.own, counted.assumed)
    ask(callers, ACCOUNTS[0])
    sandbox.clock.advance(1800)
    ask(callers, ACCOUNTS[0])
    assert len(sandbox.world.calls.of("sts", "AssumeRole")) == 1
    sandbox.clock.advance(1800)
    ask(callers, ACCOUNTS[0])
    assert len(sandbox.world.calls.of("sts", "AssumeRole")) == 2


def test_new_credentials_that_have_expired_already_are_told_as_what_they_are(sandbox: Sandbox) -> None:
    counted = Counted(sandbox)
    callers = Callers(lambda: sandbox.clock.now() + timedelta(days=1), counted.own, counted.assumed)
    with pytest.raises(Blocked, match="still expired") as blocked:
        callers.of(access(ACCOUNTS[0])).read(DESCRIBE_STACKS({"StackName": "x"}), "a stack")
    assert blocked.value.code == "aws.credentials"


def test_accounts_without_a_role_share_the_controllers_own_clients(sandbox: Sandbox) -> None:
    counted = Counted(sandbox)
    callers = Callers(sandbox.clock.now, counted.own, counted.assumed)
    for account in ACCOUNTS:
        with pytest.raises(Blocked):
            callers.of(Access(account, REGION)).read(DESCRIBE_STACKS({"StackName": "x"}), "a stack")
    assert counted.opened == ["own"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_lean_model_says_the_same_of_what_is_called(service: str) -> None:
    lean = service_models().load_service_model(service, "service-2")
    whole = without(Loader().load_service_model(service, "service-2"))
    assert set(lean["operations"]) == CALLED[service]
    assert {**lean, "operations": 0, "shapes": 0} == {**whole, "operations": 0, "shapes": 0}
    for part in ("operations", "shapes"):
        assert lean[part].items() <= whole[part].items()


@pytest.mark.parametrize("service", SERVICES)
def test_a_lean_model_lacks_no_shape_of_what_is_called(service: str) -> None:
    lean = ServiceModel(service_models().load_service_model(service, "service-2"), service)
    seen: set[str] = set()
    for name in lean.operation_names:
        operation = lean.operation_model(name)
        for shape in (operation.input_shape, operation.output_shape, *operation.error_shapes):
            walk(shape, seen)
    assert seen


def walk(shape: Shape | None, seen: set[str]) -> None:
    """Down to every member: one that is missing raises."""
    if shape is None or shape.name in seen:
        return
    seen.add(shape.name)
    match shape:
        case StructureShape():
            parts = list(shape.members.values())
        case ListShape():
            parts = [shape.member]
        case MapShape():
            parts = [shape.key, shape.value]
        case _:
            parts = []
    for part in parts:
        walk(part, seen)


def test_the_endpoints_of_every_service_that_is_called_are_there() -> None:
    models = {service: service_models().load_service_model(service, "service-2") for service in SERVICES}
    assert {model["metadata"]["endpointPrefix"] for model in models.values()} == ENDPOINTS
    (partition,) = (one for one in service_models().load_data("endpoints")["partitions"] if one["partition"] == "aws")
    assert set(partition["services"]) == ENDPOINTS


def without(model: Any) -> Any:
    if isinstance(model, dict):
        kept = {key: value for key, value in model.items() if key != "documentation" or not isinstance(value, str)}
        return {key: without(value) for key, value in kept.items()}
    return [without(value) for value in model] if isinstance(model, list) else model


def test_clients_of_lean_models_work(sandbox: Sandbox) -> None:
    core = core_session()
    core.set_credentials(ACCOUNT, "x")
    session = boto3.Session(botocore_session=core, region_name=REGION)
    bind_bytes(session, sandbox.world)
    client = SessionClients(session).client("ecs", changes=False)
    with pytest.raises(ClientError, match="ClusterNotFound"):
        client.list_services(cluster="nowhere")


def test_only_so_many_clouds_are_kept_the_ones_used_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clouds, "KEPT", 2)
    kept = Clouds(MovedClock(), Callers(MovedClock().now, own=a_session))
    dev, staging, prod = (a_binding(name) for name in ("dev", "staging", "prod"))
    first = kept.of(dev)
    kept.of(staging)
    assert kept.of(dev) is first
    kept.of(prod)
    assert kept.of(dev) is first, "it was used last but one"
    assert len(kept._made) == 2
