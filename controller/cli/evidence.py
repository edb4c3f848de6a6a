"""What was written down of a failure, on a terminal. Every function takes cleaned JSON values of the API."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rich.console import RenderableType
from rich.text import Text

from controller.cli import time
from controller.cli.drawing import Indented, Json

BESIDE = "    "
"""What stands before each line below a heading."""


def evidence(items: Iterable[Json], now: datetime) -> Iterable[RenderableType]:
    """Section by section: what rang, what was counted, what was run, and each slot."""
    for item in items:
        whose = "" if item["about"] == item["deployment"] else f" of {item['about']}, by {item['deployment']}"
        yield Text.assemble(("\nevidence", "bold"), f"{whose}, written down {time.when(item['gathered_at'], now)}")
        for alarm in item["alarms"]:
            yield _heading(f"alarm {alarm['name']}")
            yield from (_dated(change["at"], f"{change['state']}: {change['reason']}") for change in alarm["changes"])
        for finding in item["findings"]:
            yield _heading(f"{finding['service']} {finding['metric']}")
            yield Indented(BESIDE, f"{finding['verdict']}: {finding['text']}")
        for command in item["commands"]:
            yield _heading(command["title"])
            yield Indented(BESIDE, command["text"])
            yield from _log(command["lines"])
        for slot in item["slots"]:
            yield from _slot(slot)
        yield from (Indented("  ", unread, "yellow") for unread in item["unread"])


def _slot(slot: Json) -> Iterable[RenderableType]:
    yield _heading(f"{slot['service']} {slot['slot']}{'' if slot['is_blamed'] else ', the other version'}")
    for tasks in slot["stopped"]:
        yield Indented(BESIDE, tasks["text"])
        last = f"last at {time.at(tasks['stopped_at'])}, " if tasks["stopped_at"] else ""
        yield Indented(BESIDE, f"{last}task {tasks['task']} ({tasks['stop_code']})", "dim")
        yield from _log(tasks["lines"])
    for target in slot["targets"]:
        told = filter(None, (f"target {target['address']} {target['state']}", target["code"], target["text"]))
        yield Indented(BESIDE, ": ".join(told))
    yield from _log(slot["lines"])
    for event in slot["events"]:
        times = f" ({event['times']} times)" if event["times"] > 1 else ""
        yield _dated(event["at"], f"{event['text']}{times}")


def _heading(text: str) -> Text:
    return Text(f"  {text}", "bold")


def _log(lines: Iterable[str]) -> Iterable[RenderableType]:
    return (Indented(f"{BESIDE}│ ", line) for line in lines)


def _dated(at: str, text: str) -> RenderableType:
    return Indented(BESIDE, Text.assemble((f"{time.at(at)} ", "dim"), text))
