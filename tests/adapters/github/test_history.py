"""What was committed and merged, as a served GitHub tells it: which pull request brought what, whatever the merge."""

from __future__ import annotations

from typing import Any

import pytest

from controller.adapters.clock import SystemClock
from controller.adapters.github.calls import Calls
from controller.adapters.github.history import GitHubHistory
from controller.domain.contents import MOST_COMMITS, traced, unexplained
from controller.domain.errors import Conflict, Transient
from controller.domain.secret import Secret
from tests.sandbox.github.served import NAME, Clone, Served
from tests.sandbox.github.test_rest import branch_off, change


@pytest.fixture
def history(served: Served) -> GitHubHistory:
    return GitHubHistory(Calls(served.github.api, Secret(served.github.machine_token()), SystemClock()))


def head(served: Served, branch: str = "develop") -> str:
    return str(served.repository().get_branch(branch).commit.sha)


def a_pull(served: Served, name: str = "feature", base: str = "develop") -> Any:
    repository = served.repository("grace")
    branch_off(repository, name)
    change(repository, name, f"{name}.txt", "it\n")
    change(repository, name, f"{name}-2.txt", "more\n")
    return served.repository("linus").create_pull(base=base, head=name, title=f"Add {name}")


def cost(served: Served) -> int:
    return sum(served.github.frame.limits.used.values())


def test_commits_between_two_are_those_that_only_the_newer_one_has_oldest_first(
    served: Served, history: GitHubHistory, clone: Clone
) -> None:
    before = head(served)
    made = [clone.commit({"n.txt": f"{number}\n"}, f"Change {number}") for number in range(3)]
    clone.git("push", "-q", "origin", "develop")
    found = history.between(NAME, before, made[-1], MOST_COMMITS)
    assert [(one.sha, one.title) for one in found.ahead] == list(
        zip(made, ("Change 0", "Change 1", "Change 2"), strict=True)
    )
    assert (found.total, found.behind) == (3, 0)
    assert found.ahead[0].authors[0].login == "grace"


def test_of_a_long_range_the_oldest_are_listed_and_all_are_counted(
    served: Served, history: GitHubHistory, clone: Clone
) -> None:
    before = head(served)
    made = [clone.commit({"n.txt": f"{number}\n"}) for number in range(103)]
    clone.git("push", "-q", "origin", "develop")
    start = cost(served)
    found = history.between(NAME, before, made[-1], 102)
    assert [one.sha for one in found.ahead] == made[:102]
    assert found.total == 103
    assert cost(served) - start == 2, "a hundred in one request"


def test_histories_that_went_apart_are_counted_on_both_sides(
    served: Served, history: GitHubHistory, clone: Clone
) -> None:
    left = clone.commit({"left.txt": "left\n"})
    clone.git("push", "-q", "origin", "develop")
    clone.git("reset", "-q", "--hard", "HEAD~1")
    right = clone.commit({"right.txt": "right\n"})
    clone.git("push", "-q", "--force", "origin", "develop")
    found = history.between(NAME, left, right, MOST_COMMITS)
    assert ([one.sha for one in found.ahead], found.behind) == ([right], 1)


def test_a_base_that_nobody_knows_any_more_is_a_rewritten_history(served: Served, history: GitHubHistory) -> None:
    with pytest.raises(Conflict, match="rewritten"):
        history.between(NAME, "0" * 39 + "1", head(served), MOST_COMMITS)


def test_without_a_base_there_is_the_one_commit(served: Served, history: GitHubHistory) -> None:
    found = history.between(NAME, None, head(served), MOST_COMMITS)
    assert [one.sha for one in found.ahead] == [head(served)]


@pytest.mark.parametrize("method", ["merge", "squash"])
def test_every_commit_of_a_merged_pull_request_leads_to_it(served: Served, history: GitHubHistory, method: str) -> None:
    before, pull = head(served), a_pull(served)
    served.repository("margaret").get_pull(pull.number).merge(merge_method=method)
    changes = history.between(NAME, before, head(served), MOST_COMMITS).ahead
    asked = unexplained(changes, {}, ())
    assert asked is not None and history.pulls_with(NAME, asked.sha) == [pull.number]
    known = {pull.number: history.pull(NAME, pull.number)}
    assert unexplained(changes, known, {asked.sha}) is None, "one question for all of its commits"
    assert {one.pull for one in traced(changes, known, {asked.sha})} == {pull.number}


def test_a_pull_request_is_known_with_who_did_what_and_when_and_is_read_once(
    served: Served, history: GitHubHistory
) -> None:
    pull = a_pull(served)
    served.repository("linus").get_pull(pull.number).create_review(event="COMMENT", body="my own word")
    served.repository("ada").get_pull(pull.number).create_review(event="APPROVE")
    served.repository("margaret").get_pull(pull.number).merge()
    found = history.pull(NAME, pull.number).pull
    assert (found.title, found.author, found.merged_by, found.base) == ("Add feature", "linus", "margaret", "develop")
    assert found.began_at is not None and found.reviewed_at is not None and found.approved_at is not None
    assert found.began_at <= found.opened_at <= found.approved_at <= found.merged_at
    assert found.reviewed_at == found.approved_at, "what its author says is no review"
    start = cost(served)
    history.pull(NAME, pull.number)
    assert cost(served) == start


def test_an_open_pull_request_brought_nothing_yet(served: Served, history: GitHubHistory) -> None:
    pull = a_pull(served)
    assert history.pulls_with(NAME, str(pull.head.sha)) == []


def test_an_answer_of_another_shape_is_asked_for_again(history: GitHubHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Calls, "send", lambda *_: {"commits": [{"sha": "1"}], "total_commits": 1, "behind_by": 0})
    with pytest.raises(Transient, match="something else"):
        history.between(NAME, "1" * 40, "2" * 40, MOST_COMMITS)
