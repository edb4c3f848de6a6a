"""One look: few calls, both slots, the truth about weights; an error never reads as nothing."""

from __future__ import annotations

from typing import Any

import pytest

from controller.domain.actions import EmptySlot, PutTestRule, SetWeights
from controller.domain.errors import Blocked, TidegateError, Transient
from controller.domain.manifest import Route
from controller.domain.names import OWNER_TAG, PLACE_TAG
from controller.domain.secret import Secret
from controller.domain.slot import Slot
from controller.domain.snapshot import Rollout, ServiceView
from sandbox.runtime.scripted import Script, never_healthy
from sandbox.world.faults import Fault
from tests.adapters.aws.rig import Rig, ours
from tests.support.sandbox_aws import NETWORK

BLUE_LIVE = {Slot.BLUE: 100, Slot.GREEN: 0}
ROUTES = {"backend": Route(path=("/api/*",)), "frontend": Route(path=("/*",))}


def look(rig: Rig, targets: bool = False, service: str = "backend") -> ServiceView:
    return rig.cloud.looks.services({service: True}, targets)[service]


def live(rig: Rig, service: str = "backend") -> None:
    """The service's blue slot runs behind its public rule."""
    rig.prepared(service)
    rig.cloud.traffic.set_weights(SetWeights(service, ROUTES[service], BLUE_LIVE), rig.permit())
    rig.run(rig.content(service))
    rig.clock.advance(60)


@pytest.fixture
def running(rig: Rig) -> Rig:
    live(rig)
    rig.world.calls.clear()
    return rig


def test_nothing_there_is_two_empty_slots_and_no_rule(rig: Rig) -> None:
    view = look(rig)
    assert [view.slots[slot].exists for slot in Slot] == [False, False]
    assert (view.rule, view.test_rule, view.live) == (None, None, None)


def test_a_running_slot_shows_what_runs(running: Rig) -> None:
    blue = look(running).slots[Slot.BLUE]
    content = running.content()
    assert (blue.exists, blue.content, blue.rollout) == (True, content.digest, Rollout.COMPLETED)
    assert (blue.desired, blue.running, blue.pending) == (2, 2, 0)
    assert blue.group is not None
    assert blue.group.healthy is None


def test_the_rule_says_who_is_live(running: Rig) -> None:
    view = look(running)
    assert view.live is Slot.BLUE
    assert view.rule is not None
    assert view.rule.weights == BLUE_LIVE


def test_with_targets_health_and_settings_are_there(running: Rig) -> None:
    group = look(running, targets=True).slots[Slot.BLUE].group
    assert group is not None
    assert (group.healthy, group.unhealthy) == (2, 0)
    assert group.settings is not None
    assert group.settings.deregistration_delay_seconds == 15


def test_a_sick_version_complains(rig: Rig) -> None:
    rig.sandbox.runtime.script("captioncraft-backend", Script(health=never_healthy()))
    live(rig)
    group = look(rig, targets=True).slots[Slot.BLUE].group
    assert group is not None
    assert group.healthy == 0
    assert group.unhealthy is not None
    assert group.unhealthy + len(group.complaints) == 2 * group.unhealthy


def test_a_failed_rollout_says_so(rig: Rig) -> None:
    rig.sandbox.runtime.script("captioncraft-backend", Script(ends_after_seconds=1.0, exit_code=1))
    rig.run(rig.content("backend"))
    rig.clock.run_until(lambda: look(rig).slots[Slot.BLUE].rollout is Rollout.FAILED)
    assert look(rig).slots[Slot.BLUE].failed_tasks >= 3


def test_the_two_slots_are_told_apart(running: Rig) -> None:
    green = running.content(tag="v2")
    running.prepared(slot=Slot.GREEN)
    running.cloud.traffic.put_test_rule(PutTestRule("backend", Slot.GREEN, Secret("x")), running.permit())
    running.run(green, Slot.GREEN)
    view = look(running)
    assert view.slots[Slot.BLUE].content == running.content().digest
    assert view.slots[Slot.GREEN].content == green.digest
    assert view.live is Slot.BLUE


def test_a_service_without_a_route_has_no_group_to_ask_for(rig: Rig) -> None:
    rig.run(rig.content("worker", port=None))
    rig.world.calls.clear()
    view = rig.cloud.looks.services({"worker": False}, targets=True)["worker"]
    assert view.live is Slot.BLUE
    assert "DescribeTargetGroups" not in rig.operations()


# cheap


def test_a_look_at_rest_is_three_calls(rig: Rig) -> None:
    for service in ("backend", "frontend"):
        live(rig, service)
        rig.prepared(service, Slot.GREEN)
    routed = {"backend": True, "frontend": True}
    rig.cloud.looks.services(routed, targets=False)
    rig.world.calls.clear()
    rig.cloud.looks.services(routed, targets=False)
    assert sorted(rig.operations()) == ["DescribeRules", "DescribeServices", "DescribeTargetGroups"]
    assert rig.changes() == []


def test_services_are_asked_for_ten_at_a_time(rig: Rig) -> None:
    rig.cloud.looks.services({f"worker{number}": False for number in range(6)}, targets=False)
    assert [len(asked["services"]) for asked in rig.asked("DescribeServices")] == [10, 2]


def test_rules_beyond_the_first_page_are_read(running: Rig) -> None:
    blue = running.group()["TargetGroupArn"]
    for number in range(1, 100):
        running.sandbox.rule(number, {blue: 1}, path=f"/page/{number}")
    assert look(running).live is Slot.BLUE


def by_small_pages(operation: str, name: str) -> tuple[str, Any]:
    """A hook that makes every answer a page of two."""

    def smaller(params: dict[str, Any], **_: object) -> None:
        params[name] = 2

    return f"before-parameter-build.{operation}", smaller


def test_every_page_of_rules_is_read(running: Rig) -> None:
    for number in range(1, 7):
        running.sandbox.rule(number, {running.group()["TargetGroupArn"]: 1}, path=f"/page/{number}")
    running.hooks.append(by_small_pages("elbv2.DescribeRules", "PageSize"))
    stranger = running.stranger()
    running.world.calls.clear()
    assert stranger.looks.services({"backend": True}, targets=False)["backend"].live is Slot.BLUE
    assert len(running.calls("DescribeRules")) == 4


def test_groups_that_were_there_are_asked_for_together(running: Rig) -> None:
    look(running)
    running.world.calls.clear()
    look(running)
    assert [asked["Names"] for asked in running.asked("DescribeTargetGroups")] == [
        ["captioncraft-dev-backend-blue"],
        ["captioncraft-dev-backend-green"],
    ]


def test_a_group_that_was_deleted_by_hand_does_not_hide_the_others(running: Rig) -> None:
    running.prepared(slot=Slot.GREEN)
    look(running)
    running.sandbox.elbv2.delete_target_group(TargetGroupArn=running.group(slot=Slot.GREEN)["TargetGroupArn"])
    view = look(running)
    assert view.slots[Slot.BLUE].group is not None
    assert view.slots[Slot.GREEN].group is None


# what is left of services that the file does not name


def gone(rig: Rig, *services: str) -> list[str]:
    """The orphans, where the file names these."""
    return list(rig.cloud.looks.orphans(services))


def test_a_service_that_is_not_named_any_more_is_an_orphan(rig: Rig) -> None:
    for service in ("frontend", "backend"):
        live(rig, service)
    assert gone(rig, "backend", "frontend") == []
    assert gone(rig, "backend") == ["frontend"]
    assert gone(rig) == ["backend", "frontend"]


def test_a_rule_alone_is_enough_to_be_an_orphan_and_so_is_a_slot(rig: Rig) -> None:
    live(rig)
    rig.run(rig.content("worker", port=None), Slot.GREEN, count=1)
    rig.sandbox.ecs.delete_service(cluster="dev", service="captioncraft-dev-backend-blue", force=True)
    assert gone(rig) == ["backend", "worker"]


def test_a_slot_counts_while_it_exists_also_without_a_task(rig: Rig) -> None:
    rig.run(rig.content("worker", port=None), count=1)
    rig.cloud.tasks.empty_slot(EmptySlot("worker", Slot.BLUE), rig.permit())
    assert gone(rig) == ["worker"]
    rig.sandbox.ecs.delete_service(cluster="dev", service="captioncraft-dev-worker-blue", force=True)
    assert gone(rig) == []


def test_a_slot_that_is_deleted_while_somebody_looks_is_gone(rig: Rig) -> None:
    """The list is older than what is then said about each."""
    rig.run(rig.content("worker", port=None), count=0)
    rig.world.faults.add(Fault(kind="stale", operation="ListServices", nth=1, seconds=60))
    rig.clock.advance(30)
    rig.sandbox.ecs.delete_service(cluster="dev", service="captioncraft-dev-worker-blue")
    rig.clock.advance(30)
    rig.world.calls.clear()
    assert gone(rig) == []
    assert len(rig.calls("DescribeServices")) == 1


def theirs(rig: Rig, name: str, tags: dict[str, str]) -> None:
    rig.sandbox.ecs.create_service(
        cluster="dev",
        serviceName=name,
        taskDefinition=rig.sandbox.define(rig.sandbox.push("theirs", name)),
        desiredCount=0,
        launchType="FARGATE",
        networkConfiguration=NETWORK,
        tags=[{"key": key, "value": value} for key, value in tags.items()],
    )


@pytest.mark.parametrize("tags", [{}, {OWNER_TAG: "terraform"}, {PLACE_TAG: "captioncraft-dev-two"}])
def test_a_name_like_ours_proves_nothing(rig: Rig, tags: dict[str, str]) -> None:
    theirs(rig, "captioncraft-dev-old-blue", {**ours("old"), **tags} if tags else {})
    assert gone(rig) == []


def test_only_what_has_our_names_is_looked_at(rig: Rig) -> None:
    for name in ("captioncraft-prod-old-blue", "captioncraft-dev-old", "old-blue"):
        theirs(rig, name, ours("old"))
    rig.world.calls.clear()
    assert gone(rig) == []
    assert rig.calls("DescribeServices") == []


def test_a_service_is_called_by_its_tag(rig: Rig) -> None:
    """A name is cut at its last hyphen only for the slot; a service may have hyphens, and so may a place."""
    rig.run(rig.content("image-worker", port=None), count=1)
    assert gone(rig, "worker", "image") == ["image-worker"]


def test_looking_for_orphans_is_two_calls_where_there_are_none(rig: Rig) -> None:
    for service in ("backend", "frontend"):
        live(rig, service)
    gone(rig, "backend", "frontend")
    rig.world.calls.clear()
    gone(rig, "backend", "frontend")
    assert rig.operations() == ["DescribeRules", "ListServices"]
    assert rig.asked("ListServices") == [{"cluster": "dev", "maxResults": 100}]


def test_orphans_are_looked_at_ten_at_a_time(rig: Rig) -> None:
    for number in range(12):
        rig.run(rig.content(f"worker{number}", port=None), count=0)
    rig.world.calls.clear()
    assert len(gone(rig)) == 12
    assert [len(asked["services"]) for asked in rig.asked("DescribeServices")] == [10, 2]


def test_every_page_of_services_is_read(rig: Rig) -> None:
    for number in range(5):
        rig.run(rig.content(f"worker{number}", port=None), count=0)
    rig.hooks.append(by_small_pages("ecs.ListServices", "maxResults"))
    stranger = rig.stranger()
    rig.world.calls.clear()
    assert len(stranger.looks.orphans([])) == 5
    assert len(rig.calls("ListServices")) == 3


@pytest.mark.parametrize("kind", ["throttle", "denied", "server_error", "timeout"])
@pytest.mark.parametrize("operation", ["ListServices", "DescribeServices", "DescribeRules", "DescribeTags"])
def test_orphans_that_cannot_be_looked_for_are_not_none(running: Rig, operation: str, kind: Any) -> None:
    stranger = running.stranger()
    running.world.faults.add(Fault(kind=kind, operation=operation))
    with pytest.raises(TidegateError) as raised:
        stranger.looks.orphans([])
    assert isinstance(raised.value, Blocked if kind == "denied" else Transient)


# an error is never "nothing"


@pytest.mark.parametrize("kind", ["throttle", "denied", "server_error", "timeout"])
@pytest.mark.parametrize(
    "operation",
    ["DescribeServices", "DescribeRules", "DescribeTags", "DescribeTargetGroups", "DescribeTaskDefinition",
     "DescribeTargetHealth", "DescribeTargetGroupAttributes", "DescribeStacks"],
)  # fmt: skip
def test_what_cannot_be_read_is_an_error(running: Rig, operation: str, kind: str) -> None:
    """By somebody who has not looked before, so that nothing is remembered."""
    stranger = running.stranger()
    running.world.faults.add(Fault(kind=kind, operation=operation))  # type: ignore[arg-type]
    with pytest.raises(TidegateError) as raised:
        stranger.looks.services({"backend": True}, targets=True)
    assert isinstance(raised.value, Blocked if kind == "denied" else Transient)


def test_an_answer_that_leaves_a_service_out_is_not_its_absence(running: Rig) -> None:
    """As when ECS answers with another failure than MISSING."""

    def without_services(parsed: dict[str, object], **_: object) -> None:
        failure = {
            "arn": "arn:aws:ecs:eu-west-1:123456789012:service/dev/captioncraft-dev-backend-blue",
            "reason": "BUSY",
        }
        parsed.update(services=[], failures=[failure])

    running.hooks.append(("after-call.ecs.DescribeServices", without_services))
    with pytest.raises(Transient, match="AWS said nothing about captioncraft-dev-backend-blue"):
        running.stranger().looks.services({"backend": True}, targets=False)


def test_a_definition_without_our_tags_has_no_content(running: Rig) -> None:
    theirs = running.sandbox.define(running.sandbox.push("theirs", "v1"), family="theirs", containerDefinitions=[
        {"name": "backend", "image": "x", "portMappings": [{"containerPort": 8000}]}
    ])  # fmt: skip
    running.sandbox.ecs.update_service(
        cluster="dev", service="captioncraft-dev-backend-blue", taskDefinition=theirs, desiredCount=0
    )
    blue = look(running).slots[Slot.BLUE]
    assert (blue.definition, blue.content) == (theirs, None)


def test_a_rule_that_lost_its_tags_is_not_ours_any_more_after_a_few_minutes(running: Rig) -> None:
    assert look(running).rule is not None
    running.sandbox.elbv2.remove_tags(ResourceArns=[running.rules()[0]["RuleArn"]], TagKeys=[OWNER_TAG])
    running.clock.advance(301)
    assert look(running).rule is None


def test_tags_that_arrive_late_are_asked_for_again(running: Rig) -> None:
    bare = running.sandbox.rule(4, {running.group()["TargetGroupArn"]: 1}, path="/late")
    look(running)
    running.world.calls.clear()
    look(running)
    assert running.asked("DescribeTags") == [{"ResourceArns": [bare]}]
