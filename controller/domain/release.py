"""What was published on GitHub under a name: a release, neither a draft nor a prerelease."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from controller.domain.canonical import digest
from controller.domain.people import Person


@dataclass(frozen=True)
class Release:
    """`points_at` is what its tag leads to, the sha of a commit or of an annotated tag: another one when the tag was
    moved, None while there is no such tag. `published_at` is aware UTC; `by` made it, None where GitHub doesn't say.
    """

    tag: str
    name: str
    url: str
    published_at: datetime
    points_at: str | None = None
    by: Person | None = None

    @property
    def version(self) -> str:
        """What `{version}` stands for.

        >>> noon = datetime(2026, 1, 1)
        >>> [Release(tag, "", "", noon).version for tag in ("v1.4.0", "1.4.0", "vintage", "release-7")]
        ['1.4.0', '1.4.0', 'vintage', 'release-7']
        """
        return re.sub(r"^v(?=[0-9])", "", self.tag)


def sight_of(head: str | None, releases: Sequence[Release]) -> str:
    """One short text for a branch's head and all releases: the same as long as a look would find the same."""
    shown = [[each.tag, each.points_at, each.published_at.isoformat()] for each in releases]
    return digest({"head": head, "releases": shown})
