"""The page on which people answer whether a plan may start, and its form."""

from http import HTTPStatus
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from controller.dashboard.approvals import approval_view, order_number
from controller.dashboard.doors import Doors, Form
from controller.dashboard.pages import HEADERS
from controller.dashboard.visiting import NotYours, Visitor
from controller.domain.deployment import Deployment, Phase
from controller.domain.orders import ANSWERS, OrderKind, Wish
from controller.domain.people import Caller
from controller.inbox.rights import Forbidden
from controller.inbox.wishes import OrderRefused

UNSAID = {OrderKind.APPROVE: "looked at the plan", OrderKind.REVOKE: "took it back"}
"""Answers that need no reason, and what is written down for them."""


class ApprovalPage:
    def __init__(self, doors: Doors) -> None:
        self._doors, self._context, self._pages, self._visitors = doors, doors.context, doors.pages, doors.visitors

    def show(self, request: Request, visitor: Visitor) -> Response:
        """What would be done, and a form to answer with. 404: no such deployment. Looking changes nothing."""
        return self._drawn(request, visitor)

    def answer(self, request: Request, caller: Caller, form: Form) -> Response:
        """303 back to the page, which says what became of it. 403: whoever it is may not. 422: it does not count."""
        found = self._doors.found(request)
        kind = OrderKind(form["answer"]) if form.get("answer") in set(map(str, ANSWERS)) else None
        if kind is None:
            raise NotYours("This is not what a form of this controller sends.")
        reason = form.get("reason", "").strip() or UNSAID.get(kind, "")
        wish, link = Wish(plan=form.get("plan") or None), form.get("link", "")
        if link and not self._is_good(link, found, caller):
            told = "This link is over, or not yours: it was used, it expired, or another plan waits by now."
            return self._drawn(request, self._visitors.visitor(request), HTTPStatus.FORBIDDEN, told)
        try:
            number = self._context.orders.leave(kind, found.environment, found.id, reason, caller, wish)
        except (OrderRefused, Forbidden) as error:
            is_forbidden = isinstance(error, Forbidden)
            status = HTTPStatus.FORBIDDEN if is_forbidden else HTTPStatus.UNPROCESSABLE_ENTITY
            visitor = self._visitors.visitor(request)
            return self._drawn(request, visitor, status, f"{error}.", form.get("reason", ""))
        if link:
            self._context.links.use(link)
        where = f"/approvals/{quote(found.id)}?order={number}"
        return RedirectResponse(where, HTTPStatus.SEE_OTHER, dict(HEADERS))

    def _is_good(self, text: str, deployment: Deployment, caller: Caller) -> bool:
        """A link is good for whom it was made, about this plan."""
        link = self._context.links.read(text)
        waits = deployment.asked.plan.digest if deployment.asked else None
        if link is None or caller.person is None or link.person.id != caller.person.id:
            return False
        return (link.deployment, link.plan) == (deployment.id, waits)

    def _drawn(
        self,
        request: Request,
        visitor: Visitor,
        status: HTTPStatus = HTTPStatus.OK,
        refusal: str = "",
        reason: str = "",
    ) -> Response:
        """Nobody is looked up on GitHub for somebody who has not signed in."""
        now, found = self._context.clock.now(), self._doors.found(request)
        number = order_number(request.query_params.get("order", ""))
        with self._context.store.read() as unit:
            live = unit.deployments.live(found.environment)
            order = unit.orders.get(number) if number is not None else None
        binding, caller = self._context.bindings.get(found.environment), visitor.caller
        is_asked = caller is not None and binding is not None and found.phase is Phase.WAITING
        ballot = self._context.rights.polls.ballot(found, binding) if is_asked and binding else None
        is_theirs = order is not None and caller is not None and order.by == caller.person
        answered = order if is_theirs and order is not None and order.deployment == found.id else None
        shown = approval_view(found, live, ballot, caller, answered, self._context, now)
        given = request.query_params.get("link", "")
        link = self._context.links.read(given) if given else None
        values = {"given": given if link is not None else "", "of": link.person.login if link is not None else ""}
        is_over = bool(given) and (link is None or link.deployment != found.id or link.plan != shown.plan)
        here = f"/approvals/{found.id}" + (f"?link={given}" if link is not None else "")
        return self._pages.page(
            "approval.html",
            now,
            status,
            visitor,
            here=here,
            shown=shown,
            refusal=refusal,
            reason=reason,
            link=values,
            is_link_over=is_over,
        )
