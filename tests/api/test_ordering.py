"""Leaving an order: it is kept once, or refused with the reason."""

import json
from typing import Any

import pytest

from tests.api.conftest import Door

PATH = "/api/v1/environments/dev/orders"
AN_ORDER: dict[str, Any] = {"order": "abort", "reason": "it looks wrong", "deployment": "dev-2"}


def test_an_order_is_kept_and_the_loop_is_woken(door: Door) -> None:
    reply = door.post(PATH, json=AN_ORDER)
    assert (reply.status_code, reply.json()) == (202, {"id": 1})
    assert door.woken == ["dev"]
    kept = door.get("/api/v1/orders/1").json()
    assert (kept["order"], kept["deployment"], kept["state"]) == ("abort", "dev-2", "received")
    assert door.get("/api/v1/audit?limit=1").json()["items"][0]["event"] == "order.accepted"


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"", 400, "JSON"),
        (b"{", 400, "JSON"),
        (b"\xff\xfe", 400, "JSON"),
        (b"[" * 60_000, 400, "JSON"),
        (b'{"order": "abort", "reason": "\\ud800", "deployment": "dev-2"}', 400, "JSON"),
        (b"[]", 422, "body"),
        (b"null", 422, "body"),
        (b"{}", 422, "reason"),
        (b'{"order": "dance", "reason": "why not"}', 422, "'abort' or 'unhold'"),
        (b'{"order": "unhold", "reason": 5}', 422, "reason"),
        (b'{"order": "unhold", "reason": ""}', 422, "reason"),
        (b'{"order": "unhold", "reason": " \\n "}', 422, "reason"),
        (b'{"order": "unhold", "reason": "\\u0000"}', 422, "control"),
        (b'{"order": "unhold", "reason": "x", "force": true}', 422, "force"),
        (json.dumps({"order": "unhold", "reason": "x" * 1001}).encode(), 422, "1001"),
        (b'{"order": "abort", "reason": "x"}', 422, "which deployment"),
        (b'{"order": "abort", "reason": "x", "deployment": "dev-99"}', 422, "dev-99"),
        (b'{"order": "abort", "reason": "x", "deployment": "staging-2"}', 422, "staging-2"),
        (b" " * (64 * 1024 + 1), 413, "64 KiB"),
    ],
)
def test_a_wrong_order_leaves_no_row(door: Door, body: bytes, status: int, told: str) -> None:
    reply = door.post(PATH, content=body)
    assert reply.status_code == status, reply.text
    assert told in reply.text
    assert door.woken == []
    assert door.get("/api/v1/orders/1").status_code == 404


def test_an_order_for_no_environment_is_404(door: Door) -> None:
    reply = door.post("/api/v1/environments/nowhere/orders", json={"order": "unhold", "reason": "x"})
    assert (reply.status_code, reply.json()["code"]) == (404, "environment.unknown")
