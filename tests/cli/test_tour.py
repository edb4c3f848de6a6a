"""The tour that `up` makes: a version that is live is promoted, and who is asked is said."""

from typing import Any

from controller.cli.tour import Tour

FIRST, SECOND, THIRD = "1" * 40, "2" * 40, "3" * 40


def an_item(environment: str, commit: str, phase: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{environment}-2",
        "environment": environment,
        "phase": phase,
        "revision": {"commit": commit},
        "plan_digest": None,
        "asked_since": None,
        "reason": {"text": ""},
        **more,
    }


class Merges:
    def __init__(self) -> None:
        self.branches: list[str] = []

    def __call__(self, branch: str) -> dict[str, Any]:
        self.branches.append(branch)
        return {"commit": {"staging": SECOND, "main": THIRD}[branch], "title": f"Promote to {branch}"}


def a_tour(merges: Merges) -> Tour:
    return Tour(merges, "http://127.0.0.1:1", "http://127.0.0.1:2", FIRST)


def test_nothing_is_merged_before_the_first_version_is_live() -> None:
    merges = Merges()
    assert list(a_tour(merges).news([an_item("dev", FIRST, "running"), an_item("dev", SECOND, "succeeded")])) == []
    assert merges.branches == []


def test_what_is_live_in_one_is_promoted_to_the_next_once() -> None:
    merges = Merges()
    tour = a_tour(merges)
    live = an_item("dev", FIRST, "succeeded")
    assert list(tour.news([live])) == ["merged 2222222 to staging: Promote to staging"]
    assert list(tour.news([live])) == []
    staging = an_item("staging", SECOND, "succeeded")
    assert list(tour.news([staging, live])) == ["merged 3333333 to main: Promote to main"]
    assert list(tour.news([an_item("prod", THIRD, "succeeded"), staging, live])) == []
    assert merges.branches == ["staging", "main"]


def test_what_became_of_a_question_is_said_once_where_it_was_not_a_yes() -> None:
    tour = a_tour(Merges())
    asked = an_item("prod", THIRD, "waiting", plan_digest="d", asked_since="2026-03-01T12:00:00Z")
    ended = an_item("prod", THIRD, "rejected", reason={"text": "ada said no: not today"})
    assert list(tour.news([ended])) == [], "nobody was asked here"
    assert len(list(tour.news([asked]))) == 3
    assert list(tour.news([ended])) == ["prod-2 was rejected: ada said no: not today"]
    assert list(tour.news([ended])) == []


def test_what_turned_back_goes_nowhere() -> None:
    merges = Merges()
    tour = a_tour(merges)
    list(tour.news([an_item("dev", FIRST, "succeeded")]))
    assert list(tour.news([an_item("staging", SECOND, "rolled_back")])) == []
    assert merges.branches == ["staging"]


def test_who_waits_for_people_is_said_once_for_each_plan() -> None:
    tour = a_tour(Merges())
    asked = {"asked_since": "2026-11-22T12:00:00Z", "plan_digest": "sha256:a", "reason": {"text": "0 of 1 \x1b[31m"}}
    waiting = an_item("staging", SECOND, "waiting", **asked)
    first, review, slack = tour.news([waiting])
    assert first == "staging-2 waits for people: 0 of 1 \ufffd[31m"
    assert "http://127.0.0.1:1/approvals/staging-2" in review
    assert "http://127.0.0.1:2/" in slack
    assert list(tour.news([waiting])) == []
    assert len(list(tour.news([{**waiting, "plan_digest": "sha256:b"}]))) == 3
    assert list(tour.news([{**waiting, "asked_since": None, "plan_digest": "sha256:c"}])) == []
