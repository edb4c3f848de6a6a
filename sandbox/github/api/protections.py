"""How branches are protected: kept and shown as GitHub does, and enforced by nobody here. There are no rulesets."""

from __future__ import annotations

from typing import Any

from sandbox.github.api.call import Call, Page, Reply, Rest
from sandbox.github.errors import ApiError


def protection(call: Call) -> Any:
    """https://docs.github.com/en/rest/branches/branch-protection#get-branch-protection"""
    found = call.repository.records.protections.get(_branch(call))
    if found is None:
        raise ApiError(404, "Branch not protected")
    return found


def protect(call: Call) -> Any:
    """Answers with more than was asked for: what was a flag is an object."""
    given, name = call.body, _branch(call)
    shown: dict[str, Any] = {
        "url": call.address,
        "enforce_admins": {"enabled": bool(given.get("enforce_admins"))},
        "allow_force_pushes": {"enabled": bool(given.get("allow_force_pushes"))},
        "allow_deletions": {"enabled": bool(given.get("allow_deletions"))},
    }
    if (reviews := given.get("required_pull_request_reviews")) is not None:
        count = reviews.get("required_approving_review_count", 1)
        shown["required_pull_request_reviews"] = {"required_approving_review_count": count}
    if (checks := given.get("required_status_checks")) is not None:
        named = [{"context": context, "app_id": None} for context in checks.get("contexts") or []]
        named += [{"app_id": None, **each} for each in checks.get("checks") or []]
        contexts = [each["context"] for each in named]
        shown["required_status_checks"] = {"strict": bool(checks.get("strict")), "contexts": contexts, "checks": named}
    call.repository.records.protections[name] = shown
    return shown


def unprotect(call: Call) -> Any:
    if call.repository.records.protections.pop(_branch(call), None) is None:
        raise ApiError(404, "Branch not protected")
    return Reply(204)


def rules(call: Call) -> Any:
    call.require_repository()
    return Page([], dict)


def _branch(call: Call) -> str:
    """Only an administrator sees it: an App without the permission is told so, anybody else that there is nothing."""
    if call.installed_app_id is not None:
        raise ApiError(403, "Resource not accessible by integration")
    if call.by.permission != "admin":
        raise ApiError.not_found()
    name = str(call.path["branch"])
    if call.repository.git.ref(f"refs/heads/{name}") is None:
        raise ApiError(404, "Branch not found")
    return name


_BASE = "/repos/{owner}/{repo}"
_ONE = _BASE + "/branches/{branch:path}/protection"

ROUTES: list[Rest] = [
    ("GET", _ONE, protection),
    ("PUT", _ONE, protect),
    ("DELETE", _ONE, unprotect),
    ("GET", _BASE + "/rules/branches/{branch:path}", rules),
]
