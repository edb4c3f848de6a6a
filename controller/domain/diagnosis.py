"""What `tidegate doctor` finds: one line for each thing that was looked at, and what to do about it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from controller.domain.counting import counted

SKEW, WORST_SKEW = timedelta(seconds=10), timedelta(seconds=60)
"""An App's signature may be made a minute in the future at most:
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app"""

CHECK = "tidegate"
"""The check that fails on a file that is not valid."""

LEVELS = ("", "read", "write", "admin")

WANTED: Mapping[str, tuple[str, str]] = {
    "contents": ("read", "nothing can be deployed: neither branches nor files can be read"),
    "checks": (
        "write",
        "files that are not valid fail no check with annotations (`read` is enough for the checks gate)",
    ),
    "statuses": ("write", "commits are not marked (`read` is enough for the checks gate)"),
    "deployments": ("write", "deployments are not shown on GitHub"),
    "pull_requests": ("write", "pull requests get no comment"),
    "members": ("read", "approvals by a team can't be asked for"),
    "administration": ("read", "nobody can tell here whether branches are protected"),
}
"""Permission of an App → how much of it, and what falls away without."""


class State(StrEnum):
    OK = "ok"
    ADVICE = "advice"  # it works, and could be better or safer
    BROKEN = "broken"  # something does not work


@dataclass(frozen=True)
class Line:
    """`subject` names what was looked at, `advice` what to do; empty where it is well."""

    subject: str
    state: State
    text: str
    advice: str = ""


@dataclass(frozen=True)
class Access:
    """What GitHub says of us at a repository. `permissions` are an App's, by name; None for a token, of which only
    `may_write` is known. `said_at` is the time by GitHub's clock, `asked_at` by ours when it answered, aware UTC."""

    permissions: Mapping[str, str] | None
    may_write: bool
    said_at: datetime | None
    asked_at: datetime


@dataclass(frozen=True)
class Protection:
    """How a branch is guarded, by whichever of GitHub's two ways. `unread` says why nobody can tell."""

    reviews: int = 0
    checks: frozenset[str] = frozenset()
    allows_force_pushes: bool = True
    allows_deletion: bool = True
    unread: str = ""


@dataclass(frozen=True)
class HookView:
    """A webhook of the repository that leads to us. `status` is how its last delivery was answered, None before the
    first."""

    address: str
    is_active: bool
    events: frozenset[str]
    status: int | None = None


@dataclass(frozen=True)
class Hooks:
    """`unread` says why nobody can tell which there are."""

    found: tuple[HookView, ...] = field(default=())
    unread: str = ""


def of_access(repository: str, access: Access) -> Iterator[Line]:
    subject = f"github {repository}"
    yield Line(subject, State.OK, "it can be read")
    if access.permissions is None:
        if not access.may_write:
            told = "the token may not write there: no comments, no deployments, no marks on commits"
            yield Line(f"{subject} permissions", State.ADVICE, told, "give it write access, or use a GitHub App")
        else:
            told = "a token that may write; the check is a commit status without annotations"
            yield Line(f"{subject} permissions", State.OK, told)
    else:
        missing = [name for name, (level, _) in WANTED.items() if _is_less(access.permissions.get(name, ""), level)]
        for name in missing:
            level, lost = WANTED[name]
            state = State.BROKEN if name == "contents" else State.ADVICE
            yield Line(
                f"{subject} permissions", state, f"without `{name}: {level}` {lost}", f"give the App `{name}: {level}`"
            )
        if not missing:
            yield Line(f"{subject} permissions", State.OK, "the App may do all that Tidegate does")
    yield from _of_clock(access)


def _is_less(given: str, wanted: str) -> bool:
    return LEVELS.index(given if given in LEVELS else "") < LEVELS.index(wanted)


def _of_clock(access: Access) -> Iterator[Line]:
    if access.said_at is None:
        return
    skew = abs(access.asked_at - access.said_at)
    seconds = f"{skew.total_seconds():.0f} s"
    if skew > WORST_SKEW:
        told = f"{seconds} away from GitHub's: an App's signature is refused, and times mislead"
        yield Line("clock", State.BROKEN, told, "set this machine's clock, and keep it by NTP")
    elif skew > SKEW:
        yield Line("clock", State.ADVICE, f"{seconds} away from GitHub's", "keep this machine's clock by NTP")
    else:
        yield Line("clock", State.OK, "agrees with GitHub's")


def of_protection(repository: str, branch: str, found: Protection) -> Iterator[Line]:
    """Whoever may push to the branch may deploy: Tidegate deploys what stands there."""
    subject = f"branch {branch} of {repository}"
    if found.unread:
        yield Line(subject, State.ADVICE, f"whether it is protected can't be told: {found.unread}", "look at its rules")
        return
    advice = list(_of_rules(found))
    yield from (Line(subject, State.ADVICE, told, what) for told, what in advice)
    if not advice:
        yield Line(
            subject, State.OK, f"protected: {counted(found.reviews, 'review')}, the check, no force pushes, no deletion"
        )


def _of_rules(found: Protection) -> Iterator[tuple[str, str]]:
    if not found.reviews:
        yield "whoever may push to it deploys, unseen by anybody", "require a pull request with at least one review"
    if CHECK not in found.checks:
        yield f"a file that is not valid can be merged: `{CHECK}` is not required", f"require the check `{CHECK}`"
    if found.allows_force_pushes:
        yield "its history can be rewritten: then Tidegate stops and waits for a person", "forbid force pushes"
    if found.allows_deletion:
        yield "it can be deleted", "forbid its deletion"


EVENTS = frozenset({"push", "pull_request", "check_run", "check_suite", "status", "release"})


def of_hooks(repository: str, found: Hooks) -> Iterator[Line]:
    subject = f"webhook of {repository}"
    if found.unread:
        yield Line(
            subject, State.ADVICE, f"whether there is one can't be told: {found.unread}", "`Webhooks: read` shows it"
        )
    elif not found.found:
        told = "there is none that leads here: everything is found by a sweep, up to a minute late"
        yield Line(subject, State.ADVICE, told, "add one to PUBLIC_URL/webhooks/github, as application/json")
    for hook in found.found:
        yield _of_hook(subject, hook)


def _of_hook(subject: str, hook: HookView) -> Line:
    missing = sorted(EVENTS - hook.events) if "*" not in hook.events else []
    if not hook.is_active:
        return Line(subject, State.ADVICE, f"{hook.address} is switched off", "switch it on")
    if hook.status is not None and not 200 <= hook.status < 400:
        told = f"{hook.address} was answered {hook.status or 'nothing'} the last time"
        return Line(subject, State.BROKEN, told, "look at its recent deliveries: the address, and the secret")
    if missing:
        return Line(subject, State.ADVICE, f"{hook.address} is not sent {', '.join(missing)}", "have it sent these too")
    return Line(subject, State.OK, f"{hook.address} is sent what it needs, and answered")
