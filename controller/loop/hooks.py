"""What is known about a deployment's hook: its task on AWS, and in the rows whether its command has run already."""

from dataclasses import replace

from controller.domain.deployment import Deployment
from controller.domain.evidence import redacted
from controller.domain.hooks import Run
from controller.domain.ports import Cloud
from controller.domain.rendering import image_digest
from controller.domain.snapshot import HookView
from controller.domain.step import Step, StepKind
from controller.loop.gathering import hidden
from controller.store import Store, Unit


def look_after(deployment: Deployment, cloud: Cloud, store: Store) -> HookView:
    """AWS is asked only about what was asked of it: an intent is written down before."""
    step = deployment.hooked
    if step is None:
        return HookView(deployment.step.number if deployment.step else 0)
    if step.run is None:
        with store.read() as unit:
            return HookView(step.number, earlier=_earlier(step, deployment, unit))
    if not step.run.is_open:
        return HookView(step.number)
    seen = cloud.one_offs.find(step.run.service, step.run.token, step.run.task)
    return HookView(step.number, redacted(seen, hidden(deployment)))


def _earlier(step: Step, deployment: Deployment, unit: Unit) -> Run | None:
    """What `verify` runs, it runs anew each time. `crosses`: what is live now was made before it ran."""
    if step.kind is not StepKind.BEFORE or step.hook is None:
        return None
    name = step.services[0]
    image = image_digest((deployment.revision.images or {})[name])
    run = unit.runs.succeeded(deployment.environment, name, image, step.hook.command)
    live = unit.deployments.live(deployment.environment)
    return replace(run, crosses=live is not None and run.number > unit.deployments.origin(live)) if run else None
