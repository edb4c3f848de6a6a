"""Check runs and commit statuses of one commit, read as GitHub's own branch protection reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from github.Requester import Requester

from controller.adapters.github.errors import Unreadable
from controller.adapters.github.pages import PER_PAGE, Pages
from controller.domain.commit_checks import CheckState, CommitCheck

PAGES_KEPT = 500
"""A commit has one of each, seldom more, and is asked about while something waits for it."""

CONCLUSIONS: Mapping[str, CheckState] = {
    "success": CheckState.PASSED,
    "neutral": CheckState.PASSED,
    "skipped": CheckState.PASSED,
    "failure": CheckState.FAILED,
    "cancelled": CheckState.FAILED,
    "timed_out": CheckState.FAILED,
    "action_required": CheckState.FAILED,
    "startup_failure": CheckState.FAILED,
}
"""Of a check run that is completed. Every other word is pending: `stale`, which GitHub makes of a run that nobody
completed in two weeks, and what it may come to say one day.

https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/about-status-checks
"""

STATES: Mapping[str, CheckState] = {
    "success": CheckState.PASSED,
    "failure": CheckState.FAILED,
    "error": CheckState.FAILED,
}
"""Of a commit status: https://docs.github.com/en/rest/commits/statuses"""

WEB = ("https://", "http://")


@dataclass(frozen=True)
class Found:
    """One check as GitHub lists it. Of two with one name and app the one with the higher `id` is the newer: an app may
    set the times of its runs as it likes. `app` is None where GitHub does not say whose it is."""

    id: int
    sha: str
    app: int | None
    check: CommitCheck


class CommitChecks:
    def __init__(self) -> None:
        self._runs = Pages(_runs, PAGES_KEPT)
        self._statuses = Pages(_statuses, PAGES_KEPT)

    def runs(self, requester: Requester, repository: str, sha: str) -> tuple[CommitCheck, ...]:
        """https://docs.github.com/en/rest/checks/runs#list-check-runs-for-a-git-reference

        `filter=latest` leaves the latest of each check suite, and another event at the same commit, as a push to a
        second branch, has a suite of its own.
        """
        address = f"/repos/{repository}/commits/{sha}/check-runs?filter=latest&per_page={PER_PAGE}"
        return _latest(self._runs.entries(requester, address), sha)

    def statuses(self, requester: Requester, repository: str, sha: str) -> tuple[CommitCheck, ...]:
        """https://docs.github.com/en/rest/commits/statuses#get-the-combined-status-for-a-specific-reference

        GitHub knows one status of a name, whoever set it.
        """
        address = f"/repos/{repository}/commits/{sha}/status?per_page={PER_PAGE}"
        return _latest(self._statuses.entries(requester, address), sha)


def _latest(found: Iterable[Found], sha: str) -> tuple[CommitCheck, ...]:
    """The newest of each name and app, in the order in which GitHub tells them."""
    latest: dict[tuple[str, int | None], Found] = {}
    for each in found:
        if each.sha != sha:
            raise Unreadable(f"{each.check.name} is of {each.sha}, and {sha} was asked for")
        known = latest.setdefault((each.check.name, each.app), each)
        if each.id > known.id:
            latest[each.check.name, each.app] = each
    return tuple(each.check for each in latest.values())


def _runs(body: Mapping[str, Any]) -> list[Found]:
    return [_run(shown) for shown in body["check_runs"]]


def _run(shown: Mapping[str, Any]) -> Found:
    app = shown.get("app")
    return Found(
        id=_number(shown["id"]),
        sha=_text(shown["head_sha"]),
        app=None if app is None else _number(app["id"]),
        check=_check(shown, "name", CONCLUSIONS, _word(shown), "html_url"),
    )


def _word(shown: Mapping[str, Any]) -> str:
    """What it came to, once it is completed; until then what it does, though GitHub may show what it came to before."""
    status = _text(shown["status"])
    return _text(shown["conclusion"] or status) if status == "completed" else status


def _statuses(body: Mapping[str, Any]) -> list[Found]:
    sha = _text(body["sha"])
    return [
        Found(_number(shown["id"]), sha, None, _check(shown, "context", STATES, _text(shown["state"]), "target_url"))
        for shown in body["statuses"]
    ]


def _check(
    shown: Mapping[str, Any], named: str, meanings: Mapping[str, CheckState], said: str, address: str
) -> CommitCheck:
    state = meanings.get(said, CheckState.PENDING)
    return CommitCheck(_text(shown[named]), state, said, _web_address(shown.get(address)))


def _web_address(given: object) -> str:
    """Whoever may write to the repository chose it: nothing but a page of the web is passed on."""
    return given if isinstance(given, str) and given.startswith(WEB) else ""


def _text(given: object) -> str:
    if not isinstance(given, str):
        raise TypeError(f"{given!r} is not a text")
    return given


def _number(given: object) -> int:
    if not isinstance(given, int):
        raise TypeError(f"{given!r} is not a number")
    return given
