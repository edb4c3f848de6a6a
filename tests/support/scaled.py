"""Environments that scale: by load, by the clock; and what AWS shows of that."""

from datetime import datetime, timedelta
from typing import Any

from controller.domain.step import StepKind
from tests.support.builders import FILE
from tests.support.outside import PLACE
from tests.support.stage import Stage

SCALED = "count: {min: 2, max: 10, cpu: 50%, cooldown: {out: 10m, in: 60s}}"
CANARY = "strategy: {type: canary, steps: [{weight: 10, bake: 30s}, {weight: 100}]}"
WARM = "{hold: person, keep_warm: 2m}"
TEXT = (
    FILE.replace("strategy: {type: rolling}", CANARY)
    .replace("{hold: next_commit}", WARM)
    .replace("count: 2", SCALED, 1)
)
SLOWLY = TEXT.replace("bake: 30s", "bake: 18m")
LONG_WARM = TEXT.replace("keep_warm: 2m", "keep_warm: 20m")
NIGHTS = FILE.replace(
    "services:\n",
    "schedule:\n"
    '  - {at: "20:00", timezone: Europe/Berlin, count: 0}\n'
    '  - {at: "07:00", timezone: Europe/Berlin, count: 2, days: Mon-Fri}\n'
    "services:\n",
)
BLUE, GREEN = f"{PLACE}-backend-blue", f"{PLACE}-backend-green"
FREE = {"DynamicScalingInSuspended": False, "DynamicScalingOutSuspended": False, "ScheduledScalingSuspended": False}
HELD = {**FREE, "DynamicScalingInSuspended": True, "ScheduledScalingSuspended": True}
SLEEPER = (
    NIGHTS.split("  frontend:")[0].replace("verify: [{path: /ready, within: 5s}]\n", "")
    + '  worker:\n    image: {repository: captioncraft-frontend, tag: "{branch}-{sha}"}\n'
    + "    task: {cpu: 256, memory: 512}\n    count: 2\n"
)
"""With a worker that has no route."""


def live(stage: Stage, text: str = TEXT) -> None:
    """A first version, whose tasks use what they should."""
    load(stage, 48)
    stage.push(text, content="first")
    stage.settle()


def load(stage: Stage, cpu: float, slot: str = "") -> None:
    """So much is asked of each task of backend: of all, or of a slot's."""
    for name in (slot,) if slot else (BLUE, GREEN):
        stage.runtime.load(cpu, group=f"service:{name}")


def target(stage: Stage, slot: str) -> Any:
    asked = {"ServiceNamespace": "ecs", "ResourceIds": [f"service/{PLACE}/{slot}"]}
    found = stage.look("application-autoscaling", "DescribeScalableTargets", **asked)["ScalableTargets"]
    return found[0] if found else None


def bounds(stage: Stage, slot: str) -> tuple[int, int] | None:
    found = target(stage, slot)
    return (found["MinCapacity"], found["MaxCapacity"]) if found else None


def policies(stage: Stage, slot: str) -> dict[str, Any]:
    asked = {"ServiceNamespace": "ecs", "ResourceId": f"service/{PLACE}/{slot}"}
    found = stage.look("application-autoscaling", "DescribeScalingPolicies", **asked)["ScalingPolicies"]
    return {each["PolicyName"]: each["TargetTrackingScalingPolicyConfiguration"] for each in found}


def desired(stage: Stage, slot: str) -> int:
    return int(stage.look("ecs", "DescribeServices", cluster=PLACE, services=[slot])["services"][0]["desiredCount"])


def in_step(stage: Stage, number: int, kind: StepKind) -> bool:
    step = stage.deployment(number).step if stage.phase(number) else None
    return step is not None and step.kind is kind


def pass_by(stage: Stage, minutes: float) -> None:
    end = stage.time.now() + timedelta(minutes=minutes)
    stage.run(lambda: stage.time.now() >= end, limit=timedelta(days=30))


def until(stage: Stage, moment: datetime) -> None:
    """Nobody looks before then, and then one looks."""
    stage.clock.advance_to(moment)
    stage.wake()
    stage.step()


def titles(stage: Stage, number: int) -> list[str]:
    return [step.title for step in stage.deployment(number).steps]


def provided(stage: Stage, slot: str) -> list[str]:
    arns = stage.look("ecs", "ListTasks", cluster=PLACE, serviceName=slot)["taskArns"]
    found = stage.look("ecs", "DescribeTasks", cluster=PLACE, tasks=arns)["tasks"] if arns else []
    return sorted(each["capacityProviderName"] or "-" for each in found)


def spotted(text: str, capacity: str) -> str:
    return text.replace("    count: 2\n", f"    count: 2\n    capacity: {capacity}\n", 1)


def put(stage: Stage, slot: str, tasks: int) -> None:
    """As a person would by hand, or as its load would."""
    stage.call("ecs", "UpdateService", cluster=PLACE, service=slot, desiredCount=tasks)
