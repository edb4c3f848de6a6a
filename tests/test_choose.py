"""Which deployment moves, what orders do, and what a move means for the environment."""

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.choose import choose, closed_warm_records, consequences, drifted, may_drift
from controller.domain.deployment import Deployment, Kind, Phase
from controller.domain.drift import Difference, Drift, Drifted, Tried
from controller.domain.environment import Environment, Hold, HoldUntil, Quarantine
from controller.domain.orders import Order, OrderKind, OrderState
from controller.domain.reason import Reason
from controller.domain.slot import Sides
from controller.domain.step import StepKind, StepState
from controller.domain.undo import UndoRecord
from controller.homeward import turned_back
from controller.obey import Known
from tests.support.builders import FILE, NOON, a_commit, a_deployment, a_plan, a_revision, a_running_deployment

DEV = Environment("dev")
RED = Reason("smoke.red", "the smoke test failed")
HELD = Hold(RED, HoldUntil.PERSON, NOON, 2)


def an_order(kind: OrderKind, deployment: str | None = None) -> Order:
    return Order(7, kind, "dev", deployment, "because", "ada", NOON)


def unsealed(number: int) -> Deployment:
    return a_deployment(number, a_revision(image=None))


def a_retiring_deployment() -> Deployment:
    done = a_running_deployment()
    for step in done.steps:
        if step.kind is not StepKind.RETIRE:
            done = done.with_step(step.ended(StepState.DONE, NOON, ""))
    return done.moved(Phase.SUCCEEDED, Reason("deployment.succeeded", "live"), NOON)


def test_the_newest_sealed_one_goes_and_supersedes_the_older_ones() -> None:
    choice = choose(DEV, [a_deployment(1), a_deployment(2), a_deployment(3)], [], Known(), NOON)
    assert choice.queue[0].id == "dev-3"
    assert {one.id: one.phase for one in choice.changed} == {"dev-1": Phase.SUPERSEDED, "dev-2": Phase.SUPERSEDED}


def test_one_that_waits_for_its_image_holds_nobody_up() -> None:
    choice = choose(DEV, [a_deployment(1), unsealed(2)], [], Known(), NOON)
    assert choice.queue[0].id == "dev-1" and choice.changed == ()


def test_where_nothing_is_sealed_the_newest_one_is_asked() -> None:
    assert choose(DEV, [unsealed(1), unsealed(2)], [], Known(), NOON).queue[0].id == "dev-2"


def test_a_running_one_goes_on_whatever_arrives() -> None:
    choice = choose(DEV, [a_running_deployment(), a_deployment(3)], [], Known(), NOON)
    assert choice.queue[0].id == "dev-2"
    assert choice.changed[0].id == "dev-3" and choice.changed[0].reason.code == "queue.behind"


def test_nothing_starts_beside_what_runs() -> None:
    assert [one.id for one in choose(DEV, [a_running_deployment(), a_deployment(3)], [], Known(), NOON).queue] == [
        "dev-2"
    ]


def test_what_is_kept_warm_goes_on_beside_what_waits() -> None:
    choice = choose(DEV, [a_retiring_deployment(), a_deployment(3)], [], Known(), NOON)
    assert [one.id for one in choice.queue] == ["dev-3", "dev-2"]


def test_a_waiting_one_goes_before_one_that_only_retires() -> None:
    assert choose(DEV, [a_retiring_deployment(), a_deployment(3)], [], Known(), NOON).queue[0].id == "dev-3"


def test_at_rest_nothing_is_picked() -> None:
    assert choose(DEV, [], [], Known(), NOON).queue == ()


def test_aborting_a_running_one_sends_it_home_and_does_not_blame_its_content() -> None:
    choice = choose(DEV, [a_running_deployment()], [an_order(OrderKind.ABORT, "dev-2")], Known(), NOON)
    assert choice.queue[0].phase is Phase.ROLLING_BACK and choice.queue[0].turning.ends_as is Phase.ABORTED
    assert not choice.queue[0].turning.quarantines and choice.orders[0].state is OrderState.DONE


def test_aborting_a_waiting_one_ends_it() -> None:
    choice = choose(DEV, [a_deployment(3)], [an_order(OrderKind.ABORT, "dev-3")], Known(), NOON)
    assert choice.changed[0].phase is Phase.ABORTED and choice.queue == ()


def test_aborting_what_is_over_is_refused_with_a_sentence() -> None:
    choice = choose(DEV, [], [an_order(OrderKind.ABORT, "dev-1")], Known(), NOON)
    assert choice.orders[0].state is OrderState.REFUSED and "nothing to abort" in choice.orders[0].outcome


def test_a_second_abort_of_the_same_deployment_is_refused_not_doubled() -> None:
    orders = [an_order(OrderKind.ABORT, "dev-2"), an_order(OrderKind.ABORT, "dev-2")]
    choice = choose(DEV, [a_running_deployment()], orders, Known(), NOON)
    assert [order.state for order in choice.orders] == [OrderState.DONE, OrderState.REFUSED]
    assert [step.kind for step in choice.queue[0].steps].count(StepKind.HOME) == 1


def test_unhold_lifts_the_hold_and_the_quarantine() -> None:
    held = replace(DEV, hold=HELD, quarantines=(Quarantine({"backend": "sha256:x"}, 2),))
    choice = choose(held, [], [an_order(OrderKind.UNHOLD)], Known(), NOON)
    assert choice.environment.hold is None and choice.environment.quarantines == ()


def test_unhold_of_a_free_environment_is_refused() -> None:
    assert choose(DEV, [], [an_order(OrderKind.UNHOLD)], Known(), NOON).orders[0].state is OrderState.REFUSED


def test_turning_back_holds_and_quarantines_the_culprit_alone() -> None:
    running = a_running_deployment()
    back = turned_back(running, RED, NOON, culprits=("backend",))
    after = consequences(DEV, running, back, NOON)
    assert after.hold.until is HoldUntil.NEXT_COMMIT and after.hold.reason == RED
    assert after.quarantines[0].contents == {"backend": running.plan.of("backend").content.digest}


def test_without_a_culprit_the_combination_is_quarantined() -> None:
    running = a_running_deployment()
    after = consequences(DEV, running, turned_back(running, RED, NOON), NOON)
    together = {name: running.plan.of(name).content.digest for name in ("backend", "frontend")}
    assert after.quarantines[0].catches(together)
    assert not after.quarantines[0].catches({**together, "backend": "sha256:fixed"})


def test_what_had_nothing_to_go_back_to_is_said_to_have_failed() -> None:
    running = a_running_deployment()
    assert running.undo is not None
    entries = tuple(replace(entry, sides=Sides(None, entry.sides.idle)) for entry in running.undo.entries)
    first = replace(running, undo=UndoRecord(entries))
    holds = [consequences(DEV, one, turned_back(one, RED, NOON), NOON).hold for one in (running, first)]
    assert [hold is not None and hold.has_failed for hold in holds] == [False, True]


def test_an_abort_holds_without_quarantine() -> None:
    running = a_running_deployment()
    back = turned_back(running, RED, NOON, quarantines=False, aborted=True)
    after = consequences(DEV, running, back, NOON)
    assert after.hold is not None and after.quarantines == ()


def test_success_is_what_is_live() -> None:
    running = a_running_deployment()
    done = running.moved(Phase.SUCCEEDED, Reason("deployment.succeeded", "live"), NOON + timedelta(minutes=1))
    after = consequences(replace(DEV, hold=HELD), running, done, NOON + timedelta(minutes=1))
    assert after.live == 2 and after.live_since == NOON + timedelta(minutes=1) and after.hold is None


def test_who_starts_closes_what_was_still_kept_warm() -> None:
    warm = a_retiring_deployment()
    closed = closed_warm_records([warm, a_deployment(3)], a_deployment(3, plan=a_plan()), NOON)
    assert [one.id for one in closed] == ["dev-2"] and not closed[0].is_retiring
    assert closed[0].steps[-1].state is StepState.SKIPPED


def test_who_rolls_only_a_part_leaves_the_rest_to_be_retired() -> None:
    whole = a_plan()
    steps = tuple(replace(step, services=("frontend",)) for step in whole.steps)
    part = replace(whole, rolling=(whole.of("frontend"),), steps=steps)
    closed = closed_warm_records([a_retiring_deployment()], a_deployment(3, plan=part), NOON)
    assert closed[0].is_retiring and closed[0].step.services == ("backend",)


def test_who_rolls_nothing_leaves_everything_to_be_retired() -> None:
    nothing = replace(a_plan(), rolling=(), steps=())
    assert closed_warm_records([a_retiring_deployment()], a_deployment(3, plan=nothing), NOON) == ()


DRIFT = Drifted((Drift(Difference("backend", "ECS service", "desired count", "2", "5"), NOON),))
CORRECTED = FILE.replace("strategy:", "drift: correct\nstrategy:")
LIVE = a_deployment(1, a_revision(text=CORRECTED), phase=Phase.SUCCEEDED)


def test_drift_is_corrected_only_where_the_file_says_so() -> None:
    after, opening = drifted(DEV, (), LIVE, DRIFT, NOON)
    assert opening is not None and (opening.kind, opening.revision) == (Kind.CORRECT, LIVE.revision)
    assert "desired count 5 instead of 2" in opening.because.text and after.drift.tried[0].times == 1
    reported, nothing = drifted(DEV, (), a_deployment(1, phase=Phase.SUCCEEDED), DRIFT, NOON)
    assert nothing is None and reported.drift == DRIFT


@pytest.mark.parametrize("kind", [Kind.CORRECT, Kind.ROLLBACK, Kind.PRUNE])
def test_no_correction_is_begun_beside_another_that_waits(kind: Kind) -> None:
    assert drifted(DEV, (a_deployment(2, kind=kind),), LIVE, DRIFT, NOON) == (replace(DEV, drift=DRIFT), None)


def test_a_version_that_waits_holds_no_correction_up_and_is_not_superseded() -> None:
    assert drifted(DEV, (a_deployment(2),), LIVE, DRIFT, NOON)[1] is not None
    choice = choose(DEV, [a_deployment(2), a_deployment(3, kind=Kind.CORRECT)], [], Known(live=LIVE), NOON)
    assert choice.queue[0].id == "dev-3"
    assert all(one.phase is Phase.WAITING for one in choice.changed)


def test_a_correction_that_waits_is_of_what_is_live_by_then() -> None:
    other = a_deployment(4, a_revision(text=CORRECTED, commit=a_commit("2" * 40)), phase=Phase.SUCCEEDED)
    choice = choose(DEV, [a_deployment(3, kind=Kind.CORRECT)], [], Known(live=other), NOON)
    assert choice.queue[0].revision == other.revision


@pytest.mark.parametrize("environment", [replace(DEV, hold=HELD), DEV])
def test_what_is_held_runs_or_is_kept_warm_does_not_drift(environment: Environment) -> None:
    opened = (a_retiring_deployment(),) if environment.hold is None else ()
    assert not may_drift(environment, opened)
    assert may_drift(DEV, (a_deployment(2),)) and not may_drift(DEV, (a_running_deployment(),))


def corrected(**changes: object) -> Deployment:
    return replace(a_running_deployment(), kind=Kind.CORRECT, **changes)


def test_a_correction_that_succeeded_leaves_no_drift_and_is_not_what_is_live() -> None:
    known = replace(DEV, live=1, drift=replace(DRIFT, tried=(Tried(("backend", "", ""), 1, NOON),)))
    running = corrected()
    after = consequences(known, running, running.moved(Phase.SUCCEEDED, RED, NOON), NOON)
    assert (after.live, after.drift.found, after.drift.edges) == (1, (), 1) and after.drift.tried


def test_a_correction_that_failed_holds_nobody_and_blames_nothing() -> None:
    running = corrected()
    after = consequences(DEV, running, turned_back(running, RED, NOON, culprits=("backend",)), NOON)
    assert (after.hold, after.quarantines) == (None, ())
    tried = replace(DRIFT, tried=(Tried(("backend", "", ""), 1, NOON),))
    after = consequences(replace(DEV, drift=tried), running, turned_back(running, RED, NOON), NOON)
    assert [(each.times, each.failed) for each in after.drift.tried] == [(0, 1)], "it was not undone by anybody"
    stopped = consequences(DEV, running, turned_back(running, RED, NOON, quarantines=False, aborted=True), NOON)
    assert stopped.hold is not None


def test_a_new_version_has_everything_corrected_anew() -> None:
    fought = replace(DRIFT, fought=RED, tried=(Tried(("backend", "", ""), 3, NOON),))
    running = a_running_deployment()
    after = consequences(replace(DEV, drift=fought), running, running.moved(Phase.SUCCEEDED, RED, NOON), NOON)
    assert after.drift == Drifted(edges=1)
