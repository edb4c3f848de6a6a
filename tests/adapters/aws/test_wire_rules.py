"""Listener rules: whole actions are kept, only our weights change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controller.adapters.aws.wire import rules as wire
from controller.domain.manifest import Route
from controller.domain.names import TEST_HEADER
from controller.domain.secret import Secret
from controller.domain.slot import Slot

RULE = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/dev/1/2/3"
NAMES = {Slot.BLUE: "web-blue", Slot.GREEN: "web-green"}
BLUE, GREEN, FOREIGN = (
    f"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/{name}/1"
    for name in ("web-blue", "web-green", "x")
)
ARNS = {Slot.BLUE: BLUE, Slot.GREEN: GREEN}
SIGN_IN = {
    "Type": "authenticate-oidc",
    "Order": 1,
    "AuthenticateOidcConfig": {"Issuer": "https://id.example.com", "ClientId": "captions"},
}


def forward(*weights: tuple[str, int], **more: Any) -> dict[str, Any]:
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups, **more}}


def a_rule(*actions: dict[str, Any], conditions: Any = ()) -> wire.ListenerRule:
    shown: Any = {"RuleArn": RULE, "Priority": "1500", "Conditions": list(conditions), "Actions": list(actions)}
    rule = wire.read(shown)
    assert rule is not None
    return rule


def test_the_default_rule_is_none() -> None:
    shown: Any = {"RuleArn": RULE, "Priority": "default", "IsDefault": True, "Actions": []}
    assert wire.read(shown) is None


def test_new_weights_leave_everything_else_as_it_is() -> None:
    sticky = {"Enabled": True, "DurationSeconds": 60}
    action = {**forward((BLUE, 100), (FOREIGN, 5), TargetGroupStickinessConfig=sticky), "Order": 2}
    rule = a_rule(SIGN_IN, action)
    assert wire.with_weights(rule.actions, ARNS, {Slot.BLUE: 50, Slot.GREEN: 50}) == (
        {
            "Type": "authenticate-oidc",
            "Order": 1,
            "AuthenticateOidcConfig": {
                "Issuer": "https://id.example.com",
                "ClientId": "captions",
                "UseExistingClientSecret": True,
            },
        },
        {
            "Type": "forward",
            "Order": 2,
            "ForwardConfig": {
                "TargetGroups": [
                    {"TargetGroupArn": FOREIGN, "Weight": 5},
                    {"TargetGroupArn": BLUE, "Weight": 50},
                    {"TargetGroupArn": GREEN, "Weight": 50},
                ],
                "TargetGroupStickinessConfig": sticky,
            },
        },
    )


def test_a_group_with_nothing_stays_in_the_rule() -> None:
    rule = a_rule(forward((BLUE, 100)))
    assert wire.with_weights(rule.actions, ARNS, {Slot.BLUE: 0, Slot.GREEN: 100}) == (forward((BLUE, 0), (GREEN, 100)),)


def test_a_forward_that_is_shown_twice_is_sent_once() -> None:
    rule = a_rule({**forward((BLUE, 1)), "TargetGroupArn": BLUE})
    assert rule.actions == (forward((BLUE, 1)),)


def test_a_forward_to_a_single_group_becomes_one_with_weights() -> None:
    assert a_rule({"Type": "forward", "TargetGroupArn": BLUE}).actions == (forward((BLUE, 1)),)


def test_a_rule_that_forwards_nothing_has_no_weights() -> None:
    rule = a_rule({"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}})
    assert wire.with_weights(rule.actions, ARNS, {Slot.BLUE: 100}) is None
    assert wire.weights_of(rule.actions, NAMES) == {Slot.BLUE: 0, Slot.GREEN: 0}


@pytest.mark.parametrize(
    ("action", "weights"),
    [
        (forward((BLUE, 90), (GREEN, 10)), {Slot.BLUE: 90, Slot.GREEN: 10}),
        (forward((GREEN, 100)), {Slot.BLUE: 0, Slot.GREEN: 100}),
        (forward((FOREIGN, 100)), {Slot.BLUE: 0, Slot.GREEN: 0}),
        ({"Type": "forward", "TargetGroupArn": GREEN}, {Slot.BLUE: 0, Slot.GREEN: 1}),
    ],
)
def test_weights_are_those_of_our_groups(action: dict[str, Any], weights: dict[Slot, int]) -> None:
    assert wire.weights_of(a_rule(action).actions, NAMES) == weights


def test_portable_actions_come_back_as_they_were() -> None:
    rule = a_rule(SIGN_IN, {**forward((BLUE, 100)), "Order": 2})
    assert wire.restored(rule.portable) == rule.actions
    assert json.loads(rule.portable)[0]["AuthenticateOidcConfig"]["ClientId"] == "captions"


def test_a_route_becomes_conditions() -> None:
    route = Route(path=("/api/*", "/v2/*"), host=("captions.example.com",))
    assert wire.conditions(route) == [
        {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*", "/v2/*"]}},
        {"Field": "host-header", "HostHeaderConfig": {"Values": ["captions.example.com"]}},
    ]


def test_a_test_rule_asks_for_the_header_and_nothing_else() -> None:
    assert wire.conditions(Secret("open-sesame")) == [
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": TEST_HEADER, "Values": ["open-sesame"]}}
    ]


PATHS = {"Field": "path-pattern", "Values": ["/api/*", "/v2/*"]}
PATHS_TWICE = {**PATHS, "PathPatternConfig": {"Values": ["/v2/*", "/api/*"]}}
HOST = {"Field": "host-header", "HostHeaderConfig": {"Values": ["captions.example.com"]}}
REGEX = {"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["/api/*", "/v2/*"]}}
QUERY = {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "a", "Value": "b"}]}}


@pytest.mark.parametrize(
    ("conditions", "same"),
    [
        ([PATHS], False),
        ([PATHS, HOST], True),
        ([HOST, PATHS_TWICE], True),
        ([REGEX, HOST], False),
        ([PATHS, HOST, QUERY], False),
    ],
)
def test_conditions_are_compared_however_they_are_spelled(conditions: Any, same: bool) -> None:
    route = Route(path=("/v2/*", "/api/*"), host=("captions.example.com",))
    rule = a_rule(forward((BLUE, 1)), conditions=conditions)
    assert (rule.conditions == wire.compared(wire.conditions(route))) is same


def test_the_header_is_read_whatever_its_case() -> None:
    asked = {"HttpHeaderName": TEST_HEADER.upper(), "Values": ["open-sesame"]}
    rule = a_rule(forward((BLUE, 1)), conditions=[{"Field": "http-header", "HttpHeaderConfig": asked}])
    assert rule.header == "open-sesame"
    assert a_rule(forward((BLUE, 1)), conditions=[PATHS]).header is None


def test_a_modify_leaves_conditions_out_unless_asked() -> None:
    assert wire.modify(RULE, (forward((BLUE, 1)),)) == {"RuleArn": RULE, "Actions": [forward((BLUE, 1))]}
    paths = wire.conditions(Route(path=("/api/*",)))
    assert wire.modify(RULE, (forward((BLUE, 1)),), paths) == {
        "RuleArn": RULE,
        "Actions": [forward((BLUE, 1))],
        "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*"]}}],
    }


def test_a_modify_leaves_actions_out_unless_asked() -> None:
    assert set(wire.modify(RULE, requests=wire.conditions(Route(path=("/api/*",))))) == {"RuleArn", "Conditions"}


def test_numbers_are_set_in_one_call() -> None:
    assert wire.renumber({RULE: 1501, f"{RULE}0": 1500}) == {
        "RulePriorities": [{"RuleArn": RULE, "Priority": 1501}, {"RuleArn": f"{RULE}0", "Priority": 1500}]
    }


def test_a_rule_says_which_paths_and_hosts_it_asks_for() -> None:
    rule = a_rule(forward((BLUE, 1)), conditions=[PATHS_TWICE, HOST, QUERY])
    assert (rule.paths, rule.hosts) == ({"/api/*", "/v2/*"}, {"captions.example.com"})


def test_a_condition_that_is_shown_twice_is_sent_once() -> None:
    """AWS refuses one that has its values both in `Values` and in the member for its field."""
    sent = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/v2/*", "/api/*"]}}
    assert a_rule(forward((BLUE, 1)), conditions=[PATHS_TWICE]).requests == (sent,)


def test_a_condition_in_the_old_spelling_is_sent_in_the_new_one() -> None:
    sent = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*", "/v2/*"]}}
    assert a_rule(forward((BLUE, 1)), conditions=[PATHS]).requests == (sent,)


def test_conditions_of_other_kinds_are_sent_as_they_are_shown() -> None:
    old: dict[str, Any] = {"Field": "http-request-method", "Values": ["GET"]}
    both = {**old, "HttpRequestMethodConfig": {"Values": ["GET"]}}
    assert a_rule(forward((BLUE, 1)), conditions=[QUERY, REGEX, old]).requests == (QUERY, REGEX, old)
    assert a_rule(forward((BLUE, 1)), conditions=[both]).requests == (
        {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}},
    )


def test_portable_conditions_come_back_as_they_were() -> None:
    rule = a_rule(forward((BLUE, 1)), conditions=[HOST, PATHS_TWICE, QUERY])
    assert wire.compared(wire.restored_conditions(rule.portable_conditions)) == rule.conditions


def test_equal_conditions_are_equal_texts_in_whatever_order_they_are_shown() -> None:
    one = a_rule(forward((BLUE, 1)), conditions=[PATHS, HOST])
    other = a_rule(forward((BLUE, 1)), conditions=[HOST, PATHS_TWICE])
    assert one.portable_conditions == other.portable_conditions
    assert one.portable_conditions != a_rule(forward((BLUE, 1)), conditions=[PATHS]).portable_conditions


def test_a_new_route_leaves_other_conditions_as_they_are() -> None:
    rule = a_rule(forward((BLUE, 1)), conditions=[PATHS_TWICE, HOST, QUERY])
    assert wire.rerouted(rule.requests, Route(path=("/new/*",))) == [
        {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/new/*"]}},
        QUERY,
    ]
