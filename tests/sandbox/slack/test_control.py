"""The control API by HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.sandbox.slack.served import Served, actions, an_input, button, modal, section


@pytest.fixture
def control(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{served.slack.origin}/sandbox", trust_env=False) as client:
        yield client


def test_messages_are_read_and_buttons_pressed(served: Served, control: httpx.Client) -> None:
    ts = served.post("x", [section("x"), actions(button())])
    served.post("y", thread_ts=ts)
    read = control.get("/slack/messages/deploys").json()
    assert [each["ts"] for each in read["messages"]] == [ts]
    assert [each["text"] for each in read["threads"][ts]] == ["y"]
    pressed = control.post("/slack/press", json={"person": "ada", "ts": ts, "action_id": "approve"}).json()
    assert pressed == {"status": 200, "trouble": "", "view": None}


def test_a_modal_is_filled_in(served: Served, control: httpx.Client) -> None:
    ts = served.post("x", [actions(button())])
    trigger = served.press("ada", ts, "approve").payload["trigger_id"]
    served.client().views_open(trigger_id=trigger, view=modal(an_input()))
    told = control.post("/slack/submit", json={"person": "ada", "values": {}}).json()
    assert told["view"]["errors"] == {"why": "Please fill in this field."}
    told = control.post("/slack/submit", json={"person": "ada", "values": {"why": "because"}}).json()
    assert (told["status"], told["view"]) == (200, None)


def test_it_misbehaves_when_told_and_until_told_otherwise(served: Served, control: httpx.Client) -> None:
    assert control.post("/faults/slack", json={"kind": "fail", "count": 5, "error": "fatal_error"}).is_success
    assert control.post("/faults/slack", json={"kind": "double", "of": "interactions"}).is_success
    assert control.post("/faults/slack", json={"kind": "limit"}).is_success
    assert served.call("auth.test")["error"] == "fatal_error"
    control.delete("/faults/slack")
    assert served.call("auth.test")["ok"]
    ts = served.post("x", [actions(button())])
    served.post("y")
    served.press("ada", ts, "approve")
    assert len(served.asked) == 1
    assert control.post("/slack/replay", json={}).json() == {"status": 200, "trouble": ""}
    assert len(served.asked) == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/slack/press", {}),
        ("/slack/press", {"person": "nobody", "ts": "1.000000", "action_id": "a"}),
        ("/slack/press", {"person": "ada", "ts": "1.000000", "action_id": "a"}),
        ("/slack/submit", {"person": "ada"}),
        ("/slack/replay", {"number": 3}),
        ("/faults/slack", {"kind": "dance"}),
        ("/faults/slack", {"kind": "dance", "of": "interactions"}),
        ("/faults/slack", {"kind": "fail", "count": 0.5}),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    control: httpx.Client, path: str, body: dict[str, object]
) -> None:
    answered = control.post(path, json=body)
    assert answered.status_code == 422
    assert answered.json()["error"]
