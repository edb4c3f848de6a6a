"""How Slack says no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class SlackError(Exception):
    """`{"ok": false, "error": …}`, by Slack's habit with status 200; `details` are further fields of the answer."""

    def __init__(self, error: str, *, status: int = 200, headers: dict[str, str] | None = None, **details: Any) -> None:
        super().__init__(error)
        self.error = error
        self.status = status
        self.headers = headers or {}
        self.details = details

    @classmethod
    def with_messages(cls, error: str, messages: Sequence[str]) -> SlackError:
        """One that says what was wrong, as `invalid_arguments` does."""
        return cls(error, response_metadata={"messages": [f"[ERROR] {message}" for message in messages]})

    @classmethod
    def throttled(cls, seconds: int) -> SlackError:
        return cls("ratelimited", status=429, headers={"Retry-After": str(seconds)})
