"""What every metric asks of minutes."""

from controller.domain.counting import counted
from controller.domain.metrics import Minutes

RECENT = 5
"""So many of the newest minutes are judged once more by themselves: what was good for an hour hides nothing new."""


def stretches(minutes: Minutes) -> tuple[Minutes, ...]:
    """All of them, and the newest ones, where those are fewer."""
    return (minutes, minutes[-RECENT:]) if len(minutes) > RECENT else (minutes,)


def requests(minutes: Minutes) -> int:
    return sum(minute.requests for minute in minutes)


def span(minutes: Minutes) -> str:
    """How people read where numbers come from: `1,240 requests in 5 minutes from 12:01 UTC`."""
    if not minutes:
        return "no requests"
    many, long = counted(requests(minutes), "request"), counted(len(minutes), "minute")
    return f"{many} in {long} from {minutes[0].at:%H:%M} UTC"
