"""What deployments look like on a terminal. Every function takes cleaned JSON values of the API, and `now`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from controller.cli.drawing import STYLES, Indented, Json, facts, named, shares, state
from controller.cli.evidence import evidence
from controller.cli.kinds import what
from controller.cli.listing import Listing
from controller.cli.time import ago, between, due, exact, when
from controller.domain.states import ANSWERS, STEPS, unheard_of


def progress(found: Json, now: datetime) -> RenderableType:
    """The live view of one."""
    reason = Text(found["reason"]["text"], "dim" if found["phase"] in {"running", "succeeded"} else "")
    return Group(heading(found), ladder(found, now), reason)


def deployment(found: Json, now: datetime) -> RenderableType:
    """Everything about one."""
    rows = [
        ("environment", found["environment"]),
        ("ordered", (found["because_of"] or {}).get("text", "")),
        ("why", f"{found['explanation']['text']} ({found['explanation']['code']})"),
        *named("evidence", found["explanation"]["evidence"]),
        ("cleared by", found["explanation"]["clears"]),
        ("next look", due(found["explanation"]["look_again_at"], now)),
        ("turned back", found["turned_back"] or ""),
        ("paused", pause(found["pause"], now)),
        ("services", ", ".join(everything(found["steps"]))),
        *contents(found),
        ("brings", found["brings"] or ""),
        ("created", when(found["created_at"], now)),
        ("waited", between(found["created_at"], found["started_at"] or found["finished_at"], now)),
        ("moved", between(found["started_at"], found["finished_at"], now)),
        ("ended", when(found["finished_at"], now)),
        ("plan", found["plan_digest"] or "none yet"),
        *(("GLASS BROKEN" if each["breaks_glass"] else "approved", vote(each, now)) for each in found["approvals"]),
        *((f"undo {entry['service']}", undo(entry)) for entry in found["undo"] or () if entry["stands"]),
        *((f"{finding['service']} {finding['metric']}", verdict(finding)) for finding in found["findings"]),
    ]
    parts: list[RenderableType] = [heading(found), facts(rows)]
    if found["phase"] == "waiting" and found["gates"]:
        parts += ["", gates(found["gates"])]
    if found["steps"]:
        parts += ["", ladder(found, now)]
    return Group(*parts, *last_words(found), *evidence(found["evidence"], now))


def last_words(found: Json) -> Iterable[RenderableType]:
    """What tasks that failed have written last, as long as no evidence tells of them."""
    told = {command["title"] for item in found["evidence"] for command in item["commands"]}
    for step in found["steps"]:
        if step["run"] and step["run"]["lines"] and step["title"] not in told:
            yield Text(f"\nlast lines of {step['title']}:", "bold")
            yield from (Indented("  ", line) for line in step["run"]["lines"])


def history(items: Iterable[Json], now: datetime) -> RenderableType:
    """Newest first, why last: beneath the rest, where a line has no room for it."""
    shown = Listing(("DEPLOYMENT", "STATE", "VERSION", "BY", "BEGAN", "MOVED"), "WHY")
    for item in items:
        moved = between(item["started_at"], item["finished_at"], now)
        broken = "GLASS BROKEN; " if any(each["breaks_glass"] for each in item["approvals"]) else ""
        why = broken + (item["pause"] or item)["reason"]["text"].split("\n", 1)[0]
        began = ago(item["created_at"], now)
        shown.add((item["id"], state(item), what(item), authors(item), began, moved), why)
    return shown


def heading(found: Json) -> Text:
    title = "" if found["pruned"] else found["revision"]["title"]
    return Text.assemble((found["id"], "bold"), "  ", what(found), "  ", state(found), "  ", (title, "dim"))


def authors(found: Json) -> str:
    """Who made the commit that it brings; a removal brings none."""
    if found["pruned"]:
        return ""
    return ", ".join(author["login"] or author["name"] for author in found["revision"]["authors"])


def contents(found: Json) -> list[tuple[str, str]]:
    revision = found["revision"]
    if found["pruned"]:
        return []
    images = ((f"image {service}", image) for service, image in (revision["images"] or {}).items())
    return [("commit", revision["commit"]), ("by", authors(found)), *images]


def vote(found: Json, now: datetime) -> str:
    return f"by {found['login']} {ago(found['at'], now)}, by {found['via']}: {found['reason']}"


def pause(found: Json | None, now: datetime) -> str:
    if not found:
        return ""
    left = exact(timedelta(seconds=found["left_seconds"]))
    told = f"by {found['actor']} {ago(found['since'], now)}: {found['reason']['text']}"
    return f"{told}; turns back by itself in {left}, unless it is resumed"


def undo(entry: Json) -> str:
    if entry["live"] is None:
        return f"new in {entry['idle']}: turning back takes its rule away"
    if entry["weights"] is None:
        return f"no rule: turning back keeps {entry['live']} and empties {entry['idle']}"
    return f"{entry['live']} was live: turning back gives {shares(entry['weights'])} again"


def verdict(finding: Json) -> str:
    """What was found in one metric of one service last."""
    return f"{finding['verdict']}: {finding['text']}"


def everything(steps: Iterable[Json]) -> list[str]:
    """The services that the steps are about, in the order in which traffic rises."""
    return list(dict.fromkeys(service for step in steps for service in step["services"]))


def gates(judged: Iterable[Json]) -> RenderableType:
    """The gates below each other, as far as they were asked: those after one that is shut come when it is open."""
    shown = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1, 0, 0))
    for column in ("", "gate", "answer"):
        shown.add_column(column, no_wrap=True)
    shown.add_column("text", overflow="fold", ratio=1)
    for each in judged:
        answer = ANSWERS.get(each["answer"]) or unheard_of(each["answer"])
        icon, style = answer.icon, STYLES[answer.tone]
        loud, quiet = ("", "dim") if each["answer"] == "open" else ("bold", "")
        told = Text(each["gate"], loud), Text(each["answer"], style), Text(each["text"], quiet)
        shown.add_row(Text(icon, style), *told)
    return shown


def ladder(found: Json, now: datetime) -> RenderableType:
    """The steps below each other: where it is, and what it waits for. Those that never ran share a line."""
    shown = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1, 0, 0))
    shown.add_column("")
    shown.add_column("number", justify="right", style="dim")
    for column in ("step", "took"):
        shown.add_column(column, no_wrap=True)
    shown.add_column("detail", overflow="fold", ratio=1)
    every = everything(found["steps"])
    for never, steps in groupby(found["steps"], lambda step: step["state"] == "skipped"):
        for row in [skipped(list(steps))] if never else (rung(step, every, now) for step in steps):
            shown.add_row(*row)
    return shown


def rung(step: Json, every: Sequence[str], now: datetime) -> tuple[Text, ...]:
    """Its services are named where they are not all of them, and neither title nor detail does so by itself."""
    shown = STEPS.get(step["state"]) or unheard_of(step["state"])
    icon, style = shown.icon, STYLES[shown.tone]
    is_partial = step["services"] and set(step["services"]) != set(every)
    is_told = step["command"] or any(step["detail"].startswith(f"{name}: ") for name in step["services"])
    some = f"{', '.join(step['services'])}: " if is_partial and not is_told else ""
    return (
        Text(icon, style),
        Text(str(step["number"])),
        Text(step["title"], "bold" if step["state"] == "running" else style),
        Text(between(step["started_at"], step["finished_at"], now), "dim"),
        Text(f"{some}{step['detail']}", "" if step["state"] in {"running", "failed"} else "dim"),
    )


def skipped(steps: Sequence[Json]) -> tuple[Text, ...]:
    icon, style = STEPS["skipped"].icon, STYLES[STEPS["skipped"].tone]
    reasons = dict.fromkeys(step["detail"] for step in steps if step["detail"])
    titles = ", ".join(step["title"] for step in steps)
    number = str(steps[0]["number"])
    return Text(icon, style), Text(number), Text("skipped", style), Text(), Text("; ".join([titles, *reasons]), style)
