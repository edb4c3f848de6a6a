"""The frontend: one page and its assets. Start it with `python -m workload.frontend`.

The page asks `/api/…` on its own origin; which process answers there is the load balancer's business.
"""

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from workload import probes, serve
from workload.probes import Life

NAME = "captioncraft-frontend"
STATIC = Path(__file__).with_name("static")

_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}

# Two versions answer side by side during a rollout: a browser must ask before it reuses either one's files.
_ALWAYS_ASK = {"Cache-Control": "no-cache"}


def application(life: Life) -> ASGIApp:
    assets = Mount("/static", _AlwaysAsked(directory=STATIC))
    return serve.assembled(life, [Route("/", page), assets, *probes.routes(life, "")])


async def page(_request: Request) -> Response:
    return FileResponse(STATIC / "index.html", headers=_PAGE_HEADERS | _ALWAYS_ASK)


class _AlwaysAsked(StaticFiles):
    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        answer = super().file_response(*args, **kwargs)
        answer.headers.update(_ALWAYS_ASK)
        return answer


if __name__ == "__main__":
    serve.run(NAME, 8080, application)
