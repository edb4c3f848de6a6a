"""Is a request Slack's? Its own example is; nothing crafted is, and nothing crafted breaks us."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.slack.verifier import SlackSignatures

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
STAMP = "1531420618"
BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
"""https://docs.slack.dev/authentication/verifying-requests-from-slack"""


THEN = datetime.fromtimestamp(int(STAMP), UTC)


@dataclass
class At:
    moment: datetime = THEN

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody sleeps here")


def signatures(*secrets: str, later: timedelta = timedelta(0)) -> SlackSignatures:
    return SlackSignatures(secrets or (SECRET,), At(THEN + later))


def test_slacks_own_example_is_slacks() -> None:
    assert signatures().is_slacks(BODY, STAMP, SIGNATURE)


def test_two_secrets_overlap_while_one_is_exchanged() -> None:
    assert signatures("another secret", SECRET).is_slacks(BODY, STAMP, SIGNATURE)
    assert not signatures("another secret").is_slacks(BODY, STAMP, SIGNATURE)


@pytest.mark.parametrize(("minutes", "accepted"), [(4.9, True), (-4.9, True), (5.1, False), (-5.1, False)])
def test_what_is_older_or_newer_than_five_minutes_is_never_slacks(minutes: float, accepted: bool) -> None:
    late = signatures(later=timedelta(minutes=minutes))
    assert late.is_slacks(BODY, STAMP, SIGNATURE) is accepted


@pytest.mark.parametrize(
    ("body", "stamp", "signature"),
    [
        (BODY + b"&", STAMP, SIGNATURE),
        (BODY, "1531420619", SIGNATURE),
        (BODY, STAMP, SIGNATURE[:-1] + "4"),
        (BODY, STAMP, SIGNATURE.removeprefix("v0=")),
        (BODY, STAMP, "v1=" + SIGNATURE.removeprefix("v0=")),
        (BODY, STAMP, SIGNATURE.upper()),
        (BODY, STAMP, ""),
        (BODY, "", SIGNATURE),
        (BODY, "now", SIGNATURE),
        (BODY, "-" + STAMP, SIGNATURE),
        (BODY, "9" * 400, SIGNATURE),
        (BODY, "9" * 5000, SIGNATURE),
        (BODY, "\u0661\u0665", SIGNATURE),
        (BODY, "1e9", SIGNATURE),
        (BODY, STAMP, "v0=\u00e9"),
        (b"\xff\xfe", STAMP, SIGNATURE),
    ],
)
def test_nothing_else_is(body: bytes, stamp: str, signature: str) -> None:
    assert not signatures().is_slacks(body, stamp, signature)


@given(st.binary(max_size=40), st.text(max_size=20), st.text(max_size=80))
def test_whatever_is_sent_nothing_raises_and_nothing_is_slacks(body: bytes, stamp: str, signature: str) -> None:
    assert not signatures().is_slacks(body, stamp, signature)


@given(st.text(alphabet="0123456789", max_size=30), st.text(max_size=80))
def test_nor_does_any_number(stamp: str, signature: str) -> None:
    assert not signatures().is_slacks(BODY, stamp, signature)


def test_a_body_that_is_no_text_is_never_slacks_even_signed() -> None:
    body = b"\xff\x00"
    digest = hmac.new(SECRET.encode(), b"v0:" + STAMP.encode() + b":" + body, hashlib.sha256).hexdigest()
    assert not signatures().is_slacks(body, STAMP, f"v0={digest}")


@pytest.mark.parametrize("secrets", [[], [""], [SECRET, "  "]])
def test_without_a_secret_there_is_no_checking(secrets: list[str]) -> None:
    with pytest.raises(ValueError, match="signing secret"):
        SlackSignatures(secrets, At())
