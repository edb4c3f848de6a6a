"""What an error of GitHub means for what happens next: one table, the first row that fits wins.

https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from github import BadCredentialsException, GithubException, RateLimitExceededException, UnknownObjectException
from requests.exceptions import InvalidHeader

from controller.domain.errors import Blocked, TidegateError, Transient
from controller.domain.ports import Clock

RATE_RETRY = timedelta(minutes=1)
"""When GitHub does not say how long: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api"""

RATE_LIMIT = "github.rate_limit"
UNREACHABLE_RETRY = timedelta(seconds=10)
UNREADABLE_RETRY = timedelta(minutes=1)


@dataclass(frozen=True)
class Meaning:
    """`kind` and `statuses` say which errors, `says_when` only those with a `retry-after`; `advice` is what an operator
    can do."""

    becomes: type[TidegateError]
    code: str
    advice: str
    statuses: range
    kind: type[GithubException] = GithubException
    says_when: bool = False

    def fits(self, error: GithubException) -> bool:
        is_told = any(name.lower() == "retry-after" for name in error.headers or {})
        return isinstance(error, self.kind) and error.status in self.statuses and (is_told or not self.says_when)


ANY = range(600)
AGAIN = "It is tried again by itself"
CREDENTIALS = "Give the controller a token or an app key that is valid"
CONTENTS, CHECKS, STATUSES = "Contents: read", "Checks: read", "Commit statuses: read"
DEPLOYMENTS, STATUSES_WRITTEN = "Deployments: write", "Commit statuses: write"
PULLS, CHECKS_WRITTEN, HOOKS = "Pull requests: write", "Checks: write", "Webhooks: write"
"""https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps"""
RIGHTS = (
    "Check that the repository exists under this name, and that the token or the app may do this"
    " (permission `{right}`; an app must be installed there)"
)

MEANINGS: tuple[Meaning, ...] = (
    Meaning(Transient, RATE_LIMIT, AGAIN, ANY, RateLimitExceededException),
    Meaning(Transient, RATE_LIMIT, AGAIN, range(429, 430)),
    Meaning(Transient, RATE_LIMIT, AGAIN, range(403, 404), says_when=True),
    Meaning(Blocked, "github.credentials", CREDENTIALS, ANY, BadCredentialsException),
    Meaning(Blocked, "github.credentials", CREDENTIALS, range(401, 402)),
    Meaning(Blocked, "github.denied", RIGHTS, range(403, 404)),
    Meaning(Blocked, "github.repository_missing", RIGHTS, ANY, UnknownObjectException),
    Meaning(Blocked, "github.repository_missing", RIGHTS, range(404, 405)),
    Meaning(Blocked, "github.refused", "Read what GitHub says", range(400, 500)),
    Meaning(Transient, "github.unavailable", AGAIN, range(500, 600)),
)

UNKNOWN = Meaning(Transient, "github.unavailable", AGAIN, ANY)


class Unreadable(Exception):
    """An answer that is not of the shape that GitHub documents; `translated` makes it `Transient`."""


Count = Callable[[str], None]


def unheard(outcome: str) -> None:
    """Where nobody counts."""


@contextmanager
def translated(attempted: str, clock: Clock, right: str = CONTENTS, count: Count = unheard) -> Iterator[None]:
    """Turn what GitHub and the way to it raise into our errors; `attempted` says what was asked for, `right` what it
    takes. `count` hears how it ended: `done`, or the kind of the error."""
    try:
        with _translated(attempted, clock, right):
            yield
    except TidegateError as error:
        count(type(error).__name__.lower())
        raise
    count("done")


@contextmanager
def _translated(attempted: str, clock: Clock, right: str) -> Iterator[None]:
    try:
        yield
    except GithubException as error:
        raise from_answer(error, attempted, clock.now(), right) from error
    except Unreadable as error:
        raise Transient(
            f"{attempted}: GitHub answered something else: {error}. {AGAIN}.",
            code="github.unreadable",
            retry_after=UNREADABLE_RETRY,
        ) from error
    except (InvalidHeader, UnicodeEncodeError):
        # The token is the only header that can be wrong, and what the library says repeats it.
        told = f"{attempted}: the token has a character that no header can have, as the end of a line. {CREDENTIALS}."
        raise Blocked(told, code="github.credentials") from None
    except OSError as error:
        # requests raises its own kinds of OSError for refused connections, broken names and time-outs.
        raise Transient(
            f"{attempted}: no answer from GitHub: {error}. {AGAIN}.",
            code="github.unreachable",
            retry_after=UNREACHABLE_RETRY,
        ) from error


def from_answer(error: GithubException, attempted: str, now: datetime, right: str = CONTENTS) -> TidegateError:
    meaning = next((meaning for meaning in MEANINGS if meaning.fits(error)), UNKNOWN)
    message = f"{attempted}: GitHub answered {error.status}: {_said(error)}. {meaning.advice.format(right=right)}."
    if meaning.code == RATE_LIMIT:
        return Transient(message, code=meaning.code, retry_after=_wait(error.headers or {}, now))
    return meaning.becomes(message, code=meaning.code)


def _said(error: GithubException) -> str:
    data = error.data
    return str(data.get("message", "")) if isinstance(data, Mapping) else ""


def _wait(headers: Mapping[str, str], now: datetime) -> timedelta:
    """`retry-after` in seconds, else until `x-ratelimit-reset` (seconds since 1970), else a minute."""
    lower = {name.lower(): value for name, value in headers.items()}
    if lower.get("retry-after", "").isdigit():
        return timedelta(seconds=int(lower["retry-after"]))
    if lower.get("x-ratelimit-reset", "").isdigit() and lower.get("x-ratelimit-remaining", "0") == "0":
        return max(datetime.fromtimestamp(int(lower["x-ratelimit-reset"]), UTC) - now, timedelta(seconds=1))
    return RATE_RETRY
