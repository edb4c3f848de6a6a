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
        (b'{"order": "dance", "reason": "why not"}', 422, "'promote', 'pause', 'resume', 'abort', 'rollback'"),
        (b'{"order": "unhold", "reason": 5}', 422, "reason"),
        (b'{"order": "unhold", "reason": ""}', 422, "reason"),
        (b'{"order": "unhold", "reason": " \\n "}', 422, "reason"),
        (b'{"order": "unhold", "reason": "\\u0000"}', 422, "reason: no control characters, please"),
        (b'{"order": "unhold", "reason": "x", "force": true}', 422, "force"),
        (json.dumps({"order": "unhold", "reason": "x" * 1001}).encode(), 422, "1001"),
        (b'{"order": "abort", "reason": "x"}', 422, "which deployment"),
        (b'{"order": "abort", "reason": "x", "deployment": "dev-99"}', 422, "dev-99"),
        (b'{"order": "abort", "reason": "x", "deployment": "staging-2"}', 422, "staging-2"),
        (
            b'{"order": "pause", "reason": "x", "deployment": "dev-2", "for": "30s"}',
            422,
            "for: wanted a time from 1m to 24h",
        ),
        (
            b'{"order": "pause", "reason": "x", "deployment": "dev-2", "for": "25h"}',
            422,
            "for: wanted a time from 1m to 24h",
        ),
        (b'{"order": "pause", "reason": "x", "deployment": "dev-2", "for": "soon"}', 422, "for: wanted a time"),
        (b'{"order": "pause", "reason": "x", "deployment": "dev-2", "limit": "1h"}', 422, "limit"),
        (b'{"order": "promote", "reason": "x", "deployment": "dev-2", "for": "1h"}', 422, "promote takes no 'for'"),
        (b'{"order": "rollback", "reason": "x", "to": "dev-2"}', 422, "order.not_succeeded"),
        (b'{"order": "rollback", "reason": "x", "to": "staging-1"}', 422, "order.unknown_deployment"),
        (b'{"order": "deploy", "reason": "x", "ref": "a b"}', 422, "order.invalid_ref"),
        (b'{"order": "deploy", "reason": "x", "ref": "a\\u0007"}', 422, "control"),
        (b'{"order": "deploy", "reason": "x", "restart": "yes"}', 422, "restart"),
        (b'{"order": "prune", "reason": "x"}', 422, "order.no_service"),
        (b'{"order": "prune", "reason": "x", "service": "backend"}', 422, "order.service_in_use"),
        (b'{"order": "unhold", "reason": "x", "deployment": "dev-2"}', 422, "order.not_for_this"),
        (b" " * (64 * 1024 + 1), 413, "64 KiB"),
    ],
)
def test_a_wrong_order_leaves_no_row(door: Door, body: bytes, status: int, told: str) -> None:
    reply = door.post(PATH, content=body)
    assert reply.status_code == status, reply.text
    assert told in reply.text
    assert door.woken == []
    assert door.get("/api/v1/orders/1").status_code == 404


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"order": "promote", "deployment": "dev-2"}, {"deployment": "dev-2"}),
        ({"order": "pause", "deployment": "dev-2", "for": "1h30m"}, {"deployment": "dev-2", "for": "1h30m"}),
        ({"order": "pause", "deployment": "dev-2", "for": None}, {"deployment": "dev-2"}),
        ({"order": "rollback", "to": "dev-1"}, {"to": "dev-1"}),
        ({"order": "deploy", "ref": "release/2", "restart": True}, {"ref": "release/2", "restart": True}),
        ({"order": "deploy", "correct": True}, {"correct": True}),
        ({"order": "prune", "service": "worker"}, {"service": "worker"}),
    ],
)
def test_what_an_order_wishes_for_is_read_again(door: Door, given: dict[str, Any], shown: dict[str, Any]) -> None:
    assert door.post(PATH, json={"reason": "why not", **given}).status_code == 202
    kept = door.get("/api/v1/orders/1").json()
    wish = {name: kept[name] for name in ("deployment", "to", "ref", "restart", "correct", "service", "for")}
    nothing = {**dict.fromkeys(wish), "restart": False, "correct": False}
    assert wish == nothing | shown


def test_an_order_for_no_environment_is_404(door: Door) -> None:
    reply = door.post("/api/v1/environments/nowhere/orders", json={"order": "unhold", "reason": "x"})
    assert (reply.status_code, reply.json()["code"]) == (404, "environment.unknown")
