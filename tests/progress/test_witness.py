"""Evidence is gathered on the way home, never holds it, and is gathered at once where a person is waited for."""

from dataclasses import replace
from datetime import timedelta

from controller.decide import decide
from controller.domain.actions import RestoreRule
from controller.domain.deployment import Deployment, Phase
from controller.domain.evidence import FailureEvidence, Unread
from controller.domain.reason import Reason
from controller.domain.snapshot import Evidence, Snapshot
from controller.domain.step import StepKind, StepState, Trouble
from controller.progress.outcomes import Need
from tests.progress.steps import asked, in_step, on_its_way_home, shared
from tests.support.builders import NOON, PACE, a_snapshot, terms

AGAIN = Unread("the log", "AWS throttles", may_pass=True)
NEVER = Unread("the log", "the environment's role lacks logs:GetLogEvents")


def gathering() -> Deployment:
    """Its traffic is home."""
    home = on_its_way_home(in_step("shift 50"))
    assert home.step is not None
    return home.with_step(home.step.ended(StepState.DONE, NOON, "traffic is where it was"))


def seen(deployment: Deployment, *unread: Unread) -> Snapshot:
    assert deployment.step is not None
    found = FailureEvidence("dev-2", "dev-2", deployment.step.number, NOON, unread_alarms=unread)
    return replace(a_snapshot(shared(0)), gathered=found, has=frozenset({Evidence.FORENSICS}))


def after(deployment: Deployment, *unread: Unread) -> Deployment:
    return decide(deployment, seen(deployment, *unread), NOON, terms()).deployment


def test_traffic_is_home_before_anybody_is_asked_for_evidence() -> None:
    back = on_its_way_home(in_step("shift 50"))
    kinds = [step.kind for step in back.steps if not step.is_over]
    assert kinds.index(StepKind.HOME) < kinds.index(StepKind.EVIDENCE) < kinds.index(StepKind.RETIRE)


def test_nothing_is_done_before_it_was_gathered() -> None:
    assert isinstance(asked(gathering(), shared(0)), Need)


def test_what_was_gathered_in_another_step_is_not_taken_for_this_one() -> None:
    deployment = gathering()
    old = replace(seen(deployment), gathered=FailureEvidence("dev-2", "dev-2", 1, NOON))
    assert decide(deployment, old, NOON, terms()).needs == {Evidence.FORENSICS}


def test_it_is_written_down_once_and_the_way_goes_on() -> None:
    deployment = gathering()
    assert deployment.step is not None
    done = after(deployment)
    assert done.witnessed == (deployment.step.number,)
    assert done.step is not None and done.step.kind is StepKind.RETIRE


def test_what_never_passes_is_not_waited_for() -> None:
    done = after(gathering(), NEVER)
    assert done.witnessed and done.step is not None and done.step.kind is StepKind.RETIRE


def test_what_may_pass_is_asked_for_three_times_and_keeps_nobody_longer() -> None:
    deployment = gathering()
    for looks in range(1, 4):
        deployment = after(deployment, AGAIN)
        assert bool(deployment.witnessed) is (looks == 3), looks
        assert deployment.stuck is None


def test_a_way_home_that_is_stuck_is_witnessed_where_it_stands() -> None:
    trouble = Trouble(Reason("aws.denied", "not authorized"), times=3, permanent=True, by_action=True)
    stuck = on_its_way_home(in_step("shift 50"), trouble=trouble, observed=timedelta(minutes=1))
    picture = replace(a_snapshot(shared(50)), has=frozenset({Evidence.SERVICES, Evidence.TARGETS}))
    asks = decide(stuck, picture, NOON, terms())
    assert Evidence.FORENSICS in asks.needs and asks.action is None
    assert stuck.step is not None
    found = FailureEvidence("dev-2", "dev-2", stuck.step.number, NOON)
    goes_on = decide(stuck, replace(picture, has=asks.needs, gathered=found, elapsed=PACE), NOON, terms())
    assert goes_on.action is not None, "traffic is still tried to be sent home"
    assert goes_on.deployment.witnessed == (stuck.step.number,)
    assert goes_on.deployment.phase is Phase.ROLLING_BACK


def test_traffic_that_can_go_home_again_goes_before_anything_is_written_down() -> None:
    trouble = Trouble(Reason("home.no_healthy_target", "no healthy target"), times=3)
    stuck = on_its_way_home(in_step("shift 50"), trouble=trouble, observed=timedelta(minutes=9))
    picture = replace(a_snapshot(shared(50)), has=frozenset({Evidence.SERVICES, Evidence.TARGETS}))
    assert stuck.stuck is not None
    goes_on = decide(stuck, picture, NOON, terms())
    assert isinstance(goes_on.action, RestoreRule) and not goes_on.needs
