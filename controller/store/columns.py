"""Column types that mean the same on both databases."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, TIMESTAMP, BigInteger, Dialect, Integer, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

SERIAL = BigInteger().with_variant(Integer(), "sqlite")
"""Numbers its rows in the order in which they were written; SQLite does that for INTEGER only."""

DOCUMENT = JSON(none_as_null=True)
"""JSON that keeps the order of its keys, which JSONB would not: services are listed as their file lists them."""


def spelled(value: datetime) -> str:
    """Text of one width, so that it sorts and can be read: 2026-03-01T09:00:00.000000Z."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def printable(value: str) -> str:
    """What PostgreSQL or UTF-8 cannot hold becomes a replacement character."""
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


class UtcTime(TypeDecorator[datetime]):
    """An aware time; on SQLite it is `spelled`."""

    impl = String(27)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String(27))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        if value is None:
            return None
        assert value.tzinfo is not None, f"{value} has no time zone"
        return value.astimezone(UTC) if dialect.name == "postgresql" else spelled(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        read = value if dialect.name == "postgresql" else datetime.fromisoformat(value)
        return read.astimezone(UTC)


class Prose(TypeDecorator[str]):
    """Text that may come from strangers, made `printable`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else printable(value)
