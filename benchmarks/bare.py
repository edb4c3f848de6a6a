"""`python -m benchmarks.bare PORT`: the least that Starlette can do with a webhook, to compare with."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


async def accept(request: Request) -> Response:
    await request.body()
    return JSONResponse({"receipt": "accepted"}, status_code=202)


if __name__ == "__main__":
    app = Starlette(routes=[Route("/webhooks/github", accept, methods=["POST"])])
    uvicorn.run(app, port=int(sys.argv[1]), log_config=None, access_log=False, server_header=False)
