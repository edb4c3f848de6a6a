"""What an operator's stacks would have made: for each environment a cluster and a load balancer, and the
registry that all share. Made by the world's own calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.github.people import SEEDED
from sandbox.world.small import cloudformation
from sandbox.world.view import ListenerView
from sandbox.world.world import World

APPLICATION = "captioncraft"
REPOSITORY = f"acme/{APPLICATION}"
REGION = "eu-west-1"
SERVICES = {"backend": f"{APPLICATION}-backend", "frontend": f"{APPLICATION}-frontend"}
"""The services that the `workload/` tree holds, and the image repository of each."""
BRANCHES = {"dev": "develop", "staging": "staging", "prod": "main"}
"""The environments, and the branch that each follows."""
BREAKERS = ("ada", "grace")
"""Who may break the glass, together."""
PROVIDERS = ("FARGATE", "FARGATE_SPOT")
SUBNETS = {name: (f"subnet-{n:02x}a0a0a0", f"subnet-{n:02x}b0b0b0") for n, name in enumerate(BRANCHES, 1)}


@dataclass(frozen=True)
class Ground:
    """Where one environment stands."""

    environment: str
    stack: str
    role: str
    listener: ListenerView

    @property
    def url(self) -> str:
        return f"http://{self.listener.dns_name}"


def lay_foundations(world: World, secrets: Sequence[str] = ()) -> dict[str, Ground]:
    """Make it all; `secrets` are references that task definitions may resolve."""
    for repository in SERVICES.values():
        scanned = {"repositoryName": repository, "imageScanningConfiguration": {"scanOnPush": True}}
        world.call("ecr", "CreateRepository", scanned, REGION)
    world.secrets.update(dict.fromkeys(secrets, "sandbox"))
    return {environment: _ground(world, environment) for environment in BRANCHES}


def _ground(world: World, environment: str) -> Ground:
    stack = f"{APPLICATION}-{environment}"
    subnets = SUBNETS[environment]
    world.call("ecs", "CreateCluster", {"clusterName": stack, "capacityProviders": list(PROVIDERS)}, REGION)
    made = world.call("elbv2", "CreateLoadBalancer", {"Name": stack, "Subnets": list(subnets)}, REGION)
    nothing_here = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    listeners = world.call(
        "elbv2",
        "CreateListener",
        {
            "LoadBalancerArn": made["LoadBalancers"][0]["LoadBalancerArn"],
            "Protocol": "HTTP",
            "Port": 80,
            "DefaultActions": [nothing_here],
        },
        REGION,
    )
    arn = listeners["Listeners"][0]["ListenerArn"]
    number = list(BRANCHES).index(environment) + 1
    outputs = {
        "Cluster": stack,
        "Listener": arn,
        "Subnets": ",".join(subnets),
        "SecurityGroups": f"sg-{number:02x}c0c0c0",
        "ExecutionRole": role(world, f"{stack}-execution"),
        "Vpc": f"vpc-{number:02x}d0d0d0",
        "SwitchRole": role(world, f"{stack}-switch"),
        "AlarmTopic": f"arn:aws:sns:{REGION}:{world.account}:{stack}-alarms",
    }
    cloudformation.seed(world.place(region=REGION), stack, outputs)
    listener = next(view for view in world.traffic.listeners() if view.arn == arn)
    return Ground(environment, stack, role(world, f"tidegate-{environment}"), listener)


def role(world: World, name: str) -> str:
    return f"arn:aws:iam::{world.account}:role/{name}"


def bindings(world: World, grounds: dict[str, Ground]) -> str:
    """The operator's `tidegate.yaml` for these environments."""
    breakers = ", ".join(f"{person.login}: {person.id}" for person in SEEDED if person.login in BREAKERS)
    lines = [
        "# Written by the sandbox at its start, as an operator would have written it.",
        f"break_glass: {{people: {{{breakers}}}, count: 2}}",
        "environments:",
    ]
    for name, ground in grounds.items():
        place = f'{{account: "{world.account}", region: {REGION}, role: {ground.role}, stack: {ground.stack}}}'
        lines += [f"  {name}:", f"    repository: {REPOSITORY}", f"    branch: {BRANCHES[name]}", f"    aws: {place}"]
    return "\n".join(lines) + "\n"
