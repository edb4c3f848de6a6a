"""The door for AWS: EventBridge shows a secret, SNS a signature."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from controller.domain.delivery import Delivery, Receipt
from controller.domain.errors import TidegateError
from controller.domain.ports import Clock, Topics
from webhooks import aws
from webhooks.bodies import Bodies
from webhooks.leaving import Leaving
from webhooks.refusals import Outcome, Refused, correlation_id, problem
from webhooks.signatures import SharedSecrets
from webhooks.topic_signatures import TopicSignatures

log = structlog.get_logger()


@dataclass(frozen=True)
class AwsDoor:
    """`secrets` is None, and `signatures` know no topic, where nobody of that kind is expected."""

    secrets: SharedSecrets | None
    signatures: TopicSignatures
    network: Topics
    leaving: Leaving
    clock: Clock
    bodies: Bodies
    count: Callable[[Outcome], None]

    async def post(self, request: Request) -> Response:
        """Leave a note of what AWS says has happened.

        202 it is stored, or was before · 413 more than 2 MiB · 408, 400 the body came too slowly, or was cut short ·
        415 neither JSON (EventBridge) nor plain text (SNS) · 401 without an accepted secret, or not signed for a topic
        that is listened to · 400 not as AWS sends it · 503 with Retry-After: it can't be stored or verified now.
        Checked in this order, from the size on. A subscription is confirmed after it was stored and answered.
        """
        correlation = correlation_id(request)
        try:
            delivery, confirms = await self._read(request)
            receipt = await self.leaving.leave(delivery)
        except Refused as refused:
            self.count(refused.outcome)
            log.info("webhook refused", sender="aws", outcome=refused.outcome, correlation_id=correlation)
            return problem(refused, correlation)
        self.count(Outcome(receipt))
        log.info("webhook stored", delivery=delivery.id, aws_event=delivery.event, receipt=receipt)
        later = None
        if confirms is not None and receipt is Receipt.ACCEPTED:
            later = BackgroundTask(self._confirm, delivery, confirms)
        return JSONResponse({"delivery": delivery.id, "receipt": receipt}, status_code=202, background=later)

    async def _read(self, request: Request) -> tuple[Delivery, str | None]:
        """With the address that confirms a subscription, where it asks for that."""
        body = await self.bodies.read(request)
        if aws.media_type(request.headers) == aws.TEXT:
            envelope = await self.signatures.opened(body)
            return aws.from_topic(envelope, body, self.clock.now()), envelope.confirms
        number = self.secrets.match(aws.secret(request.headers)) if self.secrets else None
        if number is None:
            raise Refused(Outcome.UNSIGNED, f"The header {aws.SECRET_HEADER} is not an accepted secret.")
        if number > 1:
            log.info("webhook with a later secret in the list", sender="aws", number=number)
        return aws.from_event_bridge(body, self.clock.now()), None

    def _confirm(self, delivery: Delivery, address: str) -> None:
        """On a thread. What fails here is asked for again by whoever subscribes."""
        try:
            self.network.confirm(address)
        except TidegateError as error:
            log.warning("subscription not confirmed", topic=delivery.ref, code=error.code, error=str(error))
        else:
            log.info("subscription confirmed", topic=delivery.ref)
