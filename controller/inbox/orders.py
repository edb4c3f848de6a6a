"""Where people's orders end up."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from controller.domain.approval import decide_approval
from controller.domain.deployment import IN_FLIGHT, Deployment, Phase
from controller.domain.events import AuditEntry, Event
from controller.domain.history import across, version_before
from controller.domain.hooks import Run
from controller.domain.orders import ANSWERS, Order, OrderKind, OrderState, Wish, least_role
from controller.domain.people import Caller
from controller.domain.ports import Clock
from controller.domain.strangers import UNPRINTABLE
from controller.inbox.limits import Limit
from controller.inbox.rights import Forbidden, Rights
from controller.inbox.wishes import OrderRefused, check_form, in_words
from controller.store import Store, Unit

LONGEST_REASON = 1000
MOST_ANSWERS, ANSWERS_WITHIN = 30, timedelta(minutes=1)
"""Of one person, or one token: each asks GitHub for everybody's rights."""

KEY, KEY_SAID = re.compile(r"[!-~]{1,128}"), "from 1 to 128 printable characters of ASCII, and no space"

NO_WISH = Wish()
ACROSS = "order.across"
"""The code of what asks for a second word: to go back means to cross what ran since."""


@dataclass(frozen=True)
class Orders:
    """`wake` is told the environment's name after the order is on the disk."""

    store: Store
    clock: Clock
    rights: Rights
    wake: Callable[[str], None]
    _answers: Limit = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_answers", Limit(self.clock, MOST_ANSWERS, ANSWERS_WITHIN))

    def leave(
        self,
        kind: OrderKind,
        environment: str,
        deployment: str | None,
        reason: str,
        caller: Caller,
        wish: Wish = NO_WISH,
        key: str | None = None,
    ) -> int:
        """The order's id, durable when it returns. What comes of it is up to the loop. Under a `key` that the caller
        has given it under before, it is the order of then, and nothing new.

        `OrderRefused` for what can be told from the order and the rows: `order.no_reason`, `order.reason_too_long`,
        `order.reason_unprintable`, the codes of `check_form`, `order.unknown_environment`, `order.unknown_deployment`,
        `order.not_succeeded`, `order.across`, `order.service_in_use`, `order.invalid_key`, `order.key_is_taken`, and
        the codes of `decide_approval`. `Forbidden` for whoever may not, `TooOften` for whoever answers too often.
        """
        made = (self.clock.now(), wish, OrderState.RECEIVED, "", caller.person, caller.via, own_key(caller, key))
        order = Order(0, kind, environment, deployment, checked(reason), caller.name, *made)
        check_form(order)
        self._check_rights(order, caller)
        given = self._given(order)
        if given is not None:
            return given
        with self.store.write() as unit:
            check_subject(unit, order)
            number, is_new = unit.orders.leave(order)
            if is_new:
                unit.audit.append([accepted(order, number)])
        if not is_new:
            self._given(order)
        self.wake(environment)
        return number

    def given(self, order: Order, caller: Caller, key: str | None) -> int | None:
        """The id of the same order, where the caller has given it under this key already. `OrderRefused` with
        `order.key_is_taken` where it was another one."""
        return self._given(replace(order, reason=checked(order.reason), key=own_key(caller, key)))

    def _given(self, order: Order) -> int | None:
        with self.store.read() as unit:
            before = unit.orders.given(order.key)
        if before is not None and not before.is_again(order):
            text = f"order {before.id} was given under this key, and asks for something else: {in_words(before)}"
            raise OrderRefused(text, code="order.key_is_taken")
        return before.id if before else None

    def _check_rights(self, order: Order, caller: Caller) -> None:
        """Breaking the glass works while nobody can be looked up: those who may are known by number. So is whoever
        takes back what they said. The way in must allow it all the same."""
        kind, least = order.kind, least_role(order.kind)
        binding = self.rights.bindings.get(order.environment)
        if caller.most < least:
            text = f"{caller.name} came in as {caller.most.words}, and to {kind} takes the role {least.words}"
            raise Forbidden(text, code="role.too_low")
        if kind in ANSWERS:
            self._answers.take(giver(caller))
        if kind not in {OrderKind.BREAK_GLASS, OrderKind.REVOKE}:
            self.rights.insist(caller, order.environment, least, str(kind))
        if kind not in ANSWERS or binding is None:
            return
        with self.store.read() as unit:
            check_subject(unit, order)
            deployment = unit.deployments.get(order.deployment or "")
        assert deployment is not None, "an answer is about a deployment that there is"
        if deployment.phase is not Phase.WAITING:
            text = f"{deployment.id} {deployment.phase.said}: there is nothing to answer"
            raise OrderRefused(text, code="approval.too_late")
        ruling = decide_approval(self.rights.polls.ballot(deployment, binding), kind, caller.person, order.wish.plan)
        if not ruling.accepted:
            raise OrderRefused(ruling.reason.text, code=ruling.reason.code)


def own_key(caller: Caller, key: str | None) -> str | None:
    """As it is stored: nobody can guess their way to another one's order."""
    if key is not None and not KEY.fullmatch(key):
        raise OrderRefused(f"{key[:80]!r} is no idempotency key: {KEY_SAID}", code="order.invalid_key")
    return None if key is None else f"{giver(caller)}: {key}"


def giver(caller: Caller) -> str:
    return f"person {caller.person.id}" if caller.person else f"program {caller.name}"


def checked(reason: str) -> str:
    """Forms end their lines with CR and LF; a CR by itself would write over the line that it is in."""
    told = reason.strip().replace("\r\n", "\n")
    if not told:
        raise OrderRefused("an order needs a reason: say why, people will read it later", code="order.no_reason")
    if len(told) > LONGEST_REASON:
        text = f"a reason of {len(told)} characters: keep it under {LONGEST_REASON + 1}"
        raise OrderRefused(text, code="order.reason_too_long")
    if UNPRINTABLE.search(told):
        text = "a reason has no control characters, and none that turn the reading order round"
        raise OrderRefused(text, code="order.reason_unprintable")
    return told


def check_subject(unit: Unit, order: Order) -> None:
    """Everything that the order names is there, and as it must be for this order whatever happens meanwhile."""
    try:
        unit.environments.get(order.environment if order.environment.isprintable() else "")
    except LookupError as error:
        text = f"{order.kind}: there is no environment {order.environment[:80]!r}"
        raise OrderRefused(text, code="order.unknown_environment") from error
    if order.deployment is not None:
        known(unit, order, order.deployment)
    if order.wish.to is not None:
        check_target(known(unit, order, order.wish.to))
    if order.kind is OrderKind.ROLLBACK:
        check_across(unit, order)
    if order.wish.service is not None:
        check_orphaned(unit, order, order.wish.service)


def known(unit: Unit, order: Order, name: str) -> Deployment:
    found = unit.deployments.get(name) if name.isprintable() else None
    if found is None or found.environment != order.environment:
        text = f"{order.kind}: {order.environment} has no deployment {name[:80]!r}"
        raise OrderRefused(text, code="order.unknown_deployment")
    return found


def check_target(target: Deployment) -> None:
    """How a deployment ended is final, so it may be asked before the loop looks."""
    if target.phase is not Phase.SUCCEEDED:
        text = f"rollback: {target.id} {target.phase.said}; only a deployment that succeeded can be brought back"
        raise OrderRefused(text, code="order.not_succeeded")


def check_across(unit: Unit, order: Order) -> None:
    """What is sent home while it runs goes back to what was live a moment ago: an abort needs no second word."""
    if any(one.phase in IN_FLIGHT for one in unit.deployments.open(order.environment)):
        return
    target = target_of(unit, order)
    crossed = crossed_to(unit, target) if target else ()
    if target and crossed and order.wish.across != crossed[-1].deployment:
        raise OrderRefused(f"rollback: {across(target, crossed)}", code=ACROSS)


def target_of(unit: Unit, order: Order) -> Deployment | None:
    """Where a rollback goes back to: what it names, else the version before."""
    if order.wish.to:
        return unit.deployments.get(order.wish.to)
    live = unit.deployments.live(order.environment)
    return version_before(live, unit.deployments.earlier(live)) if live else None


def crossed_to(unit: Unit, target: Deployment) -> tuple[Run, ...]:
    """What ran since the version of `target` was made, and does not work with it, oldest first."""
    return unit.runs.since(target.environment, unit.deployments.origin(target))


def check_orphaned(unit: Unit, order: Order, service: str) -> None:
    live = unit.deployments.live(order.environment)
    if live is not None and service in live.revision.file.services:
        text = f"prune: the file of {live.id}, which is live, names {service}: take it out of the file and deploy first"
        raise OrderRefused(text, code="order.service_in_use")


def accepted(order: Order, number: int) -> AuditEntry:
    return AuditEntry(
        Event.ORDER_ACCEPTED,
        order.environment,
        order.deployment,
        order.actor,
        order.created_at,
        f"{in_words(order)}: {order.reason}",
        {"order": number, "kind": str(order.kind)},
    )
