"""Charts: what CloudWatch counted of both slots, as lines in a drawing and as a table. Pure.

A drawing holds attributes only: the content policy allows no style in a page.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from controller.analysis.latency import LEAST_REQUESTS
from controller.domain.counting import counted
from controller.domain.deployment import Deployment
from controller.domain.metrics import ERRORS, Finding, Result, Sample
from controller.domain.slot import Slot
from controller.domain.states import finding_of

WIDTH, HEIGHT = 640, 170
LEFT, RIGHT, TOP, BOTTOM = 56, 8, 12, 22
"""Room for the labels, in units of the drawing."""

MOST_ROWS = 120
"""Of a table; the API has them all."""

SPARSE = 60
"""More points than these are drawn smaller."""

GAP = 3
"""A line is broken where so many times the shortest distance between its points is missing."""


@dataclass(frozen=True)
class Dot:
    """`is_hollow`: too few requests in that minute to say much. `told` says all of it."""

    x: float
    y: float
    is_hollow: bool
    is_bad: bool
    told: str


@dataclass(frozen=True)
class Line:
    """`strokes` are the unbroken parts of one slot's line, as points of a polyline."""

    slot: str
    role: str
    strokes: tuple[str, ...]
    dots: tuple[Dot, ...]

    @property
    def radius(self) -> float:
        return 3 if len(self.dots) <= SPARSE else 1.8


@dataclass(frozen=True)
class ChartRow:
    at: datetime
    slot: str
    value: str
    requests: int
    verdict: str


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Chart:
    """`verdict` and `told` are what the metric says as a whole, empty where it was not judged. `left_out`: so many
    older rows are not in the table."""

    service: str
    metric: str
    unit: str
    limit: str
    limit_y: float
    lines: tuple[Line, ...]
    heights: tuple[Tick, ...]
    began: datetime
    ended: datetime
    good: int
    bad: int
    few: int
    least: int
    verdict: tuple[str, str, str] | None
    told: str
    rows: tuple[ChartRow, ...]
    left_out: int = 0

    @property
    def id(self) -> str:
        return f"chart-{self.service}-{self.metric}"

    @property
    def in_words(self) -> str:
        slots = ", ".join(f"{line.slot} {line.role}".strip() for line in self.lines)
        return f"{self.metric} of {self.service}, minute by minute, of {slots}; the limit is {self.limit}"


@dataclass(frozen=True)
class _Frame:
    """From values to places in the drawing."""

    began: datetime
    ended: datetime
    top: float

    def x(self, at: datetime) -> float:
        span = (self.ended - self.began) / timedelta(seconds=1)
        part = (at - self.began) / timedelta(seconds=1) / span if span else 0.5
        return round(LEFT + part * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        part = min(value / self.top, 1.0) if self.top else 0.0
        return round(HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM), 1)


def charts(deployment: Deployment, samples: Iterable[Sample]) -> tuple[Chart, ...]:
    """One for each metric of each service that was counted, in the order of the file; `samples` come in any order."""
    found: dict[tuple[str, str], list[Sample]] = {}
    for sample in sorted(samples, key=lambda each: (each.at, each.slot)):
        found.setdefault((sample.service, sample.metric), []).append(sample)
    findings = {(each.service, each.metric): each for each in deployment.findings}
    order = [*deployment.revision.file.services]
    placed = sorted(found, key=lambda place: (order.index(place[0]) if place[0] in order else len(order), place[1]))
    return tuple(_chart(found[place], findings.get(place), deployment) for place in placed)


def unplotted(deployment: Deployment, drawn: Iterable[Chart]) -> tuple[Finding, ...]:
    """What was judged and has no chart: nothing was counted of it."""
    places = {(chart.service, chart.metric) for chart in drawn}
    return tuple(finding for finding in deployment.findings if (finding.service, finding.metric) not in places)


def least_of(deployment: Deployment) -> int:
    """Fewer requests than this say nothing."""
    errors = deployment.revision.file.watch.metrics.errors
    return errors.min_requests if errors is not None else LEAST_REQUESTS


def _chart(samples: Sequence[Sample], finding: Finding | None, deployment: Deployment) -> Chart:
    first, least = samples[0], least_of(deployment)
    highest = max(max(sample.value, sample.limit) for sample in samples)
    frame = _Frame(samples[0].at, samples[-1].at, highest * 1.1)
    few = sum(sample.requests < least for sample in samples)
    told = [sample for sample in samples if sample.requests >= least]
    rows = tuple(_row(sample, least) for sample in reversed(samples))
    return Chart(
        service=first.service,
        metric=first.metric,
        unit="share of the requests that failed" if first.metric == ERRORS else "time to the answer",
        limit=spoken(first.metric, samples[-1].limit),
        limit_y=frame.y(samples[-1].limit),
        lines=tuple(_lines(samples, frame, least, roles(deployment, first.service))),
        heights=tuple(Tick(frame.y(part), spoken(first.metric, part)) for part in (0.0, highest / 2, highest)),
        began=frame.began,
        ended=frame.ended,
        good=sum(sample.verdict is not Result.FAILED for sample in told),
        bad=sum(sample.verdict is Result.FAILED for sample in told),
        few=few,
        least=least,
        verdict=finding_of(finding.result, is_over=deployment.is_judged_no_more) if finding else None,
        told=finding.text if finding else "",
        rows=rows[:MOST_ROWS],
        left_out=max(0, len(rows) - MOST_ROWS),
    )


def roles(deployment: Deployment, service: str) -> Mapping[Slot, str]:
    """What each slot is to the deployment."""
    entries = deployment.undo.entries if deployment.undo else ()
    sides = next((entry.sides for entry in entries if entry.service == service), None)
    if sides is None:
        return {}
    return {sides.idle: "new version", sides.idle.other: "version before"}


def _lines(samples: Sequence[Sample], frame: _Frame, least: int, roles: Mapping[Slot, str]) -> Iterator[Line]:
    for slot in Slot:
        own = [sample for sample in samples if sample.slot is slot]
        if own:
            dots = tuple(_dot(sample, frame, least, roles.get(slot, "")) for sample in own)
            yield Line(str(slot), roles.get(slot, ""), tuple(_strokes(own, frame)), dots)


def _strokes(samples: Sequence[Sample], frame: _Frame) -> Iterator[str]:
    """A minute without requests has no sample: the line does not run across it as if it had."""
    gaps = [after.at - before.at for before, after in pairwise(samples)]
    widest = min(gaps, default=timedelta(0)) * GAP
    part = [samples[0]]
    for gap, sample in zip(gaps, samples[1:], strict=True):
        if gap > widest:
            yield _points(part, frame)
            part = []
        part.append(sample)
    yield _points(part, frame)


def _points(samples: Iterable[Sample], frame: _Frame) -> str:
    return " ".join(f"{frame.x(sample.at)},{frame.y(sample.value)}" for sample in samples)


def _dot(sample: Sample, frame: _Frame, least: int, role: str) -> Dot:
    row = _row(sample, least)
    told = f"{row.at:%H:%M} UTC, {row.slot} {role}".rstrip()
    return Dot(
        frame.x(sample.at),
        frame.y(sample.value),
        sample.requests < least,
        sample.verdict is Result.FAILED,
        f"{told}: {row.value} of {counted(row.requests, 'request')}, {row.verdict}",
    )


def _row(sample: Sample, least: int) -> ChartRow:
    verdict = "above the limit" if sample.verdict is Result.FAILED else "within the limit"
    told = f"{verdict}, too few requests" if sample.requests < least else verdict
    return ChartRow(sample.at, str(sample.slot), spoken(sample.metric, sample.value), sample.requests, told)


def spoken(metric: str, value: float) -> str:
    """
    >>> spoken("errors", 0.0123), spoken("latency_p95", 0.2504), spoken("latency_p99", 2.5)
    ('1.23%', '250 ms', '2.5 s')
    """
    if metric == ERRORS:
        return f"{value:.2%}"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.3g} s"
