"""Deployments in the middle of something, and what their present step asks for."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from controller.domain.deployment import Deployment
from controller.domain.reason import Reason
from controller.domain.snapshot import ServiceView, SlotView
from controller.domain.step import StepState
from controller.homeward import turned_back
from controller.progress import look
from controller.progress.outcomes import Outcome
from tests.support.builders import (
    FILE,
    NEW_IMAGE,
    NOON,
    a_group,
    a_rule,
    a_running_deployment,
    a_slot,
    a_snapshot,
    a_view,
    registered,
    terms,
)

BAKED = FILE.replace("{type: rolling}", "{type: blue_green, bake: 1m}")
HALF = FILE.replace("{type: rolling}", "{type: rolling, max: 150}")
WORKER = FILE.replace("verify: [{path: /ready, within: 5s}]\n", "") + (
    "  worker:\n"
    '    image: {repository: captioncraft-worker, tag: "{branch}-{sha}"}\n'
    "    task: {cpu: 256, memory: 512}\n"
    "    count: 1\n"
)


def in_step(title: str, text: str = FILE, running: Deployment | None = None, **of_step: Any) -> Deployment:
    """A running deployment in the step of this title, with everything before it done."""
    deployment = running or a_running_deployment(text)
    deployment = replace(deployment, definitions=registered(deployment))
    for step in deployment.steps:
        if step.title == title:
            return deployment.with_step(replace(step.started(NOON), **of_step))
        deployment = deployment.with_step(step.started(NOON).ended(StepState.DONE, NOON, ""))
    raise AssertionError(f"it has no step {title}, but {[step.title for step in deployment.steps]}")


def on_its_way_home(deployment: Deployment, **of_step: Any) -> Deployment:
    """The same, in the first step of turning back."""
    back = turned_back(deployment, Reason("smoke.red", "the smoke test failed"), NOON)
    assert back.step is not None
    return back.with_step(replace(back.step.started(NOON), **of_step))


def warmed(service: str = "backend", healthy: int = 2, **changes: Any) -> SlotView:
    """A slot that runs the new version."""
    return a_slot(service, NEW_IMAGE, **{"group": a_group(service, healthy=healthy), **changes})


def shared(green: int, healthy: int = 2, **changes: Any) -> dict[str, ServiceView]:
    """Both services give so many percent of their traffic to green, whose targets are healthy as far as that says."""
    return {
        name: a_view(name, green=warmed(name, healthy, **changes), rule=a_rule(100 - green, green, name))
        for name in ("backend", "frontend")
    }


def asked(deployment: Deployment, services: dict[str, ServiceView]) -> Outcome:
    assert deployment.step is not None
    return look(deployment.step, deployment, a_snapshot(services), terms())


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)
