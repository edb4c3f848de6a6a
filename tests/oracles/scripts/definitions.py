"""Clusters and task definitions."""

from __future__ import annotations

from tests.oracles.script import Script, ecs, opening
from tests.oracles.scripts.foundation import (
    ACCOUNT,
    CLUSTER,
    EXECUTION_ROLE,
    READY,
    REGION,
    definition,
    image,
    service,
)

LOGGED = {
    "name": "web",
    "image": image("v1"),
    "logConfiguration": {
        "logDriver": "awslogs",
        "options": {"awslogs-group": "/ecs/dev", "awslogs-region": REGION, "awslogs-stream-prefix": "web"},
    },
}
INSIGHTS = [{"name": "containerInsights", "value": "enabled"}]
OURS = [{"key": "managed-by", "value": "tidegate"}, {"key": "content", "value": "abc"}]
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/p"


def many(count: int) -> list[dict[str, str]]:
    return [{"key": f"k{number}", "value": "v"} for number in range(count)]


SCRIPTS = (
    Script(
        "clusters come, are shown, and go",
        (
            ecs(
                "CreateCluster",
                clusterName="dev",
                tags=OURS,
                settings=INSIGHTS,
            ),
            ecs("CreateCluster", clusterName="dev"),
            ecs("DescribeClusters", clusters=["dev"]),
            ecs("DescribeClusters", clusters=["dev", "none"], include=["TAGS", "SETTINGS"]),
            ecs("ListClusters"),
            ecs(
                "PutClusterCapacityProviders",
                cluster="dev",
                capacityProviders=["FARGATE", "FARGATE_SPOT"],
                defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1, "base": 1}],
            ),
            ecs(
                "PutClusterCapacityProviders",
                cluster="none",
                capacityProviders=["FARGATE"],
                defaultCapacityProviderStrategy=[],
            ).fails("ClusterNotFoundException", "foundation.cluster_missing"),
            ecs("DeleteCluster", cluster="dev"),
            ecs("DescribeClusters", clusters=["dev"]),
            ecs("ListClusters"),
            ecs("DeleteCluster", cluster="none").fails("ClusterNotFoundException", "foundation.cluster_missing"),
        ),
    ),
    Script(
        "a cluster with services is not deleted",
        (
            *READY,
            *opening(service("web")),
            ecs("DescribeServices", cluster="dev", services=["web"]).until({"services.0.runningCount": 2}),
            ecs("DescribeClusters", clusters=["dev"]),
            ecs("DeleteCluster", cluster="dev").fails("ClusterContainsServicesException"),
        ),
    ),
    Script(
        "a task definition is registered and found again",
        (
            definition("v1", tags=OURS).keeps(v1="taskDefinition.taskDefinitionArn"),
            ecs("DescribeTaskDefinition", taskDefinition="${v1}", include=["TAGS"]),
            ecs("DescribeTaskDefinition", taskDefinition="${v1}"),
            definition("v2").keeps(v2="taskDefinition.taskDefinitionArn"),
            definition("v2"),
            ecs("DescribeTaskDefinition", taskDefinition="web"),
            ecs("DescribeTaskDefinition", taskDefinition="web:1"),
            ecs("ListTaskDefinitions", familyPrefix="web", sort="DESC", status="ACTIVE", maxResults=2),
            ecs("ListTaskDefinitions", familyPrefix="we"),
            ecs("ListTaskDefinitionFamilies", familyPrefix="we"),
        ),
    ),
    Script(
        "a task definition with a log group, secrets and a second container",
        (
            definition(
                family="full",
                taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/task",
                containerDefinitions=[
                    {
                        **LOGGED,
                        "secrets": [{"name": "PASSWORD", "valueFrom": PARAMETER}],
                        "healthCheck": {"command": ["CMD", "true"]},
                    },
                    {"name": "side", "image": image("v1"), "essential": False, "command": ["sleep", "1"]},
                ],
            ),
            ecs("DescribeTaskDefinition", taskDefinition="full"),
        ),
    ),
    Script(
        "a task definition is deregistered and deleted",
        (
            *opening(definition("v1"), definition("v2")),
            ecs("DeleteTaskDefinitions", taskDefinitions=["web:1"]),
            ecs("DeregisterTaskDefinition", taskDefinition="web:2"),
            ecs("DescribeTaskDefinition", taskDefinition="web"),
            ecs("DescribeTaskDefinition", taskDefinition="web:2"),
            ecs("ListTaskDefinitions", familyPrefix="web", status="INACTIVE"),
            ecs("DeregisterTaskDefinition", taskDefinition="web:2"),
            ecs("DeleteTaskDefinitions", taskDefinitions=["web:2"]),
            definition("v2"),
            ecs("DeregisterTaskDefinition", taskDefinition="none:1").fails("ClientException", "aws.refused"),
        ),
    ),
    Script(
        "a task definition that ECS refuses",
        (
            definition(family="not a family").fails("ClientException", "aws.refused"),
            definition(memory="8192").fails("ClientException", "aws.refused"),
            definition(cpu="257").fails("ClientException", "aws.refused"),
            definition(networkMode="bridge").fails("ClientException", "aws.refused"),
            definition(containerDefinitions=[{"name": "web"}]).fails("ClientException", "aws.refused"),
            definition(containerDefinitions=[]).fails("ClientException", "aws.refused"),
            definition(containerDefinitions=[{"name": "a", "image": "a"}, {"name": "a", "image": "a"}]).fails(
                "ClientException", "aws.refused"
            ),
            definition(containerDefinitions=[{"name": "a", "image": "a", "essential": False}]).fails(
                "ClientException", "aws.refused"
            ),
            ecs(
                "RegisterTaskDefinition",
                family="web",
                networkMode="awsvpc",
                requiresCompatibilities=["FARGATE"],
                cpu="256",
                memory="512",
                containerDefinitions=[LOGGED],
            ).fails("ClientException", "aws.refused"),
            ecs(
                "RegisterTaskDefinition",
                family="web",
                networkMode="awsvpc",
                requiresCompatibilities=["FARGATE"],
                executionRoleArn=EXECUTION_ROLE,
                containerDefinitions=[{"name": "web", "image": "web"}],
            ).fails("ClientException", "aws.refused"),
            definition(tags=many(51)).fails("InvalidParameterException", "aws.refused"),
            ecs("DescribeTaskDefinition", taskDefinition="none").fails("ClientException", "aws.gone"),
            ecs("DescribeTaskDefinition", taskDefinition="web:7").fails("ClientException", "aws.gone"),
        ),
    ),
    Script(
        "ECS's tags",
        (
            *opening(CLUSTER.keeps(cluster="cluster.clusterArn")),
            *opening(definition("v1").keeps(v1="taskDefinition.taskDefinitionArn")),
            ecs("TagResource", resourceArn="${cluster}", tags=OURS),
            ecs("ListTagsForResource", resourceArn="${cluster}"),
            ecs("UntagResource", resourceArn="${cluster}", tagKeys=["content"]),
            ecs("ListTagsForResource", resourceArn="${cluster}"),
            ecs("TagResource", resourceArn="${v1}", tags=OURS),
            ecs("ListTagsForResource", resourceArn="${v1}"),
            ecs("TagResource", resourceArn="${v1}", tags=many(49)).fails("InvalidParameterException", "aws.refused"),
        ),
    ),
)
