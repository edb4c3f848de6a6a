"""What needs somebody and whom it waits for, with the link that leads on. Pure."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from controller.domain.glance import Ask, Need, Urgency
from controller.domain.orders import OrderKind

LABELS = {
    OrderKind.ABORT: "Abort it",
    OrderKind.RESUME: "Let it go on",
    OrderKind.UNHOLD: "Release it",
    OrderKind.PROMOTE: "Let it go on",
}
TONES = {
    Urgency.STUCK: ("!", "bad"),
    Urgency.BLIND: ("!", "bad"),
    Urgency.LEFT: ("❚❚", "warn"),
    Urgency.SHORT: ("!", "bad"),
    Urgency.HELD: ("❚❚", "warn"),
    Urgency.UNTAKEN: ("!", "bad"),
    Urgency.UNKNOWN: ("?", "warn"),
    Urgency.DRIFTED: ("≠", "warn"),
}


@dataclass(frozen=True)
class Onward:
    label: str
    link: str


@dataclass(frozen=True)
class NeedView:
    need: Need
    icon: str
    tone: str
    onward: Onward

    @property
    def key(self) -> str:
        return f"{self.need.environment}-{self.need.urgency}"


@dataclass(frozen=True)
class AskView:
    ask: Ask
    onward: Onward


def need_view(need: Need) -> NeedView:
    return NeedView(need, *TONES[need.urgency], _onward(need))


def ask_view(ask: Ask) -> AskView:
    if ask.is_confirmation:
        return AskView(ask, Onward("Let it go on", order_link(OrderKind.PROMOTE, ask.environment, ask.deployment)))
    return AskView(ask, Onward("Review and answer", f"/approvals/{quote(ask.deployment, safe='')}"))


def _onward(need: Need) -> Onward:
    if need.order is not None:
        return Onward(LABELS[need.order], order_link(need.order, need.environment, need.deployment))
    if need.deployment is not None:
        return Onward("Look at it", f"/deployments/{quote(need.deployment, safe='')}")
    return Onward("Look at it", environment_link(need.environment))


def order_link(kind: OrderKind, environment: str, deployment: str | None = None) -> str:
    """
    >>> order_link(OrderKind.UNHOLD, "staging"), order_link(OrderKind.ABORT, "dev", "dev-2")
    ('/orders/new?order=unhold&environment=staging', '/orders/new?order=abort&environment=dev&deployment=dev-2')
    """
    about = {"deployment": deployment} if deployment is not None and kind is not OrderKind.UNHOLD else {}
    return f"/orders/new?{urlencode({'order': str(kind), 'environment': environment, **about})}"


def environment_link(environment: str) -> str:
    return f"/environments/{quote(environment, safe='')}"
