"""The two addresses of SNS: one request each, no redirect, and no more of an answer than there should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from controller.adapters.aws.topics import BODY_SECONDS, LIMIT_BYTES, SnsTopics
from controller.domain.errors import Transient
from tests.support.database import MovedClock

ADDRESS = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem"
CONFIRMS = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=a-secret"


class Amazon:
    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.asked: list[httpx.Request] = []
        self._answer = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self._answer(request)


def topics(
    answer: Callable[[httpx.Request], httpx.Response], clock: MovedClock | None = None
) -> tuple[SnsTopics, Amazon]:
    amazon = Amazon(answer)
    return SnsTopics(clock or MovedClock(), httpx.MockTransport(amazon)), amazon


def test_a_certificate_is_what_is_at_its_address() -> None:
    found, amazon = topics(lambda _: httpx.Response(200, content=b"-----BEGIN"))
    assert found.certificate(ADDRESS) == b"-----BEGIN"
    [asked] = amazon.asked
    assert (asked.method, str(asked.url), asked.headers["Accept-Encoding"]) == ("GET", ADDRESS, "identity")
    assert not {"Cookie", "Authorization"} & set(asked.headers)


def test_a_subscription_is_confirmed_by_one_request() -> None:
    found, amazon = topics(lambda _: httpx.Response(200, content=b"<ConfirmSubscriptionResponse/>"))
    found.confirm(CONFIRMS)
    assert [str(asked.url) for asked in amazon.asked] == [CONFIRMS]


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 308, 400, 403, 404, 429, 500, 503])
def test_nothing_but_200_is_an_answer_and_no_redirect_is_followed(status: int) -> None:
    elsewhere = {"Location": "https://attacker.io/a.pem"}
    found, amazon = topics(lambda _: httpx.Response(status, headers=elsewhere, content=b"-----BEGIN"))
    with pytest.raises(Transient, match=str(status)):
        found.certificate(ADDRESS)
    assert len(amazon.asked) == 1


def test_an_answer_without_end_is_left() -> None:
    given = 0

    def endless() -> Iterator[bytes]:
        nonlocal given
        while True:
            given += 4096
            yield b"x" * 4096

    found, _ = topics(lambda _: httpx.Response(200, content=endless()))
    with pytest.raises(Transient, match="more than"):
        found.certificate(ADDRESS)
    assert given < 2 * LIMIT_BYTES


def test_an_answer_that_drips_is_left() -> None:
    clock = MovedClock()

    def dripping() -> Iterator[bytes]:
        for _ in range(1000):
            clock.sleep(BODY_SECONDS / 3)
            yield b"x"

    found, _ = topics(lambda _: httpx.Response(200, content=dripping()), clock)
    with pytest.raises(Transient, match="not read within"):
        found.certificate(ADDRESS)


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("?")]
)
def test_no_answer_is_transient(error: Exception) -> None:
    def raising(_: httpx.Request) -> httpx.Response:
        raise error

    found, _ = topics(raising)
    with pytest.raises(Transient, match=type(error).__name__):
        found.certificate(ADDRESS)


def test_no_error_repeats_the_token_that_confirms() -> None:
    found, _ = topics(lambda _: httpx.Response(403))
    with pytest.raises(Transient) as raised:
        found.confirm(CONFIRMS)
    assert "a-secret" not in str(raised.value)
