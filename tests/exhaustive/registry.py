"""What must be disturbed somewhere: every declared AWS call, every method of the ports, every verb of the store.

A new one that no story passes fails the tests, by name. To mend that, add a story to `stories.py`.
"""

import ast
import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from controller import loop
from controller.adapters.aws.calls import CALLS, Call
from controller.domain.ports import Directory, Probe, Source
from tests.exhaustive.exhausting import Result
from tests.exhaustive.faults import KINDS, Kind
from tests.support.sites import SiteKind

NOT_IN_PASSES = frozenset(
    {
        *("alarm_states.py", "bulletins.py", "catching_up.py", "doctor.py", "pace.py", "posting.py", "preview.py"),
        *("proposals.py", "redelivery.py", "telling.py", "tracing.py", "unhurried.py", "ways_back.py"),
    }
)
"""Modules of the loop's room that no pass is made of: doors and notifiers read by them, or they write on GitHub."""

ONLY_AFTER_FAULTS = frozenset({"outbox.failed"})
"""Verbs that an undisturbed story never needs; faults at the sites before them lead there."""

OF_DOORS = frozenset({"sns", "sqs"})
"""Services that a door or a notifier calls and no pass: tests of their own break those."""

ONLY_SOMETIMES = frozenset({Kind.CRASH_BEFORE, Kind.STALE, Kind.MISSING, Kind.CRASH_AFTER, Kind.COMMITTED})
"""Kinds that depend on what was there to be answered or written."""


CALLS_OF_PASSES = tuple(call for call in CALLS if call.service not in OF_DOORS)


def missing_sites(results: Sequence[Result]) -> list[str]:
    """Names that no story passes."""
    passed = {name for result in results for name in result.names}
    wanted = [
        *map(site_of, CALLS_OF_PASSES),
        *((str(SiteKind.SOURCE), name) for port in (Source, Directory) for name in methods(port)),
        *((str(SiteKind.PROBE), name) for name in methods(Probe)),
    ]
    verbs = {verb for result in results for verb in result.verbs}
    return [
        *(f"{kind}:{name}" for kind, name in wanted if (kind, name) not in passed),
        *(f"store verb {verb}" for verb in sorted(used_verbs() - verbs - ONLY_AFTER_FAULTS)),
    ]


def site_of(call: Call[Any, Any]) -> tuple[str, str]:
    """Kind and name of the sites where this call is made."""
    return str(SiteKind.CHANGE if call.changes else SiteKind.READ), f"{call.service}.{call.operation}"


def missing_kinds(results: Sequence[Result]) -> list[str]:
    """Sites at which a kind that applies to all of their sort was never possible."""
    passed: dict[tuple[str, str], set[str]] = {}
    for result in results:
        for name, kinds in result.names.items():
            passed.setdefault(name, set()).update(kinds)
    return [
        f"{kind}:{name} is never {fault}"
        for (kind, name), kinds in sorted(passed.items())
        for fault, (sorts, _) in KINDS.items()
        if SiteKind(kind) in sorts and fault not in ONLY_SOMETIMES and str(fault) not in kinds
    ]


def methods(protocol: type) -> Iterator[str]:
    for name, _ in inspect.getmembers(protocol, inspect.isfunction):
        if not name.startswith("_"):
            yield name


def used_verbs() -> set[str]:
    """`table.verb` for every `unit.table.verb(…)` in the modules that passes are made of."""
    room = Path(loop.__file__).parent
    return {
        verb
        for module in sorted(room.glob("*.py"))
        if module.name not in NOT_IN_PASSES
        for verb in _verbs(ast.parse(module.read_text(encoding="utf-8")))
    }


def _verbs(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=verb, value=ast.Attribute(attr=table, value=ast.Name(id="unit")))):
                yield f"{table}.{verb}"
