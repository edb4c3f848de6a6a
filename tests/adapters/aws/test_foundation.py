"""Foundation: tidegate.yaml's keys first, then the stack's outputs; what is missing is named."""

from __future__ import annotations

from typing import Any

import pytest

from controller.domain.errors import Blocked, Transient
from sandbox.world.faults import Fault
from tests.adapters.aws.rig import CLUSTER, EXECUTION, STACK, Rig
from tests.support.sandbox_aws import ACCOUNT, REGION


def test_the_outputs_of_the_stack_make_the_foundation(rig: Rig) -> None:
    found = rig.cloud.looks.foundation()
    assert (found.account, found.region, found.stack) == (ACCOUNT, REGION, STACK)
    assert (found.cluster, found.listener, found.vpc) == (CLUSTER, rig.listener, "vpc-1")
    assert (found.subnets, found.security_groups) == (("subnet-1", "subnet-2"), ("sg-1",))
    assert found.execution_role == EXECUTION


def test_the_entrance_is_the_balancer_with_the_listeners_scheme_and_port(rig: Rig) -> None:
    balancer = rig.sandbox.elbv2.describe_load_balancers()["LoadBalancers"][0]
    assert rig.cloud.looks.foundation().entrance == f"http://{balancer['DNSName']}:80"


def test_a_key_of_the_binding_wins_over_the_output(rig: Rig) -> None:
    cloud = rig.clouds.of(rig.binding(cluster="other", subnets=("subnet-9",)))
    found = cloud.looks.foundation()
    assert (found.cluster, found.subnets, found.vpc) == ("other", ("subnet-9",), "vpc-1")


def test_a_topic_for_alarms_may_be_there_or_not(rig: Rig) -> None:
    topic, other = (f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}" for name in ("on-call", "other"))
    assert rig.cloud.looks.foundation().alarm_topic is None
    rig.seed_stack({**rig.outputs, "AlarmTopic": topic})
    assert rig.stranger().looks.foundation().alarm_topic == topic
    assert rig.clouds.of(rig.binding(alarm_topic=other)).looks.foundation().alarm_topic == other


def test_without_a_stack_the_keys_are_enough_and_the_environment_names_the_place(rig: Rig) -> None:
    keys: dict[str, Any] = {
        "stack": None,
        "cluster": CLUSTER,
        "listener": rig.listener,
        "subnets": ("subnet-1",),
        "security_groups": ("sg-1",),
        "execution_role": EXECUTION,
        "vpc": "vpc-1",
    }
    assert rig.clouds.of(rig.binding(**keys)).looks.foundation().stack == "dev"
    assert "DescribeStacks" not in rig.operations()


@pytest.mark.parametrize(
    ("output", "key"),
    [("Cluster", "cluster"), ("SecurityGroups", "security_groups"), ("ExecutionRole", "execution_role")],
)
def test_a_missing_output_is_named_with_the_key_that_helps(rig: Rig, output: str, key: str) -> None:
    rig.seed_stack({name: value for name, value in rig.outputs.items() if name != output})
    with pytest.raises(Blocked) as raised:
        rig.cloud.looks.foundation()
    assert f"stack captioncraft-dev has no output {output}." in str(raised.value)
    assert f"set environments.dev.aws.{key} in tidegate.yaml" in str(raised.value)
    assert raised.value.code == "foundation.output_missing"


def test_a_missing_stack_is_named(rig: Rig) -> None:
    with pytest.raises(Blocked, match="stack elsewhere in 123456789012 eu-west-1") as raised:
        rig.clouds.of(rig.binding(stack="elsewhere")).looks.foundation()
    assert raised.value.code == "foundation.stack_missing"


def test_things_of_another_account_are_refused(rig: Rig) -> None:
    rig.seed_stack({**rig.outputs, "ExecutionRole": "arn:aws:iam::999999999999:role/execution"})
    with pytest.raises(Blocked, match="is not in account 123456789012"):
        rig.cloud.looks.foundation()


def test_it_is_remembered_for_a_few_minutes(rig: Rig) -> None:
    rig.cloud.looks.foundation()
    rig.clock.advance(299)
    rig.cloud.looks.foundation()
    assert len(rig.calls("DescribeStacks")) == 1
    rig.clock.advance(1)
    rig.cloud.looks.foundation()
    assert len(rig.calls("DescribeStacks")) == 2


def test_an_error_is_not_remembered(rig: Rig) -> None:
    rig.world.faults.add(Fault(kind="throttle", operation="DescribeStacks", nth=1))
    with pytest.raises(Transient):
        rig.cloud.looks.foundation()
    assert rig.cloud.looks.foundation().cluster == CLUSTER
