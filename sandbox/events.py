"""EventBridge with one rule and one API destination: what happens in AWS's world is told to whoever listens.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
Events come in no promised order. One that is not answered within five seconds, or with 429 or 5xx, is sent again, later
and later; here that ends after a minute, because nobody looks at a laptop's dead letters.
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from sandbox.clock import Clock
from sandbox.world.ports import WorldEvent

RULE = frozenset(
    {
        "CloudWatch Alarm State Change",
        "ECS Task State Change",
        "ECS Deployment State Change",
        "ECR Image Action",
        "ECR Image Scan",
    }
)
"""The detail-types that are sent."""

ALARM_DETAIL = ("alarmName", "configuration", "state", "previousState")
"""What EventBridge gets of an alarm; the world's own event says more."""

SECRET_HEADER = "X-Tidegate-Secret"  # noqa: S105 - the header's name
TIMEOUT_SECONDS = 5.0
MOST_AT_ONCE = 20
MOST_WAITING = 2000
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS, ATTEMPTS = 0.2, 10.0, 12

Send = Callable[[str, bytes, dict[str, str]], Awaitable[int]]
"""Posts to an address; the status, 0 when there was no answer in time."""

log = logging.getLogger(__name__)


class EventBus:
    """Told by the world, inside a running loop. Without an `address` nobody is told."""

    def __init__(self, clock: Clock, address: str | None, secret: str, send: Send | None = None) -> None:
        self._clock = clock
        self._address = address
        self._headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Amazon/EventBridge/ApiDestinations",
            SECRET_HEADER: secret,
        }
        self._client: httpx.AsyncClient | None = None
        self._send = send or self._post
        self._gate = asyncio.Semaphore(MOST_AT_ONCE)
        self._running: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def __call__(self, event: WorldEvent) -> None:
        if self._address is None or self._is_closed or event.kind not in RULE or len(self._running) >= MOST_WAITING:
            return
        body = json.dumps(told(event), default=str).encode()
        task = asyncio.get_running_loop().create_task(self._deliver(self._address, body))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _deliver(self, address: str, body: bytes) -> None:
        wait = FIRST_WAIT_SECONDS
        for _ in range(ATTEMPTS):
            async with self._gate:
                status = await self._send(address, body, self._headers)
            if status and status != 429 and status < 500:
                if status >= 300:
                    log.warning("an event was answered with %s, and is not sent again", status)
                return
            await self._pause(wait)
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)
        log.warning("an event was given up after %s attempts", ATTEMPTS)

    async def _post(self, address: str, body: bytes, headers: dict[str, str]) -> int:
        if self._client is None:
            self._client = httpx.AsyncClient(trust_env=False, timeout=None)  # noqa: S113 - limited as a whole below
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return (await self._client.post(address, content=body, headers=headers)).status_code
        except (TimeoutError, httpx.HTTPError):
            return 0

    async def _pause(self, seconds: float) -> None:
        over = asyncio.Event()
        self._clock.call_later(seconds, over.set)
        await over.wait()

    async def close(self) -> None:
        self._is_closed = True
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()


def told(event: WorldEvent) -> dict[str, Any]:
    """As EventBridge sends it: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html"""
    is_alarm, is_push = event.source == "aws.cloudwatch", event.kind == "ECR Image Action"
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": event.kind,
        "source": event.source,
        "account": event.account,
        "time": f"{event.time:%Y-%m-%dT%H:%M:%SZ}",
        "region": event.region,
        "resources": [] if is_push else [event.resource],
        "detail": {name: value for name, value in event.detail.items() if not is_alarm or name in ALARM_DETAIL},
    }
