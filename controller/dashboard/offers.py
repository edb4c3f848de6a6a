"""Which orders can be given now, what each would do, and why somebody may not: for pages, by the doors' own rules.

Nothing is decided here. Whether an order fits is `inbox.judging`'s to say, whose it is to give `Rights`'; who gives one
is asked both once more.
"""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from controller.domain.deployment import IN_FLIGHT, Deployment, Kind, Phase
from controller.domain.orders import Order, OrderKind, Wish, least_role
from controller.domain.overview import Overview
from controller.domain.people import Caller, Role
from controller.domain.step import spoken
from controller.inbox.judging import Judgement, judge
from controller.inbox.rights import Rights, too_low
from controller.store import Unit

DRAFT = "not given yet"
"""The reason of an order that nobody has given."""


@dataclass(frozen=True)
class Seat:
    """Whoever looks. `role` is theirs in the environment, None while that can't be asked; `can_sign_in`: somebody can
    say who they are."""

    caller: Caller | None
    role: Role | None
    can_sign_in: bool

    def barred(self, order: Order) -> str:
        """Why they may not give it; empty where they may, or only have to sign in first."""
        least = least_role(order.kind)
        if self.caller is None:
            return "" if self.can_sign_in else "nobody can sign in here: give it by the command"
        if self.role is None:
            return f"GitHub can't be asked now what {self.caller.name} may"
        if self.role < least:
            return too_low(self.caller, self.role, order.environment, least, str(order.kind))
        return ""


def seat(caller: Caller | None, environment: str, rights: Rights, *, can_sign_in: bool) -> Seat:
    """GitHub is asked about nobody who has not signed in."""
    return Seat(caller, rights.shown(caller, environment) if caller else None, can_sign_in)


@dataclass(frozen=True)
class Offer:
    """An order that could be given. `does` is what such an order is for, `outcome` what would come of this one now,
    empty where somebody outside must be asked. `refusal`: why it does not fit; `barred`: why whoever looks may not;
    where both are empty it can be given. `typed` is what is to be typed to mean it, empty where nothing is."""

    order: Order
    label: str
    tone: str
    does: str
    outcome: str
    refusal: str
    barred: str
    typed: str
    command: str

    @property
    def is_open(self) -> bool:
        return not (self.refusal or self.barred)

    @property
    def name(self) -> str:
        """Unlike that of every other offer on its page."""
        wish = self.order.wish
        how = "restart" if wish.restart else "correct" if wish.correct else ""
        return "-".join(filter(None, (str(self.order.kind), how, wish.to, wish.service)))

    @property
    def link(self) -> str:
        return link_of(self.order)


def link_of(order: Order) -> str:
    """Where it is confirmed before it is given."""
    return f"/orders/new?{urlencode(fields_of(order))}"


def fields_of(order: Order) -> dict[str, str]:
    """What a form says to mean this order; its reason is somebody's to write."""
    wish = order.wish
    given = {
        "order": str(order.kind),
        "environment": order.environment,
        "deployment": order.deployment,
        "to": wish.to,
        "ref": wish.ref,
        "restart": "yes" if wish.restart else None,
        "correct": "yes" if wish.correct else None,
        "service": wish.service,
        "for": spoken(wish.limit) if wish.limit else None,
    }
    return {name: text for name, text in given.items() if text}


def draft(
    kind: OrderKind, environment: str, now: datetime, deployment: str | None = None, wish: Wish | None = None
) -> Order:
    """An order as somebody might give it."""
    return Order(0, kind, environment, deployment, DRAFT, "somebody", now, wish or Wish())


def offer(unit: Unit, order: Order, seat: Seat, now: datetime) -> Offer:
    """This very order, judged."""
    judged, across = judge(unit, order, now), ""
    if judged.crosses and order.wish.across is None:
        across = judged.crosses
        judged = judge(unit, replace(order, wish=replace(order.wish, across=across)), now)
    label, tone, does = words(order)
    return Offer(
        order=order,
        label=label,
        tone=tone,
        does=does,
        outcome=judged.outcome,
        refusal=judged.refusal,
        barred=seat.barred(order),
        typed=across or _typed(unit, order, judged),
        command=command(order, across),
    )


def about_deployment(unit: Unit, deployment: Deployment, seat: Seat, now: datetime) -> tuple[Offer, ...]:
    """While anything can still become of it; of one that succeeded, to go back to its version, or from it where that is
    live."""
    name, live = deployment.environment, unit.deployments.live(deployment.environment)
    orders = [draft(kind, name, now, deployment.id) for kind in WHILE_IT_MOVES]
    if deployment.phase is Phase.SUCCEEDED and deployment.kind is not Kind.PRUNE:
        is_live = live is not None and live.id == deployment.id
        orders = [draft(OrderKind.ROLLBACK, name, now, wish=Wish(to=None if is_live else deployment.id))]
    elif deployment.is_final:
        orders = []
    return tuple(offer(unit, order, seat, now) for order in orders)


def in_environment(unit: Unit, overview: Overview, seat: Seat, now: datetime) -> tuple[Offer, ...]:
    """What moves there comes first; while that is in flight, to go back is to abort it."""
    name, moving = overview.environment.name, overview.moving
    orders = [
        *([draft(kind, name, now, moving.id) for kind in WHILE_IT_MOVES] if moving else []),
        *([] if moving and moving.phase in IN_FLIGHT else [draft(OrderKind.ROLLBACK, name, now)]),
        draft(OrderKind.UNHOLD, name, now),
        draft(OrderKind.DEPLOY, name, now),
        draft(OrderKind.DEPLOY, name, now, wish=Wish(restart=True)),
        draft(OrderKind.DEPLOY, name, now, wish=Wish(correct=True)),
        *(draft(OrderKind.PRUNE, name, now, wish=Wish(service=service)) for service in overview.orphans),
    ]
    return tuple(offer(unit, order, seat, now) for order in orders)


WHILE_IT_MOVES = (OrderKind.PROMOTE, OrderKind.RESUME, OrderKind.PAUSE, OrderKind.ABORT)

HOME = (
    "It stops. The traffic it has moved goes back to what was live before, and the environment is held until somebody"
    " releases it."
)
HALT = (
    "No traffic rises and no bake ends until somebody resumes it; when the time is over, it turns back. What fails"
    " meanwhile still turns it back at once."
)
BACK = (
    "An earlier version comes back. It asks no gate and takes no steps in between, but every target must be healthy"
    " before it gets traffic. Then the environment is held."
)
GO_ON = "Its bake is long enough, or its next share of the traffic may come. Its health is looked at all the same."
RELEASE = "The environment takes new versions again, and the content that turned back may be tried once more."
FRESH = "The newest commit of the branch, or the one that you name, is deployed without a push, through all gates."
GONE = "Its rule, its tasks, its ECS services and target groups are deleted. There is no way back from that."

WORDS: Mapping[OrderKind, tuple[str, str, str]] = {
    OrderKind.PROMOTE: ("Go on", "good", GO_ON),
    OrderKind.PAUSE: ("Pause", "warn", HALT),
    OrderKind.RESUME: ("Resume", "good", "It goes on where it was paused, or beside the alarms that keep it waiting."),
    OrderKind.ABORT: ("Abort", "bad", HOME),
    OrderKind.ROLLBACK: ("Go back", "bad", BACK),
    OrderKind.UNHOLD: ("Release", "good", RELEASE),
    OrderKind.DEPLOY: ("Deploy", "warn", FRESH),
    OrderKind.PRUNE: ("Remove", "bad", GONE),
}
"""Label, tone, and what it is for."""


def words(order: Order) -> tuple[str, str, str]:
    label, tone, does = WORDS[order.kind]
    wish = order.wish
    if wish.correct:
        return "Put drift right", "warn", "What is live is made again as its file declares it; nothing new comes."
    if wish.restart:
        return "Restart", "warn", "Every service of what is live rolls, changed or not, through all gates."
    if wish.to:
        return f"Go back to {wish.to}", tone, does
    return (f"Remove {wish.service}" if wish.service else label), tone, does


def _typed(unit: Unit, order: Order, judged: Judgement) -> str:
    """As the command line asks: where something new comes, the environment's name; where something goes for good, its
    own."""
    if judged.refusal:
        return ""
    if order.kind is OrderKind.DEPLOY:
        return order.environment
    if order.kind is OrderKind.PRUNE:
        return order.wish.service or ""
    found = unit.deployments.get(order.deployment) if order.kind is OrderKind.ABORT and order.deployment else None
    return found.id if found is not None and found.stuck is not None else ""


def command(order: Order, across: str = "") -> str:
    """What does the same on the command line."""
    wish = order.wish
    options: Iterator[tuple[str, str | None]] = iter(
        (
            ("--to", wish.to),
            ("--across", wish.across or across),
            ("--ref", wish.ref),
            ("--for", spoken(wish.limit) if wish.limit else None),
        )
    )
    flags = [name for name, is_set in (("--restart", wish.restart), ("--correct", wish.correct)) if is_set]
    given = [part for name, text in options if text for part in (name, text)]
    about = [order.deployment or order.environment, *([wish.service] if wish.service else [])]
    return shlex.join(["tidegate", str(order.kind), *about, *given, *flags])
