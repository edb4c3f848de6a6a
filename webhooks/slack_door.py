"""The door that Slack's buttons and forms come through: verified, answered at once, and done after that."""

from collections.abc import Callable
from typing import Protocol

import structlog
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from controller.domain.errors import TidegateError
from controller.domain.interaction import Interaction
from webhooks import slack
from webhooks.bodies import MIB, Bodies
from webhooks.refusals import Outcome, Refused, correlation_id, problem

log = structlog.get_logger()

FORM = "application/x-www-form-urlencoded"
LIMIT_BYTES = MIB // 2
SECONDS = 2.5
"""Slack waits for three."""


class Signatures(Protocol):
    def is_slacks(self, body: bytes, timestamp: str, signature: str) -> bool: ...


class Answers(Protocol):
    def is_new(self, heard: Interaction) -> bool: ...

    def hear(self, heard: Interaction) -> None: ...


class SlackDoor:
    def __init__(
        self, signatures: Signatures, answers: Answers, team: str, app: str, count: Callable[[Outcome], None]
    ) -> None:
        self._signatures, self._answers = signatures, answers
        self._team, self._app, self._count = team, app, count
        self._bodies = Bodies(limit_bytes=LIMIT_BYTES, seconds=SECONDS)

    async def post(self, request: Request) -> Response:
        """200 with nothing in it: heard, or heard before · 413 too large · 408, 400 too slow, or cut short · 415 no
        form · 401 not Slack's, too old, or of another workspace or app · 400 not as Slack sends it · 503 it can't be
        remembered now, so nothing was done. Checked in this order."""
        correlation = correlation_id(request)
        try:
            heard = await self._read(request)
            is_new = await self._is_new(heard)
        except Refused as refused:
            self._count(refused.outcome)
            log.info("webhook refused", sender="slack", outcome=refused.outcome, correlation_id=correlation)
            return problem(refused, correlation)
        self._count(Outcome.ACCEPTED if is_new else Outcome.DUPLICATE)
        done = BackgroundTask(run_in_threadpool, self._answers.hear, heard) if is_new else None
        # A form closes on an empty object; a button takes anything.
        return JSONResponse({}, background=done)

    async def _is_new(self, heard: Interaction) -> bool:
        try:
            return await run_in_threadpool(self._answers.is_new, heard)
        except TidegateError as error:
            log.warning("webhook not stored", sender="slack", code=error.code)
            told = "It can't be remembered now, so nothing was done. Press again in a moment."
            raise Refused(Outcome.UNAVAILABLE, told, retry_after_seconds=5) from error

    async def _read(self, request: Request) -> Interaction:
        body = await self._bodies.read(request)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            raise Refused(Outcome.UNSUPPORTED, "Slack sends forms.")
        stamps = request.headers.getlist("x-slack-request-timestamp")
        signatures = request.headers.getlist("x-slack-signature")
        is_signed = len(stamps) == len(signatures) == 1 and self._signatures.is_slacks(body, stamps[0], signatures[0])
        if not is_signed:
            raise Refused(Outcome.UNSIGNED, "X-Slack-Signature does not sign this body at this time.")
        return slack.interaction(body, self._team, self._app)
