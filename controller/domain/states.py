"""How things stand, in the words that pages and terminals share: an icon, a word or two, and a tone, which each draws
in its own colours. Keyed by plain text, so that a terminal needs nothing else of the domain."""

from collections.abc import Mapping
from typing import NamedTuple


class Shown(NamedTuple):
    """The words say everything. `tone` is calm, busy, good, warn or bad."""

    icon: str
    text: str
    tone: str


PHASES: Mapping[str, Shown] = {
    "waiting": Shown("…", "waiting", "calm"),
    "running": Shown("▶", "rolling out", "busy"),
    "succeeded": Shown("✓", "succeeded", "good"),
    "rolling_back": Shown("◀", "turning back", "warn"),
    "rolled_back": Shown("↩", "rolled back", "warn"),
    "failed": Shown("✕", "failed", "bad"),
    "superseded": Shown("»", "superseded", "calm"),
    "rejected": Shown("✕", "rejected", "bad"),
    "expired": Shown("✕", "expired", "bad"),
    "aborted": Shown("■", "aborted", "warn"),
}

VERBS: Mapping[str, str] = {
    **dict.fromkeys(("succeeded", "failed", "expired"), "has"),
    **dict.fromkeys(("rolled_back", "superseded", "rejected", "aborted"), "was"),
}
"""What stands before a phase in a sentence, where that is not `is`."""

PAUSED = Shown("❚❚", "paused", "warn")
"""Instead of the phase, which goes on to be `running`."""

RESTS = Shown("❚❚", "rests", "warn")
"""The same, of what a backup brought back while it moved."""

NEEDS_A_PERSON = Shown("!", "needs a person", "bad")
"""The same, of what goes wrong and doesn't end by itself."""

ANSWERS: Mapping[str, Shown] = {
    "open": Shown("✓", "open", "good"),
    "held": Shown("…", "held", "warn"),
    "refused": Shown("✕", "refused", "bad"),
    "expired": Shown("✕", "expired", "bad"),
    "unknown": Shown("?", "unknown", "bad"),
}
"""Of gates."""

STEPS: Mapping[str, Shown] = {
    "pending": Shown("○", "pending", "calm"),
    "running": Shown("▶", "running", "busy"),
    "done": Shown("✓", "done", "good"),
    "failed": Shown("✕", "failed", "bad"),
    "skipped": Shown("·", "skipped", "calm"),
    "undone": Shown("↩", "undone", "warn"),
}


FINDINGS: Mapping[str, Shown] = {
    "pass": Shown("✓", "good", "good"),
    "fail": Shown("✕", "bad", "bad"),
    "inconclusive": Shown("?", "can't be judged yet", "warn"),
    "error": Shown("?", "can't be read", "bad"),
}
"""Of metrics, while they are judged again and again."""

LAST_FINDINGS: Mapping[str, Shown] = {
    "pass": Shown("✓", "was good", "good"),
    "fail": Shown("✕", "was bad", "bad"),
    "inconclusive": Shown("?", "was not judged", "calm"),
    "error": Shown("?", "could not be read", "warn"),
}
"""The same once nobody judges them any more."""


def finding_of(result: str, *, is_over: bool) -> Shown:
    return (LAST_FINDINGS if is_over else FINDINGS).get(result) or unheard_of(result)


def state_of(phase: str, *, is_paused: bool, rests: bool, needs_a_person: bool) -> Shown:
    """A deployment: its phase, or what its phase doesn't say."""
    if rests:
        return RESTS
    if is_paused:
        return PAUSED
    return NEEDS_A_PERSON if needs_a_person else PHASES.get(phase) or unheard_of(phase)


def unheard_of(code: str) -> Shown:
    """What a newer controller says, and this does not know yet."""
    return Shown("?", code.replace("_", " "), "calm")


def standing_of(
    moving: Shown | None,
    *,
    waits: bool,
    troubled: bool,
    held: bool,
    refused: bool,
    drifted: bool,
    live: bool,
) -> Shown:
    """An environment, the most urgent first. `moving` is the state of its deployment that is not over, `waits`: that
    one has not started; `refused`: its newest commit isn't taken."""
    if troubled:
        return Shown("!", "can't act", "bad")
    if moving is not None and not waits:
        return moving
    if held:
        return Shown("❚❚", "held", "warn")
    if refused:
        return Shown("!", "commit not taken", "bad")
    if moving is not None:
        return moving
    if drifted:
        return Shown("≠", "drifted", "warn")
    return Shown("✓", "live", "good") if live else Shown("○", "nothing yet", "calm")
