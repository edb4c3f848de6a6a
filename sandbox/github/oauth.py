"""Signing in with this GitHub: one OAuth app, a page to choose who you are, codes and tokens.

https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.github.desk import Desk
from sandbox.github.pages import SECURITY, html
from sandbox.github.people import Person

CODE_LIVES = timedelta(minutes=10)
NOT_GITHUB = "This is the sandbox: nobody asks for a password."
CANCEL = "cancel"


@dataclass(frozen=True)
class OAuthApp:
    """`callbacks` are the addresses that it may send people back to."""

    client: str
    secret: str
    name: str
    callbacks: tuple[str, ...]


@dataclass(frozen=True)
class Code:
    person: Person
    redirect: str
    challenge: str
    made_at: datetime


class OAuth:
    """A code works once, for ten minutes, with the verifier that its challenge was made of."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._apps: dict[str, OAuthApp] = {}
        self._codes: dict[str, Code] = {}

    def register(self, app: OAuthApp) -> None:
        self._apps[app.client] = app

    def routes(self) -> list[Route]:
        return [
            Route("/login/oauth/authorize", self._choose, methods=["GET"]),
            Route("/login/oauth/authorize", self._chosen, methods=["POST"]),
            Route("/login/oauth/access_token", self._exchange, methods=["POST"]),
        ]

    async def _choose(self, request: Request) -> Response:
        """Who are you? A stranger's address is never sent to."""
        asked = _asked(request.query_params.get)
        app = self._apps.get(asked["client_id"])
        if app is None or asked["redirect_uri"] not in app.callbacks:
            told = "The redirect_uri is not associated with this application."
            return HTMLResponse(html("Not this way", f"<p>{escape(told)}</p>"), 400, SECURITY)
        fields = "".join(f'<input type=hidden name="{name}" value="{escape(text)}">' for name, text in asked.items())
        people = [person for person in self._desk.state.people.everyone if person.type == "User"]
        buttons = "".join(
            f"<p><button name=login value={person.login}>{escape(person.name)}</button> "
            f"{escape(person.login)}, may {escape(person.permission)}</p>"
            for person in people
        )
        cancel = f"<p><button name=login value={CANCEL}>Cancel</button></p>"
        told = f"<p>{escape(app.name)} wants to know who you are. {NOT_GITHUB}</p>"
        body = f"{told}<form method=post>{fields}{buttons}{cancel}</form>"
        return HTMLResponse(html("Sign in", body), headers={**SECURITY, "Content-Security-Policy": FORMS})

    async def _chosen(self, request: Request) -> Response:
        form = await request.form()
        asked = _asked(lambda name: str(form.get(name, "")))
        app, login = self._apps.get(asked["client_id"]), str(form.get("login", ""))
        if app is None or asked["redirect_uri"] not in app.callbacks:
            return HTMLResponse(html("Not this way", ""), 400, SECURITY)
        if login == CANCEL:
            told = {"error": "access_denied", "error_description": "The user has denied your application access."}
            return _back(asked, told)
        person = self._desk.state.people.named(login)
        if person is None or person.type != "User":
            return HTMLResponse(html("Nobody is called that", ""), 400, SECURITY)
        return _back(asked, {"code": self.code(person, asked["redirect_uri"], asked["code_challenge"])})

    def code(self, person: Person, redirect: str, challenge: str) -> str:
        made = secrets.token_hex(10)
        self._codes[made] = Code(person, redirect, challenge, self._desk.state.now())
        return made

    async def _exchange(self, request: Request) -> Response:
        """GitHub answers 200 also when it refuses, and says why."""
        form = await request.form()
        given = {name: str(value) for name, value in form.items()}
        app = self._apps.get(given.get("client_id", ""))
        if app is None or not hmac.compare_digest(given.get("client_secret", "").encode(), app.secret.encode()):
            return _refused("incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect.")
        code = self._codes.pop(given.get("code", ""), None)
        if code is None or self._desk.state.now() - code.made_at >= CODE_LIVES:
            return _refused("bad_verification_code", "The code passed is incorrect or expired.")
        if given.get("redirect_uri", code.redirect) != code.redirect:
            return _refused("redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL.")
        if code.challenge and _challenge(given.get("code_verifier", "")) != code.challenge:
            return _refused("bad_verification_code", "The code_verifier does not match the code_challenge.")
        token = self._desk.state.people.token(code.person)
        return JSONResponse({"access_token": token, "scope": "", "token_type": "bearer"})


FORMS = "default-src 'none'; style-src 'unsafe-inline'"


def _asked(get: Callable[[str], Any]) -> dict[str, str]:
    names = ("client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method", "scope")
    return {name: str(get(name) or "") for name in names}


def _back(asked: dict[str, str], told: dict[str, str]) -> Response:
    return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({**told, 'state': asked['state']})}", 302)


def _challenge(verifier: str) -> str:
    """S256: https://www.rfc-editor.org/rfc/rfc7636#section-4.2"""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _refused(error: str, told: str) -> Response:
    return JSONResponse({"error": error, "error_description": told})
