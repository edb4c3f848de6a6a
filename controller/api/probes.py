"""How the process is: for load balancers, supervisors and Prometheus. Nothing here needs the token."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

import anyio
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from controller.api.answering import as_json
from controller.api.context import ApiContext
from controller.api.models import Dependency, Health, Readiness, Version
from controller.domain.errors import TidegateError

PATIENCE_SECONDS = 5.0

log = structlog.get_logger()

Endpoint = Callable[[Request], Awaitable[Response]]


def health(context: ApiContext) -> Endpoint:
    async def answer(request: Request) -> Response:
        """The process answers, whatever it depends on does."""
        return as_json(Health(status="ok"))

    return answer


def version(context: ApiContext) -> Endpoint:
    async def answer(request: Request) -> Response:
        return as_json(Version(version=context.version))

    return answer


def ready(context: ApiContext) -> Endpoint:
    async def answer(request: Request) -> Response:
        """200 when every dependency answers, else 503; why one doesn't is in the log, because anybody may ask."""
        found = {name: await _asked(context, name, ask) for name, ask in context.dependencies.items()}
        is_ready = all(dependency.state == "ok" for dependency in found.values())
        answered = Readiness(status="ready" if is_ready else "not_ready", dependencies=found)
        return as_json(answered, HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE)

    return answer


def metrics(context: ApiContext) -> Endpoint:
    async def answer(request: Request) -> Response:
        """Prometheus' text format."""
        text = await run_in_threadpool(generate_latest, context.registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return answer


async def _asked(context: ApiContext, name: str, ask: Callable[[], None]) -> Dependency:
    """One dependency, with patience: one that hangs must not hang whoever asks about it."""
    began = context.clock.monotonic()
    code: str | None = "timeout"
    with anyio.move_on_after(PATIENCE_SECONDS):
        code = await anyio.to_thread.run_sync(_why_not, name, ask, abandon_on_cancel=True)
    latency_ms = round((context.clock.monotonic() - began) * 1000, 1)
    return Dependency(state="failed" if code else "ok", latency_ms=latency_ms, code=code)


def _why_not(name: str, ask: Callable[[], None]) -> str | None:
    try:
        ask()
    except TidegateError as error:
        log.warning("dependency failed", dependency=name, code=error.code, error=str(error))
        return error.code
    except Exception:
        log.exception("dependency broke", dependency=name)
        return "internal"
    return None
