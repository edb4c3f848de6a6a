"""Signing in by GitHub: what is asked, what it answers, and every way in which it can go wrong."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from controller.adapters.clock import SystemClock
from controller.adapters.github.oauth import GitHubSignIn
from controller.domain.errors import Blocked, TidegateError, Transient
from controller.domain.people import Person
from controller.domain.secret import Secret
from sandbox.github.oauth import OAuthApp
from tests.sandbox.github.served import Served

BACK = "http://127.0.0.1:8080/sign-in/callback"
CLIENT, SECRET = "an-oauth-app", "the secret of the app"
ADA = {"id": 1001, "login": "ada", "type": "User"}
TOKEN = {"access_token": "gho_x", "scope": "", "token_type": "bearer"}


class Recorded:
    """Answers each path with what is recorded for it, and keeps what was asked."""

    def __init__(self, answers: dict[str, tuple[int, Any]]) -> None:
        self.asked: list[tuple[str, dict[str, str], str]] = []
        recorded = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
                recorded.asked.append((self.path, dict(self.headers), body))
                status, content = answers[self.path]
                told = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(told)))
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(told)

            do_GET = do_POST = _answer  # noqa: N815  (the names of http.server)

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def recorded(token: tuple[int, Any] = (200, TOKEN), user: tuple[int, Any] = (200, ADA)) -> Iterator[Recorded]:
    made = Recorded({"/login/oauth/access_token": token, "/user": user})
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def sign_in(origin: str, api: str = "", secret: str = SECRET) -> GitHubSignIn:
    return GitHubSignIn(origin, api or origin, CLIENT, Secret(secret), BACK, SystemClock())


def test_it_begins_with_a_state_and_a_challenge_of_its_own_each_time() -> None:
    first, second = sign_in("https://github.com").begin(), sign_in("https://github.com").begin()
    address = urlsplit(first.address)
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert f"{address.scheme}://{address.netloc}{address.path}" == "https://github.com/login/oauth/authorize"
    digest = hashlib.sha256(first.verifier.encode()).digest()
    assert asked == {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": BACK,
        "state": first.state,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    assert first.state != second.state and first.verifier != second.verifier
    assert len(first.state) >= 30 and 43 <= len(first.verifier) <= 128


def test_the_code_is_exchanged_with_its_verifier_and_who_it_is_is_asked() -> None:
    with recorded() as github:
        assert sign_in(github.origin).finish("the-code", "the-verifier") == Person(1001, "ada")
    (where, _, body), (user, headers, _) = github.asked
    sent = {name: values[0] for name, values in parse_qs(body).items()}
    assert where == "/login/oauth/access_token"
    assert sent == {
        "grant_type": "authorization_code",
        "code": "the-code",
        "code_verifier": "the-verifier",
        "redirect_uri": BACK,
        "client_id": CLIENT,
        "client_secret": SECRET,
    }
    assert (user, headers["Authorization"]) == ("/user", "Bearer gho_x")


WRONG_CODE = {"error": "bad_verification_code", "error_description": "The code passed is incorrect or expired."}


@pytest.mark.parametrize(
    ("token", "user", "kind", "code"),
    [
        ((200, WRONG_CODE), (200, ADA), Blocked, "sign_in.refused"),
        ((200, {"error": "incorrect_client_credentials"}), (200, ADA), Blocked, "sign_in.refused"),
        ((404, {"error": "Not Found"}), (200, ADA), Blocked, "sign_in.refused"),
        ((500, b"oops"), (200, ADA), Transient, None),
        ((200, b"<html>"), (200, ADA), Transient, None),
        ((302, b""), (200, ADA), Transient, None),
        ((200, TOKEN), (401, {"message": "Bad credentials"}), Blocked, "sign_in.refused"),
        ((200, TOKEN), (503, b""), Transient, "sign_in.refused"),
        ((200, TOKEN), (200, b"<html>"), Transient, "sign_in.unreadable"),
        ((200, TOKEN), (200, {}), Transient, "sign_in.unreadable"),
        ((200, TOKEN), (200, []), Transient, "sign_in.unreadable"),
        ((200, TOKEN), (302, b""), Transient, "sign_in.unreadable"),
        *(
            ((200, TOKEN), (200, {**ADA, **wrong}), Transient, "sign_in.unreadable")
            for wrong in ({"type": "Bot"}, {"type": "Organization"}, {"id": "1001"}, {"id": True}, {"login": None})
        ),
    ],
)
def test_whatever_goes_wrong_nobody_is_signed_in_and_no_secret_is_told(
    token: tuple[int, Any], user: tuple[int, Any], kind: type[TidegateError], code: str | None
) -> None:
    with recorded(token, user) as github, pytest.raises(TidegateError) as caught:
        sign_in(github.origin).finish("the-code", "the-verifier")
    assert isinstance(caught.value, kind if code else (Transient, Blocked))
    assert code in {None, caught.value.code}
    assert not any(secret in repr(caught.value) for secret in (SECRET, "the-code", "the-verifier", "gho_x"))


def test_a_github_that_is_away_is_to_be_asked_again() -> None:
    with pytest.raises(Transient) as caught:
        sign_in("http://127.0.0.1:9").finish("the-code", "the-verifier")
    assert caught.value.code == "sign_in.unreachable"


@pytest.fixture
def app(served: Served) -> Served:
    served.github.oauth.register(OAuthApp(CLIENT, SECRET, "Tidegate", (BACK,)))
    return served


def chosen(served: Served, challenge: str) -> str:
    person = served.github.desk.state.people.named("ada")
    assert person is not None
    return served.github.oauth.code(person, BACK, challenge)


def challenge_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["code_challenge"][0]


def test_the_sandboxs_github_lets_in_who_chose_to_once_and_with_the_verifier_only(app: Served) -> None:
    door = sign_in(app.github.origin, app.github.api)
    begun, other = door.begin(), door.begin()
    code = chosen(app, challenge_of(begun.address))
    assert door.finish(code, begun.verifier).login == "ada"
    with pytest.raises(Blocked, match="bad_verification_code"):
        door.finish(code, begun.verifier)
    with pytest.raises(Blocked, match="bad_verification_code"):
        door.finish(chosen(app, challenge_of(begun.address)), other.verifier)


def test_the_sandboxs_github_wants_the_apps_secret(app: Served) -> None:
    door = sign_in(app.github.origin, app.github.api, secret="another")
    begun = door.begin()
    with pytest.raises(Blocked, match="incorrect_client_credentials"):
        door.finish(chosen(app, challenge_of(begun.address)), begun.verifier)
