"""`/health`, `/ready` and `/version`: the questions that balancers, smoke tests and people ask every service.

Each answers at the root and under `/api`, because a balancer that routes `/api/*` does not rewrite paths.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from workload import rehearsal
from workload.version import Identity

Endpoint = Callable[[Request], Awaitable[Response]]

_PROBES = frozenset({"/health", "/ready", "/api/health", "/api/ready"})


@dataclass
class Life:
    """Who this process is, and whether it has been told to stop."""

    identity: Identity
    is_stopping: bool = False


def is_probe(path: str) -> bool:
    return path in _PROBES


def routes(life: Life, *prefixes: str) -> list[Route]:
    """The three questions under each prefix ("" is the root)."""
    return [
        Route(f"{prefix}/{question}", endpoint)
        for prefix in prefixes
        for question, endpoint in _endpoints(life).items()
    ]


def _endpoints(life: Life) -> dict[str, Endpoint]:
    async def health(_request: Request) -> Response:
        """200 while the process can answer at all. It says nothing about dependencies. 500 in a rehearsal."""
        if rehearsal.UNHEALTHY:
            return _told({"status": "unhealthy", "reason": "workload/rehearsal.py says UNHEALTHY"}, 500)
        return _told({"status": "ok", "version": life.identity.version})

    async def ready(_request: Request) -> Response:
        """200 when every dependency answers (there are none yet, so `checks` is empty), 503 while stopping."""
        reason = _why_not_ready(life)
        status = "not_ready" if reason else "ready"
        told: dict[str, object] = {"status": status, "version": life.identity.version, "checks": {}}
        return _told(told | ({"reason": reason} if reason else {}), 503 if reason else 200)

    async def version(_request: Request) -> Response:
        return _told(life.identity.as_json())

    return {"health": health, "ready": ready, "version": version}


def _why_not_ready(life: Life) -> str | None:
    if rehearsal.NOT_READY:
        return "workload/rehearsal.py says NOT_READY"
    return "stopping: finishing the requests in flight" if life.is_stopping else None


def _told(body: Mapping[str, object], status: int = 200) -> Response:
    return JSONResponse(body, status, headers={"Cache-Control": "no-store"})
