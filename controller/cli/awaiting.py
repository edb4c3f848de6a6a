"""What came of an order that was left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from controller.cli.client import Client, Refusal
from controller.cli.saying import NO, UNREACHABLE, clean, print_json, stop
from controller.cli.time import Clock

ANSWER_SECONDS = 10.0
"""How long an order's answer is waited for; the loop looks at once when one is left."""
PACE_SECONDS = 0.3

Order = Mapping[str, Any]


def answered(client: Client, clock: Clock, number: int, kind: str, environment: str, as_json: bool) -> Order:
    """The order with its outcome, printed. Ends the command when it was refused, or nothing came of it in time."""
    order = _settled(client, clock, number)
    if order is None:
        told = f"order {number} ({kind}) is kept, but nothing came of it within {ANSWER_SECONDS:.0f} s"
        stop(UNREACHABLE, f"{told}; `tidegate explain {environment}` may say what keeps the controller")
    if as_json:
        print_json(order)
    else:
        typer.echo(clean(f"order {number} ({order['order']}): {order['outcome']}"))
    if order["state"] == "refused":
        raise typer.Exit(NO)
    return order


def _settled(client: Client, clock: Clock, number: int) -> Order | None:
    """The order with its outcome; None when there is none in time, or the controller went away after it was left."""
    until = clock.monotonic() + ANSWER_SECONDS
    while clock.monotonic() < until:
        order = _looked_up(client, number)
        if order is not None and order["state"] != "received":
            return order
        clock.sleep(PACE_SECONDS)
    return None


def _looked_up(client: Client, number: int) -> Order | None:
    """None while the controller doesn't answer."""
    try:
        return client.order(number)
    except Refusal as error:
        if error.code != UNREACHABLE:
            raise
        return None
