"""What the four keys of delivery look like on a terminal. Every function takes cleaned JSON values of the API."""

from __future__ import annotations

from datetime import timedelta

from rich.console import Group, RenderableType
from rich.text import Text

from controller.cli.drawing import Json, table
from controller.cli.time import exact
from controller.domain.counting import counted

STYLES = {"elite": "green", "high": "green", "medium": "yellow", "low": "red"}


def delivery(found: Json) -> RenderableType:
    keys = table("KEY", "FIGURE", "BAND", "OF")
    for name, value, band, made in four(found):
        keys.add_row(name, value, Text(band, STYLES.get(band, "dim")), made)
    weeks = table("WEEK", "DEPLOYMENTS", "LEAD TIME", "FAILED", "RESTORED IN")
    for week in reversed(found["weeks"]):
        lead, restore = week["lead"]["total"], week["restore"]["total"]
        count = str(week["frequency"]["deployments"])
        weeks.add_row(week["week"], count, span(lead), share(week["failures"]), span(restore))
    about = " of ".join(each for each in (found["service"], found["environment"]) if each) or "everything"
    still = (Text(found["text"], "yellow"),) if found["text"] else ()
    weeks_told = counted(len(found["weeks"]), "week")
    return Group(Text(f"Delivery of {about}, {weeks_told}", "bold"), *still, "", keys, "", weeks)


def four(found: Json) -> list[tuple[str, str, str, str]]:
    """Key, figure, band, and what it is made of."""
    often, lead, failures, restore = (found[key] for key in ("frequency", "lead", "failures", "restore"))
    made = f"{often['deployments']:,} that succeeded, on {counted(often['days'], 'day')}"
    return [
        ("deployment frequency", f"{often['per_week']:.1f} a week", often["band"], made),
        ("lead time", span(lead["total"]), lead["band"], counted(lead["total"]["number"], "change")),
        ("change failures", share(failures), failures["band"], f"{failures['started']:,} that started"),
        ("time to restore", span(restore["total"]), restore["band"], counted(restore["total"]["number"], "failure")),
    ]


def span(found: Json) -> str:
    """The middle one."""
    seconds = found["median_seconds"]
    return "-" if seconds is None else exact(timedelta(seconds=seconds))


def share(found: Json) -> str:
    return "-" if found["share"] is None else f"{found['share']:.0%}"
