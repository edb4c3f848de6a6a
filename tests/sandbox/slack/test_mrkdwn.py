"""Slack's mark-up as HTML, and nothing else as HTML."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.slack.mrkdwn import Reader, links

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
READER = Reader(NOW, {"U1": "Ada Lovelace"}, {"C1": "deploys"})
KNOWN = {"strong", "em", "s", "code", "pre", "blockquote", "a", "span", "time", "br"}
LINK = '<a href="https://x.test/a" target="_blank" rel="noopener noreferrer">'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*b* _i_ ~s~", "<strong>b</strong> <em>i</em> <s>s</s>"),
        ("*b _i_*", "<strong>b <em>i</em></strong>"),
        ("2*3*4 snake_case_name", "2*3*4 snake_case_name"),
        ("`*a* <x>`", "<code>*a* &lt;x&gt;</code>"),
        ("```\na\n*b*\n```", "<pre>a\n*b*</pre>"),
        ("> q\n&gt; r\ns", "<blockquote>q<br>r</blockquote>s"),
        ("<https://x.test/a|here>", f"{LINK}here</a>"),
        ("see https://x.test/a.", f"see {LINK}https://x.test/a</a>."),
        ("<@U1> <@U2|bob> <#C1>", "M@Ada Lovelace</span> M@bob</span> M#deploys</span>"),
        ("<!here>", "M@here</span>"),
        ("&lt;b&gt; &amp;amp; \"'", "&lt;b&gt; &amp;amp; &#34;&#39;"),
        (":white_check_mark: :no_such_thing:", "✅ :no_such_thing:"),
        ("<!date^x^{date}|some day>", "some day"),
        ("<javascript:alert(1)|here>", "here"),
        ("<data:text/html,x>", "data:text/html,x"),
    ],
)
def test_mark_up_becomes_html(text: str, html: str) -> None:
    """`M` stands for the tag of a mention."""
    assert READER.mrkdwn(text) == html.replace("M", '<span class="mention">')


def test_a_date_is_shown_in_words_with_its_time_behind() -> None:
    shown = READER.mrkdwn("<!date^1767312000^{date_short_pretty} at {time}|x>")
    assert shown == '<time datetime="2026-01-02T00:00:00+00:00" title="2026-01-02 00:00:00 UTC">today at 00:00</time>'
    assert ">Jan 3, 2026</time></a>" in READER.mrkdwn("<!date^1767398400^{date_short}^https://x.test/a|x>")


def test_plain_text_has_no_mark_up_but_emoji() -> None:
    assert READER.plain("*a* <https://x.test> :x:\nb") == "*a* &lt;https://x.test&gt; ❌<br>b"


class Tags(HTMLParser):
    """Every tag and attribute that a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


PIECES = "< > | &lt; \" ' ` ``` * _ <script> javascript:alert(1) @U1 !date^1^ https://x.test/ onclick=x {date} ^ a :x:"
HOSTILE = st.lists(st.sampled_from([*PIECES.split(), " ", "\n> "]), max_size=24).map("".join)


@given(HOSTILE)
def test_no_text_becomes_anything_but_the_mark_up_that_is_known(text: str) -> None:
    tags = Tags()
    tags.feed(str(READER.mrkdwn(text)) + str(READER.plain(text)))
    for tag, attributes in tags.seen:
        assert tag in KNOWN
        assert set(attributes) <= {"href", "target", "rel", "class", "datetime", "title"}
        assert (attributes.get("href") or "https://").startswith(("http://", "https://", "mailto:"))


def test_links_are_found_once_for_each_time_they_stand_there() -> None:
    text = "<https://x.test/a?b=1&amp;c=2|l>, (https://x.test/d) and <mailto:a@x.test>"
    assert links(text) == ["https://x.test/a?b=1&c=2", "https://x.test/d"]
