"""Health checks: one real HTTP request each, on the sandbox's own loop."""

from __future__ import annotations

import asyncio

import httptools

from sandbox.world.ports import ProbeAnswer, ProbeRequest

USER_AGENT = "ELB-HealthChecker/2.0"


class Probe(asyncio.Protocol):
    """Asks once; `status` is done when the answer's head has come, and fails when it cannot come any more."""

    def __init__(self, request: ProbeRequest) -> None:
        self.status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._request = request
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        # ALB names the target by its private address, not by where the sandbox really runs it.
        host = f"{self._request.target.id}:{self._request.target.port}"
        head = (
            f"GET {self._request.path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {USER_AGENT}\r\n"
            "Connection: close\r\n\r\n"
        )
        transport.write(head.encode())

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(ValueError(str(error)))

    def on_headers_complete(self) -> None:
        if not self.status.done():
            self.status.set_result(self._parser.get_status_code())

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ValueError("the target closed the connection"))

    def _fail(self, why: Exception) -> None:
        if not self.status.done():
            self.status.set_exception(ValueError(str(why)))


async def probe(request: ProbeRequest) -> ProbeAnswer:
    """Ask, and say what came back within the request's timeout."""
    loop = asyncio.get_running_loop()
    transport: asyncio.Transport | None = None
    try:
        async with asyncio.timeout(request.timeout_seconds):
            transport, asked = await loop.create_connection(
                lambda: Probe(request), request.endpoint.host, request.endpoint.port
            )
            return ProbeAnswer(await asked.status)
    except TimeoutError:
        return ProbeAnswer(None, "timeout")
    except OSError:
        return ProbeAnswer(None, "refused")
    except ValueError:
        return ProbeAnswer(None, "malformed")
    finally:
        if transport is not None:
            transport.abort()
