"""What environments and plans look like on a terminal. Every function takes cleaned JSON values, and `now`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from controller.cli.deployments import pause
from controller.cli.drawing import Json, badge, facts, named, shares, short, shown_state, table
from controller.cli.listing import Listing
from controller.cli.time import ago, due, when
from controller.domain.states import standing_of


def standing(environment: Json) -> Text:
    moving = environment["deployment"]
    return badge(
        standing_of(
            shown_state(moving) if moving else None,
            waits=bool(moving) and moving["phase"] == "waiting",
            troubled=bool(environment["trouble"]),
            held=bool(environment["hold"]),
            refused=bool(environment["problem"]),
            drifted=bool(environment["drift"]),
            live=bool(environment["live"]),
        )
    )


def environments(items: Iterable[Json], now: datetime) -> RenderableType:
    shown = Listing(("ENVIRONMENT", "STATE", "LIVE", "SINCE"), "NOW")
    for item in items:
        live = item["live"] or {}
        since = ago(live["since"], now) if live else "-"
        told = doing(item) or behind(item)
        shown.add((item["name"], standing(item), live.get("version", "-"), since), told)
    return shown


def behind(environment: Json) -> str:
    """Of one that lacks commits which are live where its versions come from."""
    found = environment["behind"]
    return found["text"] if found and found["commits"] else ""


def doing(environment: Json) -> str:
    moving = environment["deployment"]
    if not moving:
        return ""
    what = moving["version"] if moving["kind"] == "deploy" else moving["kind"]
    if moving["step"]:
        return f"{moving['id']} {what}: step {moving['step_number']} of {moving['steps']}, {moving['step']}"
    return f"{moving['id']} {what}: {moving['reason']['text']}"


def environment(found: Json, told: Json, now: datetime) -> RenderableType:
    """One environment, with the sentence that explains it."""
    live, hold = found["live"] or {}, found["hold"] or {}
    rows = [
        ("branch", f"{found['branch']} of {found['repository']}" if found["branch"] else "not bound any more"),
        ("live", f"{live['version']} ({live['deployment']}, {ago(live['since'], now)})" if live else "nothing yet"),
        ("behind", found["behind"]["text"] if found["behind"] else ""),
        ("now", doing(found)),
        ("paused", "" if told["code"] == "deployment.paused" else pause((found["deployment"] or {}).get("pause"), now)),
        ("why", f"{told['text']} ({told['code']})"),
        *named("evidence", told["evidence"]),
        ("cleared by", told["clears"]),
        ("held", f"{hold['text']} ({hold['deployment']}, {ago(hold['since'], now)})" if hold else ""),
        ("problem", beside(told, found["problem"])),
        ("release", remark(told, found["remark"])),
        ("trouble", beside(told, found["trouble"])),
        ("warm until", when(found["warm_until"], now)),
        ("orphans", orphans(found["name"], found["orphans"])),
        ("seen last, since" if found["trouble"] else "unchanged since", when(found["seen_at"], now)),
        ("next look", due(found["look_again_at"], now)),
    ]
    header = Text.assemble((found["name"], "bold"), "  ", standing(found))
    parts: list[RenderableType] = [header, facts(rows)]
    if found["services"]:
        parts += ["", services(found)]
    if found["drift"]:
        parts += ["", drift(found["drift"], now)]
    return Group(*parts)


def drift(found: Iterable[Json], now: datetime) -> Table:
    shown = table("DRIFT", "OF", "DECLARED", "FOUND", "SINCE")
    for each in found:
        what = f"{each['thing']}, {each['field']}"
        shown.add_row(each["service"] or "-", what, each["wanted"], each["found"], ago(each["since"], now))
    return shown


def remark(told: Json, reason: Json | None) -> str:
    """A remark's text, where the explanation does not end with it."""
    return reason["text"] if reason and reason["text"] not in told["text"] else ""


def beside(told: Json, reason: Json | None) -> str:
    """A reason's text, where the explanation tells of something else."""
    return reason["text"] if reason and reason["code"] != told["code"] else ""


def orphans(environment: str, names: Iterable[str]) -> str:
    """Each with the command that removes it."""
    told = ", ".join(f"{name} (`tidegate prune {environment} {name}`)" for name in names)
    return f"{told}: no longer in the file, and still there" if told else ""


def services(found: Json) -> Table:
    scales = ["SCALES"] if any(service["scaling"] for service in found["services"].values()) else []
    shown = table("SERVICE", "LIVE", "TRAFFIC", "HEALTHY", "RUNNING", "DESIRED", *scales)
    for name, service in found["services"].items():
        weights = found["traffic"].get(name)
        shown.add_row(
            name,
            service["live"] or "-",
            shares(weights) if weights else "no route",
            str(service["healthy"] if service["healthy"] is not None else "?"),
            str(service["running"]),
            str(service["desired"]),
            *(service["scaling"] or "-" for _ in scales),
        )
    return shown


def explanation(told: Json, now: datetime) -> RenderableType:
    rows = [
        ("why", told["text"]),
        *named("evidence", told["evidence"]),
        ("code", told["code"]),
        ("since", when(told["since"], now)),
        ("cleared by", told["clears"]),
        ("next look", due(told["look_again_at"], now) or "when something happens"),
        ("deployment", told["deployment"] or ""),
        *(("before", line) for line in told["ran"]),
        ("orphans", orphans(told["environment"], told["orphans"])),
    ]
    return facts(rows)


READY = {"yes": "✓ ready", "no": "! look first", "unknown": "? not known"}


def candidates(found: Json, now: datetime) -> RenderableType:
    """The versions to go back to; what is not ready of them is said below each."""
    if not found["items"]:
        return Text(f"none: {found['why_none']}")
    shown = Listing(("TO", "VERSION", "WELL", "READY"), "WHAT THERE IS TO KNOW")
    for item in found["items"]:
        told = [f"{name}: {item[name]['text']}" for name in ("images", "definitions", "migration", "warm")]
        well = ago(item["finished_at"], now) if item["finished_at"] else "-"
        shown.add((item["deployment"], item["version"], well, READY[item["ready"]]), "; ".join(told))
    return shown


def plan(found: Json) -> RenderableType:
    rolls = table("SERVICE", "FROM", "TO", "TASKS", "IMAGE")
    for name, service in found["services"].items():
        on = "" if service["capacity"] == "on demand" else f", {service['capacity']}"
        rolls.add_row(
            name, short(service["from"]) or "new", short(service["to"]), f"{service['count']}{on}", service["image"]
        )
    steps = table("STEP", "WHAT", "SERVICES")
    for step in found["steps"]:
        wait = f", {step['wait']}" if step["wait"] and step["wait"] != "0s" and step["kind"] != "bake" else ""
        command = f": {' '.join(step['command'])}" if step["command"] else ""
        scaling = "; ".join(f"{name}: {words}" for name, words in step["scaling"].items())
        told = f"{step['title']}{wait}{command}{f': {scaling}' if scaling else ''}"
        steps.add_row(str(step["number"]), told, ", ".join(step["services"]))
    made = found["deployment"]
    standing = ("now", found["standing"]["text"])
    rows = facts([standing, ("deployment", made or "none"), ("commit", found["commit"]), ("digest", found["digest"])])
    names = ", ".join(found["unrun"])
    left = [Text(f"the new `before` of {names} is not run: nothing of {names} rolls")] if names else []
    if not found["steps"]:
        return Group(rows, Text("nothing rolls: what is live already is what this commit asks for"), *left)
    others: list[RenderableType] = (
        [] if made else ["", Text("nothing runs; this is what a deployment of that commit would do now:")]
    )
    return Group(rows, *others, "", rolls, "", steps, *left)
