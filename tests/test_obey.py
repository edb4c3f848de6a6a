"""What becomes of an order: done or refused, with a sentence; never silence, except where it must wait."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from controller.domain.deployment import Deployment, Kind, Pause, Phase
from controller.domain.drift import Drifted, Tried
from controller.domain.environment import Environment, HoldUntil
from controller.domain.hooks import RunState
from controller.domain.orders import Order, OrderKind, OrderState, Wish
from controller.domain.people import Person
from controller.domain.reason import Reason
from controller.domain.step import StepKind, StepState, Trouble
from controller.homeward import turned_back
from controller.obey import PAUSE_LIMIT, Answer, Known, obey
from tests.support.builders import FILE, NOON, OLD_IMAGE, a_deployment, a_revision, a_run, a_running_deployment

DEV = Environment("dev")
BAKED = FILE.replace("{type: rolling}", "{type: blue_green, bake: 5m}")


def answered(
    kind: OrderKind,
    *deployments: Deployment,
    about: str | None = None,
    known: Known | None = None,
    **wish: object,
) -> Answer:
    order = Order(7, kind, "dev", about, "because", "ada", NOON, Wish(**wish))
    table = {deployment.id: deployment for deployment in deployments}
    answer = obey(order, DEV, table, known or Known(), NOON)
    assert answer is not None
    return answer


def in_step(kind: StepKind) -> Deployment:
    """A running deployment whose present step is of this kind."""
    running = a_running_deployment(BAKED)
    for step in running.steps:
        if step.kind is kind:
            return running.with_step(step.started(NOON))
        running = running.with_step(step.ended(StepState.DONE, NOON, ""))
    raise AssertionError(f"there is no {kind}")


def succeeded(number: int, image: str, **changes: object) -> Deployment:
    return a_deployment(number, a_revision(image=image), phase=Phase.SUCCEEDED, **changes)


RED = Reason("drift.fought", "it comes back")
PAUSE = Pause("grace", Reason("order.paused", "lunch"), NOON, PAUSE_LIMIT)


@pytest.mark.parametrize("kind", [OrderKind.PROMOTE, OrderKind.PAUSE, OrderKind.RESUME, OrderKind.ABORT])
def test_what_is_over_can_t_be_ordered_about(kind: OrderKind) -> None:
    answer = answered(kind, about="dev-9")
    assert answer.order.state is OrderState.REFUSED and "dev-9 is over" in answer.order.outcome


@pytest.mark.parametrize("kind", [OrderKind.PROMOTE, OrderKind.PAUSE, OrderKind.RESUME, OrderKind.ABORT])
def test_what_turns_back_already_goes_on_doing_so(kind: OrderKind) -> None:
    back = turned_back(a_running_deployment(), Reason("smoke.red", "red"), NOON)
    answer = answered(kind, back, about="dev-2")
    assert answer.order.state is OrderState.REFUSED and "dev-2 is turning back" in answer.order.outcome


@pytest.mark.parametrize("kind", [OrderKind.PROMOTE, OrderKind.PAUSE, OrderKind.RESUME])
def test_what_rests_since_a_restore_is_told_to_be_released(kind: OrderKind) -> None:
    resting = replace(in_step(StepKind.BAKE), restored=True, pause=PAUSE if kind is OrderKind.RESUME else None)
    answer = answered(kind, resting, about="dev-2")
    assert answer.order.state is OrderState.REFUSED and answer.changed == ()
    assert "`tidegate unhold dev` lets it go home" in answer.order.outcome


def test_an_abort_of_what_rests_says_that_it_only_ends() -> None:
    resting = replace(in_step(StepKind.BAKE), restored=True)
    for answer in (answered(OrderKind.ABORT, resting, about="dev-2"), answered(OrderKind.ROLLBACK, resting)):
        assert "ends where it stands" in answer.order.outcome
        assert answer.changed[0].phase is Phase.ABORTED


NOWHERE = Trouble(Reason("home.no_healthy_target", "no healthy target"), times=3)
DENIED = Trouble(Reason("aws.denied", "not allowed"), times=3, permanent=True, by_action=True)


def on_its_way_home(trouble: Trouble) -> Deployment:
    back = turned_back(in_step(StepKind.BAKE), Reason("smoke.red", "red"), NOON)
    return back.with_step(replace(back.step.started(NOON), trouble=trouble))


@pytest.mark.parametrize("trouble", [NOWHERE, DENIED])
def test_a_way_home_that_is_stuck_ends_where_it_is_and_a_person_goes_on_from_there(trouble: Trouble) -> None:
    answer = answered(OrderKind.ABORT, on_its_way_home(trouble), about="dev-2")
    [ended] = answer.changed
    assert answer.order.state is OrderState.DONE and "ends where it is" in answer.order.outcome
    assert ended.phase is Phase.ABORTED and ended.step is None and ended.reason.code == "order.aborted"
    assert answer.environment.hold.until is HoldUntil.PERSON and answer.environment.hold.deployment == 2


@pytest.mark.parametrize(
    "trouble", [replace(NOWHERE, times=2), replace(DENIED, permanent=False)], ids=["just seen", "may pass"]
)
def test_a_way_home_that_may_still_get_there_is_not_ended(trouble: Trouble) -> None:
    answer = answered(OrderKind.ABORT, on_its_way_home(trouble), about="dev-2")
    assert answer.order.state is OrderState.REFUSED and answer.environment.hold is None


def test_a_promotion_names_who_ended_the_bake() -> None:
    answer = answered(OrderKind.PROMOTE, in_step(StepKind.BAKE), about="dev-2")
    assert answer.changed[0].step.promoted == "ada" and answer.changed[0].step.kind is StepKind.BAKE


@pytest.mark.parametrize("kind", [StepKind.WARM, StepKind.SHIFT, StepKind.VERIFY])
def test_only_a_bake_can_be_promoted(kind: StepKind) -> None:
    answer = answered(OrderKind.PROMOTE, in_step(kind), about="dev-2")
    assert answer.order.state is OrderState.REFUSED and answer.changed == ()


def test_a_pause_says_when_it_turns_back() -> None:
    answer = answered(OrderKind.PAUSE, in_step(StepKind.BAKE), about="dev-2", limit=timedelta(minutes=30))
    assert answer.changed[0].pause.limit == timedelta(minutes=30) and "30m" in answer.order.outcome


def test_a_resumed_one_forgets_what_had_looked_wrong() -> None:
    paused = replace(in_step(StepKind.BAKE), pause=PAUSE)
    answer = answered(OrderKind.RESUME, paused, about="dev-2")
    assert answer.changed[0].pause is None and answer.changed[0].step.trouble is None


def rolled_back(known: Known, *table: Deployment, to: str | None = None) -> Answer:
    return answered(OrderKind.ROLLBACK, *table, known=known, to=to)


OLD, NEW = succeeded(1, OLD_IMAGE), succeeded(2, "sha256:" + "c" * 64)


def test_a_rollback_opens_a_deployment_of_the_version_before() -> None:
    opening = rolled_back(Known(live=NEW, before=OLD)).opening
    assert opening.kind is Kind.ROLLBACK and opening.back_to is OLD and opening.revision is OLD.revision
    assert opening.because == Reason("rollback.ordered", "ada rolled back: because")


@pytest.mark.parametrize(
    ("known", "to", "told"),
    [
        (Known(), None, "no earlier version"),
        (Known(live=NEW), None, "no earlier version"),
        (Known(live=NEW, before=OLD), "dev-9", "no earlier version"),
        (Known(live=NEW, named={"dev-2": NEW}), "dev-2", "is what is live"),
        (Known(live=NEW, named={"dev-3": a_deployment(3, phase=Phase.FAILED)}), "dev-3", "dev-3 has failed"),
        (Known(live=NEW, named={"dev-3": replace(OLD, kind=Kind.PRUNE)}), "dev-3", "only a version"),
    ],
    ids=["nothing live", "nothing before", "unknown", "live itself", "failed", "prune"],
)
def test_a_rollback_without_a_version_to_go_to_is_refused(known: Known, to: str | None, told: str) -> None:
    answer = rolled_back(known, to=to)
    assert answer.order.state is OrderState.REFUSED and told in answer.order.outcome and answer.opening is None


def test_a_second_rollback_before_the_first_began_is_refused() -> None:
    waiting = a_deployment(3, kind=Kind.ROLLBACK)
    assert rolled_back(Known(live=NEW, before=OLD), waiting).order.state is OrderState.REFUSED


def test_rolling_back_to_a_name_while_something_runs_asks_to_abort_it_first() -> None:
    answer = rolled_back(Known(live=NEW, named={"dev-1": OLD}), a_running_deployment(), to="dev-1")
    assert answer.order.state is OrderState.REFUSED and "dev-2 is rolling out: abort it first" in answer.order.outcome
    home = turned_back(a_running_deployment(), Reason("smoke.red", "red"), NOON)
    answer = rolled_back(Known(live=NEW, named={"dev-1": OLD}), home, to="dev-1")
    assert "dev-2 is turning back: wait until it is over" in answer.order.outcome


def deployed(found: Mapping[int, object], live: Deployment | None = NEW, **wish: object) -> Answer | None:
    order = Order(7, OrderKind.DEPLOY, "dev", None, "because", "ada", NOON, Wish(**wish))
    return obey(order, DEV, {}, Known(live=live, found=found), NOON)


def test_a_deploy_that_could_not_be_looked_up_waits() -> None:
    assert deployed({}, ref="v1") is None


def test_a_deploy_opens_what_was_found() -> None:
    revision = a_revision()
    answer = deployed({7: revision}, ref="v1")
    assert answer.opening.revision is revision and answer.opening.kind is Kind.DEPLOY and not answer.opening.restart


def test_a_deploy_of_nothing_is_refused_with_the_reason() -> None:
    answer = deployed({7: Reason("ref.unknown", "there is no v1")}, ref="v1")
    assert answer.order.state is OrderState.REFUSED and answer.order.outcome == "there is no v1"


def test_a_restart_takes_what_is_live_and_nothing_newer() -> None:
    assert deployed({}, restart=True).opening.revision is NEW.revision
    assert deployed({}, live=None, restart=True).order.state is OrderState.REFUSED


def test_a_correction_makes_what_is_live_again_and_forgets_how_often_it_was() -> None:
    fought = Drifted(tried=(Tried(("backend", "ECS service", "desired count"), 3, NOON),), fought=RED)
    order = Order(7, OrderKind.DEPLOY, "dev", None, "because", "ada", NOON, Wish(correct=True))
    answer = obey(order, replace(DEV, drift=fought), {}, Known(live=NEW), NOON)
    assert answer is not None and answer.opening is not None
    assert (answer.opening.kind, answer.opening.revision) == (Kind.CORRECT, NEW.revision)
    assert answer.environment.drift == Drifted()


def test_a_correction_is_begun_once_and_only_of_what_is_live() -> None:
    begun = a_deployment(3, kind=Kind.CORRECT)
    again = answered(OrderKind.DEPLOY, begun, known=Known(live=NEW), correct=True)
    assert again.order.state is OrderState.REFUSED and "dev-3 corrects it already" in again.order.outcome
    assert deployed({}, live=None, correct=True).order.state is OrderState.REFUSED


def test_a_prune_of_a_service_that_is_live_is_refused() -> None:
    answer = answered(OrderKind.PRUNE, known=Known(live=NEW), service="backend")
    assert answer.order.state is OrderState.REFUSED and "take it out first" in answer.order.outcome


@pytest.mark.parametrize(
    ("kind", "wish"),
    [
        (OrderKind.ROLLBACK, Wish()),
        (OrderKind.DEPLOY, Wish(restart=True)),
        (OrderKind.DEPLOY, Wish(correct=True)),
        (OrderKind.PRUNE, Wish(service="worker")),
    ],
)
def test_whatever_is_opened_knows_who_ordered_it(kind: OrderKind, wish: Wish) -> None:
    ada = Person(1, "ada")
    order = Order(7, kind, "dev", None, "because", "ada", NOON, wish, by=ada)
    answer = obey(order, DEV, {}, Known(live=NEW, before=OLD), NOON)
    assert answer is not None and answer.opening is not None
    assert answer.opening.by == ada


def test_a_prune_opens_a_removal_once() -> None:
    opening = answered(OrderKind.PRUNE, known=Known(live=NEW), service="worker").opening
    assert opening.kind is Kind.PRUNE and opening.pruned == "worker"
    going = a_deployment(3, kind=Kind.PRUNE, pruned="worker")
    again = answered(OrderKind.PRUNE, going, known=Known(live=NEW), service="worker")
    assert again.order.state is OrderState.REFUSED


def test_a_prune_of_what_is_not_there_is_refused_with_what_is() -> None:
    nothing = Reason("prune.nothing_there", "nothing of wrker is there; services that are: worker")
    answer = answered(OrderKind.PRUNE, known=Known(live=NEW, found={7: nothing}), service="wrker")
    assert (answer.order.state, answer.order.outcome) == (OrderState.REFUSED, nothing.text)
    assert answer.opening is None


def test_an_aborted_removal_ends_where_it_is() -> None:
    going = replace(a_running_deployment(), kind=Kind.PRUNE, pruned="worker")
    answer = answered(OrderKind.ABORT, going, about="dev-2")
    assert answer.changed[0].phase is Phase.ABORTED and answer.changed[0].step is None
    assert StepKind.HOME not in {step.kind for step in answer.changed[0].steps}


HOOKED = FILE.replace("    port: 8000\n", "    port: 8000\n    before: {command: [migrate]}\n")
CROSSED = Known(live=NEW, before=OLD, crossing={OLD.id: (a_run(2, compatible=False, state=RunState.STOPPED),)})


@pytest.mark.parametrize(("typed", "state"), [(None, "refused"), ("dev-1", "refused"), ("dev-2", "done")])
def test_going_back_across_what_does_not_work_with_it_must_be_said(typed: str | None, state: str) -> None:
    answer = answered(OrderKind.ROLLBACK, known=CROSSED, across=typed)
    assert answer.order.state == state and (answer.opening is None) is (state == "refused")
    assert state == "done" or '"across": "dev-2"' in answer.order.outcome


def test_an_abort_needs_no_word_and_says_what_is_not_undone() -> None:
    hooked = a_running_deployment(HOOKED)
    hooked = hooked.with_step(replace(hooked.steps[1], run=a_run(compatible=False)))
    answer = answered(OrderKind.ABORT, hooked, about=hooked.id)
    assert answer.order.state is OrderState.DONE
    assert "it has not ended yet; versions from before don't work with it: that is not undone" in answer.order.outcome
    assert "that is not undone" in answer.changed[0].reason.text


def test_what_an_alarm_has_stopped_goes_on_beside_it() -> None:
    waits = replace(a_running_deployment(), red=("checkout-is-down",))
    answer = answered(OrderKind.RESUME, waits, about=waits.id)
    assert (answer.changed[0].excused, answer.changed[0].red) == (("checkout-is-down",), ())
