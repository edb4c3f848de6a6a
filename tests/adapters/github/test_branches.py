"""Heads of all branches: every page, and free of charge while nothing changes."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from controller.adapters.clock import SystemClock
from controller.adapters.github.branches import Branches
from controller.adapters.github.pages import PER_PAGE
from controller.adapters.github.source import GitHubSource
from controller.domain.errors import Blocked, Transient
from controller.domain.secret import Secret
from tests.adapters.github.answering import Requester
from tests.sandbox.github.served import NAME, Clone, Served


@pytest.fixture
def source(served: Served) -> GitHubSource:
    return GitHubSource(served.github.api, Secret(served.github.machine_token()), SystemClock())


def git(served: Served) -> Any:
    found = served.github.state.repository(NAME)
    assert found is not None
    return found.git


def truth(served: Served) -> Mapping[str, str]:
    branches: Mapping[str, str] = git(served).branches()
    return branches


def with_branches(served: Served, count: int) -> None:
    """The repository has so many branches in all."""
    store, sha = git(served), truth(served)["develop"]
    for number in range(count - len(truth(served))):
        store.set_ref(f"refs/heads/feature/{number:04}", sha)


def cost(served: Served) -> int:
    """Requests that count, so far."""
    return sum(served.github.frame.limits.used.values())


def test_every_branch_is_there_with_its_head(served: Served, source: GitHubSource, clone: Clone) -> None:
    clone.git("push", "-q", "origin", "HEAD:feature/captions")
    clone.git("tag", "v1.0.0")
    clone.git("push", "-q", "origin", "v1.0.0")
    heads = source.heads(NAME)
    assert heads == truth(served)
    assert heads["feature/captions"] == clone.git("rev-parse", "HEAD")
    assert {"develop", "staging", "main"} <= heads.keys()


def test_an_answer_that_has_not_changed_costs_nothing(served: Served, source: GitHubSource) -> None:
    first = source.heads(NAME)
    start = cost(served)
    assert [source.heads(NAME) for _ in range(5)] == [first] * 5
    assert cost(served) == start


def test_a_head_that_moved_is_seen_at_once(served: Served, source: GitHubSource, clone: Clone) -> None:
    source.heads(NAME)
    sha = clone.commit({"a.txt": "a\n"})
    clone.git("push", "-q", "origin", "HEAD:develop")
    start = cost(served)
    assert source.heads(NAME)["develop"] == sha
    assert cost(served) == start + 1


def test_a_branch_that_was_deleted_is_gone(served: Served, source: GitHubSource, clone: Clone) -> None:
    clone.git("push", "-q", "origin", "HEAD:feature/captions")
    assert "feature/captions" in source.heads(NAME)
    clone.git("push", "-q", "origin", ":feature/captions")
    assert "feature/captions" not in source.heads(NAME)


@pytest.mark.parametrize(("branches", "pages"), [(99, 1), (101, 2), (200, 2), (250, 3)])
def test_every_page_is_read_and_each_is_free_while_it_is_the_same(
    served: Served, source: GitHubSource, branches: int, pages: int
) -> None:
    with_branches(served, branches)
    start = cost(served)
    assert len(source.heads(NAME)) == branches
    assert cost(served) == start + pages
    full = branches % PER_PAGE == 0  # a last page that is full is asked for anew, see below
    assert source.heads(NAME) == truth(served)
    assert cost(served) == start + pages + full


def test_a_page_that_is_new_behind_a_full_one_is_found(served: Served, source: GitHubSource) -> None:
    """The full one itself has not changed."""
    with_branches(served, PER_PAGE)
    source.heads(NAME)
    git(served).set_ref("refs/heads/zz-last", truth(served)["develop"])
    assert source.heads(NAME) == truth(served)


def test_a_head_on_a_later_page_is_seen(served: Served, source: GitHubSource, clone: Clone) -> None:
    with_branches(served, 150)
    clone.git("push", "-q", "origin", "HEAD:zz-last")
    source.heads(NAME)
    sha = clone.commit({"a.txt": "a\n"})
    clone.git("push", "-q", "origin", "HEAD:zz-last")
    start = cost(served)
    assert source.heads(NAME)["zz-last"] == sha
    assert cost(served) == start + 1


def test_pages_that_are_not_needed_any_more_are_not_asked_for(served: Served, source: GitHubSource) -> None:
    with_branches(served, 150)
    source.heads(NAME)
    for name in list(truth(served)):
        if name.startswith("feature/"):
            git(served).delete_ref(f"refs/heads/{name}")
    assert source.heads(NAME) == truth(served)
    start = cost(served)
    source.heads(NAME)
    assert cost(served) == start


def test_threads_share_what_is_known(served: Served, source: GitHubSource) -> None:
    first = source.heads(NAME)
    start = cost(served)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(source.heads, [NAME, NAME])) == [first, first]
    assert cost(served) == start


def test_a_repository_that_is_not_there_has_no_empty_list_of_branches(source: GitHubSource) -> None:
    with pytest.raises(Blocked, match="Reading the branches of acme/typo") as raised:
        source.heads("acme/typo")
    assert raised.value.code == "github.repository_missing"


@pytest.mark.parametrize(("status", "becomes"), [(500, Transient), (429, Transient), (403, Blocked), (409, Blocked)])
def test_a_refusal_is_no_empty_list_and_what_was_known_is_no_answer(
    served: Served, source: GitHubSource, status: int, becomes: type[Exception]
) -> None:
    """409 is what GitHub says of a repository without any commit."""
    first = source.heads(NAME)
    misbehaviour = served.github.frame.misbehaviour
    misbehaviour.status, misbehaviour.count = status, 1
    with pytest.raises(becomes):
        source.heads(NAME)
    assert source.heads(NAME) == first


def refs(*names: str) -> list[dict[str, Any]]:
    return [{"ref": f"refs/heads/{name}", "object": {"sha": f"sha of {name}", "type": "commit"}} for name in names]


FIRST = "/repos/acme/captioncraft/git/matching-refs/heads/?per_page=100"
SECOND = "https://api.github.com/repositories/7/git/matching-refs/heads/?per_page=100&page=2"
LINK = f'<{SECOND}>; rel="next", <https://api.github.com/repositories/7/git/matching-refs/heads/?page=9>; rel="last"'


def test_the_exact_requests() -> None:
    """Each page by its own ETag; where the next one is, is not said again with 304."""
    requester: Any = Requester(
        [
            ({"etag": 'W/"one"', "link": LINK}, refs("a", "b")),
            ({"etag": 'W/"two"'}, refs("c")),
            ({"etag": 'W/"one"'}, None),
            ({"etag": 'W/"new"'}, refs("d")),
        ]
    )
    branches = Branches()
    assert branches.heads(requester, NAME) == {"a": "sha of a", "b": "sha of b", "c": "sha of c"}
    assert branches.heads(requester, NAME) == {"a": "sha of a", "b": "sha of b", "d": "sha of d"}
    assert requester.asked == [
        (FIRST, {}),
        (SECOND, {}),
        (FIRST, {"If-None-Match": 'W/"one"'}),
        (SECOND, {"If-None-Match": 'W/"two"'}),
    ]


def test_without_an_etag_everything_is_asked_for_anew() -> None:
    requester: Any = Requester([({}, refs("a")), ({}, refs("a"))])
    branches = Branches()
    assert branches.heads(requester, NAME) == branches.heads(requester, NAME)
    assert requester.asked == [(FIRST, {}), (FIRST, {})]


def test_two_repositories_are_not_mixed_up() -> None:
    requester: Any = Requester([({"etag": "x"}, refs("a")), ({"etag": "y"}, refs("b"))])
    branches = Branches()
    assert branches.heads(requester, NAME) == {"a": "sha of a"}
    assert branches.heads(requester, "acme/other") == {"b": "sha of b"}
    assert requester.asked[1][1] == {}
