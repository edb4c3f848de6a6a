"""Which plan people are asked about, since when, and what another plan makes of their answers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.decide import decide
from controller.decision import Decision
from controller.domain.approval import Vote
from controller.domain.deployment import Asked, Deployment, Kind, Phase
from controller.domain.electorate import UNSEEN, Electorate
from controller.domain.environment import Environment, Hold, HoldUntil
from controller.domain.manifest import Minimum, MinimumApproval
from controller.domain.people import Person, Via
from controller.domain.reason import Reason
from controller.domain.snapshot import Snapshot
from tests.support.builders import FILE, NOON, OLD_IMAGE, a_binding, a_deployment, a_plan, a_revision, a_snapshot, terms
from tests.support.town import GRACE, LINUS

ASKED = FILE + "gates: {approval: {count: 2, expires: 1h}}\n"
REVISION = a_revision(text=ASKED)
PLAN = a_plan(REVISION)
MINUTE = timedelta(minutes=1)
KNOWN = Electorate(NOON, (GRACE, LINUS))
BOUND = a_binding(minimum=Minimum(approval=MinimumApproval(count=2)))


def vote(by: Person, digest: str = PLAN.digest) -> Vote:
    return Vote(by, digest, NOON, Via.WEB, "fine")


def waiting(*votes: Vote, **changes: object) -> Deployment:
    return a_deployment(revision=REVISION, votes=votes, **changes)


def decided(deployment: Deployment, **changes: object) -> Decision:
    return decide(deployment, a_snapshot(**{"electorate": KNOWN, **changes}), NOON, terms())


def test_people_are_asked_about_the_plan_since_the_databases_now() -> None:
    seen = replace(KNOWN, seen_at=NOON + 3 * MINUTE)
    found = decided(waiting(), electorate=seen).deployment
    assert found.asked is not None and found.asked.since == NOON + 3 * MINUTE
    assert found.asked.plan.digest == PLAN.digest and found.shown_plan == found.asked.plan
    assert (found.phase, found.reason.code) == (Phase.WAITING, "approval.waiting")


def test_as_long_as_it_is_the_same_plan_the_time_runs_on() -> None:
    asked = Asked(PLAN, NOON - 20 * MINUTE)
    found = decided(waiting(vote(LINUS), asked=asked)).deployment
    assert found.asked is not None
    assert (found.asked.plan, found.asked.since, found.votes) == (PLAN, NOON - 20 * MINUTE, (vote(LINUS),))


def test_who_is_asked_is_kept_as_it_was_found_last_and_that_nobody_could_tell() -> None:
    found = decided(waiting(vote(LINUS))).deployment
    assert found.asked is not None and found.asked.could == (GRACE,)
    away = decided(found, electorate=UNSEEN).deployment
    assert away.asked == replace(found.asked, could=None)
    assert decided(away).deployment.asked == found.asked


def test_another_plan_voids_what_was_answered_and_asks_anew() -> None:
    asked = Asked(replace(PLAN, digest="0" * 64), NOON - 20 * MINUTE)
    found = decided(waiting(vote(LINUS, "0" * 64), vote(GRACE), asked=asked)).deployment
    assert found.votes == (vote(GRACE),) and found.asked is not None
    assert (found.asked.plan.digest, found.asked.since) == (PLAN.digest, NOON)


def test_approvals_of_another_plan_start_nothing() -> None:
    assert decided(waiting(vote(LINUS, "0" * 64), vote(GRACE, "0" * 64))).deployment.phase is Phase.WAITING


def test_with_enough_of_them_it_starts_and_nobody_is_asked_any_more() -> None:
    found = decided(waiting(vote(LINUS), vote(GRACE), asked=Asked(PLAN, NOON))).deployment
    assert (found.phase, found.asked) == (Phase.RUNNING, None) and len(found.votes) == 2
    assert found.plan is not None and found.plan.digest == PLAN.digest


def test_while_a_cheaper_gate_is_shut_nobody_is_asked_and_what_was_answered_stays() -> None:
    held = Environment("dev", hold=Hold(Reason("smoke.red", "red"), HoldUntil.PERSON, NOON, 1))
    before = waiting(vote(LINUS), asked=Asked(PLAN, NOON - 59 * MINUTE))
    shut = decide(before, a_snapshot(electorate=KNOWN), NOON, terms(held)).deployment
    assert (shut.asked, shut.votes, shut.reason.code) == (None, (vote(LINUS),), "environment.held")
    again = decided(shut).deployment
    assert again.asked is not None and again.asked.since == NOON and again.votes == (vote(LINUS),)


def test_a_gate_with_the_plan_that_is_shut_stops_the_time_too() -> None:
    before = waiting(asked=Asked(PLAN, NOON))
    found = decided(before, deaf=Reason("alarms.denied", "nobody hears")).deployment
    assert found.reason.code == "alarms.denied"
    blocked = replace(before, revision=a_revision(text=ASKED + "watch: {alarms: [missing]}\n"))
    assert decided(blocked, alarms={"missing": None}).deployment.asked is None


def test_when_its_time_is_over_it_has_expired() -> None:
    found = decided(waiting(vote(LINUS), asked=Asked(PLAN, NOON - 60 * MINUTE))).deployment
    assert (found.phase, found.reason.code) == (Phase.EXPIRED, "approval.expired")


def test_without_github_it_waits_and_whoever_may_break_the_glass_is_asked() -> None:
    found = decided(waiting(vote(LINUS), vote(GRACE)), electorate=UNSEEN).deployment
    assert (found.phase, found.reason.code) == (Phase.WAITING, "approval.unknown")
    assert found.asked is not None and (found.asked.plan.digest, found.asked.since) == (PLAN.digest, NOON)
    assert decided(found, electorate=replace(KNOWN, seen_at=NOON + MINUTE)).deployment.phase is Phase.RUNNING


def test_a_controllers_clock_that_was_ahead_puts_nothing_off() -> None:
    found = decided(waiting(asked=Asked(PLAN, NOON + 600 * MINUTE))).deployment
    assert found.asked is not None and found.asked.since == NOON


def test_nobody_starts_what_nobody_was_looked_up_for() -> None:
    blind = a_snapshot()
    lacking = replace(blind, has=frozenset(each for each in blind.has if str(each) != "people"))
    found: Decision = decide(waiting(vote(LINUS), vote(GRACE)), lacking, NOON, terms())
    assert {str(each) for each in found.needs - lacking.has} == {"people"}


@pytest.mark.parametrize("kind", [Kind.ROLLBACK, Kind.CORRECT])
def test_what_goes_back_or_puts_right_asks_nobody(kind: Kind) -> None:
    snapshot: Snapshot = a_snapshot()
    deployment = waiting(kind=kind, **({"back_to": "dev-1"} if kind is Kind.ROLLBACK else {}))
    found = decide(deployment, snapshot, NOON, terms(binding=BOUND)).deployment
    assert found.phase is not Phase.WAITING or not found.reason.code.startswith("approval")
    assert not any(each.gate == "approval" for each in found.gates)


def test_a_commit_that_only_drops_the_gate_is_asked_about_too() -> None:
    """Nothing rolls, and yet the next one would pass without anybody."""
    dropping = a_deployment(revision=a_revision(image=OLD_IMAGE))
    given = terms(live=REVISION.file)
    found = decide(dropping, a_snapshot(electorate=KNOWN), NOON, given).deployment
    assert (found.phase, found.reason.code) == (Phase.WAITING, "approval.waiting")
    assert found.asked is not None
    votes = (vote(LINUS, found.asked.plan.digest), vote(GRACE, found.asked.plan.digest))
    done = decide(replace(found, votes=votes), a_snapshot(electorate=KNOWN), NOON, given).deployment
    assert done.phase is Phase.SUCCEEDED
