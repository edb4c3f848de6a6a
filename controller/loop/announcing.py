"""The notices of a deployment, written with the change that they tell of."""

from controller.domain.deployment import Deployment
from controller.store import Unit


def announce(unit: Unit, deployment: Deployment) -> None:
    """That it is in its phase now; the key makes sure that it is told once."""
    reason = deployment.reason
    body = {"deployment": deployment.id, "phase": str(deployment.phase), "code": reason.code, "text": reason.text}
    unit.outbox.put("deployment", f"{deployment.id}:{deployment.phase}", body)
