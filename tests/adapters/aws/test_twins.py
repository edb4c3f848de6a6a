"""Two rules for the same requests: refused, or in an order that loses nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from controller.domain.actions import PutTestRule, SetRoute, SetWeights
from controller.domain.errors import Blocked, Conflict
from controller.domain.manifest import Route
from controller.domain.names import OWNER_TAG, PLACE_TAG, ROLE_TAG
from controller.domain.secret import Secret
from controller.domain.slot import Slot
from controller.domain.snapshot import RuleView
from controller.domain.undo import RuleAsItWas
from sandbox.world.faults import Fault
from tests.adapters.aws.rig import Rig, elb_tags, ours

API = Route(path=("/api/*",))
BLUE_LIVE = {Slot.BLUE: 100, Slot.GREEN: 0}
SPLIT = {Slot.BLUE: 90, Slot.GREEN: 10}


def shift(rig: Rig, service: str, beside: Collection[str] = (), weights: Any = None, route: Route = API) -> None:
    action = SetWeights(service, route, weights or BLUE_LIVE, frozenset(beside))
    rig.cloud.traffic.set_weights(action, rig.permit())


def leads_to(rig: Rig) -> list[str]:
    """The services of the rules for the API, in the order in which they are asked."""
    asked = sorted(rig.rules(), key=lambda rule: int(rule["Priority"]))
    groups = [rule["Actions"][0]["ForwardConfig"]["TargetGroups"][0]["TargetGroupArn"] for rule in asked]
    return [arn.split("/")[1].removeprefix("captioncraft-dev-").removesuffix("-blue") for arn in groups]


@pytest.fixture
def renamed(rig: Rig) -> Rig:
    """The backend is live; the file now calls it `api`, whose group is ready."""
    rig.prepared("backend")
    rig.prepared("api")
    shift(rig, "backend", {"backend"})
    rig.world.calls.clear()
    return rig


def test_the_rule_of_a_renamed_service_is_asked_before_its_orphan(renamed: Rig) -> None:
    shift(renamed, "api", {"api", "frontend"})
    assert leads_to(renamed) == ["api", "backend"]
    (asked,) = renamed.asked("CreateRule")
    orphan = next(rule for rule in renamed.rules() if int(rule["Priority"]) != asked["Priority"])
    assert asked["Priority"] == int(orphan["Priority"]) - 1
    assert renamed.changes() == ["CreateRule"]


def test_removing_the_new_rule_leads_back_to_the_orphan(renamed: Rig) -> None:
    before = renamed.rules()
    shift(renamed, "api", {"api"})
    renamed.cloud.traffic.remove_rule("api", renamed.permit())
    assert renamed.rules() == before


def test_asking_twice_makes_one_rule(renamed: Rig) -> None:
    shift(renamed, "api", {"api"})
    shift(renamed, "api", {"api"})
    assert leads_to(renamed) == ["api", "backend"]


def test_a_service_that_is_renamed_twice_is_asked_before_both_orphans(renamed: Rig) -> None:
    renamed.prepared("web")
    shift(renamed, "api", {"api"})
    shift(renamed, "web", {"web"})
    assert leads_to(renamed) == ["web", "api", "backend"]


@pytest.mark.parametrize("kind", ["stale", "missing"])
def test_a_stale_look_makes_no_second_rule_before_the_orphan(renamed: Rig, kind: Any) -> None:
    """One that does not show the new rule yet; one that does not even show the orphan's."""
    renamed.world.faults.add(Fault(kind=kind, operation="DescribeRules", nth=3, versions=1))
    shift(renamed, "api", {"api"})
    with pytest.raises(Conflict) as raised:
        shift(renamed, "api", {"api"})
    assert raised.value.code == "aws.taken"
    assert leads_to(renamed) == ["api", "backend"]


def test_a_longer_path_still_comes_before_both(renamed: Rig) -> None:
    renamed.prepared("docs")
    shift(renamed, "docs", route=Route(path=("/api/docs/*",)))
    shift(renamed, "api", {"api", "docs"})
    assert leads_to(renamed) == ["docs", "api", "backend"]


def test_without_a_number_before_the_orphan_nothing_is_made(renamed: Rig) -> None:
    orphan = renamed.rules()[0]
    first = {"RuleArn": orphan["RuleArn"], "Priority": 1500}
    renamed.sandbox.elbv2.set_rule_priorities(RulePriorities=[first])
    renamed.world.calls.clear()
    with pytest.raises(Blocked, match="no free priority from 1500 to 1999") as raised:
        shift(renamed, "api", {"api"})
    assert raised.value.code == "rule.no_priority"
    assert renamed.changes() == []


@pytest.mark.parametrize("beside", [{"api", "backend"}, set()])
def test_the_rule_of_a_service_that_may_be_in_the_file_is_refused(renamed: Rig, beside: set[str]) -> None:
    """Who does not say what the file names gets no orphans."""
    with pytest.raises(Blocked, match=r"matches the same requests and is backend's\. Give that another") as raised:
        shift(renamed, "api", beside)
    assert raised.value.code == "rule.foreign_twin"
    assert renamed.changes() == []


@pytest.mark.parametrize(
    "tags",
    [
        {OWNER_TAG: "terraform"},
        {PLACE_TAG: "captioncraft-prod"},
        {ROLE_TAG: "test"},
    ],
)
def test_a_rule_that_is_not_wholly_an_orphan_of_ours_is_refused(renamed: Rig, tags: dict[str, str]) -> None:
    arn = renamed.rules()[0]["RuleArn"]
    renamed.sandbox.elbv2.add_tags(ResourceArns=[arn], Tags=elb_tags(tags))
    renamed.clock.advance(301)
    renamed.world.calls.clear()
    with pytest.raises(Blocked, match="is not this service's"):
        shift(renamed, "api", {"api"})
    assert renamed.changes() == []


def test_one_stranger_among_the_twins_is_enough(renamed: Rig) -> None:
    renamed.sandbox.rule(7, {renamed.sandbox.group("theirs"): 100}, path="/api/*")
    renamed.world.calls.clear()
    with pytest.raises(Blocked, match="rule 7 "):
        shift(renamed, "api", {"api"})
    assert renamed.changes() == []


def behind(rig: Rig, service: str) -> frozenset[str]:
    rule = rig.cloud.looks.services({service: True}, targets=False)[service].rule
    assert rule is not None
    return rule.behind


def restored(rig: Rig, service: str, was: RuleView) -> None:
    rule = RuleAsItWas(was.arn, was.weights, was.actions, was.conditions, was.priority)
    rig.cloud.traffic.restore_rule(service, rule, rig.permit())


def take_over(rig: Rig, service: str, route: Route = API) -> None:
    rig.cloud.traffic.set_route(SetRoute(service, route), rig.permit())


def test_the_picture_says_who_gets_the_requests_instead(renamed: Rig) -> None:
    shift(renamed, "api", {"api"})
    assert behind(renamed, "backend") == {"api"} and behind(renamed, "api") == frozenset()


@pytest.mark.parametrize(
    ("route", "is_rival"),
    [
        (Route(path=("/api/*", "/news/*")), True),
        (Route(path=("/web/*",)), False),
        (Route(path=("/api/*",), host=("captions.example.com",)), False),
        (Route(path=("/api/*", "/*")), False),
    ],
    ids=["a path beside it", "another path", "for one host", "a wider path beside it"],
)
def test_a_rival_is_as_narrow_and_shares_a_path(renamed: Rig, route: Route, is_rival: bool) -> None:
    shift(renamed, "api", {"api"}, route=route)
    found = {service for service in ("api", "backend") if behind(renamed, service)}
    assert found == ({"backend"} if is_rival else set())


def test_a_service_that_gets_its_old_name_back_changes_places_with_its_orphan(renamed: Rig) -> None:
    """Its old rule is still there; both numbers change in one call, so that nobody else is asked meanwhile."""
    shift(renamed, "api", {"api"})
    renamed.world.calls.clear()
    numbers = {rule["Priority"] for rule in renamed.rules()}
    take_over(renamed, "backend")
    assert leads_to(renamed) == ["backend", "api"] and renamed.changes() == ["SetRulePriorities"]
    assert {rule["Priority"] for rule in renamed.rules()} == numbers
    take_over(renamed, "backend")
    assert renamed.changes() == ["SetRulePriorities"]


def test_going_home_changes_places_again(renamed: Rig) -> None:
    shift(renamed, "api", {"api"})
    was = renamed.cloud.looks.services({"backend": True}, targets=False)["backend"].rule
    before = renamed.rules()
    assert was is not None
    take_over(renamed, "backend")
    restored(renamed, "backend", was)
    assert renamed.rules() == before


def test_of_two_orphans_the_first_one_gives_way(renamed: Rig) -> None:
    renamed.prepared("web")
    shift(renamed, "api", {"api"})
    shift(renamed, "web", {"web"})
    was = renamed.cloud.looks.services({"backend": True}, targets=False)["backend"].rule
    assert was is not None and was.behind == {"api", "web"}
    take_over(renamed, "backend")
    assert leads_to(renamed) == ["backend", "api", "web"]
    restored(renamed, "backend", was)
    assert leads_to(renamed) == ["web", "api", "backend"]


def test_what_stands_among_shorter_paths_gets_a_number_of_its_own(renamed: Rig) -> None:
    """Changing places would put the orphan's rule behind one that takes its requests too."""
    renamed.prepared("site")
    shift(renamed, "site", route=Route(path=("/*",)))
    shift(renamed, "api", {"api", "site"})
    arn = behind_arn(renamed, "backend")
    renamed.sandbox.elbv2.set_rule_priorities(RulePriorities=[{"RuleArn": arn, "Priority": 1999}])
    take_over(renamed, "backend")
    assert leads_to(renamed) == ["backend", "api", "site"]


def behind_arn(rig: Rig, service: str) -> str:
    rule = rig.cloud.looks.services({service: True}, targets=False)[service].rule
    assert rule is not None
    return rule.arn


@pytest.mark.parametrize("whose", ["backend", "api"])
def test_a_rule_that_is_not_ours_any_more_keeps_its_number(renamed: Rig, whose: str) -> None:
    """Whoever took the tag away after our last look: neither of the two is moved."""
    shift(renamed, "api", {"api"})
    arn = behind_arn(renamed, whose)
    behind(renamed, "backend")
    renamed.sandbox.elbv2.add_tags(ResourceArns=[arn], Tags=elb_tags({OWNER_TAG: "terraform"}))
    renamed.world.calls.clear()
    with pytest.raises(Blocked):
        take_over(renamed, "backend")
    assert renamed.changes() == []


def test_weights_behind_an_orphan_are_seen_by_nobody_and_may_change(renamed: Rig) -> None:
    shift(renamed, "api", {"api"})
    renamed.prepared("backend", Slot.GREEN)
    shift(renamed, "backend", {"backend"}, SPLIT)
    assert renamed.cloud.looks.weights("backend") == SPLIT and leads_to(renamed)[0] == "api"


def test_an_orphan_that_is_asked_later_is_in_nobodys_way(renamed: Rig) -> None:
    shift(renamed, "api", {"api"})
    renamed.prepared("api", Slot.GREEN)
    shift(renamed, "api", {"api"}, SPLIT)
    assert renamed.cloud.looks.weights("api") == SPLIT


def test_a_header_is_refused_whatever_became_of_the_service_that_has_it(renamed: Rig) -> None:
    put = renamed.cloud.traffic.put_test_rule
    put(PutTestRule("backend", Slot.BLUE, Secret("open-sesame")), renamed.permit())
    with pytest.raises(Blocked, match="matches the same requests"):
        put(PutTestRule("api", Slot.BLUE, Secret("open-sesame")), renamed.permit())


def test_an_orphan_counts_by_its_tags_and_not_by_where_it_leads(renamed: Rig) -> None:
    """A rule made by hand in an orphan's name is an orphan's too: it has all of our tags."""
    renamed.cloud.traffic.remove_rule("backend", renamed.permit())
    by_hand = renamed.sandbox.rule(1700, {renamed.group("backend")["TargetGroupArn"]: 1}, path="/api/*")
    tags = elb_tags(ours("backend", **{ROLE_TAG: "public"}))
    renamed.sandbox.elbv2.add_tags(ResourceArns=[by_hand], Tags=tags)
    shift(renamed, "api", {"api"})
    assert leads_to(renamed) == ["api", "backend"]
