"""A signed request from GitHub becomes a Delivery, or is refused as malformed. Pure.

https://docs.github.com/en/webhooks/webhook-events-and-payloads
The event's name comes in a header that GitHub does not sign, so a captured body can be sent again under another name.
What is read here is therefore only where to look; a value that is not of the form that GitHub gives it is never kept.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from starlette.datastructures import Headers

from controller.domain.delivery import GITHUB, LOOKS, PULL_REQUEST, Delivery
from webhooks.payloads import Payload, fitting, parsed
from webhooks.refusals import Outcome, Refused

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_REPOSITORY = re.compile(r"[A-Za-z0-9_-]{1,100}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# What `git check-ref-format` forbids, and lone surrogates, which JSON can spell and no database can hold.
_REF = re.compile(r"(?!.*(?:\.\.|@\{|//))[^\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]{1,255}")
_BRANCHES = "refs/heads/"


@dataclass(frozen=True)
class _Where:
    """What a payload says about the place to look at, beside its repository."""

    ref: str | None = None
    branch: str | None = None
    commit: str | None = None


def media_type(headers: Headers) -> str:
    """JSON or FORM, the two that GitHub can be set to send; else refused as unsupported."""
    given = headers.getlist("content-type")
    kind = given[0].partition(";")[0].strip().lower() if len(given) == 1 else ""
    if kind not in (JSON, FORM):
        raise Refused(Outcome.UNSUPPORTED, f"Content-Type must be {JSON} or {FORM}, and be given once.")
    return kind


def signature(headers: Headers) -> bytes:
    """The signature header as sent, empty when it is missing or given twice; for `GitHubSignatures.match`."""
    given = headers.getlist("x-hub-signature-256")
    return given[0].encode("latin-1") if len(given) == 1 else b""


def delivery(headers: Headers, kind: str, body: bytes, now: datetime) -> Delivery:
    """`kind` is from `media_type`, `now` aware UTC. Refused as malformed when a header or the body is not as GitHub
    sends it, or when an event that asks for a look does not say where."""
    guid = _header(headers, "x-github-delivery", _ID, "a GUID").lower()
    event = _header(headers, "x-github-event", _WORD, "an event's name")
    payload = _payload(kind, body)
    repository = fitting(_REPOSITORY, payload, "repository", "full_name")
    if event in {*LOOKS, PULL_REQUEST} and repository is None:
        raise _malformed(f"A {event} event must name its repository.full_name.")
    where = _WHERE.get(event, _nowhere)(payload)
    return Delivery(
        id=guid,
        source=GITHUB,
        event=event,
        action=fitting(_WORD, payload, "action"),
        repository=repository,
        ref=where.ref,
        branch=where.branch,
        commit=where.commit,
        body_sha256=hashlib.sha256(body).hexdigest(),
        received_at=now,
    )


def _header(headers: Headers, name: str, form: re.Pattern[str], wanted: str) -> str:
    given = headers.getlist(name)
    if len(given) != 1 or not form.fullmatch(given[0]):
        raise _malformed(f"The header {name} must be given once and be {wanted}.")
    return given[0]


def _payload(kind: str, body: bytes) -> Payload:
    try:
        text = body.decode()
        return parsed(_form_field(text) if kind == FORM else text)
    except (ValueError, RecursionError) as error:
        raise _malformed(
            "The body must be one JSON object in UTF-8, of modest depth, without repeated keys."
        ) from error


def _form_field(text: str) -> str:
    fields = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=10)
    [payload] = [value for name, value in fields if name == "payload"]
    return payload


def _push(payload: Payload) -> _Where:
    ref = fitting(_REF, payload, "ref")
    after = fitting(_COMMIT, payload, "after")
    if ref is None or after is None:
        raise _malformed("A push must have a git ref as `ref` and a commit as `after`.")
    is_deleted = payload.get("deleted") is True or not after.strip("0")
    branch = ref.removeprefix(_BRANCHES) if ref.startswith(_BRANCHES) else None
    return _Where(ref, branch, None if is_deleted else after)


def _release(payload: Payload) -> _Where:
    tag = fitting(_REF, payload, "release", "tag_name")
    return _Where(ref=None if tag is None else f"refs/tags/{tag}")


def _status(payload: Payload) -> _Where:
    return _Where(commit=fitting(_COMMIT, payload, "sha"))


def _check(*suite: str) -> Callable[[Payload], _Where]:
    """For events whose object at `suite` has a head. Its branch may be that of a fork: still only a hint."""

    def where(payload: Payload) -> _Where:
        branch = fitting(_REF, payload, *suite, "head_branch")
        commit = fitting(_COMMIT, payload, *suite, "head_sha")
        return _Where(None if branch is None else f"{_BRANCHES}{branch}", branch, commit)

    return where


def _pull_request(payload: Payload) -> _Where:
    """By its number and the branch that it goes to; which commits it has is asked of GitHub."""
    number = payload.get("number")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 10**9:
        raise _malformed("A pull request must have a number.")
    return _Where(f"refs/pull/{number}/head", fitting(_REF, payload, "pull_request", "base", "ref"))


def _nowhere(_: Payload) -> _Where:
    return _Where()


_WHERE: Mapping[str, Callable[[Payload], _Where]] = {
    "push": _push,
    "release": _release,
    "status": _status,
    "check_run": _check("check_run", "check_suite"),
    "check_suite": _check("check_suite"),
    "workflow_run": _check("workflow_run"),
    PULL_REQUEST: _pull_request,
}


def _malformed(detail: str) -> Refused:
    return Refused(Outcome.MALFORMED, detail)
