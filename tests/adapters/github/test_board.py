"""Deployments and commit statuses on a served GitHub: found again, repeated without an effect, never by guess."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.adapters.clock import SystemClock
from controller.adapters.github.board import GitHubBoard
from controller.adapters.github.calls import Calls
from controller.domain.board import Colour, Flag, Mark, Posting
from controller.domain.errors import Blocked, Transient
from controller.domain.secret import Secret
from tests.sandbox.github.served import NAME, Clone, Served
from tests.support.builders import NOON

LINK = "https://tidegate.example/deployments/dev-1"


@pytest.fixture
def calls(served: Served) -> Calls:
    return Calls(served.github.api, Secret(served.github.machine_token()), SystemClock())


@pytest.fixture
def board(calls: Calls) -> GitHubBoard:
    return GitHubBoard(calls)


@pytest.fixture
def posting(clone: Clone) -> Posting:
    sha = clone.git("rev-parse", "HEAD")
    return Posting(NAME, sha, "dev", "dev-1", NOON, Mark.QUEUED, "dev-1 waits", LINK, "https://dev.example")


def deployments(served: Served) -> list[Any]:
    return list(served.github.repository(NAME).records.deployments.values())


def statuses(served: Served) -> list[tuple[str, str, str]]:
    found = served.github.repository(NAME).records.statuses
    return [(given.context, given.state, given.description or "") for given in found]


def test_a_deployment_is_made_once_and_shows_how_it_stands(
    served: Served, board: GitHubBoard, posting: Posting
) -> None:
    for mark in (Mark.QUEUED, Mark.QUEUED, Mark.IN_PROGRESS, Mark.SUCCESS, Mark.SUCCESS, Mark.INACTIVE):
        board.post(replace(posting, mark=mark, text=f"dev-1: {mark}"))
    (made,) = deployments(served)
    assert (made.sha, made.environment, made.payload["tidegate"]["deployment"]) == (posting.sha, "dev", "dev-1")
    assert [given.state for given in made.statuses] == ["queued", "in_progress", "success", "inactive"]
    assert {(given.log_url, given.environment_url) for given in made.statuses} == {(LINK, "https://dev.example")}


def test_a_controller_that_has_forgotten_everything_finds_it_again(
    served: Served, calls: Calls, posting: Posting
) -> None:
    GitHubBoard(calls).post(posting)
    GitHubBoard(calls).post(posting)
    assert len(deployments(served)) == 1


def test_the_same_id_of_another_time_is_another_deployment(
    served: Served, board: GitHubBoard, posting: Posting
) -> None:
    board.post(posting)
    board.post(replace(posting, created_at=NOON + timedelta(days=30)))
    assert len(deployments(served)) == 2


def test_a_newer_success_leaves_others_to_be_told_by_themselves(
    served: Served, board: GitHubBoard, posting: Posting
) -> None:
    board.post(replace(posting, mark=Mark.SUCCESS))
    board.post(replace(posting, deployment="dev-2", mark=Mark.SUCCESS))
    assert [[given.state for given in made.statuses] for made in deployments(served)] == [["success"], ["success"]]


def test_without_an_address_of_its_own_nothing_is_linked(served: Served, board: GitHubBoard, posting: Posting) -> None:
    board.post(replace(posting, link="", url=""))
    board.flag(Flag(NAME, posting.sha, "tidegate/dev", Colour.PENDING, "waits"))
    assert deployments(served)[0].statuses[0].log_url == ""
    assert served.github.repository(NAME).records.statuses[-1].target_url is None


def test_a_commit_is_marked_once_for_each_state(served: Served, board: GitHubBoard, posting: Posting) -> None:
    flag = Flag(NAME, posting.sha, "tidegate/dev", Colour.PENDING, "waits", LINK)
    for each in (flag, flag, replace(flag, colour=Colour.SUCCESS, text="live"), replace(flag, name="tidegate/prod")):
        board.flag(each)
    ours = [given for given in statuses(served) if given[0].startswith("tidegate/")]
    assert ours == [
        ("tidegate/dev", "pending", "waits"),
        ("tidegate/dev", "success", "live"),
        ("tidegate/prod", "pending", "waits"),
    ]


def test_what_may_not_be_written_says_which_permission_it_takes(
    served: Served, board: GitHubBoard, posting: Posting
) -> None:
    served.github.frame.misbehaviour.status, served.github.frame.misbehaviour.count = 403, 1
    with pytest.raises(Blocked, match="Deployments: write"):
        board.post(posting)


def test_a_commit_that_github_does_not_know_is_refused(board: GitHubBoard, posting: Posting) -> None:
    with pytest.raises(Blocked):
        board.post(replace(posting, sha="1" * 40))


def test_after_a_rate_limit_nothing_is_asked_until_it_is_over(
    served: Served, calls: Calls, board: GitHubBoard, posting: Posting
) -> None:
    served.github.frame.misbehaviour.status, served.github.frame.misbehaviour.count = 429, 1
    for _ in range(3):
        with pytest.raises(Transient) as raised:
            board.post(posting)
        assert raised.value.code == "github.rate_limit"
    assert raised.value.retry_after > timedelta(seconds=30)
    assert sum(served.github.frame.limits.used.values()) == 1, "the first one was answered, and no other was asked"
