"""Carries out the two rehearsals that concern ordinary requests: errors and slowness."""

import asyncio
from itertools import count

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from workload import problems, rehearsal
from workload.probes import is_probe


class Misbehave:
    """Fails an exact share of requests, evenly spread: at 0.25 every fourth one, whatever the order of arrival."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._numbers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_probe(scope["path"]):
            await self._app(scope, receive, send)
            return
        if rehearsal.SLOW_MS:
            await asyncio.sleep(rehearsal.SLOW_MS / 1000)
        if is_chosen(next(self._numbers), rehearsal.ERROR_RATE):
            failure = problems.answer(Request(scope), 500, "workload/rehearsal.py says ERROR_RATE")
            await failure(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def is_chosen(number: int, rate: float) -> bool:
    """Whether the request with this number (from 1) fails.

    >>> [n for n in range(1, 11) if is_chosen(n, 0.3)]
    [4, 7, 10]
    """
    return int(number * rate + 1e-9) > int((number - 1) * rate + 1e-9)
