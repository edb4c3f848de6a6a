"""Carrying out what the scheduler decides: photograph a service, ask, act, and say so in its events."""

from __future__ import annotations

from datetime import timedelta

from sandbox.world import scheduler
from sandbox.world.ecs import deployments, model, tasks
from sandbox.world.ecs.model import Service, Task
from sandbox.world.elbv2 import model as elb
from sandbox.world.place import Place
from sandbox.world.scheduler import Decision, ServicePicture, TaskPicture

PAUSE_SECONDS = 1.0
"""How long after a change the scheduler looks at a service; several changes are looked at together."""
HEALTHY_AFTER_SECONDS = 40.0
"""When a running task without a load balancer counts as healthy ("Deployment circuit breaker" and
`minimumHealthyPercent` in the Amazon ECS Developer Guide and API Reference)."""
FIRST_RETRY_SECONDS = 2.0
LONGEST_RETRY_SECONDS = 900.0
EVENTS_KEPT = 100

STOP_CODE = "ServiceSchedulerInitiated"


def kick(place: Place, service: Service, seconds: float = PAUSE_SECONDS) -> None:
    """Have the service looked at, `seconds` from now at the latest."""
    waiting = place.world.kicks.get(service.arn)
    due = place.world.clock.monotonic() + seconds / place.world.speed
    if waiting is not None:
        if waiting[0] <= due:
            return
        waiting[1].cancel()

    def look() -> None:
        place.world.kicks.pop(service.arn, None)
        # By name: in the meantime the service may have been deleted and made anew.
        reconcile(place, model.store(place).services[service.cluster, service.name])

    place.world.kicks[service.arn] = due, place.after(seconds, look)


def reconcile(place: Place, service: Service) -> None:
    if service.status == "INACTIVE":
        return
    now = place.now()
    _note_healthy(place, service)
    decision = scheduler.decide(photograph(place, service), now)
    if decision.fail:
        deployments.fail(place, service)
        kick(place, service)
        return
    _stop(place, service, decision)
    _start(place, service, decision)
    _forget_old_deployments(place, service)
    if decision.complete:
        deployments.complete(place, service)
    _note_state(place, service, decision)
    if service.status == "DRAINING" and not service.tasks:
        service.status = "INACTIVE"
        service.deployments = service.deployments[:1]
    elif decision.look_again_at is not None:
        kick(place, service, (decision.look_again_at - now).total_seconds() * place.world.speed)


def photograph(place: Place, service: Service) -> ServicePicture:
    primary, settings = service.primary, service.settings
    configuration = settings["deploymentConfiguration"]
    grace = settings.get("healthCheckGracePeriodSeconds") or 0
    return ServicePicture(
        desired=service.desired,
        tasks=tuple(_task(place, service, each) for each in model.tasks_of(place, service)),
        state=primary.rollout_state,
        minimum_percent=configuration["minimumHealthyPercent"],
        maximum_percent=configuration["maximumPercent"],
        grace=timedelta(seconds=grace / place.world.speed),
        failed_tasks=primary.failed_tasks,
        threshold=deployments.threshold(service),
        may_start_from=primary.may_start_from,
        is_draining=service.status == "DRAINING",
    )


def _task(place: Place, service: Service, task: Task) -> TaskPicture:
    states = _target_states(place, task)
    since = task.started_at or task.created_at
    healthy_from = None
    if task.started_at is not None:
        if not service.load_balancers:
            healthy_from = since + timedelta(seconds=HEALTHY_AFTER_SECONDS / place.world.speed)
        elif states and all(state == "healthy" for state in states):
            healthy_from = since
    return TaskPicture(
        id=task.id,
        is_current=task.deployment_id == service.primary.id,
        stage=_stage(task),
        since=since,
        healthy_from=healthy_from,
        is_failing="unhealthy" in states,
    )


def _stage(task: Task) -> scheduler.Stage:
    if task.desired_status == "STOPPED":
        return "stopping"
    return "starting" if task.started_at is None else "running"


def _target_states(place: Place, task: Task) -> list[str]:
    groups = elb.store(place).target_groups
    return [
        target.state
        for arn in task.registered_in
        if arn in groups
        for target in groups[arn].targets.values()
        if target.task_id == task.id
    ]


def _note_healthy(place: Place, service: Service) -> None:
    """A task that becomes healthy ends the row of failures, unless the breaker is told to keep counting."""
    breaker = service.settings["deploymentConfiguration"].get("deploymentCircuitBreaker", {})
    for task in model.tasks_of(place, service):
        if task.was_healthy or task.deployment_id != service.primary.id:
            continue
        healthy_from = _task(place, service, task).healthy_from
        if healthy_from is not None and healthy_from <= place.now():
            task.was_healthy = True
            if breaker.get("resetOnHealthyTask", True):
                service.primary.failed_tasks = 0


def _stop(place: Place, service: Service, decision: Decision) -> None:
    draining = 0
    for stop in decision.stop:
        task = model.store(place).tasks[stop.task_id]
        draining += bool(task.registered_in)
        if stop.why == "unhealthy":
            _stop_unhealthy(place, service, task)
        else:
            reason = f"Scaling activity initiated by (deployment {service.primary.id})"
            tasks.stop(place, task, STOP_CODE, reason)
    if draining:
        note(place, service, f"has begun draining connections on {draining} tasks.")


def _stop_unhealthy(place: Place, service: Service, task: Task) -> None:
    groups = ", ".join(f"(target-group {arn})" for arn in task.registered_in)
    for arn in task.registered_in:
        for target in elb.store(place).target_groups[arn].targets.values():
            if target.task_id == task.id and target.state == "unhealthy":
                why = f"due to (reason {target.description})"
                note(place, service, f"(port {target.port}) is unhealthy in (target-group {arn}) {why}")
    if task.deployment_id == service.primary.id and service.primary.rollout_state == "IN_PROGRESS":
        service.primary.failed_tasks += 1
    tasks.stop(place, task, STOP_CODE, f"Task failed ELB health checks in {groups}")
    kick(place, service)


def _start(place: Place, service: Service, decision: Decision) -> None:
    started = [tasks.start_for_service(place, service).id for _ in range(decision.start)]
    if started:
        service.is_steady = service.is_stuck = False
        named = " ".join(f"(task {task_id})" for task_id in started)
        note(place, service, f"has started {len(started)} tasks: {named}.")


def _forget_old_deployments(place: Place, service: Service) -> None:
    used = {task.deployment_id for task in model.tasks_of(place, service)}
    service.deployments = [each for each in service.deployments if each is service.primary or each.id in used]


def _note_state(place: Place, service: Service, decision: Decision) -> None:
    if decision.is_steady and not service.is_steady:
        note(place, service, "has reached a steady state.")
        place.emit("aws.ecs", "ECS Service Action", service.arn, eventName="SERVICE_STEADY_STATE")
    if decision.is_stuck and not service.is_stuck:
        note(
            place,
            service,
            "was unable to stop or start tasks during a deployment because of the service deployment "
            "configuration. Update the minimumHealthyPercent or maximumPercent value and try again.",
        )
    service.is_steady, service.is_stuck = decision.is_steady, decision.is_stuck


def task_ended(place: Place, task: Task, unexpected: bool) -> None:
    """A task has stopped: count it against its deployment where it is at fault, and look at the service."""
    service = model.service_of(place, task)
    if service is None:
        return
    service.tasks.pop(task.id, None)
    primary = service.primary
    if unexpected and task.deployment_id == primary.id:
        _count_failure(place, service, task)
    if unexpected:
        tasks.leave_groups(place, task)
    elif task.started_at is not None:
        note(place, service, f"has stopped 1 running tasks: (task {task.id}).")
    kick(place, service)


def _count_failure(place: Place, service: Service, task: Task) -> None:
    """Only tasks that never ran are retried more and more slowly; a crash loop is not slowed down by ECS."""
    primary = service.primary
    if primary.rollout_state == "IN_PROGRESS" and not task.was_healthy:
        primary.failed_tasks += 1
    if task.started_at is not None:
        primary.failed_starts, primary.may_start_from = 0, None
        return
    primary.failed_starts += 1
    pause = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** (primary.failed_starts - 1))
    primary.may_start_from = place.now() + timedelta(seconds=pause / place.world.speed)
    if primary.failed_starts == 3:
        note(
            place,
            service,
            "is unable to consistently start tasks successfully. For more information, see the Troubleshooting "
            "section of the Amazon ECS Developer Guide.",
        )


def note(place: Place, service: Service, message: str) -> None:
    """Add to the service's events, newest first."""
    event = {
        "id": place.ids.uuid(),
        "createdAt": place.now(),
        "message": f"(service {service.name}) {message}",
    }
    service.events = [event, *service.events[: EVENTS_KEPT - 1]]
    place.emit("aws.ecs", "Service Event", service.arn, message=event["message"])
