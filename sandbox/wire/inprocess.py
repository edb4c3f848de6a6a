"""boto3 clients answered in process: before a call is serialized, or as bytes just before they would be sent.

Both keep botocore's own validation of parameters and its typed exceptions. `bind` is the fast one and skips
signing, parsing and botocore's retries; `bind_bytes` has all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError
from botocore.model import ServiceModel

from sandbox.clock import VirtualClock
from sandbox.wire.exchange import exchange
from sandbox.wire.front import Front
from sandbox.wire.models import kept_query_codes, shown_code
from sandbox.world.errors import AwsError, CallLost
from sandbox.world.world import World

Wait = Callable[[float], None]


def bind(target: Any, world: World, wait: Wait | None = None) -> Front:
    """Let the world answer a client, or all clients that a boto3 session makes from now on.

    A delayed answer moves a virtual clock; on other clocks it is `wait` that takes the time, if given.
    """
    front = Front(world)
    hook = _CallHook(front, wait or _waiting(world))
    events = _events(target)
    events.register_last("before-parameter-build", hook.remember)
    events.register_last("before-call", hook.answer)
    return front


def bind_bytes(target: Any, world: World, wait: Wait | None = None) -> Front:
    """The same with wire bytes: everything is real but the socket.

    botocore's own retries sleep in real time: on a virtual clock configure one attempt.
    """
    front, pause = Front(world), wait or _waiting(world)

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        reply = exchange(front, headers, _bytes(request.body), request.method, request.url)
        if reply.is_lost:
            raise ReadTimeoutError(endpoint_url=request.url)
        pause(reply.delay_seconds)
        shown = HTTPHeaders.from_dict({"content-type": reply.content_type, **reply.headers})
        return AWSResponse(request.url, reply.status, shown, _Body(reply.body))

    _events(target).register_last("before-send", answer)
    return front


class _CallHook:
    """Two events of each call: the first shows the parameters, the second wants the answer."""

    def __init__(self, front: Front, wait: Wait) -> None:
        self._front = front
        self._wait = wait

    def remember(self, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["sandbox_parameters"] = params

    def answer(self, model: Any, context: dict[str, Any], request_signer: Any, **_: Any) -> tuple[Any, Any]:
        service, operation = model.service_model.service_name, model.name
        outcome = self._front.perform(
            service, operation, context["sandbox_parameters"], context["client_region"], _access_key(request_signer)
        )
        if isinstance(outcome.error, CallLost):
            raise ReadTimeoutError(endpoint_url=f"in process: {service} {operation}")
        self._wait(outcome.delay_seconds)
        status = 200 if outcome.error is None else outcome.error.http_status
        metadata = {"HTTPStatusCode": status, "HTTPHeaders": {}, "RequestId": "in-process", "RetryAttempts": 0}
        if outcome.error is None:
            return _Status(200), {**(outcome.answer or {}), "ResponseMetadata": metadata}
        error = _error(outcome.error, model.service_model)
        return _Status(status), {"Error": error, "ResponseMetadata": metadata}


def _error(error: AwsError, model: ServiceModel) -> dict[str, str]:
    shown = {"Code": shown_code(model, error.code), "Message": error.message}
    if kept_query_codes(model):
        shown |= {"QueryErrorCode": error.code, "Type": error.fault}
    return shown


class _Status:
    """As much of an HTTP response as botocore looks at."""

    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


class _Body:
    """A body as urllib3 would hand it out."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content


def _events(target: Any) -> Any:
    return target.meta.events if hasattr(target, "meta") else target.events


def _access_key(request_signer: Any) -> str | None:
    """RequestSigner has no public way to its credentials."""
    credentials = getattr(request_signer, "_credentials", None)
    return None if credentials is None else credentials.get_frozen_credentials().access_key


def _waiting(world: World) -> Wait:
    def wait(seconds: float) -> None:
        if seconds and isinstance(world.clock, VirtualClock):
            world.clock.advance(seconds)

    return wait


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else bytes(body)
