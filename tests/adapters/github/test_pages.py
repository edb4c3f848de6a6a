"""Lists in pages: what is kept of them, and what is no list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from controller.adapters.github.errors import Unreadable
from controller.adapters.github.pages import Pages
from tests.adapters.github.answering import Requester


def numbers(body: dict[str, list[int]]) -> Sequence[int]:
    return [int(number) for number in body["numbers"]]


def answer(*found: int, etag: str = "x") -> tuple[dict[str, str], Any]:
    return {"etag": etag}, {"numbers": list(found)}


def test_what_was_not_asked_for_in_a_long_time_is_forgotten() -> None:
    """Else a controller that lives for a year holds every commit's checks."""
    requester: Any = Requester([answer(1), answer(2), ({}, None), answer(3), ({}, None), answer(2)])
    pages = Pages(numbers, kept=2)
    asked = ["/one", "/two", "/one", "/three", "/one", "/two"]
    assert [pages.entries(requester, address) for address in asked] == [[1], [2], [1], [3], [1], [2]]
    assert [bool(headers) for _, headers in requester.asked] == [False, False, True, False, True, False]


@pytest.mark.parametrize("body", [None, [], {}, "numbers", {"numbers": None}, {"numbers": ["one"]}, {"data": "<html>"}])
def test_what_is_no_list_of_these_is_unreadable_and_not_kept(body: Any) -> None:
    requester: Any = Requester([({"etag": "x"}, body), answer(1)])
    pages = Pages(numbers, kept=2)
    with pytest.raises(Unreadable, match="/one: "):
        pages.entries(requester, "/one")
    assert pages.entries(requester, "/one") == [1]
    assert requester.asked[1][1] == {}


def test_a_page_that_cannot_be_read_is_no_end_of_the_list() -> None:
    first = {"etag": "x", "link": '</two>; rel="next"'}, {"numbers": [1]}
    requester: Any = Requester([first, ({}, {})])
    with pytest.raises(Unreadable, match="/two: "):
        Pages(numbers, kept=2).entries(requester, "/one")
