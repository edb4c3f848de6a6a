"""Who may what, found out: each time anew, and nobody where it can't be read."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copyfile

import pytest

from controller.domain.approval import Glass
from controller.domain.deployment import Asked, Phase
from controller.domain.electorate import LIVE, OWN, Electorate, Movers
from controller.domain.errors import Blocked, Transient
from controller.domain.people import Permission, Person, Role, Rules
from controller.domain.reason import Reason
from controller.domain.release import Release
from controller.domain.revision import Author, Revision
from controller.polls import Polls
from controller.store import Store
from tests.store.recorded import deployment, record
from tests.support.builders import FILE, NOON, a_binding, a_commit, a_deployment, a_plan, a_revision
from tests.support.database import MovedClock
from tests.support.stage import migrated_file
from tests.support.town import ADA, BARBARA, DENNIS, GRACE, LINUS, MARGARET, RELEASE, Town

ALL = FILE + 'gates: {approval: {count: 1, reviewers: ["@Acme/Release"], exclude_author: all}}\n'
AWAY = Transient("asking GitHub: no answer", code="github.unreachable")
BOUND = a_binding()


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def store(tmp_path: Path, clock: MovedClock) -> Iterator[Store]:
    copyfile(migrated_file(), tmp_path / "tidegate.db")
    opened = Store(f"sqlite:///{tmp_path / 'tidegate.db'}", clock)
    with opened.write() as unit:
        unit.environments.ensure(["dev"])
    yield opened
    opened.close()


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
def polls(town: Town, store: Store) -> Polls:
    return Polls(town, store)


def elected(polls: Polls, revision: Revision) -> Electorate:
    found = polls.electorate(revision, BOUND)
    assert isinstance(found, Electorate), found
    return found


def make_live(store: Store, revision: Revision) -> None:
    live = replace(deployment(1), revision=revision, phase=Phase.SUCCEEDED)
    record(store, live)
    with store.write() as unit:
        unit.environments.save(replace(unit.environments.get("dev"), live=1))


def test_the_role_is_that_of_the_number_and_not_of_the_login(polls: Polls, town: Town) -> None:
    assert polls.role(GRACE, BOUND) is Role.OPERATOR
    renamed = town.rename(GRACE, "hopper")
    assert polls.role(GRACE, BOUND) is polls.role(renamed, BOUND) is Role.OPERATOR
    assert polls.role(Person(99, "hopper"), BOUND) is Role.NOBODY


def test_the_operators_names_decide_once_there_are_any(polls: Polls, town: Town) -> None:
    bound = a_binding(people=Rules(operator=("linus",), approver=("@Acme/Release",)))
    people = (LINUS, ADA, DENNIS, BARBARA)
    assert [polls.role(one, bound) for one in people] == [Role.OPERATOR, Role.APPROVER, Role.NOBODY, Role.NOBODY]
    town.leave(LINUS)
    assert polls.role(LINUS, bound) is Role.NOBODY


def test_a_right_that_is_lost_is_lost_at_once(polls: Polls, town: Town) -> None:
    assert LINUS in elected(polls, a_revision()).approvers
    town.rights[LINUS] = Permission.READ
    assert LINUS not in elected(polls, a_revision()).approvers
    assert polls.role(LINUS, BOUND) is Role.VIEWER


def test_what_can_not_be_read_lets_nobody_in(polls: Polls, town: Town) -> None:
    town.trouble = AWAY
    found = polls.electorate(a_revision(), BOUND)
    assert isinstance(found, Reason) and found.code == "approval.unknown" and "no answer" in found.text
    with pytest.raises(Transient):
        polls.role(ADA, BOUND)


@pytest.mark.parametrize("asks", ["collaborators", "team", "movers", "authors"])
def test_not_one_of_the_questions_may_stay_open(
    polls: Polls, town: Town, store: Store, asks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_live(store, a_revision(text=ALL, commit=a_commit("2" * 40)))

    def refuse(*_: str) -> None:
        raise Blocked("GitHub answered 403", code="github.denied")

    monkeypatch.setattr(town, asks, refuse)
    assert isinstance(polls.electorate(a_revision(text=ALL), BOUND), Reason)


def test_it_is_seen_by_the_databases_clock(polls: Polls, clock: MovedClock, store: Store) -> None:
    clock.sleep(90)
    with store.read() as unit:
        now = unit.now()
    assert elected(polls, a_revision()).seen_at == now


def test_whoever_may_approve_teams_movers_and_authors_are_found(polls: Polls, town: Town, store: Store) -> None:
    live = a_revision(text=ALL, commit=a_commit("2" * 40))
    make_live(store, live)
    commit = a_commit()
    town.moved = {commit.sha: Movers(mergers=(MARGARET,))}
    town.wrote = (Author(DENNIS.id, "dennis", "Dennis"),)
    found = elected(polls, a_revision(text=ALL, commit=commit))
    assert set(found.approvers) == {ADA, GRACE, LINUS, MARGARET, DENNIS}
    assert found.teams == {RELEASE: town.teams[RELEASE]}
    assert (found.authors, found.range_authors, found.movers.mergers) == (commit.authors, town.wrote, (MARGARET,))


def test_whoever_published_the_release_is_found(polls: Polls) -> None:
    released = replace(a_revision(), release=Release("v1", "", "https://github.example/v1", NOON, by=DENNIS))
    assert elected(polls, released).movers.publishers == (DENNIS,)
    unknown = replace(a_revision(), release=Release("v1", "", "https://github.example/v1", NOON))
    assert elected(polls, unknown).movers.publishers == ()


@pytest.mark.parametrize("text", [FILE, ALL])
def test_authors_of_the_way_are_asked_for_only_where_they_are_left_out(
    polls: Polls, town: Town, store: Store, text: str
) -> None:
    town.wrote = (Author(DENNIS.id, "dennis", "Dennis"),)
    assert elected(polls, a_revision(text=text)).range_authors == (), "nothing is live"
    make_live(store, a_revision(text=text))
    assert elected(polls, a_revision(text=text)).range_authors == (), "a restart brings no commit"
    newer = a_revision(text=text, commit=a_commit("3" * 40))
    assert elected(polls, newer).range_authors == (town.wrote if text == ALL else ())


def test_a_ballot_has_all_that_an_answer_is_judged_by(polls: Polls, store: Store) -> None:
    make_live(store, a_revision(text=ALL, commit=a_commit("2" * 40)))
    plan = a_plan()
    asked = a_deployment(revision=a_revision(text=ALL.replace("count: 1", "count: 3")), requester=GRACE)
    glass = Glass((ADA,), 1)
    found = polls.ballot(asked, a_binding(glass=glass))
    assert [one.whose for one in found.asked] == [OWN, LIVE]
    assert (found.digest, found.requester, found.glass, found.votes) == (None, GRACE, glass, ())
    with store.read() as unit:
        now = unit.now()
    assert polls.ballot(replace(asked, asked=Asked(plan, now)), BOUND).digest == plan.digest
