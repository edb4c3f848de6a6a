"""Application Auto Scaling: bounds, target tracking, the clock, and what suspends them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.world.ecs import tasks
from sandbox.world.ports import Answered
from tests.support.sandbox_aws import NETWORK, Sandbox

WEB = {"ServiceNamespace": "ecs", "ResourceId": "service/dev/web", "ScalableDimension": "ecs:service:DesiredCount"}
CPU = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
MINUTE = 60.0


class Scaled(Sandbox):
    """A service `web` with two tasks behind a rule."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.blue, self.rule_arn = self.web()
        self.settled("web")

    def register(self, least: int = 1, most: int = 10, **changes: Any) -> str:
        given = {**WEB, "MinCapacity": least, "MaxCapacity": most, **changes}
        return str(self.autoscaling.register_scalable_target(**given)["ScalableTargetARN"])

    def suspend(self, **what: bool) -> None:
        self.autoscaling.register_scalable_target(**WEB, SuspendedState=what)

    def track(self, target: float = 50.0, name: str = "cpu", metric: dict[str, str] = CPU, **settings: Any) -> Any:
        tracking = {"TargetValue": target, "PredefinedMetricSpecification": metric, **settings}
        return self.autoscaling.put_scaling_policy(
            **WEB,
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=tracking,
        )

    def at(self, schedule: str, least: int, most: int, name: str = "night", zone: str = "UTC") -> None:
        action = {"MinCapacity": least, "MaxCapacity": most}
        self.autoscaling.put_scheduled_action(
            **WEB, ScheduledActionName=name, Schedule=schedule, Timezone=zone, ScalableTargetAction=action
        )

    def bounds(self) -> tuple[int, int]:
        [shown] = self.autoscaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
        return shown["MinCapacity"], shown["MaxCapacity"]

    @property
    def desired(self) -> int:
        return int(self.service("web")["desiredCount"])

    def minutes(self, count: float) -> None:
        self.clock.advance(count * MINUTE)

    def causes(self) -> list[str]:
        found = self.autoscaling.describe_scaling_activities(ServiceNamespace="ecs")["ScalingActivities"]
        return [each["Cause"] for each in reversed(found)]


@pytest.fixture
def sandbox() -> Scaled:
    return Scaled()


def refused(operation: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as error:
        operation(**parameters)
    return str(error.value.response["Error"]["Code"])


# --- bounds --------------------------------------------------------------------------------------------------------


def test_a_service_is_brought_into_the_bounds_as_soon_as_it_is_registered(sandbox: Scaled) -> None:
    sandbox.register(4, 10)
    assert sandbox.desired == 4
    sandbox.register(0, 1)
    assert sandbox.desired == 1
    assert sandbox.causes() == ["minimum capacity was set to 4", "maximum capacity was set to 1"]


def test_a_change_that_names_no_bounds_keeps_them_and_enforces_them(sandbox: Scaled) -> None:
    sandbox.register(2, 4)
    sandbox.update("web", desiredCount=7)
    sandbox.suspend(DynamicScalingInSuspended=True)
    assert (sandbox.desired, sandbox.bounds()) == (4, (2, 4))


def test_the_count_stays_when_the_target_is_given_up_and_all_that_was_on_it_goes(sandbox: Scaled) -> None:
    sandbox.register(5, 10)
    sandbox.track()
    sandbox.at("cron(0 20 * * ? *)", 0, 0)
    sandbox.autoscaling.deregister_scalable_target(**WEB)
    assert sandbox.desired == 5
    of_ecs = {"ServiceNamespace": "ecs"}
    assert sandbox.autoscaling.describe_scaling_policies(**of_ecs)["ScalingPolicies"] == []
    assert sandbox.autoscaling.describe_scheduled_actions(**of_ecs)["ScheduledActions"] == []
    assert sandbox.cloudwatch.describe_alarms()["MetricAlarms"] == []
    assert refused(sandbox.autoscaling.deregister_scalable_target, **WEB) == "ObjectNotFoundException"


def test_what_is_no_service_cannot_be_registered_nor_one_without_bounds(sandbox: Scaled) -> None:
    register = sandbox.autoscaling.register_scalable_target
    nowhere = {**WEB, "ResourceId": "service/dev/nowhere"}
    assert refused(register, **nowhere, MinCapacity=1, MaxCapacity=2) == "ValidationException"
    assert refused(register, **WEB) == "ValidationException"
    assert refused(register, **WEB, MinCapacity=3, MaxCapacity=2) == "ValidationException"


def test_tags_are_given_when_a_target_is_made(sandbox: Scaled) -> None:
    arn = sandbox.register(Tags={"managed-by": "tidegate"})
    assert sandbox.autoscaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"managed-by": "tidegate"}
    assert refused(sandbox.autoscaling.register_scalable_target, **WEB, Tags={"a": "b"}) == "ValidationException"
    sandbox.autoscaling.tag_resource(ResourceARN=arn, Tags={"a": "b"})
    assert sandbox.autoscaling.list_tags_for_resource(ResourceARN=arn)["Tags"]["a"] == "b"


# --- target tracking -----------------------------------------------------------------------------------------------


def test_tasks_are_added_in_proportion_after_three_minutes_above_the_target(sandbox: Scaled) -> None:
    sandbox.register(1, 10)
    sandbox.track(target=50.0)
    sandbox.runtime.load(cpu_percent=100.0)
    sandbox.minutes(2.5)
    assert sandbox.desired == 2
    sandbox.minutes(2.5)
    assert sandbox.desired == 4
    assert "AlarmHigh" in sandbox.causes()[-1]


def test_after_an_addition_the_pause_is_waited_for(sandbox: Scaled) -> None:
    sandbox.register(1, 10)
    sandbox.track(target=50.0, ScaleOutCooldown=600)
    sandbox.runtime.load(cpu_percent=100.0)
    sandbox.minutes(9)
    assert sandbox.desired == 4
    sandbox.minutes(8)
    assert sandbox.desired == 8


def test_tasks_are_taken_away_only_after_fifteen_minutes_clearly_below_it(sandbox: Scaled) -> None:
    sandbox.register(1, 10)
    sandbox.track(target=50.0)
    sandbox.runtime.load(cpu_percent=20.0)
    sandbox.minutes(14)
    assert sandbox.desired == 2
    sandbox.minutes(4)
    assert sandbox.desired == 1
    sandbox.runtime.load(cpu_percent=48.0)
    sandbox.register(3, 10)
    sandbox.minutes(40)
    assert sandbox.desired == 3


def test_all_policies_must_want_fewer_before_any_task_goes(sandbox: Scaled) -> None:
    sandbox.register(1, 10)
    sandbox.track(target=50.0)
    memory = {"PredefinedMetricType": "ECSServiceAverageMemoryUtilization"}
    sandbox.track(target=50.0, name="memory", metric=memory)
    sandbox.runtime.load(cpu_percent=5.0, memory_percent=49.0)
    sandbox.minutes(40)
    assert sandbox.desired == 2


@pytest.mark.parametrize(
    ("what", "load", "stays"),
    [("DynamicScalingOutSuspended", 100.0, 2), ("DynamicScalingInSuspended", 5.0, 2)],
)
def test_what_is_suspended_does_not_happen(sandbox: Scaled, what: str, load: float, stays: int) -> None:
    sandbox.register(1, 10)
    sandbox.track(target=50.0)
    sandbox.suspend(**{what: True})
    sandbox.runtime.load(cpu_percent=load)
    sandbox.minutes(40)
    assert sandbox.desired == stays
    sandbox.suspend(**{what: False})
    sandbox.minutes(5)
    assert sandbox.desired != stays


def test_requests_for_each_target_are_counted_by_the_balancer(sandbox: Scaled) -> None:
    sandbox.register(1, 10)
    balancer, group = sandbox.balancer.partition(":loadbalancer/")[2], sandbox.blue.rpartition(":")[2]
    label = {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": f"{balancer}/{group}"}
    sandbox.track(target=100.0, name="requests", metric=label)
    for _ in range(6):
        sandbox.world.observe(Answered(sandbox.balancer, sandbox.blue, 200, times=500))
        sandbox.minutes(1)
    assert sandbox.desired == 5
    sandbox.minutes(60)
    assert sandbox.desired == 5, "no requests at all are no data, and nobody goes by that"


def test_a_policy_shows_its_alarms_and_its_settings(sandbox: Scaled) -> None:
    sandbox.register()
    made = sandbox.track(target=70.0, ScaleInCooldown=300)
    [shown] = sandbox.autoscaling.describe_scaling_policies(ServiceNamespace="ecs", PolicyNames=["cpu"])[
        "ScalingPolicies"
    ]
    assert shown["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 70.0
    assert shown["Alarms"] == made["Alarms"]
    assert {each["Threshold"] for each in sandbox.cloudwatch.describe_alarms()["MetricAlarms"]} == {70.0, 63.0}
    sandbox.autoscaling.delete_scaling_policy(**WEB, PolicyName="cpu")
    assert refused(sandbox.autoscaling.delete_scaling_policy, **WEB, PolicyName="cpu") == "ObjectNotFoundException"
    assert sandbox.cloudwatch.describe_alarms()["MetricAlarms"] == []


@pytest.mark.parametrize(
    "metric", [{"PredefinedMetricType": "ALBRequestCountPerTarget"}, {"PredefinedMetricType": "SomethingElse"}]
)
def test_what_cannot_be_tracked_is_refused(sandbox: Scaled, metric: dict[str, str]) -> None:
    sandbox.register()
    with pytest.raises(ClientError):
        sandbox.track(metric=metric)


# --- the clock -----------------------------------------------------------------------------------------------------


def test_bounds_change_by_the_clock_of_a_time_zone(sandbox: Scaled) -> None:
    """The clock begins at midnight UTC, the first of January 2026, a Thursday; Berlin is an hour ahead."""
    sandbox.register(2, 2)
    sandbox.at("cron(0 20 * * ? *)", 0, 0, zone="Europe/Berlin")
    sandbox.at("cron(0 7 ? * MON-FRI *)", 2, 2, name="morning", zone="Europe/Berlin")
    sandbox.clock.advance_to(datetime(2026, 1, 1, 18, 59, tzinfo=UTC))
    assert sandbox.desired == 2
    sandbox.minutes(2)
    assert (sandbox.desired, sandbox.bounds()) == (0, (0, 0))
    sandbox.clock.advance_to(datetime(2026, 1, 2, 6, 1, tzinfo=UTC))
    assert sandbox.desired == 2
    sandbox.clock.advance_to(datetime(2026, 1, 4, 12, 0, tzinfo=UTC))
    assert sandbox.desired == 0, "nobody wakes it on a Sunday"
    sandbox.clock.advance_to(datetime(2026, 1, 5, 6, 1, tzinfo=UTC))
    assert sandbox.desired == 2


def test_a_schedule_that_is_suspended_is_missed_for_good(sandbox: Scaled) -> None:
    sandbox.register(2, 2)
    sandbox.at("at(2026-01-01T12:00:00)", 0, 0)
    sandbox.suspend(ScheduledScalingSuspended=True)
    sandbox.clock.advance_to(datetime(2026, 1, 1, 12, 1, tzinfo=UTC))
    sandbox.suspend(ScheduledScalingSuspended=False)
    sandbox.clock.advance(timedelta(days=2).total_seconds())
    assert sandbox.desired == 2


def test_an_action_that_is_overwritten_or_deleted_is_not_done(sandbox: Scaled) -> None:
    sandbox.register(2, 2)
    sandbox.at("at(2026-01-01T12:00:00)", 0, 0)
    sandbox.at("at(2026-01-01T14:00:00)", 1, 1)
    sandbox.clock.advance_to(datetime(2026, 1, 1, 13, 0, tzinfo=UTC))
    assert sandbox.desired == 2
    named = {**WEB, "ScheduledActionName": "night"}
    sandbox.autoscaling.delete_scheduled_action(**named)
    sandbox.clock.advance_to(datetime(2026, 1, 1, 15, 0, tzinfo=UTC))
    assert sandbox.desired == 2
    assert refused(sandbox.autoscaling.delete_scheduled_action, **named) == "ObjectNotFoundException"


@pytest.mark.parametrize("schedule", ["cron(0 20 1 * ? *)", "rate(1 hour)", "cron(0 25 * * ? *)", "at 8"])
def test_schedules_that_the_sandbox_cannot_keep_are_refused(sandbox: Scaled, schedule: str) -> None:
    sandbox.register()
    with pytest.raises(ClientError, match="Invalid schedule"):
        sandbox.at(schedule, 0, 0)


# --- Spot ----------------------------------------------------------------------------------------------------------


def on_spot(sandbox: Scaled, count: int) -> list[Any]:
    """A service with one task on demand and every other one on Spot, as AWS shows its tasks."""
    providers = ["FARGATE", "FARGATE_SPOT"]
    sandbox.ecs.put_cluster_capacity_providers(
        cluster="dev", capacityProviders=providers, defaultCapacityProviderStrategy=[]
    )
    strategy = [
        {"capacityProvider": "FARGATE", "base": 1, "weight": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 3},
    ]
    sandbox.ecs.create_service(
        cluster="dev",
        serviceName="spotted",
        taskDefinition=sandbox.define(sandbox.push("web", "v2"), "spotted"),
        desiredCount=count,
        networkConfiguration=NETWORK,
        capacityProviderStrategy=strategy,
    )
    sandbox.settled("spotted")
    arns = sandbox.ecs.list_tasks(cluster="dev", serviceName="spotted")["taskArns"]
    return list(sandbox.ecs.describe_tasks(cluster="dev", tasks=arns)["tasks"])


def test_tasks_are_spread_over_providers_by_base_and_weight(sandbox: Scaled) -> None:
    providers = sorted(task["capacityProviderName"] for task in on_spot(sandbox, 5))
    assert providers == ["FARGATE"] * 2 + ["FARGATE_SPOT"] * 3


def test_an_interruption_replaces_the_tasks_on_spot_and_counts_as_no_failure(sandbox: Scaled) -> None:
    before = on_spot(sandbox, 5)
    assert tasks.interrupt_spot(sandbox.world.place(), "dev") == 3
    sandbox.minutes(3)
    shown = sandbox.ecs.describe_tasks(cluster="dev", tasks=[each["taskArn"] for each in before])["tasks"]
    stopped = [each for each in shown if each["lastStatus"] == "STOPPED"]
    assert {(each["stopCode"], each["stoppedReason"]) for each in stopped} == {
        ("SpotInterruption", "Your Spot Task was interrupted.")
    }
    service = sandbox.service("spotted")
    assert (service["runningCount"], service["deployments"][0]["failedTasks"]) == (5, 0)
