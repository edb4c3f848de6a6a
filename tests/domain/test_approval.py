"""Who may answer, and what an answer counts for."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.approval import Ballot, Glass, Vote, decide_approval
from controller.domain.electorate import LEAST, LIVE, OWN, UNSEEN, Electorate, Movers, Requirement
from controller.domain.orders import OrderKind
from controller.domain.people import Person, Via
from controller.domain.revision import Author
from tests.support.builders import NOON
from tests.support.town import ADA, BARBARA, DENNIS, GRACE, LINUS, MARGARET, RELEASE

HOUR = timedelta(hours=1)
PLAN, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
TEAMS = {RELEASE: frozenset({ADA.id, GRACE.id})}
WROTE = (Author(ADA.id, "ada", "Ada Lovelace"),)
KNOWN = Electorate(NOON, (ADA, GRACE, LINUS, MARGARET), TEAMS, WROTE, movers=Movers(mergers=(MARGARET,)))
TWO = Requirement(OWN, 2, expires=24 * HOUR)
GLASS = Glass((ADA, GRACE, BARBARA), 2)
APPROVE, REJECT, REVOKE, BREAK = OrderKind.APPROVE, OrderKind.REJECT, OrderKind.REVOKE, OrderKind.BREAK_GLASS


def vote(by: Person, digest: str = PLAN, at: datetime = NOON, **changes: object) -> Vote:
    return replace(Vote(by, digest, at, Via.WEB, "looks good"), **changes)


def ballot(*votes: Vote, **changes: object) -> Ballot:
    return replace(Ballot("dev-2", PLAN, (TWO,), KNOWN, votes, glass=GLASS), **changes)


AWAY = {"electorate": UNSEEN}


@pytest.mark.parametrize(
    ("held", "answer", "by", "digest", "code"),
    [
        (ballot(), APPROVE, LINUS, PLAN, "counted"),
        (ballot(), APPROVE, None, PLAN, "nobody"),
        (ballot(), REJECT, None, PLAN, "nobody"),
        (ballot(), BREAK, None, PLAN, "nobody"),
        (ballot(asked=()), APPROVE, LINUS, PLAN, "not_asked"),
        (ballot(asked=()), REJECT, LINUS, None, "not_asked"),
        (ballot(digest=None), APPROVE, LINUS, PLAN, "not_asked"),
        (ballot(), APPROVE, LINUS, None, "stale"),
        (ballot(), APPROVE, LINUS, OTHER, "stale"),
        (ballot(), BREAK, GRACE, OTHER, "stale"),
        (ballot(**AWAY), APPROVE, LINUS, PLAN, "unknown"),
        (ballot(), APPROVE, BARBARA, PLAN, "not_allowed"),
        (ballot(), APPROVE, Person(99, "linus"), PLAN, "not_allowed"),
        (ballot(asked=(replace(TWO, reviewers=(RELEASE,)),)), APPROVE, LINUS, PLAN, "not_allowed"),
        (ballot(asked=(replace(TWO, reviewers=(RELEASE,)),)), APPROVE, GRACE, PLAN, "counted"),
        (ballot(), APPROVE, ADA, PLAN, "author"),
        (ballot(), APPROVE, MARGARET, PLAN, "author"),
        (ballot(requester=LINUS), APPROVE, LINUS, PLAN, "author"),
        (ballot(asked=(replace(TWO, excludes_author=False),)), APPROVE, ADA, PLAN, "counted"),
        (ballot(asked=(TWO, Requirement(LIVE, 1, excludes_author=False))), APPROVE, ADA, PLAN, "counted"),
        (ballot(vote(LINUS)), APPROVE, LINUS, PLAN, "again"),
        (ballot(vote(LINUS, at=NOON - 24 * HOUR)), APPROVE, LINUS, PLAN, "counted"),
        (ballot(vote(LINUS, at=NOON - 24 * HOUR + timedelta(microseconds=1))), APPROVE, LINUS, PLAN, "again"),
        (ballot(vote(LINUS, OTHER)), APPROVE, LINUS, PLAN, "counted"),
        (ballot(vote(GRACE, breaks_glass=True)), APPROVE, GRACE, PLAN, "counted"),
        (ballot(), REJECT, LINUS, None, "rejected"),
        (ballot(), REJECT, ADA, OTHER, "rejected"),
        (ballot(digest=None), REJECT, LINUS, None, "rejected"),
        (ballot(), REJECT, BARBARA, PLAN, "not_allowed"),
        (ballot(**AWAY), REJECT, LINUS, PLAN, "unknown"),
        (ballot(vote(LINUS)), REVOKE, LINUS, None, "revoked"),
        (ballot(vote(LINUS), **AWAY), REVOKE, LINUS, None, "revoked"),
        (ballot(vote(BARBARA)), REVOKE, BARBARA, None, "revoked"),
        (ballot(vote(LINUS)), REVOKE, GRACE, None, "none_to_revoke"),
        (ballot(), BREAK, GRACE, PLAN, "glass_broken"),
        (ballot(), BREAK, ADA, PLAN, "glass_broken"),
        (ballot(**AWAY), BREAK, BARBARA, PLAN, "glass_broken"),
        (ballot(**AWAY), BREAK, replace(GRACE, login="hopper"), PLAN, "glass_broken"),
        (ballot(**AWAY), BREAK, Person(99, "grace"), PLAN, "no_glass"),
        (ballot(), BREAK, LINUS, PLAN, "no_glass"),
        (ballot(glass=None), BREAK, GRACE, PLAN, "no_glass"),
        (ballot(vote(GRACE, breaks_glass=True)), BREAK, GRACE, PLAN, "again"),
        (ballot(vote(GRACE, breaks_glass=True), **AWAY), BREAK, GRACE, PLAN, "glass_broken"),
        (ballot(vote(GRACE, at=NOON - 24 * HOUR, breaks_glass=True)), BREAK, GRACE, PLAN, "glass_broken"),
        (ballot(vote(GRACE)), BREAK, GRACE, PLAN, "glass_broken"),
    ],
)
def test_an_answer_is(held: Ballot, answer: OrderKind, by: Person | None, digest: str | None, code: str) -> None:
    ruling = decide_approval(held, answer, by, digest)
    accepted = code in {"counted", "rejected", "revoked", "glass_broken"}
    assert (ruling.reason.code, ruling.accepted) == (f"approval.{code}", accepted)
    assert ruling.is_open is (code == "unknown")


def given_by(held: Ballot) -> list[tuple[Person, ...]]:
    return [tally.given for tally in held.tallies()]


def test_a_person_counts_once_through_however_many_doors() -> None:
    held = ballot(vote(LINUS), vote(LINUS, via=Via.SLACK), vote(replace(LINUS, login="torvalds"), via=Via.API))
    assert given_by(held) == [(LINUS,)] and not held.tallies()[0].is_met


def test_one_person_may_count_for_several_requirements() -> None:
    held = ballot(vote(LINUS), vote(GRACE), asked=(TWO, Requirement(LEAST, 1), Requirement(LIVE, 1, (RELEASE,))))
    assert given_by(held) == [(GRACE, LINUS), (GRACE, LINUS), (GRACE,)]
    assert all(tally.is_met for tally in held.tallies())


def test_approvals_of_another_plan_count_for_nothing() -> None:
    assert given_by(ballot(vote(LINUS, OTHER), vote(GRACE))) == [(GRACE,)]
    assert given_by(ballot(vote(LINUS), digest=None)) == [()]


@pytest.mark.parametrize(("age", "counts"), [(24 * HOUR - timedelta(seconds=1), True), (24 * HOUR, False)])
def test_an_approval_holds_until_it_expires(age: timedelta, counts: bool) -> None:
    held = ballot(vote(LINUS, at=NOON - age))
    assert given_by(held) == [(LINUS,) if counts else ()]
    assert held.lapsed() == (() if counts else (LINUS,))


def test_each_requirement_has_its_own_time() -> None:
    held = ballot(vote(LINUS, at=NOON - 2 * HOUR), asked=(replace(TWO, expires=HOUR), TWO))
    assert given_by(held) == [(), (LINUS,)] and held.expires_after == HOUR


def test_whoever_lost_the_right_has_lapsed() -> None:
    assert ballot(vote(BARBARA), vote(GRACE)).lapsed() == (BARBARA,)


def test_too_few_people_are_known_at_once() -> None:
    hopeless = replace(TWO, reviewers=("grace", "ada"))
    assert ballot(asked=(hopeless,)).tallies()[0].is_hopeless
    assert not ballot(asked=(TWO,)).tallies()[0].is_hopeless
    assert not ballot(vote(GRACE), asked=(replace(hopeless, count=1),)).tallies()[0].is_hopeless


def broken(by: Person, **changes: object) -> Vote:
    return vote(by, breaks_glass=True, **changes)


@pytest.mark.parametrize(
    ("votes", "is_broken"),
    [
        ((), False),
        ((broken(GRACE),), False),
        ((broken(GRACE), broken(GRACE, via=Via.SLACK)), False),
        ((broken(GRACE), vote(ADA)), False),
        ((broken(GRACE), broken(LINUS)), False),
        ((broken(GRACE), broken(ADA, digest=OTHER)), False),
        ((broken(GRACE), broken(ADA, at=NOON - 24 * HOUR)), False),
        ((broken(GRACE), broken(Person(99, "ada"))), False),
        ((broken(GRACE), broken(ADA)), True),
        ((broken(replace(GRACE, login="hopper")), broken(BARBARA)), True),
    ],
)
def test_the_glass_breaks_by_enough_of_its_own_people(votes: tuple[Vote, ...], is_broken: bool) -> None:
    """Whether GitHub answers or not."""
    assert ballot(*votes).is_broken(NOON) is is_broken
    assert ballot(*votes, **AWAY).is_broken(NOON) is is_broken
    assert not ballot(*votes, glass=None).is_broken(NOON)


def test_broken_glass_is_no_approval() -> None:
    assert given_by(ballot(broken(GRACE), broken(LINUS))) == [()]


# ---------------------------------------------------------------- S6, read once more

PEOPLE = (ADA, GRACE, LINUS, MARGARET, DENNIS, BARBARA)
SOME = st.lists(st.sampled_from(PEOPLE), unique=True).map(tuple)
REQUIREMENTS = st.lists(
    st.builds(
        Requirement,
        whose=st.sampled_from([OWN, LIVE, LEAST]),
        count=st.integers(1, 3),
        reviewers=st.lists(st.sampled_from(["ADA", "linus", RELEASE, "@acme/nobody", "eve"]), unique=True).map(tuple),
        excludes_author=st.booleans(),
        excludes_all=st.booleans(),
        expires=st.sampled_from([HOUR, 24 * HOUR]),
    ),
    min_size=1,
    max_size=3,
)
WRITERS = [*(Author(one.id, one.login, "") for one in PEOPLE), Author(None, "Linus", ""), Author(None, None, "x")]
AUTHORS = st.lists(st.sampled_from(WRITERS), max_size=2).map(tuple)
ELECTORATES = st.builds(
    Electorate,
    seen_at=st.just(NOON),
    approvers=SOME,
    teams=st.just(TEAMS),
    authors=AUTHORS,
    range_authors=AUTHORS,
    movers=st.builds(Movers, openers=SOME, mergers=SOME, pushers=SOME).filter(lambda found: len(found.pushers) < 3),
)
VOTES = st.lists(
    st.builds(
        vote,
        st.sampled_from(PEOPLE),
        st.sampled_from([PLAN, PLAN, OTHER]),
        st.sampled_from([NOON, NOON - HOUR, NOON - 24 * HOUR]),
        via=st.sampled_from(Via),
        breaks_glass=st.sampled_from([False, False, True]),
    ),
    max_size=8,
).map(tuple)


def counts(person: Person, asked: Requirement, held: Ballot) -> bool:
    """As somebody with a list of names would find out, with nothing of the code that is judged."""
    known = held.electorate
    assert isinstance(known, Electorate)
    of_team = RELEASE in asked.reviewers and person in (ADA, GRACE)
    is_named = not asked.reviewers or of_team or person.login in [name.lower() for name in asked.reviewers]
    authors = known.authors + (known.range_authors if asked.excludes_all else ())
    movers = known.movers.openers + known.movers.mergers + known.movers.pushers
    wrote = any(person.id == each.id or person.login == (each.login or "").lower() for each in authors)
    made = asked.excludes_author and (wrote or person in movers or person == held.requester)
    said = [each for each in held.votes if each.by == person and each.digest == PLAN and not each.breaks_glass]
    return person in known.approvers and is_named and not made and any(NOON - each.at < asked.expires for each in said)


@given(ELECTORATES, REQUIREMENTS, VOTES, st.sampled_from([None, *PEOPLE]))
def test_it_is_met_exactly_when_enough_different_people_let_this_plan_start(
    electorate: Electorate, asked: list[Requirement], votes: tuple[Vote, ...], requester: Person | None
) -> None:
    held = ballot(*votes, electorate=electorate, asked=tuple(asked), requester=requester)
    enough = [sum(counts(person, one, held) for person in PEOPLE) >= one.count for one in asked]
    assert [tally.is_met for tally in held.tallies()] == enough
