"""The routes of this room. Each is built with what it needs; nothing is looked up while a request waits."""

import math
from collections.abc import Callable, Sequence

import anyio.to_thread
import structlog
from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from controller.domain.delivery import PING, Delivery, Receipt
from controller.domain.errors import TidegateError, Transient
from controller.domain.ports import Clock
from webhooks import github
from webhooks.bodies import Bodies
from webhooks.refusals import Outcome, Refused, correlation_id, problem
from webhooks.signatures import GitHubSignatures

log = structlog.get_logger()

Accept = Callable[[Delivery], Receipt]
"""Stores a delivery durably before it returns. Sync; raises an error of `controller.domain.errors` when it can't."""


def github_route(
    secrets: Sequence[bytes],
    accept: Accept,
    clock: Clock,
    *,
    bodies: Bodies | None = None,
    most_waiting: int = 500,
    count: Callable[[Outcome], None] | None = None,
) -> Route:
    """`POST /webhooks/github`. `count` hears what became of each request. `ValueError` for an empty secret, or none.

    With `most_waiting` deliveries in line for the database the next is 503: GitHub gives up on each after 10 seconds.
    """
    door = _GitHubDoor(GitHubSignatures(secrets), accept, clock, bodies or Bodies(), most_waiting, count or _uncounted)
    return Route("/webhooks/github", door.post, methods=["POST"], name="github_webhook")


class _GitHubDoor:
    # SQLite has one writer: more threads would only wait for each other inside the database, and out of order.
    _WRITERS = 1

    def __init__(
        self,
        signatures: GitHubSignatures,
        accept: Accept,
        clock: Clock,
        bodies: Bodies,
        most_waiting: int,
        count: Callable[[Outcome], None],
    ) -> None:
        self._signatures = signatures
        self._accept = accept
        self._clock = clock
        self._bodies = bodies
        self._most_waiting = most_waiting
        self._in_line = 0
        self._count = count
        self._writers = CapacityLimiter(self._WRITERS)

    async def post(self, request: Request) -> Response:
        """Leave a note of what GitHub says has happened.

        202 it is stored, or was before · 413 more than 5 MiB · 408, 400 the body came too slowly, or was cut short ·
        415 neither JSON nor a form · 401 not signed with an accepted secret · 400 not as GitHub sends it, or no
        delivery id · 503 with Retry-After: it can't be stored now. Checked in this order, from the size on.
        """
        correlation = correlation_id(request)
        try:
            delivery = await self._read(request)
            receipt = await self._leave(delivery)
        except Refused as refused:
            self._count(refused.outcome)
            log.info("webhook refused", sender="github", outcome=refused.outcome, correlation_id=correlation)
            return problem(refused, correlation)
        self._count(Outcome(receipt))
        log.info("webhook stored", delivery=delivery.id, github_event=delivery.event, receipt=receipt)
        return _answer(delivery, receipt)

    async def _read(self, request: Request) -> Delivery:
        body = await self._bodies.read(request)
        kind = github.media_type(request.headers)
        number = self._signatures.match(body, github.signature(request.headers))
        if number is None:
            raise Refused(Outcome.UNSIGNED, "X-Hub-Signature-256 does not sign this body with an accepted secret.")
        if number > 1:
            log.info("webhook signed with a later secret in the list", sender="github", number=number)
        return github.delivery(request.headers, kind, body, self._clock.now())

    async def _leave(self, delivery: Delivery) -> Receipt:
        if self._in_line >= self._most_waiting:
            raise Refused(Outcome.UNAVAILABLE, "Too many deliveries are waiting to be stored.", retry_after_seconds=10)
        self._in_line += 1
        try:
            return await anyio.to_thread.run_sync(self._accept, delivery, limiter=self._writers)
        except TidegateError as error:
            log.warning("webhook not stored", delivery=delivery.id, code=error.code)
            seconds = math.ceil(error.retry_after.total_seconds()) if isinstance(error, Transient) else 60
            detail = "The delivery could not be stored. Send it again later."
            raise Refused(Outcome.UNAVAILABLE, detail, retry_after_seconds=max(1, seconds)) from error
        finally:
            self._in_line -= 1


def _answer(delivery: Delivery, receipt: Receipt) -> JSONResponse:
    content: dict[str, str] = {"delivery": delivery.id, "receipt": receipt}
    if delivery.event == PING:
        content["message"] = "pong"
    return JSONResponse(content, status_code=202)


def _uncounted(_: Outcome) -> None: ...
