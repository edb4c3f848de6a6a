"""Traffic rises and is watched: what ends a bake, and what doesn't."""

from controller.progress.outcomes import Done, Stumble, Wait
from tests.progress.steps import BAKED, asked, in_step, minutes, shared


def test_a_promoted_bake_still_looks_at_health_first() -> None:
    baking = in_step("bake 1m", BAKED, promoted="ada")
    sick = asked(baking, shared(100, healthy=0))
    assert isinstance(sick, Stumble) and sick.reason.code == "targets.unhealthy"
    assert isinstance(asked(baking, shared(100)), Done)


def test_the_time_of_a_pause_is_not_baked() -> None:
    baking = in_step("bake 1m", BAKED, observed=minutes(30), paused=minutes(29.5))
    outcome = asked(baking, shared(100))
    assert isinstance(outcome, Wait) and outcome.reason.text == "30s left to bake"
