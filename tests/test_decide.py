"""The machine: whole deployments on a world of values, cut after every pass, and single decisions at its edges."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from controller.decide import decide, needed
from controller.domain import actions
from controller.domain.deployment import Deployment, Kind, Pause, Phase
from controller.domain.environment import Environment, Hold, HoldUntil
from controller.domain.reason import Reason
from controller.domain.slot import Slot
from controller.domain.snapshot import Evidence, Rollout, TaskFailure
from controller.domain.step import StepKind, StepState, Trouble
from controller.homeward import turned_back
from controller.progress.traffic import RECOVERY
from tests.support.builders import (
    FILE,
    NEW_IMAGE,
    NOON,
    OLD_IMAGE,
    PACE,
    a_deployment,
    a_new_view,
    a_revision,
    a_rule,
    a_running_deployment,
    a_slot,
    a_snapshot,
    a_view,
    terms,
)
from tests.support.toy_world import Film, ToyWorld

BAKED = FILE.replace("strategy: {type: rolling}", "strategy: {type: blue_green, bake: 1m}").replace(
    "{hold: next_commit}", "{hold: next_commit, keep_warm: 0s}"
)
WARM = BAKED.replace("keep_warm: 0s", "keep_warm: 1m")
BY_HAND = FILE.replace("{hold: next_commit}", "{hold: next_commit, automatic: false}")


def a_film(text: str = FILE, world: ToyWorld | None = None, **changes: object) -> Film:
    return Film(world or ToyWorld(), a_deployment(revision=a_revision(text=text)), **changes)  # type: ignore[arg-type]


def live(world: ToyWorld) -> dict[str, Slot | None]:
    return {name: view.live for name, view in world.services.items()}


def names(world: ToyWorld) -> list[str]:
    return [type(action).__name__ for action in world.history]


def states(deployment: Deployment) -> dict[str, StepState]:
    return {step.title: step.state for step in deployment.steps}


def test_a_rolling_deployment_ends_with_the_new_slots_live_and_the_old_ones_empty() -> None:
    film = a_film()
    ended = film.run()
    assert ended.phase is Phase.SUCCEEDED
    assert live(film.world) == {"backend": Slot.GREEN, "frontend": Slot.GREEN}
    assert all(view.slots[Slot.BLUE].desired == 0 and view.test_rule is None for view in film.world.services.values())
    assert set(states(ended).values()) == {StepState.DONE}


def test_traffic_rises_in_the_declared_order_one_rule_at_a_time() -> None:
    film = a_film()
    film.run()
    raised = [
        (one.service, one.weights[Slot.GREEN]) for one in film.world.history if isinstance(one, actions.SetWeights)
    ]
    assert raised == [("backend", 50), ("frontend", 50), ("backend", 100), ("frontend", 100)]


@pytest.mark.parametrize("text", [FILE, BAKED, WARM], ids=["rolling", "blue_green", "keep_warm"])
@pytest.mark.parametrize("broken", [frozenset(), frozenset({"frontend"})], ids=["good", "broken"])
@pytest.mark.parametrize("loses", ["lose_record", "lose_effect", "lose_outcome"])
def test_every_pass_may_be_cut_off_and_it_still_ends_the_same(text: str, broken: frozenset[str], loses: str) -> None:
    undisturbed = a_film(text, ToyWorld(broken=broken))
    end = undisturbed.run().phase
    for cut in range(1, undisturbed.passes + 1):
        film = a_film(text, ToyWorld(broken=broken), **{loses: frozenset({cut})})
        assert film.run().phase is end, f"cut at pass {cut}"
        assert film.world.services == undisturbed.world.services, f"cut at pass {cut}"


def test_the_undo_record_is_written_before_the_first_action() -> None:
    film = a_film()
    started = film.until(Phase.RUNNING)
    assert film.world.history == []
    assert started.undo is not None and [entry.service for entry in started.undo.entries] == ["backend", "frontend"]
    assert started.undo.of("backend").rule.weights == {Slot.BLUE: 100, Slot.GREEN: 0}


def test_a_version_that_never_gets_healthy_takes_no_request_and_the_old_one_stays() -> None:
    film = a_film(world=ToyWorld(broken=frozenset({"backend"})))
    ended = film.run()
    assert ended.phase is Phase.ROLLED_BACK and ended.reason.code == "tasks.failed"
    assert "SetWeights" not in names(film.world)
    assert live(film.world) == {"backend": Slot.BLUE, "frontend": Slot.BLUE}
    assert all(view.slots[Slot.GREEN].desired == 0 for view in film.world.services.values())


def test_a_red_smoke_test_is_asked_three_times_and_then_turns_back_before_any_traffic() -> None:
    film = a_film(world=ToyWorld(red=frozenset({"frontend"})))
    ended = film.run()
    patient = [
        one for one in film.decisions if one.reason.code == "smoke.red" and one.deployment.phase is Phase.RUNNING
    ]
    assert ended.phase is Phase.ROLLED_BACK and ended.turning.culprits == ("frontend",)
    assert len(patient) == 2 and "SetWeights" not in names(film.world)


def test_a_failed_verification_brings_all_rules_home_in_reverse_order() -> None:
    film = a_film(world=ToyWorld(unverified=True))
    ended = film.run()
    restored = [action.service for action in film.world.history if isinstance(action, actions.RestoreRule)]
    assert ended.phase is Phase.ROLLED_BACK and restored == ["frontend", "backend"]
    assert states(ended)["shift 100"] is StepState.UNDONE
    assert states(ended)["verify"] is StepState.FAILED and states(ended)["settle"] is StepState.SKIPPED


def test_turning_back_moves_traffic_before_tasks() -> None:
    film = a_film(world=ToyWorld(unverified=True))
    film.run()
    back = names(film.world)[names(film.world).index("RestoreRule") :]
    assert back.index("EmptySlot") > max(index for index, name in enumerate(back) if name == "RestoreRule")


def test_where_everything_is_new_failing_leaves_no_rule_behind() -> None:
    new = {name: a_new_view(name) for name in ("backend", "frontend")}
    film = a_film(world=ToyWorld(services=new, unverified=True))
    assert film.run().phase is Phase.FAILED
    assert all(view.rule is None and view.test_rule is None for view in film.world.services.values())


def test_a_new_service_gets_its_rule_at_once_and_whole() -> None:
    new = {name: a_new_view(name) for name in ("backend", "frontend")}
    film = a_film(world=ToyWorld(services=new))
    film.run()
    shares = [action.weights for action in film.world.history if isinstance(action, actions.SetWeights)]
    assert shares == [{Slot.BLUE: 100, Slot.GREEN: 0}] * 2


def test_nothing_to_roll_succeeds_at_once_without_steps() -> None:
    decision = decide(a_deployment(revision=a_revision(image=OLD_IMAGE)), a_snapshot(), NOON, terms())
    assert decision.deployment.phase is Phase.SUCCEEDED and decision.deployment.steps == ()
    assert decision.reason.code == "plan.nothing_rolls" and decision.action is None


def test_an_unsealed_revision_waits_and_says_for_which_image() -> None:
    resolved = replace(terms().resolved, missing={"backend": "backend: waiting for the image captioncraft-backend:x"})
    decision = decide(a_deployment(revision=a_revision(image=None)), a_snapshot(), NOON, terms(resolved=resolved))
    assert decision.reason == Reason("image.missing", "backend: waiting for the image captioncraft-backend:x")
    assert decision.deployment.phase is Phase.WAITING and decision.look_again_in is not None


def test_what_this_version_cannot_do_holds() -> None:
    """A service with a route can't become one without in place."""
    backend, frontend = FILE.split("  frontend:")
    worker = re.sub(r"    (route|health|smoke|deregistration_delay): .*\n", "", backend)
    live = a_revision(text=f"{worker}  frontend:{frontend}").file
    decision = decide(a_deployment(), a_snapshot(), NOON, terms(live=live))
    assert decision.reason.code == "gate.not_built" and "services.backend.route" in decision.reason.text


def test_split_traffic_without_a_deployment_asks_for_a_person() -> None:
    split = a_snapshot({"backend": a_view(rule=a_rule(70, 30)), "frontend": a_view("frontend")})
    decision = decide(a_deployment(), split, NOON, terms())
    assert decision.reason.code == "traffic.split" and decision.deployment.phase is Phase.WAITING


def test_a_hold_for_a_person_holds_later_commits_too() -> None:
    hold = Hold(Reason("smoke.red", "the smoke test failed"), HoldUntil.PERSON, NOON, 1)
    decision = decide(a_deployment(), a_snapshot(), NOON, terms(Environment("dev", hold=hold)))
    assert decision.reason.code == "environment.held" and "tidegate unhold dev" in decision.reason.text


def test_a_hold_until_the_next_commit_lets_the_next_one_in() -> None:
    hold = Hold(Reason("smoke.red", "the smoke test failed"), HoldUntil.NEXT_COMMIT, NOON, 1)
    decision = decide(a_deployment(), a_snapshot(), NOON, terms(Environment("dev", hold=hold)))
    assert decision.deployment.phase is Phase.RUNNING


def test_nothing_is_decided_without_the_evidence_for_it() -> None:
    running = a_running_deployment()
    decision = decide(running, replace(a_snapshot(), has=frozenset()), NOON, terms())
    assert decision.needs == {Evidence.DEFINITIONS} and decision.action is None
    assert needed(running) == {Evidence.DEFINITIONS}


def until_step(film: Film, kind: StepKind) -> Deployment:
    while film.deployment.step is None or film.deployment.step.kind is not kind:
        film._pass()
    return film.deployment


def test_a_foreign_hand_on_the_weights_pauses_a_running_deployment_and_is_not_fought() -> None:
    film = a_film()
    until_step(film, StepKind.SHIFT)
    film.world.services["backend"] = replace(film.world.services["backend"], rule=a_rule(20, 80))
    done = len(film.world.history)
    for _ in range(20):
        film._pass()
    assert film.deployment.pause.reason.code == "traffic.foreign_change" and film.deployment.phase is Phase.RUNNING
    assert len(film.world.history) == done


def test_a_pause_that_nobody_ends_turns_back_without_blaming_the_content() -> None:
    film = a_film()
    until_step(film, StepKind.SHIFT)
    film.world.services["backend"] = replace(film.world.services["backend"], rule=a_rule(20, 80))
    film.until(Phase.ROLLING_BACK, most=1000)
    assert film.deployment.reason.code == "pause.expired" and not film.deployment.turning.quarantines


def test_targets_that_die_during_the_bake_turn_it_back() -> None:
    film = a_film(BAKED)
    until_step(film, StepKind.BAKE)
    film.world._slot(
        "backend", Slot.GREEN, group=replace(film.world.services["backend"].slots[Slot.GREEN].group, healthy=0)
    )
    film.until(Phase.ROLLING_BACK)
    assert film.deployment.reason.code == "targets.unhealthy" and film.deployment.turning.culprits == ("backend",)


def test_one_old_picture_of_the_weights_is_not_believed() -> None:
    film = a_film()
    while film.deployment.step is None or film.deployment.step.title != "shift 100":
        film._pass()
    now = film.world.services["backend"]
    film.world.services["backend"] = replace(now, rule=a_rule(100, 0))
    film._pass()
    assert film.decisions[-1].reason.code == "traffic.foreign_change" and film.deployment.phase is Phase.RUNNING
    film.world.services["backend"] = now
    assert film.run().phase is Phase.SUCCEEDED


def test_bad_looks_count_only_in_a_row() -> None:
    film = a_film(BAKED)
    until_step(film, StepKind.BAKE)
    well = film.world.services["backend"].slots[Slot.GREEN].group
    for _ in range(4):
        for healthy in (0, 0, 2):
            film.world._slot("backend", Slot.GREEN, group=replace(well, healthy=healthy))
            film._pass()
    assert film.deployment.phase in {Phase.RUNNING, Phase.SUCCEEDED}


def test_traffic_does_not_rise_onto_too_few_healthy_targets() -> None:
    film = a_film()
    until_step(film, StepKind.SHIFT)
    group = film.world.services["backend"].slots[Slot.GREEN].group
    film.world._slot("backend", Slot.GREEN, group=replace(group, healthy=1))
    before = len(film.world.history)
    film._pass()
    assert film.decisions[-1].reason.code == "targets.too_few" and len(film.world.history) == before


def with_healthy(film: Film, healthy: int) -> Film:
    group = film.world.services["backend"].slots[Slot.GREEN].group
    film.world._slot("backend", Slot.GREEN, group=replace(group, healthy=healthy))
    return film


def test_a_bake_with_too_few_healthy_targets_lasts_longer_and_then_fails() -> None:
    film = a_film(BAKED)
    until_step(film, StepKind.BAKE)
    began = film.passes
    with_healthy(film, 1).until(Phase.ROLLING_BACK)
    assert film.deployment.reason.code == "targets.too_few" and film.deployment.turning.culprits == ("backend",)
    assert RECOVERY <= (film.passes - began) * PACE <= RECOVERY + timedelta(minutes=1)


def test_a_task_that_is_replaced_in_time_turns_nothing_back() -> None:
    film = a_film(BAKED)
    until_step(film, StepKind.BAKE)
    with_healthy(film, 1)
    for _ in range(timedelta(minutes=4) // PACE):
        film._pass()
    assert film.deployment.step.kind is StepKind.BAKE
    assert with_healthy(film, 2).run().phase is Phase.SUCCEEDED


def test_looking_wrong_in_one_way_and_in_another_is_looking_wrong() -> None:
    """Tasks that crash and come again: now one is healthy, now none."""
    film = a_film(BAKED)
    until_step(film, StepKind.BAKE)
    for turn in range(2 * (RECOVERY // PACE)):
        with_healthy(film, turn % 2)._pass()
    assert film.deployment.phase is not Phase.RUNNING and film.deployment.reason.code.startswith("targets.")


def test_a_step_that_failed_stays_the_one_that_failed_when_its_traffic_is_home() -> None:
    film = a_film()
    until_step(film, StepKind.SHIFT)
    failing = film.deployment.with_step(film.deployment.step.started(NOON))
    film.deployment = turned_back(failing, Reason("step.deadline", "too slow"), NOON)
    states = {step.title: step for step in film.run().steps}
    assert states["shift 50"].state is StepState.FAILED and "is taken back" in states["shift 50"].detail
    assert states["shift 100"].state is StepState.SKIPPED


def test_a_bake_counts_only_the_time_that_was_watched() -> None:
    film = a_film(BAKED)
    baking = until_step(film, StepKind.BAKE)
    evidence = frozenset(Evidence)
    a_minute_less = decide(baking, film.world.snapshot(evidence, timedelta(seconds=50)), NOON, terms())
    later = decide(
        a_minute_less.deployment, film.world.snapshot(evidence, timedelta(0)), NOON + timedelta(days=1), terms()
    )
    assert later.reason.code == "bake.running", "a day on the wall clock is no minute of watching"


def test_a_step_that_takes_too_long_has_failed() -> None:
    film = a_film()
    warming = until_step(film, StepKind.WARM)
    slow = ToyWorld(definitions=film.world.definitions)
    old = replace(
        warming,
        steps=tuple(
            replace(step, observed=timedelta(minutes=21)) if step.kind is StepKind.WARM else step
            for step in warming.steps
        ),
    )
    view = slow.services["backend"]
    waiting = replace(
        view.slots[Slot.GREEN],
        exists=True,
        desired=0,
        running=1,
    )
    slow.services["backend"] = replace(view, slots={**view.slots, Slot.GREEN: waiting})
    decision = decide(old, slow.snapshot(frozenset(Evidence)), NOON, terms())
    assert decision.reason.code == "step.deadline" and decision.deployment.phase is Phase.ROLLING_BACK


def test_a_call_that_is_denied_again_and_again_ends_the_step_with_its_own_reason() -> None:
    film = a_film()
    warming = until_step(film, StepKind.WARM)
    denied = Trouble(Reason("aws.denied", "ecs:CreateService is denied; allow it"), times=3, permanent=True)
    stuck = warming.with_step(replace(warming.step, trouble=denied))
    decision = decide(stuck, film.world.snapshot(frozenset(Evidence)), NOON, terms())
    assert decision.reason.code == "aws.denied" and decision.deployment.phase is Phase.ROLLING_BACK
    assert not decision.deployment.turning.quarantines


def test_capacity_that_is_missing_does_not_blame_the_content() -> None:
    film = a_film(world=ToyWorld(broken=frozenset({"backend"})))
    until_step(film, StepKind.WARM)
    while film.world.services["backend"].slots[Slot.GREEN].rollout is not Rollout.FAILED:
        film._pass()
    lost = TaskFailure("t", "Capacity is unavailable at this time", None, "Fargate has no capacity", counts=False)
    picture = replace(film.world.snapshot(frozenset(Evidence)), failures={"backend": (lost,)})
    decision = decide(film.deployment, picture, NOON, terms())
    assert decision.reason.code == "tasks.no_capacity" and not decision.deployment.turning.quarantines


def test_where_turning_back_is_left_to_people_a_failure_only_waits_and_says_how() -> None:
    film = a_film(BY_HAND, ToyWorld(unverified=True))
    until_step(film, StepKind.VERIFY)
    for _ in range(4):
        film._pass()
    assert film.deployment.phase is Phase.RUNNING and film.deployment.reason.code == "verify.red"
    assert "tidegate abort dev-2" in film.deployment.reason.text


def test_it_never_goes_home_to_a_slot_without_a_healthy_target() -> None:
    film = a_film(BAKED)
    baking = until_step(film, StepKind.BAKE)
    film.deployment = turned_back(baking, Reason("order.aborted", "ada aborted it"), NOON, aborted=True)
    group = film.world.services["frontend"].slots[Slot.BLUE].group
    film.world._slot("frontend", Slot.BLUE, group=replace(group, healthy=0))
    film._pass()
    assert film.decisions[-1].action.service == "backend"
    film._pass()
    assert film.decisions[-1].action is None and film.decisions[-1].reason.code == "home.no_healthy_target"
    film.world._slot("frontend", Slot.BLUE, group=group)
    assert film.run().phase is Phase.ABORTED


def test_the_old_slot_stays_warm_as_long_as_the_file_says() -> None:
    film = a_film(WARM)
    film.until(Phase.SUCCEEDED)
    while "RemoveTestRule" not in names(film.world):
        film._pass()
    waited = timedelta(0)
    while "EmptySlot" not in names(film.world)[names(film.world).index("RemoveTestRule") :]:
        film._pass()
        waited += PACE
    assert waited >= timedelta(minutes=1)


def test_a_slot_that_somebody_gave_traffic_is_not_retired() -> None:
    film = a_film(WARM)
    film.until(Phase.SUCCEEDED)
    film.world.services["backend"] = replace(film.world.services["backend"], rule=a_rule(100, 0))
    for _ in range(200):
        film._pass()
    assert film.decisions[-1].reason.code == "traffic.foreign_change" and not film.decisions[-1].adopts
    assert film.world.services["backend"].slots[Slot.BLUE].desired == 2


def sent_back(film: Film) -> Film:
    """It has succeeded, and somebody sent all of the traffic to the version before, which is still warm."""
    film.until(Phase.SUCCEEDED)
    for name in ("backend", "frontend"):
        film.world.services[name] = replace(film.world.services[name], rule=a_rule(100, 0, name))
    return film


def test_traffic_that_somebody_sent_back_whole_to_the_warm_version_is_adopted_after_three_looks() -> None:
    film = sent_back(a_film(WARM))
    film.terms = terms(moved_last=film.deployment.number)
    while not film.decisions[-1].adopts:
        film._pass()
    assert [decision.reason.code for decision in film.decisions[-3:]] == ["traffic.adopted"] * 3
    assert {film.world.services[name].slots[Slot.BLUE].desired for name in ("backend", "frontend")} == {2}


@pytest.mark.parametrize("is_way_back", [False, True])
def test_a_way_back_by_hand_is_adopted_only_of_what_moved_last_and_never_of_a_rollback(is_way_back: bool) -> None:
    film = sent_back(a_film(WARM))
    number = film.deployment.number
    if is_way_back:
        film.deployment = replace(film.deployment, kind=Kind.ROLLBACK)
    film.terms = terms(moved_last=number if is_way_back else number + 1)
    for _ in range(200):
        film._pass()
    assert film.decisions[-1].reason.code == "traffic.foreign_change" and not film.decisions[-1].adopts
    assert film.world.services["backend"].slots[Slot.BLUE].desired == 2


def test_a_deployment_that_turns_back_can_not_turn_back_again() -> None:
    running = a_running_deployment()
    back = turned_back(running, Reason("smoke.red", "red"), NOON)
    with pytest.raises(AssertionError, match="only a running one turns back"):
        turned_back(back, Reason("smoke.red", "red"), NOON)


def test_phases_move_only_as_the_table_says() -> None:
    with pytest.raises(AssertionError, match="may not become"):
        a_deployment().moved(Phase.ROLLED_BACK, Reason("x", "x"), NOON)


def test_a_restored_deployment_goes_home_while_the_world_is_as_it_left_it() -> None:
    """Its rows may be older than what it did: the traffic that it moved afterwards comes home as well."""
    film = a_film(BAKED)
    rows = until_step(film, StepKind.WARM)
    until_step(film, StepKind.BAKE)
    film.deployment = replace(rows, restored=True)
    assert film.run().phase is Phase.ABORTED
    assert film.world.services["backend"].rule.weights == {Slot.BLUE: 100, Slot.GREEN: 0}
    assert film.world.services["backend"].slots[Slot.GREEN].desired == 0


def test_a_restored_deployment_ends_where_it_stands_when_the_world_has_gone_on() -> None:
    film = a_film(BAKED)
    rows = until_step(film, StepKind.BAKE)
    film.run()
    done = len(film.world.history)
    film.deployment = replace(rows, restored=True)
    assert film.run().phase is Phase.ABORTED and film.deployment.reason.code == "restore.ended"
    assert len(film.world.history) == done and film.deployment.step is None


def test_what_nobody_looks_after_is_cleared_away_first() -> None:
    services = {"backend": a_view(), "frontend": a_view("frontend", green=a_slot("frontend", image=NEW_IMAGE))}
    world = ToyWorld(services=services)
    film = Film(world, a_deployment(revision=a_revision(image=OLD_IMAGE)))
    assert film.run().phase is Phase.SUCCEEDED
    assert [step.title for step in film.deployment.steps] == ["retire", "settle"]
    assert world.services["frontend"].slots[Slot.GREEN].desired == 0
    assert world.services["frontend"].slots[Slot.BLUE].desired == 2


def test_what_an_earlier_deployment_keeps_warm_is_not_cleared_away() -> None:
    services = {"backend": a_view(), "frontend": a_view("frontend", green=a_slot("frontend", image=NEW_IMAGE))}
    film = Film(ToyWorld(services=services), a_deployment(revision=a_revision(image=OLD_IMAGE)))
    film.terms = terms(kept=frozenset({"frontend"}))
    assert film.run().reason.code == "plan.nothing_rolls"


def paused(film: Film) -> Film:
    film.deployment = replace(
        film.deployment, pause=Pause("ada", Reason("order.paused", "let me look"), NOON, timedelta(hours=1))
    )
    return film


def test_nothing_rises_while_it_is_paused_in_the_middle_of_a_shift() -> None:
    film = a_film()
    until_step(film, StepKind.SHIFT)
    while names(film.world)[-1] != "SetWeights":
        film._pass()
    paused(film)
    for _ in range(20):
        film._pass()
    assert film.decisions[-1].reason.code == "deployment.paused" and names(film.world).count("SetWeights") == 1
    film.deployment = replace(film.deployment, pause=None)
    assert film.run().phase is Phase.SUCCEEDED


def test_what_fails_while_it_is_paused_turns_back() -> None:
    film = a_film(BAKED)
    until_step(film, StepKind.BAKE)
    group = film.world.services["backend"].slots[Slot.GREEN].group
    film.world._slot("backend", Slot.GREEN, group=replace(group, healthy=0))
    paused(film).until(Phase.ROLLING_BACK, most=film.passes + 5)
    assert film.deployment.reason.code == "targets.unhealthy"


def test_tasks_that_no_rule_leads_to_are_not_taken_for_a_new_service() -> None:
    cut_off = a_snapshot({"backend": a_view(rule=None), "frontend": a_view("frontend")})
    decision = decide(a_deployment(), cut_off, NOON, terms())
    assert decision.reason.code == "traffic.rule_missing" and decision.deployment.phase is Phase.WAITING


def test_what_is_left_of_a_service_that_is_not_live_is_in_nobody_s_way() -> None:
    """Its removal was aborted, and the file names it again."""
    left = a_view("frontend", green=a_slot("frontend"), rule=None)
    film = a_film(world=ToyWorld(services={"backend": a_view(), "frontend": left}))
    film.terms = terms(live=a_revision(text=FILE.split("  frontend:")[0]).file)
    assert film.run().phase is Phase.SUCCEEDED
    frontend = film.world.services["frontend"]
    assert sum(slot.desired for slot in frontend.slots.values()) == 2 and frontend.slots[frontend.live].desired == 2


def test_traffic_that_would_rise_on_the_way_home_is_a_bug_that_stops_the_pass() -> None:
    film = a_film()
    rising = until_step(film, StepKind.SHIFT)
    lost = replace(rising, phase=Phase.ROLLING_BACK)
    with pytest.raises(AssertionError, match="traffic rises only while it runs"):
        decide(lost, film.world.snapshot(frozenset(Evidence)), NOON, terms())
