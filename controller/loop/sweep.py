"""What is found without being told: webhooks get lost, processes die, and other processes cannot always be heard.

At rest this is all that a controller does. It asks the rows about every environment at once, and GitHub about each
repository once in a round; only what has something to do is woken.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.domain.bindings import Binding
from controller.domain.errors import Transient
from controller.domain.ports import Source
from controller.domain.release import sight_of
from controller.store import LONGEST_WAIT, Standing, Store

ASK_AGAIN_SECONDS = 300.0
"""A head that was looked at and not recorded (a broken file, a rewritten history) is looked at again after so long:
what was wrong may have been mended without a push."""

RATE_LIMIT = "github.rate_limit"
"""The code of an error that is about all of an owner's repositories: a token or an installation asked too often."""


_Seen = dict[str, str | None]
"""Environment → the head of its branch, or the sight of its releases where it is on them."""


@dataclass(frozen=True)
class WakeUp:
    environment: str
    wait: timedelta


def wake_ups(
    standings: Iterable[Standing], bindings: Mapping[str, Binding], now: datetime, every: timedelta
) -> Iterator[WakeUp]:
    """At once for what was asked for, is overdue, or has lost its due time; and what is due before the next sweep, when
    it is: whoever meant to look may be dead by then."""
    for standing in standings:
        due_at = standing.due_at or now
        wait = timedelta(0) if standing.is_asked else max(due_at - now, timedelta(0))
        if wait > LONGEST_WAIT:
            wait = timedelta(0)
        if standing.name in bindings and wait <= every:
            yield WakeUp(standing.name, wait)


class Heads:
    """Compares branches, and releases where they count, with what was taken, one repository at a time. Safe to use from
    many threads.

    A repository that cannot be asked costs only itself; one whose owner's share of requests is used up, that owner.
    """

    def __init__(self, store: Store, source: Source, bindings: Mapping[str, Binding]) -> None:
        self._store, self._source = store, source
        self._asked: dict[str, tuple[str | None, float]] = {}
        self._not_before: dict[str, float] = {}
        self._following: dict[str, frozenset[str]] = {}
        """Environments on releases, by repository. Only a push changes that."""
        self._agreed: dict[str, _Seen] = {}
        """What was all taken: while it stays so, the rows need not be asked."""
        self._bound: dict[str, list[Binding]] = {}
        for binding in bindings.values():
            self._bound.setdefault(binding.repository.lower(), []).append(binding)

    @property
    def repositories(self) -> tuple[str, ...]:
        return tuple(self._bound)

    def compare(self, repository: str, now: float) -> tuple[str, ...]:
        """Ask for a look at every environment whose branch, or releases, are not as its last look took them; which.
        One request, and two more where releases count.

        `now` is of a clock that never jumps. Raises what the source raises; until its `retry_after` is over nothing is
        asked.
        """
        bound = self._bound[repository]
        owner = repository.partition("/")[0]
        if now < max(self._not_before.get(repository, 0.0), self._not_before.get(owner, 0.0)):
            return ()
        following = self._following.get(repository, frozenset())
        seen = self._look(repository, following, now)
        if self._agreed.get(repository) == seen:
            return ()
        with self._store.read() as unit:
            taken = unit.standings.taken([binding.name for binding in bound])
        are = {name for name, each in taken.items() if each.sight is not None} | (following - taken.keys())
        if are != following:
            self._following[repository] = frozenset(are)
            seen = self._look(repository, are, now)
        found = {name: each.recorded if each.sight is None else each.sight for name, each in taken.items()}
        if found == seen:
            self._agreed[repository] = seen
        wanted = [name for name, each in found.items() if each != seen[name] and self._is_news(name, seen[name], now)]
        if wanted:
            with self._store.write() as unit:
                unit.environments.request_look(wanted)
            self._asked |= {name: (seen[name], now) for name in wanted}
        return tuple(wanted)

    def _look(self, repository: str, following: Collection[str], now: float) -> _Seen:
        bound = self._bound[repository]
        asked = bound[0].repository
        try:
            heads = self._source.heads(asked)
            releases = self._source.released(asked) if following else ()
        except Transient as error:
            limited = repository.partition("/")[0] if error.code == RATE_LIMIT else repository
            self._not_before[limited] = now + error.retry_after.total_seconds()
            raise
        return {
            one.name: sight_of(heads.get(one.branch), releases) if one.name in following else heads.get(one.branch)
            for one in bound
        }

    def _is_news(self, name: str, seen: str | None, now: float) -> bool:
        asked = self._asked.get(name)
        return asked is None or asked[0] != seen or now - asked[1] >= ASK_AGAIN_SECONDS
