"""Which rows of a block have a term, as text. Pure.

A block is `BLOCK` numbers of `seq`. Few rows are listed, two bytes each; many are a map of bits, one for each number.
Text, because a backup is lines of JSON; in base64 it is small enough for SQLite to keep it within one page of its tree.
"""

from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterator
from sys import byteorder

BLOCK = 4096
SIZE = BLOCK // 8


def block_of(seq: int) -> int:
    return seq // BLOCK


def pack(rows: int) -> str:
    """`rows` has bit n set for row n of the block.

    >>> pack(0b101)
    'AAACAA=='
    """
    listed = array("H", offsets(rows))
    if 2 * len(listed) >= SIZE:
        return b64encode(rows.to_bytes(SIZE, "little")).decode("ascii")
    listed.reverse()
    if byteorder == "big":
        listed.byteswap()
    return b64encode(listed.tobytes()).decode("ascii")


def unpack(text: str) -> int:
    """
    >>> unpack(pack(0b101)) == 0b101
    True
    """
    raw = b64decode(text)
    if len(raw) == SIZE:
        return int.from_bytes(raw, "little")
    listed = array("H", raw)
    if byteorder == "big":
        listed.byteswap()
    rows = 0
    for offset in listed:
        rows |= 1 << offset
    return rows


def offsets(rows: int) -> Iterator[int]:
    """The numbers within the block, highest first."""
    while rows:
        highest = rows.bit_length() - 1
        yield highest
        rows ^= 1 << highest


def below(offset: int) -> int:
    """All rows of a block before this one."""
    return (1 << offset) - 1
