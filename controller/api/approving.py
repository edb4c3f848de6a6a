"""The endpoint that answers an approval. Whether it counts is decided here as everywhere, and once more by the loop."""

from http import HTTPStatus

from controller.api.asking import ApprovalRequest, Asked
from controller.api.context import ApiContext
from controller.api.models import OrderLeft
from controller.api.problems import Refused, missing
from controller.domain.orders import Wish
from controller.inbox.wishes import OrderRefused


def answer(context: ApiContext, asked: Asked) -> OrderLeft:
    """404: no such deployment. 403: whoever asks may not. 422: an answer that doesn't count, and why."""
    given: ApprovalRequest = asked.body
    name = asked.path["id"]
    environment, _, number = name.rpartition("-")
    if not environment or not number.isdecimal():
        raise missing("deployment", name)
    try:
        left = context.orders.leave(given.answer, environment, name, given.reason, asked.caller, Wish(plan=given.plan))
    except OrderRefused as error:
        if error.code in {"order.unknown_environment", "order.unknown_deployment"}:
            raise missing("deployment", name) from error
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, error.code, f"{error}.") from error
    return OrderLeft(id=left)
