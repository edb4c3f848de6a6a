"""What `tidegate up` says while it stays: versions that become live or turn back, and where to look."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from controller.cli.saying import clean
from controller.cli.time import moment

TURNED = frozenset({"rolled_back", "failed", "aborted"})

Json = Mapping[str, Any]


class Announcer:
    """Tells of each deployment once, when it has ended; `known` are those that are told already."""

    def __init__(self, known: Iterable[Json]) -> None:
        self._told = {item["id"] for item in known if item["finished_at"]}

    def news(self, items: Iterable[Json]) -> Iterator[str]:
        """A line for each deployment that ended since, oldest first; `items` are newest first."""
        for item in reversed(list(items)):
            if item["finished_at"] and item["id"] not in self._told:
                self._told.add(item["id"])
                yield from _line(clean(item))


def _line(deployment: Json) -> Iterator[str]:
    name, revision = deployment["environment"], deployment["revision"]
    if deployment["phase"] == "succeeded":
        yield f"live: {name} {revision['version']} {revision['commit']} in {seconds(deployment):.1f} s"
    elif deployment["phase"] in TURNED:
        what = f"{deployment['phase'].replace('_', ' ')}: {name} {revision['version']} {revision['commit']}"
        yield f"{what}: {deployment['reason']['text']}"


def seconds(deployment: Json) -> float:
    """From the moment the controller heard of the commit to the end."""
    created, finished = moment(deployment["created_at"]), moment(deployment["finished_at"])
    assert created is not None and finished is not None, f"{deployment['id']} has ended"
    return (finished - created).total_seconds()


def where_to_look(dashboard: str, endpoints: Json, state: Path, deployment: str | None) -> str:
    """Addresses, and what to try next."""
    command = how_to_call(sys.argv[0])
    places = [
        ("dashboard", dashboard),
        *((name, f"{address}/") for name, address in endpoints["balancers"].items()),
        ("slack", f"{endpoints['slack']['url']}/"),
        ("repository", f"git clone {endpoints['github']['git']}"),
        ("logs", f"{state / 'controller.log'} and sandbox.log beside it"),
    ]
    tries = [
        (f"{command} status", "every environment"),
        (f"{command} show {deployment or 'dev-1'}", "what was done, step by step"),
        (f"{command} sandbox merge develop", f"another version; `{command} watch dev` follows it"),
        (f"{command} sandbox merge develop --fault unhealthy", "one that turns back; `explain dev` says why"),
        (f"{command} show staging-2", "what waits for approval, and for whose"),
        (f"{command} sandbox traffic dev", "requests through the load balancer meanwhile"),
        (f"{command} sandbox fault aws throttle --count 20", "AWS on a bad day"),
    ]
    width = max(len(line) for line, _ in tries)
    return "\n".join(
        [
            "",
            *(f"{name:<11} {place}" for name, place in places),
            "",
            "try next, in another terminal in this directory:",
            *(f"  {line:<{width}}  {told}" for line, told in tries),
            "",
            "Ctrl-C ends everything.",
        ]
    )


def how_to_call(program: str) -> str:
    """`tidegate` where a shell finds it, else the path from here."""
    on_path = shutil.which("tidegate")
    if on_path and Path(on_path).resolve() == Path(program).resolve():
        return "tidegate"
    return os.path.relpath(program) if Path(program).name == "tidegate" else "tidegate"
