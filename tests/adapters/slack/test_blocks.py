"""A telling as blocks: whatever it is about, Slack takes it, and what people wrote stays text."""

import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.slack import blocks
from controller.domain.telling import Question, Telling
from sandbox.slack.blocks.rules import MESSAGE_BLOCKS, VIEW

ORDINARY = Telling(
    subject="prod-7",
    environment="prod",
    title="… prod-7: main-1111111 to prod",
    state="waits for approval",
    text="1 of 2 approvals",
    facts=(("Change", "Add captions (1111111), by ada"), ("Services", "backend")),
    link="https://tidegate.example/deployments/prod-7",
    review="https://tidegate.example/approvals/prod-7",
    asks=Question("prod-7", "sha256:" + "a" * 64),
    begins=True,
    is_over=False,
    needs_a_person=False,
    ended_badly=False,
)
LONGEST = replace(
    ORDINARY,
    title="x" * 1000,
    state="&" * 500,
    text="<" * 10_000,
    facts=(
        ("Change", "&" * 10_000),
        ("Services", ", ".join(f"service-{number}" for number in range(50))),
        ("Plan", " · ".join(f"shift {number}" for number in range(40))),
    ),
    warning=">" * 10_000,
    ending="&" * 10_000,
)
OVER = replace(ORDINARY, asks=None, review="", is_over=True, ending="all clear; it took 4m")
hostile = st.text(alphabet=st.sampled_from("<>&!@#|*`:;amplgt x"), max_size=60)


def texts(found: Any) -> list[str]:
    """Every text object's text, wherever it stands."""
    if isinstance(found, list):
        return [text for each in found for text in texts(each)]
    if not isinstance(found, dict):
        return []
    own = [found["text"]] if isinstance(found.get("text"), str) else []
    return own + [text for each in found.values() for text in texts(each)]


@pytest.mark.parametrize("told", [ORDINARY, LONGEST, OVER, replace(ORDINARY, facts=(), link="", review="", text="")])
@pytest.mark.parametrize("shape", [blocks.shown, blocks.linked])
def test_slack_takes_whatever_is_told(told: Telling, shape: Any) -> None:
    assert list(MESSAGE_BLOCKS(shape(told), "")) == []


def test_no_entity_is_torn_apart_however_long_it_is() -> None:
    left = [re.sub(r"&(amp|lt|gt);", "", text) for text in texts(blocks.shown(LONGEST))]
    assert [text for text in left if "&" in text] == []


@given(st.text(alphabet="&<>a", max_size=80), st.integers(min_value=1, max_value=60))
def test_wherever_it_is_cut_what_is_left_is_the_beginning_of_what_was_written(text: str, longest: int) -> None:
    short = blocks.shortened(blocks.escaped(text), longest)
    assert len(short) <= longest
    assert text.startswith(unescape(short.removesuffix("…")))


@given(hostile)
def test_nobody_is_called_by_what_somebody_wrote(text: str) -> None:
    told = replace(ORDINARY, title=text, state=text, text=text, warning=text, ending=text, facts=((text, text),))
    shown = [part for part in texts(blocks.shown(told)) if part != text[:150]]  # the header is no mark-up
    assert [part for part in [*shown, blocks.fallback(told)] if "<" in part] == []


def test_the_buttons_carry_names_and_nothing_that_gives_a_right() -> None:
    [actions] = [block for block in blocks.shown(ORDINARY) if block["type"] == "actions"]
    assert [(each["action_id"], each.get("value"), each.get("url")) for each in actions["elements"]] == [
        ("review", None, ORDINARY.review),
        ("approve", f"prod-7|{'sha256:' + 'a' * 64}", None),
        ("reject", f"prod-7|{'sha256:' + 'a' * 64}", None),
    ]


def test_nobody_can_answer_what_is_over() -> None:
    [actions] = [block for block in blocks.shown(OVER) if block["type"] == "actions"]
    assert [each["action_id"] for each in actions["elements"]] == ["look"]
    assert blocks.shown(OVER)[-2] == {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": "all clear; it took 4m", "verbatim": True}],
    }


def test_a_broken_glass_is_a_red_line() -> None:
    shown = blocks.shown(replace(OVER, warning="grace BROKE THE GLASS: fire"))
    assert shown[2]["text"]["text"] == "🔴 *grace BROKE THE GLASS: fire*"


def test_where_nobody_hears_of_buttons_the_way_is_a_link() -> None:
    shown = blocks.linked(ORDINARY)
    assert "actions" not in {block["type"] for block in shown}
    assert shown[-1]["text"]["text"] == f"<{ORDINARY.review}|Review and answer>"


@pytest.mark.parametrize("callback", [blocks.REJECT, blocks.CODE])
def test_slack_takes_both_forms_however_long_the_names_are(callback: str) -> None:
    form = blocks.form(callback, "t" * 100, "l" * 3000, "p" * 500, "<" * 5000)
    assert list(VIEW(form, "")) == []


def test_words_with_buttons_and_links_are_taken() -> None:
    said = blocks.said("<!here> " * 1000, [("code", "Enter the code", "code")], [("Your page", "https://t.example/me")])
    assert list(MESSAGE_BLOCKS(said, "")) == []
    assert "<" not in said[0]["text"]["text"]
