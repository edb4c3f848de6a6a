"""What the oracles said when they were last asked: `recorded/<oracle>.json`, written by `make compare`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.oracles.compare import Recording

ORACLES = ("moto", "ministack")


def path_of(oracle: str) -> Path:
    return Path(__file__).parent / "recorded" / f"{oracle}.json"


def asked(oracle: str) -> dict[str, str]:
    """By script, the fingerprint of what the oracle was asked."""
    known: dict[str, str] = json.loads(path_of(oracle).read_text(encoding="utf-8"))["asked"]
    return known


def recorded(oracle: str) -> tuple[str, Recording]:
    """The oracle's version, and what was heard."""
    read: dict[str, Any] = json.loads(path_of(oracle).read_text(encoding="utf-8"))
    return read["version"], read["scripts"]
