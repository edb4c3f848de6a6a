"""`ports.Examiner` by GitHub's REST API: only reads, and what can't be read is said to be unread."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from controller.adapters.github.calls import Calls
from controller.adapters.github.courier import PATH
from controller.domain.diagnosis import Access, Hooks, HookView, Protection
from controller.domain.errors import Blocked, TidegateError
from controller.domain.ports import Clock

ADMINISTRATION, WEBHOOKS = "Administration: read", "Webhooks: read"
NOT_PROTECTED = "Branch not protected"


class GitHubExaminer:
    """`public_url` is how GitHub reaches us; where it is empty a hook of ours is known by its path."""

    def __init__(self, calls: Calls, clock: Clock, public_url: str) -> None:
        self._calls, self._clock, self._public_url = calls, clock, public_url.rstrip("/")

    def access(self, repository: str) -> Access:
        """https://docs.github.com/en/rest/repos/repos#get-a-repository"""
        headers, shown = self._calls.ask(repository, "", f"Reading {repository}")
        permissions = None
        if self._calls.is_app:
            path = f"/repos/{repository}/installation"
            installed = self._calls.send("GET", "", path, f"Reading the App's installation at {repository}")
            permissions = {str(name): str(level) for name, level in installed["permissions"].items()}
        may_write = bool((shown.get("permissions") or {}).get("push"))
        return Access(permissions, may_write, _said_at(headers), self._clock.now())

    def protection(self, repository: str, branch: str) -> Protection:
        """By classic protection and by rulesets: https://docs.github.com/en/rest/branches/branch-protection and
        https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch"""
        attempted = f"Reading how {branch} of {repository} is protected"
        try:
            rules = self._calls.send("GET", repository, f"rules/branches/{branch}", attempted, ADMINISTRATION)
        except Blocked:
            rules = []
        by_rules = _by_rules(rules)
        try:
            path = f"branches/{branch}/protection"
            return _both(_classic(self._calls.send("GET", repository, path, attempted, ADMINISTRATION)), by_rules)
        except Blocked as error:
            return by_rules if NOT_PROTECTED in str(error) or rules else Protection(unread=str(error))

    def hooks(self, repository: str) -> Hooks:
        attempted = f"Reading the webhooks of {repository}"
        try:
            if self._calls.is_app:
                return Hooks(tuple(self._app_hook(attempted)))
            shown = self._calls.send("GET", repository, "hooks?per_page=100", attempted, WEBHOOKS)
        except TidegateError as error:
            return Hooks(unread=str(error))
        return Hooks(tuple(_hook(each) for each in shown if self._is_ours(str(each["config"].get("url", "")))))

    def _app_hook(self, attempted: str) -> list[HookView]:
        """https://docs.github.com/en/rest/apps/webhooks: its events are the App's."""
        config = self._calls.send("GET", "", "/app/hook/config", attempted, WEBHOOKS)
        app = self._calls.send("GET", "", "/app", attempted)
        address = str(config.get("url") or "")
        return [HookView(address, True, frozenset(app["events"]))] if self._is_ours(address) else []

    def _is_ours(self, address: str) -> bool:
        return address == f"{self._public_url}{PATH}" if self._public_url else address.endswith(PATH)


def _said_at(headers: Mapping[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return None


def _classic(shown: Mapping[str, Any]) -> Protection:
    reviews = shown.get("required_pull_request_reviews") or {}
    checks = shown.get("required_status_checks") or {}
    contexts = {*checks.get("contexts", []), *(each["context"] for each in checks.get("checks", []))}
    return Protection(
        # A pull request may be required without a review.
        reviews=int(reviews.get("required_approving_review_count", 0)),
        checks=frozenset(map(str, contexts)),
        allows_force_pushes=bool((shown.get("allow_force_pushes") or {}).get("enabled")),
        allows_deletion=bool((shown.get("allow_deletions") or {}).get("enabled")),
    )


def _by_rules(rules: list[Mapping[str, Any]]) -> Protection:
    kinds = {str(rule["type"]) for rule in rules}
    given = [(str(rule["type"]), rule.get("parameters") or {}) for rule in rules]
    reviews = [int(of.get("required_approving_review_count", 0)) for kind, of in given if kind == "pull_request"]
    checks = [each for kind, of in given if kind == "required_status_checks" for each in of["required_status_checks"]]
    return Protection(
        reviews=max(reviews, default=0),
        checks=frozenset(str(each["context"]) for each in checks),
        allows_force_pushes="non_fast_forward" not in kinds,
        allows_deletion="deletion" not in kinds,
    )


def _both(one: Protection, other: Protection) -> Protection:
    """What either forbids is forbidden."""
    return Protection(
        max(one.reviews, other.reviews),
        one.checks | other.checks,
        one.allows_force_pushes and other.allows_force_pushes,
        one.allows_deletion and other.allows_deletion,
    )


def _hook(shown: Mapping[str, Any]) -> HookView:
    code = (shown.get("last_response") or {}).get("code")
    events = frozenset(map(str, shown["events"]))
    return HookView(str(shown["config"]["url"]), bool(shown["active"]), events, code if isinstance(code, int) else None)
