"""Mistakes about what scales by itself, and when it does."""

from tests.teeth.mistake import Mistake

STEPS, STAGE = "tests/progress/test_scaling.py", "tests/scenarios/test_scaling.py"

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
        right="            yield PutScaling(name, live, before, before.at(now)), f",
        wrong="            yield PutScaling(name, live, before, before.bounds), f",
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
        right="        if scaling_of(service, file.schedule) is not None:\n            continue\n",
        wrong="",
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
)
