"""So many of something: one function says it, wherever it is said."""

import re
from pathlib import Path

import pytest

import controller
from controller.domain import counting

ROOM = Path(controller.__file__).parent
FILES = sorted(file for kind in ("*.py", "*.html") for file in ROOM.rglob(kind) if file != Path(counting.__file__))
BY_HAND = re.compile(
    r"""(''|"") if .{1,40} == 1 else ['"]s['"]|['"]s['"] if .{1,40} != 1|"(\w+)" if .{1,40} == 1 else "\2s\""""
)


def test_nobody_makes_plurals_by_hand() -> None:
    assert [file for file in FILES if BY_HAND.search(file.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    "by_hand",
    ["{'' if count == 1 else 's'}", "{'s' if number != 1 else ''}", '{{ "week" if weeks == 1 else "weeks" }}'],
)
def test_what_is_made_by_hand_is_found(by_hand: str) -> None:
    assert BY_HAND.search(by_hand)
