"""GitHub Apps: a signed JWT proves the App, which buys a token for its installation.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
from jwt.types import Options

from sandbox.github.errors import ApiError

TOKEN_LIFETIME = timedelta(hours=1)
MAX_JWT_LIFETIME = timedelta(minutes=10)
CLOCK_SKEW = timedelta(seconds=60)
UNTIMED: Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "require": ["iat", "exp"]}


@dataclass
class App:
    id: int
    public_key: bytes = field(repr=False)
    installation_id: int


@dataclass
class Apps:
    """The Apps that are installed, and the tokens given out to them."""

    apps: dict[int, App] = field(default_factory=dict)
    deliveries: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    """What each App's own webhook was sent, newest first: it has none here unless a test says so."""
    attempts: list[int] = field(default_factory=list)
    _tokens: dict[str, tuple[int, datetime]] = field(default_factory=dict, repr=False)

    def install(self, app_id: int, public_key: bytes, installation_id: int) -> None:
        self.apps[app_id] = App(app_id, public_key, installation_id)

    def app_of(self, token: str, now: datetime) -> int:
        """The App that signed a JWT; ApiError 401 when the signature, the issuer or the times are wrong.

        The times are compared with the sandbox's clock, so the library's own check is off.
        """
        try:
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
            app = self.apps.get(int(issuer or 0))
            if app is None:
                raise ApiError(401, "Integration not found")
            claims = jwt.decode(token, app.public_key, algorithms=["RS256"], options=UNTIMED)
        except (jwt.InvalidTokenError, ValueError):
            raise ApiError(401, "A JSON web token could not be decoded") from None
        _check_times(claims["iat"], claims["exp"], now)
        return app.id

    def give_token(self, installation_id: int, app_id: int, now: datetime) -> tuple[str, datetime]:
        app = self.apps[app_id]
        if app.installation_id != installation_id:
            raise ApiError.not_found()
        token = f"ghs_sandbox{secrets.token_hex(15)}"
        expires = now + TOKEN_LIFETIME
        self._tokens[token] = app_id, expires
        return token, expires

    def installed_as(self, token: str, now: datetime) -> int | None:
        """The App whose installation was given this token."""
        app_id, expires = self._tokens.get(token, (None, now))
        return app_id if now < expires else None


def _check_times(issued: float, expires: float, now: datetime) -> None:
    seconds = now.timestamp()
    if issued > seconds + CLOCK_SKEW.total_seconds():
        raise ApiError(401, "'Issued at' claim ('iat') must be an Integer representing a time in the past")
    if expires <= seconds:
        raise ApiError(401, "'Expiration time' claim ('exp') must be a numeric value representing the future time")
    if expires > seconds + (MAX_JWT_LIFETIME + CLOCK_SKEW).total_seconds():
        raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")
