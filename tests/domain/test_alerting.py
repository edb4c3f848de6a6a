"""Whether somebody must be called about an environment, and how badly."""

from dataclasses import replace

from controller.domain.alerting import Alert, Severity, alert
from controller.domain.deployment import Deployment
from controller.domain.environment import Environment, Hold, HoldUntil
from controller.domain.reason import Reason
from tests.domain.test_telling import confirming, stuck
from tests.support.builders import NOON, a_deployment, a_running_deployment

NAME, PUBLIC = "tidegate/acme/captioncraft/dev", "https://tidegate.example"
HOLD = Hold(Reason("task.crashed", "backend crashed"), HoldUntil.PERSON, NOON, 7)


def found(*deployments: Deployment, hold: Hold | None = None) -> Alert | None:
    return alert(NAME, Environment("dev", hold=hold), deployments, PUBLIC)


def test_at_rest_and_while_it_runs_nobody_is_called() -> None:
    assert found() is None
    assert found(a_deployment(), a_running_deployment()) is None


def test_what_only_a_person_can_end_is_critical() -> None:
    told = found(a_deployment(), stuck())
    assert told is not None
    assert (told.severity, told.link) == (Severity.CRITICAL, f"{PUBLIC}/deployments/dev-2")
    assert told.summary.startswith("dev-2 needs a person: ")


def test_what_waits_to_be_confirmed_is_a_warning() -> None:
    told = found(confirming())
    assert told is not None
    assert told.severity is Severity.WARNING


def test_a_held_environment_is_an_error_and_one_that_could_not_go_home_is_critical() -> None:
    told = found(hold=HOLD)
    assert told == Alert(NAME, "dev", Severity.ERROR, "dev is held: backend crashed", f"{PUBLIC}/deployments/dev-7")
    failed = found(hold=replace(HOLD, has_failed=True))
    assert failed is not None
    assert failed.severity is Severity.CRITICAL


def test_a_deployment_that_needs_somebody_is_worse_than_a_hold() -> None:
    told = found(stuck(), hold=HOLD)
    assert told is not None
    assert told.severity is Severity.CRITICAL


def test_what_reads_the_same_has_the_same_mark() -> None:
    one, other = found(hold=HOLD), found(stuck(), hold=HOLD)
    assert one is not None
    assert other is not None
    assert one.mark == replace(one).mark != other.mark
