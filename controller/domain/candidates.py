"""The versions that an environment can go back to, and how ready each of them is. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from controller.domain.deployment import Deployment
from controller.domain.hooks import Run

MOST = 5
"""So many of them are named; any other that succeeded can be gone back to all the same."""


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"  # it was not looked up, or could not be


@dataclass(frozen=True)
class Ready:
    """One thing that going back needs: whether it is there, in words."""

    answer: Answer
    text: str


@dataclass(frozen=True)
class Looked:
    """What AWS showed of one candidate, by service: whether its image is in the registry, its task definition still
    active, its tasks still there and healthy. A service that could not be asked about is missing."""

    images: Mapping[str, bool] = field(default_factory=dict)
    definitions: Mapping[str, bool] = field(default_factory=dict)
    warm: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """A version that was live and well. `images`: without one of them it can't start a task; `definitions`: what is
    missing is registered again; `migration`: nothing ran since that it does not work with; `warm`: its tasks are still
    there, so that only the traffic moves. `crosses`: the deployment that is to be named a second time."""

    deployment: Deployment
    images: Ready
    definitions: Ready
    migration: Ready
    warm: Ready
    crosses: str = ""

    @property
    def answer(self) -> Answer:
        """Whether it can be gone back to without a second thought."""
        asked = {self.images.answer, self.migration.answer}
        return next(each for each in (Answer.NO, Answer.UNKNOWN, Answer.YES) if each in asked)


@dataclass(frozen=True)
class Candidates:
    """The newest first. `looked_at` is when AWS was asked; `unlooked` says why nothing, or not all, is known of it.
    `why_none`: where there is nothing to go back to."""

    items: tuple[Candidate, ...] = ()
    looked_at: datetime | None = None
    unlooked: str = ""
    why_none: str = ""


def candidate(deployment: Deployment, crossed: Sequence[Run], looked: Looked | None, unlooked: str) -> Candidate:
    """`crossed` ran since its version was made, and does not work with it; `looked` is None, and `unlooked` says why,
    where AWS was not asked."""
    services = tuple(deployment.revision.images or {})
    found = looked or Looked()
    return Candidate(
        deployment,
        images=_ready(services, found.images, "in the registry", "gone from the registry", unlooked),
        definitions=_ready(services, found.definitions, "active", "to be registered again", unlooked),
        migration=_migration(crossed),
        warm=_ready(services, found.warm, "still warm: only the traffic moves", "to be started first", unlooked),
        crosses=crossed[-1].deployment if crossed else "",
    )


def _ready(services: Iterable[str], found: Mapping[str, bool], yes: str, no: str, unlooked: str) -> Ready:
    unknown = [name for name in services if name not in found]
    missing = [name for name in services if found.get(name) is False]
    if missing:
        return Ready(Answer.NO, f"{', '.join(missing)}: {no}")
    if unknown:
        return Ready(Answer.UNKNOWN, unlooked or f"{', '.join(unknown)}: could not be looked up")
    return Ready(Answer.YES, yes)


def _migration(crossed: Sequence[Run]) -> Ready:
    if not crossed:
        return Ready(Answer.YES, "nothing ran since that it does not work with")
    return Ready(Answer.NO, f"it does not work with what ran since: {'; '.join(run.told for run in crossed)}")
