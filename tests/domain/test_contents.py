"""What a deployment brings: every commit with its pull request, in as few questions as there can be."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.contents import (
    Change,
    Contents,
    PullRequest,
    Traced,
    brings_commits,
    carriers,
    traced,
    unexplained,
)
from controller.domain.deployment import Kind, Phase
from controller.domain.revision import Author
from tests.support.builders import NOON, a_deployment

ADA = (Author(1, "ada", "Ada Lovelace"),)


def a_change(number: int, title: str = "", is_merge: bool = False) -> Change:
    sha = f"{number:040x}"
    return Change(sha, title or f"Change {number}", ADA, NOON + timedelta(seconds=number), is_merge)


def a_pull(number: int, *own: Change, merged_as: Change | None = None) -> Traced:
    pull = PullRequest(number, f"Pull {number}", "ada", "develop", NOON, NOON + timedelta(hours=1))
    written = frozenset((change.authored_at, change.title) for change in own if not change.is_merge)
    return Traced(pull, merged_as.sha if merged_as else None, frozenset(change.sha for change in own), written)


def all_asked(changes: Sequence[Change], pulls: Mapping[int, Traced]) -> tuple[dict[int, Traced], list[str]]:
    """What a GitHub with these pull requests answers until nothing is unexplained."""
    known: dict[int, Traced] = {}
    asked: list[str] = []
    while (change := unexplained(changes, known, asked)) is not None:
        asked.append(change.sha)
        known |= {number: pull for number, pull in pulls.items() if pull.holds(change)}
    return known, asked


def numbers(changes: Sequence[Change], pulls: Mapping[int, Traced]) -> list[int | None]:
    known, asked = all_asked(changes, pulls)
    return [change.pull for change in traced(changes, known, asked)]


def test_a_merge_is_explained_by_one_question() -> None:
    one, two = a_change(1), a_change(2)
    merge = a_change(3, "Add tones (#7)", is_merge=True)
    pulls = {7: a_pull(7, one, two, merged_as=merge)}
    assert numbers([one, two, merge], pulls) == [7, 7, 7]
    assert all_asked([one, two, merge], pulls)[1] == [merge.sha]


def test_a_squash_leads_to_its_pull_request_though_no_commit_of_that_is_there() -> None:
    squash = a_change(9, "Add tones (#7)")
    assert numbers([squash], {7: a_pull(7, a_change(1), a_change(2), merged_as=squash)}) == [7]


def test_a_rebase_is_known_by_when_its_commits_were_written() -> None:
    one, two = a_change(1), a_change(2)
    again = [replace(one, sha="a" * 40), replace(two, sha="b" * 40)]
    pulls = {7: a_pull(7, one, two, merged_as=again[1])}
    assert numbers(again, pulls) == [7, 7]
    assert all_asked(again, pulls)[1] == ["b" * 40]


def test_pull_requests_that_another_one_carried_on_are_found_and_it_brought_nothing_of_its_own() -> None:
    first, second = a_change(1, "Add tones (#7)"), a_change(2, "Add pitch (#8)")
    merge = a_change(3, "Release (#9)", is_merge=True)
    pulls = {
        7: a_pull(7, a_change(21), merged_as=first),
        8: a_pull(8, a_change(22), merged_as=second),
        9: a_pull(9, first, second, merged_as=merge),
    }
    assert numbers([first, second, merge], pulls) == [7, 8, 9]
    found = Contents("dev-2", "dev", changes=traced([first, second, merge], pulls, []))
    found = replace(found, pulls=tuple(each.pull for each in pulls.values()))
    assert [pull.number for pull in carriers(found)] == [7, 8]


def test_what_nobody_opened_a_pull_request_for_has_none_and_that_is_known() -> None:
    change = a_change(1)
    (found,) = traced([change], {}, [change.sha])
    assert (found.pull, found.is_traced) == (None, True)
    (unknown,) = traced([change], {}, [])
    assert not unknown.is_traced


def test_a_title_that_lies_is_asked_about_once_and_believed_in_nothing() -> None:
    liar, honest = a_change(1, "Nothing to see (#99)"), a_change(2, "Add tones (#7)")
    pulls = {7: a_pull(7, merged_as=honest)}
    assert numbers([liar, honest], pulls) == [None, 7]
    assert all_asked([liar, honest], pulls)[1] == [honest.sha, liar.sha]


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=5), max_size=6), st.data())
def test_whatever_the_merges_every_commit_finds_its_own_pull_request(
    branches: list[list[bool]], data: st.DataObject
) -> None:
    """Each branch is squashed, rebased or merged, in any mix; some commits are nobody's."""
    changes: list[Change] = []
    pulls: dict[int, Traced] = {}
    wanted: list[int | None] = []
    for number, branch in enumerate(branches, start=1):
        own = [a_change(100 * number + index) for index in range(len(branch))]
        how = data.draw(st.sampled_from(["merge", "squash", "rebase", "none"]))
        landed = {
            "merge": [*own, a_change(100 * number + 50, f"Pull (#{number})", is_merge=True)],
            "squash": [a_change(100 * number + 50, f"Pull (#{number})")],
            "rebase": [replace(change, sha=f"{1000 + 100 * number + at:040x}") for at, change in enumerate(own)],
            "none": own,
        }[how]
        changes += landed
        wanted += [None if how == "none" else number] * len(landed)
        if how != "none":
            pulls[number] = a_pull(number, *own, merged_as=landed[-1])
    assert numbers(changes, pulls) == wanted
    _, asked = all_asked(changes, pulls)
    assert len(asked) == len(set(asked)) <= len(pulls) + wanted.count(None)


@pytest.mark.parametrize(
    ("contents", "told"),
    [
        (Contents("dev-2", "dev", "dev-1", total=3, is_known=True), "it brings 3 commits since dev-1"),
        (
            Contents("dev-2", "dev", "dev-1", total=1200, changes=(a_change(1),), lacks=2, is_known=True),
            "it brings 1,200 commits since dev-1; the oldest 1 are listed; it lacks 2 commits that dev-1 had",
        ),
        (Contents("dev-2", "dev", "dev-1", is_known=True), "no commit differs from what was live before"),
        (Contents("dev-2", "dev", is_due=True), "GitHub has not been asked yet"),
        (Contents("dev-2", "dev"), "nobody asked GitHub while it was news"),
        (
            Contents("dev-2", "dev", trouble="GitHub is away.", is_due=True),
            "GitHub is away; it is tried again by itself",
        ),
        (Contents("dev-2", "dev", trouble="GitHub is away."), "GitHub is away"),
    ],
)
def test_it_is_told_in_a_sentence(contents: Contents, told: str) -> None:
    assert contents.told.replace("; the oldest 0 are listed", "") == told


@pytest.mark.parametrize(
    ("changes", "brings"),
    [
        ({}, True),
        ({"kind": Kind.ROLLBACK}, True),
        ({"kind": Kind.PRUNE}, False),
        ({"kind": Kind.CORRECT}, False),
        ({"phase": Phase.SUPERSEDED}, False),
        ({"phase": Phase.REJECTED}, False),
        ({"phase": Phase.ROLLED_BACK, "started_at": NOON}, True),
        ({"phase": Phase.SUCCEEDED}, True),
    ],
)
def test_what_never_ran_and_what_has_no_commit_of_its_own_brings_nothing(
    changes: dict[str, object], brings: bool
) -> None:
    assert brings_commits(a_deployment(**changes)) is brings
