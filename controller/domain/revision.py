"""What an environment should be, as one commit says it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from controller.domain.canonical import digest
from controller.domain.manifest import EnvironmentFile, read_recorded
from controller.domain.release import Release


def file_of(environment: str) -> str:
    """Where a repository keeps the environment's file."""
    return f"environments/{environment}.yaml"


MERGED = re.compile(r"Merge pull request #(\d+) from ")
"""https://docs.github.com/en/pull-requests: how GitHub begins the message of a merge commit."""


@lru_cache(maxsize=64)
def _read(text: str, name: str) -> EnvironmentFile:
    return read_recorded(text, name)


@dataclass(frozen=True)
class Author:
    """Somebody named by a commit; `id` and `login` are None when GitHub does not know the e-mail address."""

    id: int | None
    login: str | None
    name: str


@dataclass(frozen=True)
class Commit:
    """One commit of a repository; `tree` is the hash of its whole content, equal for commits that differ only in
    history."""

    sha: str
    tree: str
    message: str
    authors: tuple[Author, ...]
    committed_at: datetime

    @property
    def short(self) -> str:
        return self.sha[:7]

    @property
    def title(self) -> str:
        """The message's first line; of a merge, what the pull request was called.

        >>> merge = "Merge pull request #3 from acme/tones\\n\\nAdd tones"
        >>> Commit("a" * 40, "b" * 40, merge, (), datetime(2026, 1, 1)).title
        'Add tones (#3)'
        """
        first, *others = [line for line in self.message.splitlines() if line.strip()] or [""]
        merged = MERGED.match(first)
        return f"{others[0]} (#{merged[1]})" if merged and others else first


@dataclass(frozen=True)
class Revision:
    """Recorded at the push; sealed once, with an image digest for every service; from then on immutable.

    `text` is the environment file as it is at the commit, already found valid. `images` maps services to
    `repository@sha256:…` and is None until the revision is sealed. `release` is what the commit was published as, where
    its environment is on releases: a name, and no part of its identity.
    """

    environment: str
    branch: str
    commit: Commit
    text: str
    recorded_at: datetime
    images: Mapping[str, str] | None = None
    release: Release | None = None

    @property
    def file(self) -> EnvironmentFile:
        return _read(self.text, file_of(self.environment))

    @property
    def is_sealed(self) -> bool:
        return self.images is not None

    @property
    def version(self) -> str:
        """What people call this revision: the release's tag, else the branch and the short commit."""
        return self.release.tag if self.release else f"{self.branch}-{self.commit.short}"

    @property
    def digest(self) -> str:
        """Identity of the sealed revision; of an unsealed one, of what is known so far."""
        return digest({"commit": self.commit.sha, "file": self.text, "images": dict(self.images or {})})

    def sealed(self, images: Mapping[str, str]) -> "Revision":
        """The same revision with its images pinned. Sealing twice is a bug."""
        assert not self.is_sealed, f"{self.environment} {self.commit.short} is sealed already"
        return replace(self, images=dict(images))
