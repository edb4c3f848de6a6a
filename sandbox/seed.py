"""The sandbox's own repository: the shipped files, with the waiting taken out of the environments. Pure.

What people would wait for (bakes, soaks, warm time) becomes sixty times shorter, windows and schedules go,
and the address becomes the sandbox's balancer. Health checks stay as they are.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ruamel.yaml import YAML

from controller.domain.manifest import format_duration, parse_duration

FASTER = 60
LEAST = timedelta(seconds=1)
WIDE = 4096


@dataclass(frozen=True)
class Change:
    """One thing that the transformation did: `environments/dev.yaml`, `strategy.bake`, from, to (None: gone)."""

    file: str
    key: str
    before: str
    after: str | None

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.before} -> {self.after or 'off'}"


@dataclass(frozen=True)
class Seed:
    """An environment file as the sandbox's repository has it."""

    text: str
    changes: tuple[Change, ...]


def sandboxed(file: str, text: str, url: str) -> Seed:
    """The file for the sandbox, comments and order kept, and everything that became different."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = WIDE
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(text)
    changes = tuple(
        Change(file, key, before, after)
        for key, before, after in (*_shorter(document), *_switched_off(document), *_readdressed(document, url))
    )
    written = io.StringIO()
    yaml.dump(document, written)
    return Seed(written.getvalue(), changes)


def _shorter(document: Any) -> Iterator[tuple[str, str, str]]:
    for path, holder, key in _waits(document):
        before = str(holder[key])
        after = shortened(before)
        if after != before:
            holder[key] = after
            yield path, before, after


def _waits(document: Any) -> Iterator[tuple[str, Any, str]]:
    """(key path, mapping, key) of each duration that somebody waits for."""
    strategy = document.get("strategy") or {}
    steps = strategy.get("steps") or []
    found = [
        ("gates.soak.for", (document.get("gates") or {}).get("soak"), "for"),
        ("strategy.bake", strategy, "bake"),
        *((f"strategy.steps[{number}].bake", step, "bake") for number, step in enumerate(steps)),
        ("rollback.keep_warm", document.get("rollback"), "keep_warm"),
    ]
    yield from ((path, holder, key) for path, holder, key in found if holder and key in holder)


def shortened(duration: str) -> str:
    """A sixtieth, but at least a second; nothing stays nothing.

    >>> shortened("5m"), shortened("30s"), shortened("0s")
    ('5s', '1s', '0s')
    """
    before = parse_duration(duration)
    return format_duration(max(LEAST, before / FASTER)) if before else duration


def _switched_off(document: Any) -> Iterator[tuple[str, str, None]]:
    for path, holder, key in (("gates.window", document.get("gates"), "window"), ("schedule", document, "schedule")):
        if holder and holder.get(key):
            yield path, _shown(holder[key]), None
            del holder[key]


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_shown(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_shown(each) for each in value) + "]"
    return str(value)


def _readdressed(document: Any, url: str) -> Iterator[tuple[str, str, str]]:
    before = document.get("url")
    if before is not None and before != url:
        document["url"] = url
        yield "url", str(before), url


def references(text: str) -> tuple[str, ...]:
    """All secrets and parameters that an environment's services refer to, as the file writes them."""
    document = YAML(typ="safe").load(text)
    return tuple(
        str(reference)
        for service in (document.get("services") or {}).values()
        for kind in ("secrets", "parameters")
        for reference in (service.get(kind) or {}).values()
    )
