"""Addresses inside answers: always below the address that the asker used.

PyGithub refuses an answer that points anywhere else than to its own base address.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

API_PREFIX = "/api/v3"


@dataclass(frozen=True)
class Links:
    """`origin` is scheme, host and port, without a trailing slash."""

    origin: str

    def api(self, *parts: object) -> str:
        return self.origin + API_PREFIX + "".join(f"/{quote(str(part), safe='/{}:+')}" for part in parts)

    def html(self, *parts: object) -> str:
        return self.origin + "".join(f"/{quote(str(part), safe='/.')}" for part in parts)
