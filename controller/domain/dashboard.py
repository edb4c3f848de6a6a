"""The dashboard of an environment: its traffic, errors, latencies, hosts and tasks, slot beside slot. Pure.

Both slots are always on it, so a deployment changes nothing. It is written in one form only, so that equal dashboards
are equal texts. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.domain.arns import partition_of
from controller.domain.canonical import canonical
from controller.domain.drift import Difference
from controller.domain.foundation import Foundation
from controller.domain.manifest import EnvironmentFile
from controller.domain.names import dashboard_name
from controller.domain.series import Groups, Meters, Series
from controller.domain.slot import Slot

WIDTH, GRAPHS_IN_A_ROW, HEIGHT = 24, 3, 6
ALARMS_IN_A_WIDGET = 100
PERCENTILES = (50, 95, 99)

Widget = dict[str, Any]


@dataclass(frozen=True)
class Dashboard:
    """`body` is canonical JSON. `is_ours`: it says so itself, in a note at its top."""

    name: str
    body: str
    is_ours: bool = True


def note(place: str) -> str:
    """What a dashboard of Tidegate's says of itself."""
    return f"kept by Tidegate for `{place}`"


def read_dashboard(name: str, body: str, place: str) -> Dashboard:
    """A dashboard as it was found; one that is no JSON is nobody's that Tidegate knows."""
    try:
        widgets = _widgets(body)
        is_ours = any(note(place) in str(_properties(widget).get("markdown", "")) for widget in widgets)
        return Dashboard(name, canonical(json.loads(body)), is_ours)
    except (ValueError, TypeError, AttributeError):
        return Dashboard(name, body, is_ours=False)


def drawn(
    file: EnvironmentFile, foundation: Foundation, groups: Mapping[str, Groups], alarms: Sequence[str]
) -> Dashboard:
    """Within what CloudWatch takes also for 50 services: 500 widgets, 500 metrics in each and 2,500 in all.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
    """
    page = _Page(foundation.region)
    page.text(
        f"**{file.environment}**, {note(foundation.stack)} because the environment's file declares alarms."
        " What is changed here by hand is put back: copy it to have one of your own."
    )
    arns = [_alarm_arn(foundation, name) for name in alarms]
    for first in range(0, len(arns), ALARMS_IN_A_WIDGET):
        page.alarms(arns[first : first + ALARMS_IN_A_WIDGET])
    for name, service in file.services.items():
        page.graphs(list(_panel(Meters(name, foundation, groups[name]), has_route=service.route is not None)))
    return Dashboard(dashboard_name(foundation.stack, foundation.region), canonical({"widgets": page.widgets}))


def dashboard_differences(wanted: Dashboard | None, found: Dashboard | None) -> Iterator[Difference]:
    """A dashboard that is not ours, and that nobody wants, is none of our business."""
    if wanted is None:
        if found is not None and found.is_ours:
            yield Difference(None, _thing(found), "dashboard", "none", "there")
        return
    if found is None:
        yield Difference(None, _thing(wanted), "dashboard", "there", "none")
    elif not found.is_ours:
        yield Difference(None, _thing(wanted), "dashboard", "Tidegate's", "somebody else's")
    elif wanted.body != found.body:
        yield from _of_widgets(wanted, found)


def _thing(dashboard: Dashboard) -> str:
    return f"dashboard {dashboard.name}"


def _of_widgets(wanted: Dashboard, found: Dashboard) -> Iterator[Difference]:
    """By their titles; where those are alike, it is something that has none."""
    ours, theirs = (
        {str(_properties(widget).get("title", "note")): canonical(widget) for widget in _widgets(each.body)}
        for each in (wanted, found)
    )
    titles = [title for title in {**ours, **theirs} if ours.get(title) != theirs.get(title)]
    for title in titles or ["layout"]:
        was = "none" if title in ours and title not in theirs else "changed"
        yield Difference(
            None, _thing(wanted), title, "as declared" if title not in theirs or title in ours else "none", was
        )


def _widgets(body: str) -> list[Widget]:
    found: list[Widget] = json.loads(body).get("widgets", [])
    return found


def _properties(widget: Widget) -> dict[str, Any]:
    found: dict[str, Any] = widget.get("properties", {})
    return found


def _alarm_arn(foundation: Foundation, name: str) -> str:
    partition = partition_of(foundation.listener)
    return f"arn:{partition}:cloudwatch:{foundation.region}:{foundation.account}:alarm:{name}"


class _Page:
    """Widgets from top to bottom."""

    def __init__(self, region: str) -> None:
        self.widgets: list[Widget] = []
        self._region = region
        self._y = 0

    def text(self, markdown: str) -> None:
        self._row(2, [{"type": "text", "width": WIDTH, "properties": {"markdown": markdown}}])

    def alarms(self, arns: Sequence[str]) -> None:
        height = 2 + len(arns) // 4
        self._row(height, [{"type": "alarm", "width": WIDTH, "properties": {"title": "alarms", "alarms": list(arns)}}])

    def graphs(self, graphs: Sequence["_Graph"]) -> None:
        for first in range(0, len(graphs), GRAPHS_IN_A_ROW):
            row = graphs[first : first + GRAPHS_IN_A_ROW]
            self._row(HEIGHT, [each.widget(self._region) for each in row])

    def _row(self, height: int, widgets: Iterable[Widget]) -> None:
        x = 0
        for widget in widgets:
            self.widgets.append({**widget, "x": x, "y": self._y, "height": height})
            x += widget["width"]
        self._y += height


@dataclass(frozen=True)
class _Graph:
    """`labelled` are metrics by label, slot beside slot; where it `has_shares`, each slot's part of the first is drawn
    in percent against the axis at the right."""

    title: str
    labelled: tuple[tuple[str, Mapping[Slot, Series]], ...]
    has_shares: bool
    unit: str

    def widget(self, region: str) -> Widget:
        left: dict[str, Any] = {"min": 0, **({"label": self.unit, "showUnits": False} if self.unit else {})}
        right = {"label": "%", "max": 100, "min": 0, "showUnits": False}
        properties = {
            "title": self.title,
            "region": region,
            "view": "timeSeries",
            "stacked": False,
            "period": 60,
            "metrics": [
                *(_row_of(f"{label} {slot}", each) for label, slots in self.labelled for slot, each in slots.items()),
                *(self._shares() if self.has_shares else ()),
            ],
            "yAxis": {"left": left, **({"right": right} if self.has_shares else {})},
        }
        return {"type": "metric", "width": WIDTH // GRAPHS_IN_A_ROW, "properties": properties}

    def _shares(self) -> Iterator[list[Any]]:
        slots = self.labelled[0][1]
        every = f"[{', '.join(each.id for each in slots.values())}]"
        for slot, each in slots.items():
            share = {
                "expression": f"100 * {each.id} / SUM({every})",
                "id": f"share_{slot}",
                "label": f"share of {slot}",
            }
            yield [{**share, "yAxis": "right"}]


def _row_of(label: str, series: Series) -> list[Any]:
    of = [part for dimension in series.of for part in dimension]
    return [series.namespace, series.metric, *of, {"id": series.id, "label": label, "stat": series.statistic}]


def _panel(meters: Meters, *, has_route: bool) -> Iterator[_Graph]:
    """The graphs of one service."""

    def graph(says: str, *labelled: tuple[str, Mapping[Slot, Series]], shares: bool = False, unit: str = "") -> _Graph:
        return _Graph(f"{meters.service}: {says}", labelled, shares, unit)

    if has_route:
        requests = meters.of_requests("requests", "RequestCount", "Sum")
        errors = meters.of_requests("errors", "HTTPCode_Target_5XX_Count", "Sum")
        refused = meters.of_requests("refused", "TargetConnectionErrorCount", "Sum")
        healthy = meters.of_requests("healthy", "HealthyHostCount", "Minimum")
        unhealthy = meters.of_requests("unhealthy", "UnHealthyHostCount", "Maximum")
        latencies = [
            (f"p{percent}", meters.of_requests(f"p{percent}", "TargetResponseTime", f"p{percent}"))
            for percent in PERCENTILES
        ]
        yield graph("requests a minute", ("requests", requests), shares=True)
        yield graph("errors a minute", ("5xx", errors), ("refused", refused))
        yield graph("time to the answer", *latencies, unit="s")
        yield graph("hosts", ("healthy", healthy), ("unhealthy", unhealthy))
    cpu = meters.of_tasks("cpu", "CPUUtilization", "Average")
    memory = meters.of_tasks("memory", "MemoryUtilization", "Average")
    yield graph("running tasks", ("tasks", meters.of_tasks("tasks", "CPUUtilization", "SampleCount")))
    yield graph("use of what is reserved", ("CPU", cpu), ("memory", memory), unit="%")
