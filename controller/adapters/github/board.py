"""`ports.Board` by GitHub's deployments and commit statuses.

https://docs.github.com/en/rest/deployments/deployments, https://docs.github.com/en/rest/deployments/statuses,
https://docs.github.com/en/rest/commits/statuses. GitHub takes each of them as often as it is told, so what is there is
read first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from controller.adapters.github.calls import Calls
from controller.adapters.github.errors import DEPLOYMENTS, STATUSES_WRITTEN
from controller.adapters.github.pages import PER_PAGE, Pages
from controller.domain.board import Flag, Posting

OURS = "tidegate"
"""The key of our id in a deployment's payload."""

Shown = Mapping[str, Any]
PAGES_KEPT = 200


def payload(posting: Posting) -> dict[str, dict[str, str]]:
    """The time beside the id: a controller that began anew counts from 1 again."""
    return {OURS: {"deployment": posting.deployment, "created_at": posting.created_at.isoformat()}}


def opening(posting: Posting) -> dict[str, Any]:
    """Tidegate decides what may be deployed: GitHub is neither to merge anything for it nor to wait for checks."""
    return {
        "ref": posting.sha,
        "environment": posting.environment,
        "task": "deploy",
        "auto_merge": False,
        "required_contexts": [],
        "payload": payload(posting),
        "description": f"{posting.deployment} by Tidegate",
        "transient_environment": False,
    }


def standing(posting: Posting) -> dict[str, Any]:
    """What is over is said by us, deployment by deployment."""
    said = {
        "state": str(posting.mark),
        "description": posting.text,
        "environment": posting.environment,
        "log_url": posting.link,
        "environment_url": posting.url,
        "auto_inactive": False,
    }
    return {name: value for name, value in said.items() if value != ""}


def marking(flag: Flag) -> dict[str, Any]:
    said = {"state": str(flag.colour), "context": flag.name, "description": flag.text, "target_url": flag.link}
    return {name: value for name, value in said.items() if value != ""}


class GitHubBoard:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._deployments = Pages(_deployments, PAGES_KEPT)
        self._statuses = Pages(_statuses, PAGES_KEPT)

    def post(self, posting: Posting) -> None:
        attempted = f"Showing {posting.deployment} as {posting.mark} at {posting.sha[:7]} of {posting.repository}"
        known = self._found(posting, attempted)
        if known is None:
            known = self._calls.make(posting.repository, "deployments", attempted, DEPLOYMENTS, opening(posting))
        path = f"deployments/{known}/statuses"
        newest = self._newest(posting.repository, path, attempted)
        if newest is None or _differs(newest, standing(posting), but={"environment", "auto_inactive"}):
            self._calls.send("POST", posting.repository, path, attempted, DEPLOYMENTS, standing(posting))

    def flag(self, flag: Flag) -> None:
        attempted = f"Marking {flag.sha[:7]} of {flag.repository} as {flag.name}: {flag.colour}"
        known = self._calls.entries(
            self._statuses,
            flag.repository,
            f"commits/{flag.sha}/status?per_page={PER_PAGE}",
            attempted,
            STATUSES_WRITTEN,
        )
        mine = next((one for one in known if one.get("context") == flag.name), None)
        if mine is None or _differs(mine, marking(flag)):
            path = f"statuses/{flag.sha}"
            self._calls.send("POST", flag.repository, path, attempted, STATUSES_WRITTEN, marking(flag))

    def _found(self, posting: Posting, attempted: str) -> int | None:
        """The oldest with our id, should two controllers have made one each in the same moment."""
        asked = urlencode({"sha": posting.sha, "environment": posting.environment, "per_page": PER_PAGE}, safe="")
        shown = self._calls.entries(
            self._deployments, posting.repository, f"deployments?{asked}", attempted, DEPLOYMENTS
        )
        mine = payload(posting)[OURS]
        return min((found for found, given in shown if given.get(OURS) == mine), default=None)

    def _newest(self, repository: str, path: str, attempted: str) -> Shown | None:
        """GitHub tells the newest first."""
        found = self._calls.send("GET", repository, f"{path}?per_page=1", attempted, DEPLOYMENTS)
        return found[0] if isinstance(found, list) and found else None


def _deployments(body: Any) -> list[tuple[int, Mapping[str, Any]]]:
    return [(int(one["id"]), _payload(one.get("payload"))) for one in body]


def _statuses(body: Any) -> list[Shown]:
    return [dict(one) for one in body["statuses"]]


def _payload(given: object) -> Mapping[str, Any]:
    """An object, or the text of one: whoever made it may have sent either."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return {}
    return given if isinstance(given, Mapping) else {}


def _differs(shown: Shown, wanted: Mapping[str, Any], but: frozenset[str] | set[str] = frozenset()) -> bool:
    return any((shown.get(name) or "") != value for name, value in wanted.items() if name not in but)
