"""The audit's verification over HTTP."""

from typing import Any

import pytest

from controller.api import asking
from controller.api.asking import LARGEST_ANCHORS
from controller.store import Store
from tests.api.conftest import Door

PATH = "/api/v1/audit/verification"
COMPARISON = "/api/v1/audit/comparison"


def an_anchor(**others: object) -> dict[str, object]:
    return {"position": 2, "link": "f" * 64, "key": "0" * 12, "at": "2026-03-01T12:00:00Z", **others}


def test_an_audit_that_nobody_touched_is_unbroken(door: Door, store: Store) -> None:
    found = door.get(PATH).json()
    with store.read() as unit:
        head = unit.audit.head()
    assert head is not None
    assert found == {
        "unbroken": True,
        "entries": 5,
        "first": 1,
        "last": 5,
        "head": {"position": 5, "link": head.link, "key": head.key},
        "earlier": 0,
        "anchors": 0,
        "restores": [],
        "findings": [],
        "more": 0,
    }


def test_given_anchors_are_compared(door: Door) -> None:
    answer = door.post(COMPARISON, json={"anchors": [an_anchor()]})
    assert answer.status_code == 200
    assert answer.json()["anchors"] == 1
    (finding,) = answer.json()["findings"]
    assert (finding["what"], finding["first"], finding["last"]) == ("forked", 2, 2)


@pytest.mark.parametrize(
    "body",
    [{}, {"anchors": [an_anchor(position=0)]}, {"anchors": [an_anchor(at="noon")]}, {"anchors": [an_anchor(x=1)]}],
)
def test_what_are_no_anchors_is_refused(door: Door, body: dict[str, Any]) -> None:
    assert door.post(COMPARISON, json=body).status_code == 422


def test_a_year_of_anchors_fits_and_not_anything(door: Door) -> None:
    many = [an_anchor(position=number) for number in range(1, 366 * 24)]
    assert door.post(COMPARISON, json={"anchors": many}).status_code == 200
    assert door.post(COMPARISON, content=b"x" * (LARGEST_ANCHORS + 1)).status_code == 413
    assert door.post("/api/v1/environments/dev/orders", content=b"x" * (asking.LARGEST_BODY + 1)).status_code == 413


def test_there_is_one_verification_at_a_time(door: Door) -> None:
    with door.verification:
        answer = door.get(PATH)
    assert answer.status_code == 409
    assert answer.json()["code"] == "verification.running" and answer.headers["Retry-After"]
    assert door.get(PATH).status_code == 200
    assert not door.verification.locked()


def test_nobody_verifies_without_the_token(door: Door) -> None:
    assert door.ask("GET", PATH, token=None).status_code == 401
    assert door.ask("POST", COMPARISON, token=None, json={"anchors": []}).status_code == 401
