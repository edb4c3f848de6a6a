"""The routes of this room. The token guards everything under /api/v1, known or not, but the OpenAPI page."""

import json
from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, Router

from controller.api import metrics, openapi
from controller.api.bearer import Bearer
from controller.api.context import ApiContext
from controller.api.operations import OPERATIONS, PREFIX


def routes(context: ApiContext) -> list[BaseRoute]:
    context.registry.register(metrics.Environments(context.store, context.version))
    context.registry.register(metrics.Deployments(context.store))
    context.registry.register(metrics.Messages(context.store))
    context.registry.register(metrics.Delivery(context.store, context.clock))
    open_to_all = [
        Route(operation.path, operation.make(context), methods=[operation.method])
        for operation in OPERATIONS
        if not operation.guarded
    ]
    guarded = Router(
        [
            Route(operation.path.removeprefix(PREFIX), operation.make(context), methods=[operation.method])
            for operation in OPERATIONS
            if operation.guarded
        ],
        redirect_slashes=False,
    )
    return [*open_to_all, _page(context.version), Mount(PREFIX, Bearer(guarded, context.doorkeeper.by_token))]


def _page(version: str) -> Route:
    async def answer(request: Request) -> Response:
        return Response(_text(version), media_type="application/json")

    return Route(f"{PREFIX}/openapi.json", answer, methods=["GET"])


@cache
def _text(version: str) -> str:
    """Made when somebody asks for it first: the controller starts sooner."""
    return json.dumps(openapi.page(OPERATIONS, version))
