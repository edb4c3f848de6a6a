"""Plain values: what goes in and comes out of a call."""

from __future__ import annotations

from typing import Any

Parameters = dict[str, Any]
Answer = dict[str, Any]


def copied(value: Any) -> Any:
    """A deep copy of dictionaries and lists; members that are None are left out, as AWS leaves them out."""
    if isinstance(value, dict):
        return {key: copied(member) for key, member in value.items() if member is not None}
    if isinstance(value, list | tuple):
        return [copied(member) for member in value]
    return value


def chosen(source: Parameters, *names: str) -> Parameters:
    """The named members that are there."""
    return {name: source[name] for name in names if source.get(name) is not None}


def tag_map(tags: list[dict[str, str]] | None, key: str = "key", value: str = "value") -> dict[str, str]:
    """A list of AWS tags as a dictionary; ELBv2 writes its members with capitals."""
    return {tag[key]: tag.get(value, "") for tag in tags or []}


def tag_list(tags: dict[str, str], key: str = "key", value: str = "value") -> list[dict[str, str]]:
    return [{key: name, value: text} for name, text in tags.items()]


def page(items: list[Any], token: str | None, size: int) -> tuple[list[Any], str | None]:
    """One page of a listing and the token of the next; tokens are positions."""
    first = int(token) if token and token.isdigit() else 0
    last = first + size
    return items[first:last], str(last) if last < len(items) else None
