"""The routes of this room. Each is built with what it needs; nothing is looked up while a request waits."""

from collections.abc import Callable, Sequence

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from controller.domain.delivery import PING, Delivery, Receipt
from controller.domain.ports import Clock, Topics
from webhooks import github
from webhooks.aws_door import AwsDoor
from webhooks.bodies import MIB, Bodies
from webhooks.leaving import MOST_WAITING, Accept, Leaving
from webhooks.refusals import Outcome, Refused, correlation_id, problem
from webhooks.signatures import GitHubSignatures, SharedSecrets
from webhooks.slack_door import Answers, Signatures, SlackDoor
from webhooks.topic_signatures import TopicSignatures

log = structlog.get_logger()

AWS_LIMIT_BYTES = 2 * MIB
"""An event or a message has at most 1 MiB; inside an envelope each quotation mark takes two bytes."""


def github_route(
    secrets: Sequence[bytes],
    accept: Accept,
    clock: Clock,
    *,
    bodies: Bodies | None = None,
    most_waiting: int = MOST_WAITING,
    count: Callable[[Outcome], None] | None = None,
) -> Route:
    """`POST /webhooks/github`. `count` hears what became of each request. `ValueError` for an empty secret, or none.

    With `most_waiting` deliveries in line for the database the next is 503: GitHub gives up on each after 10 seconds.
    """
    leaving = Leaving(accept, most_waiting)
    door = _GitHubDoor(GitHubSignatures(secrets), leaving, clock, bodies or Bodies(), count or _uncounted)
    return Route("/webhooks/github", door.post, methods=["POST"], name="github_webhook")


def aws_route(
    secrets: Sequence[bytes],
    topics: Sequence[str],
    network: Topics,
    accept: Accept,
    clock: Clock,
    *,
    bodies: Bodies | None = None,
    most_waiting: int = MOST_WAITING,
    count: Callable[[Outcome], None] | None = None,
) -> Route:
    """`POST /webhooks/aws`: EventBridge with one of the `secrets`, and SNS from the `topics`, which are ARNs.

    Either may be empty: then nobody of that kind is let in. `ValueError` for an empty secret among others.
    """
    door = AwsDoor(
        secrets=SharedSecrets(secrets) if secrets else None,
        signatures=TopicSignatures(topics, network, clock),
        network=network,
        leaving=Leaving(accept, most_waiting),
        clock=clock,
        bodies=bodies or Bodies(limit_bytes=AWS_LIMIT_BYTES),
        count=count or _uncounted,
    )
    return Route("/webhooks/aws", door.post, methods=["POST"], name="aws_webhook")


def slack_route(
    signatures: Signatures, answers: Answers, team: str, app: str, *, count: Callable[[Outcome], None] | None = None
) -> Route:
    """`POST /webhooks/slack`: what people press and fill in, of one workspace and one app."""
    door = SlackDoor(signatures, answers, team, app, count or _uncounted)
    return Route("/webhooks/slack", door.post, methods=["POST"], name="slack_webhook")


class _GitHubDoor:
    def __init__(
        self,
        signatures: GitHubSignatures,
        leaving: Leaving,
        clock: Clock,
        bodies: Bodies,
        count: Callable[[Outcome], None],
    ) -> None:
        self._signatures = signatures
        self._leaving = leaving
        self._clock = clock
        self._bodies = bodies
        self._count = count

    async def post(self, request: Request) -> Response:
        """Leave a note of what GitHub says has happened.

        202 it is stored, or was before · 413 more than 5 MiB · 408, 400 the body came too slowly, or was cut short ·
        415 neither JSON nor a form · 401 not signed with an accepted secret · 400 not as GitHub sends it, or no
        delivery id · 503 with Retry-After: it can't be stored now. Checked in this order, from the size on.
        """
        correlation = correlation_id(request)
        try:
            delivery = await self._read(request)
            receipt = await self._leaving.leave(delivery)
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


def _answer(delivery: Delivery, receipt: Receipt) -> JSONResponse:
    content: dict[str, str] = {"delivery": delivery.id, "receipt": receipt}
    if delivery.event == PING:
        content["message"] = "pong"
    return JSONResponse(content, status_code=202)


def _uncounted(_: Outcome) -> None: ...
