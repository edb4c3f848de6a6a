"""Samples: put, listed, and summed up exactly for any period."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.world.cloudwatch.model import (
    Line,
    MetricKey,
    MetricStore,
    Slot,
    dimensions,
    instant,
    metric_key,
    now,
    paged,
    refuse,
    require,
    seconds,
)
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place
from sandbox.world.values import Answer

operations = Operations()

BALANCERS, CONTAINERS = "AWS/ApplicationELB", "AWS/ECS"
MINUTE = 60
KEPT_SECONDS = 3 * 3600
"""Of AWS's time."""
METRICS_PER_CALL = 1000
VALUES_PER_DATUM = 150
METRICS_PER_PAGE = 500
LARGEST = 2.0**360
INVALID = "InvalidParameterValueException"
COMBINATION = "InvalidParameterCombinationException"
STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")


def put(place: Place, key: MetricKey, value: float, *, count: float = 1.0, unit: str = "None", at: int = -1) -> None:
    """One sample, or several that are equal, in the minute of `at` (microseconds; now unless given)."""
    slot = _slot(place, key, unit, now(place) if at < 0 else at, MINUTE)
    _add(slot, value, count)


def _slot(place: Place, key: MetricKey, unit: str, at: int, resolution: int) -> Slot:
    line = place.store(MetricStore).lines.setdefault(key, {}).setdefault(unit, Line())
    width = seconds(place, resolution)
    begins = at - at % width
    found = line.slots.get(begins)
    if found is None:
        found = line.slots[begins] = Slot()
        insort(line.times, begins)
        _forget(line, line.times[-1] - seconds(place, KEPT_SECONDS))
    return found


def _forget(line: Line, before: int) -> None:
    old = bisect_left(line.times, before)
    for begins in line.times[:old]:
        del line.slots[begins]
    del line.times[:old]


def _add(slot: Slot, value: float, count: float) -> None:
    slot.count += count
    slot.total += value * count
    slot.least = min(slot.least, value)
    slot.greatest = max(slot.greatest, value)
    slot.values[value] = slot.values.get(value, 0.0) + count


def _add_set(slot: Slot, given: dict[str, float]) -> None:
    """A statistic set; the values of one with a single value are known."""
    count, least, greatest = given["SampleCount"], given["Minimum"], given["Maximum"]
    if count == 1 or least == greatest:
        _add(slot, least, count)
        return
    slot.count += count
    slot.total += given["Sum"]
    slot.least = min(slot.least, least)
    slot.greatest = max(slot.greatest, greatest)
    slot.has_percentiles = False


def merged(place: Place, key: MetricKey, unit: str | None, begins: int, ends: int) -> Slot | None:
    """All samples from `begins` to just before `ends`; None when there are none.

    A load balancer's minute shows when it is over.
    """
    found = list(_between(place, key, unit, begins, ends))
    if not found:
        return None
    values: dict[float, float] = {}
    for slot in found:
        for value, count in slot.values.items():
            values[value] = values.get(value, 0.0) + count
    return Slot(
        count=math.fsum(slot.count for slot in found),
        total=math.fsum(slot.total for slot in found),
        least=min(slot.least for slot in found),
        greatest=max(slot.greatest for slot in found),
        values=values,
        has_percentiles=all(slot.has_percentiles for slot in found),
    )


def _between(place: Place, key: MetricKey, unit: str | None, begins: int, ends: int) -> Iterator[Slot]:
    if key.namespace == BALANCERS:
        ends = min(ends, now(place) - seconds(place, MINUTE) + 1)
    for known, line in place.store(MetricStore).lines.get(key, {}).items():
        if unit in (None, known):
            first = bisect_left(line.times, begins)
            yield from (line.slots[time] for time in line.times[first : bisect_left(line.times, ends)])


def statistic(slot: Slot, name: str) -> float | None:
    """None for a percentile of samples whose values nobody knows."""
    match name:
        case "SampleCount":
            return slot.count
        case "Sum":
            return slot.total
        case "Average":
            return slot.total / slot.count
        case "Minimum":
            return slot.least
        case "Maximum":
            return slot.greatest
    return _percentile(slot, float(name[1:])) if slot.has_percentiles else None


def _percentile(slot: Slot, percent: float) -> float:
    """The least value that `percent` of the samples do not exceed."""
    wanted, seen = slot.count * percent / 100, 0.0
    for value in sorted(slot.values):
        seen += slot.values[value]
        if seen >= wanted:
            break
    return value


def require_statistic(name: str) -> None:
    """Raises ValidationException for what is neither a statistic nor a percentile."""
    if name in STATISTICS:
        return
    number = name[1:].replace(".", "", 1)
    known = name.startswith("p") and number.isdecimal() and 0 <= float(name[1:]) <= 100
    require(known, f"The sandbox has the statistics {', '.join(STATISTICS)} and p0 to p100, found {name}")


@operations.changes("PutMetricData")
def put_metric_data(call: Call) -> Answer:
    """All or nothing; a datum without a time is of now."""
    namespace, data = call["Namespace"], call.get("MetricData", [])
    require("EntityMetricData" not in call, "The sandbox takes MetricData, not EntityMetricData")
    require(not namespace.startswith("AWS/"), "The value AWS/ for parameter Namespace is invalid.", INVALID)
    require(len(data) <= METRICS_PER_CALL, f"The collection MetricData must not have over {METRICS_PER_CALL} members")
    for datum in data:
        _check(datum)
    for datum in data:
        _take(call.place, namespace, datum)
    return {}


def _check(datum: dict[str, Any]) -> None:
    ways = [name for name in ("Value", "Values", "StatisticValues") if name in datum]
    if not ways:
        message = (
            f"At least one of the parameters Value, Values or StatisticValues of {datum['MetricName']} must be given."
        )
        raise refuse(message, "MissingRequiredParameterException")
    require(len(ways) == 1, f"The parameters {' and '.join(ways)} are mutually exclusive.", COMBINATION)
    require(datum.get("StorageResolution", 60) in (1, 60), "StorageResolution must be 1 or 60.", INVALID)
    values, counts = datum.get("Values", []), datum.get("Counts", [])
    require(len(values) <= VALUES_PER_DATUM, f"Values must not have over {VALUES_PER_DATUM} members.", INVALID)
    require(not counts or len(counts) == len(values), "Counts must have as many members as Values.", COMBINATION)
    _check_numbers([datum.get("Value", 0.0), *values, *counts, *datum.get("StatisticValues", {}).values()])


def _check_numbers(numbers: Iterable[float]) -> None:
    for number in numbers:
        require(abs(number) <= LARGEST, f"The value {number} is not a number that CloudWatch takes.", INVALID)


def _take(place: Place, namespace: str, datum: dict[str, Any]) -> None:
    at = instant(datum["Timestamp"]) if "Timestamp" in datum else now(place)
    key = metric_key({**datum, "Namespace": namespace})
    slot = _slot(place, key, datum.get("Unit", "None"), at, datum.get("StorageResolution", 60))
    if "StatisticValues" in datum:
        _add_set(slot, datum["StatisticValues"])
        return
    values = datum.get("Values", [datum.get("Value")])
    for value, count in zip(values, datum.get("Counts") or [1.0] * len(values), strict=True):
        _add(slot, value, count)


@operations.reads("ListMetrics")
def list_metrics(call: Call) -> Answer:
    keys = [key for key in sorted(call.place.store(MetricStore).lines) if _is_asked_for(call, key)]
    listed, token = paged(call, keys, METRICS_PER_PAGE)
    shown = [{"Namespace": key.namespace, "MetricName": key.name, "Dimensions": dimensions(key)} for key in listed]
    return {"Metrics": shown, "NextToken": token}


def _is_asked_for(call: Call, key: MetricKey) -> bool:
    has = dict(key.dimensions)
    return (
        call.get("Namespace", key.namespace) == key.namespace
        and call.get("MetricName", key.name) == key.name
        and all(
            each["Name"] in has and each.get("Value", has[each["Name"]]) == has[each["Name"]]
            for each in call.get("Dimensions", [])
        )
    )
