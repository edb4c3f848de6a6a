"""Questions about Amazon ECS. Most need no task; those that start one say so by their minutes."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.oracles.probe.questions import asks, code_of, longest
from tests.oracles.probe.stage import Stage

ROUNDS = 5
FAILS_FAST = {
    "deploymentCircuitBreaker": {
        "enable": True,
        "rollback": False,
        "resetOnHealthyTask": False,
        "thresholdConfiguration": {"type": "COUNT", "value": 3},
    },
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
}


def _primary(stage: Stage, name: str) -> Any:
    return stage.shown(name)["deployments"][0]


def _failed(stage: Stage) -> tuple[str, str, float]:
    """A service whose deployment has failed: its name, its task definition, and how long the failing took."""
    definition = stage.new_definition(command=["false"])
    name = stage.service(definition, 1, deploymentConfiguration=FAILS_FAST)
    took = stage.until(lambda: stage.shown(name) and _primary(stage, name)["rolloutState"] == "FAILED", 5.0, 1800)
    return name, definition, took


@asks(
    "breaker-trips",
    "How long after CreateService does a circuit breaker with COUNT 3 fail a deployment whose tasks end at once?",
    sandbox="within 15 s",
    matters="How long a version that crashes keeps an environment busy.",
    minutes=8,
)
def breaker_trips(stage: Stage) -> str:
    took = _failed(stage)[2]
    return f"within {15 * (int(took) // 15 + 1)} s"


@asks(
    "rolls-again-after-failed",
    "Does UpdateService with the same task definition roll again after FAILED, without forceNewDeployment?",
    sandbox="no; with force yes",
    matters="A failed slot is tried again with force; if AWS rolled without it, a repeated call would roll twice.",
    minutes=9,
)
def rolls_again(stage: Stage) -> str:
    name, definition, _ = _failed(stage)
    before = _primary(stage, name)["id"]
    stage.ecs.update_service(cluster=stage.cluster(), service=name, taskDefinition=definition)
    stage.clock.sleep(30)
    alone = _primary(stage, name)["id"] != before
    stage.ecs.update_service(cluster=stage.cluster(), service=name, taskDefinition=definition, forceNewDeployment=True)
    stage.clock.sleep(30)
    forced = _primary(stage, name)["id"] != before
    return f"{'yes' if alone else 'no'}; with force {'yes' if forced else 'no'}"


@asks(
    "partial-configuration",
    "Does UpdateService with a partial deploymentConfiguration keep the members left out, or reset them?",
    sandbox="reset",
    matters="Tidegate always sends the whole of it.",
)
def partial_configuration(stage: Stage) -> str:
    name = stage.service(stage.definition(), 0, deploymentConfiguration={**FAILS_FAST, "maximumPercent": 150})
    partial = {"minimumHealthyPercent": 50}
    stage.ecs.update_service(cluster=stage.cluster(), service=name, deploymentConfiguration=partial)
    stage.clock.sleep(5)
    return "kept" if stage.shown(name)["deploymentConfiguration"]["maximumPercent"] == 150 else "reset"


@asks(
    "definition-listed",
    "How long after RegisterTaskDefinition does ListTaskDefinitions show the revision first?",
    sandbox="at once at the longest of 5",
    matters="A definition is looked for by content before it is registered; a lag makes a second, equal revision.",
)
def definition_listed(stage: Stage) -> str:
    family, measured = stage.name(), []
    for _ in range(ROUNDS):
        arn = stage.new_definition(family)
        measured.append(stage.until(partial(_is_newest, stage, family, arn), 0.1, 60))
    return longest(measured)


def _is_newest(stage: Stage, family: str, arn: str) -> bool:
    listed = stage.ecs.list_task_definitions(familyPrefix=family, sort="DESC", maxResults=1)["taskDefinitionArns"]
    return bool(listed == [arn])


@asks(
    "service-shows",
    "How long after CreateService does DescribeServices still say MISSING?",
    sandbox="at once at the longest of 5",
    matters="A service that is missing is made; the client token and the name keep it from being made twice.",
    minutes=2,
)
def service_shows(stage: Stage) -> str:
    measured = []
    for _ in range(ROUNDS):
        name = stage.service(stage.definition(), 0)
        measured.append(stage.until(partial(_is_shown, stage, name), 0.1, 120))
    return longest(measured)


def _is_shown(stage: Stage, name: str) -> bool:
    return bool(stage.shown(name))


@asks(
    "create-again",
    "What does CreateService answer for a name in use: with the same token and settings, and with others?",
    sandbox="same: ok; other: InvalidParameterException (Creation of service was not idempotent.)",
    matters="The second answer is recognised by its words.",
)
def create_again(stage: Stage) -> str:
    token = stage.name()
    name = stage.service(stage.definition(), 0, clientToken=token)

    def create(token: str, percent: int | None) -> str:
        settings = {"deploymentConfiguration": {"maximumPercent": percent}} if percent else {}
        try:
            stage.ecs.create_service(
                cluster=stage.cluster(),
                serviceName=name,
                taskDefinition=stage.definition(),
                desiredCount=0,
                launchType="FARGATE",
                networkConfiguration=stage.placed(),
                tags=stage.ecs_tags(),
                clientToken=token,
                **settings,
            )
        except stage.ecs.exceptions.ClientError as error:
            return f"{error.response['Error']['Code']} ({error.response['Error']['Message']})"
        return "ok"

    return f"same: {create(token, None)}; other: {create(token + '-other', 150)}"


@asks(
    "missing-service",
    "How does the ARN of a service that is MISSING read?",
    sandbox="service/CLUSTER/none",
    matters="A missing service is recognised by the last part of the ARN.",
)
def missing_service(stage: Stage) -> str:
    answer = stage.ecs.describe_services(cluster=stage.cluster(), services=["none"])
    return str(answer["failures"][0]["arn"].rpartition(":")[2].replace(stage.cluster(), "CLUSTER"))


@asks(
    "deleted-service",
    "Is a deleted service still described, and what do DeleteService and UpdateService answer for it?",
    sandbox="described as INACTIVE; delete: ServiceNotFoundException; update: ServiceNotActiveException",
    matters="Both codes are «gone»: it is looked at again.",
)
def deleted_service(stage: Stage) -> str:
    name = stage.service(stage.definition(), 0)
    stage.delete_service(name)
    status = stage.shown(name).get("status", "MISSING")
    deleted = code_of(lambda: stage.ecs.delete_service(cluster=stage.cluster(), service=name))
    updated = code_of(lambda: stage.ecs.update_service(cluster=stage.cluster(), service=name, desiredCount=0))
    return f"described as {status}; delete: {deleted}; update: {updated}"


@asks(
    "delete-active-definition",
    "How does DeleteTaskDefinitions refuse a revision that is still active?",
    sandbox="failure TASK_DEFINITION_ACTIVE",
    matters="Nothing yet: Tidegate deletes none.",
)
def delete_active_definition(stage: Stage) -> str:
    answered: dict[str, Any] = {}

    def delete() -> None:
        answered.update(stage.ecs.delete_task_definitions(taskDefinitions=[stage.definition()]))

    code = code_of(delete)
    return f"failure {answered['failures'][0]['reason']}" if code == "ok" and answered["failures"] else code


@asks(
    "task-life",
    "Which states does a task show from its start to its end, and how does its StopTask read?",
    sandbox="PENDING, RUNNING, STOPPING, STOPPED; UserInitiated",
    matters="What a person sees; nothing is decided by the states between.",
    minutes=3,
)
def task_life(stage: Stage) -> str:
    arn = _ran(stage)
    seen: list[str] = []

    def has(status: str) -> bool:
        shown = _task(stage, arn)["lastStatus"]
        if not seen or seen[-1] != shown:
            seen.append(shown)
        return bool(shown == status)

    stage.until(lambda: has("RUNNING"), 0.1)
    stage.ecs.stop_task(cluster=stage.cluster(), task=arn)
    stage.until(lambda: has("STOPPED"), 0.1)
    return f"{', '.join(seen)}; {_task(stage, arn)['stopCode']}"


@asks(
    "stopped-task-shows",
    "For how many minutes can a stopped task be described?",
    sandbox="60",
    matters="Why a task failed is read from it; after that only the record knows.",
    minutes=90,
)
def stopped_task_shows(stage: Stage) -> str:
    arn = _ran(stage)
    stage.ecs.stop_task(cluster=stage.cluster(), task=arn)
    stage.until(lambda: _task(stage, arn)["lastStatus"] == "STOPPED")
    seconds = stage.until(lambda: not _described(stage, arn), 30.0, 5 * 3600)
    return str(round(seconds / 60))


def _ran(stage: Stage) -> str:
    """A task that was started; its ARN. It is stopped at the end in any case."""
    arn: str = stage.ecs.run_task(
        cluster=stage.cluster(),
        taskDefinition=stage.definition(),
        launchType="FARGATE",
        networkConfiguration=stage.placed(),
        tags=stage.ecs_tags(),
    )["tasks"][0]["taskArn"]
    stage.made(f"task {arn}", lambda: _stop(stage, arn))
    return arn


def _stop(stage: Stage, arn: str) -> None:
    if _described(stage, arn):
        stage.ecs.stop_task(cluster=stage.cluster(), task=arn)
        stage.until(lambda: not _described(stage, arn) or _task(stage, arn)["lastStatus"] == "STOPPED")


def _described(stage: Stage, arn: str) -> list[Any]:
    found: list[Any] = stage.ecs.describe_tasks(cluster=stage.cluster(), tasks=[arn])["tasks"]
    return found


def _task(stage: Stage, arn: str) -> Any:
    return _described(stage, arn)[0]
