"""Times, spans, states and reasons as people read them on pages. Pure."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from markupsafe import Markup, escape

from controller.domain.alarms import AlarmState
from controller.domain.candidates import Answer as Ready
from controller.domain.states import Shown

ALARMS = {
    AlarmState.OK: Shown("✓", "ok", "good"),
    AlarmState.RINGING: Shown("!", "rings", "bad"),
    AlarmState.NO_DATA: Shown("?", "too little data", "warn"),
}

READY = {
    Ready.YES: Shown("✓", "ready", "good"),
    Ready.NO: Shown("!", "look first", "warn"),
    Ready.UNKNOWN: Shown("?", "not known", "calm"),
}
"""Of what going back needs."""


def absolute(moment: datetime) -> str:
    """
    >>> absolute(datetime(2026, 11, 21, 12, 0, 5, tzinfo=UTC))
    '2026-11-21 12:00:05 UTC'
    """
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def relative(moment: datetime, now: datetime) -> str:
    """
    >>> noon = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    >>> relative(noon, noon + timedelta(seconds=90)), relative(noon + timedelta(hours=2), noon), relative(noon, noon)
    ('1m ago', 'in 2h', 'now')
    """
    seconds = round((now - moment).total_seconds())
    if abs(seconds) < 1:
        return "now"
    told = coarse(timedelta(seconds=abs(seconds)))
    return f"{told} ago" if seconds > 0 else f"in {told}"


def coarse(span: timedelta) -> str:
    """A span in its largest unit: what one reads at a glance."""
    seconds = int(span.total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def exact(span: timedelta) -> str:
    """In its two largest units, spelled as in the file.

    >>> exact(timedelta(seconds=3725)), exact(timedelta(seconds=59.6)), exact(timedelta(0))
    ('1h2m', '1m', '0s')
    """
    seconds = max(0, round(span.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")]
    first = next((index for index, (amount, _) in enumerate(parts) if amount), 3)
    return "".join(f"{amount}{unit}" for amount, unit in parts[first : first + 2] if amount) or "0s"


def controllers(looked: Sequence[tuple[str, int]]) -> str:
    """Who looks after the environments; a controller names itself by its host, its process and a number of its own.

    >>> controllers([("web-1:42:0a1b2c3d", 3)]), controllers([("web-1:42:0a1b2c3d", 3), ("web-2:7:4e5f6a7b", 1)])
    ('web-1:42', 'web-1:42 (3), web-2:7 (1)')
    """
    names = [owner.rpartition(":")[0] or owner for owner, _ in looked]
    if len(names) < 2:
        return "".join(names)
    return ", ".join(f"{name} ({count})" for name, (_, count) in zip(names, looked, strict=True))


def with_commands(text: str) -> Markup:
    """Escaped; what stands between backticks becomes code.

    >>> with_commands("say `tidegate unhold dev` <now>")
    Markup('say <code>tidegate unhold dev</code> &lt;now&gt;')
    """
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before
