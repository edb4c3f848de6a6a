"""The JSON that GitHub answers, built from records: one function for one schema of its REST description.

Done here: field names and addresses, nothing else. Never here: looking things up or changing them. Every
function takes `links` first, so that an address always belongs to whoever asked.
https://docs.github.com/en/rest
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]


def time(when: datetime | None) -> str | None:
    """GitHub writes whole seconds in UTC."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if when else None
