"""What a gate may answer. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from controller.domain.reason import Reason


class Answer(StrEnum):
    OPEN = "open"
    HELD = "held"  # not yet; somebody or something can clear it
    REFUSED = "refused"  # no, finally
    EXPIRED = "expired"  # it was waited for long enough, finally
    UNKNOWN = "unknown"  # it could not be found out; never the same as open


@dataclass(frozen=True)
class Verdict:
    """`look_in`: how long it stays so by itself, where that is known; an event or an order may change it sooner."""

    answer: Answer
    reason: Reason
    look_in: timedelta | None = None

    @property
    def is_open(self) -> bool:
        return self.answer is Answer.OPEN


@dataclass(frozen=True)
class Judged:
    """What the gate of this name answered when it was asked last."""

    gate: str
    answer: Answer
    reason: Reason


def opened(code: str, text: str) -> Verdict:
    return Verdict(Answer.OPEN, Reason(code, text))


def held(code: str, text: str, look_in: timedelta | None = None) -> Verdict:
    return Verdict(Answer.HELD, Reason(code, text), look_in)


def unknown(reason: Reason) -> Verdict:
    return Verdict(Answer.UNKNOWN, reason)
