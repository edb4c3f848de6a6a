"""What has changed between two looks at the rows, for pages that are left open. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

MOST_NAMED = 50
"""Of environments or deployments in one change; of more it is said that everything has changed."""

MOST_ENTRIES = 5000
"""Of the audit between two looks: nobody reads more to tell what they are about."""


@dataclass(frozen=True)
class Pulse:
    """What goes on also while nothing changes. `looked`: who looks after environments, and after how many of them, the
    busiest first; `looked_at`: when anybody has begun a pass; `heard_at`: when GitHub was heard last. None: never."""

    looked: tuple[tuple[str, int], ...] = ()
    looked_at: datetime | None = None
    heard_at: datetime | None = None


@dataclass(frozen=True)
class Marks:
    """Enough of the rows to tell that they have changed. `environments`: name → what is another one whenever the row,
    or what was seen on AWS, is. `deployments`: id of each open one → its environment and version. `audit` numbers its
    newest entry, `written` tells what the entries since the look before are about."""

    environments: Mapping[str, tuple[object, ...]]
    deployments: Mapping[str, tuple[str, int]]
    audit: int
    written: tuple[tuple[str | None, str | None], ...] = ()
    pulse: Pulse = field(default_factory=Pulse, compare=False)


@dataclass(frozen=True)
class Changed:
    """Names of environments, ids of deployments. `everything`: too many, or nobody knows which."""

    environments: frozenset[str] = frozenset()
    deployments: frozenset[str] = frozenset()
    everything: bool = False

    def __bool__(self) -> bool:
        return self.everything or bool(self.environments or self.deployments)

    def __or__(self, other: "Changed") -> "Changed":
        return change(
            self.environments | other.environments,
            self.deployments | other.deployments,
            everything=self.everything or other.everything,
        )


EVERYTHING = Changed(everything=True)
NOTHING = Changed()


def change(environments: Iterable[str], deployments: Iterable[str], everything: bool = False) -> Changed:
    """
    >>> change(["dev"], ["dev-3"]) | change(["prod"], []) == change(["dev", "prod"], ["dev-3"])
    True
    >>> change([f"e{number}" for number in range(51)], [])
    Changed(environments=frozenset(), deployments=frozenset(), everything=True)
    """
    found = Changed(frozenset(environments), frozenset(deployments), everything)
    too_many = max(len(found.environments), len(found.deployments)) > MOST_NAMED
    return EVERYTHING if everything or too_many else found


def changes(before: Marks | None, now: Marks) -> Changed:
    """`before` is None of whoever has not looked yet, and may be long ago: then nobody knows."""
    if before is None or now.audit - before.audit > MOST_ENTRIES:
        return EVERYTHING
    names = _differing(before.environments, now.environments)
    ids = _differing(before.deployments, now.deployments)
    either = {**before.deployments, **now.deployments}
    names |= {either[one][0] for one in ids}
    names |= {name for name, _ in now.written if name is not None}
    return change(names, ids | {one for _, one in now.written if one is not None})


def _differing(before: Mapping[str, object], now: Mapping[str, object]) -> set[str]:
    return {name for name in {**before, **now} if before.get(name) != now.get(name)}
