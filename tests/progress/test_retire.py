"""Retiring: nothing is gone because one picture shows it so, and nothing with traffic goes."""

from dataclasses import replace
from typing import Any

from controller.domain.actions import RemoveTestRule
from controller.domain.deployment import Deployment, Phase
from controller.domain.reason import Reason
from controller.progress.outcomes import Ask, Done, Wait
from controller.progress.retire import retire
from tests.progress.steps import asked, in_step, minutes, shared
from tests.support.builders import NOON, a_new_view, a_running_deployment, a_snapshot, a_view, terms

CLOSED = ("RemoveTestRule backend", "RemoveTestRule frontend")


def retiring(**of_step: Any) -> Deployment:
    """It has succeeded, and its old slots are still there."""
    done = replace(in_step("settle"), phase=Phase.RUNNING).moved(Phase.SUCCEEDED, Reason("x.y", "live"), NOON)
    return in_step("retire", running=done, observed=minutes(60), **of_step)


def test_a_test_rule_that_one_picture_does_not_show_is_closed_all_the_same() -> None:
    outcome = asked(retiring(), shared(100))
    assert isinstance(outcome, Ask) and outcome.action == RemoveTestRule("backend")


def test_what_is_new_leaves_no_old_slot() -> None:
    """Only of the services that it is about: others have had versions before."""
    seen = a_snapshot({"backend": a_new_view(), "frontend": a_view("frontend")})
    done = replace(a_running_deployment(snapshot=seen), phase=Phase.SUCCEEDED)
    step = replace(done.steps[-1], services=("backend",), acted=("RemoveTestRule backend",))
    assert retire(step, done, seen, terms()) == Done("backend is new: no old slot is left")


def test_an_old_slot_that_has_some_traffic_again_is_not_emptied() -> None:
    outcome = asked(retiring(acted=CLOSED), shared(60))
    assert isinstance(outcome, Wait) and outcome.reason.code == "slot.has_traffic"
