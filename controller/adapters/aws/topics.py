"""`ports.Topics`: the two addresses of Amazon SNS that its messages name. Plain HTTPS, nothing signed.

Whoever asks has made sure that the address is AWS's; here it is made sure that the answer comes from there and nowhere
else, soon, and is small.
"""

import httpx

from controller.domain.errors import Transient
from controller.domain.ports import Clock

STEP_SECONDS = 2.0
BODY_SECONDS = 4.0
"""To connect, to be answered, and for the whole of the answer. SNS gives up after 15."""

LIMIT_BYTES = 64 * 1024


class SnsTopics:
    """Goes the way that all calls to AWS go, through a proxy where one is set; follows no redirect, keeps no cookie."""

    def __init__(self, clock: Clock, transport: httpx.BaseTransport | None = None) -> None:
        self._clock = clock
        self._transport = transport

    def certificate(self, address: str) -> bytes:
        return self._got(address, f"reading the certificate at {address}")

    def confirm(self, address: str) -> None:
        """The address holds a token, so no error repeats it."""
        self._got(address, "confirming a subscription")

    def _got(self, address: str, attempted: str) -> bytes:
        until = self._clock.monotonic() + BODY_SECONDS
        headers = {"User-Agent": "tidegate", "Accept-Encoding": "identity"}
        try:
            with (
                httpx.Client(transport=self._transport, follow_redirects=False, timeout=STEP_SECONDS) as client,
                client.stream("GET", address, headers=headers) as response,
            ):
                if response.status_code != httpx.codes.OK:
                    raise _failed(attempted, f"AWS answered {response.status_code}")
                return self._body(response, until, attempted)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _failed(attempted, f"no answer: {type(error).__name__}") from error

    def _body(self, response: httpx.Response, until: float, attempted: str) -> bytes:
        read = b""
        for chunk in response.iter_bytes():
            read += chunk
            if len(read) > LIMIT_BYTES:
                raise _failed(attempted, f"more than {LIMIT_BYTES} bytes")
            if self._clock.monotonic() > until:
                raise _failed(attempted, f"not read within {BODY_SECONDS:g} s")
        return read


def _failed(attempted: str, what: str) -> Transient:
    return Transient(f"{attempted}: {what}", code="topic.unreachable")
