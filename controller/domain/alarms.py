"""CloudWatch alarms, as far as a deployment is judged by them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from controller.domain.slot import Slot


class AlarmState(StrEnum):
    OK = "ok"
    RINGING = "ringing"
    NO_DATA = "no_data"  # neither: too little is known


@dataclass(frozen=True)
class AlarmView:
    """An alarm as it is now, since when, and CloudWatch's reason for it.

    `rang_at`: when it began to ring for the last time since it was heard, whatever it says now; None when it did not,
    or was not heard before.
    """

    name: str
    state: AlarmState
    since: datetime
    reason: str = ""
    rang_at: datetime | None = None


Alarms = Mapping[str, AlarmView | None]
"""By name; None: there is no such alarm."""


SERVICE = "{service}"


def spelled(
    patterns: Iterable[str], environment: str, slots: Mapping[str, Slot], never: Collection[str] = ()
) -> tuple[str, ...]:
    """The names that the file's patterns stand for, once each, when the new version of each service is in this slot.
    `{service}` stands for no service whose alarm would `never` be there.

    >>> spelled(["{environment}-{slot}-5xx", "{service}-p99"], "dev", {"api": Slot.BLUE, "web": Slot.BLUE}, ["web-p99"])
    ('dev-blue-5xx', 'api-p99')
    """
    names = (
        (pattern, pattern.format(environment=environment, service=service, slot=slot))
        for pattern in patterns
        for service, slot in slots.items()
    )
    return tuple(dict.fromkeys(name for pattern, name in names if SERVICE not in pattern or name not in never))


def without_new(alarms: Alarms, declared: Collection[str]) -> Alarms:
    """Without those that the file itself declares and that CloudWatch has not evaluated yet: they say nothing, and a
    deployment is about to make them, or one has just done so."""
    new = {
        name for name, view in alarms.items() if name in declared and (view is None or view.state is AlarmState.NO_DATA)
    }
    return {name: view for name, view in alarms.items() if name not in new}


def missing(alarms: Alarms) -> tuple[str, ...]:
    return tuple(name for name, view in alarms.items() if view is None)


def without_data(alarms: Alarms) -> tuple[str, ...]:
    return tuple(name for name, view in alarms.items() if view is not None and view.state is AlarmState.NO_DATA)


def ringing(alarms: Alarms, excused: Sequence[str] = ()) -> tuple[AlarmView, ...]:
    """Those that ring, or have rung. One that is excused counts only if it began to ring anew."""
    found = (view for view in alarms.values() if view is not None)
    return tuple(
        view for view in found if view.rang_at or (view.state is AlarmState.RINGING and view.name not in excused)
    )


def still_excused(alarms: Alarms, excused: Sequence[str]) -> tuple[str, ...]:
    """An alarm that was well once is excused no longer."""
    well = {name for name, view in alarms.items() if view is not None and view.state is AlarmState.OK}
    return tuple(name for name in excused if name not in well)


def told(view: AlarmView) -> str:
    """What a person reads about an alarm that rings, or rang. What is older than that was read just before it rang."""
    began = view.rang_at or view.since
    is_over = view.state is not AlarmState.RINGING and view.since >= began
    ended = f", and is {view.state} since {view.since:%H:%M:%S} UTC" if is_over else ""
    return f"{view.name} rang at {began:%Y-%m-%d %H:%M:%S} UTC{ended}{f': {view.reason}' if view.reason else ''}"
