"""What the API's answers look like on a terminal. Every function takes cleaned JSON values and `now`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from controller.cli.time import ago, between

PHASES = {
    "waiting": ("…", "dim"),
    "running": ("▶", "cyan"),
    "succeeded": ("✓", "green"),
    "rolling_back": ("◀", "yellow"),
    "rolled_back": ("↩", "yellow"),
    "failed": ("✕", "red"),
    "superseded": ("»", "dim"),
    "rejected": ("✕", "red"),
    "expired": ("✕", "red"),
    "aborted": ("■", "yellow"),
}
STEPS = {
    "pending": ("○", "dim"),
    "running": ("▶", "cyan"),
    "done": ("✓", "green"),
    "failed": ("✕", "red"),
    "skipped": ("·", "dim"),
    "undone": ("↩", "yellow"),
}

Json = Mapping[str, Any]


def phase(name: str) -> Text:
    icon, style = PHASES.get(name, ("?", ""))
    return Text(f"{icon} {name.replace('_', ' ')}", style)


def table(*columns: str) -> Table:
    shown = Table(box=None, pad_edge=False, header_style="bold", show_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        shown.add_column(column, overflow="fold")
    return shown


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """Names and values below each other; empty values are left out."""
    shown = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    shown.add_column(style="dim", no_wrap=True)
    shown.add_column(overflow="fold")
    for name, value in rows:
        if value:
            shown.add_row(name, value)
    return shown


def ladder(deployment: Json, now: datetime) -> RenderableType:
    """The steps below each other: where it is, and what it waits for."""
    shown = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1, 0, 0))
    for column in ("", "step", "services", "took"):
        shown.add_column(column, no_wrap=column != "services", overflow="fold")
    shown.add_column("detail", overflow="fold", ratio=1)
    for step in deployment["steps"]:
        icon, style = STEPS.get(step["state"], ("?", ""))
        took = between(step["started_at"], step["finished_at"], now)
        shown.add_row(
            Text(icon, style),
            Text(step["title"], "bold" if step["state"] == "running" else style),
            Text(", ".join(step["services"]), "dim"),
            Text(took, "dim"),
            Text(step["detail"], "" if step["state"] in {"running", "failed"} else "dim"),
        )
    return shown


def heading(deployment: Json) -> Text:
    revision = deployment["revision"]
    title = revision["title"]
    return Text.assemble(
        (deployment["id"], "bold"), "  ", revision["version"], "  ", phase(deployment["phase"]), "  ", (title, "dim")
    )


def progress(deployment: Json, now: datetime) -> RenderableType:
    """The live view of one deployment."""
    reason = Text(deployment["reason"]["text"], "dim" if deployment["phase"] in {"running", "succeeded"} else "")
    return Group(heading(deployment), ladder(deployment, now), reason)


def deployment(found: Json, now: datetime) -> RenderableType:
    """Everything about one."""
    revision = found["revision"]
    authors = ", ".join(author["login"] or author["name"] for author in revision["authors"])
    rows = [
        ("environment", found["environment"]),
        ("kind", found["kind"] if found["kind"] != "deploy" else ""),
        ("why", f"{found['reason']['text']} ({found['reason']['code']})"),
        ("commit", revision["commit"]),
        ("by", authors),
        ("created", f"{found['created_at']} ({ago(found['created_at'], now)})"),
        ("waited", between(found["created_at"], found["started_at"] or found["finished_at"], now)),
        ("moved", between(found["started_at"], found["finished_at"], now)),
        ("ended", found["finished_at"] or ""),
        ("plan", found["plan_digest"] or "none yet"),
        *((f"image {service}", image) for service, image in (revision["images"] or {}).items()),
        *((f"undo {entry['service']}", undo(entry)) for entry in found["undo"] or ()),
    ]
    parts: list[RenderableType] = [heading(found), facts(rows)]
    if found["steps"]:
        parts += ["", ladder(found, now)]
    return Group(*parts)


def undo(entry: Json) -> str:
    if entry["live"] is None:
        return f"new in {entry['idle']}: turning back takes its rule away"
    if entry["weights"] is None:
        return f"no rule: turning back keeps {entry['live']} and empties {entry['idle']}"
    return f"{entry['live']} was live: turning back gives {shares(entry['weights'])} again"


def shares(weights: Json) -> str:
    return ", ".join(f"{slot} {weight}%" for slot, weight in weights.items())


def standing(environment: Json) -> Text:
    """An environment in two words, the most urgent first."""
    moving = environment["deployment"]
    if environment["trouble"]:
        return Text("! can't act", "red")
    if moving and moving["phase"] != "waiting":
        return phase(moving["phase"])
    if environment["hold"]:
        return Text("❚❚ held", "yellow")
    if environment["problem"]:
        return Text("! commit not taken", "red")
    if moving:
        return phase(moving["phase"])
    return Text("✓ live", "green") if environment["live"] else Text("○ nothing yet", "dim")


def environments(items: Iterable[Json], now: datetime) -> RenderableType:
    shown = table("ENVIRONMENT", "STATE", "LIVE", "SINCE", "NOW")
    for item in items:
        live = item["live"] or {}
        since = ago(live["since"], now) if live else "-"
        shown.add_row(item["name"], standing(item), live.get("version", "-"), since, Text(doing(item), "dim"))
    return shown


def doing(environment: Json) -> str:
    moving = environment["deployment"]
    if not moving:
        return ""
    if moving["step"]:
        return (
            f"{moving['id']} {moving['version']}: step {moving['step_number']} of {moving['steps']}, {moving['step']}"
        )
    return f"{moving['id']} {moving['version']}: {moving['reason']['text']}"


def environment(found: Json, told: Json, now: datetime) -> RenderableType:
    """One environment, with the sentence that explains it."""
    live, hold = found["live"] or {}, found["hold"] or {}
    rows = [
        ("branch", f"{found['branch']} of {found['repository']}" if found["branch"] else "not bound any more"),
        ("live", f"{live['version']} ({live['deployment']}, {ago(live['since'], now)})" if live else "nothing yet"),
        ("now", doing(found)),
        ("why", f"{told['text']} ({told['code']})"),
        ("cleared by", told["clears"]),
        ("held", f"{hold['text']} ({hold['deployment']}, {ago(hold['since'], now)})" if hold else ""),
        ("problem", (found["problem"] or {}).get("text", "")),
        ("trouble", (found["trouble"] or {}).get("text", "")),
        ("warm until", found["warm_until"] or ""),
        ("seen", ago(found["seen_at"], now) if found["seen_at"] else ""),
        ("next look", ago(found["look_again_at"], now) if found["look_again_at"] else ""),
    ]
    header = Text.assemble((found["name"], "bold"), "  ", standing(found))
    parts: list[RenderableType] = [header, facts(rows)]
    if found["services"]:
        parts += ["", services(found)]
    return Group(*parts)


def services(found: Json) -> Table:
    shown = table("SERVICE", "LIVE", "TRAFFIC", "HEALTHY", "RUNNING", "DESIRED")
    for name, service in found["services"].items():
        weights = found["traffic"].get(name)
        shown.add_row(
            name,
            service["live"] or "-",
            shares(weights) if weights else "no route",
            str(service["healthy"] if service["healthy"] is not None else "?"),
            str(service["running"]),
            str(service["desired"]),
        )
    return shown


def explanation(told: Json, now: datetime) -> RenderableType:
    since = f"{told['since']} ({ago(told['since'], now)})" if told["since"] else ""
    looked = f"{told['look_again_at']} ({ago(told['look_again_at'], now)})" if told["look_again_at"] else ""
    rows = [
        ("why", told["text"]),
        ("code", told["code"]),
        ("since", since),
        ("cleared by", told["clears"]),
        ("next look", looked or "when something happens"),
        ("deployment", told["deployment"] or ""),
    ]
    return facts(rows)


def history(items: Iterable[Json], now: datetime) -> RenderableType:
    shown = table("DEPLOYMENT", "STATE", "VERSION", "BY", "BEGAN", "MOVED", "WHY")
    for item in items:
        authors = ", ".join(author["login"] or author["name"] for author in item["revision"]["authors"])
        moved = between(item["started_at"], item["finished_at"], now)
        why = item["reason"]["text"].split("\n", 1)[0]
        began = ago(item["created_at"], now)
        shown.add_row(
            item["id"], phase(item["phase"]), item["revision"]["version"], authors, began, moved, Text(why, "dim")
        )
    return shown


def plan(found: Json) -> RenderableType:
    rolls = table("SERVICE", "FROM", "TO", "TASKS", "IMAGE")
    for name, service in found["services"].items():
        rolls.add_row(
            name, short(service["from"]) or "new", short(service["to"]), str(service["count"]), service["image"]
        )
    steps = table("STEP", "WHAT", "SERVICES")
    for step in found["steps"]:
        wait = f", {step['wait']}" if step["wait"] and step["wait"] != "0s" and step["kind"] != "bake" else ""
        steps.add_row(str(step["number"]), f"{step['title']}{wait}", ", ".join(step["services"]))
    rows = facts([("deployment", found["deployment"]), ("commit", found["commit"]), ("digest", found["digest"])])
    if not found["steps"]:
        return Group(rows, Text("nothing rolls: what is live already is what this commit asks for"))
    return Group(rows, "", rolls, "", steps)


def short(digest: str | None) -> str:
    """The first twelve digits: enough to compare by eye."""
    return digest.removeprefix("sha256:")[:12] if digest else ""
