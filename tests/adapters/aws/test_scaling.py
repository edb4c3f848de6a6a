"""Scaling: what is read of it, and that only what differs is changed."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import pytest

from controller.domain.actions import HoldScaling, PutScaling, RemoveScaling
from controller.domain.capacity import Capacity
from controller.domain.errors import Blocked, Conflict
from controller.domain.names import OWNER_TAG
from controller.domain.scaling import FREE, HELD, Aim, Bounds, Metric, Motion, Scaling, ScalingView, Turn
from controller.domain.slot import Slot
from sandbox.world.faults import Fault
from tests.adapters.aws.rig import CLUSTER, OURS, STACK, Rig, a_run

BLUE = f"service/{CLUSTER}/{STACK}-backend-blue"
CPU = Aim(Metric.CPU, 70.0, 60, 300)
REQUESTS = Aim(Metric.REQUESTS, 1000.0, 60, 300)
NIGHT = Turn(20 * 60, tuple(range(7)), "Europe/Berlin", Bounds(0, 0))
MORNING = Turn(7 * 60 + 30, (0, 1, 2, 3, 4), "Europe/Berlin", Bounds(2, 6))
SCALING = Scaling(Bounds(2, 6), (CPU, REQUESTS), (NIGHT, MORNING))
OF_BLUE = {"ServiceNamespace": "ecs", "ResourceId": BLUE, "ScalableDimension": "ecs:service:DesiredCount"}


class Scaled(Rig):
    """A service that runs in blue, and scales by nothing yet."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sandbox.ecs.put_cluster_capacity_providers(
            cluster=CLUSTER, capacityProviders=["FARGATE", "FARGATE_SPOT"], defaultCapacityProviderStrategy=[]
        )
        self.blue = self.prepared()
        self.sandbox.rule(10, {self.blue: 100})
        self.run(self.content(), count=3)
        self.world.calls.clear()
        self.checks = 0

    def put(self, scaling: Scaling = SCALING, bounds: Bounds = SCALING.bounds, **more: Any) -> None:
        self.cloud.scaling.put(PutScaling("backend", Slot.BLUE, scaling, bounds, **more), self.permit())

    def look(self) -> ScalingView | None:
        return self.cloud.scaling.look(["backend"]).get("backend", {}).get(Slot.BLUE)

    def register(self, **changes: Any) -> None:
        given = {**OF_BLUE, "MinCapacity": 1, "MaxCapacity": 2, **changes}
        self.sandbox.autoscaling.register_scalable_target(**given)


@pytest.fixture
def rig() -> Scaled:
    return Scaled()


def test_what_is_put_is_what_is_read(rig: Scaled) -> None:
    rig.put()
    assert rig.look() == ScalingView(SCALING, FREE)


def test_where_nothing_scales_one_call_tells_so_for_all_services(rig: Scaled) -> None:
    assert rig.cloud.scaling.look(["backend", "frontend", "worker"]) == {}
    [asked] = rig.asked("DescribeScalableTargets")
    assert len(asked["ResourceIds"]) == 6
    assert "DescribeScalingPolicies" not in rig.operations()


def test_everything_is_read_in_three_calls(rig: Scaled) -> None:
    rig.put()
    rig.world.calls.clear()
    rig.cloud.scaling.look([f"service-{number}" for number in range(24)] + ["backend"])
    reads = ["DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions"]
    assert [one for one in rig.operations() if "Scal" in one or "Scheduled" in one] == reads


def test_more_services_than_fit_into_a_call_are_asked_for_in_several(rig: Scaled) -> None:
    rig.put()
    found = rig.cloud.scaling.look([*(f"service-{number}" for number in range(60)), "backend"])
    assert [len(asked["ResourceIds"]) for asked in rig.asked("DescribeScalableTargets")[-3:]] == [50, 50, 22]
    assert list(found) == ["backend"]


def test_putting_the_same_again_changes_nothing(rig: Scaled) -> None:
    rig.put()
    rig.world.calls.clear()
    rig.put()
    assert rig.changes() == []


def test_what_sleeps_is_never_without_the_turn_that_wakes_it(rig: Scaled) -> None:
    """A lost call between the two would leave it asleep for good."""
    before = rig.service()["desiredCount"]
    fault = rig.world.faults.add(Fault("denied", operation="PutScheduledAction"))
    with pytest.raises(Blocked):
        rig.put(bounds=Bounds(0, 0))
    found = rig.look()
    assert found is not None and found.suspended == HELD
    assert rig.service()["desiredCount"] == before > 0
    rig.world.faults.remove(fault)
    rig.put(bounds=Bounds(0, 0))
    assert rig.changes()[-1] == "RegisterScalableTarget" and rig.service()["desiredCount"] == 0


def test_only_what_differs_is_changed_and_what_is_too_much_goes(rig: Scaled) -> None:
    rig.put()
    rig.world.calls.clear()
    looked = rig.checks
    less = Scaling(Bounds(2, 6), (replace(CPU, target=50.0),), (MORNING,))
    rig.put(less)
    assert rig.changes() == [
        *("PutScalingPolicy", "DeleteScalingPolicy"),
        *("PutScheduledAction", "DeleteScheduledAction"),
    ]
    assert rig.look() == ScalingView(less, FREE)
    assert rig.checks - looked == len(rig.changes()), "each change has looked at the lease just before"


def test_a_slot_is_brought_into_its_bounds_at_once(rig: Scaled) -> None:
    rig.put(bounds=Bounds(5, 6))
    assert rig.service()["desiredCount"] == 5
    rig.put(bounds=Bounds(0, 0))
    assert rig.service()["desiredCount"] == 0


def test_requests_are_those_of_the_slots_own_target_group(rig: Scaled) -> None:
    rig.put()
    asked = [each["TargetTrackingScalingPolicyConfiguration"] for each in rig.asked("PutScalingPolicy")]
    label = asked[-1]["PredefinedMetricSpecification"]["ResourceLabel"]
    balancer, group = rig.sandbox.balancer.partition(":loadbalancer/")[2], rig.blue.rpartition(":")[2]
    assert label == f"{balancer}/{group}"
    other = {**asked[-1], "PredefinedMetricSpecification": {**asked[-1]["PredefinedMetricSpecification"]}}
    other["PredefinedMetricSpecification"]["ResourceLabel"] = label.replace("-blue/", "-green/")
    rig.sandbox.autoscaling.put_scaling_policy(
        **OF_BLUE,
        PolicyName=f"{STACK}-backend-blue-requests",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=other,
    )
    found = rig.look()
    assert found is not None and [aim.metric for aim in found.scaling.aims] == [Metric.CPU]
    rig.put()
    assert rig.look() == ScalingView(SCALING, FREE)


def test_holding_keeps_the_slot_from_getting_smaller_and_nothing_else(rig: Scaled) -> None:
    rig.put()
    rig.cloud.scaling.hold(HoldScaling("backend", Slot.BLUE, Bounds(0, 9)), rig.permit())
    assert rig.look() == ScalingView(replace(SCALING, bounds=Bounds(0, 9)), HELD), "with room for what it runs"
    assert Motion.OUT not in HELD
    rig.put()
    assert rig.look() == ScalingView(SCALING, FREE)


def test_what_does_not_scale_is_not_held(rig: Scaled) -> None:
    rig.cloud.scaling.hold(HoldScaling("backend", Slot.BLUE, Bounds(0, 9)), rig.permit())
    assert rig.changes() == []


@pytest.mark.parametrize("operation", ["DescribeScalableTargets", "ListTagsForResource"])
def test_what_a_look_misses_is_not_left_behind(rig: Scaled, operation: str) -> None:
    """A look that comes too early must not be taken for a slot that does not scale."""
    rig.put()
    rig.world.faults.add(Fault("missing", operation=operation, times=1))
    with contextlib.suppress(Conflict):
        rig.cloud.scaling.remove(RemoveScaling("backend", Slot.BLUE), rig.permit())
        assert rig.look() is None
        return
    assert rig.look() is not None, "it is asked for again"


def test_removing_leaves_the_count_as_it_is(rig: Scaled) -> None:
    rig.put(bounds=Bounds(4, 6))
    for _ in range(2):
        rig.cloud.scaling.remove(RemoveScaling("backend", Slot.BLUE), rig.permit())
    assert (rig.look(), rig.service()["desiredCount"]) == (None, 4)
    assert [call.outcome for call in rig.calls("DeregisterScalableTarget")] == ["ok", "ObjectNotFoundException"]


def test_one_that_went_meanwhile_is_removed_as_well(rig: Scaled) -> None:
    rig.put()
    rig.world.faults.add(Fault("doubled", operation="DeregisterScalableTarget"))
    rig.cloud.scaling.remove(RemoveScaling("backend", Slot.BLUE), rig.permit())
    assert rig.look() is None


def test_what_we_make_is_tagged_and_what_we_did_not_make_is_not_touched(rig: Scaled) -> None:
    rig.put()
    made, bounded = rig.asked("RegisterScalableTarget")
    assert OURS.items() <= made["Tags"].items() and "Tags" not in bounded
    rig.sandbox.autoscaling.deregister_scalable_target(**OF_BLUE)
    rig.register(Tags={"managed-by": "terraform"})
    rig.world.calls.clear()
    for change in (
        rig.put,
        lambda: rig.cloud.scaling.hold(HoldScaling("backend", Slot.BLUE, Bounds(0, 9)), rig.permit()),
        lambda: rig.cloud.scaling.remove(RemoveScaling("backend", Slot.BLUE), rig.permit()),
    ):
        with pytest.raises(Blocked, match=OWNER_TAG) as refused:
            change()
        assert refused.value.code == "aws.foreign"
    assert rig.changes() == []


def test_a_policy_of_somebody_elses_beside_ours_is_left_alone(rig: Scaled) -> None:
    rig.put()
    rig.sandbox.autoscaling.put_scaling_policy(
        **OF_BLUE,
        PolicyName="theirs",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 10.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
        },
    )
    rig.put(Scaling(Bounds(2, 6), (CPU,)))
    names = {
        each["PolicyName"]
        for each in rig.sandbox.autoscaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    }
    assert names == {"theirs", f"{STACK}-backend-blue-cpu"}
    assert rig.look() == ScalingView(Scaling(Bounds(2, 6), (CPU,)), FREE)


def test_an_action_that_is_not_as_we_write_it_reads_as_none(rig: Scaled) -> None:
    rig.put(Scaling(Bounds(2, 6), (), (NIGHT,)))
    rig.sandbox.autoscaling.put_scheduled_action(
        **OF_BLUE,
        ScheduledActionName=f"{STACK}-backend-blue-1",
        Schedule="at(2098-01-01T00:00:00)",
        ScalableTargetAction={"MinCapacity": 0, "MaxCapacity": 0},
    )
    found = rig.look()
    assert found is not None and found.scaling.turns == ()


def test_a_service_that_is_not_there_cannot_scale(rig: Scaled) -> None:
    with pytest.raises(Conflict, match="doesn't exist"):
        rig.cloud.scaling.put(
            PutScaling("frontend", Slot.BLUE, Scaling(Bounds(1, 2), (CPU,)), Bounds(1, 2)), rig.permit()
        )


def test_nothing_is_changed_under_a_lost_lease(rig: Scaled) -> None:
    with pytest.raises(Conflict):
        rig.cloud.scaling.put(PutScaling("backend", Slot.BLUE, SCALING, SCALING.bounds), rig.lost_lease())
    assert rig.changes() == []


# --- what tasks run on ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capacity", "strategy"),
    [
        (Capacity(0, 0, 1), [("FARGATE_SPOT", 0, 1)]),
        (Capacity(2, 1, 3), [("FARGATE", 2, 1), ("FARGATE_SPOT", 0, 3)]),
        (Capacity(1, 0, 1), [("FARGATE", 1, 0), ("FARGATE_SPOT", 0, 1)]),
    ],
)
def test_capacity_is_a_strategy_of_providers(rig: Scaled, capacity: Capacity, strategy: list[Any]) -> None:
    content = rig.content("frontend")
    definition = rig.cloud.definitions.register(content, rig.permit())
    run = replace(a_run(content, Slot.BLUE, definition), capacity=capacity)
    rig.cloud.tasks.run_slot(replace(run, content=replace(content, port=None)), rig.permit())
    shown = rig.service("frontend")["capacityProviderStrategy"]
    assert [(each["capacityProvider"], each["base"], each["weight"]) for each in shown] == strategy
    views = rig.cloud.looks.services({"frontend": False}, targets=False)
    assert views["frontend"].slots[Slot.BLUE].capacity == capacity


def test_other_capacity_is_taken_with_a_deployment_of_its_own_and_only_once(rig: Scaled) -> None:
    content = rig.content()
    definition = rig.cloud.definitions.register(content, rig.permit())
    for capacity, forces in ((Capacity(0, 0, 1), True), (Capacity(0, 0, 1), False), (Capacity(), True)):
        rig.cloud.tasks.run_slot(replace(a_run(content, Slot.BLUE, definition), capacity=capacity), rig.permit())
        asked = rig.asked("UpdateService")[-1]
        assert asked.get("forceNewDeployment", False) is forces
        slot = rig.cloud.looks.services({"backend": True}, targets=False)["backend"].slots[Slot.BLUE]
        assert slot.capacity == capacity
