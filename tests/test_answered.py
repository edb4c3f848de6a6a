"""What becomes of answers to an approval: counted, refused, or left until GitHub answers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.choose import Choice, choose
from controller.domain.approval import Ballot, Glass, Vote, shortened
from controller.domain.deployment import Asked, Deployment, Phase
from controller.domain.electorate import OWN, UNSEEN, Electorate, Requirement
from controller.domain.environment import Environment
from controller.domain.orders import ANSWERS, Order, OrderKind, OrderState, Wish
from controller.domain.people import Person, Via
from controller.domain.reason import Reason
from controller.homeward import turned_back
from controller.obey import Known
from tests.support.builders import NOON, a_deployment, a_plan, a_running_deployment
from tests.support.town import ADA, BARBARA, GRACE, LINUS

APPROVE, REJECT, REVOKE, BREAK = OrderKind.APPROVE, OrderKind.REJECT, OrderKind.REVOKE, OrderKind.BREAK_GLASS
PLAN = a_plan()
SEEN = NOON + timedelta(seconds=2)
WAITING = a_deployment(asked=Asked(PLAN, NOON))
KNOWN = Electorate(SEEN, (ADA, GRACE, LINUS))
GLASS = Glass((GRACE, BARBARA), 2)


def an_order(kind: OrderKind, by: Person | None = LINUS, plan: str | None = PLAN.digest, via: Via = Via.WEB) -> Order:
    name = by.login if by else "a program"
    return Order(7, kind, "dev", "dev-2", f"{name}'s word", name, NOON, Wish(plan=plan), by=by, via=via)


def chosen(*orders: Order, deployment: Deployment = WAITING, electorate: Electorate | Reason = KNOWN) -> Choice:
    asked = deployment.asked
    digest = asked.plan.digest if asked else None
    ballot = Ballot("dev-2", digest, (Requirement(OWN, 2),), electorate, deployment.votes, glass=GLASS)
    numbered = [replace(order, id=number) for number, order in enumerate(orders, start=1)]
    return choose(Environment("dev"), [deployment], numbered, Known(ballots={"dev-2": ballot}), NOON)


def after(choice: Choice) -> Deployment:
    return next((one for one in choice.changed if one.id == "dev-2"), WAITING)


def states(choice: Choice) -> list[OrderState]:
    return [order.state for order in choice.orders]


DONE, REFUSED = OrderState.DONE, OrderState.REFUSED


def vote(by: Person, **changes: object) -> Vote:
    return replace(Vote(by, PLAN.digest, NOON, Via.WEB, "earlier"), **changes)


def test_an_approval_is_written_down_with_who_when_where_and_why() -> None:
    choice = chosen(an_order(APPROVE, via=Via.SLACK))
    assert after(choice).votes == (Vote(LINUS, PLAN.digest, SEEN, Via.SLACK, "linus's word"),)
    assert after(choice).phase is Phase.WAITING and "it counts" in choice.orders[0].outcome


def test_two_that_come_together_both_count() -> None:
    choice = chosen(an_order(APPROVE), an_order(APPROVE, GRACE))
    assert [one.by for one in after(choice).votes] == [LINUS, GRACE] and states(choice) == [DONE, DONE]


def test_the_same_person_twice_counts_once() -> None:
    choice = chosen(an_order(APPROVE), an_order(APPROVE, via=Via.SLACK))
    assert [one.via for one in after(choice).votes] == [Via.WEB] and states(choice) == [DONE, REFUSED]


@pytest.mark.parametrize(("orders", "told"), [((APPROVE, REJECT), [DONE, DONE]), ((REJECT, APPROVE), [DONE, REFUSED])])
def test_a_no_wins_over_a_yes_that_comes_with_it(orders: tuple[OrderKind, ...], told: list[OrderState]) -> None:
    choice = chosen(*(an_order(kind, GRACE if kind is REJECT else LINUS) for kind in orders))
    assert after(choice).phase is Phase.REJECTED and states(choice) == told
    assert after(choice).reason == Reason("approval.rejected", "grace rejected it: grace's word")
    assert choice.queue == ()


def test_an_approval_that_is_taken_back_can_be_given_again() -> None:
    given = replace(WAITING, votes=(vote(LINUS), vote(GRACE)))
    choice = chosen(an_order(REVOKE), deployment=given)
    assert [one.by for one in after(choice).votes] == [GRACE]
    again = chosen(an_order(REVOKE), an_order(APPROVE), deployment=given)
    assert [(one.by, one.at) for one in after(again).votes] == [(GRACE, NOON), (LINUS, SEEN)]
    assert states(again) == [DONE, DONE]


def test_taking_back_takes_back_everything() -> None:
    given = replace(WAITING, votes=(vote(GRACE), vote(GRACE, breaks_glass=True)))
    assert after(chosen(an_order(REVOKE, GRACE), deployment=given)).votes == ()


def test_an_approval_that_has_expired_is_replaced() -> None:
    old = replace(WAITING, votes=(vote(LINUS, at=SEEN - timedelta(hours=24)),))
    assert [one.at for one in after(chosen(an_order(APPROVE), deployment=old)).votes] == [SEEN]


def test_broken_glass_stands_beside_an_approval_of_the_same_person() -> None:
    choice = chosen(an_order(APPROVE, GRACE), an_order(BREAK, GRACE))
    assert [one.breaks_glass for one in after(choice).votes] == [False, True]
    turned = chosen(an_order(BREAK, GRACE), an_order(APPROVE, GRACE))
    assert sorted(one.breaks_glass for one in after(turned).votes) == [False, True]


@pytest.mark.parametrize("kind", [APPROVE, BREAK])
@pytest.mark.parametrize("plan", [None, "0" * 64])
def test_an_answer_about_another_plan_is_refused_with_what_waits(kind: OrderKind, plan: str | None) -> None:
    choice = chosen(an_order(kind, GRACE, plan))
    assert states(choice) == [REFUSED] and shortened(PLAN.digest) in choice.orders[0].outcome
    assert after(choice).votes == ()


@pytest.mark.parametrize("kind", sorted(ANSWERS))
def test_a_program_answers_nothing(kind: OrderKind) -> None:
    choice = chosen(an_order(kind, None), deployment=replace(WAITING, votes=(vote(LINUS),)))
    assert states(choice) == [REFUSED] and choice.changed == ()


@pytest.mark.parametrize("kind", [APPROVE, REJECT])
def test_yes_and_no_wait_for_a_github_that_is_away(kind: OrderKind) -> None:
    choice = chosen(an_order(kind), electorate=UNSEEN)
    assert choice.orders == () and choice.changed == ()


def test_breaking_the_glass_and_taking_back_wait_for_nobody() -> None:
    choice = chosen(an_order(BREAK, BARBARA), electorate=UNSEEN)
    assert states(choice) == [DONE] and after(choice).votes[0].at == NOON
    given = replace(WAITING, votes=(vote(LINUS),))
    assert after(chosen(an_order(REVOKE), deployment=given, electorate=UNSEEN)).votes == ()


@pytest.mark.parametrize("kind", sorted(ANSWERS))
def test_there_is_nothing_to_answer_of_what_runs_turns_back_or_is_over(kind: OrderKind) -> None:
    running = replace(a_running_deployment(), votes=(vote(LINUS),))
    home = turned_back(running, Reason("smoke.red", "red"), NOON)
    for moved, told in ((running, "dev-2 is rolling out"), (home, "dev-2 is turning back")):
        choice = chosen(an_order(kind), deployment=moved)
        assert states(choice) == [REFUSED] and told in choice.orders[0].outcome
    over = choose(Environment("dev"), [], [an_order(kind)], Known(), NOON)
    assert states(over) == [REFUSED] and "dev-2 is over" in over.orders[0].outcome


def test_while_another_one_moves_nobody_is_asked() -> None:
    behind = a_deployment(3, asked=Asked(PLAN, NOON), votes=(vote(LINUS),))
    choice = choose(Environment("dev"), [a_running_deployment(), behind], [], Known(), NOON)
    assert (choice.changed[0].asked, choice.changed[0].votes) == (None, behind.votes)
