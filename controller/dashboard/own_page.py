"""One's own page: what one may, and one's tokens and Slack account, with their forms."""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from controller.dashboard.doors import Doors, Form, Missing
from controller.dashboard.pages import HEADERS
from controller.dashboard.visiting import Visitor
from controller.domain.errors import Conflict, TidegateError
from controller.domain.people import Caller, Role
from controller.inbox.doorkeeper import EntryRefused


class OwnPage:
    def __init__(self, doors: Doors) -> None:
        self._doors, self._context, self._pages, self._visitors = doors, doors.context, doors.pages, doors.visitors

    def show(self, request: Request, visitor: Visitor) -> Response:
        """What somebody may, and their tokens. 303 to sign in."""
        return self._drawn(visitor) if visitor.caller else self._doors.sent_to_sign_in(request, visitor)

    def make_token(self, request: Request, caller: Caller, form: Form) -> Response:
        """The page with the token, once. 422: a name, role or time that can't be."""
        visitor = self._visitors.visitor(request)
        role, days = form.get("role", "").upper(), form.get("days", "").strip()
        lasts = timedelta(days=int(days)) if days.isascii() and days.isdecimal() and len(days) < 5 else None
        if role not in Role.__members__ or (days and lasts is None):
            return self._drawn(visitor, refusal="A token needs a role, and a number of days.")
        try:
            text, _ = self._context.doorkeeper.make_token(
                form.get("name", ""), Role[role], caller.person, caller, lasts
            )
        except (EntryRefused, Conflict) as error:
            return self._drawn(visitor, refusal=f"{error}.")
        return self._drawn(visitor, made=text)

    def revoke_token(self, request: Request, caller: Caller, form: Form) -> Response:
        """303 back. 404: no such token of theirs."""
        given = str(request.path_params["token"])
        number = int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else -1
        assert caller.person is not None, "a program has no session"
        if not self._context.doorkeeper.revoke_token(number, caller, caller.person.id):
            raise Missing("You have no such token.")
        return RedirectResponse("/me", HTTPStatus.SEE_OTHER, dict(HEADERS))

    def make_code(self, request: Request, caller: Caller, form: Form) -> Response:
        """The page with a code to type in Slack, once. 404: there is no Slack app."""
        if self._context.slack is None or caller.person is None:
            raise Missing("There is no Slack app here.")
        return self._drawn(self._visitors.visitor(request), code=self._context.slack.make_code(caller.person))

    def untie(self, request: Request, caller: Caller, form: Form) -> Response:
        """303 back; the Slack account is nobody's then. 404: there is no Slack app."""
        if self._context.slack is None or caller.person is None:
            raise Missing("There is no Slack app here.")
        self._context.slack.untie(caller.person)
        return RedirectResponse("/me", HTTPStatus.SEE_OTHER, dict(HEADERS))

    def _drawn(self, visitor: Visitor, made: str = "", refusal: str = "", code: str = "") -> Response:
        assert visitor.caller is not None and visitor.caller.person is not None, "a session is a person's"
        person = visitor.caller.person
        with self._context.store.read() as unit:
            mine = [token for token in unit.tokens.all() if token.owner is not None and token.owner.id == person.id]
        status = HTTPStatus.UNPROCESSABLE_ENTITY if refusal else HTTPStatus.OK
        values: dict[str, Any] = {
            "person": person,
            "roles": self._roles(visitor.caller),
            "tokens": [token for token in mine if token.revoked_at is None],
            "made": made,
            "refusal": refusal,
            "code": code,
            "has_slack": self._context.slack is not None,
            "account": self._context.slack.account(person) if self._context.slack is not None else None,
        }
        return self._pages.page("me.html", self._context.clock.now(), status, visitor, here="/me", **values)

    def _roles(self, caller: Caller) -> Mapping[str, str]:
        """In each environment; a token that was just made is shown also while GitHub can't be asked."""
        try:
            return {name: self._context.rights.role(caller, name).words for name in self._context.bindings}
        except TidegateError as error:
            return dict.fromkeys(self._context.bindings, f"can't be told now: {error}")
