"""Where people's orders end up."""

from collections.abc import Callable
from dataclasses import dataclass

from controller.domain.errors import TidegateError
from controller.domain.events import AuditEntry, Event
from controller.domain.orders import Order, OrderKind
from controller.domain.ports import Clock
from controller.store import Store, Unit

LONGEST_REASON = 1000

ABOUT_DEPLOYMENTS = frozenset({OrderKind.ABORT})
"""Orders that make sense only for one deployment."""


class OrderRefused(TidegateError):
    """The order was not taken; whoever gave it must change it. Nothing was stored."""


@dataclass(frozen=True)
class Orders:
    """`wake` is told the environment's name after the order is on the disk."""

    store: Store
    clock: Clock
    wake: Callable[[str], None]

    def leave(self, kind: OrderKind, environment: str, deployment: str | None, reason: str, actor: str) -> int:
        """The order's id, durable when it returns. What comes of it is up to the loop.

        `OrderRefused` with the code `order.no_reason`, `order.reason_too_long`, `order.no_deployment`,
        `order.unknown_environment` or `order.unknown_deployment`.
        """
        order = Order(0, kind, environment, deployment, checked(reason), actor, self.clock.now())
        with self.store.write() as unit:
            check_subject(unit, order)
            number = unit.orders.leave(order)
            unit.audit.append([accepted(order, number)])
        self.wake(environment)
        return number


def checked(reason: str) -> str:
    told = reason.strip()
    if not told:
        raise OrderRefused("an order needs a reason: say why, people will read it later", code="order.no_reason")
    if len(told) > LONGEST_REASON:
        text = f"a reason of {len(told)} characters: keep it under {LONGEST_REASON + 1}"
        raise OrderRefused(text, code="order.reason_too_long")
    return told


def check_subject(unit: Unit, order: Order) -> None:
    try:
        unit.environments.get(order.environment)
    except LookupError as error:
        text = f"{order.kind}: there is no environment {order.environment!r}"
        raise OrderRefused(text, code="order.unknown_environment") from error
    if order.deployment is None:
        if order.kind in ABOUT_DEPLOYMENTS:
            raise OrderRefused(f"{order.kind}: say which deployment", code="order.no_deployment")
        return
    deployment = unit.deployments.get(order.deployment)
    if deployment is None or deployment.environment != order.environment:
        text = f"{order.kind}: {order.environment} has no deployment {order.deployment!r}"
        raise OrderRefused(text, code="order.unknown_deployment")


def accepted(order: Order, number: int) -> AuditEntry:
    return AuditEntry(
        Event.ORDER_ACCEPTED,
        order.environment,
        order.deployment,
        order.actor,
        order.created_at,
        f"{order.kind}: {order.reason}",
        {"order": number, "kind": str(order.kind)},
    )
