"""What deployments bring is written down once, without ever holding anybody up; so are distances and figures."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import text as sql
from structlog.testing import capture_logs

from controller.domain.backlog import Backlog
from controller.domain.contents import Between, Change, PullRequest, Traced
from controller.domain.deployment import Deployment, Kind, Phase
from controller.domain.distance import Distance
from controller.domain.dora import Fact
from controller.domain.errors import Conflict, Transient
from controller.domain.reason import Reason
from controller.domain.revision import Author
from controller.domain.step import StepState
from controller.loop import tracing as module
from controller.loop.catching_up import CatchingUp
from controller.loop.pace import FIRST as FIRST_SIZE
from controller.loop.tracing import ATTEMPTS_AT_A_LOST_COMMIT, HOLD, Budget, Spent, Tracing
from controller.loop.world import World
from controller.store import Store
from tests.support.builders import FILE, NOON, a_binding, a_commit, a_revision, a_running_deployment
from tests.support.database import MovedClock, PostgresServer

NAME = "acme/captioncraft"
FIRST, SECOND, THIRD = ("1" * 40, "2" * 40, "3" * 40)
PROMOTES = FILE.replace('tag: "{branch}-{sha}"', "promote: dev").replace("environment: dev", "environment: prod")


@dataclass
class Told:
    """A GitHub that says what it was given, and remembers what it was asked."""

    between_: dict[tuple[str | None, str], Between] = field(default_factory=dict)
    pulls: dict[int, Traced] = field(default_factory=dict)
    asked: list[tuple[object, ...]] = field(default_factory=list)
    error: Exception | None = None

    def between(self, repository: str, base: str | None, head: str, most: int) -> Between:
        self.asked.append(("between", base, head))
        if self.error is not None:
            raise self.error
        return self.between_.get((base, head), Between((a_change(head),), 1, 0))

    def pulls_with(self, repository: str, sha: str) -> Sequence[int]:
        self.asked.append(("pulls", sha))
        return [number for number, found in self.pulls.items() if sha in (found.merged_as, *found.shas)]

    def pull(self, repository: str, number: int) -> Traced:
        self.asked.append(("pull", number))
        return self.pulls[number]


def a_change(sha: str, title: str = "Add captions") -> Change:
    return Change(sha, title, (Author(1, "ada", "Ada Lovelace"),), NOON - timedelta(hours=3))


def a_pull(number: int, sha: str) -> Traced:
    pull = PullRequest(
        number, f"Change {number}", "ada", "develop", NOON - timedelta(hours=2), NOON - timedelta(hours=1), "grace"
    )
    return Traced(replace(pull, began_at=NOON - timedelta(hours=3)), sha, frozenset(), frozenset())


def at(environment: str, number: int, sha: str, done: Deployment, text: str = FILE) -> Deployment:
    revision = replace(a_revision(text=FILE, commit=a_commit(sha=sha)), environment=environment)
    if text is not FILE:
        revision = replace(revision, text=text)
    return replace(done, id=f"{environment}-{number}", number=number, environment=environment, revision=revision)


def succeeded(**changes: object) -> Deployment:
    done = replace(a_running_deployment(), started_at=NOON)
    for step in done.steps:
        done = done.with_step(step.started(NOON).ended(StepState.DONE, NOON + timedelta(minutes=4), "done"))
    done = done.moved(Phase.SUCCEEDED, Reason("deployment.succeeded", "it is live"), NOON + timedelta(minutes=5))
    return replace(done, **changes)


def put(store: Store, deployment: Deployment, is_live: bool = True) -> Deployment:
    with store.write() as unit:
        unit.revisions.recorded(deployment.revision)
        unit.deployments.add(deployment)
        if is_live:
            environment = unit.environments.get(deployment.environment)
            unit.environments.save(replace(environment, live=deployment.number, live_since=NOON))
    return deployment


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def tracing(store: Store, clock: MovedClock, told: Told) -> Tracing:
    bindings = {"dev": a_binding(), "prod": a_binding("prod", "main")}
    with store.write() as unit:
        unit.environments.ensure(bindings)
    world = World(store, clock, None, None, None, None, bindings, lambda: "")  # type: ignore[arg-type]
    clock.sleep((NOON + timedelta(hours=1) - clock.now()).total_seconds())
    return Tracing(world, told)


def run(tracing: Tracing) -> None:
    while any([tracing.work(), tracing.count()]):
        pass


def facts(store: Store, service: str = "") -> Mapping[str, Fact]:
    with store.read() as unit:
        found = unit.delivery_facts.between(None, service, NOON - timedelta(days=30), NOON + timedelta(days=30))
    return {fact.deployment: fact for fact in found}


def test_commits_and_pull_requests_since_what_was_live_before_are_kept_and_asked_for_once(
    store: Store, tracing: Tracing, told: Told
) -> None:
    put(store, at("dev", 1, FIRST, succeeded()))
    put(store, at("dev", 2, SECOND, succeeded(replaced="dev-1")))
    told.pulls = {7: a_pull(7, SECOND)}
    run(tracing)
    with store.read() as unit:
        found, first = unit.contents.of("dev-2"), unit.contents.of("dev-1")
    assert found is not None and first is not None
    assert (found.base, found.total, [one.pull for one in found.changes]) == ("dev-1", 1, [7])
    assert [pull.merged_by for pull in found.pulls] == ["grace"]
    assert found.told == "it brings 1 commit of 1 pull request since dev-1"
    assert first.told == "it brings 1 commit, as the first one of its environment"
    told.asked.clear()
    run(tracing)
    assert told.asked == [], "at rest nobody is asked"


def test_one_that_waits_is_told_of_and_again_when_something_else_was_live_as_it_started(
    store: Store, tracing: Tracing, told: Told
) -> None:
    put(store, at("dev", 1, FIRST, succeeded()))
    waits = put(store, at("dev", 3, THIRD, replace(a_running_deployment(), phase=Phase.WAITING)), is_live=False)
    run(tracing)
    with store.read() as unit:
        assert (found := unit.contents.of("dev-3")) is not None and found.base == "dev-1"
    put(store, at("dev", 2, SECOND, succeeded(replaced="dev-1")))
    with store.write() as unit:
        over = at("dev", 3, THIRD, succeeded(replaced="dev-2"))
        unit.deployments.save(replace(over, version=waits.version))
    run(tracing)
    with store.read() as unit:
        assert (found := unit.contents.of("dev-3")) is not None and found.base == "dev-2"


def test_a_rollback_lists_what_is_taken_back(store: Store, tracing: Tracing, told: Told) -> None:
    put(store, at("dev", 1, FIRST, succeeded()))
    put(store, at("dev", 2, SECOND, succeeded(replaced="dev-1")))
    back = succeeded(kind=Kind.ROLLBACK, back_to="dev-1", replaced="dev-2", created_at=NOON)
    put(store, at("dev", 3, FIRST, back))
    run(tracing)
    with store.read() as unit:
        found = unit.contents.of("dev-3")
    assert found is not None and found.told == "it takes back 1 commit since dev-2"
    assert [one.sha for one in found.changes] == [SECOND]


def test_the_same_commit_once_more_brings_nothing_and_asks_nobody(store: Store, tracing: Tracing, told: Told) -> None:
    put(store, at("dev", 1, FIRST, succeeded()))
    run(tracing)
    told.asked.clear()
    put(store, at("dev", 2, FIRST, succeeded(replaced="dev-1")))
    run(tracing)
    with store.read() as unit:
        found = unit.contents.of("dev-2")
    assert found is not None and found.told == "no commit differs from what was live before"
    assert told.asked == []


def test_of_what_never_started_nobody_asks(store: Store, tracing: Tracing, told: Told) -> None:
    gone = replace(a_running_deployment(), phase=Phase.SUPERSEDED, started_at=None, finished_at=NOON)
    put(store, at("dev", 1, FIRST, gone), is_live=False)
    run(tracing)
    assert told.asked == []
    assert facts(store) == {}


def test_while_github_is_away_it_is_said_and_tried_again(
    store: Store, clock: MovedClock, tracing: Tracing, told: Told
) -> None:
    put(store, at("dev", 1, FIRST, succeeded()))
    told.error = Transient("GitHub does not answer", code="github.unreachable")
    run(tracing)
    with store.read() as unit:
        found = unit.contents.of("dev-1")
    assert found is not None and found.told == "GitHub does not answer; it is tried again by itself"
    assert "dev-1" in facts(store), "its figures don't wait for that"
    told.error = None
    clock.sleep(700)
    run(tracing)
    with store.read() as unit:
        found = unit.contents.of("dev-1")
    assert found is not None and found.is_known


def test_a_history_that_was_rewritten_is_given_up_soon(
    store: Store, clock: MovedClock, tracing: Tracing, told: Told
) -> None:
    put(store, at("dev", 1, FIRST, succeeded()))
    told.error = Conflict("they have no common history any more.", code="github.commit_gone")
    for _ in range(10):
        run(tracing)
        clock.sleep(700)
    assert len(told.asked) == ATTEMPTS_AT_A_LOST_COMMIT
    with store.read() as unit:
        found = unit.contents.of("dev-1")
    assert found is not None and found.told == "they have no common history any more"


def test_an_hour_has_so_many_requests_and_no_more(clock: MovedClock) -> None:
    budget = Budget(10, clock)
    budget.spend(4)
    clock.sleep(600)
    budget.spend(6)
    with pytest.raises(Spent) as caught:
        budget.spend(1)
    assert caught.value.retry_after == timedelta(minutes=50)
    clock.sleep(3001)
    budget.spend(4)


def test_what_there_are_no_requests_left_for_waits_and_is_not_given_up(
    store: Store, clock: MovedClock, told: Told, tracing: Tracing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AN_HOUR", 0)
    poor = Tracing(tracing._world, told)
    put(store, at("dev", 1, FIRST, succeeded()))
    poor._budget.spend(0)
    run(poor)
    with store.read() as unit:
        found = unit.contents.of("dev-1")
    assert found is not None and found.is_due and found.attempts == 0
    assert told.asked == []


# ---------------------------------------------------------------- distances


def promoting(store: Store, sha: str, number: int = 1) -> None:
    put(store, at("prod", number, sha, succeeded(), PROMOTES))


def distance(store: Store, name: str = "prod") -> Distance | None:
    with store.read() as unit:
        return unit.distances.of(name)


def test_how_far_behind_it_is_is_asked_when_either_side_changes(store: Store, tracing: Tracing, told: Told) -> None:
    put(store, at("dev", 1, SECOND, succeeded()))
    promoting(store, FIRST)
    told.between_[FIRST, SECOND] = Between((), 4, 0)
    run(tracing)
    assert distance(store) == Distance("prod", "dev", 4)
    assert distance(store, "dev") is None, "its versions come from nowhere else"
    told.asked.clear()
    run(tracing)
    assert told.asked == []
    put(store, at("dev", 2, THIRD, succeeded(replaced="dev-1")))
    assert distance(store) == Distance("prod", "dev", None), "of other commits than those that are live"
    told.between_[FIRST, THIRD] = Between((), 5, 2)
    run(tracing)
    assert distance(store) == Distance("prod", "dev", 5, is_ahead=True)


def test_the_same_commit_on_both_sides_is_no_distance_and_no_question(
    store: Store, tracing: Tracing, told: Told
) -> None:
    put(store, at("dev", 1, FIRST, succeeded()))
    promoting(store, FIRST)
    run(tracing)
    assert distance(store) == Distance("prod", "dev", 0)
    assert ("between", FIRST, FIRST) not in told.asked


def test_where_nothing_is_live_before_it_nobody_can_tell(store: Store, tracing: Tracing) -> None:
    promoting(store, FIRST)
    run(tracing)
    assert distance(store) == Distance("prod", "dev", None)


# ---------------------------------------------------------------- figures


def test_figures_of_a_deployment_are_kept_for_all_of_it_and_for_each_service(
    store: Store, tracing: Tracing, told: Told
) -> None:
    put(store, at("dev", 1, FIRST, succeeded()))
    told.pulls = {7: a_pull(7, FIRST)}
    run(tracing)
    (fact,) = facts(store).values()
    (lead,) = fact.leads
    assert (fact.succeeded, fact.failed, lead.total) == (True, False, timedelta(hours=3, minutes=5))
    assert facts(store, "backend")["dev-1"] == replace(fact, service="backend")
    with store.read() as unit:
        assert unit.delivery_facts.services() == ("backend", "frontend")


@pytest.mark.parametrize("is_saved", [False, True])
def test_what_a_controller_of_the_version_before_has_added_is_traced_and_counted_as_well(
    store: Store, clock: MovedClock, tracing: Tracing, is_saved: bool
) -> None:
    """One may go on while the tables are newer: it knows neither of summaries nor of contents."""
    added = put(store, at("dev", 1, FIRST, succeeded()))
    with store.write() as unit:
        transaction = unit.deployments._transaction
        transaction.change(sql("DELETE FROM contents"))
        transaction.change(sql("UPDATE deployments SET summary = NULL, summarized = -1"))
    if is_saved:
        with store.write() as unit:
            unit.deployments.save(added)
    CatchingUp(store, clock).work()
    run(tracing)
    with store.read() as unit:
        found = unit.contents.of("dev-1")
    assert found is not None and found.is_known
    assert list(facts(store)) == ["dev-1"]


def test_a_version_that_a_rollback_left_has_failed_whichever_was_counted_first(
    store: Store, tracing: Tracing, told: Told
) -> None:
    put(store, at("dev", 1, FIRST, succeeded()))
    put(store, at("dev", 2, SECOND, succeeded(replaced="dev-1")))
    run(tracing)
    assert not facts(store)["dev-2"].failed
    ordered = succeeded(kind=Kind.ROLLBACK, back_to="dev-1", replaced="dev-2", created_at=NOON + timedelta(minutes=1))
    put(store, at("dev", 3, FIRST, ordered))
    run(tracing)
    found = facts(store)
    assert (found["dev-2"].failed, found["dev-2"].harmed) == (True, True)
    assert found["dev-2"].restored is not None
    assert not found["dev-1"].failed
    assert "dev-3" not in found, "a rollback is no deployment"


def test_one_that_breaks_keeps_nobody_else_from_being_counted(
    store: Store, tracing: Tracing, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, at("dev", 1, FIRST, succeeded()))
    put(store, at("dev", 2, SECOND, succeeded(replaced="dev-1")))
    honest = module.dora.facts_of

    def breaks(deployment: Deployment, *others: object) -> object:
        assert deployment.id != "dev-2", "a bug"
        return honest(deployment, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(module.dora, "facts_of", breaks)
    run(tracing)
    assert set(facts(store)) == {"dev-1"}


def change(store: Store, statement: str) -> None:
    with store.write() as unit:
        unit.deployments._transaction.change(sql(statement))


def backlog(store: Store) -> Backlog:
    with store.read() as unit:
        return unit.contents.backlog()


@pytest.mark.parametrize("how", ["deployments SET body_version = 99", "deployments SET body = '[]'"])
def test_one_that_cannot_be_read_is_set_aside_and_all_others_are_counted(
    store: Store, clock: MovedClock, tracing: Tracing, how: str
) -> None:
    put(store, at("dev", 1, FIRST, succeeded()))
    put(store, at("dev", 2, SECOND, succeeded(replaced="dev-1")))
    put(store, at("dev", 3, THIRD, succeeded(replaced="dev-2")))
    change(store, "UPDATE contents SET due_at = NULL")
    change(store, f"UPDATE {how} WHERE id = 'dev-2'")
    assert backlog(store) == Backlog(left=3)
    with capture_logs() as logged:
        run(tracing)
    assert [line["deployment"] for line in logged] == ["dev-2"], "once, by its id"
    assert set(facts(store)) == {"dev-1", "dev-3"}
    assert backlog(store) == Backlog(unreadable=1)
    change(store, f"UPDATE deployments SET body_version = 1, body = (SELECT body FROM ({SAME}) AS one)")
    run(tracing)
    assert set(facts(store)) == {"dev-1", "dev-3"}, "until a controller starts"
    CatchingUp(store, clock).work()
    run(tracing)
    assert set(facts(store)) == {"dev-1", "dev-2", "dev-3"}
    assert backlog(store) == Backlog()


SAME = "SELECT body FROM deployments WHERE id = 'dev-3'"


@pytest.mark.parametrize("how", ["contents SET body_version = 99", "deployments SET body_version = 99"])
def test_one_that_cannot_be_read_keeps_github_from_being_asked_about_no_other_one(
    store: Store, clock: MovedClock, tracing: Tracing, told: Told, how: str
) -> None:
    put(store, at("dev", 1, FIRST, succeeded()))
    put(store, at("dev", 2, SECOND, succeeded()), is_live=False)
    change(store, f"UPDATE {how} WHERE {'deployment' if how.startswith('contents') else 'id'} = 'dev-2'")
    run(tracing)
    with store.read() as unit:
        assert (found := unit.contents.of("dev-1")) is not None and found.is_known
    assert backlog(store) == Backlog(unreadable=1)
    change(store, "UPDATE contents SET body_version = 1")
    change(store, "UPDATE deployments SET body_version = 1")
    CatchingUp(store, clock).work()
    clock.sleep(HOLD.total_seconds())
    run(tracing)
    with store.read() as unit:
        assert (found := unit.contents.of("dev-2")) is not None and found.is_known


def test_what_was_live_before_it_may_be_unreadable_and_its_figures_are_counted_still(
    store: Store, tracing: Tracing
) -> None:
    put(store, at("dev", 1, FIRST, succeeded()))
    run(tracing)
    put(store, at("dev", 2, SECOND, succeeded(replaced="dev-1")))
    change(store, "UPDATE deployments SET body_version = 99 WHERE id = 'dev-1'")
    run(tracing)
    assert set(facts(store)) == {"dev-1", "dev-2"}
    with store.read() as unit:
        found = unit.contents.of("dev-2")
    assert found is not None and "stored in shape 99" in found.told


def test_a_live_one_that_cannot_be_read_keeps_no_other_environment_from_being_compared(
    store: Store, tracing: Tracing, told: Told
) -> None:
    put(store, at("dev", 1, SECOND, succeeded()))
    promoting(store, FIRST)
    change(store, "UPDATE deployments SET body_version = 99 WHERE id = 'dev-1'")
    told.between_[FIRST, SECOND] = Between((), 4, 0)
    run(tracing)
    assert distance(store) == Distance("prod", "dev", 4)


def test_the_newest_are_counted_first_as_many_as_a_short_transaction_has_time_for(
    store: Store, clock: MovedClock, tracing: Tracing
) -> None:
    for number in range(1, FIRST_SIZE + 3):
        put(store, at("dev", number, FIRST, succeeded(id=f"dev-{number}", number=number)))
    assert tracing.count()
    newest = {f"dev-{number}" for number in range(3, FIRST_SIZE + 3)}
    assert set(facts(store)) == newest
    assert backlog(store) == Backlog(left=2)
    assert tracing.count()
    assert backlog(store) == Backlog()


def test_what_is_under_way_is_not_left_to_be_counted(store: Store, tracing: Tracing) -> None:
    put(store, at("dev", 1, FIRST, a_running_deployment()))
    assert backlog(store) == Backlog()


def test_while_figures_are_counted_weeks_are_summed_up_once_in_a_while(
    store: Store, clock: MovedClock, tracing: Tracing
) -> None:
    """Each one would have all of its week summed up again."""
    for number in range(1, 4 * FIRST_SIZE):
        put(store, at("dev", number, FIRST, succeeded(id=f"dev-{number}", number=number)))
    summed: list[bool] = []
    for _ in range(3):
        assert tracing.count()
        with store.read() as unit:
            summed.append(not unit.delivery_facts.is_stale())
        clock.sleep(4)
    assert summed == [True, False, True]


def test_two_controllers_count_in_turns(postgres: PostgresServer, clock: MovedClock, told: Told) -> None:
    store = Store(postgres.wiped_database(), clock)
    with store.write() as unit:
        unit.environments.ensure(["dev"])
    put(store, at("dev", 1, FIRST, succeeded()))
    world = World(store, clock, None, None, None, None, {}, lambda: "")  # type: ignore[arg-type]
    with store.write() as unit:
        assert unit.contents.takes_turn()
        with ThreadPoolExecutor(1) as other:
            assert not other.submit(Tracing(world, told).count).result()
    assert facts(store) == {}
    assert Tracing(world, told).count()
    assert set(facts(store)) == {"dev-1"}
    store.close()


def test_what_harmed_is_restored_when_something_is_well_again(store: Store, tracing: Tracing) -> None:
    put(store, at("dev", 1, FIRST, succeeded()))
    failed = replace(succeeded(replaced=None), phase=Phase.FAILED)
    put(store, at("dev", 2, SECOND, failed), is_live=False)
    run(tracing)
    assert (facts(store)["dev-2"].harmed, facts(store)["dev-2"].restored) == (True, None)
    well = succeeded(replaced="dev-1", finished_at=NOON + timedelta(hours=2))
    put(store, at("dev", 3, THIRD, well))
    run(tracing)
    assert facts(store)["dev-2"].restored == timedelta(hours=1, minutes=55)


def test_weeks_are_summed_up_with_what_is_counted(store: Store, tracing: Tracing) -> None:
    put(store, at("dev", 1, FIRST, succeeded()))
    run(tracing)
    with store.read() as unit:
        report = unit.delivery_facts.report("dev", "", NOON + timedelta(days=1), 2)
        assert not unit.delivery_facts.is_stale()
    assert (report.four.frequency.deployments, report.four.lead.total.number) == (1, 1)
