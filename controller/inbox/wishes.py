"""What an order of each kind may say, and in which form. Pure: nothing here is compared with rows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError

from controller.domain.approval import shortened
from controller.domain.errors import TidegateError
from controller.domain.manifest.values import BranchName, ServiceName
from controller.domain.orders import ANSWERS, Order, OrderKind, Wish
from controller.domain.step import spoken

LEAST_LIMIT, MOST_LIMIT = timedelta(minutes=1), timedelta(hours=24)
LONGEST_REF = 250
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
DEPLOYMENT = re.compile(r"[A-Za-z0-9._-]{1,128}")
REF, SERVICE = TypeAdapter[str](BranchName), TypeAdapter[str](ServiceName)
"""Commits and tags keep to the rules for names of branches: https://git-scm.com/docs/git-check-ref-format."""


class OrderRefused(TidegateError):
    """The order was not taken; whoever gave it must change it. Nothing was stored."""


@dataclass(frozen=True)
class Form:
    """`is_about_deployment`: it names the one deployment that it is about. `takes` are the fields of its wish."""

    is_about_deployment: bool
    takes: frozenset[str] = field(default=frozenset())


FORMS: Mapping[OrderKind, Form] = {
    OrderKind.PROMOTE: Form(is_about_deployment=True),
    OrderKind.PAUSE: Form(is_about_deployment=True, takes=frozenset({"limit"})),
    OrderKind.RESUME: Form(is_about_deployment=True),
    OrderKind.ABORT: Form(is_about_deployment=True),
    OrderKind.ROLLBACK: Form(is_about_deployment=False, takes=frozenset({"to", "across"})),
    OrderKind.UNHOLD: Form(is_about_deployment=False),
    OrderKind.DEPLOY: Form(is_about_deployment=False, takes=frozenset({"ref", "restart", "correct"})),
    OrderKind.PRUNE: Form(is_about_deployment=False, takes=frozenset({"service"})),
    **dict.fromkeys(ANSWERS, Form(is_about_deployment=True, takes=frozenset({"plan"}))),
}

AS_GIVEN: Mapping[str, str] = {"limit": "for"}
"""What people call a field of the wish, where they call it something else: `for` is a word of Python's."""


def check_form(order: Order) -> None:
    """`OrderRefused` with the code `order.not_for_this`, `order.no_deployment`, `order.no_service`,
    `order.invalid_service`, `order.invalid_ref`, `order.invalid_across`, `order.invalid_plan` or
    `order.limit_out_of_range`."""
    check_fields(order)
    if order.wish.correct and (order.wish.ref is not None or order.wish.restart):
        text = "deploy: 'correct' brings nothing new and restarts nothing; leave 'ref' and 'restart' out"
        raise OrderRefused(text, code="order.not_for_this")
    if order.kind is OrderKind.PRUNE:
        check_service(order.wish.service)
    if order.wish.ref is not None:
        check_ref(order.wish.ref)
    if order.wish.across is not None and not DEPLOYMENT.fullmatch(order.wish.across):
        text = f"{order.kind}: across {order.wish.across[:80]!r}, which can't be a deployment"
        raise OrderRefused(text, code="order.invalid_across")
    if order.wish.limit is not None:
        check_limit(order.wish.limit)
    if order.wish.plan is not None and not DIGEST.fullmatch(order.wish.plan):
        raise OrderRefused(f"{order.kind}: {order.wish.plan[:80]!r} isn't a plan's digest", code="order.invalid_plan")


def check_fields(order: Order) -> None:
    form = FORMS[order.kind]
    extra = [AS_GIVEN.get(name, name) for name in wished(order.wish) if name not in form.takes]
    if order.deployment is not None and not form.is_about_deployment:
        extra.insert(0, "deployment")
    if extra:
        text = f"{order.kind} takes no {' and no '.join(repr(name) for name in extra)}"
        raise OrderRefused(text, code="order.not_for_this")
    if order.deployment is None and form.is_about_deployment:
        raise OrderRefused(f"{order.kind}: say which deployment", code="order.no_deployment")


def wished(wish: Wish) -> list[str]:
    """The fields that say something."""
    return [each.name for each in fields(wish) if getattr(wish, each.name) != each.default]


def check_service(service: str | None) -> None:
    if service is None:
        raise OrderRefused("prune: say which service", code="order.no_service")
    if not fits(SERVICE, service):
        text = f"prune: {service[:80]!r} isn't the name of a service: small letters, digits and hyphens, as in backend"
        raise OrderRefused(text, code="order.invalid_service")


def check_ref(ref: str) -> None:
    """A commit, a tag or a branch; whether there is one, the loop finds out."""
    if len(ref) <= LONGEST_REF and ref.isprintable() and fits(REF, ref):
        return
    found = repr(ref[:80]) if len(ref) <= LONGEST_REF else f"a text of {len(ref)} characters"
    text = f"deploy: {found} can't be a commit, a tag or a branch; write it as in 0f3c2a1, v1.4.0 or main"
    raise OrderRefused(text, code="order.invalid_ref")


def check_limit(limit: timedelta) -> None:
    if not LEAST_LIMIT <= limit <= MOST_LIMIT:
        text = f"pause for {spoken(limit)}: it may last from {spoken(LEAST_LIMIT)} to {spoken(MOST_LIMIT)}"
        raise OrderRefused(text, code="order.limit_out_of_range")


def fits(form: TypeAdapter[str], text: str) -> bool:
    try:
        form.validate_python(text)
    except ValidationError:
        return False
    return True


def in_words(order: Order) -> str:
    """The order without its reason: `pause for 30m`, `rollback to dev-3`, `deploy v1.4.0 with restart`."""
    wish = order.wish
    parts = (
        f"to {wish.to}" if wish.to else "",
        f"across {wish.across}" if wish.across else "",
        wish.ref or "",
        "with restart" if wish.restart else "",
        "what is live as declared" if wish.correct else "",
        wish.service or "",
        f"for {spoken(wish.limit)}" if wish.limit else "",
        f"of the plan {shortened(wish.plan)}" if wish.plan else "",
    )
    return " ".join([str(order.kind).replace("_", " "), *filter(None, parts)])
