"""Several queries that may build on each other: metrics read from their samples, and maths over them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.world.cloudwatch import maths, metrics
from sandbox.world.cloudwatch.maths import Series
from sandbox.world.cloudwatch.model import instant, metric_key, moment, now, refuse, require, seconds
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place
from sandbox.world.values import Answer

operations = Operations()

ID = re.compile(r"[a-z][A-Za-z0-9_]*")
SHORT_PERIODS = (1, 5, 10, 20, 30)
QUERIES_PER_CALL = 500
POINTS_PER_CALL = 100_800


@dataclass(frozen=True)
class Query:
    """One of the queries of a request; either a metric or an expression."""

    id: str
    label: str
    is_returned: bool
    expression: str = ""
    metric: dict[str, Any] | None = None
    statistic: str = ""
    period: int = 60
    """In AWS's seconds."""
    unit: str | None = None


def queries_of(given: Sequence[dict[str, Any]]) -> list[Query]:
    """Raises ValidationException for what is none."""
    found = [_query(each) for each in given]
    ids = [query.id for query in found]
    repeated = sorted({each for each in ids if ids.count(each) > 1})
    require(not repeated, f"The values for parameter Id in MetricDataQueries are not unique: {', '.join(repeated)}.")
    return found


def _query(given: dict[str, Any]) -> Query:
    name, stat, expression = given["Id"], given.get("MetricStat"), given.get("Expression")
    require(ID.fullmatch(name) is not None, f"The value {name} for parameter Id is not matching: {ID.pattern}.")
    require((stat is None) != (expression is None), f"The query {name} needs either a MetricStat or an Expression.")
    is_returned = given.get("ReturnData", True)
    if expression is not None:
        return Query(name, given.get("Label", name), is_returned, expression)
    assert stat is not None
    require("AccountId" not in given, "The sandbox reads metrics of the caller's own account.")
    metrics.require_statistic(stat["Stat"])
    require_period(stat["Period"])
    named = {"Namespace", "MetricName"} <= stat["Metric"].keys()
    require(named, f"The metric of the query {name} needs a Namespace and a MetricName.")
    label = given.get("Label", stat["Metric"]["MetricName"])
    return Query(name, label, is_returned, "", stat["Metric"], stat["Stat"], stat["Period"], stat.get("Unit"))


def require_period(period: int) -> None:
    known = period in SHORT_PERIODS or (period > 0 and period % 60 == 0)
    require(known, f"The period must be 1, 5, 10, 20, 30 or a multiple of 60, found {period}.")


class Answers:
    """The series of all queries, each worked out once, when first asked for."""

    def __init__(self, place: Place, queries: Sequence[Query], begins: int, ends: int) -> None:
        """From `begins` to just before `ends`, microseconds since the epoch."""
        self._place = place
        self._queries = {query.id: query for query in queries}
        self._begins = begins
        self._ends = ends
        self._known: dict[str, Series] = {}
        self._open: list[str] = []

    def __getitem__(self, name: str) -> Series:
        if name not in self._known:
            if name not in self._queries:
                raise refuse(f"The expression '{self._queries[self._open[-1]].expression}' names no query: {name}")
            require(name not in self._open, f"The expressions {', '.join(self._open)} need each other.")
            self._open.append(name)
            self._known[name] = self._worked_out(self._queries[name])
            self._open.pop()
        return self._known[name]

    def _worked_out(self, query: Query) -> Series:
        if query.metric is None:
            return maths.worked_out(query.expression, self.__getitem__, self._metrics)
        return self._read(query)

    def _metrics(self) -> list[Series]:
        return [self[query.id] for query in self._queries.values() if query.metric is not None]

    def _read(self, query: Query) -> Series:
        assert query.metric is not None
        key, step = metric_key(query.metric), seconds(self._place, query.period)
        grid = range(self._begins_for(query), self._ends, step)
        points = {}
        for time in grid:
            slot = metrics.merged(self._place, key, query.unit, time, min(time + step, self._ends))
            value = None if slot is None else metrics.statistic(slot, query.statistic)
            if value is not None:
                points[time] = value
        return Series(points, grid)

    def _begins_for(self, query: Query) -> int:
        """A beginning is rounded down to a minute, and to the period where that is shorter."""
        width = seconds(self._place, min(query.period, 60))
        return self._begins - self._begins % width


@operations.reads("GetMetricData")
def get_metric_data(call: Call) -> Answer:
    begins, ends = instant(call["StartTime"]), instant(call["EndTime"])
    require(begins < ends, "The parameter StartTime must be less than the parameter EndTime.")
    given = call["MetricDataQueries"]
    require(0 < len(given) <= QUERIES_PER_CALL, f"There must be 1 to {QUERIES_PER_CALL} queries, found {len(given)}.")
    queries = queries_of(given)
    _require_few(call.place, queries, begins, ends)
    answers = Answers(call.place, queries, begins, min(ends, _end_of_time(call.place)))
    is_newest_first = call.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    found = [
        (query, sorted(answers[query.id].points.items(), reverse=is_newest_first))
        for query in queries
        if query.is_returned
    ]
    has_maths = any(query.metric is None for query in queries)
    return _page(call, found, POINTS_PER_CALL if has_maths else call.get("MaxDatapoints", POINTS_PER_CALL))


def _end_of_time(place: Place) -> int:
    """Where reading may stop: no sample can be put further ahead."""
    return now(place) + seconds(place, 2 * 3600)


def _require_few(place: Place, queries: list[Query], begins: int, ends: int) -> None:
    asked = sum((ends - begins) // seconds(place, query.period) for query in queries if query.metric is not None)
    require(
        asked <= POINTS_PER_CALL, f"You have requested up to {asked} datapoints, over the limit of {POINTS_PER_CALL}."
    )


def _page(call: Call, found: list[tuple[Query, list[tuple[int, float]]]], size: int) -> Answer:
    """Points are counted through all series, one after the other."""
    token = call.get("NextToken", "0")
    require(token.isdecimal(), "The next token specified is invalid.", "InvalidNextToken")
    first, results, passed = int(token), [], 0
    last = first + size
    for query, points in found:
        part = points[max(0, first - passed) : max(0, last - passed)]
        passed += len(points)
        results.append(_result(query, part, is_complete=passed <= last))
    return {"MetricDataResults": results, "NextToken": str(last) if last < passed else None, "Messages": []}


def _result(query: Query, points: list[tuple[int, float]], *, is_complete: bool) -> Answer:
    return {
        "Id": query.id,
        "Label": query.label,
        "Timestamps": [moment(time) for time, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": "Complete" if is_complete else "PartialData",
    }
