"""A controller's ports, each of them behind the process's gate."""

import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.exceptions
from botocore.exceptions import ClientError

import controller
from controller.adapters.aws.caller import Caller
from controller.adapters.aws.calls import Reply, Request
from controller.adapters.aws.errors import from_answer, from_silence
from controller.adapters.aws.session import Access, Callers
from controller.domain.checks import CheckAnswer, HttpCheck
from controller.domain.commit_checks import CommitCheck
from controller.domain.electorate import Movers
from controller.domain.errors import Blocked, Transient
from controller.domain.people import Collaborator
from controller.domain.ports import Comparison
from controller.domain.release import Release
from controller.domain.revision import Author, Commit
from controller.store import Store, Unit
from controller.store.failures import BUSY, OUTCOME_UNKNOWN, failure
from sandbox.wire.models import service_model, shown_code
from sandbox.world.errors import AwsError, CallLost
from sandbox.world.faults import Fault as AwsFault
from tests.support.outside import REGION, Outside, Repository, VirtualTime
from tests.support.sites import Answer, Gate, SiteKind, raised
from tests.support.town import Town

ROOMS = str(Path(controller.__file__).parent)
STORE = str(Path(controller.__file__).parent / "store")
OLDEST = timedelta(minutes=2)
"""AWS speaks of seconds, up to minutes, until every reader sees a change."""

REFUSED = {
    "throttled": ("ThrottlingException", "Rate exceeded", 400),
    "failed": ("InternalFailure", "The request processing has failed", 500),
    "denied": ("AccessDeniedException", "User is not authorized to perform this", 400),
}


class SiteTime(VirtualTime):
    """Whoever looks at the wall clock may find it set."""

    def __init__(self, outside: Outside, gate: Gate) -> None:
        super().__init__(outside.clock)
        self._gate = gate

    def now(self) -> datetime:
        return self._gate.call(SiteKind.CLOCK, asker(), super().now)


@dataclass
class Answers:
    """What each read was answered last, and before that: what a reader may still be shown."""

    outside: Outside
    known: dict[str, list[tuple[datetime, Any]]] = field(default_factory=dict)

    def keep(self, key: str, answer: Any) -> None:
        seen = self.known.setdefault(key, [])
        now = self.outside.clock.now()
        if seen and seen[-1][1] == answer:
            seen[-1] = now, answer
        else:
            seen.append((now, answer))
            del seen[:-2]

    def old(self, key: str, answer: Any) -> Any | None:
        """The last answer that differs from this one, if it was true a short while ago."""
        limit = self.outside.clock.now() - OLDEST
        return next((old for at, old in reversed(self.known.get(key, [])) if old != answer and at >= limit), None)


class SiteCaller(Caller):
    """Sends calls to the outside's AWS: straight into it, or by botocore where its own ways matter."""

    def __init__(self, gate: Gate, outside: Outside, answers: Answers, inner: Caller | None) -> None:
        self._gate, self._outside, self._answers, self._inner = gate, outside, answers, inner

    def _send(self, request: Request[Reply], about: str, hidden: Iterable[str] = ()) -> Reply:
        call = request.call
        attempted = f"{call.service} {call.operation} for {about}"

        def do() -> Any:
            if self._inner is not None:
                return self._inner._send(request, about, hidden)
            return self._straight(request, attempted, hidden)

        errors = _aws_errors(call.operation, attempted)
        name = f"{call.service}.{call.operation}"
        if call.changes:
            changed: Reply = self._gate.call(SiteKind.CHANGE, name, do, errors=errors)
            return changed
        key = name + json.dumps(request.parameters, sort_keys=True, default=str)

        def kept() -> Any:
            answer = do()
            self._answers.keep(key, answer)
            return answer

        shown: Reply = self._gate.call(
            SiteKind.READ,
            name,
            kept,
            errors=errors,
            old=lambda: self._answers.old(key, do()),
            missing=lambda: self._without_newcomers(request, attempted),
        )
        return shown

    def _straight(self, request: Request[Any], attempted: str, hidden: Iterable[str] = ()) -> Any:
        call = request.call
        outcome = self._outside.aws.perform(call.service, call.operation, dict(request.parameters), REGION)
        if isinstance(outcome.error, CallLost):
            raise silence(attempted)
        if isinstance(outcome.error, AwsError):
            code = shown_code(service_model(call.service), outcome.error.code)
            raise refusal(call.operation, attempted, code, outcome.error.message, outcome.error.http_status, hidden)
        return outcome.answer

    def _without_newcomers(self, request: Request[Any], attempted: str) -> Any:
        fault = self._outside.aws.faults.add(AwsFault(kind="missing", times=1))
        try:
            return self._straight(request, attempted)
        finally:
            self._outside.aws.faults.remove(fault)


def silence(attempted: str) -> Exception:
    nothing = botocore.exceptions.ReadTimeoutError(endpoint_url="in process")
    return from_silence(nothing, attempted) or nothing


def refusal(
    operation: str, attempted: str, code: str, message: str, status: int, hidden: Iterable[str] = ()
) -> Exception:
    shown: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return from_answer(ClientError(shown, operation), attempted, hidden)


def _aws_errors(operation: str, attempted: str) -> Mapping[str, Callable[[], Exception]]:
    def refused(kind: str) -> Callable[[], Exception]:
        return lambda: refusal(operation, attempted, *REFUSED[kind])

    return {"silent": lambda: silence(attempted), **{kind: refused(kind) for kind in REFUSED}}


class SiteCallers(Callers):
    """`sessions` opens sessions of boto3 that the outside answers; without them calls go straight there."""

    def __init__(self, gate: Gate, outside: Outside, answers: Answers, sessions: Mapping[str, Any] | None) -> None:
        super().__init__(outside.clock.now, **(sessions or {}))
        self._gate, self._outside, self._answers = gate, outside, answers
        self._is_straight = sessions is None
        self._behind: dict[Access, Caller] = {}

    def _of(self, access: Access) -> Caller:
        """Also those who ask for a role's credentials pass the gate."""
        if access not in self._behind:
            inner = None if self._is_straight else super()._of(access)
            self._behind[access] = SiteCaller(self._gate, self._outside, self._answers, inner)
        return self._behind[access]


class SiteSource:
    """GitHub, which may be away, hold back, refuse, show an old head or none."""

    def __init__(self, gate: Gate, repository: Repository, answers: Answers) -> None:
        self._gate, self._repository, self._answers = gate, repository, answers

    def head(self, repository: str, branch: str) -> Commit | None:
        return self._ask("head", lambda: self._repository.head(repository, branch), lambda: None)

    def heads(self, repository: str) -> Mapping[str, str]:
        return self._ask("heads", lambda: self._repository.heads(repository), dict)

    def resolve(self, repository: str, ref: str) -> Commit | None:
        return self._ask("resolve", lambda: self._repository.resolve(repository, ref), lambda: None)

    def released(self, repository: str) -> Sequence[Release]:
        return self._ask("released", lambda: self._repository.released(repository), tuple)

    def tagged(self, repository: str, tag: str) -> Commit | None:
        return self._ask("tagged", lambda: self._repository.tagged(repository, tag), lambda: None)

    def read(self, repository: str, path: str, sha: str) -> str | None:
        return self._ask("read", lambda: self._repository.read(repository, path, sha), lambda: None)

    def compare(self, repository: str, base: str, head: str) -> Comparison:
        return self._ask("compare", lambda: self._repository.compare(repository, base, head))

    def checks(self, repository: str, sha: str) -> Sequence[CommitCheck]:
        return self._ask("checks", lambda: self._repository.checks(repository, sha), tuple, about=sha)

    def _ask(
        self, name: str, do: Callable[[], Answer], missing: Callable[[], Answer] | None = None, about: str = ""
    ) -> Answer:
        key = name + about

        def kept() -> Answer:
            answer = do()
            self._answers.keep(key, answer)
            return answer

        old = (lambda: self._answers.old(key, do())) if name in {"head", "heads", "released", "checks"} else None
        return self._gate.call(SiteKind.SOURCE, name, kept, errors=SOURCE_ERRORS, old=old, missing=missing)


class SiteDirectory:
    """People on GitHub, which may be away, refuse, or show how it was a while ago."""

    def __init__(self, gate: Gate, town: Town, answers: Answers) -> None:
        self._gate, self._town, self._answers = gate, town, answers

    def collaborators(self, repository: str) -> Sequence[Collaborator]:
        return self._ask("collaborators", lambda: self._town.collaborators(repository), tuple)

    def team(self, name: str) -> frozenset[int]:
        return self._ask("team", lambda: self._town.team(name), frozenset)

    def movers(self, repository: str, branch: str, sha: str, since: datetime) -> Movers:
        return self._ask("movers", lambda: self._town.movers(repository, branch, sha, since), Movers)

    def authors(self, repository: str, base: str, head: str) -> Sequence[Author]:
        return self._ask("authors", lambda: self._town.authors(repository, base, head))

    def _ask(self, name: str, do: Callable[[], Answer], missing: Callable[[], Answer] | None = None) -> Answer:
        def kept() -> Answer:
            answer = do()
            self._answers.keep(name, answer)
            return answer

        old = (lambda: self._answers.old(name, do())) if name in {"collaborators", "team"} else None
        return self._gate.call(SiteKind.SOURCE, name, kept, errors=SOURCE_ERRORS, old=old, missing=missing)


SOURCE_ERRORS: Mapping[str, Callable[[], Exception]] = {
    "silent": raised(Transient("asking GitHub: no answer", code="github.unreachable")),
    "throttled": raised(
        Transient("asking GitHub: rate limit", code="github.throttled", retry_after=timedelta(seconds=60))
    ),
    "failed": raised(Transient("asking GitHub: 502", code="github.unavailable")),
    "denied": raised(Blocked("asking GitHub: 403", code="github.denied")),
}


class SiteProbe:
    """Requests to the environment; one without an answer is an answer that did not pass."""

    def __init__(self, gate: Gate, outside: Outside) -> None:
        self._gate, self._outside = gate, outside

    def ask(self, check: HttpCheck) -> CheckAnswer:
        def missing() -> CheckAnswer:
            return CheckAnswer(check, False, "no answer")

        return self._gate.call(SiteKind.PROBE, "ask", lambda: self._outside.probe.ask(check), missing=missing)


class SiteTell:
    """Where notices go; `told` is what arrived."""

    def __init__(self, gate: Gate, told: list[tuple[str, str, Mapping[str, object]]]) -> None:
        self._gate, self._told = gate, told

    def __call__(self, kind: str, key: str, body: Mapping[str, object]) -> None:
        self._gate.call(SiteKind.TELL, "tell", lambda: self._told.append((kind, key, body)), errors=TELL_ERRORS)


TELL_ERRORS = {"silent": raised(Transient("telling: no answer")), "denied": raised(Blocked("telling: refused"))}


class SiteStore(Store):
    """The same rows for several processes; a transaction may fail as it begins, as it ends, or leave nobody sure.

    `verbs` collects what was asked of rows, as `table.verb`.
    """

    def __init__(self, shared: Store, clock: VirtualTime, gate: Gate, verbs: set[str] | None = None) -> None:
        vars(self).update(vars(shared))
        self._clock, self._this_thread = clock, threading.local()
        self._gate, self._verbs = gate, verbs

    @contextmanager
    def read(self) -> Iterator[Unit]:
        passage, fault = self._gate.arrive(SiteKind.LOOK, asker(), errors=STORE_ERRORS)
        fault.before(passage)
        with super().read() as unit:
            yield self._listened(unit)

    @contextmanager
    def write(self) -> Iterator[Unit]:
        passage, fault = self._gate.arrive(SiteKind.WRITE, asker(), errors=STORE_ERRORS)
        fault.before(passage)
        self._gate.living()
        with super().write() as unit:
            yield self._listened(unit)
            self._gate.living()
            fault.within(passage)
        if self._gate.on_commit is not None:
            self._gate.on_commit(passage)
        fault.after(passage)

    def note_verbs(self, verbs: set[str]) -> None:
        self._verbs = verbs

    def _listened(self, unit: Unit) -> Unit:
        if self._verbs is not None:
            for name, table in vars(unit).items():
                setattr(unit, name, Listened(name, table, self._verbs))
        return unit


STORE_ERRORS: Mapping[str, Callable[[], Exception]] = {
    "busy": lambda: failure(BUSY, "opening a transaction", "database is locked"),
    "unknown": lambda: failure(OUTCOME_UNKNOWN, "committing", "server closed the connection unexpectedly"),
}


class Listened:
    """One table's verbs, each written down when it is asked for."""

    def __init__(self, name: str, table: Any, verbs: set[str]) -> None:
        self._name, self._table, self._verbs = name, table, verbs

    def __getattr__(self, verb: str) -> Any:
        self._verbs.add(f"{self._name}.{verb}")
        return getattr(self._table, verb)


def asker() -> str:
    """The controller's function that asks, outside the store: `Tenures.take`, `record_decision`."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(ROOMS) and not path.startswith(STORE):
            return str(frame.f_code.co_qualname)
        frame = frame.f_back
    return "outside"
