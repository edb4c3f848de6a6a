"""How long the same version has been live in another environment. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from controller.domain.deployment import Deployment, Kind
from controller.domain.revision import Revision

FAR_BACK = 50
"""So many versions are looked through: what was live longer ago has to soak anew."""


@dataclass(frozen=True)
class Soaked:
    """The last time that an environment ran this version: from `since`, when the deployment with this id had succeeded,
    `until` another one took its place, or some of its traffic; None while it has all. `turned_back`: a rollback did, or
    is about to. `beside` is the deployment that moves there at this moment."""

    deployment: str
    since: datetime
    until: datetime | None = None
    turned_back: bool = False
    beside: str = ""

    def lasted(self, now: datetime) -> timedelta:
        return (self.until or now) - self.since


def soaked(
    line: Iterable[Deployment], is_same: Callable[[Revision], bool], moving: Deployment | None = None
) -> Soaked | None:
    """`line` are the deployments that were live, the newest first, in which `is_same` knows this version; `moving` the
    one that is to take the newest one's place. What restarts or corrects it goes on with it."""
    found: Soaked | None = None
    after = moving if moving is not None and not is_same(moving.revision) else None
    for deployment in islice(line, FAR_BACK):
        assert deployment.finished_at is not None, f"{deployment.id} was live, so it has succeeded"
        if is_same(deployment.revision):
            found = replace(found or _last(deployment, after), deployment=deployment.id, since=deployment.finished_at)
        elif found is not None:
            break
        after = deployment
    return found


def _last(deployment: Deployment, after: Deployment | None) -> Soaked:
    assert deployment.finished_at is not None
    until = (after.raised_at or after.finished_at) if after else None
    turned_back = deployment.sent_home or (after is not None and after.kind is Kind.ROLLBACK)
    beside = after.id if after is not None and not after.is_final else ""
    return Soaked(deployment.id, deployment.finished_at, until, turned_back, beside)


def same_version(wanted: Revision, trees: Iterable[str]) -> Callable[[Revision], bool]:
    """A commit of one of these trees of files, or the same images of all services that both have."""
    known = frozenset(trees)

    def is_same(found: Revision) -> bool:
        ours, theirs = wanted.images or {}, found.images or {}
        both = [name for name in ours if name in theirs]
        return found.commit.tree in known or (bool(both) and all(ours[name] == theirs[name] for name in both))

    return is_same
