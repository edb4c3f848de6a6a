"""The four keys: what counts, how it is summed up, and in which band that is."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain import dora
from controller.domain.contents import Change, Contents, PullRequest
from controller.domain.deployment import Deployment, Kind, Phase
from controller.domain.dora import (
    COUNTED,
    FEWEST,
    Band,
    Fact,
    Four,
    Key,
    Lead,
    counts,
    facts_of,
    leads,
    spans,
    tally,
    window,
)
from controller.domain.reason import Reason
from controller.domain.revision import Author
from controller.domain.step import StepKind, StepState
from controller.homeward import turned_back
from tests.support.builders import NOON, a_deployment, a_running_deployment

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ADA = (Author(1, "ada", "Ada Lovelace"),)
WRONG = Reason("smoke.red", "the smoke test failed")


def over(phase: Phase = Phase.SUCCEEDED, raised: bool = True, **changes: object) -> Deployment:
    done = replace(a_running_deployment(), started_at=NOON)
    for step in done.steps:
        ended = raised or step.kind is not StepKind.SHIFT
        state = StepState.DONE if ended else StepState.SKIPPED
        done = done.with_step(step.started(NOON).ended(state, NOON + timedelta(minutes=4), ""))
    return replace(done, **{"phase": phase, "finished_at": NOON + timedelta(minutes=5), **changes})


def a_fact(number: int = 1, **changes: object) -> Fact:
    at = NOON + timedelta(hours=number)
    return replace(Fact(f"dev-{number}", "dev", "", at - HOUR, at, succeeded=True), **changes)


def four(facts: Sequence[Fact], weeks: float) -> Four:
    return dora.four(tally(facts), weeks)


# ---------------------------------------------------------------- what counts


@pytest.mark.parametrize(
    ("deployment", "expected"),
    [
        (over(), True),
        (over(Phase.ROLLED_BACK), True),
        (over(Phase.FAILED), True),
        (over(Phase.ABORTED), True),
        (over(kind=Kind.ROLLBACK), False),
        (over(kind=Kind.CORRECT), False),
        (over(kind=Kind.PRUNE), False),
        (over(restart=True), True),
        (over(restart=True, because_of=Reason("restart.ordered", "it hangs")), False),
        (a_deployment(phase=Phase.SUPERSEDED), False),
        (a_deployment(phase=Phase.REJECTED), False),
        (a_deployment(phase=Phase.EXPIRED), False),
        (a_deployment(phase=Phase.SUCCEEDED, finished_at=NOON), False),
        (a_running_deployment(), False),
    ],
)
def test_a_deployment_counts_when_it_brought_a_version_started_and_is_over(
    deployment: Deployment, expected: bool
) -> None:
    assert counts(deployment) is expected
    assert bool(facts_of(deployment, None, None, None)) is expected


def test_there_is_a_fact_for_all_of_it_and_one_for_each_service_that_it_changed() -> None:
    found = facts_of(over(), None, None, None)
    assert [fact.service for fact in found] == ["", "backend", "frontend"]
    assert {(fact.succeeded, fact.failed, fact.harmed) for fact in found} == {(True, False, False)}


@pytest.mark.parametrize(
    ("phase", "raised", "failed", "harmed"),
    [
        (Phase.SUCCEEDED, True, False, False),
        (Phase.ROLLED_BACK, True, True, True),
        (Phase.ROLLED_BACK, False, True, False),
        (Phase.FAILED, True, True, True),
        (Phase.FAILED, False, False, False),
        (Phase.ABORTED, True, True, True),
        (Phase.ABORTED, False, False, False),
    ],
)
def test_it_failed_when_it_turned_back_or_ended_otherwise_with_traffic(
    phase: Phase, raised: bool, failed: bool, harmed: bool
) -> None:
    (fact, *_) = facts_of(over(phase, raised), None, None, None)
    assert (fact.failed, fact.harmed) == (failed, harmed)


def test_what_turned_back_is_restored_when_its_traffic_is_home() -> None:
    running = replace(a_running_deployment(), started_at=NOON)
    for step in running.steps:
        if step.kind is StepKind.SHIFT or (running.step is not None and step.number < running.steps[-1].number):
            running = running.with_step(step.started(NOON).ended(StepState.DONE, NOON, ""))
    last = running.steps[-1]
    running = running.with_step(last.started(NOON))
    back = turned_back(running, WRONG, NOON + HOUR)
    home = next(step for step in back.steps if step.kind is StepKind.HOME)
    back = back.with_step(home.started(NOON + HOUR).ended(StepState.DONE, NOON + HOUR + timedelta(minutes=2), ""))
    done = replace(back, phase=Phase.ROLLED_BACK, finished_at=NOON + 2 * HOUR)
    (fact, *_) = facts_of(done, None, None, None)
    assert fact.restored == timedelta(minutes=2)


def test_what_was_aborted_between_two_steps_is_restored_when_its_traffic_is_home() -> None:
    running = over(Phase.RUNNING, finished_at=None)
    running = running.with_step(replace(running.steps[-1], state=StepState.PENDING, started_at=None, finished_at=None))
    back = turned_back(running, Reason("order.aborted", "Otto aborted it"), NOON + HOUR, aborted=True)
    home = next(step for step in back.steps if step.kind is StepKind.HOME)
    back = back.with_step(home.started(NOON + HOUR).ended(StepState.DONE, NOON + HOUR + timedelta(minutes=2), ""))
    (fact, *_) = facts_of(replace(back, phase=Phase.ABORTED, finished_at=NOON + 2 * HOUR), None, None, None)
    assert (fact.harmed, fact.restored) == (True, timedelta(minutes=2))


def test_what_a_rollback_left_is_restored_when_its_last_shift_is_done() -> None:
    rollback = over(kind=Kind.ROLLBACK, created_at=NOON + timedelta(minutes=1))
    (fact, *_) = facts_of(over(), None, rollback, None)
    assert (fact.succeeded, fact.failed, fact.harmed, fact.restored) == (True, True, True, timedelta(minutes=3))


def test_what_nobody_took_home_is_restored_by_the_next_version_that_is_well() -> None:
    failed = over(Phase.FAILED)
    (fact, *_) = facts_of(failed, None, None, None)
    assert fact.harmed and fact.restored is None
    well = over(finished_at=NOON + 3 * HOUR)
    (fact, *_) = facts_of(failed, None, None, well)
    assert fact.restored == 3 * HOUR - timedelta(minutes=5)


def test_what_had_no_traffic_has_nothing_to_restore() -> None:
    (fact, *_) = facts_of(over(Phase.ROLLED_BACK, raised=False), None, None, over(finished_at=NOON + HOUR))
    assert fact.restored is None


# ---------------------------------------------------------------- lead time


def contents(*changes: Change, pulls: tuple[PullRequest, ...] = (), **more: object) -> Contents:
    found = Contents("dev-2", "dev", "dev-1", changes, len(changes), pulls, is_known=True)
    return replace(found, **more)


def a_change(number: int, pull: int | None = None, **more: object) -> Change:
    change = Change(f"{number:040x}", "Change", ADA, NOON - DAY, pull=pull, is_traced=True)
    return replace(change, **more)


PULL = PullRequest(
    7, "Add tones", "ada", "develop", NOON - 5 * HOUR, NOON - 2 * HOUR, "grace", began_at=NOON - 9 * HOUR
)


def test_a_pull_request_is_split_in_coding_review_waiting_and_deploying() -> None:
    (lead,) = leads(contents(a_change(1, 7), a_change(2, 7), pulls=(PULL,)), NOON, NOON + HOUR)
    assert lead == Lead(4 * HOUR, 3 * HOUR, 2 * HOUR, HOUR)
    assert lead.total == 10 * HOUR


def test_a_commit_without_one_counts_from_when_it_was_written() -> None:
    (lead,) = leads(contents(a_change(1)), NOON, NOON + HOUR)
    assert (lead.coding, lead.review, lead.waiting, lead.total) == (None, None, DAY, DAY + HOUR)


@pytest.mark.parametrize(
    "found",
    [
        contents(a_change(1, is_merge=True)),
        contents(a_change(1, is_traced=False)),
        contents(a_change(1), is_taken_back=True),
        contents(a_change(1), is_known=False),
        contents(a_change(1, 7, is_merge=True), pulls=(PULL,)),
    ],
    ids=["a merge", "not asked about", "taken back", "not known", "only carried on"],
)
def test_what_is_no_change_of_its_own_has_no_lead_time(found: Contents) -> None:
    assert leads(found, NOON, NOON + HOUR) == ()


@given(st.lists(st.integers(-50, 50), min_size=4, max_size=4))
def test_whatever_clocks_say_no_span_is_below_nothing(hours: list[int]) -> None:
    began, opened, merged, started = (NOON + hour * HOUR for hour in hours)
    pull = replace(PULL, began_at=began, opened_at=opened, merged_at=merged)
    (lead,) = leads(contents(a_change(1, 7), pulls=(pull,)), started, started + HOUR)
    assert min(lead.coding or HOUR, lead.review or HOUR, lead.waiting, lead.deploying) >= timedelta(0)
    if began <= opened <= merged <= started:
        assert lead.total == started + HOUR - began


# ---------------------------------------------------------------- figures and bands


def test_fewer_deployments_than_can_tell_have_no_band() -> None:
    few, enough = ([a_fact(number) for number in range(count)] for count in (FEWEST - 1, FEWEST))
    assert set(four(few, 1.0).bands.values()) == {Band.TOO_FEW}
    found = four(enough, 1.0)
    assert (found.bands[Key.FAILURES], found.bands[Key.FREQUENCY]) == (Band.ELITE, Band.HIGH)
    assert four([], 1.0).failures.share is None


@pytest.mark.parametrize(
    ("total", "band"),
    [(23 * HOUR, Band.ELITE), (DAY, Band.HIGH), (7 * DAY, Band.MEDIUM), (30 * DAY, Band.LOW)],
)
def test_lead_time_has_the_band_below_whose_bound_its_median_is(total: timedelta, band: Band) -> None:
    facts = [a_fact(number, leads=(Lead(None, None, total, timedelta(0)),)) for number in range(FEWEST)]
    assert four(facts, 1.0).lead.band is band


@pytest.mark.parametrize(
    ("span", "band"),
    [(59 * HOUR / 60, Band.ELITE), (HOUR, Band.HIGH), (DAY, Band.MEDIUM), (7 * DAY, Band.LOW)],
)
def test_restoring_has_a_band_as_soon_as_there_is_one(span: timedelta, band: Band) -> None:
    assert four([a_fact(failed=True, harmed=True, restored=span)], 1.0).restore.band is band
    assert four([a_fact(failed=True, harmed=True)], 1.0).restore.open == 1


@pytest.mark.parametrize(("failed", "band"), [(1, Band.ELITE), (2, Band.HIGH), (3, Band.MEDIUM), (4, Band.LOW)])
def test_the_share_that_failed_has_the_band_that_it_does_not_exceed(failed: int, band: Band) -> None:
    facts = [a_fact(number, failed=number < failed) for number in range(20)]
    found = four(facts, 1.0).failures
    assert (found.share, found.band) == (failed / 20, band)


FACTS = st.builds(
    lambda hours, ok, bad, lead: a_fact(
        hours,
        succeeded=ok,
        failed=bad,
        harmed=bad,
        restored=lead * HOUR if bad and lead % 2 else None,
        leads=(Lead(None, None, lead * HOUR, HOUR),) if ok else (),
    ),
    st.integers(-2000, 0),
    st.booleans(),
    st.booleans(),
    st.integers(0, 1000),
)


@given(st.lists(FACTS, max_size=40), st.integers(1, 12))
def test_the_weeks_together_are_the_whole(facts: list[Fact], weeks: int) -> None:
    looked_at = window(NOON, weeks, NOON - 100 * DAY)
    within = [fact for fact in facts if looked_at.begins <= fact.finished_at <= NOON]
    by_week = [(first, tally(fact for fact in within if fact.week == first)) for first in looked_at.mondays]
    found = dora.report(None, "", by_week, looked_at)
    assert found.four == four(within, looked_at.weeks), "weeks are summed up as their facts are"
    assert [week.first for week in found.weeks] == list(looked_at.mondays) and len(found.weeks) == weeks
    assert sum(week.four.frequency.deployments for week in found.weeks) == found.four.frequency.deployments
    assert sum(week.four.failures.failed for week in found.weeks) == found.four.failures.failed
    assert sum(week.four.lead.total.number for week in found.weeks) == found.four.lead.total.number
    assert found.four.failures.started == len(within)
    assert sum(map(COUNTED[Key.RESTORE], within)) == found.four.restore.total.number + found.four.restore.open


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=50))
def test_nine_in_ten_are_within_the_ninetieth_percentile(hours: list[int]) -> None:
    found = spans(hour * 3600 for hour in hours)
    assert found.median is not None and found.p90 is not None
    assert found.median <= found.p90
    assert sum(hour * HOUR <= found.p90 for hour in hours) >= 0.9 * len(hours)


def test_nobody_is_slow_in_weeks_before_their_first_deployment() -> None:
    assert window(NOON, 12, NOON - 14 * DAY).weeks == 2.0
    assert window(NOON, 12, NOON - 400 * DAY).weeks == pytest.approx(11 + 5.5 / 7)
    assert window(NOON, 12, NOON).weeks == 1.0, "a first day is no week"


def test_weeks_are_those_of_the_calendar_in_utc() -> None:
    sunday = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)
    assert dora.monday(sunday) == date(2026, 11, 16)
    assert dora.monday(sunday + timedelta(minutes=1)) == date(2026, 11, 23)
    begins, ends = dora.of_week(date(2026, 11, 16))
    assert begins <= sunday <= ends < sunday + timedelta(minutes=1)
