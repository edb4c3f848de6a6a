"""Rules, groups and the health of targets, as boto3 sees them."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from sandbox.runtime.scripted import Script, never_healthy, sick_after
from tests.support.sandbox_aws import Sandbox, forward


@pytest.fixture
def sandbox() -> Sandbox:
    made = Sandbox()
    made.foundation()
    return made


def health(sandbox: Sandbox, group: str) -> list[tuple[str, str | None]]:
    found = sandbox.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return [(each["TargetHealth"]["State"], each["TargetHealth"].get("Reason")) for each in found]


def a_service(sandbox: Sandbox, script: Script, count: int = 1, **settings: object) -> str:
    """A service behind a rule; its group."""
    group = sandbox.group("blue")
    sandbox.rule(10, {group: 1})
    sandbox.serve("web", sandbox.define(sandbox.push("web", "v1", script)), group, count, **settings)
    return group


def test_weights_are_visible_at_once_and_replace_the_whole_action(sandbox: Sandbox) -> None:
    blue, green = sandbox.group("blue"), sandbox.group("green")
    rule = sandbox.rule(10, {blue: 100, green: 0})
    sandbox.elbv2.modify_rule(RuleArn=rule, Actions=[forward({blue: 90, green: 10})])
    [shown] = sandbox.elbv2.describe_rules(RuleArns=[rule])["Rules"]
    [action] = shown["Actions"]
    assert action["ForwardConfig"]["TargetGroups"] == [
        {"TargetGroupArn": blue, "Weight": 90},
        {"TargetGroupArn": green, "Weight": 10},
    ]
    assert "TargetGroupArn" not in action
    assert shown["Conditions"][0]["PathPatternConfig"] == {"Values": ["/*"]}


def test_a_rule_with_one_group_shows_it_both_ways(sandbox: Sandbox) -> None:
    blue = sandbox.group("blue")
    plain = {"Type": "forward", "TargetGroupArn": blue}
    rule = sandbox.rule(10, {blue: 7})
    sandbox.elbv2.modify_rule(RuleArn=rule, Actions=[plain])
    [action] = sandbox.elbv2.describe_rules(RuleArns=[rule])["Rules"][0]["Actions"]
    assert action["TargetGroupArn"] == blue
    assert action["ForwardConfig"]["TargetGroups"] == [{"TargetGroupArn": blue, "Weight": 1}]


def test_priorities_are_unique_and_the_default_comes_last(sandbox: Sandbox) -> None:
    blue = sandbox.group("blue")
    sandbox.rule(20, {blue: 1})
    sandbox.rule(3, {blue: 1}, "/api/*")
    with pytest.raises(sandbox.elbv2.exceptions.PriorityInUseException):
        sandbox.rule(20, {blue: 1})
    rules = sandbox.elbv2.describe_rules(ListenerArn=sandbox.listener)["Rules"]
    assert [rule["Priority"] for rule in rules] == ["3", "20", "default"]
    with pytest.raises(sandbox.elbv2.exceptions.OperationNotPermittedException):
        sandbox.elbv2.delete_rule(RuleArn=rules[-1]["RuleArn"])


def test_priorities_can_be_exchanged(sandbox: Sandbox) -> None:
    blue = sandbox.group("blue")
    first, second = sandbox.rule(1, {blue: 1}), sandbox.rule(2, {blue: 1}, "/api/*")
    sandbox.elbv2.set_rule_priorities(
        RulePriorities=[{"RuleArn": first, "Priority": 2}, {"RuleArn": second, "Priority": 1}]
    )
    rules = sandbox.elbv2.describe_rules(ListenerArn=sandbox.listener)["Rules"]
    assert [rule["RuleArn"] for rule in rules[:2]] == [second, first]


def test_a_number_that_is_taken_moves_nothing(sandbox: Sandbox) -> None:
    blue = sandbox.group("blue")
    first, second, third = (sandbox.rule(number, {blue: 1}, f"/{number}") for number in (1, 2, 3))
    with pytest.raises(sandbox.elbv2.exceptions.PriorityInUseException):
        sandbox.elbv2.set_rule_priorities(
            RulePriorities=[{"RuleArn": first, "Priority": 9}, {"RuleArn": second, "Priority": 3}]
        )
    with pytest.raises(sandbox.elbv2.exceptions.RuleNotFoundException):
        sandbox.elbv2.set_rule_priorities(
            RulePriorities=[{"RuleArn": first, "Priority": 9}, {"RuleArn": f"{third}0", "Priority": 10}]
        )
    rules = sandbox.elbv2.describe_rules(ListenerArn=sandbox.listener)["Rules"]
    assert [(rule["RuleArn"], rule["Priority"]) for rule in rules[:3]] == [(first, "1"), (second, "2"), (third, "3")]


def test_conditions_are_replaced_whole_and_actions_stay(sandbox: Sandbox) -> None:
    rule = sandbox.rule(10, {sandbox.group("blue"): 7})
    [before] = sandbox.elbv2.describe_rules(RuleArns=[rule])["Rules"]
    host = {"Field": "host-header", "HostHeaderConfig": {"Values": ["captions.example.com"]}}
    sandbox.elbv2.modify_rule(RuleArn=rule, Conditions=[host])
    [after] = sandbox.elbv2.describe_rules(RuleArns=[rule])["Rules"]
    assert after["Conditions"] == [{**host, "Values": ["captions.example.com"]}]
    assert (after["Actions"], after["Priority"]) == (before["Actions"], before["Priority"])


def test_what_is_shown_of_a_condition_cannot_be_sent_back(sandbox: Sandbox) -> None:
    """Values are shown twice, and refused when they are given twice."""
    rule = sandbox.rule(10, {sandbox.group("blue"): 1})
    [shown] = sandbox.elbv2.describe_rules(RuleArns=[rule])["Rules"]
    with pytest.raises(ClientError, match="cannot provide both Values and 'PathPatternConfig'") as refused:
        sandbox.elbv2.modify_rule(RuleArn=rule, Conditions=shown["Conditions"])
    assert refused.value.response["Error"]["Code"] == "ValidationError"


def test_two_rules_may_ask_for_the_same(sandbox: Sandbox) -> None:
    blue, green = sandbox.group("blue"), sandbox.group("green")
    sandbox.rule(10, {blue: 1}, "/api/*")
    sandbox.rule(9, {green: 1}, "/api/*")
    rules = sandbox.elbv2.describe_rules(ListenerArn=sandbox.listener)["Rules"]
    assert [rule["Priority"] for rule in rules] == ["9", "10", "default"]


@pytest.mark.parametrize(
    ("weights", "error"),
    [({"blue": 1000}, "ValidationError"), ({"none": 1}, "TargetGroupNotFound"), ({}, "ValidationError")],
)
def test_an_action_that_makes_no_sense_is_refused(sandbox: Sandbox, weights: dict[str, int], error: str) -> None:
    blue = sandbox.group("blue")
    with pytest.raises(ClientError) as refused:
        sandbox.rule(10, {blue if name == "blue" else name: weight for name, weight in weights.items()})
    assert refused.value.response["Error"]["Code"] == error
    assert len(sandbox.elbv2.describe_rules(ListenerArn=sandbox.listener)["Rules"]) == 1


def test_an_action_has_at_most_five_groups(sandbox: Sandbox) -> None:
    groups = [sandbox.group(f"g{number}") for number in range(6)]
    with pytest.raises(sandbox.elbv2.exceptions.TooManyTargetGroupsException):
        sandbox.rule(10, dict.fromkeys(groups, 1))


def test_a_group_serves_one_balancer_only(sandbox: Sandbox) -> None:
    blue = sandbox.group("blue")
    sandbox.rule(10, {blue: 1})
    other = sandbox.elbv2.create_load_balancer(Name="other", Subnets=["subnet-1"])["LoadBalancers"][0]
    with pytest.raises(sandbox.elbv2.exceptions.TargetGroupAssociationLimitException):
        sandbox.elbv2.create_listener(
            LoadBalancerArn=other["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[forward({blue: 1})]
        )


def test_group_names_are_short_and_creating_the_same_again_is_harmless(sandbox: Sandbox) -> None:
    assert sandbox.group("blue") == sandbox.group("blue")
    with pytest.raises(sandbox.elbv2.exceptions.DuplicateTargetGroupNameException):
        sandbox.group("blue", Port=9)
    for name in ("a" * 33, "-blue", "blue_1"):
        with pytest.raises(ClientError, match="Target group name"):
            sandbox.group(name)


def test_a_group_in_use_cannot_be_deleted(sandbox: Sandbox) -> None:
    blue = sandbox.group("blue")
    rule = sandbox.rule(10, {blue: 0})
    with pytest.raises(sandbox.elbv2.exceptions.ResourceInUseException):
        sandbox.elbv2.delete_target_group(TargetGroupArn=blue)
    sandbox.elbv2.delete_rule(RuleArn=rule)
    sandbox.elbv2.delete_target_group(TargetGroupArn=blue)
    with pytest.raises(sandbox.elbv2.exceptions.TargetGroupNotFoundException):
        sandbox.elbv2.describe_target_groups(TargetGroupArns=[blue])


def test_the_first_success_makes_a_new_target_healthy(sandbox: Sandbox) -> None:
    answered: list[float] = []

    def good(age: float) -> int:
        answered.append(age)
        return 200

    group = a_service(sandbox, Script(boot_seconds=7, health=good))
    sandbox.clock.advance(4)
    assert health(sandbox, group) == [("initial", "Elb.InitialHealthChecking")]
    sandbox.clock.run_until(lambda: health(sandbox, group) == [("healthy", None)])
    assert len(answered) == 1


def test_failures_count_only_a_whole_interval_apart(sandbox: Sandbox) -> None:
    group = a_service(sandbox, Script(health=never_healthy()), healthCheckGracePeriodSeconds=600)
    registered = sandbox.clock.run_until(lambda: bool(health(sandbox, group)))
    took = sandbox.clock.run_until(lambda: health(sandbox, group)[0][0] == "unhealthy")
    assert registered < 5
    assert 10 <= took < 13
    assert health(sandbox, group) == [("unhealthy", "Target.ResponseCodeMismatch")]


def test_a_target_recovers_after_as_many_successes_as_the_group_asks_for(sandbox: Sandbox) -> None:
    def sick_for_a_while(age: float) -> int:
        return 500 if 20 <= age < 40 else 200

    group = a_service(sandbox, Script(health=sick_for_a_while), healthCheckGracePeriodSeconds=600)
    sandbox.clock.run_until(lambda: health(sandbox, group) == [("unhealthy", "Target.ResponseCodeMismatch")])
    assert 15 < sandbox.clock.run_until(lambda: health(sandbox, group) == [("healthy", None)]) < 26


def test_slow_and_closed_targets_say_why_they_are_unhealthy(sandbox: Sandbox) -> None:
    group = a_service(sandbox, Script(latency_seconds=3), healthCheckGracePeriodSeconds=600)
    sandbox.clock.advance(30)
    assert health(sandbox, group) == [("unhealthy", "Target.Timeout")]
    other = Sandbox()
    other.foundation()
    group = a_service(other, Script(boot_seconds=900), healthCheckGracePeriodSeconds=900)
    other.clock.advance(30)
    assert health(other, group) == [("unhealthy", "Target.FailedHealthChecks")]


def test_a_target_drains_until_nothing_is_in_flight(sandbox: Sandbox) -> None:
    group = a_service(sandbox, Script(drain_seconds=3))
    sandbox.settled("web")
    sandbox.update("web", desiredCount=0)
    sandbox.clock.advance(2)
    assert health(sandbox, group) == [("draining", "Target.DeregistrationInProgress")]
    assert sandbox.service("web")["runningCount"] == 0
    assert len(sandbox.runtime.running) == 1
    sandbox.clock.advance(3)
    assert (health(sandbox, group), sandbox.runtime.running) == ([], [])


def test_a_task_in_two_groups_ends_when_both_have_drained_it(sandbox: Sandbox) -> None:
    quick, slow = sandbox.group("quick"), sandbox.group("slow")
    delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "30"}
    sandbox.elbv2.modify_target_group_attributes(TargetGroupArn=slow, Attributes=[delay])
    sandbox.rule(10, {quick: 1, slow: 1})
    attached = [{"targetGroupArn": arn, "containerName": "web", "containerPort": 8000} for arn in (quick, slow)]
    image = sandbox.push("web", "v1", Script(drain_seconds=500))
    sandbox.serve("web", sandbox.define(image), None, count=1, loadBalancers=attached)
    sandbox.settled("web")
    sandbox.update("web", desiredCount=0)
    sandbox.clock.advance(20)
    assert (health(sandbox, quick), len(sandbox.runtime.running)) == ([], 1)
    sandbox.clock.advance(15)
    assert (health(sandbox, slow), sandbox.runtime.running) == ([], [])


def test_draining_ends_with_the_deregistration_delay_at_the_latest(sandbox: Sandbox) -> None:
    group = a_service(sandbox, Script(drain_seconds=500))
    sandbox.settled("web")
    sandbox.update("web", desiredCount=0)
    sandbox.clock.advance(9)
    assert health(sandbox, group) == [("draining", "Target.DeregistrationInProgress")]
    sandbox.clock.advance(3)
    assert health(sandbox, group) == []


def test_targets_of_a_group_that_no_rule_names_are_unused(sandbox: Sandbox) -> None:
    group = a_service(sandbox, Script())
    sandbox.settled("web")
    [rule] = sandbox.elbv2.describe_rules(ListenerArn=sandbox.listener)["Rules"][:1]
    sandbox.elbv2.delete_rule(RuleArn=rule["RuleArn"])
    assert health(sandbox, group) == [("unused", "Target.NotInUse")]
    sandbox.clock.advance(60)
    sandbox.rule(10, {group: 1})
    assert health(sandbox, group) == [("initial", "Elb.RegistrationInProgress")]
    sandbox.clock.advance(10)
    assert health(sandbox, group) == [("healthy", None)]
    assert len(sandbox.runtime.launches) == 1


def test_a_target_that_is_not_there_is_shown_as_such_when_asked_for(sandbox: Sandbox) -> None:
    group = sandbox.group("blue")
    asked = sandbox.elbv2.describe_target_health(TargetGroupArn=group, Targets=[{"Id": "10.9.9.9", "Port": 1}])
    [found] = asked["TargetHealthDescriptions"]
    assert found["TargetHealth"]["Reason"] == "Target.NotRegistered"


def test_a_target_registered_by_hand_without_a_listener_times_out(sandbox: Sandbox) -> None:
    group = sandbox.group("blue")
    sandbox.rule(10, {group: 1})
    sandbox.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.9.9.9", "Port": 80}])
    sandbox.clock.advance(20)
    assert health(sandbox, group) == [("unhealthy", "Target.Timeout")]
    sandbox.elbv2.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "10.9.9.9", "Port": 80}])
    sandbox.clock.advance(1)
    assert health(sandbox, group) == []


def test_changed_health_checks_hold_from_the_next_check(sandbox: Sandbox) -> None:
    group = a_service(sandbox, Script(health=sick_after(0, status=302)), healthCheckGracePeriodSeconds=600)
    sandbox.clock.advance(30)
    sandbox.elbv2.modify_target_group(TargetGroupArn=group, Matcher={"HttpCode": "200-399"})
    sandbox.clock.advance(15)
    assert health(sandbox, group) == [("healthy", None)]
    with pytest.raises(ClientError, match="smaller than the interval"):
        sandbox.elbv2.modify_target_group(TargetGroupArn=group, HealthCheckTimeoutSeconds=6)


def test_tags_are_described_twenty_at_a_time(sandbox: Sandbox) -> None:
    group = sandbox.group("blue", Tags=[{"Key": "managed-by", "Value": "tidegate"}])
    rule = sandbox.rule(10, {group: 1})
    sandbox.elbv2.add_tags(ResourceArns=[rule, sandbox.listener], Tags=[{"Key": "env", "Value": "dev"}])
    sandbox.elbv2.remove_tags(ResourceArns=[sandbox.listener], TagKeys=["env"])
    arns = [group, rule, sandbox.listener, sandbox.balancer]
    described = sandbox.elbv2.describe_tags(ResourceArns=arns)["TagDescriptions"]
    assert [each["Tags"] for each in described] == [
        [{"Key": "managed-by", "Value": "tidegate"}],
        [{"Key": "env", "Value": "dev"}],
        [],
        [],
    ]
    with pytest.raises(ClientError, match="At most 20"):
        sandbox.elbv2.describe_tags(ResourceArns=[rule] * 21)


def test_a_balancer_takes_a_hundred_rules(sandbox: Sandbox) -> None:
    blue = sandbox.group("blue")
    for priority in range(1, 101):
        sandbox.rule(priority, {blue: 1})
    with pytest.raises(sandbox.elbv2.exceptions.TooManyRulesException):
        sandbox.rule(101, {blue: 1})


def test_a_deleted_balancer_takes_listeners_and_rules_with_it(sandbox: Sandbox) -> None:
    blue = sandbox.group("blue")
    sandbox.rule(10, {blue: 1})
    sandbox.elbv2.delete_load_balancer(LoadBalancerArn=sandbox.balancer)
    assert sandbox.elbv2.describe_load_balancers()["LoadBalancers"] == []
    assert sandbox.elbv2.describe_target_groups()["TargetGroups"][0]["LoadBalancerArns"] == []
    with pytest.raises(sandbox.elbv2.exceptions.ListenerNotFoundException):
        sandbox.elbv2.describe_rules(ListenerArn=sandbox.listener)
    sandbox.elbv2.delete_target_group(TargetGroupArn=blue)


def test_a_listener_can_be_changed_and_deleted(sandbox: Sandbox) -> None:
    blue = sandbox.group("blue")
    elbv2 = sandbox.elbv2
    elbv2.modify_listener(ListenerArn=sandbox.listener, Port=8080, DefaultActions=[forward({blue: 1})])
    [shown] = elbv2.describe_listeners(LoadBalancerArn=sandbox.balancer)["Listeners"]
    assert (shown["Port"], shown["DefaultActions"][0]["TargetGroupArn"]) == (8080, blue)
    with pytest.raises(elbv2.exceptions.DuplicateListenerException):
        elbv2.create_listener(
            LoadBalancerArn=sandbox.balancer, Protocol="HTTP", Port=8080, DefaultActions=[forward({blue: 1})]
        )
    elbv2.delete_listener(ListenerArn=sandbox.listener)
    assert sandbox.world.traffic.listeners() == ()
    elbv2.delete_target_group(TargetGroupArn=blue)
