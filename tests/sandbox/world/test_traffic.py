"""What a balancer reads: rules in order, groups with targets, the same objects until something changes."""

from __future__ import annotations

import pytest

from sandbox.runtime.scripted import Script
from sandbox.world.view import Condition, FixedResponse, Forward, Redirect, WeightedGroup
from tests.support.sandbox_aws import Sandbox, forward


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


def test_listeners_rules_and_targets_can_be_read(sandbox: Sandbox) -> None:
    group, rule = sandbox.web()
    sandbox.settled("web")
    traffic = sandbox.world.traffic
    [listener] = traffic.listeners()
    assert (listener.arn, listener.port, listener.load_balancer_name) == (sandbox.listener, 80, "dev")
    first, default = traffic.rules(listener.arn)
    assert (first.arn, first.priority, first.conditions) == (rule, 10, (Condition("path", ("/*",)),))
    assert first.action == Forward((WeightedGroup(group, 100),))
    assert (default.priority, default.action) == (None, FixedResponse(404))
    seen = traffic.group(group)
    assert seen is not None
    assert [each.state for each in seen.targets] == ["healthy", "healthy"]
    assert {each.endpoint.port for each in seen.targets if each.endpoint} == {8000}


def test_nothing_is_rebuilt_until_something_changes(sandbox: Sandbox) -> None:
    group, rule = sandbox.web()
    sandbox.settled("web")
    traffic = sandbox.world.traffic
    version, rules, seen = traffic.version, traffic.rules(sandbox.listener), traffic.group(group)
    sandbox.clock.advance(60)
    assert (traffic.version, traffic.rules(sandbox.listener), traffic.group(group)) == (version, rules, seen)
    assert traffic.group(group) is seen
    sandbox.elbv2.modify_rule(RuleArn=rule, Actions=[forward({group: 5})])
    assert traffic.version > version
    assert traffic.rules(sandbox.listener) != rules


def test_a_changed_rule_can_be_told_to_lag(sandbox: Sandbox) -> None:
    group, rule = sandbox.web()
    sandbox.world.faults.weights_lag_seconds = 4
    sandbox.elbv2.modify_rule(RuleArn=rule, Actions=[forward({group: 5})])
    [shown] = sandbox.elbv2.describe_rules(RuleArns=[rule])["Rules"]
    assert shown["Actions"][0]["ForwardConfig"]["TargetGroups"][0]["Weight"] == 5
    sandbox.clock.advance(3)
    assert sandbox.world.traffic.rules(sandbox.listener)[0].action == Forward((WeightedGroup(group, 100),))
    sandbox.clock.advance(2)
    assert sandbox.world.traffic.rules(sandbox.listener)[0].action == Forward((WeightedGroup(group, 5),))


def test_a_draining_target_stays_visible_until_it_is_gone(sandbox: Sandbox) -> None:
    group, _ = sandbox.web(count=1, script=Script(drain_seconds=3))
    sandbox.settled("web")
    sandbox.update("web", desiredCount=0)
    sandbox.clock.advance(2)
    states = [each.state for each in sandbox.world.traffic.group(group).targets]  # type: ignore[union-attr]
    assert states == ["draining"]
    sandbox.clock.advance(5)
    assert sandbox.world.traffic.group(group).targets == ()  # type: ignore[union-attr]


def test_every_kind_of_condition_and_action_is_read(sandbox: Sandbox) -> None:
    sandbox.foundation()
    conditions = [
        {"Field": "host-header", "HostHeaderConfig": {"Values": ["*.example.com"]}},
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Smoke", "Values": ["s3cret"]}},
        {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}},
        {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "2"}]}},
        {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}},
    ]
    redirect = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "StatusCode": "HTTP_301"}}
    sandbox.elbv2.create_rule(ListenerArn=sandbox.listener, Priority=1, Conditions=conditions, Actions=[redirect])
    rule = sandbox.world.traffic.rules(sandbox.listener)[0]
    assert rule.action == Redirect(301, protocol="HTTPS")
    assert rule.conditions == (
        Condition("host", ("*.example.com",)),
        Condition("header", ("s3cret",), name="X-Smoke"),
        Condition("method", ("GET",)),
        Condition("query", pairs=(("v", "2"),)),
        Condition("source", ("10.0.0.0/8",)),
    )


def test_sticky_groups_and_targets_are_told(sandbox: Sandbox) -> None:
    group, rule = sandbox.web()
    action = forward({group: 1})
    action["ForwardConfig"]["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": 60}
    sandbox.elbv2.modify_rule(RuleArn=rule, Actions=[action])
    sandbox.elbv2.modify_target_group_attributes(
        TargetGroupArn=group, Attributes=[{"Key": "stickiness.enabled", "Value": "true"}]
    )
    assert sandbox.world.traffic.rules(sandbox.listener)[0].action.stickiness_seconds == 60  # type: ignore[union-attr]
    assert sandbox.world.traffic.group(group).stickiness_seconds == 86400  # type: ignore[union-attr]


def test_what_is_not_there_is_not_seen(sandbox: Sandbox) -> None:
    assert sandbox.world.traffic.rules("arn:none") == ()
    assert sandbox.world.traffic.group("arn:none") is None
    assert sandbox.world.traffic.listeners() == ()
