"""Switches are renewed at every look of whoever watches; what they did is told from what somebody else did."""

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.decide import decide
from controller.decision import Decision
from controller.domain.actions import ArmSwitch, DisarmSwitch
from controller.domain.deployment import Deployment, Pause, Phase
from controller.domain.reason import Reason
from controller.domain.snapshot import Evidence, ServiceView, Snapshot
from controller.domain.switch import ArmedSwitch
from tests.progress.steps import BAKED, in_step, shared
from tests.support.builders import NOON, a_deployment, a_foundation, a_revision, a_rule, a_snapshot, terms

ROLE = a_foundation(switch_role="arn:aws:iam::123456789012:role/captioncraft-dev-switch")
FRESH, OLD = timedelta(minutes=14), timedelta(minutes=7)
SERVICES = ("backend", "frontend")


def guarded(title: str, text: str = BAKED, **of_step: object) -> Deployment:
    """In the step of this title, with a switch for each rule."""
    waiting = a_deployment(revision=a_revision(text=text))
    started = decide(waiting, a_snapshot(), NOON, terms(foundation=ROLE)).deployment
    assert started.guarded == SERVICES
    return in_step(title, running=started, **of_step)


def armed(deployment: Deployment, left: timedelta, services: tuple[str, ...] = SERVICES) -> dict[str, ArmedSwitch]:
    """Each as it was made, with so much of its 15 minutes left."""
    assert deployment.undo is not None
    rules = {name: deployment.undo.of(name).rule for name in services}
    return {
        name: ArmedSwitch(NOON + left, rule.arn, rule.actions, rule.conditions, is_enabled=True)
        for name, rule in rules.items()
        if rule is not None
    }


def looked(deployment: Deployment, views: dict[str, ServiceView], switches: dict[str, ArmedSwitch]) -> Decision:
    return decide(deployment, picture(views, switches), NOON, terms(foundation=ROLE))


def picture(views: dict[str, ServiceView], switches: dict[str, ArmedSwitch]) -> Snapshot:
    return a_snapshot(views, switches=switches)


def at_home() -> dict[str, ServiceView]:
    """All of the traffic on the old version, and the new one as healthy as before."""
    return {name: replace(view, rule=a_rule(service=name)) for name, view in shared(100).items()}


@pytest.mark.parametrize(
    ("views", "code"),
    [
        (shared(100, healthy=1), "targets.too_few"),
        (shared(100, healthy=0), "targets.unhealthy"),
        (shared(30), "traffic.foreign_change"),
    ],
)
def test_what_is_counted_is_counted_on_while_its_switches_are_renewed(views: dict[str, ServiceView], code: str) -> None:
    deployment = guarded("bake 1m")
    decision = looked(deployment, views, armed(deployment, OLD))
    assert isinstance(decision.action, ArmSwitch) and decision.reason.code == code
    assert decision.purpose == "let backend come home by itself, unless this is renewed"
    step = decision.deployment.step
    assert step is not None and step.trouble is not None and step.trouble.reason.code == code


def test_nothing_is_renewed_before_half_of_its_time_is_over() -> None:
    deployment = guarded("bake 1m")
    assert looked(deployment, shared(100, healthy=1), armed(deployment, FRESH)).action is None


def test_who_turns_back_renews_nothing() -> None:
    deployment = guarded("bake 1m", observed=timedelta(0))
    deployment = replace(deployment, pause=Pause("ada", Reason("order.paused", "so"), NOON, timedelta(0)))
    decision = looked(deployment, shared(100), armed(deployment, OLD))
    assert decision.deployment.phase is Phase.ROLLING_BACK and decision.action is None


def test_what_a_look_needs_comes_beside_what_it_had() -> None:
    deployment = guarded("bake 1m")
    seen = frozenset({Evidence.SERVICES, Evidence.TARGETS, Evidence.SWITCHES})
    short = replace(picture(shared(100, healthy=1), armed(deployment, FRESH)), has=seen)
    assert decide(deployment, short, NOON, terms(foundation=ROLE)).needs == seen | {Evidence.FAILURES}


@pytest.mark.parametrize("title", ["bake 1m", "verify", "disarm"])
def test_a_switch_that_has_fired_is_told_in_every_step_and_not_made_anew(title: str) -> None:
    deployment = guarded(title)
    views = {**shared(100), "frontend": at_home()["frontend"]}
    for _ in range(3):
        decision = looked(deployment, views, armed(deployment, OLD, ("backend",)))
        assert not isinstance(decision.action, DisarmSwitch)
        assert decision.action is None or decision.action.service == "backend"
        deployment = decision.deployment
    assert (deployment.phase, deployment.reason.code) == (Phase.ROLLING_BACK, "switch.fired")
    assert "the traffic of frontend home" in deployment.reason.text


def test_traffic_that_goes_home_while_its_switch_is_there_is_somebody_s_doing() -> None:
    deployment = guarded("disarm")
    decision = looked(deployment, at_home(), armed(deployment, FRESH))
    assert decision.reason.code == "traffic.foreign_change"


def test_one_that_was_deleted_before_anything_rose_is_made_anew() -> None:
    decision = looked(guarded("shift 100"), at_home(), {})
    assert isinstance(decision.action, ArmSwitch) and decision.reason.text == decision.purpose


def test_one_that_can_not_be_disarmed_is_renewed_and_one_that_was_asked_to_go_is_not() -> None:
    deployment = guarded("disarm", acted=("DisarmSwitch backend",))
    decision = looked(deployment, shared(100), armed(deployment, OLD))
    assert isinstance(decision.action, ArmSwitch) and decision.action.service == "frontend"
    decision = looked(deployment, shared(100), armed(deployment, FRESH))
    assert isinstance(decision.action, DisarmSwitch) and decision.action.service == "backend"


def test_a_version_is_watched_until_its_last_switch_is_gone() -> None:
    deployment = guarded("disarm")
    for _ in range(3):
        deployment = looked(deployment, shared(100, healthy=0), armed(deployment, FRESH)).deployment
    assert (deployment.phase, deployment.reason.code) == (Phase.ROLLING_BACK, "targets.unhealthy")
