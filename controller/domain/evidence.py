"""What AWS knew of a failure, written down while it knew it: stopped tasks are forgotten within the hour.

Every text in it comes from strangers (programs, AWS's messages): it is shown, and never acted on. Everything has a
size: what is left out is counted or said.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from typing import Any, TypeVar, cast

from controller.domain.alarms import AlarmState
from controller.domain.counting import counted
from controller.domain.log_lines import gist
from controller.domain.metrics import Finding, Result
from controller.domain.slot import Slot
from controller.domain.strangers import without

STOPPED_BY_ECS = (0, 143)
"""Exit codes of a program that did as it was told; its last words tell of the stop, not of the cause."""

TOLD = 3
"""So many lines of it a sentence is followed by."""

Told = TypeVar("Told")


@dataclass(frozen=True)
class Scene:
    """A slot to be asked about. In a blamed one the version ran that went wrong, as this task definition where that is
    known; of any other only targets that are not well are of interest. `since` is aware UTC."""

    service: str
    slot: Slot
    routed: bool
    since: datetime
    is_blamed: bool = True
    definition: str | None = None


@dataclass(frozen=True)
class ContainerEnd:
    """`exit_code` is None where it never ran, `reason` is AWS's."""

    name: str
    exit_code: int | None
    reason: str = ""


@dataclass(frozen=True)
class StoppedTasks:
    """So many tasks that stopped alike; the rest is of the newest of them. `explanation` is what it means, `counts`
    whether that is held against the version; `lines` are the last ones of its log."""

    times: int
    task: str
    stopped_at: datetime | None
    stop_code: str
    reason: str
    containers: tuple[ContainerEnd, ...]
    explanation: str
    counts: bool
    is_out_of_memory: bool = False
    lines: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int | None:
        """The one that tells most: of a container that did not end as it was told to."""
        codes = [end.exit_code for end in self.containers if end.exit_code is not None]
        return next((code for code in codes if code not in STOPPED_BY_ECS), codes[0] if codes else None)

    @property
    def told(self) -> str:
        """
        >>> end = ContainerEnd("web", 1)
        >>> StoppedTasks(4, "3f", None, "EssentialContainerExited", "Essential container in task exited", (end,),
        ...              "The program ended with an error at start", True).told
        '4 tasks stopped, exit code 1: Essential container in task exited: The program ended with an error at start'
        """
        what = f"{counted(self.times, 'task')} stopped"
        code = "" if self.exit_code in {None, *STOPPED_BY_ECS} else f", exit code {self.exit_code}"
        memory = ", out of memory" if self.is_out_of_memory else ""
        reason = self.reason or self.stop_code
        return f"{what}{code}{memory}: {': '.join(filter(None, (reason, self.explanation)))}"

    @property
    def last_words(self) -> str:
        """Empty where its log says nothing of the cause."""
        return gist(self.lines[-1]) if self.lines and self.exit_code not in {None, *STOPPED_BY_ECS} else ""


@dataclass(frozen=True)
class Target:
    """As the load balancer finds it: address, state, AWS's code and sentence for it."""

    address: str
    state: str
    code: str = ""
    text: str = ""

    @property
    def is_ill(self) -> bool:
        """One that is leaving, or that nobody asks for, is not."""
        return self.state in {"unhealthy", "initial", "unavailable"}

    @property
    def told(self) -> str:
        return ": ".join(filter(None, (f"{self.address} {self.state}", self.code, self.text)))


@dataclass(frozen=True)
class ServiceEvent:
    """What ECS said of the service, so many times; the last time at `at`."""

    at: datetime
    text: str
    times: int = 1


@dataclass(frozen=True)
class Unread:
    """A part that could not be read, and why. `may_pass`: asking again may help."""

    what: str
    why: str
    may_pass: bool = False

    @property
    def told(self) -> str:
        return f"{self.what} could not be read: {self.why}"


@dataclass(frozen=True)
class SlotEvidence:
    """One slot, as AWS showed it: `events` oldest first, `lines` of a task that still ran."""

    service: str
    slot: Slot
    is_blamed: bool
    stopped: tuple[StoppedTasks, ...] = ()
    targets: tuple[Target, ...] = ()
    events: tuple[ServiceEvent, ...] = ()
    lines: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()

    @property
    def says_something(self) -> bool:
        return bool(self.stopped or self.targets or self.events or self.lines or self.unread)


@dataclass(frozen=True)
class AlarmChange:
    """`reason` is CloudWatch's, with figures and threshold."""

    at: datetime
    state: AlarmState
    reason: str = ""


@dataclass(frozen=True)
class AlarmEvidence:
    """What an alarm did while the version was watched, oldest first. `threshold` and `datapoints` are those with which
    it rang last; a composite alarm has none."""

    name: str
    changes: tuple[AlarmChange, ...]
    threshold: float | None = None
    datapoints: tuple[float, ...] = ()

    @property
    def rang(self) -> AlarmChange | None:
        return next((change for change in reversed(self.changes) if change.state is AlarmState.RINGING), None)

    @property
    def told(self) -> str:
        last = self.rang or self.changes[-1]
        verb = "rang" if last.state is AlarmState.RINGING else f"was {last.state.value.replace('_', ' ')}"
        return f"{self.name} {verb} at {last.at:%Y-%m-%d %H:%M:%S} UTC{f': {last.reason}' if last.reason else ''}"


@dataclass(frozen=True)
class Testimony:
    """What AWS answered when it was asked about slots and alarms. `unread` are alarms; slots have their own."""

    slots: tuple[SlotEvidence, ...] = ()
    alarms: tuple[AlarmEvidence, ...] = ()
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True)
class HookEvidence:
    """A command of the version that did not do what it was run for."""

    title: str
    text: str
    exit_code: int | None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class FailureEvidence:
    """What was gathered for `deployment` in its step of this number. `about` is the deployment whose version went
    wrong: the same, or the one that a rollback leaves. Stored once, and never changed."""

    deployment: str
    about: str
    step: int
    gathered_at: datetime
    slots: tuple[SlotEvidence, ...] = ()
    alarms: tuple[AlarmEvidence, ...] = ()
    findings: tuple[Finding, ...] = ()
    hooks: tuple[HookEvidence, ...] = ()
    unread_alarms: tuple[Unread, ...] = field(default=())

    @property
    def unread(self) -> tuple[Unread, ...]:
        return (*(unread for slot in self.slots for unread in slot.unread), *self.unread_alarms)

    @property
    def telling(self) -> tuple[str, ...]:
        """The lines that say most, the cause before what followed from it."""
        return shortened(self._lines(), self.deployment)

    @property
    def told(self) -> str:
        """What it holds, in a few words."""
        counts = (
            (sum(tasks.times for slot in self.slots for tasks in slot.stopped), "stopped task"),
            (sum(target.is_ill for slot in self.slots for target in slot.targets), "ailing target"),
            (len(self.alarms), "alarm"),
            (len(self.findings), "finding"),
            (len(self.hooks), "command"),
            (sum(len(slot.events) for slot in self.slots), "event"),
        )
        found = [counted(count, noun) for count, noun in counts if count]
        lacks = f"; not all could be read: {self.unread[0].told}" if self.unread else ""
        return f"{', '.join(found) or 'nothing that speaks against it'}{lacks}"

    def _lines(self) -> Iterator[str]:
        for hook in self.hooks:
            yield f"{hook.title}: {hook.text}"
        for alarm in self.alarms:
            if alarm.rang:
                yield alarm.told
        for finding in self.findings:
            if finding.result in {Result.FAILED, Result.ERROR}:
                yield f"{finding.service} {finding.metric}: {finding.text}"
        for slot in sorted(self.slots, key=lambda each: not each.is_blamed):
            yield from _slot_lines(slot)
        for finding in self.findings:
            yield f"{finding.service} {finding.metric}: {finding.text}"
        for unread in self.unread:
            yield unread.told


def shortened(lines: Iterable[str], deployment: str) -> tuple[str, ...]:
    """The first of these lines, each once, and where the others are.

    >>> shortened(["a", "a", "b", "c", "d", "e"], "dev-2")
    ('a', 'b', 'c', 'and 2 more: see dev-2')
    """
    found = tuple(dict.fromkeys(lines))
    left = len(found) - TOLD
    return (*found[:TOLD], f"and {left} more: see {deployment}") if left > 0 else found


def _slot_lines(slot: SlotEvidence) -> Iterator[str]:
    """Why tasks stopped, what is held against the version first, and their last words; then a target that is not
    well."""
    name = f"{slot.service} {slot.slot}"
    for tasks in sorted(slot.stopped, key=lambda each: not each.counts)[:1]:
        yield f"{name}: {tasks.told}"
        if tasks.last_words:
            yield f"{name}: its last words: {tasks.last_words}"
    ill = [target for target in slot.targets if target.is_ill and (target.state != "initial" or not slot.stopped)]
    for target in ill[:1]:
        yield f"{name}: target {target.told}"


STRANGERS = frozenset({"text", "reason", "stopped_reason", "explanation", "lines", "log_lines", "why"})
"""Fields that hold what programs, or AWS about them, have said. Other texts are names, and stay as they are."""

LONGEST = 500
"""Characters of such a text that are kept."""


def redacted(value: Told, hidden: Collection[str]) -> Told:
    """The same value, without these texts in what strangers have said, of which only the beginning is kept: it is cut
    afterwards, so that no part of what is hidden is left.

    >>> redacted(Target("10.0.0.1", "unhealthy", text="said hunter2"), ["hunter2"]).text
    'said [redacted]'
    """
    return cast("Told", _redacted(value, hidden, is_said=False))


def _redacted(value: Any, hidden: Collection[str], *, is_said: bool) -> Any:
    if type(value) is str and is_said:
        value = without(value, hidden)
        return value if len(value) <= LONGEST else f"{value[:LONGEST]}…"
    if isinstance(value, tuple):
        return tuple(_redacted(each, hidden, is_said=is_said) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {each.name: getattr(value, each.name) for each in fields(value)}
        clean = {name: _redacted(part, hidden, is_said=name in STRANGERS) for name, part in parts.items()}
        return replace(value, **clean)
    return value
