"""An HTTP request as an SDK of AWS sends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """`headers` by names in lower case; `target` is path and query, still percent-encoded."""

    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"
    target: str = "/"

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)
