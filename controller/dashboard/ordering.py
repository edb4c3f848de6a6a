"""The page on which an order is confirmed before it is given, and its form. A look changes nothing."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from controller.dashboard.approvals import order_number
from controller.dashboard.doors import NAME, Doors, Form, Missing, here
from controller.dashboard.offers import Offer, draft, fields_of, offer, seat
from controller.dashboard.pages import HEADERS
from controller.dashboard.views import deployment_view, version_view
from controller.dashboard.visiting import Visitor
from controller.domain.deployment import IN_FLIGHT, Deployment
from controller.domain.manifest import parse_duration
from controller.domain.orders import ANSWERS, Order, OrderKind, Wish, least_role
from controller.domain.people import Caller
from controller.inbox.orders import target_of
from controller.inbox.rights import Forbidden
from controller.inbox.wishes import OrderRefused
from controller.store import Unit

YES = "yes"
CHANGED = "What it would do has changed since this page was opened. This is what it would do now: give it again."


class NoTime(Missing):
    """A time that can't be read."""


class OrderPage:
    def __init__(self, doors: Doors) -> None:
        self._doors, self._context, self._pages, self._visitors = doors, doors.context, doors.pages, doors.visitors

    def new(self, request: Request, visitor: Visitor) -> Response:
        """What an order would do, and a form to give it. 303 to sign in, and to an approval's page for an answer. 404:
        no such order, environment or deployment."""
        if visitor.caller is None:
            return self._doors.sent_to_sign_in(request, visitor)
        given = dict(request.query_params)
        if given.get("order") in set(map(str, ANSWERS)) and NAME.fullmatch(given.get("deployment", "")):
            where = f"/approvals/{quote(given['deployment'])}"
            return RedirectResponse(where, HTTPStatus.SEE_OTHER, dict(HEADERS))
        return self._drawn(here(request), visitor, given)

    def leave(self, request: Request, caller: Caller, form: Form) -> Response:
        """303 to what it is about, which says what became of it. 403: whoever it is may not. 404: no such order,
        environment or deployment. 409: it would do something else by now. 422: it does not fit, or lacks something."""
        visitor, environment = self._visitors.visitor(request), form.get("environment", "")
        try:
            order = self._asked(form)
        except NoTime as error:
            readable = {name: text for name, text in form.items() if name != "for"}
            return self._drawn("/", visitor, readable, HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
        meant, key = _meant(order, form), form.get("key") or None
        try:
            number = self._context.orders.given(meant, caller, key)
            if number is None:
                self._context.rights.insist(caller, environment, least_role(order.kind), str(order.kind))
                refusal, status = self._lacks(order, visitor, form)
                if refusal:
                    return self._drawn("/", visitor, form, status, refusal)
                wanted = (meant.kind, environment, meant.deployment, meant.reason, caller, meant.wish)
                number = self._context.orders.leave(*wanted, key)
        except (OrderRefused, Forbidden) as error:
            is_forbidden = isinstance(error, Forbidden)
            status = HTTPStatus.FORBIDDEN if is_forbidden else HTTPStatus.UNPROCESSABLE_ENTITY
            return self._drawn("/", visitor, form, status, f"{error}.")
        about = f"/deployments/{quote(order.deployment)}" if order.deployment else f"/environments/{environment}"
        return RedirectResponse(f"{about}?order={number}", HTTPStatus.SEE_OTHER, dict(HEADERS))

    def _asked(self, given: Mapping[str, str]) -> Order:
        """The order that a link or a form names. `Missing`."""
        kinds = {str(kind): kind for kind in OrderKind if kind not in ANSWERS}
        kind = kinds.get(given.get("order", ""))
        if kind is None:
            raise Missing(f"No order is called {given.get('order', '')[:80]!r}.")
        environment, deployment = given.get("environment", ""), given.get("deployment") or None
        with self._context.store.read() as unit:
            known = {each.name for each in unit.environments.all()}
            found = unit.deployments.get(deployment) if deployment and NAME.fullmatch(deployment) else None
        if environment not in known:
            raise Missing(f"No environment is called {environment[:80]!r}.")
        if deployment and (found is None or found.environment != environment):
            raise Missing(f"{environment} has no deployment {deployment[:80]!r}.")
        return draft(kind, environment, self._context.clock.now(), deployment, _wish(given))

    def _offer(self, unit: Unit, order: Order, visitor: Visitor) -> Offer:
        can_sign_in = self._context.sign_in is not None
        sits = seat(visitor.caller, order.environment, self._context.rights, can_sign_in=can_sign_in)
        return offer(unit, order, sits, self._context.clock.now())

    def _means(self, unit: Unit, order: Order, visitor: Visitor) -> str:
        """What would come of it as things stand. For how long is no part of it: whoever gives the order says that."""
        return self._offer(unit, replace(order, wish=replace(order.wish, limit=None)), visitor).outcome

    def _lacks(self, order: Order, visitor: Visitor, form: Form) -> tuple[str, HTTPStatus]:
        """What keeps it from being given, in words; empty: nothing that can be told here. Rights are asked anew
        later."""
        with self._context.store.read() as unit:
            judged, means = self._offer(unit, order, visitor), self._means(unit, order, visitor)
        if judged.refusal:
            return f"{judged.refusal}.", HTTPStatus.UNPROCESSABLE_ENTITY
        if "means" in form and form["means"] != means:
            return CHANGED, HTTPStatus.CONFLICT
        if judged.typed and form.get("typed", "").strip() != judged.typed:
            return f"Type {judged.typed} to mean it.", HTTPStatus.UNPROCESSABLE_ENTITY
        return "", HTTPStatus.OK

    def _drawn(
        self,
        where: str,
        visitor: Visitor,
        given: Mapping[str, str],
        status: HTTPStatus = HTTPStatus.OK,
        refusal: str = "",
    ) -> Response:
        now, order = self._context.clock.now(), self._asked(given)
        with self._context.store.read() as unit:
            shown, means = self._offer(unit, order, visitor), self._means(unit, order, visitor)
            live = unit.deployments.live(order.environment)
            about = unit.deployments.get(order.deployment) if order.deployment else None
            target = _pinned(unit, order, shown)
        return self._pages.page(
            "order.html",
            now,
            status,
            visitor,
            here=where,
            offer=shown,
            means=means,
            fields=fields_of(order) | ({"to": target.id} if target else {}),
            about=deployment_view(about, self._context, now) if about else None,
            live=version_view(live.revision, self._context) if live else None,
            live_id=live.id if live else "",
            target=version_view(target.revision, self._context) if target else None,
            target_id=target.id if target else "",
            key=secrets.token_urlsafe(12),
            refusal=refusal,
            reason=given.get("reason", ""),
        )


def _pinned(unit: Unit, order: Order, shown: Offer) -> Deployment | None:
    """The version that a rollback was shown with is the one that it asks for; while something runs that is sent home,
    and nothing is named."""
    runs = any(one.phase in IN_FLIGHT for one in unit.deployments.open(order.environment))
    if order.kind is not OrderKind.ROLLBACK or shown.refusal or runs:
        return None
    return target_of(unit, order)


def _wish(given: Mapping[str, str]) -> Wish:
    """`NoTime`."""
    limit = given.get("for", "").strip()
    try:
        lasts = parse_duration(limit) if limit else None
    except ValueError as error:
        raise NoTime(f"{limit[:40]!r} is no time: write it as in 30m or 2h.") from error
    return Wish(
        to=given.get("to") or None,
        ref=given.get("ref", "").strip() or None,
        restart=given.get("restart") == YES,
        service=given.get("service") or None,
        limit=lasts,
        correct=given.get("correct") == YES,
    )


def _meant(order: Order, form: Form) -> Order:
    """With what is typed and told in the form. To go back across a migration takes its deployment's id, typed."""
    across = form.get("typed", "").strip() or None if order.kind is OrderKind.ROLLBACK else None
    return replace(order, reason=form.get("reason", ""), wish=replace(order.wish, across=across))


def given_order(unit: Unit, request: Request, visitor: Visitor) -> Order | None:
    """The order that led whoever looks back to this page."""
    number = order_number(request.query_params.get("order", ""))
    order = unit.orders.get(number) if number is not None else None
    is_theirs = order is not None and visitor.caller is not None and order.by == visitor.caller.person
    return order if is_theirs else None
