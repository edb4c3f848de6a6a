"""The sandbox's sign-in, as a browser and an app see it."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from sandbox.github.oauth import OAuthApp
from tests.sandbox.github.served import Served

BACK = "http://127.0.0.1:8080/sign-in/callback"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASKED = {"client_id": "app", "redirect_uri": BACK, "state": "s&1", "code_challenge": CHALLENGE}


@pytest.fixture
def app(served: Served) -> Served:
    served.github.oauth.register(OAuthApp("app", "secret", "Tidegate", (BACK,)))
    return served


def authorize(app: Served, **asked: str) -> httpx.Response:
    return httpx.get(f"{app.github.origin}/login/oauth/authorize", params={**ASKED, **asked}, trust_env=False)


def choose(app: Served, login: str, **asked: str) -> httpx.Response:
    form = {**ASKED, **asked, "login": login}
    return httpx.post(f"{app.github.origin}/login/oauth/authorize", data=form, trust_env=False)


def exchange(app: Served, code: str, **changes: str) -> Any:
    form = {"client_id": "app", "client_secret": "secret", "code": code, "redirect_uri": BACK}
    form |= {"code_verifier": VERIFIER, **changes}
    where = f"{app.github.origin}/login/oauth/access_token"
    return httpx.post(where, data=form, headers={"Accept": "application/json"}, trust_env=False).json()


def code_in(reply: httpx.Response) -> str:
    query = parse_qs(urlsplit(reply.headers["location"]).query)
    assert (reply.status_code, query["state"]) == (302, ["s&1"])
    return query["code"][0]


def test_the_page_offers_everybody_who_is_a_person_and_nobody_else(app: Served) -> None:
    page = authorize(app).text
    names = set(re.findall(r"<button name=login value=([\w-]+)>", page))
    people = {person.login for person in app.github.desk.state.people.everyone if person.type == "User"}
    assert names == people | {"cancel"}
    assert "s&amp;1" in page


@pytest.mark.parametrize(
    "wrong", [{"client_id": "other"}, {"redirect_uri": "http://evil.example/"}, {"redirect_uri": ""}]
)
def test_a_strangers_address_is_never_sent_to(app: Served, wrong: dict[str, str]) -> None:
    assert authorize(app, **wrong).status_code == 400
    assert choose(app, "ada", **wrong).status_code == 400


def test_who_chose_comes_back_with_a_code_that_is_good_for_their_token(app: Served) -> None:
    found = exchange(app, code_in(choose(app, "ada")))
    assert (found["token_type"], found["scope"]) == ("bearer", "")
    headers = {"Authorization": f"Bearer {found['access_token']}"}
    assert httpx.get(f"{app.github.api}/user", headers=headers, trust_env=False).json()["login"] == "ada"


def test_who_cancels_comes_back_without_one(app: Served) -> None:
    query = parse_qs(urlsplit(choose(app, "cancel").headers["location"]).query)
    assert (query["error"], "code" in query) == (["access_denied"], False)


@pytest.mark.parametrize("login", ["nobody-here", "", "tidegate[bot]"])
def test_nobody_else_can_be_chosen(app: Served, login: str) -> None:
    assert choose(app, login).status_code == 400


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"client_secret": "x"}, "incorrect_client_credentials"),
        ({"client_id": "x"}, "incorrect_client_credentials"),
        ({"code": "x"}, "bad_verification_code"),
        ({"code_verifier": "x" * 64}, "bad_verification_code"),
        ({"code_verifier": ""}, "bad_verification_code"),
        ({"redirect_uri": "http://evil.example/"}, "redirect_uri_mismatch"),
    ],
)
def test_an_exchange_that_is_not_right_gives_no_token(app: Served, wrong: dict[str, str], error: str) -> None:
    found = exchange(app, **{"code": code_in(choose(app, "ada")), **wrong})
    assert (found["error"], "access_token" in found) == (error, False)


def test_a_code_works_once(app: Served) -> None:
    code = code_in(choose(app, "ada"))
    assert "access_token" in exchange(app, code)
    assert exchange(app, code)["error"] == "bad_verification_code"
