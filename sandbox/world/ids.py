"""Identifiers that look random and are not."""

from __future__ import annotations

from hashlib import blake2b


class Ids:
    """Numbers everything in the order of asking; the same seed gives the same identifiers."""

    def __init__(self, seed: int) -> None:
        self._key = str(seed).encode()
        self._count = 0

    def hex(self, length: int) -> str:
        """Up to 64 lower-case hexadecimal digits."""
        self._count += 1
        return blake2b(str(self._count).encode(), key=self._key, digest_size=32).hexdigest()[:length]

    def digits(self, length: int) -> str:
        """Up to 60 decimal digits, the first not zero."""
        return str(int("9" + self.hex(64), 16) % 10**length).rjust(length, "1")

    def uuid(self) -> str:
        text = self.hex(32)
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"
