"""`ports.Courier` by GitHub's webhooks: a repository's own hook, or an App's.

https://docs.github.com/en/rest/repos/webhooks, https://docs.github.com/en/rest/apps/webhooks. GitHub never tries a
failed delivery again by itself, and forgets it after three days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from controller.adapters.github.calls import Calls
from controller.adapters.github.errors import HOOKS
from controller.adapters.github.pages import PER_PAGE, Pages
from controller.domain.delivery import LOOKS, PULL_REQUEST, Lost

PATH = "/webhooks/github"
PAGES_KEPT = 200
APP = ""
"""The place of an App's deliveries: those of all repositories together."""


class GitHubCourier:
    """`public_url` is how GitHub reaches us; where it is empty a hook of ours is known by its path."""

    def __init__(self, calls: Calls, public_url: str) -> None:
        self._calls, self._public_url = calls, public_url.rstrip("/")
        self._hooks = Pages(_hooks, PAGES_KEPT)
        self._failures = Pages(_failures, PAGES_KEPT)

    def places(self, repositories: Sequence[str]) -> tuple[str, ...]:
        return (APP,) if self._calls.is_app else tuple(repositories)

    def failed(self, place: str) -> tuple[Lost, ...]:
        """The newest hundred of each hook; free while nothing changes."""
        attempted = f"Reading the failed webhooks of {place or 'the App'}"
        bases = ["/app/hook/deliveries"] if place == APP else self._ours(place, attempted)
        return tuple(lost for base in bases for lost in self._lost(place, base, attempted))

    def again(self, lost: Lost) -> None:
        attempted = f"Asking for webhook {lost.guid} of {lost.place or 'the App'} once more"
        self._calls.send("POST", lost.place, f"{lost.address}/attempts", attempted, HOOKS)

    def _ours(self, repository: str, attempted: str) -> list[str]:
        hooks = self._calls.entries(self._hooks, repository, f"hooks?per_page={PER_PAGE}", attempted, HOOKS)
        return [f"hooks/{number}/deliveries" for number, address in hooks if self._is_ours(address)]

    def _is_ours(self, address: str) -> bool:
        if self._public_url:
            return address == f"{self._public_url}{PATH}"
        return urlsplit(address).path.endswith(PATH)

    def _lost(self, place: str, base: str, attempted: str) -> list[Lost]:
        """One that was tried again is not tried a third time; what came in the end is in the inbox."""
        path = f"{base}?status=failure&per_page={PER_PAGE}"
        found = self._calls.entries(self._failures, place, path, attempted, HOOKS)
        tried = {shown["guid"] for shown in found if shown["redelivery"]}
        return [
            Lost(place, f"{base}/{shown['id']}", shown["guid"].lower())
            for shown in reversed(found)
            if shown["guid"] not in tried and shown["event"] in {*LOOKS, PULL_REQUEST}
        ]


def _hooks(body: Any) -> list[tuple[int, str]]:
    return [(int(shown["id"]), str(shown["config"].get("url", ""))) for shown in body if shown["active"]]


def _failures(body: Any) -> list[Mapping[str, Any]]:
    return [
        {
            "id": int(shown["id"]),
            "guid": str(shown["guid"]),
            "event": str(shown["event"]),
            "redelivery": bool(shown["redelivery"]),
        }
        for shown in body
        if not 200 <= int(shown["status_code"]) < 400
    ]
