"""What would come of an order, before anybody gives it: by the rules of the door, and by those of the loop."""

from dataclasses import dataclass
from datetime import datetime

from controller.domain.orders import Order, OrderState
from controller.inbox.orders import ACROSS, check_subject, crossed_to, target_of
from controller.inbox.wishes import OrderRefused, check_form
from controller.obey import obey
from controller.store import Unit


@dataclass(frozen=True)
class Judgement:
    """`refusal`: why it would be refused, and by which code, where the door itself would; `outcome`: what would come of
    it. Both empty: it would be taken, and somebody outside is to be asked what it stands for. `crosses`: the deployment
    that is to be named a second time, because going back means to cross what it ran."""

    refusal: str = ""
    outcome: str = ""
    code: str = ""
    crosses: str = ""


def judge(unit: Unit, order: Order, now: datetime) -> Judgement:
    """As things stand in these rows. Nothing is stored; whoever gives the order is no part of it. An answer to an
    approval is judged by `decide_approval` instead."""
    try:
        check_form(order)
        check_subject(unit, order)
    except OrderRefused as error:
        return Judgement(str(error), code=error.code, crosses=_crossed(unit, order) if error.code == ACROSS else "")
    table = {deployment.id: deployment for deployment in unit.deployments.open(order.environment)}
    known = unit.overviews.known(order.environment, [order])
    answer = obey(order, unit.environments.get(order.environment), table, known, now)
    if answer is None:
        return Judgement()
    if answer.order.state is OrderState.REFUSED:
        return Judgement(answer.order.outcome)
    return Judgement(outcome=answer.order.outcome)


def _crossed(unit: Unit, order: Order) -> str:
    target = target_of(unit, order)
    assert target is not None, "what is crossed lies before a target"
    return crossed_to(unit, target)[-1].deployment
