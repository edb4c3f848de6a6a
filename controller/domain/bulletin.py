"""What those are told who are no chat: one message for one event, with how things stand by then. Pure."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from controller.domain.deployment import Phase
from controller.domain.events import Event
from controller.domain.telling import Happened, Telling

LONGEST_SUBJECT = 99
"""https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: fewer than 100 characters, all of them ASCII."""


def began(phase: Phase) -> str:
    """The event that a phase has begun."""
    return f"deployment.{phase}"


POSTED: Collection[str] = frozenset(
    {
        *(Happened.ASKED, Happened.WITHDRAWN, Happened.VOTED, Happened.PAUSED, Happened.RESUMED),
        *(Happened.NEEDED, Happened.FREE),
        *(began(phase) for phase in Phase if phase is not Phase.WAITING),
        *(Event.ENVIRONMENT_HELD, Event.ENVIRONMENT_RELEASED),
        *(Event.DRIFT_FOUND, Event.DRIFT_GONE, Event.DRIFT_FOUGHT),
    }
)
"""What outgoing webhooks hear of: all but single steps, and what only waits."""

MAILED: Collection[str] = frozenset(
    {
        *(Happened.ASKED, Happened.NEEDED),
        *(began(phase) for phase in (Phase.ROLLED_BACK, Phase.FAILED, Phase.REJECTED, Phase.EXPIRED)),
        Event.DRIFT_FOUGHT,
    }
)
"""What is worth an e-mail: somebody is to do something, or to know that it went wrong."""


@dataclass(frozen=True)
class Bulletin:
    """`key` is the same for the same event, however often it is told. `telling` is None where it is about an
    environment."""

    key: str
    event: str
    environment: str
    text: str
    telling: Telling | None = None

    @property
    def is_over(self) -> bool:
        """It asked somebody for something, and nobody needs to do that any more."""
        told = self.telling
        if told is None:
            return False
        if self.event == Happened.ASKED:
            return told.asks is None
        return self.event == Happened.NEEDED and not told.needs_a_person

    @property
    def address(self) -> str:
        """Where it is answered, or shown; empty where nobody knows."""
        return (self.telling.review or self.telling.link) if self.telling else ""

    @property
    def subject(self) -> str:
        """One line of ASCII that begins with a letter."""
        told = self.telling
        said = f"{told.environment}: {told.state}: {told.title}" if told else f"{self.environment}: {self.text}"
        plain = re.sub(r"[^\x20-\x7e]+", " ", said)
        return " ".join(f"Tidegate {plain}".split())[:LONGEST_SUBJECT].strip()

    @property
    def letter(self) -> str:
        """In plain text."""
        told = self.telling
        if told is None:
            return f"{self.environment}: {self.text}\n"
        lines = [told.title, f"{told.state}: {told.text}", *([f"! {told.warning}"] if told.warning else [])]
        facts = [f"{name}: {text}" for name, text in told.facts]
        ending = [told.ending] if told.ending else []
        return "\n".join([*lines, "", *facts, *ending, *(["", self.address] if self.address else [])]) + "\n"
