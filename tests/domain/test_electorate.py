"""Whom a requirement means, and who is left out because they made it."""

from dataclasses import replace

import pytest

from controller.domain.electorate import LEAST, LIVE, OWN, Electorate, Movers, Requirement, requirements
from controller.domain.manifest import EnvironmentFile, Minimum, MinimumApproval
from controller.domain.people import BY_PERMISSION, Collaborator, Permission, Person, Role, Rules, role_of, teams_in
from controller.domain.revision import Author
from tests.support.builders import FILE, NOON, a_file
from tests.support.town import ADA, BARBARA, DENNIS, GRACE, LINUS, MARGARET, RELEASE

APPROVERS = (ADA, GRACE, LINUS, MARGARET, DENNIS)
TEAMS = {RELEASE: frozenset({ADA.id, GRACE.id})}
KNOWN = Electorate(NOON, APPROVERS, TEAMS)
ONE = Requirement(OWN, 1)
STRANGER = Author(None, None, "A Stranger")


def asking(text: str) -> EnvironmentFile:
    return a_file(FILE + f"gates: {{approval: {text}}}\n")


def author(person: Person) -> Author:
    return Author(person.id, person.login, person.login.title())


@pytest.mark.parametrize(
    ("made", "did"),
    [
        ({"authors": (author(LINUS),)}, "wrote it"),
        ({"authors": (STRANGER, Author(LINUS.id, "once-linus", "Linus"))}, "wrote it"),
        ({"authors": (Author(None, "LINUS", "by an old address"),)}, "wrote it"),
        ({"movers": Movers(openers=(LINUS,))}, "opened its pull request"),
        ({"movers": Movers(mergers=(LINUS,))}, "merged it"),
        ({"movers": Movers(pushers=(LINUS,))}, "pushed it"),
        ({"movers": Movers(publishers=(LINUS,))}, "published it"),
        ({"movers": Movers(pushers=(replace(LINUS, login="torvalds"),))}, "pushed it"),
    ],
)
def test_whoever_made_it_is_left_out(made: dict[str, object], did: str) -> None:
    electorate = replace(KNOWN, **made)
    assert electorate.barred(ONE, None).get(LINUS.id) == did
    assert electorate.eligible(ONE, None) == (ADA, GRACE, MARGARET, DENNIS)
    assert electorate.eligible(replace(ONE, excludes_author=False), None) == APPROVERS


def test_whoever_ordered_it_is_left_out() -> None:
    assert KNOWN.barred(ONE, GRACE) == {GRACE.id: "ordered it"}
    assert KNOWN.eligible(ONE, None) == APPROVERS


def test_the_first_thing_that_somebody_did_is_told() -> None:
    both = replace(KNOWN, authors=(author(ADA),), movers=Movers(mergers=(ADA,)))
    assert both.barred(ONE, ADA) == {ADA.id: "wrote it"}


def test_authors_since_the_live_version_are_left_out_where_all_are() -> None:
    electorate = replace(KNOWN, authors=(author(ADA),), range_authors=(author(ADA), author(DENNIS)))
    assert set(electorate.barred(ONE, None)) == {ADA.id}
    assert set(electorate.barred(replace(ONE, excludes_all=True), None)) == {ADA.id, DENNIS.id}


@pytest.mark.parametrize(
    ("reviewers", "named"),
    [
        ((), APPROVERS),
        (("LiNuS",), (LINUS,)),
        (("@Acme/Release",), (ADA, GRACE)),
        (("grace", RELEASE, "linus"), (ADA, GRACE, LINUS)),
        (("barbara",), ()),
        (("@acme/nobody",), ()),
    ],
)
def test_names_are_logins_and_teams_of_people_with_a_right(
    reviewers: tuple[str, ...], named: tuple[Person, ...]
) -> None:
    assert KNOWN.named(replace(ONE, reviewers=reviewers)) == named


def test_a_login_that_somebody_else_took_over_lets_nobody_in() -> None:
    """The account of that name has another number now, and no right here."""
    taken = Person(99, "linus")
    assert KNOWN.person(taken.id) is None
    renamed = replace(KNOWN, approvers=(ADA, replace(LINUS, login="torvalds")))
    assert renamed.named(replace(ONE, reviewers=("linus",))) == ()
    assert renamed.person(LINUS.id) == Person(LINUS.id, "torvalds")


def test_authors_whom_github_does_not_know_are_told() -> None:
    electorate = replace(KNOWN, authors=(author(ADA), STRANGER), range_authors=(STRANGER, Author(None, None, "Eve")))
    assert electorate.strangers == ("A Stranger", "Eve")


# ---------------------------------------------------------------- what is asked


def test_the_new_file_the_live_one_and_the_operator_each_ask() -> None:
    new, live = asking("{count: 1, reviewers: [ada]}"), asking("{count: 2, exclude_author: all, expires: 1h}")
    found = requirements((new, live), Minimum(approval=MinimumApproval(count=3)))
    assert [(one.whose, one.count, one.excludes_all) for one in found] == [
        (OWN, 1, False), (LIVE, 2, True), (LEAST, 3, False)
    ]  # fmt: skip
    assert found[0].reviewers == ("ada",) and all(one.excludes_author for one in found)


def test_what_is_asked_alike_is_asked_once() -> None:
    two = asking("{count: 2}")
    found = requirements((two, two), Minimum(approval=MinimumApproval(count=2)))
    assert found == (Requirement(OWN, 2),)
    assert requirements((a_file(FILE), two), Minimum()) == (Requirement(LIVE, 2),)
    assert requirements((a_file(FILE),), Minimum()) == ()


@pytest.mark.parametrize(
    ("text", "excludes"),
    [("{}", (True, False)), ("{exclude_author: false}", (False, False)), ("{exclude_author: all}", (True, True))],
)
def test_the_author_is_left_out_unless_the_file_says_otherwise(text: str, excludes: tuple[bool, bool]) -> None:
    (found,) = requirements((asking(text),), Minimum())
    assert (found.excludes_author, found.excludes_all) == excludes


def test_the_operators_minimum_always_leaves_out_who_made_it() -> None:
    own = asking("{count: 2, exclude_author: false}")
    assert len(requirements((own,), Minimum(approval=MinimumApproval(count=2)))) == 2


# ---------------------------------------------------------------- roles


@pytest.mark.parametrize("permission", Permission)
def test_without_names_the_right_to_the_repository_decides(permission: Permission) -> None:
    assert role_of(Collaborator(ADA, permission), Rules(), {}) is BY_PERMISSION[permission]


@pytest.mark.parametrize(
    ("person", "role"),
    [(ADA, Role.ADMIN), (GRACE, Role.OPERATOR), (LINUS, Role.APPROVER), (DENNIS, Role.NOBODY), (BARBARA, Role.VIEWER)],
)
def test_the_operators_names_decide_and_the_highest_counts(person: Person, role: Role) -> None:
    rules = Rules(admin=("ADA",), operator=(RELEASE,), approver=("linus", "ada"), viewer=("barbara",))
    assert role_of(Collaborator(person, Permission.ADMIN), rules, TEAMS) is role
    assert role_of(Collaborator(person, Permission.NONE), rules, TEAMS) is Role.NOBODY


def test_teams_are_asked_for_once_whatever_their_case() -> None:
    assert teams_in(["ada", "@Acme/Release", RELEASE]) == (RELEASE,)
