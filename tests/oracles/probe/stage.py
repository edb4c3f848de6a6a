"""What probes stand on: clients, a clock, and everything that they make, which is taken away again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

TAG = "tidegate-probe"
PREFIX = "tidegate-probe"
PATIENCE_SECONDS = 900.0


class Clock(Protocol):
    def monotonic(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


class Asks(Protocol):
    """One HTTP request to a load balancer: its status, None when nothing answered."""

    def __call__(self, host: str, port: int, path: str) -> int | None: ...


@dataclass(frozen=True)
class Network:
    """Where tasks and the load balancer go: two subnets at least, in different zones, that can reach the image."""

    vpc: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    public: bool = True


@dataclass
class Stage:
    """One run. `run` is its id: eight letters or digits, in every name and in every tag."""

    client: Callable[[str], Any]
    clock: Clock
    asks: Asks
    network: Network
    image: str
    run: str
    say: Callable[[str], None] = print
    undo: list[tuple[str, Callable[[], None]]] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    count: int = 0

    @property
    def ecs(self) -> Any:
        return self.client("ecs")

    @property
    def elbv2(self) -> Any:
        return self.client("elbv2")

    def name(self) -> str:
        """A new one, short enough for everything that AWS names."""
        self.count += 1
        return f"{PREFIX}-{self.run}-{self.count}"

    def made(self, what: str, undo: Callable[[], None]) -> None:
        self.undo.append((what, undo))

    def clean(self) -> list[str]:
        """Take away what was made, the newest first; what could not be taken away."""
        left = []
        while self.undo:
            what, undo = self.undo.pop()
            try:
                undo()
            except (ClientError, BotoCoreError, TimeoutError) as error:
                if not is_gone(error):
                    left.append(f"{what}: {error}")
        self.kept.clear()
        return left

    def until(self, is_so: Callable[[], bool], pause_seconds: float = 2.0, limit_seconds: float | None = None) -> float:
        """Seconds until something is so. Raises TimeoutError when it takes too long."""
        began, limit = self.clock.monotonic(), limit_seconds or PATIENCE_SECONDS
        while not is_so():
            if self.clock.monotonic() - began > limit:
                raise TimeoutError(f"not so after {limit:.0f} s")
            self.clock.sleep(pause_seconds)
        return self.clock.monotonic() - began

    # What several probes need is made once.

    def cluster(self) -> str:
        return self._once("cluster", self._new_cluster)

    def balancer(self) -> str:
        return self._once("balancer", self._new_balancer)

    def listener(self) -> str:
        return self._once("listener", self._new_listener)

    def definition(self) -> str:
        return self._once("definition", self.new_definition)

    def _once(self, kind: str, make: Callable[[], str]) -> str:
        if kind not in self.kept:
            self.kept[kind] = make()
        return self.kept[kind]

    def _new_cluster(self) -> str:
        name = self.name()
        self.ecs.create_cluster(clusterName=name, tags=self.ecs_tags())
        self.made(f"cluster {name}", lambda: self.ecs.delete_cluster(cluster=name))
        return name

    def _new_balancer(self) -> str:
        name = self.name()
        arn: str = self.elbv2.create_load_balancer(
            Name=name,
            Subnets=list(self.network.subnets),
            SecurityGroups=list(self.network.security_groups),
            Scheme="internet-facing" if self.network.public else "internal",
            Tags=self.elb_tags(),
        )["LoadBalancers"][0]["LoadBalancerArn"]
        self.made(f"load balancer {name}", lambda: self.elbv2.delete_load_balancer(LoadBalancerArn=arn))
        self.until(lambda: self._balancer(arn)["State"]["Code"] == "active")
        return arn

    def _balancer(self, arn: str) -> Any:
        return self.elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]

    def host(self) -> str:
        return str(self._balancer(self.balancer())["DNSName"])

    def _new_listener(self) -> str:
        arn: str = self.elbv2.create_listener(
            LoadBalancerArn=self.balancer(),
            Protocol="HTTP",
            Port=80,
            DefaultActions=[fixed(404)],
            Tags=self.elb_tags(),
        )["Listeners"][0]["ListenerArn"]
        self.made("listener", lambda: self.elbv2.delete_listener(ListenerArn=arn))
        return arn

    # What a probe has for itself.

    def group(self, delay_seconds: int = 5) -> str:
        """A target group for tasks that listen on 80."""
        name = self.name()
        arn: str = self.elbv2.create_target_group(
            Name=name,
            Protocol="HTTP",
            Port=80,
            VpcId=self.network.vpc,
            TargetType="ip",
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=2,
            HealthyThresholdCount=2,
            Tags=self.elb_tags(),
        )["TargetGroups"][0]["TargetGroupArn"]
        self.made(f"target group {name}", lambda: self._delete_group(arn))
        delay = {"Key": "deregistration_delay.timeout_seconds", "Value": str(delay_seconds)}
        self.elbv2.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[delay])
        return arn

    def _delete_group(self, arn: str) -> None:
        """In use for a while after its rule has gone."""

        def is_deleted() -> bool:
            try:
                self.elbv2.delete_target_group(TargetGroupArn=arn)
            except self.elbv2.exceptions.ResourceInUseException:
                return False
            except self.elbv2.exceptions.TargetGroupNotFoundException:
                return True
            return True

        self.until(is_deleted)

    def rule(self, actions: list[dict[str, Any]], path: str = "/") -> str:
        """A rule of the listener; its priority is how many things were made before."""
        self.count += 1
        arn: str = self.elbv2.create_rule(
            ListenerArn=self.listener(),
            Priority=self.count,
            Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}],
            Actions=actions,
            Tags=self.elb_tags(),
        )["Rules"][0]["RuleArn"]
        self.made("listener rule", lambda: self.elbv2.delete_rule(RuleArn=arn))
        return arn

    def new_definition(self, family: str | None = None, **container: Any) -> str:
        """A task definition of the smallest size, `app` on port 80."""
        app = {"name": "app", "image": self.image, "portMappings": [{"containerPort": 80}], **container}
        arn: str = self.ecs.register_task_definition(
            family=family or self.name(),
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[app],
            tags=self.ecs_tags(),
        )["taskDefinition"]["taskDefinitionArn"]
        self.made(f"task definition {arn}", lambda: self._delete_definition(arn))
        return arn

    def _delete_definition(self, arn: str) -> None:
        self.ecs.deregister_task_definition(taskDefinition=arn)
        self.ecs.delete_task_definitions(taskDefinitions=[arn])

    def placed(self) -> dict[str, Any]:
        return {
            "awsvpcConfiguration": {
                "subnets": list(self.network.subnets),
                "securityGroups": list(self.network.security_groups),
                "assignPublicIp": "ENABLED" if self.network.public else "DISABLED",
            }
        }

    def service(self, definition: str, count: int = 1, group: str | None = None, **settings: Any) -> str:
        """An ECS service; its name."""
        cluster, name = self.cluster(), self.name()
        if group is not None:
            settings["loadBalancers"] = [{"targetGroupArn": group, "containerName": "app", "containerPort": 80}]
        self.made(f"service {name}", lambda: self.delete_service(name))
        self.ecs.create_service(
            cluster=cluster,
            serviceName=name,
            taskDefinition=definition,
            desiredCount=count,
            launchType="FARGATE",
            networkConfiguration=self.placed(),
            tags=self.ecs_tags(),
            **settings,
        )
        return name

    def shown(self, service: str) -> Any:
        """The service, or an empty answer while it is missing."""
        found = self.ecs.describe_services(cluster=self.cluster(), services=[service])["services"]
        return found[0] if found else {}

    def delete_service(self, name: str) -> None:
        """Gone when this returns; one that was never there, or is gone already, is fine."""
        if self.shown(name).get("status", "INACTIVE") == "ACTIVE":
            self.ecs.delete_service(cluster=self.cluster(), service=name, force=True)
        self.until(lambda: self.shown(name).get("status", "INACTIVE") == "INACTIVE")

    def ecs_tags(self) -> list[dict[str, str]]:
        return [{"key": TAG, "value": self.run}]

    def elb_tags(self) -> list[dict[str, str]]:
        return [{"Key": TAG, "Value": self.run}]


def is_gone(error: Exception) -> bool:
    """Whether an error says that a thing is not there, which is what taking it away was for."""
    return isinstance(error, ClientError) and error.response["Error"]["Code"].removesuffix("Exception").endswith(
        "NotFound"
    )


def fixed(status: int) -> dict[str, Any]:
    return {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": str(status), "ContentType": "text/plain"}}


def forward(weights: dict[str, int]) -> dict[str, Any]:
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
