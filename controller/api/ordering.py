"""The endpoint that leaves an order. What comes of it is the loop's, and read at `orders/{id}`."""

from http import HTTPStatus

from controller.api.asking import Asked, OrderRequest
from controller.api.context import ApiContext
from controller.api.models import OrderLeft
from controller.api.problems import Refused, missing
from controller.inbox.wishes import OrderRefused


def leave(context: ApiContext, asked: Asked) -> OrderLeft:
    """404: no such environment. 422: an order that nobody knows, lacks its reason or what it is about, or says too
    much."""
    given: OrderRequest = asked.body
    name = asked.path["name"]
    try:
        wanted = (given.order, name, given.deployment, given.reason, asked.caller, given.wish)
        number = context.orders.leave(*wanted, given.idempotency_key)
    except OrderRefused as error:
        if error.code == "order.unknown_environment":
            raise missing("environment", name) from error
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, error.code, f"{error}.") from error
    return OrderLeft(id=number)
