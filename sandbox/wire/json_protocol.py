"""The `json` protocol: an operation in a header, parameters and answers as JSON objects."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.utils import parse_timestamp

from sandbox.wire.request import Request
from sandbox.world.errors import AwsError
from sandbox.world.values import Answer, Parameters


def operation_name(model: ServiceModel, request: Request) -> str:
    del model
    return request.headers.get("x-amz-target", "").rpartition(".")[2]


def parse(operation: OperationModel, request: Request) -> Parameters:
    """Raises AwsError for a body that is not a JSON object."""
    try:
        given = json.loads(request.body or b"{}")
    except ValueError as bad:
        raise AwsError("SerializationException", f"The body is not JSON: {bad}") from bad
    if not isinstance(given, dict):
        raise AwsError("SerializationException", "The body is not a JSON object")
    parsed: Parameters = _parsed(operation.input_shape, given)
    return parsed


def answer(operation: OperationModel, value: Answer, request_id: str) -> tuple[str, bytes]:
    """Content type and body."""
    del request_id
    return _content_type(operation.service_model), json.dumps(_plain(value)).encode()


def error(model: ServiceModel, failure: AwsError, request_id: str) -> tuple[str, bytes]:
    del request_id
    body = {"__type": failure.code, "message": failure.message}
    return _content_type(model), json.dumps(body).encode()


def _content_type(model: ServiceModel) -> str:
    return f"application/x-amz-json-{model.metadata.get('jsonVersion', '1.1')}"


def _parsed(shape: Shape | None, value: Any) -> Any:
    """JSON's values as Python has them: moments and bytes; unknown members stay, to be refused by name."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {key: _parsed(shape.members.get(key), each) for key, each in value.items() if each is not None}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_parsed(shape.member, each) for each in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _parsed(shape.value, each) for key, each in value.items()}
    if shape is not None and shape.type_name == "timestamp":
        return parse_timestamp(value)
    if shape is not None and shape.type_name == "blob":
        return base64.b64decode(value)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value
