"""ECS services: requests, and what a reply says about a slot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.validate import validate_parameters

from controller.adapters.aws.wire import services as wire
from controller.domain.slot import Slot
from controller.domain.snapshot import Rollout
from tests.adapters.aws.rig import a_content, a_run

DEFINITION = "arn:aws:ecs:eu-west-1:123456789012:task-definition/captioncraft-dev-backend:2"
BEFORE = "arn:aws:ecs:eu-west-1:123456789012:task-definition/captioncraft-dev-backend:1"
GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/captioncraft-dev-backend-blue/1"
RUN = a_run(a_content(), Slot.BLUE, DEFINITION, count=2)
CONFIGURATION = {
    "strategy": "ROLLING",
    "minimumHealthyPercent": 100,
    "maximumPercent": 200,
    "deploymentCircuitBreaker": {
        "enable": True,
        "rollback": False,
        "resetOnHealthyTask": False,
        "thresholdConfiguration": {"type": "COUNT", "value": 3},
    },
}
NETWORK = {
    "awsvpcConfiguration": {
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroups": ["sg-1"],
        "assignPublicIp": "DISABLED",
    }
}
BALANCERS = [{"targetGroupArn": GROUP, "containerName": "backend", "containerPort": 8000}]


def as_ecs_checks(operation: str, request: Any) -> None:
    shape = botocore.session.get_session().get_service_model("ecs").operation_model(operation).input_shape
    assert shape is not None
    validate_parameters(request, shape)


def shown(**changes: Any) -> Any:
    return {
        "serviceName": "captioncraft-dev-backend-blue",
        "taskDefinition": BEFORE,
        "desiredCount": 2,
        "runningCount": 2,
        "pendingCount": 0,
        "networkConfiguration": NETWORK,
        "loadBalancers": BALANCERS,
        **changes,
    }


def test_the_whole_request_to_create() -> None:
    request = wire.create(RUN, "dev", "captioncraft-dev-backend-blue", GROUP, {"managed-by": "tidegate"}, "t")
    as_ecs_checks("CreateService", request)
    assert request == {
        "cluster": "dev",
        "serviceName": "captioncraft-dev-backend-blue",
        "taskDefinition": DEFINITION,
        "desiredCount": 2,
        "clientToken": wire.client_token("t", "captioncraft-dev-backend-blue"),
        "launchType": "FARGATE",
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "deploymentConfiguration": CONFIGURATION,
        "networkConfiguration": NETWORK,
        "propagateTags": "SERVICE",
        "enableECSManagedTags": True,
        "tags": [{"key": "managed-by", "value": "tidegate"}],
        "loadBalancers": BALANCERS,
        "healthCheckGracePeriodSeconds": 30,
    }


def test_a_worker_is_created_without_balancer_and_grace() -> None:
    request = wire.create(RUN, "dev", "w", None, {}, "t")
    assert not {"loadBalancers", "healthCheckGracePeriodSeconds"} & request.keys()


def test_an_update_sends_what_rolls_and_the_whole_configuration_and_no_more() -> None:
    request = wire.update(RUN, "dev", shown(), GROUP)
    as_ecs_checks("UpdateService", request)
    assert request == {
        "cluster": "dev",
        "service": "captioncraft-dev-backend-blue",
        "taskDefinition": DEFINITION,
        "desiredCount": 2,
        "deploymentConfiguration": CONFIGURATION,
        "healthCheckGracePeriodSeconds": 30,
    }


def test_another_order_of_subnets_is_the_same_network() -> None:
    network = {"awsvpcConfiguration": {"subnets": ["subnet-2", "subnet-1"], "securityGroups": ["sg-1"]}}
    assert "networkConfiguration" not in wire.update(RUN, "dev", shown(networkConfiguration=network), GROUP)


def test_another_network_is_sent() -> None:
    run = replace(RUN, content=replace(RUN.content, subnets=("subnet-3",)))
    request = wire.update(run, "dev", shown(), GROUP)
    assert request["networkConfiguration"] == {
        "awsvpcConfiguration": {"subnets": ["subnet-3"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}
    }


@pytest.mark.parametrize(
    ("before", "group", "sent"),
    [
        ([{"targetGroupArn": GROUP, "containerName": "backend", "containerPort": 80}], GROUP, BALANCERS),
        ([], GROUP, BALANCERS),
        (BALANCERS, None, []),
    ],
    ids=["another port", "a new route", "no route any more"],
)
def test_another_balancer_is_sent(before: Any, group: str | None, sent: Any) -> None:
    assert wire.update(RUN, "dev", shown(loadBalancers=before), group)["loadBalancers"] == sent


def test_a_client_token_fits_and_repeats_itself() -> None:
    token = wire.client_token("deployment 17, step 4", "web-blue")
    assert token == wire.client_token("deployment 17, step 4", "web-blue")
    assert token != wire.client_token("deployment 17, step 5", "web-blue")
    assert token != wire.client_token("deployment 17, step 4", "web-green")
    assert len(token) <= 36
    assert token.isascii()


def primary(definition: str = DEFINITION, state: str | None = "COMPLETED", running: int = 2, **more: Any) -> Any:
    return {"status": "PRIMARY", "taskDefinition": definition, "rolloutState": state, "runningCount": running, **more}


OLDER = {"status": "ACTIVE", "taskDefinition": BEFORE, "rolloutState": "COMPLETED", "runningCount": 2}


@pytest.mark.parametrize(
    ("deployments", "rollout"),
    [
        ([primary()], Rollout.COMPLETED),
        ([OLDER, primary()], Rollout.COMPLETED),
        ([primary(running=1)], Rollout.IN_PROGRESS),
        ([primary(state="IN_PROGRESS")], Rollout.IN_PROGRESS),
        ([primary(state=None)], Rollout.IN_PROGRESS),
        ([primary(state="FAILED", running=0)], Rollout.FAILED),
        ([primary(definition=BEFORE)], Rollout.IN_PROGRESS),
        ([primary(definition=BEFORE, state="FAILED")], Rollout.IN_PROGRESS),
        ([OLDER], Rollout.NONE),
        ([], Rollout.NONE),
    ],
    ids=[
        "done",
        "done beside an older one",
        "said to be done, but a task is missing",
        "under way",
        "no state yet",
        "failed",
        "done, but with another definition",
        "failed, but with another definition",
        "no primary deployment",
        "no deployment",
    ],
)
def test_a_rollout_is_that_of_the_present_definition(deployments: Any, rollout: Rollout) -> None:
    view = wire.slot_view(shown(taskDefinition=DEFINITION, deployments=deployments), "sha256:c", None)
    assert view.rollout is rollout


def test_a_slot_shows_counts_content_and_why() -> None:
    deployments = [primary(state="FAILED", rolloutStateReason="tasks failed to start", failedTasks=3)]
    view = wire.slot_view(shown(taskDefinition=DEFINITION, deployments=deployments, pendingCount=1), "sha256:c", None)
    assert (view.exists, view.definition, view.content) == (True, DEFINITION, "sha256:c")
    assert (view.desired, view.running, view.pending) == (2, 2, 1)
    assert (view.rollout_text, view.failed_tasks) == ("tasks failed to start", 3)
