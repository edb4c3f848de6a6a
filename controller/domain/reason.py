"""Why something is as it is: a stable code for programs, a sentence for people."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """`code` is `subject.verb_or_state` and never changes its meaning; `text` may be reworded at any time."""

    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.text} ({self.code})"


def until_pruned(services: Collection[str]) -> str:
    """What a sentence goes on with, of services that run and that no file names; nothing where there are none.

    >>> until_pruned(["web"]), until_pruned([])
    ('; web is no longer named and stays until it is pruned', '')
    >>> until_pruned(["web", "worker"])
    '; web, worker are no longer named and stay until they are pruned'
    """
    if not services:
        return ""
    alone, together = "is no longer named and stays until it is", "are no longer named and stay until they are"
    return f"; {', '.join(services)} {alone if len(services) == 1 else together} pruned"
