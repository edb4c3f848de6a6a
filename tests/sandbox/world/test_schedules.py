"""EventBridge Scheduler: what a one-time schedule is, and that it makes its call."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.world.faults import Fault
from tests.support.sandbox_aws import ACCOUNT, REGION, Sandbox, forward

TARGET = "arn:aws:scheduler:::aws-sdk:elasticloadbalancingv2:modifyRule"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/captioncraft/switch"
NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
"""Twelve hours after the clock begins."""
GROUP = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/dev"


class Switched(Sandbox):
    """A rule at 90 to 10, and schedules that may put it at 100 to 0."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.foundation()
        self.blue, self.green = self.group("blue"), self.group("green")
        self.shifted = self.rule(10, {self.blue: 90, self.green: 10})

    def put_back(self) -> str:
        return json.dumps({"RuleArn": self.shifted, "Actions": [forward({self.blue: 100, self.green: 0})]})

    def given(self, **changes: Any) -> dict[str, Any]:
        """A schedule's parameters; `target` changes those of its target."""
        target = {"Arn": TARGET, "RoleArn": ROLE, "Input": self.put_back(), **changes.pop("target", {})}
        return {
            "Name": "web",
            "ScheduleExpression": "at(2026-01-01T12:00:00)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": target,
            **changes,
        }

    def weights(self) -> list[int]:
        [shown] = self.elbv2.describe_rules(RuleArns=[self.shifted])["Rules"]
        return [each["Weight"] for each in shown["Actions"][0]["ForwardConfig"]["TargetGroups"]]

    def modified(self) -> list[datetime]:
        return [call.time for call in self.world.calls.of("elbv2", "ModifyRule")]

    def names(self, **filters: Any) -> list[str]:
        return [each["Name"] for each in self.scheduler.list_schedules(**filters)["Schedules"]]


@pytest.fixture
def sandbox() -> Switched:
    return Switched()


def refused(operation: Any, parameters: dict[str, Any]) -> tuple[str, int]:
    with pytest.raises(ClientError) as error:
        operation(**parameters)
    response = error.value.response
    return str(response["Error"]["Code"]), int(response["ResponseMetadata"]["HTTPStatusCode"])


# --- firing --------------------------------------------------------------------------------------------------------


def test_the_call_is_made_in_the_last_second_of_the_minute_after_its_moment(sandbox: Switched) -> None:
    sandbox.scheduler.create_schedule(**sandbox.given())
    sandbox.clock.advance_to(NOON + timedelta(seconds=58))
    assert sandbox.weights() == [90, 10]
    sandbox.clock.advance(1)
    assert sandbox.weights() == [100, 0]
    assert sandbox.modified() == [NOON + timedelta(seconds=59)]


def test_the_worlds_speed_shortens_the_seconds_after_the_moment_and_not_the_way_to_it() -> None:
    sandbox = Switched(speed=59)
    sandbox.scheduler.create_schedule(**sandbox.given())
    sandbox.clock.advance_to(NOON + timedelta(seconds=5))
    assert sandbox.modified() == [NOON + timedelta(seconds=1)]


def test_the_call_is_logged_with_the_targets_role_as_its_caller(sandbox: Switched) -> None:
    sandbox.scheduler.create_schedule(**sandbox.given())
    sandbox.clock.advance_to(NOON + timedelta(minutes=1))
    [call] = sandbox.world.calls.of("elbv2", "ModifyRule")
    assert call.caller == f"arn:aws:sts::{ACCOUNT}:assumed-role/switch/web"
    assert (call.outcome, call.region, call.parameters) == ("ok", REGION, json.loads(sandbox.put_back()))
    [event] = sandbox.world.journal.of("Schedule Invocation")
    assert (event.source, event.detail) == ("aws.scheduler", {"attempt": 1, "outcome": "ok"})


def test_a_moment_is_read_in_its_time_zone(sandbox: Switched) -> None:
    """Noon in New York is 17:00 UTC in winter."""
    sandbox.scheduler.create_schedule(**sandbox.given(ScheduleExpressionTimezone="America/New_York"))
    sandbox.clock.advance_to(NOON + timedelta(hours=6))
    assert sandbox.modified() == [NOON + timedelta(hours=5, seconds=59)]


@pytest.mark.parametrize(("action", "left"), [("DELETE", []), ("NONE", ["web"])])
def test_a_schedule_that_has_made_its_call_is_deleted_when_it_says_so(
    sandbox: Switched, action: str, left: list[str]
) -> None:
    sandbox.scheduler.create_schedule(**sandbox.given(ActionAfterCompletion=action))
    sandbox.clock.advance_to(NOON + timedelta(days=2))
    assert sandbox.names() == left
    assert len(sandbox.modified()) == 1


def test_a_deleted_schedule_calls_nothing(sandbox: Switched) -> None:
    sandbox.scheduler.create_schedule(**sandbox.given())
    sandbox.clock.advance_to(NOON + timedelta(seconds=30))
    sandbox.scheduler.delete_schedule(Name="web")
    sandbox.clock.advance(3600)
    assert sandbox.modified() == []


def test_an_updated_schedule_calls_at_its_new_moment_only(sandbox: Switched) -> None:
    sandbox.scheduler.create_schedule(**sandbox.given())
    sandbox.scheduler.update_schedule(**sandbox.given(ScheduleExpression="at(2026-01-01T13:00:00)"))
    sandbox.clock.advance_to(NOON + timedelta(days=1))
    assert sandbox.modified() == [NOON + timedelta(hours=1, seconds=59)]


def test_a_disabled_schedule_waits_until_it_is_enabled(sandbox: Switched) -> None:
    sandbox.scheduler.create_schedule(**sandbox.given(State="DISABLED"))
    sandbox.clock.advance_to(NOON + timedelta(hours=1))
    assert sandbox.modified() == []
    sandbox.scheduler.update_schedule(**sandbox.given(ScheduleExpression="at(2026-01-01T14:00:00)"))
    sandbox.clock.advance_to(NOON + timedelta(hours=3))
    assert len(sandbox.modified()) == 1


def test_a_call_that_may_yet_succeed_is_made_again_after_growing_pauses(sandbox: Switched) -> None:
    sandbox.world.faults.add(Fault("throttle", operation="ModifyRule", nth=(1, 3)))
    sandbox.world.faults.add(Fault("timeout", operation="ModifyRule", nth=2))
    sandbox.scheduler.create_schedule(**sandbox.given(ActionAfterCompletion="DELETE"))
    sandbox.clock.advance_to(NOON + timedelta(hours=1))
    first = NOON + timedelta(seconds=59)
    assert [(at - first).total_seconds() for at in sandbox.modified()] == [0, 1, 3, 7]
    assert (sandbox.weights(), sandbox.names()) == ([100, 0], [])


@pytest.mark.parametrize(
    ("policy", "attempts"),
    [({"MaximumRetryAttempts": 2}, 3), ({"MaximumRetryAttempts": 0}, 1), ({"MaximumEventAgeInSeconds": 60}, 6)],
)
def test_attempts_end_with_the_policy(sandbox: Switched, policy: dict[str, int], attempts: int) -> None:
    """Pauses of 1, 2, 4, 8 and 16 seconds are 31 together; the next would be past 60."""
    sandbox.world.faults.add(Fault("server_error", operation="ModifyRule"))
    sandbox.scheduler.create_schedule(**sandbox.given(target={"RetryPolicy": policy}, ActionAfterCompletion="DELETE"))
    sandbox.clock.advance_to(NOON + timedelta(hours=1))
    assert (len(sandbox.modified()), sandbox.names()) == (attempts, [])


def test_what_was_denied_or_is_gone_is_not_called_again(sandbox: Switched) -> None:
    sandbox.world.faults.add(Fault("denied", operation="ModifyRule", times=1))
    sandbox.scheduler.create_schedule(**sandbox.given())
    sandbox.scheduler.create_schedule(**sandbox.given(Name="later", ScheduleExpression="at(2026-01-01T13:00:00)"))
    sandbox.clock.advance_to(NOON + timedelta(minutes=30))
    sandbox.elbv2.delete_rule(RuleArn=sandbox.shifted)
    sandbox.clock.advance_to(NOON + timedelta(hours=2))
    outcomes = [event.detail["outcome"] for event in sandbox.world.journal.of("Schedule Invocation")]
    assert outcomes == ["AccessDeniedException", "RuleNotFound"]


# --- making, changing, showing -------------------------------------------------------------------------------------


def test_a_schedule_shows_what_it_was_given_and_the_defaults(sandbox: Switched) -> None:
    made = sandbox.scheduler.create_schedule(**sandbox.given(Description="home"))
    shown = sandbox.scheduler.get_schedule(Name="web")
    assert made["ScheduleArn"] == shown["Arn"] == f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/web"
    assert (shown["GroupName"], shown["State"], shown["Description"]) == ("default", "ENABLED", "home")
    assert (shown["ScheduleExpressionTimezone"], shown["ActionAfterCompletion"]) == ("UTC", "NONE")
    assert shown["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}


def test_an_update_overwrites_the_whole_schedule_and_keeps_its_birthday(sandbox: Switched) -> None:
    sandbox.scheduler.create_schedule(**sandbox.given(Description="home", ActionAfterCompletion="DELETE"))
    sandbox.clock.advance(60)
    sandbox.scheduler.update_schedule(**sandbox.given())
    shown = sandbox.scheduler.get_schedule(Name="web")
    assert "Description" not in shown
    assert shown["ActionAfterCompletion"] == "NONE"
    assert shown["LastModificationDate"] - shown["CreationDate"] == timedelta(seconds=60)


def test_the_same_call_with_the_same_token_is_answered_again_and_another_one_refused(sandbox: Switched) -> None:
    first = sandbox.scheduler.create_schedule(**sandbox.given(ClientToken="one"))
    again = sandbox.scheduler.create_schedule(**sandbox.given(ClientToken="one"))
    assert first["ScheduleArn"] == again["ScheduleArn"]
    other = sandbox.given(ClientToken="one", State="DISABLED")
    assert refused(sandbox.scheduler.create_schedule, other) == ("ConflictException", 409)
    assert refused(sandbox.scheduler.create_schedule, sandbox.given(ClientToken="two")) == ("ConflictException", 409)
    sandbox.clock.advance_to(NOON + timedelta(hours=1))
    assert len(sandbox.modified()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"ScheduleExpression": "at(2025-12-31T23:59:59)"},
        {"ScheduleExpression": "at(2026-01-01T00:00:00)"},
        {"ScheduleExpression": "at(2026-02-30T12:00:00)"},
        {"ScheduleExpression": "at(2026-01-01 12:00:00)"},
        {"ScheduleExpression": "rate(1 hour)"},
        {"ScheduleExpressionTimezone": "Europe/Nowhere"},
        {"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}},
        {"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}},
        {"target": {"Arn": "arn:aws:scheduler:::aws-sdk:elasticloadbalancingv2:describeRules"}},
        {"target": {"Input": "put it back"}},
        {"target": {"Input": "[]"}},
        {"target": {"Input": '{"Actions": []}'}},
        {"target": {"RoleArn": "switch"}},
        {"Name": "no spaces"},
        {"target": {"RetryPolicy": {"MaximumRetryAttempts": 186}}},
    ],
)
def test_what_cannot_be_is_refused(sandbox: Switched, changes: dict[str, Any]) -> None:
    given = sandbox.given(**changes)
    assert refused(sandbox.scheduler.create_schedule, given) == ("ValidationException", 400)
    sandbox.scheduler.create_schedule(**sandbox.given())
    assert refused(sandbox.scheduler.update_schedule, given)[0] == "ValidationException"
    assert sandbox.names() == ["web"]


def test_a_schedule_that_is_not_there_is_not_found(sandbox: Switched) -> None:
    missing = ("ResourceNotFoundException", 404)
    assert refused(sandbox.scheduler.get_schedule, {"Name": "web"}) == missing
    assert refused(sandbox.scheduler.delete_schedule, {"Name": "web"}) == missing
    assert refused(sandbox.scheduler.update_schedule, sandbox.given()) == missing
    assert refused(sandbox.scheduler.create_schedule, sandbox.given(GroupName="none")) == missing
    assert refused(sandbox.scheduler.list_schedules, {"GroupName": "none"}) == missing


def test_schedules_are_listed_by_group_prefix_and_state_in_pages(sandbox: Switched) -> None:
    sandbox.scheduler.create_schedule_group(Name="dev")
    for name in ("web-1", "web-2", "api-1"):
        sandbox.scheduler.create_schedule(**sandbox.given(Name=name, GroupName="dev"))
    sandbox.scheduler.create_schedule(**sandbox.given(Name="web-3", State="DISABLED"))
    assert sandbox.names(GroupName="dev") == ["api-1", "web-1", "web-2"]
    assert sandbox.names(NamePrefix="web") == ["web-3", "web-1", "web-2"]
    assert sandbox.names(State="DISABLED") == ["web-3"]
    pages = sandbox.scheduler.get_paginator("list_schedules").paginate(PaginationConfig={"PageSize": 3})
    assert [len(each["Schedules"]) for each in pages] == [3, 1]


# --- groups --------------------------------------------------------------------------------------------------------


def test_a_group_has_tags_which_can_be_changed(sandbox: Switched) -> None:
    sandbox.scheduler.create_schedule_group(Name="dev", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    sandbox.scheduler.tag_resource(ResourceArn=GROUP, Tags=[{"Key": "b", "Value": "3"}])
    sandbox.scheduler.untag_resource(ResourceArn=GROUP, TagKeys=["a"])
    assert sandbox.scheduler.list_tags_for_resource(ResourceArn=GROUP)["Tags"] == [{"Key": "b", "Value": "3"}]
    assert sandbox.scheduler.get_schedule_group(Name="dev")["Arn"] == GROUP


def test_a_group_is_deleted_with_all_that_is_in_it(sandbox: Switched) -> None:
    sandbox.scheduler.create_schedule_group(Name="dev")
    sandbox.scheduler.create_schedule(**sandbox.given(GroupName="dev"))
    sandbox.scheduler.create_schedule(**sandbox.given(Name="other"))
    sandbox.scheduler.delete_schedule_group(Name="dev")
    sandbox.clock.advance_to(NOON + timedelta(hours=1))
    assert (sandbox.names(), len(sandbox.modified())) == (["other"], 1)
    assert refused(sandbox.scheduler.get_schedule_group, {"Name": "dev"}) == ("ResourceNotFoundException", 404)
    assert refused(sandbox.scheduler.delete_schedule_group, {"Name": "dev"}) == ("ResourceNotFoundException", 404)
    assert refused(sandbox.scheduler.tag_resource, {"ResourceArn": GROUP, "Tags": []})[0] == "ResourceNotFoundException"


def test_a_group_is_made_once(sandbox: Switched) -> None:
    for _ in range(2):
        sandbox.scheduler.create_schedule_group(Name="dev", ClientToken="one")
    again = {"Name": "dev", "ClientToken": "two"}
    assert refused(sandbox.scheduler.create_schedule_group, again) == ("ConflictException", 409)


def test_the_default_group_is_always_there(sandbox: Switched) -> None:
    assert sandbox.scheduler.get_schedule_group(Name="default")["State"] == "ACTIVE"
    assert refused(sandbox.scheduler.create_schedule_group, {"Name": "default"}) == ("ConflictException", 409)
    assert refused(sandbox.scheduler.delete_schedule_group, {"Name": "default"}) == ("ValidationException", 400)


def test_a_reader_may_be_too_early_for_a_schedule(sandbox: Switched) -> None:
    sandbox.scheduler.create_schedule(**sandbox.given())
    sandbox.world.faults.add(Fault("missing", operation="GetSchedule", times=1))
    assert refused(sandbox.scheduler.get_schedule, {"Name": "web"})[0] == "ResourceNotFoundException"
    assert sandbox.scheduler.get_schedule(Name="web")["Name"] == "web"
