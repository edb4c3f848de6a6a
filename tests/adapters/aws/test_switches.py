"""Dead-man's switches: made, renewed, read back, disarmed; and a rule that really comes home without anybody."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from controller.adapters.aws.errors import Taken
from controller.adapters.aws.wire.schedules import RETRIES, armed
from controller.domain.actions import SetWeights
from controller.domain.errors import Blocked, Conflict, Transient
from controller.domain.manifest import Route
from controller.domain.names import OWNER_TAG, PLACE_TAG
from controller.domain.ports import Permit
from controller.domain.slot import Slot
from controller.domain.switch import ArmedSwitch, Switch
from controller.domain.undo import RuleAsItWas
from sandbox.world.faults import Fault
from tests.adapters.aws.rig import STACK, SWITCH, Rig
from tests.support.sandbox_aws import ACCOUNT, REGION

NAME = "dev-backend"
ROUTE = Route(path=("/api/*",))
HOME = {Slot.BLUE: 100, Slot.GREEN: 0}
SHIFTED = {Slot.BLUE: 90, Slot.GREEN: 10}
TARGET = "arn:aws:scheduler:::aws-sdk:elasticloadbalancingv2:modifyRule"
GROUP = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{STACK}"


class Canary(Rig):
    """A service with its traffic on blue, before anything was shifted."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for slot in Slot:
            self.prepared(slot=slot)
        self.weigh(HOME)
        shown = self.cloud.looks.services({"backend": True}, targets=False)["backend"].rule
        assert shown is not None
        self.home = RuleAsItWas(shown.arn, shown.weights, shown.actions, shown.conditions, shown.priority)
        self.world.calls.clear()
        self.checks = 0

    def weigh(self, weights: dict[Slot, int]) -> None:
        self.cloud.traffic.set_weights(SetWeights("backend", ROUTE, weights), self.permit())

    def switch(self, minutes: float = 10, rule: RuleAsItWas | None = None) -> Switch:
        return Switch.of("dev", "backend", rule or self.home, self.clock.now() + timedelta(minutes=minutes))

    def shown(self) -> ArmedSwitch:
        return self.cloud.switches.armed([NAME])[NAME]

    def schedule(self) -> Any:
        return self.sandbox.scheduler.get_schedule(Name=NAME, GroupName=STACK)


Write = Callable[[Canary, Permit], None]


@pytest.fixture
def rig() -> Canary:
    return Canary()


def arm(rig: Canary, permit: Permit) -> None:
    rig.cloud.switches.arm(rig.switch(minutes=20), permit)


def disarm(rig: Canary, permit: Permit) -> None:
    rig.cloud.switches.disarm(NAME, permit)


each_write = pytest.mark.parametrize("write", [arm, disarm])


def test_an_armed_switch_is_one_schedule_in_a_group_of_ours(rig: Canary) -> None:
    rig.cloud.switches.arm(rig.switch(), rig.permit())
    (asked,) = rig.asked("CreateSchedule")
    token = asked.pop("ClientToken")
    given = json.loads(asked["Target"].pop("Input"))
    assert asked == {
        "Name": NAME,
        "GroupName": STACK,
        "ScheduleExpression": "at(2026-01-01T00:10:00)",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": "ENABLED",
        "ActionAfterCompletion": "DELETE",
        "Target": {"Arn": TARGET, "RoleArn": SWITCH, "RetryPolicy": RETRIES},
    }
    assert len(token) == 36
    assert given["RuleArn"] == rig.home.arn
    assert given["Actions"] == json.loads(rig.home.actions)
    assert given["Conditions"] == json.loads(rig.home.conditions)
    tags = rig.sandbox.scheduler.list_tags_for_resource(ResourceArn=GROUP)["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {OWNER_TAG: "tidegate", PLACE_TAG: STACK}


def test_what_was_armed_is_read_back(rig: Canary) -> None:
    switch = rig.switch()
    rig.cloud.switches.arm(switch, rig.permit())
    shown = rig.shown()
    assert shown == ArmedSwitch(switch.fires_at, rig.home.arn, rig.home.actions, rig.home.conditions, is_enabled=True)
    assert shown.does(switch)
    assert rig.cloud.switches.armed([NAME, "dev-frontend"]).keys() == {NAME}


def test_nothing_is_armed_where_nothing_was_made(rig: Canary) -> None:
    assert rig.cloud.switches.armed([NAME]) == {}
    assert rig.cloud.switches.armed([]) == {}
    assert rig.operations() == ["GetSchedule"]


def test_renewing_overwrites_it_with_one_change(rig: Canary) -> None:
    rig.cloud.switches.arm(rig.switch(), rig.permit("first"))
    rig.world.calls.clear()
    rig.cloud.switches.arm(rig.switch(minutes=20), rig.permit("second"))
    assert rig.changes() == ["UpdateSchedule"]
    assert rig.shown().fires_at == datetime(2026, 1, 1, 0, 20, tzinfo=UTC)


def test_arming_the_same_again_leaves_one_switch(rig: Canary) -> None:
    for _ in range(3):
        rig.cloud.switches.arm(rig.switch(), rig.permit())
    assert (len(rig.calls("CreateSchedule")), len(rig.calls("CreateScheduleGroup"))) == (1, 1)
    assert rig.shown().does(rig.switch())


def test_each_moment_has_a_client_token_of_its_own_and_each_attempt_at_it_the_same(rig: Canary) -> None:
    """AWS would take a renewal with an old token for a repeat."""
    for minutes in (10, 20, 20):
        rig.cloud.switches.arm(rig.switch(minutes), rig.permit())
    first, *renewals = [asked["ClientToken"] for asked in rig.asked("UpdateSchedule")]
    assert len({first, *renewals}) == 2
    assert renewals[0] == renewals[1]


def test_a_moment_in_another_zone_is_sent_in_utc_without_its_microseconds(rig: Canary) -> None:
    moment = datetime(2026, 1, 1, 2, 30, 5, 999_999, tzinfo=timezone(timedelta(hours=2)))
    rig.cloud.switches.arm(Switch.of("dev", "backend", rig.home, moment), rig.permit())
    assert rig.schedule()["ScheduleExpression"] == "at(2026-01-01T00:30:05)"
    assert rig.shown().fires_at == moment.replace(microsecond=0)


def test_the_traffic_comes_home_when_nobody_renews(rig: Canary) -> None:
    rig.cloud.switches.arm(rig.switch(), rig.permit())
    rig.weigh(SHIFTED)
    rig.clock.advance(11 * 60)
    assert rig.cloud.looks.weights("backend") == HOME
    assert rig.cloud.switches.armed([NAME]) == {}
    assert rig.calls("ModifyRule")[-1].caller == f"arn:aws:sts::{ACCOUNT}:assumed-role/switch/{NAME}"


def test_a_rule_whose_route_was_changed_meanwhile_asks_again_for_what_it_asked_for(rig: Canary) -> None:
    rig.cloud.switches.arm(rig.switch(), rig.permit())
    other = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/other/*"]}}]
    rig.sandbox.elbv2.modify_rule(RuleArn=rig.home.arn, Conditions=other)
    rig.clock.advance(11 * 60)
    assert rig.rules()[0]["Conditions"][0]["Values"] == ["/api/*"]


def test_the_traffic_stays_while_somebody_renews(rig: Canary) -> None:
    rig.weigh(SHIFTED)
    for minute in range(30):
        rig.cloud.switches.arm(rig.switch(minutes=2), rig.permit(f"renewal-{minute}"))
        rig.clock.advance(60)
    assert rig.cloud.looks.weights("backend") == SHIFTED


def test_a_disarmed_switch_does_nothing(rig: Canary) -> None:
    rig.cloud.switches.arm(rig.switch(), rig.permit())
    rig.weigh(SHIFTED)
    rig.cloud.switches.disarm(NAME, rig.permit())
    assert rig.cloud.switches.armed([NAME]) == {}
    rig.clock.advance(3600)
    assert rig.cloud.looks.weights("backend") == SHIFTED


def test_disarming_what_is_gone_is_fine(rig: Canary) -> None:
    rig.cloud.switches.disarm(NAME, rig.permit())
    assert rig.changes() == []
    rig.cloud.switches.arm(rig.switch(), rig.permit())
    rig.cloud.switches.disarm(NAME, rig.permit())
    rig.cloud.switches.disarm(NAME, rig.permit())
    assert rig.cloud.switches.armed([NAME]) == {}


def test_an_old_record_without_conditions_leaves_those_of_the_rule(rig: Canary) -> None:
    switch = rig.switch(rule=replace(rig.home, conditions=""))
    rig.cloud.switches.arm(switch, rig.permit())
    assert "Conditions" not in json.loads(rig.schedule()["Target"]["Input"])
    assert rig.shown().does(switch)


# --- whose it is, and who may --------------------------------------------------------------------------------------


def test_without_a_role_there_is_no_switch_and_the_text_says_what_to_do(rig: Canary) -> None:
    rig.seed_stack({name: value for name, value in rig.outputs.items() if name != "SwitchRole"})
    cloud = rig.stranger()
    assert cloud.looks.foundation().switch_role is None
    with pytest.raises(Blocked, match="Add the output SwitchRole to the stack") as raised:
        cloud.switches.arm(rig.switch(), rig.permit())
    assert raised.value.code == "switch.no_role"
    assert rig.changes() == []


def test_the_role_may_be_named_in_the_operators_file(rig: Canary) -> None:
    other = f"arn:aws:iam::{ACCOUNT}:role/other"
    assert rig.clouds.of(rig.binding(switch_role=other)).looks.foundation().switch_role == other


def test_a_role_of_another_account_is_refused(rig: Canary) -> None:
    rig.seed_stack({**rig.outputs, "SwitchRole": "arn:aws:iam::999999999999:role/switch"})
    with pytest.raises(Blocked, match="is not in account 123456789012"):
        rig.stranger().looks.foundation()


@each_write
def test_a_group_that_is_not_ours_is_not_touched(rig: Canary, write: Write) -> None:
    rig.sandbox.scheduler.create_schedule_group(Name=STACK, Tags=[{"Key": OWNER_TAG, "Value": "somebody"}])
    rig.world.calls.clear()
    with pytest.raises(Blocked, match=f"Schedule group {STACK} exists, but without the tags"):
        write(rig, rig.permit())
    assert rig.changes() == []


def test_each_change_checks_the_permit_first(rig: Canary) -> None:
    rig.cloud.switches.arm(rig.switch(), rig.permit())
    rig.cloud.switches.disarm(NAME, rig.permit())
    changed = rig.changes()
    assert changed == ["CreateScheduleGroup", "UpdateSchedule", "CreateSchedule", "DeleteSchedule"]
    assert rig.checks == len(changed)


@each_write
def test_without_the_lease_nothing_is_changed(rig: Canary, write: Write) -> None:
    rig.cloud.switches.arm(rig.switch(), rig.permit())
    rig.world.calls.clear()
    with pytest.raises(Conflict, match="the lease is lost"):
        write(rig, rig.lost_lease())
    assert rig.changes() == []
    assert rig.shown().does(rig.switch())


# --- what goes wrong -----------------------------------------------------------------------------------------------


def test_a_moment_that_has_passed_ends_the_pass(rig: Canary) -> None:
    with pytest.raises(Conflict) as raised:
        rig.cloud.switches.arm(rig.switch(minutes=-1), rig.permit())
    assert raised.value.code == "switch.too_late"


def test_a_lost_answer_is_cured_by_arming_again(rig: Canary) -> None:
    rig.world.faults.add(Fault("lost_answer", operation="CreateSchedule", times=1))
    with pytest.raises(Transient):
        rig.cloud.switches.arm(rig.switch(), rig.permit())
    rig.cloud.switches.arm(rig.switch(), rig.permit())
    assert rig.shown().does(rig.switch())


def test_a_doubled_call_is_one_switch(rig: Canary) -> None:
    rig.world.faults.add(Fault("doubled", service="scheduler", operation="CreateSchedule"))
    rig.cloud.switches.arm(rig.switch(), rig.permit())
    assert rig.shown().does(rig.switch())


def test_somebody_who_was_faster_ends_the_pass(rig: Canary) -> None:
    rig.cloud.switches.arm(rig.switch(), rig.permit("theirs"))
    rig.cloud.switches.disarm(NAME, rig.permit())
    gone = rig.world.faults.add(Fault("missing", operation="ListTagsForResource", times=1))
    with pytest.raises(Taken):
        rig.cloud.switches.arm(rig.switch(), rig.permit("ours"))
    assert gone.struck == 1


def test_an_error_is_not_read_as_nothing_armed(rig: Canary) -> None:
    rig.cloud.switches.arm(rig.switch(), rig.permit())
    rig.world.faults.add(Fault("server_error", operation="GetSchedule"))
    with pytest.raises(Transient):
        rig.cloud.switches.armed([NAME])


# --- what somebody else made of it ---------------------------------------------------------------------------------


def test_a_switch_that_was_disabled_does_not_count(rig: Canary) -> None:
    rig.cloud.switches.arm(rig.switch(), rig.permit())
    shown = rig.schedule()
    kept = {name: shown[name] for name in ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
    rig.sandbox.scheduler.update_schedule(**kept, State="DISABLED")
    assert not rig.shown().does(rig.switch())
    rig.cloud.switches.arm(rig.switch(), rig.permit("again"))
    assert rig.shown().does(rig.switch())


@pytest.mark.parametrize(
    "foreign",
    [
        {"ScheduleExpression": "rate(1 hour)"},
        {"ScheduleExpressionTimezone": "Europe/Berlin"},
        {"State": "DISABLED"},
        {"Target": {"Arn": "arn:aws:lambda:eu-west-1:123456789012:function:home"}},
        {"Target": {"Input": "put it back"}},
        {"Target": {"Input": "[]"}},
        {"Target": {"Input": "{}"}},
    ],
)
def test_a_schedule_that_does_something_else_is_there_and_no_switch(rig: Canary, foreign: dict[str, Any]) -> None:
    switch = rig.switch()
    rig.cloud.switches.arm(switch, rig.permit())
    ours = rig.schedule()
    assert armed(ours).does(switch)
    changed = {**ours, **foreign, "Target": {**ours["Target"], **foreign.get("Target", {})}}
    assert not armed(changed).does(switch)


def test_a_switch_for_another_rule_or_other_weights_is_another_switch(rig: Canary) -> None:
    rig.cloud.switches.arm(rig.switch(), rig.permit())
    assert not rig.shown().does(rig.switch(rule=replace(rig.home, arn=rig.home.arn + "0")))
    assert not rig.shown().does(rig.switch(rule=replace(rig.home, actions="[]")))
    assert rig.shown().does(rig.switch(minutes=99))
