"""The notices of a deployment, written with the change that they tell of."""

from collections.abc import Iterator

from controller.domain.deployment import Deployment
from controller.domain.environment import Environment
from controller.domain.events import Event
from controller.domain.telling import News
from controller.store import Unit

DEPLOYMENT, PROGRESS, ENVIRONMENT = "deployment", "progress", "environment"
"""Kinds of notices: a phase has begun, something happened within one, something happened to an environment."""


def announce(unit: Unit, deployment: Deployment) -> None:
    """That it is in its phase now; the key makes sure that it is told once."""
    reason = deployment.reason
    body = {
        "deployment": deployment.id,
        "event": f"deployment.{deployment.phase}",
        "phase": str(deployment.phase),
        "code": reason.code,
        "text": reason.text,
    }
    unit.outbox.put(DEPLOYMENT, f"{deployment.id}:{deployment.phase}", body)


def report(unit: Unit, deployment: Deployment, news: News) -> None:
    """What happens within a phase. `deployment` is as it is to be saved: the row's next version makes the key."""
    body = {"deployment": deployment.id, "event": str(news.happened), "text": news.text}
    unit.outbox.put(PROGRESS, f"{deployment.id}:{deployment.version + 1}", body)


def announce_environment(unit: Unit, before: Environment, after: Environment) -> None:
    """That it is held, or no longer. `after` is as it is to be saved."""
    for event, text in _held(before, after):
        body = {"environment": after.name, "event": str(event), "code": str(event), "text": text}
        unit.outbox.put(ENVIRONMENT, f"{after.name}:{event}:{after.version + 1}", body)


def _held(before: Environment, after: Environment) -> Iterator[tuple[Event, str]]:
    if after.hold and (before.hold is None or before.hold.deployment != after.hold.deployment):
        yield Event.ENVIRONMENT_HELD, after.hold.reason.text
    if before.hold and not after.hold:
        yield Event.ENVIRONMENT_RELEASED, "it is no longer held"
