"""Everything that can go wrong between a caller and AWS, one kind at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from sandbox.world.faults import Fault
from tests.support.sandbox_aws import Sandbox, forward


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


def weight(sandbox: Sandbox, rule: str) -> int:
    [shown] = sandbox.elbv2.describe_rules(RuleArns=[rule])["Rules"]
    return int(shown["Actions"][0]["ForwardConfig"]["TargetGroups"][0]["Weight"])


@pytest.mark.parametrize(
    ("kind", "ecs_code", "elb_code", "status"),
    [
        ("throttle", "ThrottlingException", "Throttling", 400),
        ("denied", "AccessDeniedException", "AccessDenied", 400),
        ("server_error", "InternalFailure", "InternalFailure", 500),
    ],
)
def test_a_refusal_has_no_effect_and_speaks_its_services_language(
    sandbox: Sandbox, kind: str, ecs_code: str, elb_code: str, status: int
) -> None:
    sandbox.foundation()
    sandbox.world.faults.add(Fault(kind, mutating=True))  # type: ignore[arg-type]
    with pytest.raises(ClientError) as refused:
        sandbox.ecs.create_cluster(clusterName="prod")
    assert (code(refused), refused.value.response["ResponseMetadata"]["HTTPStatusCode"]) == (ecs_code, status)
    with pytest.raises(ClientError) as refused:
        sandbox.elbv2.delete_load_balancer(LoadBalancerArn=sandbox.balancer)
    assert code(refused) == elb_code
    assert len(sandbox.ecs.list_clusters()["clusterArns"]) == 1
    assert len(sandbox.elbv2.describe_load_balancers()["LoadBalancers"]) == 1


def test_a_lost_answer_took_effect_and_a_timeout_did_not(sandbox: Sandbox) -> None:
    group, rule = sandbox.web()
    sandbox.world.faults.add(Fault("lost_answer", "elbv2", "ModifyRule", nth=1))
    sandbox.world.faults.add(Fault("timeout", "elbv2", "ModifyRule", nth=2))
    for wanted, found in ((10, 10), (20, 10)):
        with pytest.raises(ReadTimeoutError):
            sandbox.elbv2.modify_rule(RuleArn=rule, Actions=[forward({group: wanted})])
        assert weight(sandbox, rule) == found
    assert [record.outcome for record in sandbox.world.calls.of("elbv2", "ModifyRule")] == ["lost", "lost"]


def test_a_doubled_call_is_carried_out_twice(sandbox: Sandbox) -> None:
    sandbox.foundation()
    image = sandbox.push("web", "v1")
    sandbox.world.faults.add(Fault("doubled", "ecs", "RegisterTaskDefinition", times=1))
    assert sandbox.define(image).endswith("web:2")
    assert sandbox.define(image).endswith("web:3")


def test_a_delay_takes_time_on_the_clock(sandbox: Sandbox) -> None:
    sandbox.world.faults.add(Fault("delay", "ecs", seconds=7))
    before = sandbox.clock.now()
    sandbox.ecs.list_clusters()
    assert sandbox.clock.now() - before == timedelta(seconds=7)


def test_a_stale_answer_shows_how_things_were(sandbox: Sandbox) -> None:
    group, rule = sandbox.web()
    stale = sandbox.world.faults.add(Fault("stale", "elbv2", "DescribeRules", seconds=10))
    sandbox.elbv2.modify_rule(RuleArn=rule, Actions=[forward({group: 50})])
    sandbox.clock.advance(6)
    sandbox.elbv2.modify_rule(RuleArn=rule, Actions=[forward({group: 70})])
    assert weight(sandbox, rule) == 100
    sandbox.clock.advance(5)
    assert weight(sandbox, rule) == 50
    sandbox.clock.advance(6)
    assert weight(sandbox, rule) == 70
    sandbox.world.faults.remove(stale)
    assert weight(sandbox, rule) == 70


def test_a_stale_answer_can_be_counted_in_changes(sandbox: Sandbox) -> None:
    group, rule = sandbox.web()
    sandbox.settled("web")
    stale = sandbox.world.faults.add(Fault("stale", "elbv2", "DescribeRules", versions=1))
    for wanted in (50, 60, 70):
        sandbox.elbv2.modify_rule(RuleArn=rule, Actions=[forward({group: wanted})])
    assert weight(sandbox, rule) == 60
    stale.versions = 3
    assert weight(sandbox, rule) == 100


def test_health_checks_without_news_are_not_changes(sandbox: Sandbox) -> None:
    group, rule = sandbox.web()
    sandbox.settled("web")
    sandbox.world.faults.add(Fault("stale", "elbv2", "DescribeRules", versions=1))
    sandbox.clock.advance(5)
    sandbox.elbv2.modify_rule(RuleArn=rule, Actions=[forward({group: 50})])
    sandbox.clock.advance(60)
    assert weight(sandbox, rule) == 100


def test_a_reader_who_is_too_early_finds_the_foundation_only(sandbox: Sandbox) -> None:
    sandbox.web()
    sandbox.world.faults.add(Fault("missing", times=3))
    found = sandbox.ecs.describe_services(cluster="dev", services=["web"])
    assert found["failures"][0]["reason"] == "MISSING"
    assert sandbox.elbv2.describe_target_groups()["TargetGroups"] == []
    rules = sandbox.elbv2.describe_rules(ListenerArn=sandbox.listener)["Rules"]
    assert [rule["Priority"] for rule in rules] == ["default"]
    assert sandbox.service("web")["status"] == "ACTIVE"


def test_old_answers_are_for_readers_only(sandbox: Sandbox) -> None:
    sandbox.foundation()
    sandbox.world.faults.add(Fault("missing"))
    sandbox.world.faults.add(Fault("stale", versions=1))
    sandbox.ecs.create_cluster(clusterName="prod")
    assert sandbox.world.calls.of("ecs", "CreateCluster")[-1].fault == ""


def test_a_rule_strikes_the_nth_call_or_a_share_of_them(sandbox: Sandbox) -> None:
    nth = sandbox.world.faults.add(Fault("throttle", "ecs", "ListClusters", nth=(2, 3)))
    ended = []
    for _ in range(4):
        try:
            sandbox.ecs.list_clusters()
            ended.append("ok")
        except ClientError:
            ended.append("throttled")
    assert ended == ["ok", "throttled", "throttled", "ok"]
    assert (nth.seen, nth.struck) == (4, 2)


def test_the_same_seed_draws_the_same_faults() -> None:
    def outcomes(seed: int) -> list[str]:
        sandbox = Sandbox(seed=seed)
        sandbox.world.faults.add(Fault("throttle", rate=0.3))
        for _ in range(60):
            sandbox.world.perform("ecs", "ListClusters", {})
        return [record.outcome for record in sandbox.world.calls]

    assert outcomes(1) == outcomes(1)
    assert outcomes(1) != outcomes(2)
    assert 8 < outcomes(1).count("ThrottlingException") < 30
