"""A world with boto3 clients bound to it, and a foundation to deploy on; all on a virtual clock."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import boto3
import botocore.session
from botocore.loaders import Loader

from sandbox.clock import VirtualClock
from sandbox.runtime.scripted import Script, ScriptedRuntime
from sandbox.wire.inprocess import bind
from sandbox.world.world import World

REGION = "eu-west-1"
ACCOUNT = "123456789012"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}
BREAKER = {
    "deploymentCircuitBreaker": {
        "enable": True,
        "rollback": False,
        "resetOnHealthyTask": False,
        "thresholdConfiguration": {"type": "COUNT", "value": 3},
    },
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
}


SERVICES = {"autoscaling": "application-autoscaling"}
"""Where a client is called otherwise than boto3 calls its service."""
CLIENTS = frozenset({*SERVICES, "cloudformation", "cloudwatch", "ecs", "ecr", "elbv2", "logs", "scheduler", "sts"})

MODELS = Loader()
"""Shared by all sessions: reading the service models is most of what a new client costs."""


def a_session(region: str = REGION, access_key: str = ACCOUNT) -> boto3.Session:
    core = botocore.session.Session()
    core.register_component("data_loader", MODELS)
    core.set_credentials(access_key, "x")
    return boto3.Session(botocore_session=core, region_name=region)


@dataclass
class Sandbox:
    """One world, its clock and runtime, and clients of one account and region."""

    seed: int = 0
    speed: float = 1.0
    script: Script = field(default_factory=Script)

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        self.runtime = ScriptedRuntime(self.clock, self.script)
        self.world = World(self.clock, self.runtime, seed=self.seed, speed=self.speed)
        self.session = a_session()
        self.front = bind(self.session, self.world)
        self._clients: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        """A boto3 client by its name: `sandbox.ecs`."""
        if name not in CLIENTS:
            raise AttributeError(name)
        if name not in self._clients:
            self._clients[name] = self.session.client(SERVICES.get(name, name))
        return self._clients[name]

    def push(self, repository: str, tag: str, script: Script | None = None) -> str:
        """Put an image into ECR (the repository is made when missing); its pinned name."""
        known = {each["repositoryName"]: each for each in self.ecr.describe_repositories()["repositories"]}
        if repository not in known:
            known[repository] = self.ecr.create_repository(repositoryName=repository)["repository"]
        manifest = json.dumps({"schemaVersion": 2, "layers": [], "annotations": {"tag": tag}})
        image = self.ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag=tag)["image"]
        digest = image["imageId"]["imageDigest"]
        if script is not None:
            self.runtime.script(digest, script)
        return f"{known[repository]['repositoryUri']}@{digest}"

    def foundation(self) -> None:
        self.ecs.create_cluster(clusterName="dev")
        balancer = self.elbv2.create_load_balancer(Name="dev", Subnets=["subnet-1", "subnet-2"])
        self.balancer = balancer["LoadBalancers"][0]["LoadBalancerArn"]
        default = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
        listener = self.elbv2.create_listener(
            LoadBalancerArn=self.balancer, Protocol="HTTP", Port=80, DefaultActions=[default]
        )
        self.listener = listener["Listeners"][0]["ListenerArn"]

    def group(self, name: str, **settings: Any) -> str:
        given = {
            "Protocol": "HTTP",
            "Port": 8000,
            "VpcId": "vpc-1",
            "TargetType": "ip",
            "HealthCheckPath": "/health",
            "HealthCheckIntervalSeconds": 5,
            "HealthCheckTimeoutSeconds": 2,
            "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": 2,
            **settings,
        }
        arn = self.elbv2.create_target_group(Name=name, **given)["TargetGroups"][0]["TargetGroupArn"]
        self.elbv2.modify_target_group_attributes(
            TargetGroupArn=arn,
            Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "10"}],
        )
        return str(arn)

    def rule(self, priority: int, weights: dict[str, int], path: str = "/*") -> str:
        made = self.elbv2.create_rule(
            ListenerArn=self.listener,
            Priority=priority,
            Conditions=[{"Field": "path-pattern", "Values": [path]}],
            Actions=[forward(weights)],
        )
        return str(made["Rules"][0]["RuleArn"])

    def define(self, image: str, family: str = "web", **settings: Any) -> str:
        given = {
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/execution",
            "containerDefinitions": [
                {"name": "web", "image": image, "portMappings": [{"containerPort": 8000}], "stopTimeout": 5}
            ],
            **settings,
        }
        made = self.ecs.register_task_definition(family=family, **given)
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def serve(self, name: str, definition: str, group: str | None, count: int = 2, **settings: Any) -> Any:
        attached = [{"targetGroupArn": group, "containerName": "web", "containerPort": 8000}]
        if group is not None:
            settings = {"loadBalancers": attached, **settings}
        return self.ecs.create_service(
            cluster="dev",
            serviceName=name,
            taskDefinition=definition,
            desiredCount=count,
            launchType="FARGATE",
            networkConfiguration=NETWORK,
            **settings,
        )["service"]

    def update(self, name: str, **changes: Any) -> Any:
        return self.ecs.update_service(cluster="dev", service=name, **changes)["service"]

    def service(self, name: str) -> Any:
        return self.ecs.describe_services(cluster="dev", services=[name])["services"][0]

    def primary(self, name: str) -> Any:
        return self.service(name)["deployments"][0]

    def messages(self, name: str) -> list[str]:
        """The service's events, oldest first, without its name."""
        return [each["message"].partition(") ")[2] for each in reversed(self.service(name)["events"])]

    def states(self, group: str) -> list[str]:
        found = self.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return [each["TargetHealth"]["State"] for each in found]

    def settled(self, name: str, limit_seconds: float = 600.0) -> float:
        """Run until the service's only deployment is complete; the virtual seconds that took."""

        def is_settled() -> bool:
            deployments = self.service(name)["deployments"]
            return len(deployments) == 1 and deployments[0]["rolloutState"] == "COMPLETED"

        return self.clock.run_until(is_settled, limit_seconds)

    def until(self, name: str, state: str, limit_seconds: float = 600.0) -> float:
        return self.clock.run_until(lambda: self.primary(name)["rolloutState"] == state, limit_seconds)

    def web(self, tag: str = "v1", script: Script | None = None, count: int = 2, **settings: Any) -> tuple[str, str]:
        """A foundation with one service `web` behind a rule: its group and rule. Not settled yet."""
        self.foundation()
        group = self.group("web-blue")
        rule = self.rule(10, {group: 100})
        self.serve("web", self.define(self.push("web", tag, script)), group, count, **settings)
        return group, rule


def forward(weights: dict[str, int]) -> dict[str, Any]:
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
