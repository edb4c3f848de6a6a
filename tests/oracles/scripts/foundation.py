"""What conversations begin with, as the controller and its foundation would make it."""

from __future__ import annotations

import json
from typing import Any

from tests.oracles.script import Step, ecr, ecs, elbv2, opening

ACCOUNT = "123456789012"
REGION = "eu-west-1"
STACK = "captioncraft-dev"
STACK_OUTPUTS = {"Cluster": "dev", "Subnets": "subnet-1,subnet-2"}

EXECUTION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/execution"
NOWHERE = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}"
NO_GROUP = f"{NOWHERE}:targetgroup/none/0123456789abcdef"
NO_RULE = f"{NOWHERE}:listener-rule/app/dev/0123456789abcdef/0123456789abcdef/0123456789abcdef"
NO_LISTENER = f"{NOWHERE}:listener/app/dev/0123456789abcdef/0123456789abcdef"
NO_BALANCER = f"{NOWHERE}:loadbalancer/app/none/0123456789abcdef"

NETWORK = {
    "awsvpcConfiguration": {
        "subnets": ["${subnet1}"],
        "securityGroups": ["${security}"],
        "assignPublicIp": "DISABLED",
    }
}
BREAKER = {
    "strategy": "ROLLING",
    "deploymentCircuitBreaker": {"enable": True, "rollback": False},
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
}
NOT_FOUND = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"}}

CLUSTER = ecs("CreateCluster", clusterName="dev", capacityProviders=["FARGATE", "FARGATE_SPOT"])
BALANCER = elbv2("CreateLoadBalancer", Name="dev", Subnets=["${subnet1}", "${subnet2}"]).keeps(
    balancer="LoadBalancers.0.LoadBalancerArn"
)
LISTENER = elbv2(
    "CreateListener", LoadBalancerArn="${balancer}", Protocol="HTTP", Port=80, DefaultActions=[NOT_FOUND]
).keeps(listener="Listeners.0.ListenerArn")


def manifest(tag: str) -> str:
    """An image manifest that no other tag has."""
    layer = {
        "mediaType": "application/vnd.oci.image.layer.v1.tar",
        "digest": "sha256:" + tag.encode().hex().zfill(64),
        "size": 1,
    }
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {**layer, "mediaType": "application/vnd.oci.image.config.v1+json"},
            "layers": [layer],
        }
    )


def push(tag: str, repository: str = "web") -> Step:
    return ecr("PutImage", repositoryName=repository, imageManifest=manifest(tag), imageTag=tag)


def image(tag: str, repository: str = "web") -> str:
    return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{repository}:{tag}"


def definition(tag: str = "v1", family: str = "web", **settings: Any) -> Step:
    """A task definition for Fargate with one container, `web`, that listens on 8000."""
    container: dict[str, Any] = {
        "name": "web",
        "image": image(tag),
        "essential": True,
        "portMappings": [{"containerPort": 8000, "protocol": "tcp"}],
        "environment": [{"name": "COLOUR", "value": "none"}, {"name": "LOG_LEVEL", "value": "info"}],
        "stopTimeout": 30,
    }
    given = {
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": EXECUTION_ROLE,
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        "containerDefinitions": [container],
        **settings,
    }
    return ecs("RegisterTaskDefinition", family=family, **given)


def group(name: str, **settings: Any) -> Step:
    """A target group as the controller makes it."""
    given = {
        "Protocol": "HTTP",
        "Port": 8000,
        "VpcId": "${vpc}",
        "TargetType": "ip",
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPath": "/health",
        "HealthCheckIntervalSeconds": 10,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 2,
        "Matcher": {"HttpCode": "200-399"},
        **settings,
    }
    return elbv2("CreateTargetGroup", Name=name, **given)


def tags(count: int) -> list[dict[str, str]]:
    """So many tags, as ELBv2 writes them."""
    return [{"Key": f"k{number}", "Value": "v"} for number in range(count)]


def forward(weights: dict[str, int]) -> dict[str, Any]:
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}


def rule(priority: int, weights: dict[str, int], path: str = "/*") -> Step:
    return elbv2(
        "CreateRule",
        ListenerArn="${listener}",
        Priority=priority,
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}],
        Actions=[forward(weights)],
    )


def service(name: str, **settings: Any) -> Step:
    """An ECS service on Fargate; behind `${blue}` unless it is told otherwise."""
    given = {
        "cluster": "dev",
        "taskDefinition": "${v1}",
        "desiredCount": 2,
        "launchType": "FARGATE",
        "networkConfiguration": NETWORK,
        "loadBalancers": [{"targetGroupArn": "${blue}", "containerName": "web", "containerPort": 8000}],
        "deploymentConfiguration": BREAKER,
        **settings,
    }
    return ecs("CreateService", serviceName=name, **{key: each for key, each in given.items() if each is not None})


IMAGES = opening(ecr("CreateRepository", repositoryName="web"), push("v1"), push("v2"))
BALANCED = opening(BALANCER, LISTENER)
DEFINED = (
    *opening(CLUSTER),
    *IMAGES,
    *opening(
        definition("v1").keeps(v1="taskDefinition.taskDefinitionArn"),
        definition("v2").keeps(v2="taskDefinition.taskDefinitionArn"),
    ),
)
GROUPS = opening(
    group("blue").keeps(blue="TargetGroups.0.TargetGroupArn"),
    group("green").keeps(green="TargetGroups.0.TargetGroupArn"),
)
ROUTED = (
    *BALANCED,
    *GROUPS,
    *opening(rule(10, {"${blue}": 100, "${green}": 0}).keeps(rule="Rules.0.RuleArn")),
)
READY = (*DEFINED, *ROUTED)
"""A cluster, two task definitions, and two target groups behind one rule."""
