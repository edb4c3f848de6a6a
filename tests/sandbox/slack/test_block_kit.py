"""Block Kit's limits: what is just allowed, and what is said of one more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.slack.served import DEPLOYS, Json, Served, actions, an_input, button, modal, section

PLAIN = {"type": "plain_text", "text": "x"}


def plain(length: int) -> Json:
    return {"type": "plain_text", "text": "x" * length}


def header(length: int) -> Json:
    return {"type": "header", "text": plain(length)}


def options(count: int) -> list[Json]:
    return [{"text": PLAIN, "value": str(number)} for number in range(count)]


def select(count: int) -> Json:
    return {"type": "static_select", "action_id": "a", "options": options(count)}


def buttons(count: int) -> Json:
    return actions(*(button(f"b{number}") for number in range(count)))


def context(count: int) -> Json:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * count}


LIMITS: list[tuple[str, list[Json], list[Json], str]] = [
    (
        "blocks",
        [{"type": "divider"}] * 50,
        [{"type": "divider"}] * 51,
        "no more than 50 items allowed [json-pointer:/blocks]",
    ),
    (
        "section",
        [section("x" * 3000)],
        [section("x" * 3001)],
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ),
    (
        "field",
        [{"type": "section", "fields": [plain(2000)]}],
        [{"type": "section", "fields": [plain(2001)]}],
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ),
    (
        "fields",
        [{"type": "section", "fields": [PLAIN] * 10}],
        [{"type": "section", "fields": [PLAIN] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    ("header", [header(150)], [header(151)], "must be less than 151 characters [json-pointer:/blocks/0/text/text]"),
    ("actions", [buttons(25)], [buttons(26)], "no more than 25 items allowed [json-pointer:/blocks/0/elements]"),
    ("context", [context(10)], [context(11)], "no more than 10 items allowed [json-pointer:/blocks/0/elements]"),
    (
        "button",
        [actions(button(text=plain(75)))],
        [actions(button(text=plain(76)))],
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    (
        "value",
        [actions(button(value="x" * 2000))],
        [actions(button(value="x" * 2001))],
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    (
        "action_id",
        [actions(button("x" * 255, text=PLAIN))],
        [actions(button("x" * 256, text=PLAIN))],
        "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
    ),
    (
        "url",
        [actions(button(url="https://x.test/" + "x" * 2985))],
        [actions(button(url="https://x.test/" + "x" * 2986))],
        "must be less than 3001 characters [json-pointer:/blocks/0/elements/0/url]",
    ),
    ("options", [actions(select(100))], [actions(select(101))], "no more than 100 items allowed"),
    ("block_id", [section("x", block_id="x" * 255)], [section("x", block_id="x" * 256)], "must be less than 256"),
]


@pytest.mark.parametrize(
    ("allowed", "refused", "told"), [case[1:] for case in LIMITS], ids=[case[0] for case in LIMITS]
)
def test_the_limit_is_allowed_and_one_more_is_not(
    served: Served, allowed: list[Json], refused: list[Json], told: str
) -> None:
    assert served.call("chat.postMessage", channel=DEPLOYS, text="x", blocks=allowed)["ok"]
    answered = served.call("chat.postMessage", channel=DEPLOYS, text="x", blocks=refused)
    assert answered["error"] == "invalid_blocks"
    assert any(told in each for each in answered["errors"]), answered
    assert answered["response_metadata"]["messages"] == [f"[ERROR] {each}" for each in answered["errors"]]


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ({"type": "section"}, "must define either `text` or `fields` [json-pointer:/blocks/0/type]"),
        ({"type": "marquee"}, "unsupported type: marquee [json-pointer:/blocks/0/type]"),
        ({"text": PLAIN}, "missing required field: type [json-pointer:/blocks/0]"),
        ({"type": "header"}, "missing required field: text [json-pointer:/blocks/0]"),
        ({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "/blocks/0/text/type]"),
        (section(""), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        (section("x", colour="red"), "invalid additional property: colour [json-pointer:/blocks/0]"),
        (section("x", accessory={"type": "video"}), "unsupported type: video [json-pointer:/blocks/0/accessory/type]"),
        (actions(), "must have at least 1 items [json-pointer:/blocks/0/elements]"),
        (actions(button(style="green")), "must be a valid enum value"),
        (actions(button(url="javascript:alert(1)")), "must be a valid URL"),
        (actions(button(value=7)), "must provide a string [json-pointer:/blocks/0/elements/0/value]"),
        (actions(button(text="Approve")), "must provide an object [json-pointer:/blocks/0/elements/0/text]"),
        (
            actions(button(), button()),
            '`action_id` "approve" already exists for another element [json-pointer:/blocks/0/elements/1/action_id]',
        ),
    ],
)
def test_what_is_no_block_is_named(served: Served, block: Json, told: str) -> None:
    answered = served.call("chat.postMessage", channel=DEPLOYS, text="x", blocks=[block])
    assert any(told in each for each in answered["errors"]), answered


def test_two_blocks_never_have_one_id_and_two_actions_may_in_different_blocks(served: Served) -> None:
    twice = [section("x", block_id="same"), section("y", block_id="same")]
    answered = served.call("chat.postMessage", channel=DEPLOYS, text="x", blocks=twice)
    assert answered["errors"] == [
        '`block_id` "same" already exists for another block [json-pointer:/blocks/1/block_id]'
    ]
    apart = [actions(button(), block_id="a"), actions(button(), block_id="b")]
    assert served.call("chat.postMessage", channel=DEPLOYS, text="x", blocks=apart)["ok"]


def test_nothing_is_posted_or_changed_by_blocks_that_are_refused(served: Served) -> None:
    ts = served.post("before", [section("before")])
    served.call("chat.update", channel=DEPLOYS, ts=ts, text="after", blocks=[section("")])
    served.call("chat.postMessage", channel=DEPLOYS, text="more", blocks=[section("")])
    (message,) = served.slack.control.messages("deploys")
    assert (message.text, message.blocks[0]["text"]["text"]) == ("before", "before")


@pytest.mark.parametrize(
    ("view", "told"),
    [
        (modal(title=plain(25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
        (modal(private_metadata="x" * 3001), "must be less than 3001 characters [json-pointer:/view/private_metadata]"),
        (modal(*[{"type": "divider"}] * 101), "no more than 100 items allowed [json-pointer:/view/blocks]"),
        (modal(submit=None), "missing required field: submit [json-pointer:/view]"),
        (modal(an_input(max_length=3001)), "must be less than 3001 [json-pointer:/view/blocks/0/element/max_length]"),
        ({"type": "modal"}, "missing required field: blocks [json-pointer:/view]"),
        (modal(an_input(), an_input()), '`block_id` "why" already exists'),
    ],
)
def test_a_view_that_breaks_a_limit_is_not_opened(served: Served, view: Any, told: str) -> None:
    pressed = served.press("ada", served.post("x", [actions(button())]), "approve")
    answered = served.call("views.open", trigger_id=pressed.payload["trigger_id"], view=view)
    assert answered["error"] == "invalid_arguments"
    assert any(told in each for each in answered["response_metadata"]["messages"]), answered
    assert served.slack.control.view("ada") is None
