"""Why something is as it is: a stable code for programs, a sentence for people."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """`code` is `subject.verb_or_state` and never changes its meaning; `text` may be reworded at any time."""

    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.text} ({self.code})"
