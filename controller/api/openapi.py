"""The OpenAPI 3.1 page, made from the operations and the models; https://spec.openapis.org/oas/v3.1.1."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from controller.api.asking import Wanted
from controller.api.models import Problem
from controller.api.operations import Operation
from controller.api.problems import MEDIA_TYPE

PATH_PARAMETERS = {
    "name": "The environment's name.",
    "id": "The id of the deployment, the order or the token.",
}


def page(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """The whole document, as JSON values."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tidegate",
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas(operations),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation.path), *_query_parameters(operation.query)],
        "responses": _responses(operation),
        "security": [{"token": []}] if operation.guarded else [],
    }
    if operation.body:
        shown["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(operation.body)}}}
    return shown


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PATH_PARAMETERS[name],
            "schema": {"type": "string"},
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


def _query_parameters(query: type[Wanted] | None) -> list[dict[str, Any]]:
    if query is None:
        return []
    schema = query.model_json_schema(ref_template="#/components/schemas/{model}")
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": wanted}
        for name, wanted in schema["properties"].items()
    ]


def _responses(operation: Operation) -> dict[str, Any]:
    media = {"application/json": {"schema": _ref(operation.answer)}} if operation.answer else _TEXT
    good = {"description": operation.summary, "content": media}
    wrong = {
        str(status): {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": _ref(Problem)}}}
        for status in operation.problems
    }
    return {str(operation.status.value): good, **wrong, **({"503": good} if operation.path == "/ready" else {})}


_TEXT: Mapping[str, Any] = {"text/plain": {"schema": {"type": "string"}}}


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _schemas(operations: Sequence[Operation]) -> dict[str, Any]:
    answers = {operation.answer for operation in operations if operation.answer} | {Problem}
    bodies = {operation.body for operation in operations if operation.body}
    queries = {operation.query for operation in operations if operation.query}
    modes = [*((model, "serialization") for model in answers), *((model, "validation") for model in bodies | queries)]
    ordered = sorted(modes, key=lambda pair: pair[0].__name__)
    _, schema = models_json_schema(ordered, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    unused = {model.__name__ for model in queries}
    return {name: shape for name, shape in schema["$defs"].items() if name not in unused}
