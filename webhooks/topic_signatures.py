"""Is this message from one of our topics? The one check that may need a call, so it comes last and is kept rare.

A certificate is fetched only for a pinned topic and from AWS's own host, one at a time, at most one in
`FETCH_EVERY_SECONDS`, and on a thread. It is remembered only when it has signed a message: whoever makes addresses up
can neither fill nor empty what is remembered.
"""

from collections.abc import Collection

import anyio
import anyio.to_thread
import structlog

from controller.domain.errors import TidegateError
from controller.domain.ports import Clock, Topics
from webhooks.refusals import Outcome, Refused
from webhooks.sns import Envelope, SigningKey, check_age, opened, signing_key

log = structlog.get_logger()

FETCH_EVERY_SECONDS = 5.0
MOST_KEYS = 16
"""SNS changes its certificates about once a year, in each region by itself."""


class TopicSignatures:
    """`topics` are the pinned ones, by ARN."""

    def __init__(self, topics: Collection[str], network: Topics, clock: Clock) -> None:
        self._topics = frozenset(topics)
        self._network = network
        self._clock = clock
        self._keys: dict[str, SigningKey] = {}
        self._fetched_at: float | None = None
        self._fetching = anyio.Lock()

    async def opened(self, body: bytes) -> Envelope:
        """The envelope, genuine. Refused as unsigned; as unavailable while its certificate can't be had: SNS comes
        again."""
        envelope = opened(body)
        if envelope.topic not in self._topics:
            raise Refused(Outcome.UNSIGNED, "The topic is none that this controller listens to.")
        check_age(envelope, self._clock.now())
        if envelope.certificate not in self._keys:
            async with self._fetching:
                if envelope.certificate not in self._keys:
                    await self._learn(envelope)
                    return envelope
        self._keys[envelope.certificate].check(envelope, self._clock.now())
        return envelope

    async def _learn(self, envelope: Envelope) -> None:
        """The key by which this envelope is signed."""
        key = signing_key(await self._certificate(envelope.certificate))
        key.check(envelope, self._clock.now())
        if len(self._keys) >= MOST_KEYS:
            del self._keys[next(iter(self._keys))]
        self._keys[envelope.certificate] = key

    async def _certificate(self, address: str) -> bytes:
        now = self._clock.monotonic()
        if self._fetched_at is not None and now - self._fetched_at < FETCH_EVERY_SECONDS:
            raise _later("A certificate was asked for a moment ago.")
        self._fetched_at = now
        try:
            return await anyio.to_thread.run_sync(self._network.certificate, address)
        except TidegateError as error:
            log.warning("certificate not fetched", address=address, code=error.code, error=str(error))
            raise _later("The certificate at SigningCertURL can't be read now.") from error


def _later(detail: str) -> Refused:
    return Refused(Outcome.UNAVAILABLE, detail, retry_after_seconds=int(FETCH_EVERY_SECONDS))
