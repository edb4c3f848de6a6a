"""Slack's Web API: what is asked, and what becomes of everything that may be answered."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from controller.adapters.slack.client import RATE_RETRY, SlackChat
from controller.domain.errors import Blocked, TidegateError, Transient
from controller.domain.ports import Said
from tests.adapters.slack.api import TOKEN, Answer, Api, refused, serving, torn  # noqa: F401
from tests.adapters.slack.test_blocks import ORDINARY
from tests.support.builders import NOON

SAID = Said("C05DEPLOYS2", "1531420618.000200")
POSTED = Answer({"ok": True, "channel": SAID.place, "ts": SAID.ts, "message": {"text": "…"}})
CHANNELS = Answer(
    {
        "ok": True,
        "channels": [{"id": "C1", "name": "general"}, {"id": SAID.place, "name": "deploys-prod"}],
        "response_metadata": {"next_cursor": ""},
    }
)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serving() as made:
        yield made


def history(*messages: tuple[str, str | None]) -> Answer:
    """Messages by ts, with the deployment that their metadata names."""
    shown = [
        {"ts": ts, "text": "…"}
        | ({"metadata": {"event_type": "tidegate_deployment", "event_payload": {"deployment": of}}} if of else {})
        for ts, of in messages
    ]
    return Answer({"ok": True, "messages": shown, "has_more": False})


def test_a_message_is_posted_without_previews_and_names_what_it_is_about(api: Api) -> None:
    api.answer("chat.postMessage", POSTED)
    assert api.chat.post("#deploys-prod", ORDINARY) == SAID
    [(_, asked)] = api.asked
    assert asked["channel"] == "#deploys-prod"
    assert (asked["unfurl_links"], asked["unfurl_media"]) == (False, False)
    assert asked["metadata"] == {"event_type": "tidegate_deployment", "event_payload": {"deployment": "prod-7"}}
    assert asked["blocks"][0]["text"]["text"] == ORDINARY.title


def test_an_edit_keeps_what_it_is_about(api: Api) -> None:
    api.answer("chat.update", POSTED)
    assert api.chat.edit(SAID, ORDINARY)
    [(_, asked)] = api.asked
    assert (asked["channel"], asked["ts"]) == (SAID.place, SAID.ts)
    assert asked["metadata"]["event_payload"] == {"deployment": "prod-7"}


@pytest.mark.parametrize(
    "error", ["message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found"]
)
def test_a_message_that_is_gone_is_no_error(api: Api, error: str) -> None:
    api.answer("chat.update", refused(error))
    assert not api.chat.edit(SAID, ORDINARY)


def test_ours_is_found_by_what_it_is_about_and_nobody_else_s(api: Api) -> None:
    api.answer("conversations.list", CHANNELS)
    api.answer("conversations.history", history(("3.0", None), ("2.0", "prod-6"), (SAID.ts, "prod-7")))
    assert api.chat.find("#deploys-prod", "prod-7", NOON) == SAID
    assert api.chat.find("#deploys-prod", "prod-8", NOON) is None
    assert api.asked[1][1]["channel"] == SAID.place
    assert float(api.asked[1][1]["oldest"]) == NOON.timestamp()


def test_a_channel_on_a_later_page_is_found(api: Api) -> None:
    first = Answer({"ok": True, "channels": [], "response_metadata": {"next_cursor": "more"}})
    api.answer("conversations.list", first, CHANNELS)
    api.answer("conversations.history", history((SAID.ts, "prod-7")))
    assert api.chat.find("#deploys-prod", "prod-7", NOON) == SAID
    assert api.asked[1][1]["cursor"] == "more"


@pytest.mark.parametrize("method", ["conversations.list", "conversations.history"])
@pytest.mark.parametrize("error", ["missing_scope", "not_in_channel", "channel_not_found"])
def test_where_nobody_may_look_nothing_is_found(api: Api, method: str, error: str) -> None:
    api.answer("conversations.list", CHANNELS)
    api.answer(method, refused(error))
    assert api.chat.find("#deploys-prod", "prod-7", NOON) is None


def test_a_line_of_a_thread_is_said_aloud_where_it_should_be(api: Api) -> None:
    api.answer("chat.postMessage", POSTED)
    api.chat.reply(SAID, "it <!here> failed", aloud=True)
    api.chat.reply(SAID, "✓ shift 50", aloud=False)
    told = [(asked["thread_ts"], asked["reply_broadcast"], asked["text"]) for _, asked in api.asked]
    assert told == [(SAID.ts, True, "it &lt;!here&gt; failed"), (SAID.ts, False, "✓ shift 50")]


@pytest.mark.parametrize("error", ["thread_not_found", "message_not_found"])
def test_in_a_thread_that_is_gone_nobody_reads(api: Api, error: str) -> None:
    api.answer("chat.postMessage", refused(error))
    api.chat.reply(SAID, "✓ shift 50", aloud=False)
    assert [method for method, _ in api.asked] == ["chat.postMessage"], "asked once, and no error is made of it"


def test_a_direct_message_opens_the_conversation_first_and_calls_nobody(api: Api) -> None:
    api.answer("conversations.open", Answer({"ok": True, "channel": {"id": "D1"}}))
    api.answer("chat.postMessage", POSTED)
    api.chat.direct("U1", "look <!channel>", (("Review", "https://tidegate.example/a?link=x"),))
    assert api.methods == ["conversations.open", "chat.postMessage"]
    asked = api.asked[1][1]
    assert (asked["channel"], asked["text"]) == ("D1", "look &lt;!channel&gt;")
    assert asked["blocks"][1]["elements"][0]["url"] == "https://tidegate.example/a?link=x"


def test_a_whisper_and_both_forms(api: Api) -> None:
    api.chat.whisper("C1", "U1", "who <are> you", asks_code=True)
    api.chat.ask_reason("trigger", "prod-7|plan|C1", "prod-7")
    api.chat.ask_code("trigger", "||C1")
    assert api.methods == ["chat.postEphemeral", "views.open", "views.open"]
    whispered, reason, code = (asked for _, asked in api.asked)
    assert whispered["text"] == "who &lt;are&gt; you"
    assert whispered["blocks"][1]["elements"][0]["action_id"] == "code"
    assert (reason["view"]["callback_id"], reason["view"]["private_metadata"]) == ("reject", "prod-7|plan|C1")
    assert code["view"]["callback_id"] == "code"


# ---------------------------------------------------------------- what goes wrong

DOINGS: dict[str, tuple[str, Callable[[SlackChat], object]]] = {
    "post": ("chat.postMessage", lambda chat: chat.post("#deploys", ORDINARY)),
    "edit": ("chat.update", lambda chat: chat.edit(SAID, ORDINARY)),
    "find": ("conversations.list", lambda chat: chat.find("#deploys", "prod-7", NOON)),
    "reply": ("chat.postMessage", lambda chat: chat.reply(SAID, "✓", aloud=False)),
    "direct": ("conversations.open", lambda chat: chat.direct("U1", "hello")),
    "whisper": ("chat.postEphemeral", lambda chat: chat.whisper("C1", "U1", "hello")),
    "reason": ("views.open", lambda chat: chat.ask_reason("t", "p", "prod-7")),
    "code": ("views.open", lambda chat: chat.ask_code("t", "p")),
}


def raised(api: Api, doing: str, answer: Answer) -> TidegateError:
    method, do = DOINGS[doing]
    api.answer(method, answer)
    with pytest.raises(TidegateError) as caught:
        do(api.chat)
    told = str(caught.value)
    assert TOKEN not in told
    assert api.methods == [method], "one attempt for each call"
    return caught.value


@pytest.mark.parametrize("doing", DOINGS)
@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (Answer({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "7"}), timedelta(seconds=7)),
        (Answer({"ok": False, "error": "ratelimited"}, 429, {"retry-after": "7"}), timedelta(seconds=7)),
        (Answer(b"slow down", 429, {"Retry-After": "7"}), timedelta(seconds=7)),
        (refused("ratelimited"), RATE_RETRY),
        (Answer(b"", 429, {"Retry-After": "soon"}), RATE_RETRY),
        (Answer(b"", 429, {"Retry-After": "9" * 30}), RATE_RETRY),
        (refused("internal_error"), RATE_RETRY),
        (refused("service_unavailable"), RATE_RETRY),
        (Answer({"ok": False, "error": "fatal_error"}, 500), RATE_RETRY),
        (Answer(b"<html>bad gateway</html>", 502), RATE_RETRY),
        (Answer(b"<html>sign in to the guests' network</html>", 200), RATE_RETRY),
        (Answer(b"\xff\xfe", 200), RATE_RETRY),
        (Answer(b'{"ok": true, "channel":', 200), RATE_RETRY),
        (Answer(b"[]", 200), RATE_RETRY),
    ],
    ids=[
        *("limit", "limit in lower case", "limit without json", "limit by name", "no number", "no such wait"),
        *("internal", "unavailable", "fatal 500", "502", "a portal", "no text", "half", "a list"),
    ],
)
def test_what_passes_by_itself_comes_again(api: Api, doing: str, answer: Answer, wait: timedelta) -> None:
    error = raised(api, doing, answer)
    assert isinstance(error, Transient)
    assert error.retry_after == wait


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.usefixtures("torn")
@pytest.mark.parametrize("doing", ["post", "find", "code"])
@pytest.mark.parametrize("answer", [Answer(None), Answer(b"{}", 200, {"Content-Length": "900"})], ids=["none", "half"])
def test_what_breaks_off_comes_again(api: Api, doing: str, answer: Answer) -> None:
    error = raised(api, doing, answer)
    assert isinstance(error, Transient)
    assert error.code == "slack.unreachable"


@pytest.mark.parametrize("doing", ["post", "reply", "direct", "whisper", "reason", "code"])
@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("not_in_channel", "invite the app"),
        ("channel_not_found", "make the channel"),
        ("is_archived", "another channel"),
        ("token_revoked", "install the app again"),
        ("invalid_auth", "TIDEGATE_SLACK_TOKEN"),
        ("missing_scope", "scopes of docs/slack.md"),
        ("something_new", "scopes of docs/slack.md"),
    ],
)
def test_what_a_person_must_mend_says_how(api: Api, doing: str, word: str, advice: str) -> None:
    error = raised(api, doing, refused(word, needed="chat:write"))
    assert isinstance(error, Blocked)
    assert word in str(error)
    assert advice in str(error)


def test_nobody_there_comes_again() -> None:
    with serving() as api:
        chat = api.chat
    with pytest.raises(Transient) as caught:
        chat.post("#deploys", ORDINARY)
    assert caught.value.code == "slack.unreachable"


def test_an_answer_that_does_not_say_where_it_stands_comes_again(api: Api) -> None:
    api.answer("chat.postMessage", Answer({"ok": True}))
    with pytest.raises(Transient) as caught:
        api.chat.post("#deploys", replace(ORDINARY, text="hush"))
    assert caught.value.code == "slack.unreadable"
    assert "hush" not in str(caught.value)
