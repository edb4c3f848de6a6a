"""What needs somebody, whom it waits for, what is frozen: of all environments, worst first."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from controller.domain.bindings import Binding
from controller.domain.deployment import Deployment, Pause, Phase
from controller.domain.drift import Difference, Drift, Drifted
from controller.domain.environment import Environment, Hold, HoldUntil
from controller.domain.glance import Need, Urgency, glance
from controller.domain.orders import OrderKind
from controller.domain.overview import Overview
from controller.domain.people import Person
from controller.domain.reason import Reason
from controller.domain.sighting import Sighting
from controller.domain.slot import Slot
from controller.domain.step import StepKind, StepState, Trouble
from controller.domain.verdict import Answer, Judged
from tests.support.asked import DIGEST, OTHER_DIGEST, a_vote, asked_deployment
from tests.support.builders import (
    FILE,
    NOON,
    a_binding,
    a_deployment,
    a_group,
    a_revision,
    a_rule,
    a_running_deployment,
    a_slot,
    a_view,
)

RED = Reason("smoke.red", "the smoke test failed")
HOLD = Hold(RED, HoldUntil.PERSON, NOON, 2)
LATER = NOON + timedelta(hours=1)
BOUND: Mapping[str, Binding] = {"dev": a_binding(), "prod": a_binding("prod", "main")}


def an_overview(name: str = "dev", *moving: Deployment, **changes: object) -> Overview:
    environment = replace(Environment(name), **{k: v for k, v in changes.items() if k != "services"})  # type: ignore[arg-type]
    services = changes.get("services", {"backend": a_view()})
    return Overview(environment, None, moving, Sighting(name, services, NOON), None)  # type: ignore[arg-type]


def needs(*overviews: Overview) -> tuple[Need, ...]:
    return glance(overviews, BOUND, LATER).needs


def only(*overviews: Overview) -> Need:
    (found,) = needs(*overviews)
    return found


def turning_back(**changes: object) -> Deployment:
    return replace(a_running_deployment(), phase=Phase.ROLLING_BACK, reason=RED, **changes)


def test_what_is_well_needs_nobody() -> None:
    seen = glance([an_overview()], BOUND, LATER)
    assert (seen.needs, seen.asks, seen.freezes, seen.throttled, seen.failing) == ((), (), (), (), ())
    assert needs(an_overview("dev", a_running_deployment())) == ()


def test_what_is_wrong_says_since_when_why_who_clears_it_and_which_order_does() -> None:
    need = only(an_overview(hold=HOLD))
    assert (need.urgency, need.environment, need.what) == (Urgency.HELD, "dev", "Held since dev-2 turned back")
    assert (need.reason, need.since, need.order) == (RED, NOON, OrderKind.UNHOLD)
    assert "`tidegate unhold dev`" in need.clears


@pytest.mark.parametrize(
    ("overview", "urgency", "order"),
    [
        (an_overview("dev", turning_back()), Urgency.STUCK, None),
        (an_overview(trouble=Reason("aws.denied", "it may not")), Urgency.BLIND, None),
        (
            an_overview("dev", replace(a_running_deployment(), pause=Pause("ada", RED, NOON, timedelta(hours=1)))),
            Urgency.LEFT,
            OrderKind.RESUME,
        ),
        (an_overview(services={"backend": a_view(blue=a_slot(group=a_group(healthy=1)))}), Urgency.SHORT, None),
        (an_overview(hold=HOLD), Urgency.HELD, OrderKind.UNHOLD),
        (an_overview(problem=Reason("file.invalid", "line 3")), Urgency.UNTAKEN, None),
        (
            an_overview("dev", a_deployment(gates=(Judged("checks", Answer.UNKNOWN, RED),))),
            Urgency.UNKNOWN,
            None,
        ),
        (
            an_overview(drift=Drifted((Drift(Difference("backend", "rule", "path", "/a", "/b"), NOON),))),
            Urgency.DRIFTED,
            None,
        ),
    ],
)
def test_each_kind_of_need_has_its_urgency_and_its_order(
    overview: Overview, urgency: Urgency, order: OrderKind | None
) -> None:
    need = only(overview)
    assert (need.urgency, need.order) == (urgency, order) and need.clears and need.what


def test_one_that_can_not_get_home_is_to_be_aborted_and_one_left_to_a_person_too() -> None:
    back = turning_back()
    assert back.step is not None
    lasting = Trouble(RED, times=99, permanent=True)
    stuck = back.with_step(replace(back.step, state=StepState.RUNNING, trouble=lasting))
    need = only(an_overview("dev", stuck))
    assert (need.what, need.order, need.urgency) == ("dev-2 can't turn back", OrderKind.ABORT, Urgency.STUCK)
    running = a_running_deployment()
    assert running.step is not None
    left = replace(running.with_step(replace(running.step, detail=RED.text)), reason=RED)
    assert (only(an_overview("dev", left)).what, only(an_overview("dev", left)).order) == (
        "dev-2 needs a person",
        OrderKind.ABORT,
    )


def test_traffic_that_somebody_has_split_is_among_the_worst() -> None:
    split = replace(a_view(), rule=replace(a_rule(), weights={Slot.BLUE: 50, Slot.GREEN: 50}))
    found = {need.reason.code: need.urgency for need in needs(an_overview(services={"backend": split}))}
    assert found["traffic.split"] is Urgency.STUCK


def test_the_worst_comes_first_and_of_equals_what_has_lasted_longest() -> None:
    late = replace(HOLD, since=NOON + timedelta(minutes=5))
    problem = Reason("file.invalid", "line 3")
    found = needs(an_overview("a", problem=problem), an_overview("b", hold=late), an_overview("c", hold=HOLD))
    assert [need.environment for need in found] == ["c", "b", "a"]
    assert glance([an_overview("a", problem=problem), an_overview("c", hold=HOLD)], BOUND, LATER).failing == ("c",)


def test_an_approval_says_the_plan_how_many_have_answered_who_may_and_until_when() -> None:
    votes = [a_vote(Person(7, "ann")), a_vote(Person(7, "ann")), a_vote(Person(8, "bo"), digest=OTHER_DIGEST)]
    (ask,) = glance([an_overview("prod", asked_deployment(votes=votes))], BOUND, LATER).asks
    assert (ask.given, ask.count, ask.whom) == (1, 2, "abel, ann")
    assert ask.plan.startswith("rolls backend, frontend in ") and ask.digest == DIGEST.removeprefix("sha256:")[:12]
    assert (ask.since, ask.until) == (NOON, NOON + timedelta(hours=24))
    named = FILE.replace("verify:", "gates: {approval: {count: 1, reviewers: [ann, bo, cy, di]}}\nverify:")
    asked = asked_deployment(could=None)
    asked = replace(asked, revision=replace(asked.revision, text=named))
    (ask,) = glance([an_overview("prod", asked)], BOUND, LATER).asks
    assert (ask.whom, ask.count) == ("ann, bo, cy, di (by the file: who may can't be told now)", 1)


def test_of_very_many_who_may_approve_ten_are_named() -> None:
    many = [Person(number, f"p{number}") for number in range(12)]
    (ask,) = glance([an_overview("prod", asked_deployment(could=many))], BOUND, LATER).asks
    assert ask.whom == "p0, p1, p2, p3, p4, p5, p6, p7, p8, p9 and 2 more"
    (ask,) = glance([an_overview("prod", asked_deployment(could=()))], BOUND, LATER).asks
    assert ask.whom == "nobody: too few people may approve it"


def test_the_operator_s_minimum_counts_too() -> None:
    least = BOUND["prod"].minimum.model_validate({"approval": {"count": 3}})
    bound = {"prod": replace(BOUND["prod"], minimum=least)}
    (ask,) = glance([an_overview("prod", asked_deployment())], bound, LATER).asks
    assert ask.count == 3


def test_a_step_that_is_to_be_confirmed_asks_an_operator_and_is_no_failure() -> None:
    running = a_running_deployment()
    assert running.step is not None
    step = replace(running.step, kind=StepKind.CONFIRM, wait=timedelta(hours=24)).started(NOON)
    seen = glance([an_overview("dev", running.with_step(step))], BOUND, LATER)
    (ask,) = seen.asks
    assert ask.is_confirmation and (ask.whom, ask.until) == ("an operator", NOON + timedelta(hours=24))
    assert seen.needs == () and seen.failing == ()


def test_a_freeze_is_told_until_it_is_over_also_that_of_what_waits() -> None:
    frozen = FILE.replace(
        "verify:",
        'gates: {window: {freeze: [{from: "2026-11-20 00:00", until: "2026-11-24 00:00", reason: the sale}]}}\nverify:',
    )
    waiting = a_deployment(revision=a_revision(text=frozen))
    (found,) = glance([an_overview("dev", waiting)], BOUND, LATER).freezes
    assert (found.environment, found.reason, found.until.day) == ("dev", "the sale", 24)
    assert glance([an_overview("dev", waiting)], BOUND, LATER + timedelta(days=3)).freezes == ()


def test_throttling_is_seen_in_a_pass_and_in_a_step() -> None:
    throttled = Reason("aws.throttled", "ECS throttles")
    running = a_running_deployment()
    assert running.step is not None
    step = running.with_step(replace(running.step, trouble=Trouble(throttled, 1)))
    found = glance([an_overview("a", trouble=throttled), an_overview("b", step), an_overview("c")], BOUND, LATER)
    assert found.throttled == ("a", "b")
