"""Published releases, and what their tags point at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from github.Requester import Requester

from controller.adapters.github.pages import PER_PAGE, Pages
from controller.domain.people import Person
from controller.domain.release import Release

TAGS = "refs/tags/"
PAGES_KEPT = 2000
"""Of each kind, of all repositories together."""


@dataclass(frozen=True)
class _Tag:
    name: str
    points_at: str


class Releases:
    def __init__(self) -> None:
        self._releases = Pages(_published, PAGES_KEPT)
        self._tags = Pages(_tags, PAGES_KEPT)

    def released(self, requester: Requester, repository: str) -> tuple[Release, ...]:
        """Newest first. GitHub's own order is that of the commits' dates, which says nothing of what was published
        last, so that every page is read.

        https://docs.github.com/en/rest/releases/releases#list-releases
        https://docs.github.com/en/rest/git/refs#list-matching-references
        """
        found = self._releases.entries(requester, f"/repos/{repository}/releases?per_page={PER_PAGE}")
        if not found:
            return ()
        tags = self._tags.entries(requester, f"/repos/{repository}/git/matching-refs/tags/?per_page={PER_PAGE}")
        points_at = {tag.name: tag.points_at for tag in tags}
        newest_first = sorted(found, key=lambda release: release.published_at, reverse=True)
        return tuple(replace(release, points_at=points_at.get(release.tag)) for release in newest_first)


def _published(shown: list[Mapping[str, Any]]) -> Sequence[Release]:
    return [_release(each) for each in shown if not each["draft"] and not each["prerelease"]]


def _release(shown: Mapping[str, Any]) -> Release:
    published_at = datetime.fromisoformat(shown["published_at"])
    author = shown.get("author")
    by = Person(int(author["id"]), str(author["login"])) if author else None
    return Release(str(shown["tag_name"]), shown["name"] or "", str(shown["html_url"]), published_at, by=by)


def _tags(refs: list[Mapping[str, Mapping[str, str]]]) -> Sequence[_Tag]:
    return [_Tag(str(ref["ref"]).removeprefix(TAGS), ref["object"]["sha"]) for ref in refs]
