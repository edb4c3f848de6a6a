"""`ports.SignIn` by GitHub's web flow: state, PKCE, and who it is asked anew each time. The user's token is not kept.

https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
"""

import secrets
from collections.abc import Mapping
from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client

from controller.domain.errors import Blocked, Transient
from controller.domain.people import Person
from controller.domain.ports import Clock, SignInBegun
from controller.domain.secret import Secret

TIMEOUT_SECONDS = 10.0
VERIFIER_BYTES = 48
"""64 characters: RFC 7636 wants 43 to 128."""

ATTEMPTED = "Signing in by GitHub"


class GitHubSignIn:
    """`pages` and `api` are GitHub's addresses, `back` is where it sends people with their code."""

    def __init__(self, pages: str, api: str, client: str, secret: Secret, back: str, clock: Clock) -> None:
        self._pages, self._api = pages.rstrip("/"), api.rstrip("/")
        self._id, self._secret, self._back = client, secret, back
        self._clock = clock

    def begin(self) -> SignInBegun:
        verifier = secrets.token_urlsafe(VERIFIER_BYTES)
        with self._client() as client:
            address, state = client.create_authorization_url(
                f"{self._pages}/login/oauth/authorize", code_verifier=verifier
            )
        return SignInBegun(address, state, verifier)

    def finish(self, code: str, verifier: str) -> Person:
        """`Blocked` when GitHub doesn't take the code, `Transient` when it doesn't answer."""
        try:
            with self._client() as client:
                client.fetch_token(f"{self._pages}/login/oauth/access_token", code=code, code_verifier=verifier)
                answer = client.get(f"{self._api}/user", headers={"Accept": "application/vnd.github+json"})
                answer.raise_for_status()
                return _person(answer.json())
        except AuthlibBaseError as error:
            told = f"{ATTEMPTED}: it did not take the code ({error.error}). Start again."
            raise Blocked(told, code="sign_in.refused") from error
        except httpx.HTTPStatusError as error:
            kind = Transient if error.response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR else Blocked
            told = f"{ATTEMPTED}: it answered {error.response.status_code}. Start again."
            raise kind(told, code="sign_in.refused") from error
        except httpx.HTTPError as error:
            told = f"{ATTEMPTED}: no answer ({type(error).__name__}). Start again in a moment."
            raise Transient(told, code="sign_in.unreachable") from error
        except (LookupError, TypeError, ValueError) as error:
            raise Transient(f"{ATTEMPTED}: it answered something else.", code="sign_in.unreadable") from error

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            client_id=self._id,
            client_secret=self._secret.reveal(),
            redirect_uri=self._back,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 - GitHub's way, and no secret
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
            trust_env=False,
        )


def _person(shown: Mapping[str, Any]) -> Person:
    """Only people sign in."""
    number, login = shown["id"], shown["login"]
    if shown["type"] != "User" or isinstance(number, bool) or not isinstance(number, int) or not isinstance(login, str):
        raise TypeError("not a person")
    return Person(number, login)
