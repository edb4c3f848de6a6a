"""The Web API, asked by slack_sdk as it comes and by plain HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from slack_sdk.errors import SlackApiError

from sandbox.slack.misbehaviour import CallFault
from tests.sandbox.slack.served import ADA, DEPLOYS, GENERAL, GRACE, Served, actions, button, section


def test_slack_sdk_works_against_it_unchanged(served: Served) -> None:
    client = served.client()
    me = client.auth_test()
    assert (me["team_id"], me["user_id"], me["bot_id"]) == ("T05ACME0001", "U05TIDEGATE", "B05TIDEGATE")
    names = {each["name"]: each["id"] for each in client.conversations_list()["channels"]}
    assert names == {"deploys": DEPLOYS, "deploys-prod": "C05DEPLOYS2", "general": GENERAL}
    said = client.chat_postMessage(channel="#deploys", text="hello", blocks=[section("*hello*")])
    assert said["channel"] == DEPLOYS
    assert said["message"]["bot_profile"]["name"] == "Tidegate"
    reply = client.chat_postMessage(channel=DEPLOYS, text="there", thread_ts=said["ts"])
    client.chat_update(channel=DEPLOYS, ts=said["ts"], text="good bye")
    history = client.conversations_history(channel=DEPLOYS)["messages"]
    assert [(each["text"], each["reply_count"], each["edited"]["user"]) for each in history] == [
        ("good bye", 1, "U05TIDEGATE")
    ]
    thread = client.conversations_replies(channel=DEPLOYS, ts=reply["ts"])["messages"]
    assert [each["text"] for each in thread] == ["good bye", "there"]
    link = client.chat_getPermalink(channel=DEPLOYS, message_ts=reply["ts"])["permalink"]
    assert link.endswith(f"/archives/{DEPLOYS}/p{reply['ts'].replace('.', '')}?thread_ts={said['ts']}&cid={DEPLOYS}")
    client.chat_delete(channel=DEPLOYS, ts=reply["ts"])
    assert len(client.conversations_replies(channel=DEPLOYS, ts=said["ts"])["messages"]) == 1
    assert client.conversations_info(channel=DEPLOYS)["channel"]["is_member"]


def test_people_have_an_identity_that_is_not_githubs(served: Served) -> None:
    members = {each["id"]: each for each in served.client().users_list()["members"]}
    assert len(members) == 7
    ada = served.client().users_info(user=ADA)["user"]
    assert ada == members[ADA]
    assert (ada["name"], ada["real_name"], ada["is_bot"]) == ("ada.lovelace", "Ada Lovelace", False)
    assert "email" not in ada["profile"]
    assert members["U05TIDEGATE"]["is_bot"]


def test_direct_messages_are_opened_once_and_by_a_persons_id(served: Served) -> None:
    client = served.client()
    first, again = client.conversations_open(users=ADA), client.conversations_open(users=[ADA])
    assert (first["already_open"], again["already_open"]) == (False, True)
    assert (
        first["channel"]["id"] == again["channel"]["id"] == client.chat_postMessage(channel=ADA, text="you")["channel"]
    )
    listed = client.conversations_list(types="im")["channels"]
    assert [(each["user"], each["is_im"]) for each in listed] == [(ADA, True)]


def test_only_one_person_sees_an_ephemeral_message_and_nobody_changes_it(served: Served) -> None:
    client = served.client()
    ts = client.chat_postEphemeral(channel=DEPLOYS, user=ADA, text="for you")["message_ts"]
    assert client.conversations_history(channel=DEPLOYS)["messages"] == []
    assert served.call("chat.update", channel=DEPLOYS, ts=ts, text="x")["error"] == "message_not_found"
    assert [each.text for each in served.slack.control.whispers("deploys", "ada")] == ["for you"]
    assert served.slack.control.whispers("deploys", "grace") == []


def test_blocks_that_are_left_out_of_an_update_stay(served: Served) -> None:
    ts = served.post("a", [section("one", block_id="kept")])
    kept = served.call("chat.update", channel=DEPLOYS, ts=ts, text="b")["message"]
    assert (kept["text"], kept["blocks"][0]["block_id"]) == ("b", "kept")
    assert "blocks" not in served.call("chat.update", channel=DEPLOYS, ts=ts, text="b", blocks=[])["message"]


def test_ids_that_were_left_out_are_given(served: Served) -> None:
    given = [actions(button()), section("x", accessory=button("more"))]
    del given[0]["block_id"], given[0]["elements"][0]["action_id"]
    shown = served.call("chat.postMessage", channel=DEPLOYS, text="t", blocks=given)["message"]["blocks"]
    assert shown[0]["block_id"]
    assert shown[0]["elements"][0]["action_id"]
    assert shown[1]["accessory"]["action_id"] == "more"


def test_metadata_comes_back_where_it_is_asked_for(served: Served) -> None:
    wanted = {"event_type": "gate", "event_payload": {"id": "7"}}
    served.post("x", metadata=wanted)
    client = served.client()
    assert "metadata" not in client.conversations_history(channel=DEPLOYS)["messages"][0]
    found = client.conversations_history(channel=DEPLOYS, include_all_metadata=True)["messages"][0]
    assert found["metadata"] == wanted
    assert served.call("chat.postMessage", channel=DEPLOYS, text="x", metadata={"no": 1})["error"] == (
        "invalid_metadata_format"
    )


def test_history_comes_in_pages_and_between_times(served: Served) -> None:
    client, sent = served.client(), [served.post(str(number)) for number in range(5)]
    first = client.conversations_history(channel=DEPLOYS, limit=2)
    assert [each["text"] for each in first["messages"]] == ["4", "3"]
    assert first["has_more"]
    texts = [
        each["text"] for page in client.conversations_history(channel=DEPLOYS, limit=2) for each in page["messages"]
    ]
    assert texts == ["4", "3", "2", "1", "0"]
    one = client.conversations_history(channel=DEPLOYS, latest=sent[2], inclusive=True, limit=1)
    assert [each["text"] for each in one["messages"]] == ["2"]
    since = client.conversations_history(channel=DEPLOYS, oldest=sent[2])
    assert [each["text"] for each in since["messages"]] == ["4", "3"]
    assert served.call("conversations.history", channel=DEPLOYS, cursor="!")["error"] == "invalid_cursor"


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("chat.postMessage", {"channel": "#nowhere", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "#general", "text": "x"}, "not_in_channel"),
        ("chat.postMessage", {"channel": "#deploys"}, "no_text"),
        ("chat.postMessage", {"channel": "#deploys", "blocks": "no list"}, "invalid_blocks_format"),
        ("chat.postMessage", {"channel": "#deploys", "text": "x", "thread_ts": "1.000000"}, "thread_not_found"),
        ("chat.postMessage", {"channel": "#deploys", "text": ["x"]}, "invalid_arguments"),
        ("chat.postEphemeral", {"channel": DEPLOYS, "user": "U0", "text": "x"}, "user_not_found"),
        ("chat.postEphemeral", {"channel": ADA, "user": GRACE, "text": "x"}, "user_not_in_channel"),
        ("chat.postEphemeral", {"channel": DEPLOYS, "user": ADA, "text": "x" * 4001}, "msg_too_long"),
        ("chat.update", {"channel": DEPLOYS, "ts": "1.000000", "text": "x"}, "message_not_found"),
        ("chat.delete", {"channel": DEPLOYS, "ts": "1.000000"}, "message_not_found"),
        ("chat.getPermalink", {"channel": DEPLOYS, "message_ts": "1.000000"}, "message_not_found"),
        ("conversations.history", {"channel": "#deploys"}, "channel_not_found"),
        ("conversations.history", {"channel": GENERAL}, "not_in_channel"),
        ("conversations.history", {"channel": DEPLOYS, "limit": "0"}, "invalid_limit"),
        ("conversations.replies", {"channel": DEPLOYS, "ts": "1.000000"}, "thread_not_found"),
        ("conversations.open", {"users": "U0"}, "user_not_found"),
        ("conversations.open", {}, "users_list_not_supplied"),
        ("users.info", {"user": "U0"}, "user_not_found"),
        ("views.open", {"view": "{}"}, "invalid_arguments"),
        ("no.such", {}, "unknown_method"),
    ],
)
def test_what_is_wrong_is_said_in_slacks_words(served: Served, method: str, arguments: Any, error: str) -> None:
    answered = served.call(method, **arguments)
    assert (answered["ok"], answered["error"]) == (False, error)


def test_what_somebody_else_wrote_can_not_be_changed(served: Served) -> None:
    said = served.slack.control.say("ada", "deploys", "mine")
    assert served.call("chat.update", channel=DEPLOYS, ts=said.ts, text="x")["error"] == "cant_update_message"
    assert served.call("chat.delete", channel=DEPLOYS, ts=said.ts)["error"] == "cant_delete_message"


def test_a_very_long_text_is_cut_with_a_warning_and_refused_in_an_update(served: Served) -> None:
    said = served.call("chat.postMessage", channel=DEPLOYS, text="x" * 40_001)
    assert (len(said["message"]["text"]), said["warning"]) == (40_000, "message_truncated")
    assert served.call("chat.update", channel=DEPLOYS, ts=said["ts"], text="x" * 4_001)["error"] == "msg_too_long"


def test_a_token_is_needed_and_must_be_the_apps(served: Served) -> None:
    address = f"{served.slack.api}auth.test"
    assert httpx.post(address, trust_env=False).json() == {"ok": False, "error": "not_authed"}
    with pytest.raises(SlackApiError, match="invalid_auth"):
        served.client("xoxb-other").auth_test()
    form = {"token": served.slack.state.app.token}
    assert httpx.post(address, data=form, trust_env=False).json()["ok"]
    assert httpx.get(address, params=form, trust_env=False).json()["ok"]


def test_a_scope_that_was_taken_away_is_missed(served: Served) -> None:
    served.slack.control.take_scope("chat:write")
    answered = served.call("chat.postMessage", channel=DEPLOYS, text="x")
    assert (answered["error"], answered["needed"]) == ("missing_scope", "chat:write")
    assert "chat:write" not in answered["provided"].split(",")
    assert served.call("auth.test")["ok"]


@pytest.mark.parametrize(
    ("content_type", "body", "error"),
    [
        ("application/json", b"{", "invalid_json"),
        ("application/json", b"[]", "json_not_object"),
        ("text/csv", b"a,b", "invalid_post_type"),
        ("application/x-www-form-urlencoded", b"\xff", "invalid_form_data"),
    ],
)
def test_a_body_that_can_not_be_read_is_refused(served: Served, content_type: str, body: bytes, error: str) -> None:
    headers = {"Content-Type": content_type, "Authorization": f"Bearer {served.slack.state.app.token}"}
    answered = httpx.post(f"{served.slack.api}auth.test", content=body, headers=headers, trust_env=False)
    assert answered.json()["error"] == error


# Bad luck.


def test_it_throttles_when_told_to(served: Served) -> None:
    served.slack.control.break_calls(CallFault("throttle", method="chat.postMessage", seconds=7))
    assert served.call("auth.test")["ok"]
    with pytest.raises(SlackApiError) as refused:
        served.client().chat_postMessage(channel=DEPLOYS, text="x")
    assert (refused.value.response.status_code, refused.value.response.headers["retry-after"]) == (429, "7")
    assert refused.value.response["error"] == "ratelimited"
    assert served.call("chat.postMessage", channel=DEPLOYS, text="x")["ok"]


def test_slacks_own_limit_is_one_message_a_second_in_a_channel(served: Served) -> None:
    served.slack.control.limit_messages()
    assert served.call("chat.postMessage", channel=DEPLOYS, text="1")["ok"]
    assert served.call("chat.postMessage", channel="#deploys", text="2")["error"] == "ratelimited"
    assert served.call("chat.postMessage", channel="#deploys-prod", text="3")["ok"]
    served.clock.advance(1)
    assert served.call("chat.postMessage", channel=DEPLOYS, text="2")["ok"]


@pytest.mark.parametrize(("kind", "arrived"), [("lose-before", []), ("lose-after", ["x"])])
def test_an_answer_is_lost_before_or_after_the_effect(served: Served, kind: Any, arrived: list[str]) -> None:
    served.slack.control.break_calls(CallFault(kind))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        served.call("chat.postMessage", channel=DEPLOYS, text="x")
    assert [each.text for each in served.slack.control.messages("deploys")] == arrived


def test_it_fails_as_often_as_it_was_told(served: Served) -> None:
    served.slack.control.break_calls(CallFault("fail", 2, error="service_unavailable", status=503))
    errors = [served.call("auth.test").get("error") for _ in range(3)]
    assert errors == ["service_unavailable", "service_unavailable", None]
    served.slack.control.break_calls(CallFault("fail"))
    served.slack.control.behave()
    assert served.call("auth.test")["ok"]


def test_a_delayed_call_waits_for_the_clock(served: Served) -> None:
    async def waits() -> bool:
        """Sees that the call is still under way, then lets time pass."""
        async with httpx.AsyncClient(trust_env=False) as client:
            asked = asyncio.create_task(client.post(f"{served.slack.api}auth.test"))
            while served.clock.next_due() is None:
                await asyncio.wait([asked], timeout=0.01)
            was_done = asked.done()
            served.clock.advance(5)
            await asked
            return was_done

    served.slack.control.break_calls(CallFault("delay", seconds=5))
    assert served.run(waits()) is False
