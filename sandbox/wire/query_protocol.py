"""The `query` protocol: form fields in, XML out."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.utils import parse_timestamp

from sandbox.wire.models import shown_code
from sandbox.wire.request import Request
from sandbox.world.errors import AwsError
from sandbox.world.values import Answer, Parameters

Fields = dict[str, Any]
"""Form fields as a tree: `Tags.member.1.Key=a` is `{"Tags": {"member": {"1": {"Key": "a"}}}}`."""


def operation_name(model: ServiceModel, request: Request) -> str:
    del model
    return dict(_fields(request.body)).get("Action", "")


def parse(operation: OperationModel, request: Request) -> Parameters:
    tree: Fields = {}
    for name, value in _fields(request.body):
        _put(tree, name.split("."), value)
    for name in ("Action", "Version"):
        tree.pop(name, None)
    shape = operation.input_shape
    parsed: Parameters = {} if shape is None else _parsed(shape, tree)
    return parsed


def answer(operation: OperationModel, value: Answer, request_id: str) -> tuple[str, bytes]:
    """Content type and body."""
    shape = operation.output_shape
    inner = "" if shape is None else _members(shape, value)
    wrapper = shape.serialization.get("resultWrapper") if shape is not None else None
    if wrapper:
        inner = f"<{wrapper}>{inner}</{wrapper}>"
    name = operation.name + "Response"
    metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    namespace = operation.service_model.metadata.get("xmlNamespace", "")
    return "text/xml", f'<{name} xmlns="{namespace}">{inner}{metadata}</{name}>'.encode()


def error(model: ServiceModel, failure: AwsError, request_id: str) -> tuple[str, bytes]:
    code = shown_code(model, failure.code)
    inner = f"<Type>{failure.fault}</Type><Code>{escape(code)}</Code><Message>{escape(failure.message)}</Message>"
    request = f"<RequestId>{request_id}</RequestId>"
    return "text/xml", f"<ErrorResponse><Error>{inner}</Error>{request}</ErrorResponse>".encode()


def _fields(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)


def _put(tree: Fields, path: list[str], value: str) -> None:
    for part in path[:-1]:
        below = tree.setdefault(part, {})
        if not isinstance(below, dict):
            raise AwsError("MalformedInput", f"The field {'.'.join(path)} is both a value and a group")
        tree = below
    tree[path[-1]] = value


def _parsed(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        members = {_wire_name(member, name): (name, member) for name, member in shape.members.items()}
        known = [(members[key], each) for key, each in value.items() if key in members]
        return {name: _parsed(member, each) for (name, member), each in known}
    if isinstance(shape, ListShape):
        entries = value if shape.serialization.get("flattened") else _below(value, _element(shape))
        return [_parsed(shape.member, entries[index]) for index in sorted(entries, key=int)] if entries else []
    if isinstance(shape, MapShape):
        entries = value if shape.serialization.get("flattened") else _below(value, "entry")
        return {each["key"]: _parsed(shape.value, each["value"]) for each in entries.values()}
    return scalar(shape, value)


def _below(value: Any, name: str) -> Fields:
    found = value.get(name, {}) if isinstance(value, dict) else {}
    return found if isinstance(found, dict) else {}


def scalar(shape: Shape, value: str) -> Any:
    """A text as the model's type. Raises AwsError when it is none."""
    try:
        match shape.type_name:
            case "integer" | "long":
                return int(value)
            case "float" | "double":
                return float(value)
            case "boolean":
                return value.lower() == "true"
            case "timestamp":
                return parse_timestamp(value)
            case "blob":
                return base64.b64decode(value)
    except ValueError as bad:
        raise AwsError("MalformedInput", f"{value!r} is not a {shape.type_name}") from bad
    return value


def _wire_name(shape: Shape, name: str) -> str:
    return str(shape.serialization.get("name", name))


def _element(shape: ListShape) -> str:
    return str(shape.member.serialization.get("name", "member"))


def _members(shape: StructureShape, value: Answer) -> str:
    return "".join(
        _element_of(shape.members[name], _wire_name(shape.members[name], name), value[name]) for name in value
    )


def _element_of(shape: Shape, name: str, value: Any) -> str:
    if isinstance(shape, StructureShape):
        inner = _members(shape, value)
    elif isinstance(shape, ListShape):
        if shape.serialization.get("flattened"):
            return "".join(_element_of(shape.member, name, each) for each in value)
        inner = "".join(_element_of(shape.member, _element(shape), each) for each in value)
    elif isinstance(shape, MapShape):
        inner = "".join(
            f"<entry>{_element_of(shape.key, 'key', key)}{_element_of(shape.value, 'value', each)}</entry>"
            for key, each in value.items()
        )
    else:
        inner = escape(_text(value))
    return f"<{name}>{inner}</{name}>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)
