"""What the comparison with other stand-ins for AWS, and with AWS's documents, has mended."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.support.sandbox_aws import NETWORK, Sandbox


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_tags_are_added_to_all_resources_or_to_none(sandbox: Sandbox) -> None:
    full, empty = sandbox.group("full"), sandbox.group("empty")
    sandbox.elbv2.add_tags(ResourceArns=[full], Tags=[{"Key": f"k{number}"} for number in range(50)])
    with pytest.raises(ClientError) as refused:
        sandbox.elbv2.add_tags(ResourceArns=[empty, full], Tags=[{"Key": "one-more"}])
    assert code(refused) == "TooManyTags"
    described = sandbox.elbv2.describe_tags(ResourceArns=[empty, full])["TagDescriptions"]
    assert [len(each["Tags"]) for each in described] == [0, 50]


def test_a_tag_key_comes_once(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError) as refused:
        sandbox.elbv2.add_tags(ResourceArns=[sandbox.group("blue")], Tags=[{"Key": "a"}, {"Key": "a"}])
    assert code(refused) == "DuplicateTagKeys"


def test_nothing_is_made_with_more_tags_than_allowed(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError) as refused:
        sandbox.group("blue", Tags=[{"Key": f"k{number}"} for number in range(51)])
    assert code(refused) == "TooManyTags"
    assert sandbox.elbv2.describe_target_groups()["TargetGroups"] == []


def test_a_new_balancer_is_provisioning_for_a_while(sandbox: Sandbox) -> None:
    made = sandbox.elbv2.create_load_balancer(Name="dev", Subnets=["subnet-1"])["LoadBalancers"][0]
    assert made["State"] == {"Code": "provisioning"}
    sandbox.clock.advance(2)
    [shown] = sandbox.elbv2.describe_load_balancers()["LoadBalancers"]
    assert shown["State"] == {"Code": "active"}


def test_a_balancer_may_be_deleted_before_it_is_set_up(sandbox: Sandbox) -> None:
    made = sandbox.elbv2.create_load_balancer(Name="dev", Subnets=["subnet-1"])["LoadBalancers"][0]
    sandbox.elbv2.delete_load_balancer(LoadBalancerArn=made["LoadBalancerArn"])
    sandbox.clock.advance(10)
    assert sandbox.elbv2.describe_load_balancers()["LoadBalancers"] == []


@pytest.mark.parametrize("matcher", ["600", "200-600", "ok", "199"])
def test_a_health_check_expects_a_status_between_200_and_499(sandbox: Sandbox, matcher: str) -> None:
    with pytest.raises(ClientError) as refused:
        sandbox.group("blue", Matcher={"HttpCode": matcher})
    assert code(refused) == "ValidationError"


def test_a_log_group_remembers_for_certain_numbers_of_days_only(sandbox: Sandbox) -> None:
    sandbox.logs.create_log_group(logGroupName="/ecs/a")
    with pytest.raises(ClientError) as refused:
        sandbox.logs.put_retention_policy(logGroupName="/ecs/a", retentionInDays=31)
    assert code(refused) == "InvalidParameterException"
    sandbox.logs.put_retention_policy(logGroupName="/ecs/a", retentionInDays=3653)


def test_both_arns_of_a_log_group_are_shown(sandbox: Sandbox) -> None:
    sandbox.logs.create_log_group(logGroupName="/ecs/a")
    [shown] = sandbox.logs.describe_log_groups()["logGroups"]
    assert shown["arn"] == shown["logGroupArn"] + ":*"
    assert shown["logGroupClass"] == "STANDARD"


def test_lines_that_are_put_are_read(sandbox: Sandbox) -> None:
    sandbox.logs.create_log_group(logGroupName="/ecs/a")
    stream = {"logGroupName": "/ecs/a", "logStreamName": "s"}
    sandbox.logs.create_log_stream(**stream)
    sandbox.logs.put_log_events(**stream, logEvents=[{"timestamp": 1, "message": "one"}])
    assert [each["message"] for each in sandbox.logs.get_log_events(**stream)["events"]] == ["one"]


def test_a_tasks_version_counts_its_events(sandbox: Sandbox) -> None:
    """The first event has version 1, and a stopped task was being taken apart before it stopped."""
    sandbox.foundation()
    task = sandbox.ecs.run_task(
        cluster="dev",
        taskDefinition=sandbox.define(sandbox.push("web", "v1")),
        launchType="FARGATE",
        networkConfiguration=NETWORK,
    )["tasks"][0]
    sandbox.clock.advance(5)
    sandbox.ecs.stop_task(cluster="dev", task=task["taskArn"])
    sandbox.clock.advance(5)
    events = sandbox.world.journal.of("ECS Task State Change")
    told = [(event.detail["lastStatus"], event.detail["version"]) for event in events]
    states = ("PROVISIONING", "PENDING", "RUNNING", "STOPPING", "DEPROVISIONING", "STOPPED")
    assert told == list(zip(states, range(1, 7), strict=True))
    [shown] = sandbox.ecs.describe_tasks(cluster="dev", tasks=[task["taskArn"]])["tasks"]
    assert (shown["version"], shown["enableExecuteCommand"]) == (6, False)
