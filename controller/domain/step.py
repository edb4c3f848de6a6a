"""One entry of a plan: a kind and its parameters, no code of its own."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from controller.domain.reason import Reason


class StepKind(StrEnum):
    """What a step is for; `controller/progress/` knows how each one is carried out."""

    REGISTER = "register"  # task definitions of the services that roll, looked up by content before they are made
    WARM = "warm"  # idle slots run the new version, every target healthy, no traffic
    SMOKE = "smoke"  # the idle slots answer through their test rules
    SHIFT = "shift"  # a share of the traffic moves to the idle slots
    BAKE = "bake"  # nothing moves for a while
    VERIFY = "verify"  # the environment answers from outside
    ADJUST = "adjust"  # live slots that don't roll run as many tasks as the file says
    SETTLE = "settle"  # the deployment has succeeded
    RETIRE = "retire"  # the slots without traffic are scaled to zero, their test rules removed
    HOME = "home"  # turning back: every touched rule is as the undo record says


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

    `since` is how long the step had been observed when it was counted last: looks in one breath count once.
    """

    reason: Reason
    times: int
    permanent: bool = False
    by_action: bool = False
    since: timedelta = timedelta(0)


@dataclass(frozen=True)
class Step:
    """A step of a plan, and how far it got.

    `percent` (shift): share of the traffic, 1..100, for the idle slots. `wait` (bake, retire): how long nothing
    happens. `observed`: how long the step has run, as the passes saw it go by: never a difference of wall-clock times,
    so a clock that jumps neither ends a bake nor breaks a deadline. `acted` names the actions that took effect in it:
    where a picture may be old, a step is not done before it has acted itself.
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

    def did(self, action: str, service: str) -> bool:
        """Whether an action of this kind took effect for this service in this step."""
        return f"{action} {service}" in self.acted

    @property
    def title(self) -> str:
        """How people read it: `shift 50`, `bake 5m`, `register`."""
        if self.percent is not None:
            return f"{self.kind} {self.percent}"
        if self.kind is StepKind.BAKE and self.wait is not None:
            return f"{self.kind} {spoken(self.wait)}"
        return str(self.kind)

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
