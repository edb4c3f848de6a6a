"""Mistakes about what scales by itself, and when it does."""

from tests.teeth.mistake import Mistake

STEPS, STAGE = "tests/progress/test_scaling.py", "tests/scenarios/test_scaling.py"
STRENGTH, ENOUGH = "tests/progress/test_strength.py", "tests/scenarios/test_enough.py"
ANYWAY = "tests/scenarios/test_enough_anyway.py"

MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        name="a slot is emptied while it still scales by itself",
        file="controller/progress/retire.py",
        right="    if given_up:\n        return given_up\n    if view.slots[slot].desired",
        wrong="    if view.slots[slot].desired",
        caught_by=f"{STEPS}::test_its_scaling_goes_before_its_tasks",
    ),
    Mistake(
        name="the old slot may shrink while the traffic moves",
        file="controller/domain/scaling.py",
        right="HELD = frozenset({Motion.IN, Motion.CLOCK})",
        wrong="HELD = frozenset({Motion.CLOCK})",
        caught_by=f"{STAGE}::test_no_slot_gets_smaller_while_the_traffic_moves_and_the_new_one_may_grow",
    ),
    Mistake(
        name="scaling changes hands before the success, and by night takes all tasks away",
        file="controller/plan/steps.py",
        right="""        Step(StepKind.SETTLE, every),
        *some(StepKind.SCALE, tuple(name for name in every if name in scaled)),
        Step(StepKind.RETIRE, every, wait=warm_time),
""",
        wrong="""        *some(StepKind.SCALE, tuple(name for name in every if name in scaled)),
        Step(StepKind.SETTLE, every),
        Step(StepKind.RETIRE, every, wait=warm_time),
""",
        caught_by=f"{STEPS}::test_scaling_is_suspended_before_the_first_share_and_handed_over_after_the_success",
    ),
    Mistake(
        name="turning back gives the old slot the bounds of the time when it was held",
        file="controller/progress/scaling.py",
        right="            yield PutScaling(name, live, had, had.at(now)), f",
        wrong="            yield PutScaling(name, live, had, had.bounds), f",
        caught_by=f"{STEPS}::test_a_night_that_fell_meanwhile_is_made_up_for",
    ),
    Mistake(
        name="a look that misses what scales leaves it behind",
        file="controller/adapters/aws/scaling.py",
        right="        self._target(resource)\n        request: Any = wire.about(resource)\n",
        wrong="""        if self._target(resource) is None:
            return
        request: Any = wire.about(resource)
""",
        caught_by="tests/adapters/aws/test_scaling.py::test_what_a_look_misses_is_not_left_behind",
    ),
    Mistake(
        name="the file's count is set although the service scales",
        file="controller/plan/otherwise.py",
        right="        if moving is not None:\n            bounds = moving.at(now)",
        wrong="        if moving is not None and not moving:\n            bounds = moving.at(now)",
        caught_by=f"{STAGE}::test_a_worker_that_sleeps_is_still_known_to_be_live",
    ),
    Mistake(
        name="a warm slot stays as small as it was",
        file="controller/progress/retire.py",
        right="        if ask:\n            return ask\n        left = spoken",
        wrong="        left = spoken",
        caught_by=f"{STEPS}::test_the_old_slot_follows_the_live_one_while_it_is_warm_and_never_gets_smaller",
    ),
    Mistake(
        name="other capacity never reaches a task",
        file="controller/domain/rendering.py",
        right="        capacity=str(capacity_of(service)),\n",
        wrong='        capacity="on demand",\n',
        caught_by=f"{STAGE}::test_other_capacity_arrives_with_a_roll_and_goes_with_one",
    ),
    Mistake(
        name="the last share rises onto as many tasks as the plan counted, long ago",
        file="controller/progress/traffic.py",
        right="            if lacking:\n                return lacking\n",
        wrong="",
        caught_by=f"{STRENGTH}::test_the_last_share_rises_once_the_new_slot_has_as_many_healthy_tasks_as_the_old_one",
    ),
    Mistake(
        name="an old slot that was shrunk tells how many tasks all of the traffic takes",
        file="controller/progress/strength.py",
        right="    if shrunk is None or shrunk.percent is None:\n        return count",
        wrong="    if shrunk is None or shrunk.percent is not None:\n        return count",
        caught_by=f"{STRENGTH}::test_an_old_slot_that_was_shrunk_shows_how_many_all_of_the_traffic_takes",
    ),
    Mistake(
        name="the way back to what is warm waits for its tasks for ever",
        file="controller/progress/strength.py",
        right="    is_late = deployment.is_way_back and step.observed >= REINFORCEMENT\n",
        wrong="    is_late = False\n",
        caught_by=f"{STRENGTH}::test_the_way_back_to_what_is_warm_waits_for_more_tasks_and_not_for_ever",
    ),
    Mistake(
        name="nobody wakes the old slot in the morning while its clock is held",
        file="controller/progress/strength.py",
        right="    yield sides.live, own.nearest(beside)\n",
        wrong="    yield sides.live, min(beside, own.max)\n",
        caught_by=f"{STRENGTH}::test_the_morning_comes_for_slots_that_nothing_else_wakes",
    ),
    Mistake(
        name="what waits begins before scaling is handed over",
        file="controller/choose.py",
        right="if one.is_doubled or (one.hands_over and not goes_back)]",
        wrong="if one.is_doubled]",
        caught_by=f"{ENOUGH}::test_a_long_deployment_of_another_service_keeps_nobody_from_scaling",
    ),
    Mistake(
        name="scaling that an earlier deployment was not done with stays held",
        file="controller/homeward.py",
        right=" or _was_left_unscaled(entry, deployment)\n",
        wrong="\n",
        caught_by=f"{ENOUGH}::test_scaling_that_could_not_be_handed_over_keeps_nobody_waiting_and_is_put_right",
    ),
    Mistake(
        name="a warm slot goes live on whatever it runs",
        file="controller/domain/declared.py",
        right="    return slot.content == content.digest and not is_other\n",
        wrong="    return slot.content == content.digest\n",
        caught_by=f"{ENOUGH}::test_a_warm_slot_is_taken_as_it_is_only_where_it_is_set_as_the_file_says",
    ),
    Mistake(
        name="a night that falls on the way home is overruled",
        file="controller/progress/counts.py",
        right="        count = before.at(snapshot.taken_at).nearest(count) if before else count\n",
        wrong="",
        caught_by=f"{ENOUGH}::test_a_night_that_comes_while_halves_turn_back_stays_a_night",
    ),
    Mistake(
        name="tasks are added to a picture, not to what runs",
        file="controller/adapters/aws/tasks.py",
        right='        if shown is not None and shown["desiredCount"] < action.count:\n',
        wrong="        if shown is not None:\n",
        caught_by="tests/adapters/aws/test_tasks.py::test_tasks_are_added_to_what_runs_and_never_taken_away",
    ),
    Mistake(
        name="a rollback waits until scaling is handed over",
        file="controller/choose.py",
        right="(one.hands_over and not goes_back)",
        wrong="one.hands_over",
        caught_by=f"{ANYWAY}::test_a_rollback_waits_for_no_hand_over",
    ),
    Mistake(
        name="nobody is watched while alarms can't be read",
        file="controller/progress/watch.py",
        right="    unasked = _deaf(snapshot) or _gone(snapshot)",
        wrong="    unasked = _gone(snapshot)",
        caught_by=f"{ANYWAY}::test_alarms_that_can_not_be_read_blind_nobody_and_send_it_home_in_the_end",
    ),
)
