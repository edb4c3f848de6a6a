"""Tasks: of services, and by themselves."""

from __future__ import annotations

from typing import Any

from tests.oracles.script import Script, Step, ecs, opening
from tests.oracles.scripts.foundation import CLUSTER, DEFINED, NETWORK, READY, service
from tests.oracles.scripts.services import SETTLED, shown


def run(**more: Any) -> Step:
    given = {
        "cluster": "dev",
        "taskDefinition": "${v1}",
        "launchType": "FARGATE",
        "networkConfiguration": NETWORK,
        **more,
    }
    return ecs("RunTask", **{key: each for key, each in given.items() if each is not None})


def described(*tasks: str, **more: Any) -> Step:
    return ecs("DescribeTasks", cluster="dev", tasks=list(tasks), **more)


COMMAND = {"containerOverrides": [{"name": "web", "command": ["python", "-m", "workload.migrate"]}]}

SCRIPTS = (
    Script(
        "the tasks of a service",
        (
            *READY,
            *opening(service("web", desiredCount=1), shown().until(SETTLED)),
            ecs("ListTasks", cluster="dev", serviceName="web").keeps(task="taskArns.0"),
            described("${task}"),
            ecs("ListTasks", cluster="dev", serviceName="web", desiredStatus="STOPPED"),
            ecs("ListTasks", cluster="dev", family="web"),
            ecs("ListTasks", cluster="dev", family="none"),
            ecs("StopTask", cluster="dev", task="${task}", reason="looking"),
            described("${task}").until({"tasks.0.lastStatus": "STOPPED"}),
            ecs("ListTasks", cluster="dev", serviceName="web", desiredStatus="STOPPED"),
        ),
    ),
    Script(
        "a task runs once",
        (
            *DEFINED,
            run(
                overrides=COMMAND,
                startedBy="d-1",
                clientToken="d-1",
                tags=[{"key": "managed-by", "value": "tidegate"}],
            ).keeps(task="tasks.0.taskArn"),
            described("${task}", include=["TAGS"]),
            ecs("ListTasks", cluster="dev", startedBy="d-1"),
            described("${task}").until({"tasks.0.lastStatus": "RUNNING"}),
            run(
                overrides=COMMAND,
                startedBy="d-1",
                clientToken="d-1",
                tags=[{"key": "managed-by", "value": "tidegate"}],
            ).keeps(again="tasks.0.taskArn"),
            run(startedBy="d-2", clientToken="d-1").fails("ConflictException"),
            ecs("StopTask", cluster="dev", task="${task}"),
            described("${task}").until({"tasks.0.lastStatus": "STOPPED"}),
            ecs("ListTasks", cluster="dev", desiredStatus="STOPPED", startedBy="d-1"),
        ),
    ),
    Script(
        "a task that ECS refuses to run",
        (
            *DEFINED,
            run(cluster="none").fails("ClusterNotFoundException", "foundation.cluster_missing"),
            run(taskDefinition="none:1").fails("ClientException", "aws.refused"),
            run(count=11).fails("InvalidParameterException", "aws.refused"),
            run(networkConfiguration=None).fails("InvalidParameterException", "aws.refused"),
            run(overrides={"containerOverrides": [{"name": "none", "command": ["true"]}]}).fails(
                "InvalidParameterException", "aws.refused"
            ),
        ),
    ),
    Script(
        "tasks that are looked for and not there",
        (
            *opening(CLUSTER),
            described("0123456789abcdef0123456789abcdef"),
            ecs("DescribeTasks", cluster="none", tasks=["0123456789abcdef0123456789abcdef"]).fails(
                "ClusterNotFoundException", "foundation.cluster_missing"
            ),
            ecs("ListTasks", cluster="none").fails("ClusterNotFoundException", "foundation.cluster_missing"),
            ecs("ListTasks", cluster="dev"),
            ecs("ListTasks", cluster="dev", serviceName="none").fails("ServiceNotFoundException", "aws.gone"),
            ecs("ListTasks", cluster="dev", startedBy="d-1", family="web").fails(
                "InvalidParameterException", "aws.refused"
            ),
            ecs("StopTask", cluster="dev", task="0123456789abcdef0123456789abcdef").fails(
                "InvalidParameterException", "aws.gone"
            ),
        ),
    ),
)
