"""One sentence of why, and who or what can change it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.domain.clearing import cleared_by
from controller.domain.deployment import FINAL, Deployment, Kind, Pause, Phase
from controller.domain.drift import Difference, Drift, Drifted
from controller.domain.environment import Environment, Hold, HoldUntil
from controller.domain.explaining import Explanation, explain, explain_deployment
from controller.domain.hooks import RunState
from controller.domain.overview import Overview
from controller.domain.reason import Reason
from controller.domain.sighting import Sighting
from controller.domain.step import Step, StepKind, StepState, Trouble
from controller.homeward import turned_back
from tests.support.builders import (
    FILE,
    NOON,
    a_deployment,
    a_revision,
    a_rule,
    a_run,
    a_running_deployment,
    a_view,
)

RED = Reason("smoke.red", "the smoke test failed")
DUE = NOON + timedelta(seconds=5)


def explained(*deployments: Deployment, live: Deployment | None = None, **changes: object) -> Explanation:
    environment = replace(Environment("dev"), **changes)
    return explain(Overview(environment, live, deployments, None, DUE))


def a_hold(until: HoldUntil) -> Hold:
    return Hold(RED, until, NOON, 2)


def waiting(code: str) -> Deployment:
    return a_deployment(number=3, reason=Reason(code, "so it is"))


def test_a_running_deployment_names_its_step() -> None:
    running = a_running_deployment()
    told = explained(running.with_step(replace(running.steps[0].started(NOON), detail="nearly there")))
    assert told.code == "deployment.running"
    assert "step 1 of 8, register: nearly there" in told.text
    assert (told.since, told.look_again_at, told.deployment) == (NOON, DUE, "dev-2")
    assert "tidegate abort dev-2" in told.clears


def test_turning_back_says_why() -> None:
    told = explained(turned_back(a_running_deployment(), RED, NOON))
    assert told.code == "smoke.red"
    assert "dev-2 turns back: the smoke test failed" in told.text


def stuck(code: str) -> Deployment:
    back = turned_back(a_running_deployment(), RED, NOON)
    trouble = Trouble(Reason(code, "so it is"), times=3, permanent=True, by_action=True)
    return back.with_step(replace(back.step.started(NOON), trouble=trouble, detail="so it is"))


@pytest.mark.parametrize(
    ("code", "who"),
    [("home.no_healthy_target", "as soon as the slot has a healthy target"), ("aws.denied", "operator")],
)
def test_a_way_home_that_is_stuck_says_who_can_end_it(code: str, who: str) -> None:
    told = explained(stuck(code))
    assert told.code == code and "so it is" in told.text
    assert who in told.clears and "`tidegate abort dev`" in told.clears


def test_what_a_restore_brought_back_while_it_moved_waits_for_a_person() -> None:
    baking = a_running_deployment().with_step(replace(a_running_deployment().steps[0].started(NOON), detail="1m left"))
    told = explained(replace(baking, restored=True), hold=a_hold(HoldUntil.PERSON))
    assert (told.code, told.deployment) == ("deployment.resting", "dev-2")
    assert "dev-2 moved when the backup was taken" in told.text and "1m left" not in told.text
    assert "`tidegate unhold dev`" in told.clears and "promote" not in told.clears


def test_trouble_comes_first_because_nothing_else_moves_meanwhile() -> None:
    told = explained(a_running_deployment(), trouble=Reason("aws.throttled", "ECS throttles"))
    assert told.code == "aws.throttled"
    assert "operator" in told.clears


def test_a_broken_file_comes_before_what_waits() -> None:
    told = explained(waiting("image.missing"), problem=Reason("file.invalid", "count: found 0"))
    assert told.code == "file.invalid"
    assert "push a commit" in told.clears


def test_an_unreadable_repository_is_for_an_operator() -> None:
    assert "operator" in explained(problem=Reason("github.denied", "403")).clears


@pytest.mark.parametrize(
    ("code", "who"),
    [
        ("image.missing", "build"),
        ("gate.not_built", "author"),
        ("queue.behind", "deployment before"),
        ("content.quarantined", "tidegate unhold dev"),
        ("traffic.split", "operator"),
        ("deployment.new", "by itself"),
    ],
)
def test_what_waits_says_who_can_clear_it(code: str, who: str) -> None:
    told = explained(waiting(code))
    assert (told.code, told.since, told.deployment) == (code, NOON, "dev-3")
    assert who in told.clears


def test_a_deployment_behind_a_hold_waits_since_the_hold_began() -> None:
    hold = replace(a_hold(HoldUntil.PERSON), since=NOON - timedelta(hours=1))
    told = explained(waiting("environment.held"), hold=hold)
    assert told.since == hold.since
    assert told.clears == "a person: `tidegate unhold dev`"


def test_a_hold_alone_may_end_with_the_next_commit() -> None:
    told = explained(hold=a_hold(HoldUntil.NEXT_COMMIT))
    assert (told.code, told.deployment) == ("environment.held", "dev-2")
    assert told.clears.startswith("the next commit that deploys something, or a person")


def settled(retired: bool) -> Deployment:
    done = a_running_deployment()
    for step in done.steps if retired else done.steps[:-1]:
        done = done.with_step(step.ended(StepState.DONE, NOON, ""))
    return done.moved(Phase.SUCCEEDED, Reason("deployment.succeeded", "live"), NOON)


def test_old_slots_are_mentioned_while_they_are_warm() -> None:
    done = settled(retired=False)
    assert explained(done, live=done).code == "environment.warm"


def test_at_rest_the_next_push_is_waited_for() -> None:
    told = explained(live=settled(retired=True), live_since=NOON)
    assert (told.code, told.since, told.clears) == ("environment.at_rest", NOON, "the next push")


def test_an_environment_without_history_says_so() -> None:
    assert explained().code == "environment.empty"


def at_rest(wanted: Deployment | None = None) -> Explanation:
    environment = Environment("dev", live=1, recorded="2" * 40)
    return explain(Overview(environment, a_deployment(1), (), None, None, wanted))


def test_a_newer_commit_that_changes_nothing_is_not_kept_quiet() -> None:
    told = at_rest()
    assert told.code == "environment.at_rest"
    assert "2222222 came after it, and changes only paths that the file ignores" in told.text


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("kind", Kind)
def test_whatever_it_was_for_and_wherever_it_is_it_is_explained(kind: Kind, phase: Phase) -> None:
    pruned = "worker" if kind is Kind.PRUNE else None
    one = replace(a_running_deployment(), kind=kind, phase=phase, pruned=pruned, finished_at=NOON)
    if phase in FINAL:
        one = replace(one, steps=())
    told = explain_deployment(one, Overview(Environment("dev", live=1), a_deployment(1), (), None, None))
    assert told.text and told.clears


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        (Phase.ABORTED, "dev-2 was aborted: ada aborted it"),
        (Phase.SUPERSEDED, "dev-2 was superseded: ada aborted it"),
        (Phase.SUCCEEDED, "dev-2 had brought it, and dev-1 brings develop-1111111"),
    ],
)
def test_what_became_of_the_commit_that_the_branch_wants_is_said(phase: Phase, said: str) -> None:
    told = at_rest(a_deployment(2, phase=phase, reason=Reason("order.aborted", "ada aborted it")))
    assert said in told.text and "`tidegate deploy dev`" in told.clears


def baking() -> Deployment:
    """In the bake after its first shift, as canaries are for most of their time."""
    running = a_running_deployment()
    bake = Step(StepKind.BAKE, ("backend", "frontend"), wait=timedelta(minutes=5), number=1, detail="4m left to bake")
    return running.with_step(bake.started(NOON))


def test_a_bake_says_how_long_it_lasts_and_who_can_end_it() -> None:
    told = explained(baking())
    assert "step 1 of 8, bake 5m: 4m left to bake" in told.text
    assert told.clears == (
        "Tidegate, by itself; `tidegate promote dev-2` ends the bake, `tidegate abort dev-2` turns it back"
    )


def test_only_a_bake_can_be_promoted() -> None:
    assert "promote" not in explained(a_running_deployment()).clears


def test_a_paused_deployment_says_who_why_and_when_it_turns_back() -> None:
    pause = Pause("ada", Reason("order.paused", "a look at the logs"), NOON + timedelta(minutes=3), timedelta(hours=1))
    told = explained(replace(baking(), pause=pause))
    assert (told.code, told.since, told.deployment) == ("deployment.paused", pause.since, "dev-2")
    assert told.text == (
        "dev-2 is paused at step 1 of 8, bake 5m, by ada: a look at the logs; it turns back by itself after "
        "2026-11-21 13:03 UTC, unless it is resumed"
    )
    assert told.clears == "a person: `tidegate resume dev-2` goes on, `tidegate abort dev-2` turns back"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "dev-2 brings develop-1111111; step"),
        ({"restart": True}, "dev-2 restarts develop-1111111; step"),
        ({"kind": Kind.ROLLBACK, "back_to": "dev-1"}, "dev-2 brings develop-1111111 back, as dev-1 did it; step"),
        ({"kind": Kind.PRUNE, "pruned": "worker"}, "dev-2 removes worker; step"),
        ({"kind": Kind.CORRECT}, "dev-2 makes develop-1111111 again as its file declares it; step"),
    ],
)
def test_each_kind_says_what_it_does(changes: dict[str, object], told: str) -> None:
    assert explained(replace(a_running_deployment(), **changes)).text.startswith(told)


@pytest.mark.parametrize("kind", [Kind.ROLLBACK, Kind.PRUNE])
def test_what_never_turns_back_is_not_said_to(kind: Kind) -> None:
    assert explained(replace(a_running_deployment(), kind=kind, pruned="worker")).clears == "Tidegate, by itself"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("smoke.red", "dev is held since dev-2 turned back: so it is"),
        ("pause.expired", "dev is held since dev-2 turned back: so it is"),
        ("order.aborted", "dev is held since dev-2 was aborted: so it is"),
        ("rollback.ordered", "dev is held since dev-2 brought an older version back: so it is"),
        ("traffic.adopted", "dev is held since dev-2 brought an older version back: so it is"),
    ],
)
def test_a_hold_says_what_began_it(code: str, told: str) -> None:
    assert explained(hold=replace(a_hold(HoldUntil.PERSON), reason=Reason(code, "so it is"))).text == told


def test_a_hold_after_what_had_nothing_to_turn_back_from_says_that_it_failed() -> None:
    hold = replace(a_hold(HoldUntil.PERSON), has_failed=True)
    assert explained(hold=hold).text == "dev is held since dev-2 failed: the smoke test failed"


RANG = Reason("alarm.rang", "checkout-is-down rang; `tidegate abort dev-2` must end it")


def left_to_a_person(detail: str = RANG.text) -> Deployment:
    running = a_running_deployment()
    return running.with_step(replace(running.steps[0].started(NOON), detail=detail)).because(RANG)


def test_what_only_a_person_can_end_says_so() -> None:
    assert left_to_a_person().needs_a_person and stuck("aws.denied").needs_a_person
    assert not left_to_a_person("it went away by itself: 4m left to bake").needs_a_person
    assert not a_running_deployment().needs_a_person


def test_what_is_paused_is_so_for_the_reason_of_its_pause() -> None:
    pause = Pause("ada", Reason("order.paused", "a look at the logs"), NOON, timedelta(hours=1))
    assert replace(baking(), pause=pause).why == pause.reason
    assert (baking().why, left_to_a_person().why) == (baking().reason, RANG)
    assert not replace(left_to_a_person(), pause=pause).needs_a_person


def test_a_bake_that_can_t_be_judged_isn_t_cleared_by_waiting() -> None:
    pause = Pause("tidegate", Reason("watch.inconclusive", "too few requests"), NOON, timedelta(hours=1))
    clears = explained(replace(baking(), pause=pause)).clears
    assert "more requests" not in clears and "`tidegate resume dev-2`" in clears
    assert "more requests" not in cleared_by("watch.inconclusive", "dev", "dev-2")


def test_a_warm_environment_says_how_to_go_back() -> None:
    done = settled(retired=False)
    assert (
        explained(done, live=done).clears == "Tidegate, by itself; until then `tidegate rollback dev` goes back at once"
    )


def test_orphans_are_told_whatever_else_is_going_on() -> None:
    sighting = Sighting("dev", {}, NOON, ("worker",))
    for moving in ((), (a_running_deployment(),)):
        assert explain(Overview(Environment("dev"), None, moving, sighting, None)).orphans == ("worker",)


def test_a_rewritten_history_may_be_accepted_by_a_person() -> None:
    assert "`tidegate deploy dev`" in explained(problem=Reason("source.history_rewritten", "it doesn't descend")).clears


HOOKED = FILE.replace("    port: 8000\n", "    port: 8000\n    before: {command: [migrate]}\n")


def test_what_ran_before_a_version_is_told_with_time_and_result() -> None:
    hooked = a_running_deployment(HOOKED)
    run = a_run(text="exit code 0 after 3s", state=RunState.SUCCEEDED, compatible=False)
    told = explained(hooked.with_step(replace(hooked.steps[1], run=run)))
    (line,) = told.ran
    assert line.startswith("`before` of backend ran in dev-2 on 2026-11-21 12:00 UTC: exit code 0 after 3s; versions")
    assert explained(a_running_deployment()).ran == ()


DRIFT = Drift(Difference("backend", "ECS service", "desired count", "2", "5"), NOON)
CORRECTED = FILE.replace("strategy:", "drift: correct\nstrategy:")


@pytest.mark.parametrize(
    ("text", "fought", "code", "who"),
    [
        (FILE, None, "drift.found", "whoever set it otherwise; or a person: `tidegate deploy dev --correct`"),
        (CORRECTED, None, "drift.found", "Tidegate, by itself; or `tidegate deploy dev --correct` at once"),
        (
            CORRECTED,
            Reason("drift.fought", "three times"),
            "drift.fought",
            "whoever sets it otherwise, by leaving it; then a person: `tidegate deploy dev --correct`",
        ),
    ],
)
def test_drift_says_what_since_when_and_who_puts_it_right(
    text: str, fought: Reason | None, code: str, who: str
) -> None:
    live = a_deployment(1, a_revision(text=text), phase=Phase.SUCCEEDED)
    told = explained(live=live, drift=Drifted((DRIFT,), fought=fought))
    assert (told.code, told.since, told.clears) == (code, NOON, who)
    assert "backend, ECS service: desired count 5 instead of 2" in told.text


def test_traffic_that_somebody_sent_to_a_slot_without_tasks_is_for_an_operator() -> None:
    view = a_view(rule=a_rule(0, 100))
    live = a_deployment(1, phase=Phase.SUCCEEDED)
    told = explain(Overview(Environment("dev"), live, (), Sighting("dev", {"backend": view}, NOON), None))
    assert told.code == "traffic.elsewhere" and "operator" in told.clears


def test_a_rule_that_is_known_to_be_gone_is_drift() -> None:
    live, seen = a_deployment(1, phase=Phase.SUCCEEDED), Sighting("dev", {"backend": a_view(rule=None)}, NOON)
    before = explain(Overview(Environment("dev"), live, (), seen, None))
    after = explain(Overview(Environment("dev", drift=Drifted((DRIFT,))), live, (), seen, None))
    assert (before.code, after.code) == ("traffic.rule_missing", "drift.found")
