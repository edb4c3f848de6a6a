"""The backend: `POST /api/generate-captions`. Start it with `python -m workload.backend`."""

from starlette.routing import Route
from starlette.types import ASGIApp

from workload import probes, serve
from workload.caption_endpoint import generate_captions
from workload.probes import Life

NAME = "captioncraft-backend"


def application(life: Life) -> ASGIApp:
    captions = Route("/api/generate-captions", generate_captions, methods=["POST"])
    return serve.assembled(life, [captions, *probes.routes(life, "", "/api")])


if __name__ == "__main__":
    serve.run(NAME, 8000, application)
