"""Pages by keyset: a cursor names the last row seen, so that a page costs the same wherever it is."""

import base64
import binascii
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")

BEFORE_ALL = 2**63 - 1
"""Larger than any row's number: the first page starts below it."""


class BadCursor(ValueError):
    """A cursor that this table never gave out."""


@dataclass(frozen=True)
class Page(Generic[Item]):
    """`next` asks for the page after this one; None at the end."""

    items: tuple[Item, ...]
    next: str | None


def cursor(table: str, seq: int) -> str:
    """
    >>> position("audit", cursor("audit", 42))
    42
    """
    return base64.urlsafe_b64encode(f"{table}:{seq}".encode()).decode().rstrip("=")


def position(table: str, text: str | None) -> int:
    """The row number to start below; `BadCursor` for anything that `cursor` would not have written for this table."""
    if text is None:
        return BEFORE_ALL
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        _, _, number = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii").partition(":")
        seq = int(number)
    except (ValueError, binascii.Error):
        seq = -1
    if not 0 < seq < BEFORE_ALL or cursor(table, seq) != text:
        raise BadCursor(
            f"{text[:80]!r} is not a cursor of {table}; take `next` of the page before, or none for the first"
        )
    return seq


def page(table: str, found: list[tuple[int, Item]], limit: int) -> Page[Item]:
    """`found` are up to `limit + 1` numbered items: the one too many says that there is a next page."""
    assert limit > 0, f"a page of {limit} rows"
    shown = found[:limit]
    more = len(found) > limit
    return Page(tuple(item for _, item in shown), cursor(table, shown[-1][0]) if more else None)
