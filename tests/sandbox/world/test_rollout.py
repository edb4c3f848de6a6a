"""Services roll, fail, are throttled, roll back and go away, as boto3 sees it."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from sandbox.runtime.scripted import Script, never_healthy, sick_after
from tests.support.sandbox_aws import BREAKER, Sandbox

CRASHING = Script(ends_after_seconds=0.2)


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


def roll(sandbox: Sandbox, tag: str, script: Script | None = None, **changes: object) -> None:
    definition = sandbox.define(sandbox.push("web", tag, script))
    sandbox.update("web", taskDefinition=definition, **changes)


def least_running(sandbox: Sandbox, seconds: float) -> int:
    """The fewest healthy targets of the one group at any moment of the next seconds."""
    group = sandbox.elbv2.describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
    fewest = 99
    end = sandbox.clock.monotonic() + seconds
    while sandbox.clock.monotonic() < end:
        fewest = min(fewest, sandbox.states(group).count("healthy"))
        sandbox.clock.advance(0.1)
    return fewest


def test_a_new_service_starts_its_tasks_and_becomes_stable(sandbox: Sandbox) -> None:
    group, _ = sandbox.web()
    sandbox.settled("web")
    service = sandbox.service("web")
    assert (service["runningCount"], service["desiredCount"], service["pendingCount"]) == (2, 2, 0)
    assert sandbox.states(group) == ["healthy", "healthy"]
    sandbox.ecs.get_waiter("services_stable").wait(cluster="dev", services=["web"])


def test_a_roll_is_gated_by_health_and_never_short_of_tasks(sandbox: Sandbox) -> None:
    group, _ = sandbox.web()
    sandbox.settled("web")
    roll(sandbox, "v2", Script(boot_seconds=4))
    assert least_running(sandbox, 30) == 2
    assert sandbox.states(group) == ["healthy", "healthy"]
    assert {launch.containers[0].digest for launch in sandbox.runtime.running} == {
        sandbox.push("other", "v2").partition("@")[2]
    }


def test_while_it_rolls_both_deployments_show(sandbox: Sandbox) -> None:
    sandbox.web()
    sandbox.settled("web")
    roll(sandbox, "v2", Script(boot_seconds=20))
    sandbox.clock.advance(5)
    primary, active = sandbox.service("web")["deployments"]
    assert (primary["status"], primary["rolloutState"], primary["runningCount"]) == ("PRIMARY", "IN_PROGRESS", 2)
    assert (active["status"], active["rolloutState"], active["runningCount"]) == ("ACTIVE", "COMPLETED", 2)
    assert primary["rolloutStateReason"] == f"ECS deployment {primary['id']} in progress."


def test_the_story_of_a_roll_is_told_in_events(sandbox: Sandbox) -> None:
    sandbox.web(count=1)
    sandbox.settled("web")
    sandbox.clock.advance(5)
    begun = len(sandbox.messages("web"))
    roll(sandbox, "v2")
    sandbox.settled("web")
    sandbox.clock.advance(5)
    told = [
        message.split(" (")[0] if message[0] != "(" else message.split(") ")[-1] for message in sandbox.messages("web")
    ]
    assert told[begun:] == [
        "has started 1 tasks:",
        "registered 1 targets in",
        "has begun draining connections on 1 tasks.",
        "deregistered 1 targets in",
        "has stopped 1 running tasks:",
        "deployment completed.",
        "has reached a steady state.",
    ]


def test_a_crash_loop_trips_the_breaker_at_its_count_and_stays_failed(sandbox: Sandbox) -> None:
    group, _ = sandbox.web(deploymentConfiguration=BREAKER)
    sandbox.settled("web")
    roll(sandbox, "bad", CRASHING)
    sandbox.until("web", "FAILED", limit_seconds=30)
    primary = sandbox.primary("web")
    assert primary["failedTasks"] >= 3
    assert primary["rolloutStateReason"] == "ECS deployment circuit breaker: tasks failed to start."
    launches = len(sandbox.runtime.launches)
    sandbox.clock.advance(600)
    assert sandbox.primary("web")["rolloutState"] == "FAILED"
    assert len(sandbox.runtime.launches) == launches
    assert sandbox.states(group) == ["healthy", "healthy"]


def test_a_failed_service_scales_to_zero_and_rolls_again(sandbox: Sandbox) -> None:
    sandbox.web(script=CRASHING, deploymentConfiguration=BREAKER)
    sandbox.until("web", "FAILED")
    sandbox.update("web", desiredCount=0)
    sandbox.clock.advance(30)
    assert sandbox.service("web")["runningCount"] == 0
    roll(sandbox, "good", desiredCount=2)
    sandbox.settled("web")
    assert sandbox.service("web")["runningCount"] == 2


def test_with_rollback_the_last_completed_version_comes_back(sandbox: Sandbox) -> None:
    breaker = {**BREAKER, "deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    group, _ = sandbox.web(deploymentConfiguration=breaker)
    sandbox.settled("web")
    before = sandbox.service("web")["taskDefinition"]
    roll(sandbox, "bad", CRASHING)
    sandbox.clock.advance(60)
    assert sandbox.service("web")["taskDefinition"] == before
    assert sandbox.primary("web")["rolloutState"] == "COMPLETED"
    found = sandbox.ecs.list_service_deployments(cluster="dev", service="web")["serviceDeployments"]
    assert [each["status"] for each in found] == ["ROLLBACK_SUCCESSFUL", "SUCCESSFUL"]
    assert sandbox.states(group) == ["healthy", "healthy"]


def test_tasks_that_are_never_healthy_are_replaced_after_the_grace_period(sandbox: Sandbox) -> None:
    script = Script(health=never_healthy(503))
    group, _ = sandbox.web(script=script, healthCheckGracePeriodSeconds=60)
    sandbox.clock.advance(59)
    assert len(sandbox.runtime.launches) == 2
    assert sandbox.states(group) == ["unhealthy", "unhealthy"]
    sandbox.clock.advance(10)
    stopped = sandbox.ecs.list_tasks(cluster="dev", desiredStatus="STOPPED")["taskArns"]
    task = sandbox.ecs.describe_tasks(cluster="dev", tasks=stopped)["tasks"][0]
    assert task["stoppedReason"] == f"Task failed ELB health checks in (target-group {group})"
    assert task["stopCode"] == "ServiceSchedulerInitiated"
    sandbox.clock.advance(30)
    assert len(sandbox.runtime.launches) > 2
    unhealthy = f"(port 8000) is unhealthy in (target-group {group})"
    unhealthy += " due to (reason Health checks failed with these codes: [503])"
    assert unhealthy in sandbox.messages("web")


def test_a_never_healthy_deployment_trips_the_breaker_too(sandbox: Sandbox) -> None:
    sandbox.web(deploymentConfiguration=BREAKER)
    sandbox.settled("web")
    roll(sandbox, "sick", Script(health=never_healthy()))
    sandbox.until("web", "FAILED", limit_seconds=120)


def test_a_task_that_sickens_later_is_replaced_without_failing_the_deployment(sandbox: Sandbox) -> None:
    sandbox.web(script=Script(health=sick_after(100)), deploymentConfiguration=BREAKER)
    sandbox.settled("web")
    sandbox.clock.advance(150)
    assert len(sandbox.runtime.launches) == 4
    assert sandbox.primary("web")["rolloutState"] == "COMPLETED"


def test_a_killed_task_is_replaced_and_its_exit_code_shows(sandbox: Sandbox) -> None:
    sandbox.web()
    sandbox.settled("web")
    victim = sandbox.runtime.running[0]
    sandbox.runtime.kill(victim.task_id)
    sandbox.clock.advance(10)
    task = sandbox.ecs.describe_tasks(cluster="dev", tasks=[victim.arn])["tasks"][0]
    assert (task["stopCode"], task["containers"][0]["exitCode"]) == ("EssentialContainerExited", 137)
    assert sandbox.service("web")["runningCount"] == 2


def test_a_task_that_was_healthy_once_does_not_count_against_the_deployment(sandbox: Sandbox) -> None:
    sandbox.web(script=Script(drain_seconds=500), deploymentConfiguration=BREAKER)
    sandbox.settled("web")
    roll(sandbox, "v2")
    sandbox.clock.advance(6)
    primary = sandbox.primary("web")
    assert (primary["rolloutState"], primary["runningCount"]) == ("IN_PROGRESS", 2)
    sandbox.runtime.kill(sandbox.runtime.launches[-1].task_id)
    sandbox.clock.advance(1)
    assert sandbox.primary("web")["failedTasks"] == 0


def test_tasks_that_never_run_are_retried_more_and_more_slowly(sandbox: Sandbox) -> None:
    sandbox.web(script=Script(start_failure="CannotStartContainerError: no such file"), count=1)
    sandbox.clock.advance(60)
    in_first_minute = len(sandbox.runtime.launches)
    sandbox.clock.advance(600)
    in_ten_more = len(sandbox.runtime.launches) - in_first_minute
    assert in_first_minute >= 4
    assert in_ten_more <= 5
    assert any("unable to consistently start tasks" in message for message in sandbox.messages("web"))


def test_without_a_balancer_a_task_counts_after_forty_seconds(sandbox: Sandbox) -> None:
    sandbox.foundation()
    sandbox.serve("worker", sandbox.define(sandbox.push("worker", "v1")), None)
    assert 40 < sandbox.settled("worker") < 45


def test_speed_divides_what_aws_takes_its_time_for() -> None:
    quick = Sandbox(speed=10)
    quick.foundation()
    quick.serve("worker", quick.define(quick.push("worker", "v1")), None)
    assert quick.settled("worker") < 5


def test_a_changed_count_is_not_a_deployment(sandbox: Sandbox) -> None:
    sandbox.web()
    sandbox.settled("web")
    before = sandbox.primary("web")["id"]
    sandbox.update("web", desiredCount=4)
    sandbox.clock.advance(20)
    sandbox.update("web", taskDefinition=sandbox.service("web")["taskDefinition"])
    service = sandbox.service("web")
    assert (service["runningCount"], service["deployments"][0]["id"]) == (4, before)


def test_a_forced_deployment_replaces_every_task(sandbox: Sandbox) -> None:
    sandbox.web()
    sandbox.settled("web")
    before = {launch.task_id for launch in sandbox.runtime.running}
    sandbox.update("web", forceNewDeployment=True)
    sandbox.settled("web")
    assert not before & {launch.task_id for launch in sandbox.runtime.running}


def test_a_newer_deployment_overtakes_one_under_way(sandbox: Sandbox) -> None:
    sandbox.web()
    sandbox.settled("web")
    roll(sandbox, "v2", Script(boot_seconds=500))
    sandbox.clock.advance(5)
    roll(sandbox, "v3")
    sandbox.settled("web")
    found = sandbox.ecs.list_service_deployments(cluster="dev", service="web")["serviceDeployments"]
    assert [each["status"] for each in found] == ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"]


def test_a_deployment_that_may_not_move_says_so(sandbox: Sandbox) -> None:
    fixed = {"minimumHealthyPercent": 100, "maximumPercent": 100}
    sandbox.web(count=1, deploymentConfiguration=fixed)
    sandbox.settled("web")
    roll(sandbox, "v2")
    sandbox.clock.advance(60)
    assert sum("unable to stop or start tasks" in message for message in sandbox.messages("web")) == 1


def test_stopping_a_deployment_brings_the_old_version_back(sandbox: Sandbox) -> None:
    sandbox.web()
    sandbox.settled("web")
    before = sandbox.service("web")["taskDefinition"]
    roll(sandbox, "v2", Script(boot_seconds=500))
    sandbox.clock.advance(5)
    arn = sandbox.service("web")["currentServiceDeployment"]
    sandbox.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    sandbox.settled("web")
    [found] = sandbox.ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
    assert found["status"] == "ROLLBACK_SUCCESSFUL"
    assert sandbox.service("web")["taskDefinition"] == before
    with pytest.raises(sandbox.ecs.exceptions.ConflictException):
        sandbox.ecs.stop_service_deployment(serviceDeploymentArn=arn)


def test_a_revision_tells_the_digest_that_a_tag_meant(sandbox: Sandbox) -> None:
    sandbox.foundation()
    pinned = sandbox.push("worker", "v1")
    name, _, digest = pinned.partition("@")
    sandbox.serve("worker", sandbox.define(f"{name}:v1"), None, count=1)
    sandbox.push("worker", "v2")
    arn = sandbox.service("worker")["currentServiceRevisions"][0]["arn"]
    [revision] = sandbox.ecs.describe_service_revisions(serviceRevisionArns=[arn])["serviceRevisions"]
    assert revision["containerImages"][0]["imageDigest"] == digest


def test_a_deleted_service_drains_and_its_name_is_blocked_meanwhile(sandbox: Sandbox) -> None:
    group, _ = sandbox.web()
    sandbox.settled("web")
    definition = sandbox.service("web")["taskDefinition"]
    with pytest.raises(ClientError, match="scaled above 0"):
        sandbox.ecs.delete_service(cluster="dev", service="web")
    gone = sandbox.ecs.delete_service(cluster="dev", service="web", force=True)["service"]
    assert gone["status"] == "DRAINING"
    with pytest.raises(ClientError, match="still Draining"):
        sandbox.serve("web", definition, group)
    sandbox.clock.advance(30)
    assert sandbox.service("web")["status"] == "INACTIVE"
    assert sandbox.ecs.list_services(cluster="dev")["serviceArns"] == []
    sandbox.serve("web", definition, group)
    sandbox.settled("web")


def test_a_service_made_anew_while_its_predecessor_awaits_a_look_gets_its_tasks(sandbox: Sandbox) -> None:
    group, _ = sandbox.web(count=1)
    sandbox.settled("web")
    definition = sandbox.service("web")["taskDefinition"]
    sandbox.ecs.delete_service(cluster="dev", service="web", force=True)
    sandbox.clock.run_until(lambda: sandbox.service("web")["status"] == "INACTIVE")
    sandbox.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.9.9.9", "Port": 80}])
    sandbox.serve("web", definition, group, count=1)
    sandbox.settled("web")


def test_twenty_rolls_in_a_row_never_lose_a_healthy_target(sandbox: Sandbox) -> None:
    sandbox.web()
    sandbox.settled("web")
    for number in range(20):
        roll(sandbox, f"n{number}")
        assert least_running(sandbox, 15) >= 2
        sandbox.settled("web")
