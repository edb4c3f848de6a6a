"""Target groups and rules: absolute, read back, only ours."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from controller.domain.actions import PrepareGroup, PutTestRule, SetWeights
from controller.domain.errors import Blocked, Conflict, Transient
from controller.domain.manifest import Route
from controller.domain.names import OWNER_TAG, PLACE_TAG, ROLE_TAG, SERVICE_TAG, SLOT_TAG, TEST_HEADER
from controller.domain.secret import Secret
from controller.domain.slot import Slot
from controller.domain.undo import RuleAsItWas
from sandbox.world.faults import Fault
from tests.adapters.aws.rig import SETTINGS, STACK, Rig, elb_tags, ours

API, PAGE = Route(path=("/api/*",)), Route(path=("/*",))
HEADER = Secret("open-sesame")
BLUE_LIVE = {Slot.BLUE: 100, Slot.GREEN: 0}
SPLIT = {Slot.BLUE: 90, Slot.GREEN: 10}
GREEN_LIVE = {Slot.BLUE: 0, Slot.GREEN: 100}


@pytest.fixture
def both(rig: Rig) -> Rig:
    """Both groups of the backend exist."""
    rig.prepared(slot=Slot.BLUE)
    rig.prepared(slot=Slot.GREEN)
    rig.world.calls.clear()
    return rig


def shift(rig: Rig, weights: dict[Slot, int], service: str = "backend", route: Route = API) -> None:
    rig.cloud.traffic.set_weights(SetWeights(service, route, weights), rig.permit())


def put_test_rule(rig: Rig, slot: Slot = Slot.GREEN, service: str = "backend", header: Secret = HEADER) -> None:
    rig.cloud.traffic.put_test_rule(PutTestRule(service, slot, header), rig.permit())


def arns(rig: Rig, service: str = "backend") -> dict[Slot, str]:
    return {slot: rig.group(service, slot)["TargetGroupArn"] for slot in Slot}


def forwarded(rig: Rig, rule: Any) -> dict[str, int]:
    """Group name → weight, of the rule's last action."""
    return {
        each["TargetGroupArn"].split("/")[1]: each["Weight"]
        for each in rule["Actions"][-1]["ForwardConfig"]["TargetGroups"]
    }


# target groups


def test_a_group_is_made_with_settings_drain_time_and_tags(rig: Rig) -> None:
    arn = rig.prepared()
    assert rig.changes() == ["CreateTargetGroup", "ModifyTargetGroupAttributes"]
    tags = rig.tags(arn)
    wanted = {OWNER_TAG: "tidegate", PLACE_TAG: STACK, SERVICE_TAG: "backend", SLOT_TAG: "blue"}
    assert {name: tags[name] for name in wanted} == wanted
    view = rig.cloud.looks.services({"backend": True}, targets=True)["backend"].slots[Slot.BLUE].group
    assert view is not None
    assert view.settings == SETTINGS


def test_a_group_that_is_right_is_left_alone(both: Rig) -> None:
    both.prepared()
    assert both.changes() == []


def test_only_what_differs_is_changed(both: Rig) -> None:
    slower = replace(SETTINGS, interval_seconds=10)
    both.cloud.traffic.prepare_group(PrepareGroup("backend", Slot.BLUE, slower), both.permit())
    drains = replace(slower, deregistration_delay_seconds=60, port=9000)
    both.cloud.traffic.prepare_group(PrepareGroup("backend", Slot.GREEN, drains), both.permit())
    assert both.changes() == ["ModifyTargetGroup", "ModifyTargetGroup", "ModifyTargetGroupAttributes"]
    views = both.cloud.looks.services({"backend": True}, targets=True)["backend"].slots
    assert [views[slot].group.settings for slot in Slot] == [slower, drains]  # type: ignore[union-attr]


def test_a_foreign_group_of_the_same_name_is_not_touched(rig: Rig) -> None:
    rig.sandbox.group("captioncraft-dev-backend-blue")
    rig.world.calls.clear()
    with pytest.raises(Blocked, match="Target group captioncraft-dev-backend-blue exists, but without the tags"):
        rig.prepared()
    with pytest.raises(Blocked):
        shift(rig, BLUE_LIVE)
    with pytest.raises(Blocked):
        rig.cloud.looks.services({"backend": True}, targets=False)
    assert rig.changes() == []


def test_a_stale_look_at_groups_ends_in_a_look_again(both: Rig) -> None:
    """ELB refuses a second group of the name when its settings differ."""
    both.world.faults.add(Fault(kind="missing", operation="DescribeTargetGroups", nth=1))
    other = PrepareGroup("backend", Slot.BLUE, replace(SETTINGS, path="/other"))
    with pytest.raises(Conflict):
        both.cloud.traffic.prepare_group(other, both.permit())
    both.cloud.traffic.prepare_group(other, both.permit())
    assert both.group()["HealthCheckPath"] == "/other"


# weights


def test_the_first_weights_make_the_public_rule(rig: Rig) -> None:
    rig.prepared(slot=Slot.BLUE)
    shift(rig, BLUE_LIVE)
    (rule,) = rig.rules()
    assert rule["Conditions"][0]["PathPatternConfig"]["Values"] == ["/api/*"]
    assert forwarded(rig, rule) == {"captioncraft-dev-backend-blue": 100}
    tags = rig.tags(rule["RuleArn"])
    assert (tags[ROLE_TAG], tags[SERVICE_TAG], tags[OWNER_TAG]) == ("public", "backend", "tidegate")
    assert 1500 <= int(rule["Priority"]) < 2000


def test_later_weights_change_the_same_rule_and_keep_both_groups(both: Rig) -> None:
    shift(both, BLUE_LIVE)
    shift(both, SPLIT)
    shift(both, GREEN_LIVE)
    (rule,) = both.rules()
    assert forwarded(both, rule) == {"captioncraft-dev-backend-blue": 0, "captioncraft-dev-backend-green": 100}
    assert both.changes() == ["CreateRule", "ModifyRule", "ModifyRule"]


def test_a_change_sends_the_whole_action_and_no_conditions(both: Rig) -> None:
    shift(both, BLUE_LIVE)
    shift(both, SPLIT)
    (asked,) = both.asked("ModifyRule")
    groups = arns(both)
    assert set(asked) == {"RuleArn", "Actions"}
    (action,) = asked["Actions"]
    assert "TargetGroupArn" not in action
    assert action["ForwardConfig"]["TargetGroups"] == [
        {"TargetGroupArn": groups[Slot.BLUE], "Weight": 90},
        {"TargetGroupArn": groups[Slot.GREEN], "Weight": 10},
    ]


def test_what_people_put_around_the_forward_stays(both: Rig) -> None:
    shift(both, BLUE_LIVE)
    (rule,) = both.rules()
    fixed = [{"Type": "forward", "Order": 7, "ForwardConfig": {
        "TargetGroups": [{"TargetGroupArn": arns(both)[Slot.BLUE], "Weight": 1}],
        "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60},
    }}]  # fmt: skip
    both.sandbox.elbv2.modify_rule(RuleArn=rule["RuleArn"], Actions=fixed)
    shift(both, SPLIT)
    action = both.rules()[0]["Actions"][0]
    assert action["Order"] == 7
    assert action["ForwardConfig"]["TargetGroupStickinessConfig"] == {"Enabled": True, "DurationSeconds": 60}


def test_weights_read_now_are_those_of_the_public_rule(both: Rig) -> None:
    assert both.cloud.looks.weights("backend") == {Slot.BLUE: 0, Slot.GREEN: 0}
    shift(both, SPLIT)
    put_test_rule(both)
    assert both.cloud.looks.weights("backend") == SPLIT


def test_an_unreadable_rule_is_not_a_rule_without_weights(both: Rig) -> None:
    shift(both, SPLIT)
    both.world.faults.add(Fault(kind="throttle", operation="DescribeRules"))
    with pytest.raises(Transient):
        both.cloud.looks.weights("backend")


def test_a_rule_that_does_not_show_the_weights_yet_is_looked_at_again(both: Rig) -> None:
    shift(both, BLUE_LIVE)
    both.world.faults.add(Fault(kind="stale", operation="DescribeRules", nth=2, versions=1))
    with pytest.raises(Transient, match="the rule shows blue 100 green 0, asked for was blue 90 green 10"):
        shift(both, SPLIT)
    shift(both, SPLIT)
    assert both.cloud.looks.weights("backend") == SPLIT


def test_a_lost_answer_leaves_the_rule_as_asked(both: Rig) -> None:
    shift(both, BLUE_LIVE)
    both.world.faults.add(Fault(kind="lost_answer", operation="ModifyRule", nth=1))
    with pytest.raises(Transient):
        shift(both, SPLIT)
    assert both.cloud.looks.weights("backend") == SPLIT


def test_a_lost_answer_to_create_makes_no_second_rule(both: Rig) -> None:
    both.world.faults.add(Fault(kind="lost_answer", operation="CreateRule", nth=1))
    with pytest.raises(Transient):
        shift(both, BLUE_LIVE)
    shift(both, BLUE_LIVE)
    assert len(both.rules()) == 1


def test_a_stale_look_makes_no_second_rule(both: Rig) -> None:
    shift(both, BLUE_LIVE)
    both.world.faults.add(Fault(kind="missing", operation="DescribeRules", nth=1))
    with pytest.raises(Conflict) as raised:
        shift(both, SPLIT)
    assert raised.value.code == "aws.taken"
    assert len(both.rules()) == 1


def test_traffic_to_a_group_that_is_not_there_is_refused(rig: Rig) -> None:
    rig.prepared(slot=Slot.BLUE)
    rig.world.calls.clear()
    with pytest.raises(Conflict, match="target group captioncraft-dev-backend-green is not there"):
        shift(rig, GREEN_LIVE)
    assert rig.changes() == []


def test_the_longer_path_is_asked_first_whatever_is_made_first(both: Rig) -> None:
    both.prepared("frontend")
    shift(both, BLUE_LIVE, "frontend", PAGE)
    shift(both, BLUE_LIVE, "backend", API)
    by_number = sorted(both.rules(), key=lambda rule: int(rule["Priority"]))
    assert [rule["Conditions"][0]["PathPatternConfig"]["Values"] for rule in by_number] == [["/api/*"], ["/*"]]


def test_a_foreign_rule_for_the_same_requests_is_refused(both: Rig) -> None:
    both.sandbox.rule(7, {both.sandbox.group("theirs"): 100}, path="/api/*")
    both.world.calls.clear()
    with pytest.raises(Blocked, match=r"rule 7 .* matches the same requests"):
        shift(both, BLUE_LIVE)
    assert both.changes() == []


def test_a_number_that_is_taken_is_not_used(both: Rig) -> None:
    shift(both, BLUE_LIVE)
    number = int(both.rules()[0]["Priority"])
    both.cloud.traffic.remove_rule("backend", both.permit())
    both.sandbox.rule(number, {both.sandbox.group("theirs"): 100}, path="/theirs")
    shift(both, BLUE_LIVE)
    assert {int(rule["Priority"]) for rule in both.rules()} == {number, number - 1}


def test_two_rules_with_the_tags_of_one_are_ambiguous(both: Rig) -> None:
    shift(both, BLUE_LIVE)
    second = both.sandbox.rule(3, {arns(both)[Slot.GREEN]: 100}, path="/second")
    tags = elb_tags(ours("backend", **{ROLE_TAG: "public"}))
    both.sandbox.elbv2.add_tags(ResourceArns=[second], Tags=tags)
    both.world.calls.clear()
    with pytest.raises(Blocked, match="both have the tags of its public rule"):
        shift(both, GREEN_LIVE)
    assert both.changes() == []


def test_a_rule_that_somebody_turned_into_an_answer_is_not_overwritten(both: Rig) -> None:
    shift(both, BLUE_LIVE)
    fixed = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]
    both.sandbox.elbv2.modify_rule(RuleArn=both.rules()[0]["RuleArn"], Actions=fixed)
    both.world.calls.clear()
    with pytest.raises(Blocked, match="forwards to nothing any more"):
        shift(both, SPLIT)
    assert both.changes() == []


def test_tags_that_were_taken_away_count_at_once(both: Rig) -> None:
    """What was remembered about a rule is not enough to change it."""
    shift(both, BLUE_LIVE)
    both.cloud.looks.weights("backend")
    both.sandbox.elbv2.remove_tags(ResourceArns=[both.rules()[0]["RuleArn"]], TagKeys=[OWNER_TAG])
    both.world.calls.clear()
    with pytest.raises(Blocked, match="exists, but without the tags"):
        shift(both, SPLIT)
    assert both.changes() == []


# test rules


def test_a_test_rule_asks_for_the_header_and_sends_everything_to_the_slot(both: Rig) -> None:
    put_test_rule(both)
    (rule,) = both.rules()
    (condition,) = rule["Conditions"]
    assert condition["HttpHeaderConfig"] == {"HttpHeaderName": TEST_HEADER, "Values": ["open-sesame"]}
    assert forwarded(both, rule) == {"captioncraft-dev-backend-green": 100}
    view = both.cloud.looks.services({"backend": True}, targets=False)["backend"]
    assert view.rule is None
    assert view.test_rule is not None
    assert view.test_rule.header == "open-sesame"


def test_a_test_rule_is_asked_before_every_public_one(both: Rig) -> None:
    shift(both, BLUE_LIVE)
    put_test_rule(both)
    numbers = {
        len(rule["Conditions"][0].get("HttpHeaderConfig", {})) > 0: int(rule["Priority"]) for rule in both.rules()
    }
    assert numbers[True] < numbers[False]


def test_a_test_rule_that_is_right_is_left_alone(both: Rig) -> None:
    put_test_rule(both)
    both.world.calls.clear()
    put_test_rule(both)
    assert both.changes() == []


@pytest.mark.parametrize(("slot", "header"), [(Slot.BLUE, HEADER), (Slot.GREEN, Secret("another"))])
def test_a_test_rule_moves_to_another_slot_or_header(both: Rig, slot: Slot, header: Secret) -> None:
    put_test_rule(both)
    put_test_rule(both, slot, header=header)
    view = both.cloud.looks.services({"backend": True}, targets=False)["backend"].test_rule
    assert view is not None
    assert view.header == header.reveal()
    assert [each for each in Slot if view.weights[each] > 0] == [slot]
    assert len(both.rules()) == 1


def test_the_same_header_for_two_services_is_refused(both: Rig) -> None:
    both.prepared("frontend")
    put_test_rule(both)
    with pytest.raises(Blocked, match="matches the same requests"):
        put_test_rule(both, Slot.BLUE, "frontend")


def test_an_error_does_not_tell_the_header(both: Rig) -> None:
    both.world.faults.add(Fault(kind="denied", operation="CreateRule"))
    with pytest.raises(Blocked) as raised:
        put_test_rule(both)
    assert "open-sesame" not in str(raised.value)


# going back


def as_it_was(rig: Rig) -> RuleAsItWas:
    view = rig.cloud.looks.services({"backend": True}, targets=False)["backend"].rule
    assert view is not None
    return RuleAsItWas(view.arn, view.weights, view.actions)


def test_a_rule_gets_its_complete_old_actions_back(both: Rig) -> None:
    shift(both, BLUE_LIVE)
    was = as_it_was(both)
    shift(both, SPLIT)
    both.cloud.traffic.restore_rule("backend", was, both.permit())
    assert as_it_was(both) == was
    assert both.asked("ModifyRule")[-1] == {"RuleArn": was.arn, "Actions": json.loads(was.actions)}


def test_restoring_twice_changes_nothing_more(both: Rig) -> None:
    shift(both, BLUE_LIVE)
    was = as_it_was(both)
    for _ in range(2):
        both.cloud.traffic.restore_rule("backend", was, both.permit())
    assert as_it_was(both) == was


def test_a_rule_that_does_not_show_its_old_weights_yet_is_looked_at_again(both: Rig) -> None:
    """It shows what it showed before it was given its old actions back."""
    shift(both, BLUE_LIVE)
    was = as_it_was(both)
    both.world.faults.add(Fault(kind="stale", operation="DescribeRules", nth=4, versions=1))
    shift(both, SPLIT)
    with pytest.raises(Transient, match="blue 90 green 10"):
        both.cloud.traffic.restore_rule("backend", was, both.permit())
    assert as_it_was(both) == was


def test_restoring_a_rule_that_is_gone_is_a_conflict(both: Rig) -> None:
    shift(both, BLUE_LIVE)
    was = as_it_was(both)
    both.cloud.traffic.remove_rule("backend", both.permit())
    with pytest.raises(Conflict):
        both.cloud.traffic.restore_rule("backend", was, both.permit())


def test_removing_takes_the_one_rule_and_is_done_when_there_is_none(both: Rig) -> None:
    shift(both, BLUE_LIVE)
    put_test_rule(both)
    for _ in range(2):
        both.cloud.traffic.remove_test_rule("backend", both.permit())
    assert [rule["Conditions"][0]["Field"] for rule in both.rules()] == ["path-pattern"]
    for _ in range(2):
        both.cloud.traffic.remove_rule("backend", both.permit())
    assert both.rules() == []
    assert both.changes().count("DeleteRule") == 2


def test_a_rule_that_another_deployment_made_is_not_removed(both: Rig) -> None:
    shift(both, BLUE_LIVE)
    both.world.calls.clear()
    with pytest.raises(Conflict, match="was not made by d-2"):
        both.cloud.traffic.remove_rule("backend", replace(both.permit(), deployment="d-2"))
    assert both.changes() == []


def test_a_rule_of_another_place_is_never_removed(both: Rig) -> None:
    theirs = both.sandbox.rule(9, {arns(both)[Slot.BLUE]: 100})
    tags = elb_tags({**ours("backend", **{ROLE_TAG: "public"}), PLACE_TAG: "captioncraft-prod"})
    both.sandbox.elbv2.add_tags(ResourceArns=[theirs], Tags=tags)
    both.world.calls.clear()
    both.cloud.traffic.remove_rule("backend", both.permit())
    assert both.changes() == []


def test_a_stale_look_that_shows_no_rule_deletes_nothing(both: Rig) -> None:
    shift(both, BLUE_LIVE)
    both.world.faults.add(Fault(kind="missing", operation="DescribeRules", nth=1))
    both.cloud.traffic.remove_rule("backend", both.permit())
    assert len(both.rules()) == 1


def test_without_the_lease_no_traffic_is_changed(both: Rig) -> None:
    shift(both, BLUE_LIVE)
    put_test_rule(both)
    was, lost = as_it_was(both), both.lost_lease()
    both.world.calls.clear()
    traffic = both.cloud.traffic
    for act in (
        lambda: traffic.prepare_group(PrepareGroup("frontend", Slot.BLUE, SETTINGS), lost),
        lambda: traffic.set_weights(SetWeights("backend", API, SPLIT), lost),
        lambda: traffic.put_test_rule(PutTestRule("backend", Slot.BLUE, HEADER), lost),
        lambda: traffic.restore_rule("backend", was, lost),
        lambda: traffic.remove_rule("backend", lost),
        lambda: traffic.remove_test_rule("backend", lost),
    ):
        with pytest.raises(Conflict, match="the lease is lost"):
            act()
    assert both.changes() == []
