"""What a step may answer, and what holds while it is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from controller.domain.actions import Action
from controller.domain.bindings import Binding
from controller.domain.environment import Environment
from controller.domain.foundation import Foundation
from controller.domain.manifest import EnvironmentFile
from controller.domain.reason import Reason
from controller.domain.snapshot import Evidence, Resolved


@dataclass(frozen=True)
class Terms:
    """What holds for the whole pass: the environment and its binding, what it stands on, the file of the revision that
    is live, how often to look, what the images of an unsealed revision stand for, and the services whose idle slots are
    kept warm, and the number of the deployment that moved traffic last."""

    environment: Environment
    binding: Binding
    foundation: Foundation
    live: EnvironmentFile | None
    pace: timedelta
    resolved: Resolved = field(default_factory=Resolved)
    kept: frozenset[str] = field(default=frozenset())
    moved_last: int | None = None

    def left_by(self, file: EnvironmentFile) -> tuple[str, ...]:
        """The services of what is live that this file names no more."""
        return tuple(name for name in self.live.services if name not in file.services) if self.live else ()


@dataclass(frozen=True)
class Ask:
    action: Action
    text: str


@dataclass(frozen=True)
class Wait:
    """`look_in` says when to look again where nothing can happen sooner; None: at the ordinary pace."""

    reason: Reason
    look_in: timedelta | None = None


@dataclass(frozen=True)
class Need:
    """The picture lacks this evidence; nothing is decided without it."""

    evidence: frozenset[Evidence]


@dataclass(frozen=True)
class Done:
    detail: str


@dataclass(frozen=True)
class Stumble:
    """It looks wrong this time; after `PATIENCE` times in a row the step has failed, for it may be an old picture.

    `within`: so long it may look wrong instead, in whatever way, because it may mend itself. `quarantines` as for
    `Fail`.
    """

    reason: Reason
    culprits: tuple[str, ...] = field(default=())
    within: timedelta = timedelta(0)
    quarantines: bool = True


@dataclass(frozen=True)
class Foreign:
    """Somebody else's hand, as it looks this time; nothing is done against it.

    After `PATIENCE` times in a row a running deployment is paused. `adopts`: they sent all of the traffic back to the
    old version, which is a rollback of theirs.
    """

    reason: Reason
    adopts: bool = False


@dataclass(frozen=True)
class Fail:
    """The step can't be done. `quarantines` is False when the content isn't to blame (capacity, quota)."""

    reason: Reason
    culprits: tuple[str, ...] = field(default=())
    quarantines: bool = True


@dataclass(frozen=True)
class Halt:
    """The step is over, but whether it went well nobody can tell: the deployment is paused until a person says so."""

    reason: Reason


@dataclass(frozen=True)
class Late:
    """It had succeeded, and goes wrong while the old version is still warm: a rollback takes it home, once."""

    reason: Reason


Outcome = Ask | Wait | Need | Done | Stumble | Foreign | Fail | Halt | Late


def asleep_words(names: Sequence[str]) -> str:
    """
    >>> asleep_words(["api"]), asleep_words(["api", "web"])
    ('api is asleep', 'api, web are asleep')
    """
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} asleep"
