"""The notices of a deployment, written with the change that they tell of."""

from controller.domain.deployment import Deployment
from controller.store import Unit


def announce(unit: Unit, deployment: Deployment) -> None:
    """That it is in its phase now; the key makes sure that it is told once."""
    reason = deployment.reason
    body = {"deployment": deployment.id, "phase": str(deployment.phase), "code": reason.code, "text": reason.text}
    unit.outbox.put("deployment", f"{deployment.id}:{deployment.phase}", body)


def report(unit: Unit, deployment: Deployment, line: str) -> None:
    """What happens within a phase. `deployment` is as it is to be saved: the row's next version makes the key."""
    unit.outbox.put(
        "progress", f"{deployment.id}:{deployment.version + 1}", {"deployment": deployment.id, "text": line}
    )
