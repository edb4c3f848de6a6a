"""What leaves for addresses of others: the exact requests, signatures that others verify, and every answer."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from controller.adapters.outgoing import RETRY, SECONDS, Outgoing
from controller.adapters.pagerduty import LONGEST_SUMMARY, PagerDuty
from controller.adapters.webhook import WebhookReceiver, key_of, message_id, signature
from controller.domain.alerting import Alert, Severity
from controller.domain.errors import Blocked, Transient
from controller.domain.secret import Secret
from sandbox.slack.blocks.rules import MESSAGE_BLOCKS
from tests.adapters.slack.test_blocks import LONGEST, ORDINARY
from tests.domain.test_bulletin import ASKS
from tests.support.database import MovedClock

ADDRESS = "https://hooks.example/services/T1/B1/very-secret"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ALERT = Alert("tidegate/acme/x/prod", "prod", Severity.CRITICAL, "prod-7 needs a person", "https://t.example/d/prod-7")


class Them:
    def __init__(self, answer: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(200)) -> None:
        self.asked: list[httpx.Request] = []
        self._answer = answer
        self.outgoing = Outgoing(httpx.MockTransport(self))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self._answer(request)

    def receiver(self, *secrets: str) -> WebhookReceiver:
        given = [Secret(secret) for secret in secrets]
        return WebhookReceiver("webhook-1", Secret(ADDRESS), given, self.outgoing, MovedClock())

    @property
    def body(self) -> dict[str, Any]:
        return dict(json.loads(self.asked[-1].content))


# ---------------------------------------------------------------- signatures


def test_the_specification_s_own_example_is_signed_as_it_says() -> None:
    """https://github.com/standard-webhooks/standard-webhooks: the vector of its libraries."""
    body = b'{"test": 2432232314}'
    made = signature(key_of(Secret(SECRET)), "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_message_is_signed_under_each_secret_over_its_id_its_time_and_its_body() -> None:
    them = Them()
    them.receiver(SECRET, "a secret without a prefix").take(ASKS)
    [asked] = them.asked
    signed = f"{asked.headers['webhook-id']}.{asked.headers['webhook-timestamp']}.".encode() + asked.content
    keys = [base64.b64decode(SECRET.removeprefix("whsec_")), b"a secret without a prefix"]
    made = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys]
    assert asked.headers["webhook-signature"].split() == [f"v1,{one}" for one in made]
    assert asked.headers["webhook-timestamp"] == str(int(MovedClock().now().timestamp()))


def test_without_a_secret_nothing_is_signed() -> None:
    them = Them()
    them.receiver().take(ASKS)
    assert "webhook-signature" not in them.asked[0].headers
    assert "webhook-id" in them.asked[0].headers


def test_the_same_event_has_the_same_id_and_no_id_has_a_dot() -> None:
    assert message_id("prod:drift.found:1") == message_id("prod:drift.found:1") != message_id("prod:drift.found:2")
    assert "." not in message_id("prod:drift.found:1")


# ---------------------------------------------------------------- bodies


def test_a_message_says_what_happened_how_things_stand_and_where_it_is_answered() -> None:
    them = Them()
    them.receiver().take(ASKS)
    assert (them.body["version"], them.body["type"]) == (1, "approval.asked")
    assert them.body["data"]["review"] == ORDINARY.review
    assert them.body["data"]["is_asked"] is True
    assert them.body["data"]["facts"]["Services"] == "backend"
    assert set(them.body["data"]) == {
        *("environment", "text", "deployment", "title", "state", "why", "facts", "warning", "ending", "link"),
        *("review", "is_asked", "needs_a_person", "is_over", "ended_badly"),
    }


@pytest.mark.parametrize(
    "bulletin", [ASKS, replace(ASKS, telling=LONGEST), replace(ASKS, telling=None, text="<!here>")]
)
def test_slack_takes_what_is_sent_to_a_webhook_of_its(bulletin: Any) -> None:
    them = Them()
    them.receiver().take(bulletin)
    assert list(MESSAGE_BLOCKS(them.body["blocks"], "")) == []
    assert "<" not in them.body["text"]
    assert len(them.asked[0].content) < 64 * 1024


def test_an_alert_is_one_event_under_its_name() -> None:
    them = Them(lambda _: httpx.Response(202))
    pager = PagerDuty("https://events.pagerduty.example/v2/enqueue", Secret("R" * 32), them.outgoing)
    pager.trigger(replace(ALERT, summary="x" * 3000))
    assert len(them.body["payload"]["summary"]) == LONGEST_SUMMARY
    assert (them.body["routing_key"], them.body["event_action"], them.body["dedup_key"]) == (
        "R" * 32,
        "trigger",
        ALERT.name,
    )
    assert (them.body["payload"]["severity"], them.body["payload"]["source"]) == ("critical", "prod")
    assert them.body["links"] == [{"href": ALERT.link, "text": "The deployment"}]
    pager.resolve(ALERT.name)
    assert them.body == {"routing_key": "R" * 32, "event_action": "resolve", "dedup_key": ALERT.name}


# ---------------------------------------------------------------- answers


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_it_is_taken(status: int) -> None:
    them = Them(lambda _: httpx.Response(status))
    them.receiver().take(ASKS)
    assert len(them.asked) == 1, "it is sent once, and nothing is raised"


@pytest.mark.parametrize(
    ("status", "after", "wait"),
    [
        (408, "", RETRY),
        (425, "", RETRY),
        (429, "7", timedelta(seconds=7)),
        (429, "soon", RETRY),
        (429, "9999", timedelta(hours=1)),
        (429, "9" * 40, RETRY),
        (429, "-1", RETRY),
        (500, "", RETRY),
        (503, "120", timedelta(minutes=2)),
    ],
)
def test_what_may_pass_by_itself_comes_again(status: int, after: str, wait: timedelta) -> None:
    them = Them(lambda _: httpx.Response(status, headers={"Retry-After": after} if after else {}))
    with pytest.raises(Transient) as caught:
        them.receiver().take(ASKS)
    assert caught.value.retry_after == wait
    assert "very-secret" not in str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 403, 404, 410, 413])
def test_a_refusal_is_final_and_a_redirect_is_one(status: int) -> None:
    them = Them(lambda _: httpx.Response(status, headers={"Location": "https://elsewhere.example/"}))
    with pytest.raises(Blocked) as caught:
        them.receiver().take(ASKS)
    assert len(them.asked) == 1
    assert "very-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "error",
    [httpx.ConnectError("no"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("what"), httpx.InvalidURL("?")],
)
def test_no_answer_comes_again_and_says_nothing_of_the_address(error: Exception) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(Transient) as caught:
        Them(fail).receiver().take(ASKS)
    assert "very-secret" not in str(caught.value)


def test_nothing_of_an_answer_is_read() -> None:
    def endless() -> Iterator[bytes]:
        raise AssertionError("somebody reads it")
        yield b""

    Them(lambda _: httpx.Response(200, content=endless())).receiver().take(ASKS)
    assert SECONDS <= 10
