"""What somebody looks for among deployments, and whether a line is it. Pure.

An index only makes it quick: `Search.admits` alone says what is found.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar

from controller.domain.deployment import FINAL, Kind, Phase
from controller.domain.summary import HistoryLine, words

MOST_SOUGHT = 8
LONGEST_TEXT = 200
LEAST_SHA = 7
SHA = re.compile(r"[0-9a-f]{7,40}")
NAME = re.compile(r"[^\s\x00-\x1f\x7f]{1,128}")
FIRST_YEAR, LAST_YEAR = 1970, 2100
"""Clocks that are further off than that are found by no `since` and no `until`."""

Member = TypeVar("Member", bound=StrEnum)


class SearchRefused(ValueError):
    """`errors` has a sentence for each field that can't be read, which begins with the field's name."""

    def __init__(self, errors: tuple[str, ...]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


@dataclass(frozen=True)
class Search:
    """All of it must hold. `since` is the first moment, `until` the first one that no longer counts, both aware UTC and
    of when a deployment began. `sought` are words in lower case; each may also be the beginning of a commit's sha."""

    environment: str | None = None
    phase: Phase | None = None
    service: str | None = None
    kind: Kind | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    sought: tuple[str, ...] = ()

    @property
    def is_by_columns(self) -> bool:
        """Nothing but environment and phase is asked for."""
        others = (self.service, self.kind, self.actor, self.since, self.until)
        return not any(other is not None for other in others) and not self.sought

    def admits(self, line: HistoryLine) -> bool:
        found = line.summary
        return (
            self.environment in {None, line.environment}
            and self.phase in {None, line.phase}
            and self.kind in {None, line.kind}
            and (self.service is None or self.service in found.services)
            and (self.actor is None or self.actor in {actor.casefold() for actor in found.actors})
            and (self.since is None or self.since <= line.created_at)
            and (self.until is None or line.created_at < self.until)
            and all(word in line.words or _begins(found.sha, word) for word in self.sought)
        )


def _begins(sha: str, word: str) -> bool:
    return len(word) >= LEAST_SHA and sha.startswith(word)


# ------------------------------------------------------------------ as people write it


FIELDS = ("environment", "phase", "service", "kind", "actor", "since", "until", "text")
"""What a query may name."""


def read_search(given: Mapping[str, str | None]) -> Search:
    """Empty values ask for nothing. `SearchRefused` names each field that can't be read.

    >>> read_search({"text": "Retry", "phase": "failed"}).sought
    ('retry',)
    """
    errors: list[str] = []

    def read(name: str, reader: Callable[[str], object]) -> object | None:
        text = (given.get(name) or "").strip()
        try:
            return reader(text) if text else None
        except ValueError as error:
            errors.append(f"{name}: {error}")
            return None

    found = {
        "environment": read("environment", _name),
        "phase": read("phase", lambda text: _member(Phase, text)),
        "service": read("service", _name),
        "kind": read("kind", lambda text: _member(Kind, text)),
        "actor": read("actor", lambda text: _name(text.removeprefix("@")).casefold()),
        "since": read("since", moment),
        "until": read("until", lambda text: moment(text, is_end=True)),
        "sought": read("text", _sought) or (),
    }
    if errors:
        raise SearchRefused(tuple(errors))
    assert set(found) == {field.name for field in fields(Search)}
    search = Search(**found)  # type: ignore[arg-type]
    if search.since is not None and search.until is not None and search.since >= search.until:
        raise SearchRefused(("until: it is not after since; wanted a later day or moment",))
    return search


def moment(text: str, *, is_end: bool = False) -> datetime:
    """A day, by UTC, which counts as a whole; or a moment with its zone, as RFC 3339 writes it.

    >>> moment("2026-03-01").isoformat(), moment("2026-03-01", is_end=True).isoformat()
    ('2026-03-01T00:00:00+00:00', '2026-03-02T00:00:00+00:00')
    """
    wanted = f"found {text[:40]!r}; wanted a day as 2026-03-01, or a moment with its zone as 2026-03-01T09:00:00Z"
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            day = datetime.combine(date.fromisoformat(text), time(), UTC)
            found = day + timedelta(days=1) if is_end else day
        else:
            found = datetime.fromisoformat(text)
            found = found.astimezone(UTC) if found.tzinfo is not None else found
    except (ValueError, OverflowError) as error:
        raise ValueError(wanted) from error
    if found.tzinfo is None or not FIRST_YEAR <= found.year < LAST_YEAR:
        raise ValueError(wanted)
    return found


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise ValueError(f"found {text[:40]!r}; wanted a name of at most 128 characters, without spaces")
    return text


def _member(kind: type[Member], text: str) -> Member:
    try:
        return kind(text)
    except ValueError as error:
        raise ValueError(f"found {text[:40]!r}; wanted one of {', '.join(kind)}") from error


def _sought(text: str) -> tuple[str, ...]:
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"found {len(text)} characters; wanted at most {LONGEST_TEXT}")
    wholes = (next(iter(words(part)), "") for part in text.split())
    found = tuple(dict.fromkeys(whole for whole in wholes if whole))
    if not 0 < len(found) <= MOST_SOUGHT:
        raise ValueError(f"found {len(found)} words; wanted 1 to {MOST_SOUGHT}")
    return found


# ------------------------------------------------------------------ as an index knows it


def terms_of(line: HistoryLine) -> frozenset[str]:
    """What the index holds of a line. Terms come and never go: a phase is one once it is final."""
    return frozenset(_terms_of(line))


def _terms_of(line: HistoryLine) -> Iterator[str]:
    found = line.summary
    yield f"environment:{line.environment}"
    yield f"kind:{line.kind}"
    yield f"sha:{found.sha[:LEAST_SHA]}"
    if line.phase in FINAL:
        yield f"phase:{line.phase}"
    yield from (f"service:{name}" for name in found.services)
    yield from (f"actor:{actor.casefold()}" for actor in found.actors)
    yield from (f"at:{part}" for part in _spans_of(line.created_at))
    yield from (f"word:{word}" for word in line.words if not _is_alone(line, word))


def _is_alone(line: HistoryLine, word: str) -> bool:
    """Words that hardly any other line has: they are found by the id, and by the sha that the version ends with."""
    is_version = not line.summary.tag and word in {line.summary.version.casefold(), line.summary.sha[:LEAST_SHA]}
    return is_version or word in {line.id, str(line.number)}


def _spans_of(at: datetime) -> tuple[str, ...]:
    """The year, the month, the day and the hour, by UTC."""
    return f"{at:%Y}", f"{at:%Y-%m}", f"{at:%Y-%m-%d}", f"{at:%Y-%m-%dT%H}"


def clauses(search: Search) -> tuple[frozenset[str], ...]:
    """Each a choice of terms, of which what is found has one at least; a phase that is not final has no term, and ids
    have none."""
    single = {
        "environment": search.environment,
        "kind": search.kind,
        "phase": search.phase if search.phase in FINAL else None,
        "service": search.service,
        "actor": search.actor,
    }
    found = [frozenset({f"{name}:{value}"}) for name, value in single.items() if value is not None]
    if search.since is not None or search.until is not None:
        found.append(frozenset(f"at:{part}" for part in covering(search.since, search.until)))
    return (*found, *map(word_terms, search.sought))


def word_terms(word: str) -> frozenset[str]:
    """A version that no release names ends with its commit: `main-0a1b2c3`."""
    last = word.rpartition("-")[2]
    shas = {f"sha:{text[:LEAST_SHA]}" for text in (word, last) if SHA.fullmatch(text)}
    return frozenset({f"word:{word}", *shas})


def covering(since: datetime | None, until: datetime | None) -> Iterator[str]:
    """The fewest years, months, days and hours that hold every moment from `since` to `until`, and little more.

    >>> list(covering(datetime(2026, 1, 31, 22, tzinfo=UTC), datetime(2026, 3, 1, 1, 30, tzinfo=UTC)))
    ['2026-01-31T22', '2026-01-31T23', '2026-02', '2026-03-01T00', '2026-03-01T01']
    """
    at = (since or datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)).replace(minute=0, second=0, microsecond=0)
    end = until or datetime(LAST_YEAR, 1, 1, tzinfo=UTC)
    while at < end:
        spans = tuple(_begun(at))
        after, spelled = next(((after, spelled) for after, spelled in spans if after <= end), spans[-1])
        yield f"{at:{spelled}}"
        at = after


def _begun(at: datetime) -> Iterator[tuple[datetime, str]]:
    """What begins at this hour, the longest first: where it ends, and how it is spelled."""
    if (at.month, at.day, at.hour) == (1, 1, 0):
        yield at.replace(year=at.year + 1), "%Y"
    if (at.day, at.hour) == (1, 0):
        yield (at + timedelta(days=32)).replace(day=1), "%Y-%m"
    if at.hour == 0:
        yield at + timedelta(days=1), "%Y-%m-%d"
    yield at + timedelta(hours=1), "%Y-%m-%dT%H"
