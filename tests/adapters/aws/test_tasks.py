"""ECS services of slots: made once, updated absolutely, never taken from somebody else."""

from __future__ import annotations

from typing import Any

import pytest

from controller.adapters.aws.wire.services import client_token, deployment_configuration
from controller.domain.actions import AddTasks, DeleteSlot, EmptySlot, SetWeights
from controller.domain.errors import Blocked, Conflict, Transient
from controller.domain.manifest import Route
from controller.domain.names import OWNER_TAG, PLACE_TAG, SERVICE_TAG, SLOT_TAG
from controller.domain.slot import Slot
from sandbox.world.faults import Fault
from tests.adapters.aws.rig import CLUSTER, Rig, a_run
from tests.support.sandbox_aws import NETWORK

NAME = "captioncraft-dev-backend-blue"


@pytest.fixture
def ready(rig: Rig) -> Rig:
    """With a target group that the balancer knows: a group in no rule is refused by ECS."""
    attach(rig, rig.prepared())
    rig.world.calls.clear()
    return rig


def attach(rig: Rig, group: str, priority: int = 5) -> None:
    rig.sandbox.rule(priority, {group: 100}, path=f"/attached/{priority}")


def test_a_missing_service_is_created_behind_its_group(ready: Rig) -> None:
    ready.run(ready.content())
    (asked,) = ready.asked("CreateService")
    assert (asked["serviceName"], asked["desiredCount"], asked["launchType"]) == (NAME, 2, "FARGATE")
    assert asked["clientToken"] == client_token("token-1", NAME)
    assert asked["deploymentConfiguration"] == deployment_configuration()
    assert asked["loadBalancers"] == [
        {"targetGroupArn": ready.group()["TargetGroupArn"], "containerName": "backend", "containerPort": 8000}
    ]
    assert ready.calls("UpdateService") == []


def test_the_service_and_its_tasks_have_our_tags(ready: Rig) -> None:
    ready.run(ready.content())
    tags = {tag["key"]: tag["value"] for tag in ready.service()["tags"]}
    wanted = {OWNER_TAG: "tidegate", PLACE_TAG: "captioncraft-dev", SERVICE_TAG: "backend", SLOT_TAG: "blue"}
    assert {name: tags[name] for name in wanted} == wanted
    assert ready.asked("CreateService")[0]["propagateTags"] == "SERVICE"


def test_it_really_runs(ready: Rig) -> None:
    ready.run(ready.content())
    ready.clock.advance(60)
    assert ready.service()["runningCount"] == 2


def test_an_existing_service_is_updated_and_its_balancer_not_sent_again(ready: Rig) -> None:
    ready.run(ready.content())
    definition = ready.run(ready.content(tag="v2"), count=3)
    (asked,) = ready.asked("UpdateService")
    assert asked == {
        "cluster": CLUSTER,
        "service": NAME,
        "taskDefinition": definition,
        "desiredCount": 3,
        "deploymentConfiguration": deployment_configuration(),
        "healthCheckGracePeriodSeconds": 30,
    }


def test_asking_twice_starts_no_second_deployment(ready: Rig) -> None:
    content = ready.content()
    ready.run(content)
    ready.clock.advance(60)
    before = ready.service()["deployments"]
    ready.run(content)
    ready.run(content)
    assert [each["id"] for each in ready.service()["deployments"]] == [each["id"] for each in before]


def test_a_lost_answer_to_create_is_found_the_next_time(ready: Rig) -> None:
    ready.world.faults.add(Fault(kind="lost_answer", operation="CreateService", nth=1))
    content = ready.content()
    with pytest.raises(Transient):
        ready.run(content)
    ready.run(content)
    assert len(ready.service()["deployments"]) == 1


def test_a_stale_look_creates_nothing_twice(ready: Rig) -> None:
    """The look says that there is no service; the same token gets the same answer."""
    content = ready.content()
    ready.run(content)
    ready.world.faults.add(Fault(kind="missing", operation="DescribeServices", nth=1))
    ready.run(content)
    assert [call.outcome for call in ready.calls("CreateService")] == ["ok", "ok"]
    assert len(ready.service()["deployments"]) == 1


def test_a_stale_look_with_another_effect_adopts_what_is_there(ready: Rig) -> None:
    ready.run(ready.content())
    ready.world.faults.add(Fault(kind="missing", operation="DescribeServices", nth=1))
    definition = ready.run(ready.content(tag="v2"), token="token-2")
    assert ready.calls("CreateService")[-1].outcome == "InvalidParameterException"
    assert ready.service()["taskDefinition"] == definition


def test_a_service_that_does_not_show_yet_is_asked_for_again_later(ready: Rig) -> None:
    ready.run(ready.content())
    ready.world.faults.add(Fault(kind="missing", operation="DescribeServices"))
    with pytest.raises(Transient, match="does not show yet"):
        ready.run(ready.content(tag="v2"), token="token-2")


def foreign_service(rig: Rig, **more: Any) -> None:
    definition = rig.sandbox.define(rig.sandbox.push("theirs", "v1"))
    rig.sandbox.ecs.create_service(
        cluster=CLUSTER,
        serviceName=NAME,
        taskDefinition=definition,
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration=NETWORK,
        **more,
    )
    rig.world.calls.clear()


@pytest.mark.parametrize(
    "tags", [[], [{"key": OWNER_TAG, "value": "tidegate"}, {"key": PLACE_TAG, "value": "captioncraft-prod"}]]
)
def test_a_foreign_service_of_the_same_name_is_not_touched(ready: Rig, tags: list[dict[str, str]]) -> None:
    foreign_service(ready, tags=tags)
    run = a_run(ready.content(), Slot.BLUE, "captioncraft-dev-backend:1")
    ready.world.calls.clear()
    with pytest.raises(Blocked, match=f"ECS service {NAME} exists, but without the tags"):
        ready.cloud.tasks.run_slot(run, ready.permit())
    with pytest.raises(Blocked):
        ready.cloud.tasks.empty_slot(EmptySlot("backend", Slot.BLUE), ready.permit())
    with pytest.raises(Blocked):
        ready.cloud.looks.services({"backend": True}, targets=False)
    assert ready.changes() == []


def test_a_draining_name_is_waited_for(ready: Rig) -> None:
    content = ready.content()
    ready.run(content)
    ready.clock.advance(60)
    ready.sandbox.ecs.delete_service(cluster=CLUSTER, service=NAME, force=True)
    assert ready.service()["status"] == "DRAINING"
    assert not ready.cloud.looks.services({"backend": True}, targets=False)["backend"].slots[Slot.BLUE].exists
    with pytest.raises(Transient, match="still draining"):
        ready.run(content)
    ready.clock.run_until(lambda: ready.service()["status"] == "INACTIVE")
    ready.run(content, token="token-2")
    assert ready.service()["status"] == "ACTIVE"


def test_a_worker_has_no_balancer(rig: Rig) -> None:
    rig.run(rig.content("worker", port=None), count=1)
    assert "loadBalancers" not in rig.asked("CreateService")[0]
    assert "DescribeTargetGroups" not in rig.operations()


def test_a_service_with_a_port_and_no_group_is_run_without_balancer(rig: Rig) -> None:
    rig.run(rig.content())
    assert "loadBalancers" not in rig.asked("CreateService")[0]


def test_an_unreadable_group_is_not_an_absent_one(ready: Rig) -> None:
    ready.world.faults.add(Fault(kind="throttle", operation="DescribeTargetGroups"))
    with pytest.raises(Transient):
        ready.run(ready.content())
    assert ready.calls("CreateService") == []


def test_emptying_asks_for_zero_and_nothing_else(ready: Rig) -> None:
    ready.run(ready.content())
    ready.cloud.tasks.empty_slot(EmptySlot("backend", Slot.BLUE), ready.permit())
    assert ready.asked("UpdateService") == [{"cluster": CLUSTER, "service": NAME, "desiredCount": 0}]


def test_emptying_what_is_not_there_is_done(rig: Rig) -> None:
    rig.cloud.tasks.empty_slot(EmptySlot("backend", Slot.BLUE), rig.permit())
    assert rig.changes() == []


# the end of a slot

BLUE = DeleteSlot("backend", Slot.BLUE)


def delete(rig: Rig, action: DeleteSlot = BLUE) -> None:
    rig.cloud.tasks.delete_slot(action, rig.permit())


def exists(rig: Rig, slot: Slot = Slot.BLUE) -> tuple[bool, bool]:
    """Whether the slot's service is there, and whether its target group is."""
    shown = rig.cloud.looks.services({"backend": True}, targets=False)["backend"].slots[slot]
    return shown.exists, shown.group is not None


@pytest.fixture
def emptied(rig: Rig) -> Rig:
    """A slot that ran behind a rule, which was removed; its tasks are gone."""
    rig.prepared()
    shift = SetWeights("backend", Route(path=("/api/*",)), {Slot.BLUE: 100, Slot.GREEN: 0})
    rig.cloud.traffic.set_weights(shift, rig.permit())
    rig.run(rig.content())
    rig.clock.advance(60)
    rig.cloud.traffic.remove_route("backend", rig.permit())
    rig.cloud.tasks.empty_slot(EmptySlot("backend", Slot.BLUE), rig.permit())
    rig.clock.run_until(lambda: rig.service()["runningCount"] == 0)
    rig.world.calls.clear()
    return rig


def test_an_empty_slot_is_deleted_with_its_group_and_never_by_force(emptied: Rig) -> None:
    group = emptied.group()["TargetGroupArn"]
    delete(emptied)
    assert emptied.asked("DeleteService") == [{"cluster": CLUSTER, "service": NAME}]
    assert emptied.asked("DeleteTargetGroup") == [{"TargetGroupArn": group}]
    assert emptied.changes() == ["DeleteService", "DeleteTargetGroup"]
    assert exists(emptied) == (False, False)


def test_deleting_what_is_gone_is_done(emptied: Rig) -> None:
    delete(emptied)
    emptied.clock.run_until(lambda: emptied.service()["status"] == "INACTIVE")
    emptied.world.calls.clear()
    delete(emptied)
    delete(emptied, DeleteSlot("backend", Slot.GREEN))
    assert emptied.changes() == []


def test_only_the_named_slot_is_deleted(emptied: Rig) -> None:
    emptied.prepared(slot=Slot.GREEN)
    attach(emptied, emptied.group(slot=Slot.GREEN)["TargetGroupArn"])
    emptied.run(emptied.content(), Slot.GREEN)
    delete(emptied)
    assert exists(emptied, Slot.GREEN) == (True, True)


def test_a_slot_with_tasks_is_not_deleted(ready: Rig) -> None:
    ready.run(ready.content())
    ready.world.calls.clear()
    with pytest.raises(Conflict, match="is to run 2 tasks: it is emptied first") as raised:
        delete(ready)
    assert raised.value.code == "slot.not_empty"
    assert ready.changes() == []


def test_tasks_that_are_stopping_are_waited_for(ready: Rig) -> None:
    ready.run(ready.content())
    ready.clock.advance(60)
    ready.cloud.tasks.empty_slot(EmptySlot("backend", Slot.BLUE), ready.permit())
    ready.world.calls.clear()
    with pytest.raises(Transient, match="2 of its tasks have not stopped yet"):
        delete(ready)
    assert ready.changes() == []


def test_a_slot_that_was_filled_after_the_look_is_refused_by_ecs(emptied: Rig) -> None:
    """And read as what it is: nothing is forced."""
    emptied.world.faults.add(Fault(kind="stale", operation="DescribeServices", nth=1, versions=1))
    emptied.sandbox.ecs.update_service(cluster=CLUSTER, service=NAME, desiredCount=1)
    with pytest.raises(Conflict) as raised:
        delete(emptied)
    assert raised.value.code == "slot.not_empty"
    assert exists(emptied) == (True, True)


def test_a_service_that_drains_is_waited_for_before_its_group_goes(ready: Rig) -> None:
    ready.run(ready.content())
    ready.clock.advance(60)
    ready.sandbox.ecs.delete_service(cluster=CLUSTER, service=NAME, force=True)
    ready.world.calls.clear()
    with pytest.raises(Transient, match="still draining"):
        delete(ready)
    assert ready.changes() == []


def test_a_group_that_a_rule_still_uses_is_waited_for(emptied: Rig) -> None:
    rule = emptied.sandbox.rule(9, {emptied.group()["TargetGroupArn"]: 1}, path="/theirs")
    with pytest.raises(Transient, match="must be changed by whoever made it") as raised:
        delete(emptied)
    assert raised.value.code == "aws.in_use"
    emptied.sandbox.elbv2.delete_rule(RuleArn=rule)
    emptied.clock.run_until(lambda: emptied.service()["status"] == "INACTIVE")
    delete(emptied)
    assert exists(emptied) == (False, False)


@pytest.mark.parametrize("lost", ["DeleteService", "DeleteTargetGroup"])
@pytest.mark.parametrize("kind", ["timeout", "lost_answer"])
def test_a_deletion_that_was_cut_off_is_finished_by_asking_again(emptied: Rig, lost: str, kind: Any) -> None:
    emptied.world.faults.add(Fault(kind=kind, operation=lost, nth=1))
    with pytest.raises(Transient):
        delete(emptied)
    emptied.clock.advance(30)
    delete(emptied)
    assert exists(emptied) == (False, False)


def test_a_look_that_is_older_than_the_deletion_finds_nothing_more_to_delete(emptied: Rig) -> None:
    """It shows service and group as they were before."""
    for operation in ("DescribeServices", "DescribeTargetGroups"):
        emptied.world.faults.add(Fault(kind="stale", operation=operation, nth=2, seconds=60))
    delete(emptied)
    emptied.clock.advance(30)
    delete(emptied)
    assert [call.outcome for call in emptied.calls("DeleteService")] == ["ok", "ServiceNotFoundException"]
    assert exists(emptied) == (False, False)


def test_a_worker_is_deleted_without_a_group(rig: Rig) -> None:
    rig.run(rig.content("worker", port=None), count=1)
    rig.cloud.tasks.empty_slot(EmptySlot("worker", Slot.BLUE), rig.permit())
    rig.clock.advance(60)
    rig.world.calls.clear()
    delete(rig, DeleteSlot("worker", Slot.BLUE))
    assert rig.changes() == ["DeleteService"]


def test_a_group_is_deleted_also_where_there_never_was_a_service(rig: Rig) -> None:
    rig.prepared()
    rig.world.calls.clear()
    delete(rig)
    assert rig.changes() == ["DeleteTargetGroup"]


def test_a_foreign_service_of_the_same_name_is_not_deleted(ready: Rig) -> None:
    foreign_service(ready)
    with pytest.raises(Blocked, match=f"ECS service {NAME} exists, but without the tags"):
        delete(ready)
    assert ready.changes() == []


def test_a_foreign_group_of_the_same_name_is_not_deleted(rig: Rig) -> None:
    rig.sandbox.group(NAME)
    rig.world.calls.clear()
    with pytest.raises(Blocked, match=f"Target group {NAME} exists, but without the tags"):
        delete(rig)
    assert rig.changes() == []


def test_a_group_whose_tags_were_taken_away_is_not_deleted(emptied: Rig) -> None:
    """What was remembered about it is not enough."""
    emptied.cloud.looks.services({"backend": True}, targets=False)
    emptied.sandbox.elbv2.remove_tags(ResourceArns=[emptied.group()["TargetGroupArn"]], TagKeys=[OWNER_TAG])
    with pytest.raises(Blocked, match="Target group"):
        delete(emptied)
    assert emptied.calls("DeleteTargetGroup") == []


def test_without_the_lease_nothing_is_deleted(emptied: Rig) -> None:
    with pytest.raises(Conflict, match="the lease is lost"):
        emptied.cloud.tasks.delete_slot(BLUE, emptied.lost_lease())
    assert emptied.changes() == []


def test_every_change_is_checked_and_attempted_once(ready: Rig) -> None:
    definition = ready.cloud.definitions.register(ready.content(), ready.permit())
    ready.world.faults.add(Fault(kind="throttle", mutating=True))
    ready.world.calls.clear()
    ready.checks = 0
    with pytest.raises(Transient) as raised:
        ready.cloud.tasks.run_slot(a_run(ready.content(), Slot.BLUE, definition), ready.permit())
    assert raised.value.code == "aws.throttled"
    assert (ready.checks, len(ready.calls("CreateService"))) == (1, 1)


def test_tasks_are_added_to_what_runs_and_never_taken_away(ready: Rig) -> None:
    ready.run(ready.content())
    ready.sandbox.ecs.update_service(cluster=CLUSTER, service=NAME, desiredCount=8)
    ready.world.calls.clear()
    ready.cloud.tasks.add_tasks(AddTasks("backend", Slot.BLUE, 8), ready.permit())
    ready.cloud.tasks.add_tasks(AddTasks("backend", Slot.BLUE, 3), ready.permit())
    assert ready.changes() == []
    ready.cloud.tasks.add_tasks(AddTasks("backend", Slot.BLUE, 9), ready.permit())
    assert [asked["desiredCount"] for asked in ready.asked("UpdateService")] == [9]


def test_without_the_lease_nothing_is_changed(ready: Rig) -> None:
    definition = ready.run(ready.content())
    content = ready.content()
    ready.world.calls.clear()
    for act in (
        lambda: ready.cloud.tasks.run_slot(a_run(content, Slot.BLUE, definition), ready.lost_lease()),
        lambda: ready.cloud.tasks.run_slot(a_run(content, Slot.GREEN, definition), ready.lost_lease()),
        lambda: ready.cloud.tasks.empty_slot(EmptySlot("backend", Slot.BLUE), ready.lost_lease()),
    ):
        with pytest.raises(Conflict, match="the lease is lost"):
            act()
    assert ready.changes() == []
