"""What public rules ask for, and in which order: changed as a step, undone as a whole, removed when a service goes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from controller.domain.actions import PutTestRule, SetRoute, SetWeights
from controller.domain.errors import Blocked, Conflict, Transient
from controller.domain.manifest import Route
from controller.domain.names import OWNER_TAG, PLACE_TAG, ROLE_TAG
from controller.domain.ports import Permit
from controller.domain.secret import Secret
from controller.domain.slot import Slot
from controller.domain.snapshot import RuleView
from controller.domain.undo import RuleAsItWas
from sandbox.world.faults import Fault
from tests.adapters.aws.rig import Rig, elb_tags, ours

API, DOCS, PAGE = Route(path=("/api/*",)), Route(path=("/docs/*",)), Route(path=("/*",))
GUIDE = Route(path=("/docs/guide/*",))
HOSTED = Route(path=("/api/*",), host=("captions.example.com",))
BLUE_LIVE = {Slot.BLUE: 100, Slot.GREEN: 0}
SPLIT = {Slot.BLUE: 90, Slot.GREEN: 10}
SOURCE = {"Field": "source-ip", "SourceIpConfig": {"Values": ["192.0.2.0/24"]}}


def shift(rig: Rig, service: str, route: Route, weights: dict[Slot, int] = BLUE_LIVE) -> None:
    rig.cloud.traffic.set_weights(SetWeights(service, route, weights), rig.permit())


def reroute(rig: Rig, service: str, route: Route) -> None:
    rig.cloud.traffic.set_route(SetRoute(service, route), rig.permit())


def view(rig: Rig, service: str = "backend") -> RuleView:
    found = rig.cloud.looks.services({service: True}, targets=False)[service].rule
    assert found is not None
    return found


def as_it_was(rig: Rig, service: str = "backend") -> RuleAsItWas:
    rule = view(rig, service)
    return RuleAsItWas(rule.arn, rule.weights, rule.actions, rule.conditions, rule.priority)


def paths(rig: Rig) -> list[str]:
    """What the rules ask for, in the order in which they are asked."""
    asked = sorted(rig.rules(), key=lambda rule: int(rule["Priority"]))
    return [rule["Conditions"][0]["PathPatternConfig"]["Values"][0] for rule in asked]


def place(rig: Rig, service: str, number: int) -> None:
    """Somebody gives the service's rule another number."""
    rig.sandbox.elbv2.set_rule_priorities(RulePriorities=[{"RuleArn": view(rig, service).arn, "Priority": number}])
    rig.world.calls.clear()


@pytest.fixture
def live(rig: Rig) -> Rig:
    """The backend has the API and the frontend the rest; both of the backend's groups exist."""
    for service in ("backend", "frontend"):
        rig.prepared(service)
    rig.prepared("backend", Slot.GREEN)
    shift(rig, "frontend", PAGE)
    shift(rig, "backend", API)
    rig.world.calls.clear()
    return rig


# what is seen


def test_a_look_says_what_a_public_rule_asks_for(live: Rig) -> None:
    rule = view(live)
    assert (rule.paths, rule.hosts) == (frozenset({"/api/*"}), frozenset())
    assert rule.asks_for(API)
    assert not rule.asks_for(HOSTED)
    assert json.loads(rule.conditions) == [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*"]}}]


def test_the_conditions_of_a_test_rule_are_not_handed_out(live: Rig) -> None:
    """They are a secret, and nobody puts them back."""
    live.cloud.traffic.put_test_rule(PutTestRule("backend", Slot.GREEN, Secret("open-sesame")), live.permit())
    test_rule = live.cloud.looks.services({"backend": True}, targets=False)["backend"].test_rule
    assert test_rule is not None
    assert test_rule.conditions == ""


# another route


def test_another_route_is_one_call_with_all_conditions_and_no_actions(live: Rig) -> None:
    before = view(live)
    reroute(live, "backend", HOSTED)
    assert live.asked("ModifyRule") == [
        {
            "RuleArn": before.arn,
            "Conditions": [
                {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*"]}},
                {"Field": "host-header", "HostHeaderConfig": {"Values": ["captions.example.com"]}},
            ],
        }
    ]
    assert live.changes() == ["ModifyRule"]
    after = view(live)
    assert after.asks_for(HOSTED)
    assert (after.arn, after.actions, after.priority) == (before.arn, before.actions, before.priority)


def test_asking_twice_changes_nothing_more(live: Rig) -> None:
    reroute(live, "backend", DOCS)
    live.world.calls.clear()
    reroute(live, "backend", DOCS)
    assert live.changes() == []


def test_what_people_added_to_the_conditions_stays(live: Rig) -> None:
    arn = view(live).arn
    shown = [{"Field": "path-pattern", "Values": ["/api/*"]}, SOURCE]
    live.sandbox.elbv2.modify_rule(RuleArn=arn, Conditions=shown)
    reroute(live, "backend", DOCS)
    reroute(live, "backend", DOCS)
    (asked,) = [asked for asked in live.asked("ModifyRule") if "Actions" not in asked][1:]
    assert asked["Conditions"] == [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/docs/*"]}}, SOURCE]


def test_a_rule_that_becomes_wider_gets_a_later_number_first(live: Rig) -> None:
    """The other way round it would have the requests of the rules between for a moment."""
    live.prepared("docs")
    shift(live, "docs", DOCS)
    reroute(live, "frontend", GUIDE)
    assert paths(live) == ["/docs/guide/*", "/docs/*", "/api/*"]
    live.world.calls.clear()
    reroute(live, "frontend", PAGE)
    assert live.changes() == ["SetRulePriorities", "ModifyRule"]
    assert paths(live) == ["/docs/*", "/api/*", "/*"]


def test_a_rule_that_becomes_narrower_gets_an_earlier_number_afterwards(live: Rig) -> None:
    arn = view(live, "frontend").arn
    reroute(live, "frontend", GUIDE)
    assert live.changes() == ["ModifyRule", "SetRulePriorities"]
    (asked,) = live.asked("SetRulePriorities")
    assert asked == {"RulePriorities": [{"RuleArn": arn, "Priority": view(live, "frontend").priority}]}
    assert paths(live) == ["/docs/guide/*", "/api/*"]


@pytest.mark.parametrize("lost", ["ModifyRule", "SetRulePriorities"])
@pytest.mark.parametrize("kind", ["timeout", "lost_answer", "throttle"])
@pytest.mark.parametrize("route", [GUIDE, PAGE])
def test_a_route_that_was_cut_off_half_way_is_finished_by_asking_again(
    live: Rig, lost: str, kind: Any, route: Route
) -> None:
    live.prepared("docs")
    shift(live, "docs", DOCS)
    if route is PAGE:
        reroute(live, "frontend", GUIDE)
    live.world.faults.add(Fault(kind=kind, operation=lost, nth=1))
    with pytest.raises(Transient):
        reroute(live, "frontend", route)
    reroute(live, "frontend", route)
    assert view(live, "frontend").asks_for(route)
    wanted = ["/docs/guide/*", "/docs/*", "/api/*"] if route is GUIDE else ["/docs/*", "/api/*", "/*"]
    assert paths(live) == wanted


def test_a_rule_that_does_not_show_its_route_yet_is_looked_at_again(live: Rig) -> None:
    live.world.faults.add(Fault(kind="stale", operation="DescribeRules", nth=2, versions=1))
    with pytest.raises(Transient, match=r"shows number .* path-pattern /api/\*, asked for was") as raised:
        reroute(live, "backend", DOCS)
    assert raised.value.code == "rule.not_yet"
    reroute(live, "backend", DOCS)
    assert view(live).asks_for(DOCS)


def test_two_services_exchange_their_routes_one_after_the_other(live: Rig) -> None:
    reroute(live, "backend", PAGE)
    reroute(live, "frontend", API)
    assert view(live).asks_for(PAGE)
    assert view(live, "frontend").asks_for(API)
    assert paths(live) == ["/api/*", "/*"]


def test_a_route_that_an_orphan_still_has_is_asked_for_first(live: Rig) -> None:
    live.prepared("docs")
    shift(live, "docs", DOCS)
    reroute(live, "backend", DOCS)
    assert view(live).priority < view(live, "docs").priority


def test_a_route_that_a_stranger_has_is_refused(live: Rig) -> None:
    live.sandbox.rule(7, {live.sandbox.group("theirs"): 100}, path="/docs/*")
    live.world.calls.clear()
    with pytest.raises(Blocked, match=r"rule 7 .* is not this service's") as raised:
        reroute(live, "backend", DOCS)
    assert raised.value.code == "rule.foreign_twin"
    assert live.changes() == []


def test_a_route_without_a_number_for_it_changes_nothing(live: Rig) -> None:
    place(live, "backend", 1500)
    with pytest.raises(Blocked) as raised:
        reroute(live, "frontend", GUIDE)
    assert raised.value.code == "rule.no_priority"
    assert live.changes() == []


def test_a_number_that_somebody_takes_first_is_left_to_them(live: Rig) -> None:
    """The look was older than their rule."""
    reroute(live, "frontend", GUIDE)
    taken = view(live, "frontend").priority
    reroute(live, "frontend", PAGE)
    live.world.faults.add(Fault(kind="stale", operation="DescribeRules", nth=1, versions=1))
    live.sandbox.rule(taken, {live.sandbox.group("theirs"): 100}, path="/theirs")
    with pytest.raises(Conflict) as raised:
        reroute(live, "frontend", GUIDE)
    assert raised.value.code == "aws.taken"
    reroute(live, "frontend", GUIDE)
    assert view(live, "frontend").priority == taken - 1


def test_a_service_without_a_public_rule_has_no_route_to_change(live: Rig) -> None:
    with pytest.raises(Conflict, match="has no public rule") as raised:
        reroute(live, "docs", DOCS)
    assert raised.value.code == "rule.absent"


@pytest.mark.parametrize(("before", "after"), [(PAGE, DOCS), (GUIDE, PAGE)])
def test_neither_route_nor_number_is_changed_once_the_tags_are_gone(live: Rig, before: Route, after: Route) -> None:
    reroute(live, "frontend", before)
    live.sandbox.elbv2.remove_tags(ResourceArns=[view(live, "frontend").arn], TagKeys=[OWNER_TAG])
    live.world.calls.clear()
    with pytest.raises(Blocked, match="exists, but without the tags"):
        reroute(live, "frontend", after)
    assert live.changes() == []


# going back


def test_weights_and_conditions_come_back_in_one_call(live: Rig) -> None:
    was = as_it_was(live)
    shift(live, "backend", API, SPLIT)
    reroute(live, "backend", HOSTED)
    live.world.calls.clear()
    live.cloud.traffic.restore_rule("backend", was, live.permit())
    assert live.asked("ModifyRule") == [
        {"RuleArn": was.arn, "Actions": json.loads(was.actions), "Conditions": json.loads(was.conditions)}
    ]
    assert live.changes() == ["ModifyRule"]
    assert as_it_was(live) == was


def test_conditions_that_are_right_are_not_sent(live: Rig) -> None:
    was = as_it_was(live)
    shift(live, "backend", API, SPLIT)
    live.world.calls.clear()
    live.cloud.traffic.restore_rule("backend", was, live.permit())
    assert live.asked("ModifyRule") == [{"RuleArn": was.arn, "Actions": json.loads(was.actions)}]


def test_an_old_record_says_nothing_about_conditions_and_number(live: Rig) -> None:
    was = replace(as_it_was(live), conditions="", priority=0)
    reroute(live, "backend", GUIDE)
    moved = view(live)
    live.world.calls.clear()
    live.cloud.traffic.restore_rule("backend", was, live.permit())
    assert live.asked("ModifyRule") == [{"RuleArn": was.arn, "Actions": json.loads(was.actions)}]
    assert (view(live).conditions, view(live).priority) == (moved.conditions, moved.priority)


def test_the_old_number_comes_back_after_the_traffic(live: Rig) -> None:
    was = as_it_was(live, "frontend")
    reroute(live, "frontend", GUIDE)
    live.world.calls.clear()
    for _ in range(2):
        live.cloud.traffic.restore_rule("frontend", was, live.permit())
    assert live.changes() == ["ModifyRule", "SetRulePriorities", "ModifyRule"]
    assert as_it_was(live, "frontend") == was


def test_an_old_number_that_somebody_has_is_replaced_by_one_that_keeps_the_order(live: Rig) -> None:
    was = as_it_was(live, "frontend")
    reroute(live, "frontend", GUIDE)
    live.sandbox.rule(was.priority, {live.sandbox.group("theirs"): 100}, path="/theirs")
    for _ in range(2):
        live.cloud.traffic.restore_rule("frontend", was, live.permit())
    assert view(live, "frontend").asks_for(PAGE)
    assert view(live, "frontend").priority == was.priority - 1
    assert view(live, "frontend").priority > view(live, "backend").priority


def test_a_number_that_keeps_the_order_is_kept_when_the_old_one_is_taken(live: Rig) -> None:
    was = as_it_was(live, "frontend")
    place(live, "frontend", 1999)
    live.sandbox.rule(was.priority, {live.sandbox.group("theirs"): 100}, path="/theirs")
    live.cloud.traffic.restore_rule("frontend", was, live.permit())
    assert view(live, "frontend").priority == 1999


def test_traffic_comes_home_also_where_no_number_is_left(live: Rig) -> None:
    was = as_it_was(live, "frontend")
    reroute(live, "frontend", GUIDE)
    numbered = view(live, "frontend").priority
    live.sandbox.rule(was.priority, {live.sandbox.group("theirs"): 100}, path="/theirs")
    place(live, "backend", 1999 if was.priority != 1999 else 1998)
    filler = iter(f"/{number}" for number in range(9))
    for number in range(view(live).priority + 1, 2000):
        if number != was.priority:
            live.sandbox.rule(number, {live.sandbox.group("theirs"): 100}, path=next(filler))
    live.cloud.traffic.restore_rule("frontend", was, live.permit())
    assert view(live, "frontend").asks_for(PAGE)
    assert view(live, "frontend").priority == numbered


def test_a_stale_look_at_the_way_home_is_asked_again(live: Rig) -> None:
    """It shows the rule as it was before the new route, so that nothing seems to be left to do."""
    was = as_it_was(live)
    live.world.faults.add(Fault(kind="stale", operation="DescribeRules", nth=3, versions=1))
    reroute(live, "backend", HOSTED)
    with pytest.raises(Transient, match="is looked at again"):
        live.cloud.traffic.restore_rule("backend", was, live.permit())
    live.cloud.traffic.restore_rule("backend", was, live.permit())
    assert as_it_was(live) == was


def test_a_rule_that_was_deleted_is_made_again_as_it_was(live: Rig) -> None:
    was = as_it_was(live)
    live.sandbox.elbv2.delete_rule(RuleArn=was.arn)
    live.world.calls.clear()
    live.cloud.traffic.remake_rule("backend", was, live.permit())
    assert live.changes() == ["CreateRule"]
    assert replace(as_it_was(live), arn=was.arn) == was and view(live).made_by == live.permit().deployment
    assert paths(live) == ["/api/*", "/*"]


def test_a_number_that_was_taken_meanwhile_is_replaced_by_one_that_keeps_the_order(live: Rig) -> None:
    was = as_it_was(live)
    live.sandbox.elbv2.delete_rule(RuleArn=was.arn)
    live.sandbox.rule(was.priority, {live.sandbox.group("theirs"): 100}, path="/theirs")
    live.cloud.traffic.remake_rule("backend", was, live.permit())
    assert view(live).priority != was.priority and view(live).priority < view(live, "frontend").priority


def test_a_rule_that_is_there_is_not_made_again_and_not_touched(live: Rig) -> None:
    """The picture that lacked it was an old one."""
    was = as_it_was(live)
    live.cloud.traffic.remake_rule("backend", replace(was, weights=SPLIT), live.permit())
    assert live.changes() == [] and as_it_was(live) == was


def test_an_old_answer_that_lacks_the_rule_makes_no_second_one(live: Rig) -> None:
    live.sandbox.elbv2.delete_rule(RuleArn=view(live).arn)
    live.world.faults.add(Fault(kind="stale", operation="DescribeRules", nth=4, versions=1))
    shift(live, "backend", API)
    was = as_it_was(live)
    live.world.calls.clear()
    with pytest.raises(Conflict, match="PriorityInUse"):
        live.cloud.traffic.remake_rule("backend", was, live.permit())
    assert live.changes() == ["CreateRule"] and as_it_was(live) == was


def test_a_stranger_s_rule_in_its_place_says_what_to_do_and_doing_it_helps(live: Rig) -> None:
    was = as_it_was(live)
    live.sandbox.elbv2.delete_rule(RuleArn=was.arn)
    groups = {slot: live.group("backend", slot)["TargetGroupArn"] for slot in Slot}
    anew = live.sandbox.rule(9, {groups[Slot.GREEN]: 100}, path="/api/*")
    with pytest.raises(Blocked, match=r"Rule 9 .* or give it the tags .* tidegate:service=backend") as raised:
        live.cloud.traffic.remake_rule("backend", was, live.permit())
    assert raised.value.code == "rule.gone"
    tags = elb_tags(ours("backend", **{ROLE_TAG: "public"}))
    live.sandbox.elbv2.add_tags(ResourceArns=[anew], Tags=tags)
    live.cloud.traffic.restore_rule("backend", was, live.permit())
    assert as_it_was(live) == replace(was, arn=anew)


def test_a_record_that_does_not_say_what_the_rule_asked_for_leaves_it_to_people(live: Rig) -> None:
    was = replace(as_it_was(live), conditions="", priority=0)
    live.sandbox.elbv2.delete_rule(RuleArn=was.arn)
    with pytest.raises(Blocked, match=r"Make a rule on the same listener .* tidegate:service=backend"):
        live.cloud.traffic.remake_rule("backend", was, live.permit())


# a service that goes


def somebody_else(rig: Rig) -> Permit:
    return replace(rig.permit(), deployment="d-2")


def test_a_route_is_removed_with_its_test_rule_whoever_made_them(live: Rig) -> None:
    live.cloud.traffic.put_test_rule(PutTestRule("backend", Slot.GREEN, Secret("open-sesame")), live.permit())
    live.cloud.traffic.remove_route("backend", somebody_else(live))
    assert paths(live) == ["/*"]
    assert live.changes()[-2:] == ["DeleteRule", "DeleteRule"]


def test_a_route_that_is_gone_is_removed(live: Rig) -> None:
    for _ in range(2):
        live.cloud.traffic.remove_route("backend", somebody_else(live))
    assert live.changes() == ["DeleteRule"]


def test_two_rules_with_the_same_tags_are_both_removed(live: Rig) -> None:
    second = live.sandbox.rule(9, {live.group()["TargetGroupArn"]: 100}, path="/second")
    tags = elb_tags(ours("backend", **{ROLE_TAG: "public"}))
    live.sandbox.elbv2.add_tags(ResourceArns=[second], Tags=tags)
    live.cloud.traffic.remove_route("backend", somebody_else(live))
    assert paths(live) == ["/*"]


@pytest.mark.parametrize("tags", [{OWNER_TAG: "terraform"}, {PLACE_TAG: "captioncraft-prod"}])
def test_a_rule_of_somebody_else_stays_when_a_route_is_removed(live: Rig, tags: dict[str, str]) -> None:
    theirs = live.sandbox.rule(9, {live.group()["TargetGroupArn"]: 100}, path="/theirs")
    all_tags = elb_tags({**ours("backend", **{ROLE_TAG: "public"}), **tags})
    live.sandbox.elbv2.add_tags(ResourceArns=[theirs], Tags=all_tags)
    live.cloud.traffic.remove_route("backend", somebody_else(live))
    assert paths(live) == ["/theirs", "/*"]


def test_a_stale_look_removes_no_route(live: Rig) -> None:
    live.world.faults.add(Fault(kind="missing", operation="DescribeRules", nth=1))
    live.cloud.traffic.remove_route("backend", somebody_else(live))
    assert paths(live) == ["/api/*", "/*"]


def test_without_the_lease_no_route_is_changed(live: Rig) -> None:
    was, lost = as_it_was(live), live.lost_lease()
    reroute(live, "frontend", GUIDE)
    live.world.calls.clear()
    traffic = live.cloud.traffic
    for act in (
        lambda: traffic.set_route(SetRoute("backend", DOCS), lost),
        lambda: traffic.set_route(SetRoute("frontend", PAGE), lost),
        lambda: traffic.restore_rule("backend", was, lost),
        lambda: traffic.remove_route("backend", lost),
    ):
        with pytest.raises(Conflict, match="the lease is lost"):
            act()
    assert live.changes() == []
