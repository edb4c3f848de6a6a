"""The `rest-json` protocol: an operation by method and path, parameters in path, query and a JSON object."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from urllib.parse import unquote

from botocore.model import ListShape, OperationModel, ServiceModel, Shape

from sandbox.wire import json_protocol
from sandbox.wire.query_protocol import scalar
from sandbox.wire.request import Request
from sandbox.world.errors import AwsError
from sandbox.world.values import Answer, Parameters

LABEL = re.compile(r"\\\{(\w+)(\\\+)?\\\}")
"""`{Name}` in an escaped path: one segment of it, or with a `+` as many as there are."""


def operation_name(model: ServiceModel, request: Request) -> str:
    return next(
        (
            name
            for name in model.operation_names
            if model.operation_model(name).http["method"] == request.method
            and _path(model.operation_model(name)).fullmatch(request.path)
        ),
        "",
    )


def parse(operation: OperationModel, request: Request) -> Parameters:
    """Raises AwsError for a body that is not a JSON object, and for a number that is none."""
    parsed = json_protocol.parse(operation, request)
    shape = operation.input_shape
    if shape is not None:
        located = _located(operation, request)
        for name, member in shape.members.items():
            where = member.serialization.get("location", ""), member.serialization.get("name", name)
            if where in located:
                parsed[name] = _value(member, located[where])
    return parsed


def answer(operation: OperationModel, value: Answer, request_id: str) -> tuple[str, bytes]:
    """Content type and body."""
    _, body = json_protocol.answer(operation, value, request_id)
    return "application/json", body


def error(model: ServiceModel, failure: AwsError, request_id: str) -> tuple[str, bytes]:
    _, body = json_protocol.error(model, failure, request_id)
    return "application/json", body


def _located(operation: OperationModel, request: Request) -> dict[tuple[str, str], list[str]]:
    """Where botocore's models say that a parameter is, and its name there → its texts."""
    match = _path(operation).fullmatch(request.path)
    labels = match.groupdict() if match else {}
    return {
        **{("uri", name): [unquote(text)] for name, text in labels.items()},
        **{("querystring", name): texts for name, texts in request.query.items()},
    }


def _value(shape: Shape, texts: list[str]) -> Any:
    return [scalar(shape.member, text) for text in texts] if isinstance(shape, ListShape) else scalar(shape, texts[0])


@cache
def _path(operation: OperationModel) -> re.Pattern[str]:
    """What the path of such a request looks like."""
    path = re.escape(operation.http["requestUri"].partition("?")[0])
    return re.compile(LABEL.sub(lambda label: f"(?P<{label[1]}>{'.+' if label[2] else '[^/]+'})", path))
