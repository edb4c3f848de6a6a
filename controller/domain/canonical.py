"""Canonical JSON (RFC 8785) and the digests made of it."""

import hashlib
from typing import Any

import rfc8785


def canonical(value: Any) -> str:
    """The one JSON text of plain dicts, lists, strings, numbers, booleans and None."""
    return rfc8785.dumps(value).decode()


def digest(value: Any) -> str:
    """`sha256:` and 64 hex digits of the canonical JSON of plain dicts, lists, strings, integers, booleans and None."""
    return "sha256:" + hashlib.sha256(rfc8785.dumps(value)).hexdigest()
