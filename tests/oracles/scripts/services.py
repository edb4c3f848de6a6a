"""ECS services: made, changed, emptied, deleted."""

from __future__ import annotations

from typing import Any

from tests.oracles.script import Script, Step, ecs, opening
from tests.oracles.scripts.foundation import (
    CLUSTER,
    DEFINED,
    GROUPS,
    NETWORK,
    NO_GROUP,
    READY,
    definition,
    image,
    service,
)

TAGS = [{"key": "managed-by", "value": "tidegate"}, {"key": "service", "value": "web"}]
SETTLED = {"services.0.deployments.0.rolloutState": "COMPLETED", "services.0.deployments.1": None}
RUNNING = {"services.0.runningCount": 2, "services.0.pendingCount": 0}
BEHIND_BLUE = {"targetGroupArn": "${blue}", "containerName": "web", "containerPort": 8000}

ON_SPOT = [{"capacityProvider": "FARGATE_SPOT", "base": 0, "weight": 1}]
PUBLIC = {"awsvpcConfiguration": {**NETWORK["awsvpcConfiguration"], "assignPublicIp": "ENABLED"}}
MISSING = {"name": "web", "image": image("none"), "portMappings": [{"containerPort": 8000}]}


def shown(*names: str, **more: Any) -> Step:
    return ecs("DescribeServices", cluster="dev", services=list(names or ("web",)), **more)


def changed(**changes: Any) -> Step:
    return ecs("UpdateService", cluster="dev", service="web", **changes)


def behind(**changes: Any) -> dict[str, Any]:
    return {"loadBalancers": [{**BEHIND_BLUE, **changes}]}


SCRIPTS = (
    Script(
        "a service is made, and settles",
        (
            *READY,
            service("web", tags=TAGS, healthCheckGracePeriodSeconds=30, clientToken="token-1", propagateTags="SERVICE"),
            shown(),
            shown().until(RUNNING),
            shown(include=["TAGS"]).until(SETTLED),
            ecs("ListServices", cluster="dev"),
            ecs("ListServices", cluster="dev", launchType="EC2"),
        ),
    ),
    Script(
        "a service without a balancer, on Spot",
        (
            *DEFINED,
            service(
                "worker",
                launchType=None,
                loadBalancers=None,
                desiredCount=1,
                capacityProviderStrategy=[
                    {"capacityProvider": "FARGATE", "base": 1, "weight": 0},
                    {"capacityProvider": "FARGATE_SPOT", "base": 0, "weight": 1},
                ],
            ),
            shown("worker").until({"services.0.runningCount": 1}),
            shown("worker").until(SETTLED),
        ),
    ),
    Script(
        "another task definition rolls out",
        (
            *READY,
            *opening(service("web"), shown().until(SETTLED)),
            changed(taskDefinition="${v2}"),
            shown().until({"services.0.deployments.0.rolloutState": "IN_PROGRESS"}),
            shown().until(SETTLED),
            changed(taskDefinition="${v2}"),
            shown(),
            changed(forceNewDeployment=True),
            shown().until(SETTLED),
        ),
    ),
    Script(
        "a service is scaled to nothing and deleted",
        (
            *READY,
            *opening(service("web"), shown().until(SETTLED)),
            changed(desiredCount=3),
            shown().until({"services.0.runningCount": 3}),
            ecs("DeleteService", cluster="dev", service="web").fails("InvalidParameterException", "slot.not_empty"),
            changed(desiredCount=0),
            shown().until({"services.0.runningCount": 0}),
            ecs("DeleteService", cluster="dev", service="web"),
            shown().until({"services.0.status": "INACTIVE"}),
            ecs("ListServices", cluster="dev"),
            ecs("DeleteService", cluster="dev", service="web").fails("ServiceNotFoundException", "aws.gone"),
            changed(desiredCount=1).fails("ServiceNotActiveException", "aws.gone"),
            service("web"),
        ),
    ),
    Script(
        "a name is blocked while its service drains",
        (
            *READY,
            *opening(service("web"), shown().until(SETTLED)),
            ecs("DeleteService", cluster="dev", service="web", force=True),
            shown(),
            ecs("ListServices", cluster="dev"),
            service("web").fails("InvalidParameterException", "aws.draining"),
            changed(desiredCount=1).fails("ServiceNotActiveException", "aws.gone"),
        ),
    ),
    Script(
        "a service is created twice",
        (
            *READY,
            service("web", clientToken="token-1"),
            service("web", clientToken="token-1"),
            service("web", clientToken="token-2", desiredCount=3).fails("InvalidParameterException", "aws.taken"),
        ),
    ),
    Script(
        "a service that ECS refuses to make",
        (
            *DEFINED,
            *GROUPS,
            service("web", cluster="none").fails("ClusterNotFoundException", "foundation.cluster_missing"),
            service("web").fails("InvalidParameterException", "aws.not_attached_yet"),
            service("web", **behind(targetGroupArn=NO_GROUP)).fails("InvalidParameterException", "aws.refused"),
            service("web", loadBalancers=None, taskDefinition="none:1").fails("ClientException", "aws.refused"),
            service("web", loadBalancers=None, taskDefinition=None).fails("InvalidParameterException", "aws.refused"),
            service("web", loadBalancers=None, desiredCount=None).fails("InvalidParameterException", "aws.refused"),
            service("web", loadBalancers=None, networkConfiguration=None).fails(
                "InvalidParameterException", "aws.refused"
            ),
            service(
                "web", loadBalancers=None, capacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1}]
            ).fails("InvalidParameterException", "aws.refused"),
        ),
    ),
    Script(
        "a service whose container is not the one",
        (
            *READY,
            service("web", **behind(containerName="none")).fails("InvalidParameterException", "aws.refused"),
            service("web", **behind(containerPort=9000)).fails("InvalidParameterException", "aws.refused"),
        ),
    ),
    Script(
        "a capacity provider that the cluster does not have",
        (
            *opening(ecs("CreateCluster", clusterName="dev")),
            *opening(definition("v1").keeps(v1="taskDefinition.taskDefinitionArn")),
            service(
                "web",
                loadBalancers=None,
                launchType=None,
                capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
            ).fails("InvalidParameterException", "aws.refused"),
        ),
    ),
    Script(
        "a change that ECS refuses",
        (
            *READY,
            changed(desiredCount=1).fails("ServiceNotFoundException", "aws.gone"),
            *opening(service("web"), shown().until(SETTLED)),
            changed(capacityProviderStrategy=ON_SPOT).fails("InvalidParameterException", "aws.refused"),
            changed(capacityProviderStrategy=ON_SPOT, forceNewDeployment=True),
            changed(taskDefinition="none:1").fails("ClientException", "aws.refused"),
            ecs("UpdateService", cluster="none", service="web", desiredCount=1).fails(
                "ClusterNotFoundException", "foundation.cluster_missing"
            ),
            *opening(ecs("DeregisterTaskDefinition", taskDefinition="${v2}")),
            changed(taskDefinition="${v2}").fails("ClientException", "aws.refused"),
            ecs("DeleteService", cluster="dev", service="none").fails("ServiceNotFoundException", "aws.gone"),
            ecs("DeleteService", cluster="none", service="web").fails(
                "ClusterNotFoundException", "foundation.cluster_missing"
            ),
        ),
    ),
    Script(
        "services that are looked for and not there",
        (
            *opening(CLUSTER),
            shown("none"),
            ecs("DescribeServices", cluster="none", services=["web"]).fails(
                "ClusterNotFoundException", "foundation.cluster_missing"
            ),
            shown(*[f"s{number}" for number in range(11)]).fails("InvalidParameterException", "aws.refused"),
            ecs("ListServices", cluster="none").fails("ClusterNotFoundException", "foundation.cluster_missing"),
            ecs("ListServices", cluster="dev"),
        ),
    ),
    Script(
        "only settings that do not roll are changed",
        (
            *READY,
            *opening(service("web"), shown().until(SETTLED)),
            changed(
                healthCheckGracePeriodSeconds=60,
                deploymentConfiguration={
                    "deploymentCircuitBreaker": {"enable": True, "rollback": False},
                    "maximumPercent": 150,
                    "minimumHealthyPercent": 100,
                },
            ),
            shown(),
            changed(networkConfiguration=PUBLIC),
            shown().until(SETTLED),
        ),
    ),
    Script(
        "an image that is not there trips the breaker",
        (
            *READY,
            *opening(service("web"), shown().until(SETTLED)),
            definition(
                containerDefinitions=[
                    {"name": "web", "image": image("none"), "portMappings": [{"containerPort": 8000}]}
                ]
            ).keeps(bad="taskDefinition.taskDefinitionArn"),
            changed(taskDefinition="${bad}"),
            shown().until({"services.0.deployments.0.rolloutState": "FAILED"}),
            ecs("ListTasks", cluster="dev", desiredStatus="STOPPED").keeps(stopped="taskArns.0"),
            ecs("DescribeTasks", cluster="dev", tasks=["${stopped}"]),
        ),
    ),
    Script(
        "service deployments are listed, shown and stopped",
        (
            *READY,
            *opening(service("web"), shown().until(SETTLED)),
            changed(taskDefinition="${v2}"),
            ecs("ListServiceDeployments", cluster="dev", service="web"),
            ecs("ListServiceDeployments", cluster="dev", service="web", status=["IN_PROGRESS"]).keeps(
                attempt="serviceDeployments.0.serviceDeploymentArn",
                revision="serviceDeployments.0.targetServiceRevisionArn",
            ),
            ecs("DescribeServiceDeployments", serviceDeploymentArns=["${attempt}"]),
            ecs("DescribeServiceRevisions", serviceRevisionArns=["${revision}"]),
            ecs("StopServiceDeployment", serviceDeploymentArn="${attempt}", stopType="ROLLBACK"),
            ecs("DescribeServiceDeployments", serviceDeploymentArns=["${attempt}"]).until(
                {"serviceDeployments.0.status": "ROLLBACK_SUCCESSFUL"}
            ),
            ecs("StopServiceDeployment", serviceDeploymentArn="${attempt}").fails("ConflictException"),
            ecs(
                "StopServiceDeployment",
                serviceDeploymentArn="arn:aws:ecs:eu-west-1:123456789012:service-deployment/dev/web/none0123456789abcdefg",
            ).fails("ServiceDeploymentNotFoundException"),
        ),
    ),
)
