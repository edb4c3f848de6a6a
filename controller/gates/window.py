"""It is the right time of the week to start. What runs is never cut off by it."""

from datetime import datetime, timedelta

from controller.domain.opening import opening
from controller.domain.verdict import Verdict, held, opened
from controller.gates.base import Case

LONGEST_LOOK = timedelta(minutes=15)
"""So long is waited at most without a look at the clock, which may be set."""


def is_asked(case: Case) -> bool:
    return any(file.gates.window is not None for file in case.files)


def judge(case: Case, now: datetime) -> Verdict:
    """Held outside of the new file's window, and outside of the live one's; it says when both are open."""
    windows = list(dict.fromkeys(file.gates.window for file in case.files if file.gates.window is not None))
    found = opening(windows, now)
    if found.by is None:
        return opened("window.open", "it is the right time of the week")
    if found.opens_at is not None:
        return held("window.shut", f"{found.by}: it opens {found.told}", min(found.opens_at - now, LONGEST_LOOK))
    if len(windows) > 1:
        text = "the windows of the new file and of the live one are never open together: push one that overlaps"
        return held("window.apart", f"{found.by}; {text}", LONGEST_LOOK)
    return held("window.shut", f"{found.by}: it never opens again; push another window", LONGEST_LOOK)
