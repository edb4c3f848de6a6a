"""Which faults a story gets: every kind that applies, at every site, less those of which another one is the same.

What is left out, and why nothing is lost by it, is said at each rule. `docs/testing.md` tells the same to people.
"""

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.exhaustive.faults import Kind
from tests.support.sites import Site, SiteKind

Context = tuple[object, ...]


@dataclass(frozen=True)
class Learned:
    """A site that the undisturbed run passed: in which step of the run, while the deployments were where (`context`),
    as which of its name in that step (`turn`), whether a write changed any row, and what can go wrong there."""

    site: Site
    step: int
    context: Context
    turn: int
    is_effective: bool
    kinds: tuple[Kind, ...]


@dataclass(frozen=True)
class Planned:
    """One fault of one story; `name` finds it again."""

    story: str
    site: Site
    kind: Kind
    step: int

    @property
    def name(self) -> str:
        return f"{self.story}/{self.site}/{self.kind}"


def planned(story: str, learned: Sequence[Learned], thoroughly: bool = False) -> list[Planned]:
    """In the order in which the story passes them.

    A call that changes something gets every kind. So does every other site `thoroughly`; else those kinds take turns,
    name by name, and each story begins with another one.
    """
    chosen = _telling(learned, thoroughly)
    turns: Counter[tuple[SiteKind, str]] = Counter()
    faults = []
    for number, each in enumerate(learned):
        if number in chosen:
            kinds = tuple(_different(each, is_first=number == 0))
            if not thoroughly and each.site.kind is not SiteKind.CHANGE and kinds:
                name = each.site.kind, each.site.name
                turn = zlib.crc32(f"{story} {name}".encode()) + turns[name]
                turns[name] += 1
                kinds = (kinds[turn % len(kinds)],)
            faults += [Planned(story, each.site, kind, each.step) for kind in kinds]
    return faults


def _telling(learned: Sequence[Learned], thoroughly: bool) -> set[int]:
    """Calls that change something: all. Of everything else the first in each situation, and `thoroughly` the last.

    A controller that waits asks the same questions again and again, and nothing but the time is another one. One
    situation is: the same deployments in the same steps after the same actions, and the same question. Where one look
    asks it about several things, the first of them stands for the rest, `thoroughly` also the last. Who looks at the
    clock or at the rows makes no situation of its own, unless `thoroughly`: between two looks nothing happens.
    """
    most = {(each.step, each.site.kind, each.site.name): each.turn for each in learned}
    places: dict[tuple[object, ...], list[int]] = defaultdict(list)
    chosen, askers = set(), set()
    for number, each in enumerate(learned):
        name = each.site.kind, each.site.name
        ends = {1, most[each.step, *name]} if thoroughly else {1}
        if each.site.kind is SiteKind.CHANGE:
            chosen.add(number)
        elif each.site.kind in BRIEF and not thoroughly and name in askers:
            places[each.site.kind, each.context].append(number)
        elif each.turn in ends:
            askers.add(name)
            places[(*name, each.turn, each.context)].append(number)
    for numbers in places.values():
        chosen |= {numbers[0], numbers[-1]} if thoroughly else {numbers[0]}
    return chosen


BRIEF = frozenset({SiteKind.CLOCK, SiteKind.LOOK})


def _different(each: Learned, is_first: bool) -> Iterator[Kind]:
    """The kinds that leave another world than those at a neighbour."""
    dropped = set()
    if not is_first:
        # Dying before a site leaves what dying after the last write left: whatever lies between only read.
        dropped.add(Kind.CRASH_BEFORE)
    if each.site.kind is SiteKind.WRITE and not each.is_effective:
        # It wrote nothing: whether it was committed is the same to everybody.
        dropped |= {Kind.CRASH_AFTER, Kind.COMMITTED}
    yield from (kind for kind in each.kinds if kind not in dropped)
