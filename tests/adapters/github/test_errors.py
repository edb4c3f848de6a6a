"""GitHub's errors, by what happens next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import requests
from github import GithubException
from github.Requester import Requester

from controller.adapters.github.errors import Unreadable, from_answer, translated
from controller.domain.errors import Blocked, TidegateError, Transient

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class StandingClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("an adapter never sleeps")


def answered(status: int, message: str = "", headers: dict[str, str] | None = None) -> TidegateError:
    """As PyGithub itself makes an exception of an answer."""
    error = Requester.createException(status, headers or {}, {"message": message})
    assert isinstance(error, GithubException)
    return from_answer(error, "Reading branch main of acme/captioncraft", NOW)


@pytest.mark.parametrize(
    ("status", "message", "becomes", "code"),
    [
        (401, "Bad credentials", Blocked, "github.credentials"),
        (401, "Requires authentication", Blocked, "github.credentials"),
        (403, "Resource not accessible by integration", Blocked, "github.denied"),
        (403, "API rate limit exceeded for installation", Transient, "github.rate_limit"),
        (403, "You have exceeded a secondary rate limit", Transient, "github.rate_limit"),
        (404, "Not Found", Blocked, "github.repository_missing"),
        (404, "This repository is empty.", Blocked, "github.repository_missing"),
        (422, "Validation Failed", Blocked, "github.refused"),
        (429, "Too many requests", Transient, "github.rate_limit"),
        (500, "", Transient, "github.unavailable"),
        (502, "Server Error", Transient, "github.unavailable"),
        (503, "", Transient, "github.unavailable"),
    ],
)
def test_an_answer_becomes(status: int, message: str, becomes: type[TidegateError], code: str) -> None:
    error = answered(status, message)
    assert (type(error), error.code) == (becomes, code)


def test_every_status_has_a_meaning() -> None:
    assert {type(answered(status, "anything")) for status in range(300, 600)} == {Blocked, Transient}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "17"}, 17),
        ({"Retry-After": "17", "X-RateLimit-Reset": "0"}, 17),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 90)}, 90),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) - 90)}, 1),
        ({"x-ratelimit-remaining": "4000", "x-ratelimit-reset": str(int(NOW.timestamp()) + 3000)}, 60),
        ({}, 60),
    ],
)
def test_a_rate_limit_says_how_long(headers: dict[str, str], seconds: int) -> None:
    error = answered(403, "You have exceeded a secondary rate limit", headers)
    assert isinstance(error, Transient)
    assert error.retry_after == timedelta(seconds=seconds)


def test_a_missing_repository_says_what_the_token_needs() -> None:
    text = str(answered(404, "Not Found"))
    assert text.startswith("Reading branch main of acme/captioncraft: GitHub answered 404: Not Found.")
    assert "Contents: read" in text


@pytest.mark.parametrize(
    "silence", [requests.ConnectionError("refused"), requests.ReadTimeout("slow"), requests.ConnectTimeout("slow")]
)
def test_no_answer_is_tried_again(silence: Exception) -> None:
    with pytest.raises(Transient) as raised, translated("Reading", StandingClock()):
        raise silence
    assert raised.value.code == "github.unreachable"
    assert raised.value.__cause__ is silence


def test_an_answer_that_nobody_understands_is_tried_again() -> None:
    silence = pytest.raises(Transient, match="Reading: GitHub answered something else: /one: no list")
    with silence as raised, translated("Reading", StandingClock()):
        raise Unreadable("/one: no list")
    assert (raised.value.code, raised.value.retry_after) == ("github.unreadable", timedelta(minutes=1))


def test_a_bug_stays_a_bug() -> None:
    with pytest.raises(ZeroDivisionError), translated("Reading", StandingClock()):
        raise ZeroDivisionError
