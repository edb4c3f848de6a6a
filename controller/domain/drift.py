"""Drift: where AWS differs from what the live version's file declares, and what was done about that.

A picture may be old or lack something. So what a look shows is only doubted at first, and believed after `PATIENCE`
looks in a row: that something differs, and that it no longer does.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from controller.domain.reason import Reason
from controller.domain.step import PATIENCE, spoken

TRIES = 3
"""So many corrections of one thing, and then somebody else's tool is left to a person."""

TRIED_FOR = timedelta(hours=24)
"""A correction is forgotten after so long. A wall clock that jumps costs as many corrections more, at worst."""

PAUSE = timedelta(minutes=5)
"""Between two corrections of the same thing; twice as long after each one that failed, up to `LONGEST_PAUSE`."""

LONGEST_PAUSE = timedelta(hours=4)


@dataclass(frozen=True)
class Difference:
    """One declared field that AWS shows otherwise, in words for people. `service` is None for what belongs to none.

    `thing` is what it is a field of, as in «target group». Values of variables are in neither text: what somebody put
    there by hand may be a secret.
    """

    service: str | None
    thing: str
    field: str
    wanted: str
    found: str

    @property
    def place(self) -> tuple[str, str, str]:
        """What differs, whatever it shows now."""
        return self.service or "", self.thing, self.field

    @property
    def told(self) -> str:
        what = f"{self.service}, {self.thing}" if self.service else self.thing
        return f"{what}: {self.field} {self.found} instead of {self.wanted}"


@dataclass(frozen=True)
class Drift:
    """A difference that is believed; `since`: when it was seen first."""

    difference: Difference
    since: datetime


@dataclass(frozen=True)
class Tried:
    """How often something was corrected, when that began last, and how often in a row it could not be done."""

    place: tuple[str, str, str]
    times: int
    at: datetime
    failed: int = 0

    @property
    def pause(self) -> timedelta:
        return min(PAUSE * (1 << self.failed), LONGEST_PAUSE)


@dataclass(frozen=True)
class Drifted:
    """What is known of one environment's drift. `fought`: it comes back whatever is done, and is only shown until a
    person, or the next version, has it corrected once more. `edges` numbers its notices."""

    found: tuple[Drift, ...] = ()
    tried: tuple[Tried, ...] = ()
    fought: Reason | None = None
    edges: int = 0

    @property
    def differences(self) -> frozenset[Difference]:
        return frozenset(drift.difference for drift in self.found)

    def settled(self) -> "Drifted":
        """Something has been brought to how it is declared: what differs after that is found anew."""
        tried = tuple(replace(each, failed=0) for each in self.tried)
        return replace(self, found=(), tried=tried, edges=self.edges + bool(self.found))

    def uncorrected(self) -> "Drifted":
        """The correction that was begun has failed: nobody has set anything otherwise again."""
        last = max((each.at for each in self.tried), default=None)
        tried = (
            replace(each, times=each.times - 1, failed=each.failed + 1) if each.at == last else each
            for each in self.tried
        )
        return replace(self, tried=tuple(tried))

    def forgiven(self) -> "Drifted":
        """As if nothing had been corrected yet."""
        return replace(self, tried=(), fought=None)


@dataclass(frozen=True)
class Doubt:
    """A difference that is seen and not believed yet, or believed and not seen any more: `times` looks in a row."""

    times: int
    since: datetime


Doubts = Mapping[Difference, Doubt]


def doubted(known: Drifted, seen: Collection[Difference], doubts: Doubts, now: datetime) -> dict[Difference, Doubt]:
    """What this look leaves to be doubted; a difference that looks as it is known to be is doubted no more."""
    return {
        each: Doubt(doubts[each].times + 1, doubts[each].since) if each in doubts else Doubt(1, now)
        for each in sorted(known.differences.symmetric_difference(seen), key=lambda one: one.place)
    }


def believed(known: Drifted, doubts: Doubts) -> Drifted:
    """What is known after as many looks as it takes; the same value where nothing is new."""
    sure = {each: doubt.since for each, doubt in doubts.items() if doubt.times >= PATIENCE}
    if not sure:
        return known
    kept = [drift for drift in known.found if drift.difference not in sure]
    since = {drift.difference.place: drift.since for drift in known.found}
    new = [
        Drift(each, since.get(each.place, seen_at)) for each, seen_at in sure.items() if each not in known.differences
    ]
    found = sorted([*kept, *new], key=lambda drift: drift.difference.place)
    return replace(known, found=tuple(found), fought=known.fought if found else None, edges=known.edges + 1)


def may_be_corrected(known: Drifted, now: datetime) -> bool:
    """Not while the last correction of one of them is fresh, nor once one was corrected often enough."""
    tries = [tried for tried in _recent(known, now) if tried.place in _places(known)]
    is_fresh = any(timedelta(0) <= now - tried.at < tried.pause for tried in tries)
    return bool(known.found) and known.fought is None and not is_fresh


def corrected_again(known: Drifted, now: datetime) -> Drifted:
    """One more correction is begun; or it is given up, because the same came back too often."""
    recent = {tried.place: tried for tried in _recent(known, now)}
    again = [recent[place] for place in sorted(_places(known)) if place in recent and recent[place].times >= TRIES]
    if again:
        what = ", ".join(" ".join(filter(None, tried.place)) for tried in again)
        text = f"{what}: corrected {TRIES} times within {spoken(TRIED_FOR)}, and different again each time"
        return replace(known, fought=Reason("drift.fought", f"{text}. Somebody, or some tool, sets it otherwise"))
    for place in _places(known):
        before = recent.get(place)
        before = before or Tried(place, 0, now)
        recent[place] = replace(before, times=before.times + 1, at=now)
    return replace(known, tried=tuple(recent[place] for place in sorted(recent)))


def told(found: Collection[Drift]) -> str:
    return "; ".join(drift.difference.told for drift in found)


def _places(known: Drifted) -> frozenset[tuple[str, str, str]]:
    return frozenset(drift.difference.place for drift in known.found)


def _recent(known: Drifted, now: datetime) -> tuple[Tried, ...]:
    return tuple(tried for tried in known.tried if now - tried.at < TRIED_FOR)
