"""How GitHub says no."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An answer other than success; `errors` is GitHub's list of what was wrong with which field."""

    def __init__(self, status: int, message: str, errors: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors

    @classmethod
    def not_found(cls) -> ApiError:
        return cls(404, "Not Found")

    @classmethod
    def invalid(cls, resource: str, field: str, message: str, code: str = "custom") -> ApiError:
        detail = {"resource": resource, "field": field, "code": code, "message": message}
        return cls(422, "Validation Failed", [detail])
