"""`ports.SignIn` by GitHub's web flow: state, PKCE, and who it is asked anew each time. The user's token is not kept.

https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
"""

import secrets
from collections.abc import Mapping
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session

from controller.domain.errors import Blocked, Transient
from controller.domain.people import Person
from controller.domain.ports import Clock, SignInBegun
from controller.domain.secret import Secret

JSON = "application/vnd.github+json"
PATIENCE: Mapping[str, Any] = {"timeout": 10.0, "allow_redirects": False}
SERVER_ERRORS = 500
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
        with self._session() as session:
            asked = f"{self._pages}/login/oauth/authorize"
            address, state = session.create_authorization_url(asked, code_verifier=verifier)
        return SignInBegun(address, state, verifier)

    def finish(self, code: str, verifier: str) -> Person:
        """`Blocked` when GitHub doesn't take the code, `Transient` when it doesn't answer."""
        try:
            with self._session() as session:
                where = f"{self._pages}/login/oauth/access_token"
                session.fetch_token(where, code=code, code_verifier=verifier, **PATIENCE)
                answer = session.get(f"{self._api}/user", headers={"Accept": JSON}, **PATIENCE)
                answer.raise_for_status()
                return _person(answer.json())
        except AuthlibBaseError as error:
            told = f"{ATTEMPTED}: it did not take the code ({error.error}). Start again."
            raise Blocked(told, code="sign_in.refused") from None
        except requests.HTTPError as error:
            status = error.response.status_code if error.response is not None else 0
            kind = Transient if status >= SERVER_ERRORS else Blocked
            raise kind(f"{ATTEMPTED}: it answered {status}. Start again.", code="sign_in.refused") from None
        except (requests.JSONDecodeError, LookupError, TypeError, ValueError):
            raise Transient(f"{ATTEMPTED}: it answered something else.", code="sign_in.unreadable") from None
        except (requests.RequestException, OSError) as error:
            told = f"{ATTEMPTED}: no answer ({type(error).__name__}). Start again in a moment."
            raise Transient(told, code="sign_in.unreachable") from None

    def _session(self) -> OAuth2Session:
        session = OAuth2Session(
            client_id=self._id,
            client_secret=self._secret.reveal(),
            redirect_uri=self._back,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 - GitHub's way, and no secret
        )
        session.trust_env = False
        return session


def _person(shown: Mapping[str, Any]) -> Person:
    """Only people sign in."""
    number, login = shown["id"], shown["login"]
    if shown["type"] != "User" or isinstance(number, bool) or not isinstance(number, int) or not isinstance(login, str):
        raise TypeError("not a person")
    return Person(number, login)
