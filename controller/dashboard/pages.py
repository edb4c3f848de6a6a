"""Templates and the headers that every page carries."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from controller.dashboard.visiting import NOBODY, Visitor
from controller.dashboard.words import absolute, relative, with_commands
from controller.domain.counting import counted
from controller.domain.states import finding_of

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Pages:
    """`can_sign_in`: people can say who they are. `version` stands at the foot of every page, and makes browsers fetch
    the style sheet again after an upgrade."""

    def __init__(self, version: str, can_sign_in: bool) -> None:
        self._can_sign_in = can_sign_in
        self._templates = Environment(
            loader=PackageLoader("controller.dashboard"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "absolute": absolute,
            "counted": counted,
            "finding_of": finding_of,
            "with_commands": with_commands,
        }
        self._templates.tests["later_than"] = lambda moment, other: moment > other
        self._templates.globals |= {"relative": relative, "version": version}

    def page(
        self,
        template: str,
        now: datetime,
        status: HTTPStatus = HTTPStatus.OK,
        visitor: Visitor = NOBODY,
        **values: object,
    ) -> Response:
        """`here`, among the values, is where somebody comes back to who signs in."""
        given = {"here": "/", "can_sign_in": self._can_sign_in, **values}
        html = self._templates.get_template(template).render(now=now, visitor=visitor, **given)
        return HTMLResponse(html, status, dict(HEADERS))

    def problem(
        self,
        now: datetime,
        status: HTTPStatus,
        title: str,
        told: str,
        code: str = "",
        visitor: Visitor = NOBODY,
        again: str = "",
    ) -> Response:
        """`again` leads to signing in, where that helps."""
        return self.page("problem.html", now, status, visitor, title=title, told=told, code=code, again=again)
