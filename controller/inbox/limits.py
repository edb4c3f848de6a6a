"""How often somebody may knock. It can't be made to forget anybody, nor to remember more than it has room for."""

import hmac
import math
import secrets
import threading
from datetime import timedelta
from ipaddress import IPv6Address, ip_address

from controller.domain.errors import Transient
from controller.domain.ports import Clock

ROWS, PLACES = 2, 4096
NEIGHBOURS_BITS = 64
"""Whoever has one address of IPv6 has a whole network of so many bits."""


class TooOften(Transient):
    """Whoever asked has asked too often; nothing was done."""


class Limit:
    """`most` at once, and as many again within `span`, for each of whoever asks.

    Everybody has one of a fixed number of places in each row, by a hash with a key of this process: memory has a bound,
    nobody can drive another out of it, or choose with whom they share. Two who share a place in every row may wait for
    each other.
    """

    def __init__(self, clock: Clock, most: int, span: timedelta, places: int = PLACES) -> None:
        self._clock, self._most, self._each = clock, most, span.total_seconds() / most
        self._key, self._lock = secrets.token_bytes(32), threading.Lock()
        self._free_at = [[-math.inf] * places for _ in range(ROWS)]

    def take(self, who: str) -> None:
        """`TooOften`, and how long until the next one."""
        places, now = self._places(who), self._clock.monotonic()
        with self._lock:
            known = max(min(row[place] for row, place in places), now - self._each * (self._most - 1))
            if known > now:
                wait = timedelta(seconds=known - now)
                raise TooOften("that was too often: wait a moment", code="limit.too_often", retry_after=wait)
            for row, place in places:
                row[place] = max(row[place], known + self._each)

    def _places(self, who: str) -> list[tuple[list[float], int]]:
        found = hmac.digest(self._key, who.encode("utf-8", "replace"), "sha256")
        parts = (int.from_bytes(found[start : start + 8]) for start in range(0, 8 * ROWS, 8))
        return [(row, part % len(row)) for row, part in zip(self._free_at, parts, strict=True)]


def neighbourhood(address: str) -> str:
    """Whom an address counts for.

    >>> neighbourhood("192.0.2.7"), neighbourhood("2001:db8:1:2:3:4:5:6"), neighbourhood("::ffff:192.0.2.7")
    ('192.0.2.7', '2001:db8:1:2::', '192.0.2.7')
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    host_bits = found.max_prefixlen - NEIGHBOURS_BITS
    return str(found.ipv4_mapped or IPv6Address(int(found) >> host_bits << host_bits))
