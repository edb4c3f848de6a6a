"""The environment file's JSON Schema, for editors and for `tidegate schema`."""

from typing import Any

from controller.domain.manifest.models import EnvironmentFile


def environment_schema() -> dict[str, Any]:
    """JSON Schema 2020-12. It never refuses a valid file, but what holds between fields it cannot say."""
    schema = EnvironmentFile.model_json_schema()
    _close(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Tidegate environment file"}


def _close(schema: Any) -> None:
    """Mappings with names of their own (services, variables) take no name of another form."""
    if isinstance(schema, dict) and "patternProperties" in schema:
        schema["additionalProperties"] = False
    inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for part in inner:
        _close(part)
