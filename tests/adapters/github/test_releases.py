"""Published releases and their tags: every page, the newest first, and free of charge while nothing changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from controller.adapters.clock import SystemClock
from controller.adapters.github.releases import Releases
from controller.adapters.github.source import GitHubSource
from controller.domain.errors import Blocked, Transient
from controller.domain.people import Person
from controller.domain.release import Release
from controller.domain.secret import Secret
from tests.adapters.github.answering import Requester
from tests.sandbox.github.served import NAME, Clone, Served


@pytest.fixture
def source(served: Served) -> GitHubSource:
    return GitHubSource(served.github.api, Secret(served.github.machine_token()), SystemClock())


def cost(served: Served) -> int:
    """Requests that count, so far."""
    return sum(served.github.frame.limits.used.values())


def publish(served: Served, tag: str, **how: Any) -> Any:
    return served.client("grace").get_repo(NAME).create_git_release(tag, f"{tag} it is", "notes", **how)


def test_only_what_is_published_is_there_with_what_its_tag_points_at(
    served: Served, source: GitHubSource, clone: Clone
) -> None:
    made = publish(served, "v1.0.0", target_commitish="develop")
    publish(served, "v1.1.0-rc.1", prerelease=True)
    publish(served, "v1.1.0", draft=True)
    clone.git("tag", "-a", "release/2", "-m", "annotated")
    clone.git("push", "-q", "origin", "release/2")
    publish(served, "release/2")
    annotated, first = source.released(NAME)
    assert (first.tag, first.name, first.url) == ("v1.0.0", "v1.0.0 it is", made.html_url)
    assert first.points_at == clone.git("rev-parse", "origin/develop")
    assert (annotated.tag, annotated.points_at) == ("release/2", clone.git("rev-parse", "release/2"))


def test_a_tag_is_its_commit_annotated_or_not_and_a_branch_is_none(
    served: Served, source: GitHubSource, clone: Clone
) -> None:
    sha = clone.git("rev-parse", "HEAD")
    clone.git("tag", "-a", "release/2", "-m", "annotated")
    clone.git("tag", "v1.0.0")
    clone.git("push", "-q", "origin", "release/2", "v1.0.0")
    for tag in ("release/2", "v1.0.0"):
        found = source.tagged(NAME, tag)
        assert found is not None and found.sha == sha
    assert source.tagged(NAME, "develop") is None and source.tagged(NAME, sha[:7]) is None


def test_what_has_not_changed_costs_nothing(served: Served, source: GitHubSource) -> None:
    publish(served, "v1.0.0")
    first = source.released(NAME)
    start = cost(served)
    assert [source.released(NAME) for _ in range(5)] == [first] * 5
    assert cost(served) == start


def test_more_releases_than_a_page_holds_are_all_read(served: Served, source: GitHubSource) -> None:
    for number in range(101):
        publish(served, f"v1.{number}.0")
    assert {each.tag for each in source.released(NAME)} == {f"v1.{number}.0" for number in range(101)}
    start = cost(served)
    source.released(NAME)
    assert cost(served) == start


def test_a_release_that_is_made_a_draft_or_deleted_is_gone(served: Served, source: GitHubSource) -> None:
    first, second = publish(served, "v1.0.0"), publish(served, "v2.0.0")
    second.update_release("v2.0.0", "notes", prerelease=True)
    assert [each.tag for each in source.released(NAME)] == ["v1.0.0"]
    first.delete_release()
    assert source.released(NAME) == ()


def test_a_repository_that_is_not_there_has_no_empty_list_of_releases(source: GitHubSource) -> None:
    with pytest.raises(Blocked, match="Reading the releases of acme/typo"):
        source.released("acme/typo")


def test_a_refusal_is_no_empty_list(served: Served, source: GitHubSource) -> None:
    publish(served, "v1.0.0")
    source.released(NAME)
    misbehaviour = served.github.frame.misbehaviour
    misbehaviour.status, misbehaviour.count = 502, 1
    with pytest.raises(Transient):
        source.released(NAME)


def shown(tag: str, published_at: str | None, **other: Any) -> dict[str, Any]:
    """As https://docs.github.com/en/rest/releases/releases#list-releases shows one, of what is read."""
    address = f"https://github.com/{NAME}/releases/tag/{tag}"
    of = {"tag_name": tag, "name": None, "html_url": address, "draft": False, "prerelease": False}
    return {**of, "created_at": "2030-01-01T00:00:00Z", "published_at": published_at, **other}


def refs(**tags: str) -> list[dict[str, Any]]:
    return [{"ref": f"refs/tags/{tag}", "object": {"sha": sha, "type": "commit"}} for tag, sha in tags.items()]


FIRST = "/repos/acme/captioncraft/releases?per_page=100"
SECOND = "https://api.github.com/repositories/7/releases?per_page=100&page=2"
TAGS = "/repos/acme/captioncraft/git/matching-refs/tags/?per_page=100"


@pytest.mark.parametrize(
    ("author", "by"),
    [({"id": 1001, "login": "ada"}, Person(1001, "ada")), (None, None)],
    ids=["ada", "an account gone"],
)
def test_who_made_it_is_said_where_github_says_so(author: object, by: Person | None) -> None:
    requester: Any = Requester([({}, [shown("v1", "2026-01-01T00:00:00Z", author=author)]), ({}, refs(v1="a" * 40))])
    (found,) = Releases().released(requester, NAME)
    assert found.by == by


def test_the_exact_requests_and_the_order_of_publication() -> None:
    """GitHub sorts by the commits' dates: what was published last may be on the last page."""
    requester: Any = Requester(
        [
            ({"etag": "one", "link": f'<{SECOND}>; rel="next"'}, [shown("v2", "2026-01-01T00:00:00Z")]),
            ({"etag": "two"}, [shown("v1", "2026-01-02T00:00:00Z"), shown("v3", None, draft=True)]),
            ({"etag": "tags"}, refs(v1="a" * 40)),
            ({"etag": "one"}, None),
            ({"etag": "two"}, None),
            ({"etag": "tags"}, None),
        ]
    )
    releases = Releases()
    newest, older = releases.released(requester, NAME)
    address = "https://github.com/acme/captioncraft/releases/tag/v1"
    assert newest == Release("v1", "", address, datetime(2026, 1, 2, tzinfo=UTC), "a" * 40)
    assert (older.tag, older.points_at) == ("v2", None)
    assert releases.released(requester, NAME) == (newest, older)
    assert requester.asked == [
        (FIRST, {}),
        (SECOND, {}),
        (TAGS, {}),
        (FIRST, {"If-None-Match": "one"}),
        (SECOND, {"If-None-Match": "two"}),
        (TAGS, {"If-None-Match": "tags"}),
    ]


def test_without_releases_tags_are_not_asked_for() -> None:
    requester: Any = Requester([({"etag": "one"}, [])])
    assert Releases().released(requester, NAME) == ()
    assert requester.asked == [(FIRST, {})]
