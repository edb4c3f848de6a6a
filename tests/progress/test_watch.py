"""What alarms do to a deployment, from its first share of the traffic until its old side cools."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from controller.decide import decide, needed
from controller.domain.alarms import AlarmState, AlarmView
from controller.domain.deployment import Deployment, Kind, Phase
from controller.domain.environment import Environment
from controller.domain.orders import Order, OrderKind, OrderState
from controller.domain.reason import Reason
from controller.domain.snapshot import Evidence, Snapshot
from controller.domain.step import Step, StepKind, StepState
from controller.obey import Known, obey
from tests.progress.steps import in_step, minutes, shared
from tests.support.builders import (
    FILE,
    NOON,
    a_deployment,
    a_revision,
    a_run,
    a_snapshot,
    asked_first,
    terms,
)

NAME = "captioncraft-dev-5xx"
WATCHED = (
    FILE.replace("strategy: {type: rolling}", "strategy: {type: blue_green, bake: 1m}").replace(
        "rollback: {hold: next_commit}", "rollback: {hold: next_commit, keep_warm: 30m}"
    )
    + f"watch: {{alarms: [{NAME}]}}\n"
)
OK = AlarmView(NAME, AlarmState.OK, NOON)
RINGS = AlarmView(NAME, AlarmState.RINGING, NOON, "2 datapoints were greater than the threshold")
RANG = replace(OK, rang_at=NOON)
NO_DATA = AlarmView(NAME, AlarmState.NO_DATA, NOON)
SHIFTED, BAKED = "shift 100", "bake 1m"


def watching(view: AlarmView | None, picture: Snapshot | None = None) -> Snapshot:
    return replace(picture or a_snapshot(), alarms={NAME: view})


def begun(view: AlarmView | None = OK, **changes: object) -> Deployment:
    """What became of one that waits, in a picture with this alarm."""
    waiting = a_deployment(revision=a_revision(text=WATCHED), **changes)
    return decide(waiting, watching(view), NOON, terms()).deployment


def baking(**of_step: object) -> Deployment:
    return in_step(BAKED, running=replace(begun()), **of_step)


def kept_warm(text: str = WATCHED, **changes: object) -> Deployment:
    running = replace(begun(), revision=a_revision(text=text))
    done = replace(in_step("settle", running=running), phase=Phase.RUNNING)
    return replace(
        in_step("retire", running=done.moved(Phase.SUCCEEDED, Reason("x.y", "live"), NOON), acted=CLOSED), **changes
    )


def one_way(deployment: Deployment) -> Deployment:
    """What it ran before does not work with the version that it would go home to."""
    ran = Step(StepKind.BEFORE, ("backend",), number=99, state=StepState.DONE, run=a_run(compatible=False, text="ok"))
    return replace(deployment, steps=(*deployment.steps, ran))


CLOSED = ("RemoveTestRule backend", "RemoveTestRule frontend")


def moved(deployment: Deployment, view: AlarmView | None, share: int = 100, now: datetime = NOON) -> Deployment:
    return decide(deployment, watching(view, a_snapshot(shared(share))), now, terms()).deployment


def test_a_file_without_alarms_asks_for_none() -> None:
    waiting = a_deployment(revision=a_revision())
    assert Evidence.ALARMS not in asked_first(waiting)
    assert Evidence.ALARMS in asked_first(a_deployment(revision=a_revision(text=WATCHED)))


def test_one_that_is_quiet_lets_a_deployment_start() -> None:
    assert begun().phase is Phase.RUNNING
    assert begun(NO_DATA).phase is Phase.RUNNING, "a new slot has had no traffic yet"


@pytest.mark.parametrize(("view", "code"), [(RINGS, "alarm.red"), (None, "alarm.missing")])
def test_one_that_rings_already_or_is_not_there_keeps_it_waiting(view: AlarmView | None, code: str) -> None:
    kept = begun(view)
    assert (kept.phase, kept.reason.code) == (Phase.WAITING, code)
    assert NAME in kept.reason.text


def resumed(deployment: Deployment) -> Deployment:
    order = Order(1, OrderKind.RESUME, "dev", deployment.id, "it is the test alarm", "ada", NOON)
    answer = obey(order, Environment("dev"), {deployment.id: deployment}, Known(), NOON)
    assert answer is not None and answer.order.state is OrderState.DONE, answer
    return answer.changed[0]


def test_a_person_lets_it_start_beside_one_that_rings_which_counts_again_once_it_was_well() -> None:
    started = decide(resumed(begun(RINGS)), watching(RINGS), NOON, terms()).deployment
    assert (started.phase, started.excused) == (Phase.RUNNING, (NAME,))
    shifting = in_step(SHIFTED, running=started)
    assert moved(shifting, RINGS, 0).phase is Phase.RUNNING
    well = moved(shifting, OK, 0)
    assert well.excused == ()
    assert moved(well, RINGS, 0).phase is Phase.ROLLING_BACK


def test_one_that_is_excused_and_rang_anew_between_two_looks_counts() -> None:
    shifting = replace(in_step(SHIFTED, running=begun()), excused=(NAME,))
    assert moved(shifting, replace(RINGS, rang_at=NOON), 0).phase is Phase.ROLLING_BACK


@pytest.mark.parametrize("title", [SHIFTED, BAKED, "verify", "settle"])
@pytest.mark.parametrize("view", [RINGS, RANG], ids=["rings", "rang and is well"])
def test_it_turns_back_from_every_step_since_the_first_raise(title: str, view: AlarmView) -> None:
    back = moved(in_step(title, running=begun()), view)
    assert (back.phase, back.reason.code) == (Phase.ROLLING_BACK, "alarm.rang")
    assert NAME in back.reason.text


@pytest.mark.parametrize("title", ["warm", "smoke"])
def test_nothing_is_judged_by_alarms_before_the_first_raise(title: str) -> None:
    deployment = in_step(title, running=begun())
    assert Evidence.ALARMS not in needed(deployment)
    silent = replace(watching(RINGS), has=needed(deployment))
    assert decide(deployment, silent, NOON, terms()).deployment.phase is Phase.RUNNING


def test_content_is_to_blame_only_once_it_had_traffic() -> None:
    before = moved(in_step(SHIFTED, running=begun()), RINGS, 0)
    after = moved(baking(), RINGS)
    assert before.turning is not None and not before.turning.quarantines
    assert after.turning is not None and after.turning.quarantines


def test_one_that_goes_missing_is_believed_after_three_looks() -> None:
    deployment = baking()
    for seconds in (5, 10, 15):
        picture = replace(watching(None, a_snapshot(shared(100))), elapsed=timedelta(seconds=5))
        assert deployment.phase is Phase.RUNNING, seconds
        deployment = decide(deployment, picture, NOON, terms()).deployment
    assert (deployment.phase, deployment.reason.code) == (Phase.ROLLING_BACK, "alarm.missing")


def over(wanted: str) -> Deployment:
    """Its bake is over."""
    text = WATCHED.replace(f"[{NAME}]", f"[{NAME}], on_inconclusive: {wanted}")
    return replace(baking(observed=minutes(2)), revision=a_revision(text=text))


def test_a_bake_that_had_no_data_is_paused_until_a_person_takes_it() -> None:
    halted = moved(over("pause"), NO_DATA)
    assert halted.pause is not None and halted.pause.reason.code == "watch.inconclusive"
    again = moved(halted, NO_DATA)
    assert again.pause is not None and again.step is not None and again.step.kind is StepKind.BAKE
    taken = moved(resumed(again), NO_DATA)
    assert taken.pause is None
    assert taken.step is None or taken.step.kind is not StepKind.BAKE


def test_a_bake_that_had_no_data_goes_on_or_turns_back_as_the_file_says() -> None:
    went_on, back = moved(over("continue"), NO_DATA), moved(over("rollback"), NO_DATA)
    assert went_on.pause is None and went_on.phase is not Phase.ROLLING_BACK
    assert (back.phase, back.reason.code) == (Phase.ROLLING_BACK, "watch.inconclusive")
    assert back.turning is not None and not back.turning.quarantines


def test_one_that_rings_while_the_old_version_is_warm_sends_it_home_once() -> None:
    decision = decide(kept_warm(), watching(RINGS, a_snapshot(shared(100))), NOON, terms())
    assert decision.goes_back and decision.reason.code == "alarm.rang_late"
    again = decide(decision.deployment, watching(RINGS, a_snapshot(shared(100))), NOON, terms())
    assert not again.goes_back


@pytest.mark.parametrize(
    "cold",
    [
        kept_warm(WATCHED.replace("hold: next_commit", "hold: next_commit, automatic: false")),
        kept_warm(kind=Kind.ROLLBACK),
        one_way(kept_warm()),
        kept_warm(WATCHED.replace(f"watch: {{alarms: [{NAME}]}}\n", "")),
    ],
    ids=["by hand only", "a rollback", "what ran before is incompatible", "no alarms"],
)
def test_what_must_not_turn_back_by_itself_is_not_even_looked_at(cold: Deployment) -> None:
    assert Evidence.ALARMS not in needed(cold)
    assert not decide(cold, watching(RINGS, a_snapshot(shared(100))), NOON, terms()).goes_back


def test_after_an_incompatible_run_an_alarm_stops_it_and_a_person_lets_it_go_on() -> None:
    stopped = moved(one_way(baking()), RINGS)
    assert (stopped.phase, stopped.reason.code, stopped.red) == (Phase.RUNNING, "alarm.rang", (NAME,))
    assert "tidegate resume dev-2" in stopped.reason.text and "tidegate abort dev-2" in stopped.reason.text
    order = Order(1, OrderKind.RESUME, "dev", "dev-2", "we know", "ada", NOON)
    answer = obey(order, Environment("dev"), {"dev-2": stopped}, Known(), NOON)
    assert answer is not None and answer.order.state is OrderState.DONE
    on = moved(answer.changed[0], RINGS)
    assert (on.phase, on.red, on.excused) == (Phase.RUNNING, (), (NAME,))
    assert on.reason.code != "alarm.rang" or "left to bake" in (on.step.detail if on.step else "")
