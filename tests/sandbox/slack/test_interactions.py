"""What the app hears of people, and what its answers do."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from slack_sdk.signature import Clock as VerifierClock
from slack_sdk.signature import SignatureVerifier

from sandbox.slack.misbehaviour import InteractionFault
from sandbox.slack.sending import Answer, signature
from tests.sandbox.slack.served import (
    ADA,
    DEPLOYS,
    REQUEST_URL,
    Asked,
    Json,
    Served,
    actions,
    an_input,
    button,
    modal,
    section,
)


class At(VerifierClock):
    """The verifier's clock, set to the sandbox's."""

    def __init__(self, served: Served) -> None:
        self._now = served.clock.now().timestamp()

    def now(self) -> float:
        return self._now


def is_believed(served: Served, asked: Asked) -> bool:
    verifier = SignatureVerifier(served.slack.state.app.signing_secret, At(served))
    return verifier.is_valid_request(asked.body, dict(asked.headers))


def a_gate(served: Served, **more: Any) -> str:
    """A message with an Approve button; its ts."""
    return served.post("prod waits", [section("prod waits"), actions(button(value="gate-7", **more))])


def opened(served: Served, view: Json) -> str:
    """A modal in front of Ada; its id."""
    pressed = served.press("ada", a_gate(served), "approve")
    return str(served.client().views_open(trigger_id=pressed.payload["trigger_id"], view=view)["view"]["id"])


def submit(served: Served, view: str, **values: str) -> Any:
    return served.run(served.slack.control.submit("ada", view, values))


def test_the_signature_is_slacks_own_vector() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    made = signature("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", body)
    assert made == "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


def test_a_press_is_signed_and_says_who_did_what_where(served: Served) -> None:
    ts = a_gate(served)
    served.press("ada", ts, "approve")
    (asked,) = served.asked
    assert (asked.method, asked.url) == ("POST", REQUEST_URL)
    assert is_believed(served, asked)
    payload = asked.payload
    assert payload["type"] == "block_actions"
    assert payload["team"] == {"id": "T05ACME0001", "domain": "acme"}
    assert payload["user"] == {"id": ADA, "username": "ada.lovelace", "name": "ada.lovelace", "team_id": "T05ACME0001"}
    assert payload["api_app_id"] == "A05TIDEGATE"
    assert payload["container"] == {
        "type": "message", "message_ts": ts, "channel_id": DEPLOYS, "is_ephemeral": False,
    }  # fmt: skip
    assert payload["channel"] == {"id": DEPLOYS, "name": "deploys"}
    assert payload["message"]["ts"] == ts
    (action,) = payload["actions"]
    assert {name: action[name] for name in ("type", "action_id", "block_id", "value")} == {
        "type": "button", "action_id": "approve", "block_id": "decide", "value": "gate-7",
    }  # fmt: skip
    assert action["action_ts"] > ts


def test_options_that_are_chosen_are_named(served: Served) -> None:
    choices = [{"text": {"type": "plain_text", "text": name}, "value": name} for name in ("a", "b")]
    parts = [{"type": kind, "action_id": kind, "options": choices} for kind in ("static_select", "checkboxes")]
    ts = served.post("x", [actions(*parts)])
    one = served.press("ada", ts, "static_select", chosen=["b"]).payload["actions"][0]
    assert one["selected_option"]["value"] == "b"
    many = served.press("ada", ts, "checkboxes", chosen=["a", "b"]).payload["actions"][0]
    assert [each["value"] for each in many["selected_options"]] == ["a", "b"]


def test_only_who_sees_a_message_can_press_in_it(served: Served) -> None:
    ts = served.client().chat_postEphemeral(channel=DEPLOYS, user=ADA, text="x", blocks=[actions(button())])[
        "message_ts"
    ]
    payload = served.press("ada", ts, "approve").payload
    assert payload["container"]["is_ephemeral"]
    assert "message" not in payload
    with pytest.raises(LookupError, match="sees no message"):
        served.press("grace", ts, "approve")
    with pytest.raises(LookupError, match="nothing to press"):
        served.press("ada", ts, "reject")


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (Answer(200), ""),
        (Answer(204), ""),
        (Answer(302), "status code 302"),
        (Answer(500), "status code 500"),
        (Answer(0, trouble="did not answer within 3 seconds"), "did not answer within 3 seconds"),
    ],
)
def test_a_press_that_was_not_answered_well_is_told_of_until_one_is(
    served: Served, answer: Answer, trouble: str
) -> None:
    ts, served.answer = a_gate(served), answer
    assert trouble in served.press("ada", ts, "approve").trouble
    warned = served.slack.state.warnings.get((ADA, DEPLOYS, ts), "")
    assert trouble in warned
    assert bool(warned) == bool(trouble)
    served.answer = Answer(200)
    served.press("ada", ts, "approve")
    assert served.slack.state.warnings == {}


# Modals.


def test_a_trigger_opens_one_modal_within_three_seconds(served: Served) -> None:
    ts = a_gate(served)
    first, second = (served.press("ada", ts, "approve").payload["trigger_id"] for _ in range(2))
    assert served.call("views.open", trigger_id=first, view=modal())["ok"]
    assert served.call("views.open", trigger_id=first, view=modal())["error"] == "exchanged_trigger_id"
    served.clock.advance(3.1)
    assert served.call("views.open", trigger_id=second, view=modal())["error"] == "expired_trigger_id"
    assert served.call("views.open", trigger_id="made up", view=modal())["error"] == "invalid_arguments"


def test_a_submission_carries_what_was_filled_in(served: Served) -> None:
    view = opened(served, modal(private_metadata="gate-7", callback_id="reject"))
    interaction = submit(served, view, why="too risky on a Friday")
    payload = served.asked[-1].payload
    assert is_believed(served, served.asked[-1])
    assert (payload["type"], payload["user"]["id"], payload["view"]["id"]) == ("view_submission", ADA, view)
    assert (payload["view"]["private_metadata"], payload["view"]["callback_id"]) == ("gate-7", "reject")
    assert payload["view"]["state"]["values"] == {
        "why": {"reason": {"type": "plain_text_input", "value": "too risky on a Friday"}}
    }
    assert interaction.trouble == ""
    assert served.slack.control.view("ada") is None


def test_slack_itself_asks_for_what_is_missing_and_sends_nothing(served: Served) -> None:
    view = opened(served, modal(an_input(min_length=5)))
    before = len(served.asked)
    assert submit(served, view) is None
    assert served.slack.control.view("ada").errors == {"why": "Please fill in this field."}
    assert submit(served, view, why="no") is None
    assert len(served.asked) == before


@pytest.mark.parametrize(
    ("answer", "is_open", "errors", "trouble"),
    [
        ({}, False, {}, ""),
        ({"response_action": "clear"}, False, {}, ""),
        ({"response_action": "errors", "errors": {"why": "Say more."}}, True, {"why": "Say more."}, ""),
        ({"response_action": "errors", "errors": {"nothing": "x"}}, True, {}, "invalid_errors"),
        ({"response_action": "update", "view": {"type": "modal"}}, True, {}, "invalid_arguments"),
        ({"response_action": "dance"}, True, {}, "can't be understood"),
    ],
)
def test_an_answer_to_a_submission_is_obeyed(
    served: Served, answer: Json, is_open: bool, errors: dict[str, str], trouble: str
) -> None:
    view = opened(served, modal())
    served.answer = Answer(200, json.dumps(answer).encode())
    submit(served, view, why="because")
    found = served.slack.control.view("ada")
    assert (found is not None) == is_open
    if found is not None:
        assert found.errors == errors
        assert trouble in found.trouble


def test_a_submission_may_be_answered_with_another_view(served: Served) -> None:
    view = opened(served, modal())
    fresh = modal(section("Done."), submit=None)
    served.answer = Answer(200, json.dumps({"response_action": "update", "view": fresh}).encode())
    submit(served, view, why="because")
    assert served.slack.control.view("ada").view["blocks"][0]["text"]["text"] == "Done."


def test_a_submission_that_fails_stays_open_with_what_was_written(served: Served) -> None:
    view = opened(served, modal())
    served.answer = Answer(503)
    submit(served, view, why="because")
    found = served.slack.control.view("ada")
    assert "503" in found.trouble
    assert found.values["why"]["reason"]["value"] == "because"


def test_a_view_is_updated_by_its_id_unless_it_has_changed_meanwhile(served: Served) -> None:
    view = opened(served, modal(external_id="gate-7"))
    first = served.slack.control.view("ada").hash
    assert served.call("views.update", view_id=view, hash=first, view=modal())["ok"]
    assert served.call("views.update", view_id=view, hash=first, view=modal())["error"] == "hash_conflict"
    assert served.call("views.update", view_id="V0", view=modal())["error"] == "not_found"


def test_a_modal_that_is_closed_is_told_of_where_that_was_asked_for(served: Served) -> None:
    quiet, loud = opened(served, modal()), opened(served, modal(notify_on_close=True))
    assert served.run(served.slack.control.close("ada", quiet)) is None
    assert served.run(served.slack.control.close("ada", loud)).payload["type"] == "view_closed"


# The address for answers.


def test_a_response_url_works_five_times_in_half_an_hour(served: Served) -> None:
    ts = a_gate(served)
    address = served.press("ada", ts, "approve").payload["response_url"]
    answers = [httpx.post(address, json={"text": str(number)}, trust_env=False) for number in range(6)]
    assert [each.status_code for each in answers] == [200] * 5 + [404]
    assert answers[5].json() == {"ok": False, "error": "used_url"}
    assert [each.text for each in served.slack.control.whispers("deploys", "ada")] == ["0", "1", "2", "3", "4"]
    late = served.press("ada", ts, "approve").payload["response_url"]
    served.clock.advance(1801)
    assert httpx.post(late, json={"text": "x"}, trust_env=False).json()["error"] == "expired_url"


def test_a_response_url_replaces_deletes_and_speaks_up(served: Served) -> None:
    ts = a_gate(served)
    address = served.press("ada", ts, "approve").payload["response_url"]
    httpx.post(address, json={"text": "for all", "response_type": "in_channel"}, trust_env=False)
    httpx.post(address, json={"text": "approved", "replace_original": True}, trust_env=False)
    assert [(each.text, len(each.blocks)) for each in served.slack.control.messages("deploys")] == [
        ("approved", 0), ("for all", 0),
    ]  # fmt: skip
    refused = httpx.post(address, json={"text": "x", "blocks": [section("")]}, trust_env=False)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_blocks")
    httpx.post(address, json={"delete_original": True}, trust_env=False)
    assert [each.text for each in served.slack.control.messages("deploys")] == ["for all"]
    made_up = address.rpartition("/")[0] + "/secret"
    assert httpx.post(made_up, json={"text": "x"}, trust_env=False).status_code == 404


# Bad luck.


def test_a_doubled_interaction_is_the_same_twice(served: Served) -> None:
    ts = a_gate(served)
    served.slack.control.break_interactions(InteractionFault("double"))
    served.press("ada", ts, "approve")
    assert len(served.asked) == 2
    assert served.asked[0] == served.asked[1]
    served.press("ada", ts, "approve")
    assert len(served.asked) == 3


@pytest.mark.parametrize("kind", ["wrong-secret", "stale"])
def test_a_lie_is_not_believed(served: Served, kind: Any) -> None:
    ts = a_gate(served)
    served.slack.control.break_interactions(InteractionFault(kind))
    served.press("ada", ts, "approve")
    assert not is_believed(served, served.asked[0])
    assert served.asked[0].payload["actions"][0]["value"] == "gate-7"


def test_an_old_interaction_is_replayed_as_it_was(served: Served) -> None:
    served.press("ada", a_gate(served), "approve")
    served.clock.advance(60)
    served.run(served.slack.control.replay(-1))
    assert served.asked[0] == served.asked[1]
    assert is_believed(served, served.asked[1])
    served.clock.advance(300)
    assert not is_believed(served, served.asked[1])


def test_a_lost_interaction_is_told_to_the_person_only(served: Served) -> None:
    ts = a_gate(served)
    served.slack.control.break_interactions(InteractionFault("lose"))
    assert "did not answer" in served.press("ada", ts, "approve").trouble
    assert served.asked == []
    assert (ADA, DEPLOYS, ts) in served.slack.state.warnings


def test_without_an_address_nothing_is_sent(served: Served) -> None:
    served.slack.interactions.request_url = None
    assert "no address" in served.press("ada", a_gate(served), "approve").trouble
    assert served.asked == []
