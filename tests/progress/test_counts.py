"""Old tasks make room for new ones, and only for new ones that are well."""

import pytest

from controller.domain.actions import SetCount
from controller.domain.slot import Slot
from controller.progress.outcomes import Ask, Stumble, Wait
from tests.progress.steps import HALF, asked, in_step, shared


def test_half_of_the_old_tasks_go_and_the_action_says_for_how_much_traffic_the_rest_is_enough() -> None:
    outcome = asked(in_step("shrink 50", HALF), shared(50))
    assert isinstance(outcome, Ask) and outcome.action == SetCount("backend", Slot.BLUE, 1, share=50)


@pytest.mark.parametrize("text", [HALF, HALF.replace("count: 2", "count: 4")], ids=["none", "too few"])
def test_no_old_task_goes_while_the_new_ones_are_not_well(text: str) -> None:
    outcome = asked(in_step("shrink 50", text), shared(50, healthy=0 if text is HALF else 1))
    assert isinstance(outcome, Stumble | Wait) and outcome.reason.code.startswith("targets.")
