"""What Slack posts, read: each kind of it, and nothing that a stranger makes up breaks the reader."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.interaction import Did, Interaction
from webhooks.refusals import Outcome, Refused
from webhooks.slack import DEEPEST, interaction

TEAM, APP = "T05ACME0001", "A05TIDEGATE"
PLAN = "sha256:" + "a" * 64
VALUE = f"prod-7|{PLAN}"
Json = dict[str, Any]


def body(payload: object) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


def a_payload(kind: str = "block_actions", **more: Any) -> Json:
    whose = {"team": {"id": TEAM, "domain": "acme"}, "api_app_id": APP, "user": {"id": "U1", "team_id": TEAM}}
    return {"type": kind, **whose, "trigger_id": "1.2.abc", "token": "deprecated", **more}


def pressed(action: str, value: str | None = VALUE, **more: Any) -> Json:
    part: Json = {"type": "button", "action_id": action, "block_id": "answer", **({"value": value} if value else {})}
    return a_payload(channel={"id": "C1", "name": "deploys"}, actions=[part], **more)


def filled(callback: str, private: str, typed: object) -> Json:
    values = {"reason": {"typed": {"type": "plain_text_input", "value": typed}}}
    view = {"id": "V1", "callback_id": callback, "private_metadata": private, "state": {"values": values}}
    return a_payload("view_submission", view=view)


def read(payload: object) -> Interaction:
    return interaction(body(payload), TEAM, APP)


def refused(raw: bytes) -> Outcome:
    with pytest.raises(Refused) as caught:
        interaction(raw, TEAM, APP)
    return caught.value.outcome


@pytest.mark.parametrize(("action", "did"), [("approve", Did.APPROVE), ("reject", Did.REJECT)])
def test_a_button_says_which_plan_of_which_deployment_and_where(action: str, did: Did) -> None:
    heard = read(pressed(action))
    assert (heard.did, heard.account, heard.place) == (did, "U1", "C1")
    assert (heard.deployment, heard.plan, heard.trigger) == ("prod-7", PLAN, "1.2.abc")


def test_the_button_for_a_code_is_about_no_deployment() -> None:
    heard = read(pressed("code", "code"))
    assert (heard.did, heard.place, heard.plan) == (Did.CODE, "C1", "")


def test_a_filled_in_form_says_what_was_typed_and_where_the_answer_goes() -> None:
    heard = read(filled("reject", f"prod-7|{PLAN}|C1", "not on a Friday"))
    told = (heard.did, heard.deployment, heard.plan, heard.place, heard.typed)
    assert told == (Did.REJECTED, "prod-7", PLAN, "C1", "not on a Friday")
    assert read(filled("code", "||C1", "ABCD-EFGH")).did is Did.CODED


@pytest.mark.parametrize(
    "payload",
    [
        pressed("review", None),
        pressed("look", None),
        pressed("open-0", None),
        pressed("something", VALUE),
        a_payload("view_closed", view={"callback_id": "reject"}),
        a_payload("message_action"),
        a_payload("shortcut"),
        a_payload(actions=[]),
        a_payload(actions=[{"action_id": "approve"}, {"action_id": "reject"}]),
        a_payload(actions={"action_id": "approve"}),
        a_payload(actions=["approve"]),
        filled("other", VALUE, "x"),
        a_payload("view_submission"),
        a_payload("view_submission", view=[]),
    ],
    ids=lambda payload: json.dumps(payload)[-60:],
)
def test_what_nobody_waits_for_is_nothing(payload: Json) -> None:
    assert read(payload).did is Did.NOTHING


@pytest.mark.parametrize("value", ["", "prod-7", "x" * 501, "a|b|c|d", 7, None, ["prod-7"], {"a": 1}])
def test_a_value_that_is_not_ours_names_as_little_as_it_says(value: object) -> None:
    payload = pressed("approve")
    payload["actions"][0]["value"] = value
    heard = read(payload)
    assert heard.did is Did.APPROVE
    assert len(heard.deployment) <= 500
    assert isinstance(value, str) or not heard.deployment


@pytest.mark.parametrize("typed", [None, 7, [], {"value": "x"}])
def test_nothing_typed_is_an_empty_text(typed: object) -> None:
    assert read(filled("reject", f"prod-7|{PLAN}|C1", typed)).typed == ""


@pytest.mark.parametrize(
    "changes",
    [{"team": {"id": "T_OTHER"}}, {"team": None}, {"team": [TEAM]}, {"api_app_id": "A_OTHER"}, {"api_app_id": None}],
    ids=str,
)
def test_another_workspace_or_another_app_is_not_heard(changes: Json) -> None:
    assert refused(body({**pressed("approve"), **changes})) is Outcome.UNSIGNED


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"payload",
        b"payload=",
        b"payload=%7B",
        b"payload=%5B%5D",
        b"payload=null",
        b"\xff=\xff",
        b"other=%7B%7D",
        b"payload=%7B%7D&payload=%7B%7D",
        b"&".join(b"a=b" for _ in range(50)),
        body("text"),
        body({**pressed("approve"), "user": {}}),
        body({**pressed("approve"), "user": {"id": ""}}),
        urlencode({"payload": "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1)}).encode(),
        urlencode({"payload": "[" * 100_000}).encode(),
        urlencode({"payload": '{"a": ' + "9" * 5000 + "}"}).encode(),
    ],
    ids=range(16),
)
def test_what_slack_would_not_send_is_refused(raw: bytes) -> None:
    assert refused(raw) in {Outcome.MALFORMED, Outcome.UNSIGNED}


def test_the_same_request_has_the_same_digest_and_another_one_another() -> None:
    assert read(pressed("approve")).digest == read(pressed("approve")).digest
    assert read(pressed("approve")).digest != read(pressed("approve", trigger_id="2")).digest


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = ("type", "team", "api_app_id", "user", "channel", "actions", "view", "trigger_id")


@given(st.binary(max_size=300))
def test_any_bytes_are_an_interaction_or_refused(raw: bytes) -> None:
    never_breaks(raw)


@given(anything)
def test_any_json_is_an_interaction_or_refused(payload: object) -> None:
    never_breaks(body(payload))


@given(st.dictionaries(st.sampled_from(NAMES), anything, max_size=5), st.sampled_from(["approve", "code", "reject"]))
def test_anything_in_the_place_of_a_part_is_an_interaction_or_refused(changes: Json, name: str) -> None:
    never_breaks(body({**pressed(name), **changes}))
    never_breaks(body({**filled(name, VALUE, "x"), **changes}))


@given(anything)
def test_anything_within_an_action_or_a_form_is_an_interaction_or_refused(part: object) -> None:
    never_breaks(body(a_payload(channel=part, actions=[part])))
    never_breaks(body(a_payload("view_submission", view={"callback_id": "reject", "state": part})))


def never_breaks(raw: bytes) -> None:
    try:
        heard = interaction(raw, TEAM, APP)
    except Refused:
        return
    for text in (heard.account, heard.place, heard.deployment, heard.plan, heard.typed, heard.trigger):
        assert isinstance(text, str)
