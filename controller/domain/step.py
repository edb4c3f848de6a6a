"""One entry of a plan: a kind and its parameters, no code of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from controller.domain.hooks import Hook, Run
from controller.domain.reason import Reason
from controller.domain.slot import Slot

PATIENCE = 3
"""So many failing answers in a row are believed; fewer may be a hiccup on the way."""


DESPAIR = 20
"""So many failures in a row don't pass by themselves, whatever AWS calls them."""


class StepKind(StrEnum):
    """What a step is for; `controller/progress/` knows how each one is carried out."""

    REGISTER = "register"  # task definitions of the services that roll, looked up by content before they are made
    BEFORE = "before"  # the new version's own command has run, once
    WARM = "warm"  # idle slots run the new version, every target healthy, no traffic
    SMOKE = "smoke"  # the idle slots answer through their test rules
    SUSPEND = "suspend"  # neither slot gets smaller by itself while the traffic moves
    ARM = "arm"  # AWS itself will send the traffic home, unless somebody goes on renewing that
    SHIFT = "shift"  # a share of the traffic moves to the idle slots
    SHRINK = "shrink"  # the live slots keep as many tasks as their share of the traffic needs
    BAKE = "bake"  # nothing moves for a while
    CONFIRM = "confirm"  # nothing moves until a person says that it may
    ROUTE = "route"  # public rules ask for other requests than before, or take an orphan's over
    VERIFY = "verify"  # the environment answers from outside
    TEST = "test"  # a command of the new version finds that the environment works
    SCALE = "scale"  # live slots, and no others, scale by themselves as the file says
    ADJUST = "adjust"  # live slots that don't roll run as many tasks as the file says
    ALARMS = "alarms"  # the alarms and the dashboard that stand at all times are as the file says
    MEND = "mend"  # what can be set in place is as the file says again, where services don't roll
    DISARM = "disarm"  # nobody but Tidegate moves the traffic any more
    SETTLE = "settle"  # the deployment has succeeded
    RETIRE = "retire"  # the slots without traffic are scaled to zero, their test rules removed
    HOME = "home"  # turning back: every touched rule is as the undo record says
    RESCALE = "rescale"  # turning back: slots scale as they did before
    STOP = "stop"  # turning back: a command that still runs is stopped, and what came of it is known
    EVIDENCE = "evidence"  # what AWS knows of the failure is written down, before its tasks go
    REGROW = "regrow"  # turning back: live slots whose counts had changed run as many tasks as before
    UNROUTE = "unroute"  # pruning: no rule leads to the service any more
    DRAIN = "drain"  # pruning: its last requests end, then its slots are scaled to zero
    DELETE = "delete"  # pruning: its slots are gone


TAKEN_BACK: Mapping[StepKind, frozenset[StepKind]] = {
    StepKind.HOME: frozenset({StepKind.SHIFT, StepKind.ROUTE}),
    StepKind.RESCALE: frozenset({StepKind.SUSPEND, StepKind.SCALE}),
    StepKind.REGROW: frozenset({StepKind.SHRINK, StepKind.ADJUST}),
}
"""Each step of turning back, and the kinds of step whose work it takes back: on public rules, on what scales, and on
the tasks of live slots."""


class StepState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"  # never ran, and never will
    UNDONE = "undone"  # was done, and was taken back


@dataclass(frozen=True)
class Trouble:
    """What went wrong the last time, and how often in a row: `by_action` when something was done, else when looking.

    `since` is how long the step had been observed when it was counted last: looks in one breath count once. `began` is
    how long that was when it began to look wrong, in whatever way. `service` is the one that the action was for.
    """

    reason: Reason
    times: int
    permanent: bool = False
    by_action: bool = False
    since: timedelta = timedelta(0)
    began: timedelta = timedelta(0)
    service: str = ""

    @property
    def lasts(self) -> bool:
        """It doesn't pass by itself, as far as can be told."""
        is_certain = self.permanent or not self.by_action
        return self.times >= (PATIENCE if is_certain else DESPAIR)


@dataclass(frozen=True)
class Step:
    """A step of a plan, and how far it got.

    `percent`, 1..100: share of the traffic for the idle slots (shift), or of the tasks that a slot is to run (warm,
    shrink; None: all of them). `wait`: how long nothing happens (bake, retire, drain), or may happen at most (confirm).
    `observed`: how long the step has run, as the passes saw it go by: never a difference of wall-clock times, so a
    clock that jumps neither ends a bake nor breaks a deadline; `paused` is how much of that a person had it wait.
    `promoted` names who ended a bake, or has confirmed. `acted` names the actions that took effect in it: where a
    picture may be old, a step is not done before it has acted itself. `hook` (before, test) is what is to run, `run`
    what has come of that.
    """

    kind: StepKind
    services: tuple[str, ...]
    percent: int | None = None
    wait: timedelta | None = None
    number: int = 0
    state: StepState = StepState.PENDING
    started_at: datetime | None = None
    finished_at: datetime | None = None
    detail: str = ""
    observed: timedelta = field(default=timedelta(0))
    trouble: Trouble | None = None
    acted: tuple[str, ...] = field(default=())
    paused: timedelta = field(default=timedelta(0))
    promoted: str = ""
    hook: Hook | None = None
    run: Run | None = None

    def did(self, action: str, service: str, slot: Slot | None = None) -> bool:
        """Whether an action of this kind took effect for this service, or for this slot of it, in this step."""
        return (f"{action} {service} {slot}" if slot else f"{action} {service}") in self.acted

    @property
    def active(self) -> timedelta:
        """How long it was observed while nobody had it wait."""
        return self.observed - self.paused

    def of(self, count: int) -> int:
        """So many of `count` tasks as this step's percent are, rounded up.

        >>> Step(StepKind.WARM, (), percent=50).of(5), Step(StepKind.WARM, ()).of(5)
        (3, 5)
        """
        return count if self.percent is None else -(-count * self.percent // 100)

    @property
    def title(self) -> str:
        """How people read it: `shift 50`, `bake 5m`, `before backend`, `register`."""
        if self.hook is not None:
            return f"{self.kind} {', '.join(self.services)}"
        if self.percent is not None:
            return f"{self.kind} {self.percent}"
        if self.kind is StepKind.BAKE and self.wait is not None:
            return f"{self.kind} {spoken(self.wait)}"
        return str(self.kind)

    @property
    def in_full(self) -> str:
        """Its title, with the command that it runs: `before backend (python -m workload.migrate)`."""
        return f"{self.title} ({self.hook.told})" if self.hook is not None else self.title

    @property
    def is_over(self) -> bool:
        return self.state not in {StepState.PENDING, StepState.RUNNING}

    def started(self, now: datetime) -> "Step":
        if self.state is StepState.RUNNING:
            return self
        return replace(self, state=StepState.RUNNING, started_at=now)

    def ended(self, state: StepState, now: datetime, detail: str) -> "Step":
        return replace(self, state=state, finished_at=now, detail=detail, trouble=None)


def spoken(duration: timedelta) -> str:
    """A duration as people write it in the file: `90s` is `1m30s`, a day is `24h`, half a second `0.5s`."""
    seconds = duration.total_seconds()
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [f"{hours:.0f}h" if hours else "", f"{minutes:.0f}m" if minutes else "", f"{seconds:g}s" if seconds else ""]
    return "".join(parts) or "0s"
