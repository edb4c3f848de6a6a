"""Deployments of a service: begun, completed, failed, rolled back, stopped, shown.

A *service deployment* is one attempt to bring out a revision, with its rollback; each of the two is an entry
of the service's `deployments` with an id of its own (`ecs-svc/…`).
"""

from __future__ import annotations

from typing import Any

from sandbox.world import scheduler
from sandbox.world.ecs import model, rollout, tasks
from sandbox.world.ecs.images import resolve
from sandbox.world.ecs.model import Deployment, Service, ServiceDeployment
from sandbox.world.errors import AwsError
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place
from sandbox.world.values import Answer, page

operations = Operations()

ONGOING = ("PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")


def begin(place: Place, service: Service, definition_arn: str, settings: dict[str, Any]) -> None:
    """Start a service deployment; one that is under way is overtaken by it."""
    now = place.now()
    for overtaken in service.service_deployments:
        if overtaken.status in ONGOING:
            _end(place, overtaken, "STOPPED", "Service deployment was stopped by a new deployment.")
    revision = _new_revision_arn(place, service)
    attempt = ServiceDeployment(
        arn=place.arn("ecs", f"service-deployment/{service.cluster}/{service.name}/{place.ids.hex(21)}"),
        service_arn=service.arn,
        cluster_arn=service.cluster_arn,
        target_revision=revision,
        source_revisions=[each.revision_arn for each in service.deployments],
        configuration=service.settings["deploymentConfiguration"],
        created_at=now,
        updated_at=now,
    )
    service.service_deployments.append(attempt)
    deployment = _entry(place, service, definition_arn, settings, revision, attempt.arn)
    deployment.rollout_reason = f"ECS deployment {deployment.id} in progress."
    _install(place, service, deployment)


def complete(place: Place, service: Service) -> None:
    primary = service.primary
    _move(place, service, primary, "COMPLETED", f"ECS deployment {primary.id} completed.")
    service.last_good = primary
    attempt = _attempt(service, primary)
    if attempt.status == "ROLLBACK_IN_PROGRESS":
        _end(place, attempt, "ROLLBACK_SUCCESSFUL", attempt.reason)
    else:
        _end(place, attempt, "SUCCESSFUL", None)
    rollout.note(place, service, f"(deployment {primary.id}) deployment completed.")


def fail(place: Place, service: Service, why: str = "ECS deployment circuit breaker: tasks failed to start.") -> None:
    """Give the primary deployment up, and roll back where that was asked for and is possible."""
    primary, attempt = service.primary, _attempt(service, service.primary)
    breaker = service.settings["deploymentConfiguration"].get("deploymentCircuitBreaker", {})
    attempt.failures, attempt.threshold = primary.failed_tasks, threshold(service) or 0
    rollout.note(place, service, f"(deployment {primary.id}) deployment failed: tasks failed to start.")
    _move(place, service, primary, "FAILED", why)
    if breaker.get("rollback") and attempt.status == "IN_PROGRESS":
        roll_back(place, service, "ECS deployment circuit breaker")
    else:
        status = "ROLLBACK_FAILED" if attempt.status == "ROLLBACK_IN_PROGRESS" else "STOPPED"
        _end(place, attempt, status, why)


def roll_back(place: Place, service: Service, because: str) -> None:
    """Bring the last completed revision back as a deployment of its own; without one, the attempt is over."""
    failed, good = service.primary, service.last_good
    attempt = _attempt(service, failed)
    if good is None or good.revision_arn == failed.revision_arn:
        failed.rollout_reason += " No rollback candidate was found to run the rollback."
        _end(place, attempt, "ROLLBACK_FAILED", f"{because}: no rollback candidate was found.")
        return
    attempt.status, attempt.reason = "ROLLBACK_IN_PROGRESS", failed.rollout_reason
    attempt.rollback = {"reason": because, "startedAt": place.now(), "serviceRevisionArn": good.revision_arn}
    back = _entry(place, service, good.definition_arn, good.settings, good.revision_arn, attempt.arn)
    back.images = good.images
    back.rollout_reason = f"{because}: rolling back to deploymentId {good.id}."
    rollout.note(place, service, f"rolling back to deployment {good.id}.")
    _install(place, service, back)


def threshold(service: Service) -> int | None:
    breaker = service.settings["deploymentConfiguration"].get("deploymentCircuitBreaker", {})
    return scheduler.threshold(breaker, service.desired)


def _entry(
    place: Place, service: Service, definition_arn: str, settings: dict[str, Any], revision: str, attempt: str
) -> Deployment:
    definition = model.definition(place, definition_arn)
    return Deployment(
        id=f"ecs-svc/{place.ids.digits(19)}",
        definition_arn=definition.arn,
        revision_arn=revision,
        service_deployment_arn=attempt,
        settings=settings,
        images={each["image"]: resolve(place, each["image"], definition) for each in definition.containers},
        created_at=place.now(),
        updated_at=place.now(),
    )


def _install(place: Place, service: Service, deployment: Deployment) -> None:
    service.deployments.insert(0, deployment)
    service.is_steady = service.is_stuck = False
    _tell(place, service, deployment)
    rollout.kick(place, service)


def _move(place: Place, service: Service, deployment: Deployment, state: scheduler.RolloutState, reason: str) -> None:
    deployment.rollout_state, deployment.rollout_reason = state, reason
    deployment.updated_at = place.now()
    _tell(place, service, deployment)


def _tell(place: Place, service: Service, deployment: Deployment) -> None:
    """The event that EventBridge carries as `ECS Deployment State Change`."""
    place.emit(
        "aws.ecs",
        "ECS Deployment State Change",
        service.arn,
        eventType="ERROR" if deployment.rollout_state == "FAILED" else "INFO",
        eventName=f"SERVICE_DEPLOYMENT_{deployment.rollout_state}",
        deploymentId=deployment.id,
        clusterArn=service.cluster_arn,
        reason=deployment.rollout_reason,
    )


def _end(place: Place, attempt: ServiceDeployment, status: str, reason: str | None) -> None:
    attempt.status, attempt.reason = status, reason
    attempt.updated_at = place.now()
    if status == "STOPPED":
        attempt.stopped_at = place.now()
    attempt.finished_at = place.now()


def _attempt(service: Service, deployment: Deployment) -> ServiceDeployment:
    return next(each for each in service.service_deployments if each.arn == deployment.service_deployment_arn)


def _new_revision_arn(place: Place, service: Service) -> str:
    return place.arn("ecs", f"service-revision/{service.cluster}/{service.name}/{place.ids.digits(19)}")


@operations.reads("ListServiceDeployments")
def list_service_deployments(call: Call) -> Answer:
    service = model.service(call.place, call.get("cluster"), call["service"])
    wanted, span = call.get("status"), call.get("createdAt", {})
    found = [
        each
        for each in reversed(service.service_deployments)
        if (not wanted or each.status in wanted)
        and ("after" not in span or each.created_at >= span["after"])
        and ("before" not in span or each.created_at <= span["before"])
    ]
    listed, token = page(found, call.get("nextToken"), call.get("maxResults", 20))
    return {"serviceDeployments": [_brief(each) for each in listed], "nextToken": token}


@operations.reads("DescribeServiceDeployments")
def describe_service_deployments(call: Call) -> Answer:
    found, failures = [], []
    for arn in call["serviceDeploymentArns"]:
        hit = _find(call.place, arn)
        if hit is None:
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(_whole(call.place, *hit))
    return {"serviceDeployments": found, "failures": failures}


@operations.changes("StopServiceDeployment")
def stop_service_deployment(call: Call) -> Answer:
    arn = call["serviceDeploymentArn"]
    hit = _find(call.place, arn)
    if hit is None:
        raise AwsError("ServiceDeploymentNotFoundException", "Service deployment not found.")
    service, attempt = hit
    if attempt.status not in ONGOING:
        raise AwsError("ConflictException", f"The service deployment is {attempt.status} and cannot be stopped.")
    if attempt.status == "ROLLBACK_IN_PROGRESS":
        return {"serviceDeploymentArn": arn}
    why = "Service deployment was stopped by the user."
    _move(call.place, service, service.primary, "FAILED", why)
    if call.get("stopType", "ROLLBACK") == "ROLLBACK":
        roll_back(call.place, service, why)
    else:
        _end(call.place, attempt, "STOPPED", why)
    return {"serviceDeploymentArn": arn}


@operations.reads("DescribeServiceRevisions")
def describe_service_revisions(call: Call) -> Answer:
    known: dict[str, tuple[Service, Deployment]] = {}
    for service in model.store(call.place).services.values():
        for each in [*([service.last_good] if service.last_good else []), *service.deployments]:
            known[each.revision_arn] = service, each
    wanted = call["serviceRevisionArns"]
    return {
        "serviceRevisions": [_revision(call.place, *known[arn]) for arn in wanted if arn in known],
        "failures": [{"arn": arn, "reason": "MISSING"} for arn in wanted if arn not in known],
    }


def _find(place: Place, arn: str) -> tuple[Service, ServiceDeployment] | None:
    for service in model.store(place).services.values():
        for attempt in service.service_deployments:
            if attempt.arn == arn:
                return service, attempt
    return None


def shown(place: Place, service: Service, deployment: Deployment) -> Answer:
    of_deployment = [each for each in model.tasks_of(place, service) if each.deployment_id == deployment.id]
    is_primary = deployment is service.primary
    return {
        "id": deployment.id,
        "status": "PRIMARY" if is_primary else "ACTIVE",
        "taskDefinition": deployment.definition_arn,
        "desiredCount": service.desired if is_primary else 0,
        "pendingCount": tasks.count(of_deployment, *tasks.PENDING),
        "runningCount": tasks.count(of_deployment, "RUNNING"),
        "failedTasks": deployment.failed_tasks,
        "createdAt": deployment.created_at,
        "updatedAt": deployment.updated_at,
        "rolloutState": deployment.rollout_state,
        "rolloutStateReason": deployment.rollout_reason,
        "platformFamily": "Linux",
        **deployment.settings,
    }


def revision(place: Place, service: Service, deployment: Deployment) -> Answer:
    of_deployment = [each for each in model.tasks_of(place, service) if each.deployment_id == deployment.id]
    return {
        "arn": deployment.revision_arn,
        "requestedTaskCount": service.desired if deployment is service.primary else 0,
        "runningTaskCount": tasks.count(of_deployment, "RUNNING"),
        "pendingTaskCount": tasks.count(of_deployment, *tasks.PENDING),
    }


def _brief(attempt: ServiceDeployment) -> Answer:
    return {
        "serviceDeploymentArn": attempt.arn,
        "serviceArn": attempt.service_arn,
        "clusterArn": attempt.cluster_arn,
        "createdAt": attempt.created_at,
        "startedAt": attempt.created_at,
        "finishedAt": attempt.finished_at,
        "targetServiceRevisionArn": attempt.target_revision,
        "status": attempt.status,
        "statusReason": attempt.reason,
    }


def _whole(place: Place, service: Service, attempt: ServiceDeployment) -> Answer:
    counts = {each.revision_arn: revision(place, service, each) for each in service.deployments}
    target = attempt.target_revision
    none = {"requestedTaskCount": 0, "runningTaskCount": 0, "pendingTaskCount": 0}
    brief = _brief(attempt)
    del brief["targetServiceRevisionArn"]
    limit = attempt.threshold or threshold(service)
    is_over = attempt.status in ("STOPPED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
    return {
        **brief,
        "updatedAt": attempt.updated_at,
        "stoppedAt": attempt.stopped_at,
        "targetServiceRevision": counts.get(target, {"arn": target, **none}),
        "sourceServiceRevisions": [counts.get(arn, {"arn": arn, **none}) for arn in attempt.source_revisions],
        "rollback": attempt.rollback,
        "deploymentConfiguration": attempt.configuration,
        "deploymentCircuitBreaker": {
            "status": "DISABLED" if limit is None else "TRIGGERED" if is_over and attempt.failures else "MONITORING",
            "failureCount": attempt.failures or _failures(service, attempt),
            "threshold": limit or 0,
        },
    }


def _failures(service: Service, attempt: ServiceDeployment) -> int:
    of_attempt = (each for each in service.deployments if each.service_deployment_arn == attempt.arn)
    return next((each.failed_tasks for each in of_attempt), 0)


def _revision(place: Place, service: Service, deployment: Deployment) -> Answer:
    definition = model.definition(place, deployment.definition_arn)
    images = [
        {
            "containerName": each["name"],
            "image": each["image"],
            "imageDigest": deployment.images[each["image"]].partition("@")[2] or None,
        }
        for each in definition.containers
    ]
    return {
        "serviceRevisionArn": deployment.revision_arn,
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "taskDefinition": definition.arn,
        "containerImages": images,
        "createdAt": deployment.created_at,
        "loadBalancers": service.load_balancers,
        **deployment.settings,
    }
