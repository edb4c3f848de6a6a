"""What people see of a deployment beside its commit, where the code is: how it stands now, in a few words.

A board shows a state, not a story: whoever is late, or comes twice, writes what is so by then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from controller.domain.deployment import Deployment, Phase

LONGEST = 140
"""So many characters a board has room for: https://docs.github.com/en/rest/deployments/statuses, and commit statuses
alike."""


AUDIT = "tidegate-audit"
"""What the audit's entries are of, where a board wants an environment."""


class Mark(StrEnum):
    """How a deployment stands, in the words that a board has."""

    QUEUED = "queued"  # it waits for its gates
    IN_PROGRESS = "in_progress"  # it moves, or turns back
    SUCCESS = "success"  # its version is live
    FAILURE = "failure"  # its version was refused: by a rule, by a person, by what was seen of it
    ERROR = "error"  # it was ended before anybody could tell
    INACTIVE = "inactive"  # another version is live, or a newer one took its place before it began


MARKS: Mapping[Phase, Mark] = {
    Phase.WAITING: Mark.QUEUED,
    Phase.RUNNING: Mark.IN_PROGRESS,
    Phase.SUCCEEDED: Mark.SUCCESS,
    Phase.ROLLING_BACK: Mark.IN_PROGRESS,
    Phase.ROLLED_BACK: Mark.FAILURE,
    Phase.FAILED: Mark.FAILURE,
    Phase.SUPERSEDED: Mark.INACTIVE,
    Phase.REJECTED: Mark.FAILURE,
    Phase.EXPIRED: Mark.ERROR,
    Phase.ABORTED: Mark.ERROR,
}


class Colour(StrEnum):
    """What a commit itself can be marked with."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


COLOURS: Mapping[Mark, Colour] = {
    Mark.QUEUED: Colour.PENDING,
    Mark.IN_PROGRESS: Colour.PENDING,
    Mark.SUCCESS: Colour.SUCCESS,
    Mark.FAILURE: Colour.FAILURE,
    Mark.ERROR: Colour.ERROR,
    # Never green: a version that never began is no reason to merge on.
    Mark.INACTIVE: Colour.ERROR,
}


@dataclass(frozen=True)
class Posting:
    """One deployment as a board is to show it. `deployment` and `created_at` know it again; `link` leads to its page,
    `url` to the environment; both may be empty."""

    repository: str
    sha: str
    environment: str
    deployment: str
    created_at: datetime
    mark: Mark
    text: str
    link: str = ""
    url: str = ""


@dataclass(frozen=True)
class Flag:
    """What a commit is marked with, under a name of ours."""

    repository: str
    sha: str
    name: str
    colour: Colour
    text: str
    link: str = ""


def posting(deployment: Deployment, repository: str, link: str, *, is_live: bool) -> Posting:
    """`is_live`: its version is what the environment runs."""
    mark = MARKS[deployment.phase]
    return Posting(
        repository,
        deployment.revision.commit.sha,
        deployment.environment,
        deployment.id,
        deployment.created_at,
        Mark.INACTIVE if mark is Mark.SUCCESS and not is_live else mark,
        short(_said(deployment, is_live=is_live)),
        link,
        deployment.revision.file.url or link,
    )


def flag(deployment: Deployment, repository: str, link: str) -> Flag:
    """That its commit was well here stays true when another one is live."""
    colour = COLOURS[MARKS[deployment.phase]]
    text = short(_said(deployment, is_live=True))
    return Flag(repository, deployment.revision.commit.sha, f"tidegate/{deployment.environment}", colour, text, link)


def anchoring(repository: str, commit: str, since: datetime, line: str) -> Posting:
    """An entry of its own beside a commit that was deployed: what it has said stays there."""
    return Posting(repository, commit, AUDIT, AUDIT, since, Mark.SUCCESS, short(line))


def _said(deployment: Deployment, *, is_live: bool) -> str:
    named = deployment.id if deployment.kind == "deploy" else f"{deployment.id} ({deployment.kind})"
    if deployment.phase is Phase.SUCCEEDED:
        return f"{named}: live" if is_live else f"{named}: succeeded; something else is live now"
    return f"{named} {deployment.phase.said}: {deployment.why.text}"


def short(text: str, longest: int = LONGEST) -> str:
    """On one line, without what can't be printed, cut where there is no more room.

    >>> short("two\\nlines\\x1b[31m"), short("abcdef", 4)
    ('two lines [31m', 'abc…')
    """
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"
