"""One choke point: what every call has in common, whatever it asks for."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from sandbox.clock import VirtualClock
from sandbox.runtime.scripted import Script, ScriptedRuntime
from sandbox.wire.inprocess import bind
from sandbox.world.errors import AwsError, CallLost
from sandbox.world.faults import Fault
from sandbox.world.ports import WorldEvent
from sandbox.world.world import World
from tests.support.sandbox_aws import ACCOUNT, Sandbox, a_session


@pytest.fixture
def world() -> World:
    clock = VirtualClock()
    return World(clock, ScriptedRuntime(clock))


def test_a_call_answers_or_raises_what_aws_would(world: World) -> None:
    made = world.call("ecs", "CreateCluster", {"clusterName": "dev"})
    assert made["cluster"]["clusterArn"] == f"arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/dev"
    with pytest.raises(AwsError) as refused:
        world.call("ecs", "ListServices", {"cluster": "none"})
    assert (refused.value.code, refused.value.http_status) == ("ClusterNotFoundException", 400)
    world.faults.add(Fault("timeout"))
    with pytest.raises(CallLost) as lost:
        world.call("ecs", "ListClusters", {})
    assert not lost.value.took_effect


def test_what_is_not_built_is_said_by_name(world: World) -> None:
    with pytest.raises(AwsError, match="sandbox's ecs does not answer CreateDaemon"):
        world.call("ecs", "CreateDaemon", {})
    with pytest.raises(AwsError, match="does not answer sqs"):
        world.call("sqs", "ListQueues", {})


def test_neither_questions_nor_answers_are_shared(world: World) -> None:
    settings = [{"name": "containerInsights", "value": "enabled"}]
    answer = world.call("ecs", "CreateCluster", {"clusterName": "dev", "settings": settings})
    settings[0]["value"] = answer["cluster"]["settings"][0]["value"] = "changed"
    found = world.call("ecs", "DescribeClusters", {"clusters": ["dev"], "include": ["SETTINGS"]})
    assert found["clusters"][0]["settings"] == [{"name": "containerInsights", "value": "enabled"}]


def test_every_call_is_written_down(world: World) -> None:
    world.call("ecs", "CreateCluster", {"clusterName": "dev"}, region="eu-central-1")
    world.call("ecs", "ListClusters", {})
    world.faults.add(Fault("denied", operation="DeleteCluster"))
    world.perform("ecs", "DeleteCluster", {"cluster": "dev"})
    made, listed, denied = world.calls
    assert (made.operation, made.mutating, made.outcome, made.region) == ("CreateCluster", True, "ok", "eu-central-1")
    assert (listed.mutating, listed.parameters) == (False, {})
    assert (denied.outcome, denied.fault) == ("AccessDeniedException", "denied")
    assert [record.operation for record in world.calls.mutating()] == ["CreateCluster", "DeleteCluster"]
    world.calls.clear()
    assert (len(world.calls), world.calls.total) == (0, 3)


def test_regions_and_accounts_know_nothing_of_each_other() -> None:
    sandbox = Sandbox()
    sandbox.foundation()
    abroad, other = a_session("us-east-1"), a_session(access_key="999999999999")
    for session in (abroad, other):
        bind(session, sandbox.world)
        assert session.client("ecs").list_clusters()["clusterArns"] == []
        assert session.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    made = other.client("ecs").create_cluster(clusterName="dev")["cluster"]
    assert ":999999999999:" in made["clusterArn"]
    assert sandbox.ecs.list_clusters()["clusterArns"] != [made["clusterArn"]]


def test_an_assumed_role_acts_in_its_account() -> None:
    sandbox = Sandbox()
    role = "arn:aws:iam::222222222222:role/tidegate"
    given = sandbox.sts.assume_role(RoleArn=role, RoleSessionName="pass-1")["Credentials"]
    session = a_session(access_key=given["AccessKeyId"])
    bind(session, sandbox.world)
    who = session.client("sts").get_caller_identity()
    assert (who["Account"], who["Arn"]) == ("222222222222", "arn:aws:sts::222222222222:assumed-role/tidegate/pass-1")
    assert ":222222222222:" in session.client("ecs").create_cluster()["cluster"]["clusterArn"]
    with pytest.raises(ClientError, match="is invalid"):
        sandbox.sts.assume_role(RoleArn="arn:aws:iam::2:user/somebody", RoleSessionName="x1")


def a_story(seed: int) -> Sandbox:
    sandbox = Sandbox(seed=seed)
    sandbox.web()
    sandbox.settled("web")
    sandbox.update("web", taskDefinition=sandbox.define(sandbox.push("web", "bad", Script(ends_after_seconds=1))))
    sandbox.clock.advance(60)
    return sandbox


def test_the_same_seed_gives_the_same_events_and_another_gives_others() -> None:
    digests = [a_story(seed).world.journal.digest() for seed in (4, 4, 5)]
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def test_whoever_listens_is_told_each_event_in_order() -> None:
    told: list[WorldEvent] = []
    clock = VirtualClock()
    world = World(clock, ScriptedRuntime(clock), notify=told.append)
    world.call("ecr", "CreateRepository", {"repositoryName": "web"})
    world.call("ecr", "PutImage", {"repositoryName": "web", "imageManifest": "{}", "imageTag": "v1"})
    [event] = told
    assert (event.source, event.kind, event.detail["image-tag"]) == ("aws.ecr", "ECR Image Action", "v1")
    assert list(world.journal) == told
    assert world.journal.of("ECR Image Action") == told


def test_a_failed_deployment_is_an_error_event() -> None:
    sandbox = Sandbox(script=Script(ends_after_seconds=1))
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
    sandbox.web(deploymentConfiguration=breaker)
    sandbox.until("web", "FAILED")
    failed = sandbox.world.journal.of("ECS Deployment State Change")[-1]
    assert (failed.detail["eventType"], failed.detail["eventName"]) == ("ERROR", "SERVICE_DEPLOYMENT_FAILED")
    assert failed.detail["deploymentId"] == sandbox.primary("web")["id"]
