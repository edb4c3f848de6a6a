"""An answer as JSON."""

from http import HTTPStatus

from pydantic import BaseModel
from starlette.responses import Response


def as_json(answer: BaseModel, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Never kept by anybody on the way: what it says is true now."""
    text = answer.model_dump_json(by_alias=True)
    return Response(text, status, {"Cache-Control": "no-store"}, media_type="application/json")
