"""Reads request bodies within bounds, because whoever sends them has not shown yet who they are."""

from dataclasses import dataclass

import anyio
from starlette.requests import ClientDisconnect, Request

from webhooks.refusals import Outcome, Refused

MIB = 1024 * 1024


@dataclass
class Bodies:
    """`limit_bytes` for one body, `budget_bytes` for all that are being read at once, `seconds` for reading one.

    GitHub sends at most 25 MiB and gives up after 10 seconds; a push is far below 5 MiB:
    https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap
    """

    limit_bytes: int = 5 * MIB
    budget_bytes: int = 64 * MIB
    seconds: float = 10.0
    held_bytes: int = 0

    async def read(self, request: Request) -> bytes:
        """The whole body. Refused when it is too large (by its header before reading, else by counting), too slow or
        cut short, or when too much is being read already."""
        if _declared_bytes(request) > self.limit_bytes:
            raise self._too_large()
        try:
            with anyio.fail_after(self.seconds):
                return await self._gather(request)
        except TimeoutError as error:
            raise Refused(Outcome.TOO_SLOW, f"The body did not arrive within {self.seconds:g} seconds.") from error
        except ClientDisconnect as error:
            raise Refused(Outcome.CUT_SHORT, "The connection closed before the body was complete.") from error

    async def _gather(self, request: Request) -> bytes:
        body = bytearray()
        try:
            async for chunk in request.stream():
                if len(body) + len(chunk) > self.limit_bytes:
                    raise self._too_large()
                if self.held_bytes + len(chunk) > self.budget_bytes:
                    raise Refused(Outcome.UNAVAILABLE, "Too many bodies are being read at once.", retry_after_seconds=5)
                self.held_bytes += len(chunk)
                body += chunk
        finally:
            self.held_bytes -= len(body)
        return bytes(body)

    def _too_large(self) -> Refused:
        return Refused(Outcome.TOO_LARGE, f"A body may have at most {self.limit_bytes} bytes.")


def _declared_bytes(request: Request) -> int:
    """What Content-Length says, 0 when it says nothing usable: the bytes are counted anyway."""
    try:
        return int(request.headers.get("content-length", "0"))
    except ValueError:
        return 0
