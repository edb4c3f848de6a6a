"""What a request asks: its path, its query and its body, checked before anything is read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Literal

import anyio
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError
from starlette.requests import ClientDisconnect, Request

from controller.api.problems import Refused
from controller.domain.anchor import Anchor
from controller.domain.deployment import Kind, Phase
from controller.domain.events import Event
from controller.domain.manifest.values import Within
from controller.domain.orders import ANSWERS, OrderKind, Wish
from controller.domain.people import Caller
from controller.domain.search import FIELDS, Search, SearchRefused, read_search
from controller.domain.step import spoken
from controller.inbox.wishes import LEAST_LIMIT, MOST_LIMIT

LARGEST_BODY = 64 * 1024
LARGEST_ANCHORS = 8 * 1024 * 1024
"""About 40,000 of them: one an hour for more than four years."""

BODY_SECONDS = 30.0
MOST_ITEMS = 200
MOST_SAMPLES = 5000


def _printable(text: str) -> str:
    if any(ord(character) < 32 and character not in "\n\r\t" for character in text):
        raise PydanticCustomError("control_characters", "no control characters, please")
    return text


def _no_answer(kind: OrderKind) -> OrderKind:
    if kind in ANSWERS:
        raise PydanticCustomError("answer", "answers to approvals go to deployments/{id}/approvals")
    return kind


def _an_answer(kind: OrderKind) -> OrderKind:
    if kind not in ANSWERS:
        raise PydanticCustomError("answer", "wanted approve, reject, revoke or break_glass")
    return kind


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise PydanticCustomError("calendar", "there is no such moment in UTC") from error


Words = Annotated[str, AfterValidator(_printable)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Limit = Annotated[timedelta, Within(spoken(LEAST_LIMIT), spoken(MOST_LIMIT))]


class Wanted(BaseModel):
    """Unknown keys are errors: a misspelt filter would answer another question."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DeploymentsQuery(Wanted):
    environment: Words | None = Field(None, description="Only those of this environment.")
    phase: Phase | None = Field(None, description="Only those in this phase.")
    service: Words | None = Field(None, description="Only those that move this service.")
    kind: Kind | None = Field(None, description="Only those of this kind.")
    actor: Words | None = Field(
        None, description="Only those that this login ordered or approved, or whose commit it wrote."
    )
    since: Words | None = Field(
        None, description="Only those made from then on: a day by UTC, or a moment with its zone."
    )
    until: Words | None = Field(
        None, description="Only those made before that moment, or until the end of that day, by UTC."
    )
    text: Words | None = Field(
        None,
        description="Only those with all of these words: of the commit's title, the version, the id, the reason at the"
        " end; or seven digits or more of the commit.",
    )
    limit: int = Field(50, ge=1, le=MOST_ITEMS, description="How many at most.")
    cursor: Words | None = Field(None, description="`next` of the page before.")

    @property
    def search(self) -> Search:
        """`Refused` 400 names each field that can't be read."""
        given = {name: getattr(self, name) for name in FIELDS}
        try:
            return read_search(given)
        except SearchRefused as error:
            told = "The query is wrong: what is searched for can't be read."
            raise Refused(HTTPStatus.BAD_REQUEST, "query.invalid", told, errors=error.errors) from error


class ComparisonQuery(Wanted):
    first: Words = Field(alias="from", description="The id of a deployment.")
    second: Words = Field(alias="to", description="The id of the one that it is compared with.")


class SamplesQuery(Wanted):
    limit: int = Field(1000, ge=1, le=MOST_SAMPLES, description="How many at most.")
    cursor: Words | None = Field(None, description="`next` of the page before.")


class AuditQuery(Wanted):
    environment: Words | None = Field(None, description="Only what is about this environment.")
    deployment: Words | None = Field(None, description="Only what is about this deployment.")
    actor: Words | None = Field(None, description="Only what this person did, by login; or `tidegate`.")
    event: Event | None = Field(None, description="Only events of this kind.")
    since: Moment | None = Field(None, description="Only from this moment on; sorted by time then.")
    until: Moment | None = Field(None, description="Only before this moment; sorted by time then.")
    limit: int = Field(100, ge=1, le=MOST_ITEMS, description="How many at most.")
    cursor: Words | None = Field(None, description="`next` of the page before.")


class OrderRequest(Wanted):
    """What a person asks for, and why: people will read the reason later."""

    order: Annotated[OrderKind, AfterValidator(_no_answer)]
    reason: Words
    deployment: Words | None = Field(None, description="promote, pause, resume, abort: the one that it is about.")
    to: Words | None = Field(None, description="rollback: a deployment that succeeded; else the one before.")
    across: Words | None = Field(
        None, description="rollback: the deployment whose `before` the earlier version does not work with, typed."
    )
    ref: Words | None = Field(None, description="deploy: a commit, a tag or a branch; else the branch's head.")
    restart: bool = Field(False, strict=True, description="deploy: every service rolls, changed or not.")
    correct: bool = Field(False, strict=True, description="deploy: what is live, once more as its file declares it.")
    service: Words | None = Field(None, description="prune: the service that the file no longer names.")
    limit: Limit | None = Field(None, alias="for", description="pause: how long, until it turns back by itself.")
    idempotency_key: Words | None = Field(
        None, description="Of your choosing: the same order under the same key is taken once, and has one id."
    )

    @property
    def wish(self) -> Wish:
        return Wish(self.to, self.ref, self.restart, self.service, self.limit, self.across, self.correct)


class ApprovalRequest(Wanted):
    """What a person says of a plan that waits."""

    answer: Annotated[OrderKind, AfterValidator(_an_answer)] = Field(
        description="approve, reject, revoke, or break_glass."
    )
    plan: Words | None = Field(None, description="The digest of the plan that was looked at; left out: reject, revoke.")
    reason: Words = Field("looked at the plan", description="People will read it later.")


class TokenRequest(Wanted):
    name: Words
    role: Literal["viewer", "approver", "operator", "admin"] = Field(
        "viewer", description="The most that it lets in for; a person's lets in no further than that person may."
    )
    days: int | None = Field(None, ge=1, le=366, description="How long it lasts; left out: until it is revoked.")


class AnchorGiven(Wanted):
    position: int = Field(ge=1, le=2**62)
    link: Words = Field(max_length=64)
    key: Words = Field(max_length=64)
    at: Moment

    @property
    def anchor(self) -> Anchor:
        return Anchor(self.position, self.link, self.key, self.at)


class AnchorsGiven(Wanted):
    """Anchors that were kept outside, as the log lines «audit anchored» tell them."""

    anchors: tuple[AnchorGiven, ...]


@dataclass(frozen=True)
class Asked:
    """A request's parts, and whose it is. `query` and `body` are of the classes that the operation names."""

    caller: Caller
    path: Mapping[str, str]
    query: Any = None
    body: Any = None


async def read(
    request: Request, query: type[Wanted] | None, body: type[Wanted] | None, largest: int = LARGEST_BODY
) -> Asked:
    """`Refused` 400 for a query or JSON that can't be read, 408 for a body too slow, 413 for one too large, 422 for a
    wrong field."""
    return Asked(
        caller=request.state.caller,
        path={name: str(value) for name, value in request.path_params.items()},
        query=_query(request, query or Wanted),
        body=_body(await _bytes(request, largest), body) if body else None,
    )


def _query(request: Request, model: type[Wanted]) -> Wanted:
    given = request.query_params.multi_items()
    names = [name for name, _ in given]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        told = f"{twice[0][:80]!r} is given more than once."
        raise Refused(HTTPStatus.BAD_REQUEST, "query.invalid", told)
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        takes = ", ".join(field.alias or name for name, field in model.model_fields.items())
        told = f"The query is wrong; it takes {takes or 'nothing'}."
        raise Refused(HTTPStatus.BAD_REQUEST, "query.invalid", told, errors=_complaints(error)) from error


async def _bytes(request: Request, largest: int) -> bytes:
    """Never more than the limit is kept, whatever the sender claims."""
    try:
        with anyio.fail_after(BODY_SECONDS):
            return await _gathered(request, largest)
    except TimeoutError as error:
        told = f"The body did not arrive within {BODY_SECONDS:g} seconds."
        raise Refused(HTTPStatus.REQUEST_TIMEOUT, "body.too_slow", told) from error
    except ClientDisconnect as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "body.cut_short", "The connection closed too early.") from error


async def _gathered(request: Request, largest: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            told = f"The body is larger than {largest // 1024} KiB."
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body.too_large", told)
    return bytes(body)


def _body(given: bytes, model: type[Wanted]) -> Wanted:
    try:
        found = model.model_validate_json(given)
        json.loads(given, object_pairs_hook=_each_once)
    except _Twice as error:
        told = f"{str(error)[:80]!r} is given more than once."
        raise Refused(HTTPStatus.BAD_REQUEST, "body.malformed", told) from error
    except ValidationError as error:
        if any(entry["type"] == "json_invalid" for entry in error.errors(include_input=False)):
            told = "The body isn't JSON."
            raise Refused(HTTPStatus.BAD_REQUEST, "body.malformed", told, errors=_complaints(error)) from error
        told = "The body doesn't say what is wanted."
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "body.invalid", told, errors=_complaints(error)) from error
    return found


class _Twice(Exception):
    """A key that stands twice in one object: which of them counts is anybody's guess."""


def _each_once(pairs: list[tuple[str, object]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise _Twice(next(name for name in names if names.count(name) > 1))


def _complaints(error: ValidationError) -> tuple[str, ...]:
    """One line for each field; what was sent is not repeated."""
    return tuple(
        f"{'.'.join(map(str, entry['loc']))[:80] or 'body'}: {entry['msg']}"
        for entry in error.errors(include_url=False, include_context=False, include_input=False)
    )
