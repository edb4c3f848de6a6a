"""Traffic rises and is watched: what ends a bake, and what doesn't."""

from dataclasses import replace

import pytest

from controller.decide import decide
from controller.domain.actions import SetRoute
from controller.domain.deployment import Deployment
from controller.domain.snapshot import ServiceView, TaskFailure
from controller.progress import look
from controller.progress.outcomes import Ask, Done, Fail, Foreign, Outcome, Stumble, Wait
from controller.progress.traffic import RECOVERY
from controller.strategies.canary import CONFIRMATION
from tests.progress.steps import BAKED, asked, in_step, minutes, shared
from tests.support.builders import (
    FILE,
    NOON,
    OLD_IMAGE,
    a_deployment,
    a_file,
    a_group,
    a_revision,
    a_rule,
    a_slot,
    a_snapshot,
    a_view,
    terms,
)

CONFIRMED = FILE.replace("{type: rolling}", "{type: canary, steps: [{weight: 100, confirm: true}]}")


def behind(view: ServiceView, *services: str) -> ServiceView:
    assert view.rule is not None
    return replace(view, rule=replace(view.rule, behind=frozenset(services)))


def taking_over(healthy: int = 2) -> tuple[Deployment, dict[str, ServiceView]]:
    """Nothing rolls, and `web`, which the file does not name, gets the frontend's requests."""
    frontend = a_view("frontend", blue=a_slot("frontend", group=a_group("frontend", healthy=healthy)))
    views = {"backend": a_view(), "frontend": behind(frontend, "web")}
    waiting = a_deployment(revision=a_revision(image=OLD_IMAGE))
    started = started_from(waiting, views)
    return in_step("route", running=started), views


def started_from(waiting: Deployment, views: dict[str, ServiceView]) -> Deployment:
    return decide(waiting, a_snapshot(views), NOON, terms()).deployment


def test_requests_are_taken_over_from_a_service_that_the_file_does_not_name() -> None:
    outcome = asked(*taking_over())
    assert isinstance(outcome, Ask) and isinstance(outcome.action, SetRoute)
    assert outcome.text == "let /* lead to frontend instead of web"


@pytest.mark.parametrize("healthy", [0, 1])
def test_requests_are_not_taken_over_onto_too_few_targets(healthy: int) -> None:
    outcome = asked(*taking_over(healthy))
    assert isinstance(outcome, Wait) and outcome.reason.code == "targets.too_few"


def test_they_are_taken_over_when_the_picture_shows_it() -> None:
    routing, views = taking_over()
    assert routing.step is not None
    acted = routing.with_step(replace(routing.step, acted=("SetRoute frontend",)))
    assert isinstance(asked(acted, views), Ask)
    assert isinstance(asked(acted, {**views, "frontend": a_view("frontend")}), Done)


def test_it_does_not_settle_while_another_service_gets_the_requests() -> None:
    settling, views = in_step("settle"), shared(100)
    outcome = asked(settling, {**views, "frontend": behind(views["frontend"], "web")})
    assert isinstance(outcome, Foreign) and outcome.reason.code == "traffic.behind_orphan"
    assert isinstance(asked(settling, {**views, "frontend": behind(views["frontend"], "backend")}), Done)


def test_what_is_dropped_is_named_when_it_settles() -> None:
    settling = in_step("settle")
    assert settling.step is not None
    live = a_file(FILE.replace("  frontend:", "  web:"))
    outcome = look(settling.step, settling, a_snapshot(shared(100)), terms(live=live))
    assert outcome == Done("the new version is live; web is no longer named and stays until it is pruned")


def test_a_command_that_nobody_ran_is_named_when_it_settles() -> None:
    settling = in_step("settle")
    assert settling.plan is not None
    outcome = asked(replace(settling, plan=replace(settling.plan, unrun=("backend",))), shared(100))
    assert isinstance(outcome, Done) and "; the new `before` of backend is not run" in outcome.detail


def test_a_promoted_bake_still_looks_at_health_first() -> None:
    baking = in_step("bake 1m", BAKED, promoted="ada")
    sick = asked(baking, shared(100, healthy=0))
    assert isinstance(sick, Stumble) and sick.reason.code == "targets.unhealthy"
    assert isinstance(asked(baking, shared(100)), Done)


def test_a_confirmation_still_looks_at_health_first() -> None:
    waiting = in_step("confirm", CONFIRMED)
    assert isinstance(asked(waiting, shared(100)), Wait)
    said = in_step("confirm", CONFIRMED, promoted="ada")
    sick = asked(said, shared(100, healthy=0))
    assert isinstance(sick, Stumble) and sick.reason.code == "targets.unhealthy"
    assert asked(said, shared(100)) == Done("confirmed by ada")


def test_what_nobody_confirms_within_a_day_turns_back_without_blame() -> None:
    late = asked(in_step("confirm", CONFIRMED, observed=CONFIRMATION), shared(100))
    assert isinstance(late, Fail) and late.reason.code == "confirm.expired" and not late.quarantines
    said = asked(in_step("confirm", CONFIRMED, observed=CONFIRMATION, promoted="ada"), shared(100))
    assert isinstance(said, Done)


@pytest.mark.parametrize(
    ("watched", "told"),
    [(0.5, "baked 30s of 1m, promoted by ada"), (5, "baked 1m, and taken as it was by ada")],
)
def test_who_takes_a_bake_that_was_over_has_not_promoted_it(watched: float, told: str) -> None:
    outcome = asked(in_step("bake 1m", BAKED, promoted="ada", observed=minutes(watched)), shared(100))
    assert outcome == Done(told)


def test_the_time_of_a_pause_is_not_baked() -> None:
    baking = in_step("bake 1m", BAKED, observed=minutes(30), paused=minutes(29.5))
    outcome = asked(baking, shared(100))
    assert isinstance(outcome, Wait) and outcome.reason.text == "30s left to bake"


def explained(*failures: TaskFailure) -> Outcome:
    """What a bake says in which one of two tasks of the backend is healthy."""
    baking = in_step("bake 1m", BAKED, observed=minutes(10))
    sick = {**shared(100), "backend": shared(100, healthy=1)["backend"]}
    assert baking.step is not None
    return look(baking.step, baking, replace(a_snapshot(sick), failures={"backend": failures}), terms())


CRASH = TaskFailure("t", "Essential container exited", 1, "it exited with 1", counts=True)
SPOT = TaskFailure("t", "Your Spot Task was interrupted.", None, "Spot took it back", counts=False)


def test_a_bake_whose_time_is_over_waits_for_the_missing_targets_and_says_why_they_are() -> None:
    outcome = explained(SPOT, CRASH)
    assert isinstance(outcome, Stumble) and outcome.within == RECOVERY and outcome.culprits == ("backend",)
    assert outcome.reason.code == "targets.too_few" and outcome.quarantines
    assert outcome.reason.text == "backend: 1 of 2 targets are healthy; it exited with 1"


def crashed(after: float) -> TaskFailure:
    """So many minutes after the first raise."""
    return replace(CRASH, stopped_at=NOON + minutes(after))


def test_more_crashes_than_tasks_since_the_first_raise_are_a_loop() -> None:
    outcome = explained(SPOT, crashed(3), crashed(2), crashed(1))
    assert isinstance(outcome, Fail) and outcome.culprits == ("backend",) and outcome.quarantines
    assert outcome.reason.code == "tasks.crash_loop"
    assert outcome.reason.text == (
        "3 tasks of backend have stopped by themselves since it got traffic: it exited with 1"
    )


@pytest.mark.parametrize("failures", [[crashed(2), crashed(1)], [crashed(2), crashed(1), crashed(-1)], [CRASH] * 9])
def test_fewer_crashes_or_earlier_ones_are_no_loop(failures: list[TaskFailure]) -> None:
    outcome = explained(*failures)
    assert isinstance(outcome, Stumble) and outcome.reason.code == "targets.too_few"


def test_tasks_that_spot_took_back_blame_nobody() -> None:
    outcome = explained(SPOT)
    assert isinstance(outcome, Stumble) and not outcome.quarantines


def test_nothing_settles_on_too_few_healthy_targets() -> None:
    outcome = asked(in_step("settle"), shared(100, healthy=1))
    assert isinstance(outcome, Stumble) and outcome.reason.code == "targets.too_few"


def test_foreign_weights_are_told_with_those_to_put_back() -> None:
    changed = shared(100)
    changed["frontend"] = replace(changed["frontend"], rule=a_rule(30, 70, "frontend"))
    outcome = asked(in_step("bake 1m", BAKED), changed)
    assert isinstance(outcome, Foreign)
    assert "found blue 30, green 70 instead of blue 0, green 100" in outcome.reason.text


def test_a_deleted_rule_is_told_with_the_weights_it_had() -> None:
    deleted = shared(100)
    deleted["backend"] = replace(deleted["backend"], rule=None)
    outcome = asked(in_step("bake 1m", BAKED), deleted)
    assert isinstance(outcome, Foreign) and "found no rule instead of blue 0, green 100" in outcome.reason.text
