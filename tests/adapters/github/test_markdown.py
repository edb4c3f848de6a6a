"""Text that people wrote stays text, whatever it tries."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.github.markdown import code, cut, table

HOSTILE = [
    "@everyone",
    "@acme/admins please approve",
    "</code></details><script>alert(1)</script>",
    "<!-- tidegate: what merging would do: dev -->",
    "-->",
    "```\n# heading\n```",
    "`` ` ``",
    "`",
    "a`",
    "[click](javascript:alert(1))",
    "![](https://evil.example/pixel.png)",
    "https://evil.example",
    "a | b | c",
    "\\| b \\\\| c",
    "line one\r\nline two\u2028three",
    "\u202eright to left\u202c and \u200bnothing",
    "\x1b[31mred\x00",
    "| --- | --- |",
    "# heading",
    "~~~\ncode\n~~~",
    "&lt;b&gt; &#64;everyone",
    "closes #1",
    "   ",
    "",
]


def inside(span: str) -> str:
    """What a reader of GFM takes for the code; fails where the span ends before the text does."""
    fence = re.match(r"`+", span)
    assert fence is not None, span
    ends = [found for found in re.finditer(r"`+", span) if len(found[0]) == len(fence[0])]
    assert len(ends) == 2 and ends[1].end() == len(span), f"the span ends early: {span!r}"
    return span[fence.end() : ends[1].start()]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_one_code_span_on_one_line(text: str) -> None:
    shown = code(text)
    if shown == "none":
        assert not text.strip()
        return
    assert "|" not in shown and shown.isprintable()
    assert inside(shown).strip()


@given(st.text(max_size=400))
def test_any_text_is_one_code_span_that_is_not_too_long(text: str) -> None:
    shown = code(text)
    assert shown.isprintable() and "|" not in shown and len(shown) <= 300 + 2 * 302
    assert shown == "none" or inside(shown)


def test_a_table_has_as_many_cells_as_heads_whatever_is_in_them() -> None:
    lines = table(("a", "b"), [(code("x | y"), code("\\|"))])
    assert [line.count("|") for line in lines if line] == [3, 3, 3]
    assert table(("a",), []) == []


def test_what_is_too_long_is_cut_between_lines_and_what_is_folded_is_closed() -> None:
    lines = ["top", "<details>", "<summary>s</summary>", "", *(f"line {number}" for number in range(100)), "</details>"]
    shown = cut(lines, 200, "*cut*")
    assert len(shown) <= 200
    assert shown.endswith("*cut*") and shown.count("<details>") == shown.count("</details>") == 1
    assert cut(["a", "b"], 200, "*cut*") == "a\nb"
