"""Metric maths: an expression over series and numbers, read and worked out. Pure.

Two series are combined where both have a point; a division by zero has none. A comparison is 1 or 0.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import fmean

from sandbox.world.cloudwatch.model import refuse


@dataclass(frozen=True)
class Series:
    """Points by where their periods begin, in microseconds since the epoch; `grid` is every period asked for."""

    points: Mapping[int, float]
    grid: range = field(compare=False)


Value = float | Series | list[Series]
"""What an expression can be: a number, a series, or several series (`[m1, m2]`, `METRICS()`)."""

TOKEN = re.compile(r"\s*(?:(?P<number>\d+\.?\d*|\.\d+)|(?P<name>[A-Za-z]\w*)|(?P<sign>[<>=!]=|[-+*/()\[\],<>]))")
Sign = Callable[[float, float], float]


def _divided(left: float, right: float) -> float:
    return left / right if right else math.nan


COMPARISONS: Mapping[str, Sign] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
SUMS: Mapping[str, Sign] = {"+": operator.add, "-": operator.sub}
PRODUCTS: Mapping[str, Sign] = {"*": operator.mul, "/": _divided}
LEVELS = (COMPARISONS, SUMS, PRODUCTS)
"""What binds least comes first."""


def worked_out(expression: str, lookup: Callable[[str], Series], every: Callable[[], list[Series]]) -> Series:
    """`lookup` knows the other queries by id and refuses an unknown one; `every` gives all that are metrics.

    Raises ValidationException for what is not an expression, or is none that the sandbox knows.
    """
    found = _Reader(expression, lookup, every).read()
    if not isinstance(found, Series):
        raise refuse(f"Error in expression '{expression}': the result must be one time series")
    return found


class _Reader:
    """Recursive descent: comparison, sum, product, factor."""

    def __init__(self, text: str, lookup: Callable[[str], Series], every: Callable[[], list[Series]]) -> None:
        self._text = text
        self._lookup = lookup
        self._every = every
        self._parts = self._split()
        self._at = 0

    def read(self) -> Value:
        value = self._level(0)
        if self._next():
            raise self._wrong(f"unexpected {self._next()!r}")
        return value

    def _split(self) -> list[str]:
        parts, at, end = [], 0, len(self._text.rstrip())
        while at < end:
            found = TOKEN.match(self._text, at)
            if found is None:
                raise self._wrong(f"the sandbox cannot read {self._text[at:].strip()!r}")
            parts.append(found[0].strip())
            at = found.end()
        return parts

    def _next(self) -> str:
        return self._parts[self._at] if self._at < len(self._parts) else ""

    def _take(self) -> str:
        part = self._next()
        self._at += 1
        return part

    def _demand(self, part: str) -> None:
        if self._take() != part:
            raise self._wrong(f"{part!r} is missing")

    def _wrong(self, why: str) -> Exception:
        return refuse(f"Error in expression '{self._text}': {why}")

    def _level(self, depth: int) -> Value:
        if depth == len(LEVELS):
            return self._factor()
        left = self._level(depth + 1)
        while self._next() in LEVELS[depth]:
            sign = LEVELS[depth][self._take()]
            left = self._combined(left, self._level(depth + 1), sign)
        return left

    def _factor(self) -> Value:
        part = self._take()
        if part == "-":
            return self._combined(0.0, self._factor(), operator.sub)
        if part == "(":
            value = self._level(0)
            self._demand(")")
            return value
        if part == "[":
            return [self._series(each) for each in self._listed("]")]
        if part[:1].isdigit() or part[:1] == ".":
            return float(part)
        if not part[:1].isalpha():
            raise self._wrong(f"unexpected {part!r}" if part else "it ends too early")
        return self._call(part) if self._next() == "(" else self._named(part)

    def _named(self, name: str) -> Series:
        if name == "REPEAT":
            raise self._wrong("REPEAT belongs into FILL")
        return self._lookup(name)

    def _listed(self, end: str) -> list[Value]:
        values: list[Value] = []
        while self._next() != end:
            if values:
                self._demand(",")
            values.append(self._level(0))
        self._take()
        return values

    def _call(self, name: str) -> Value:
        self._take()
        if name == "FILL":
            return self._fill()
        given = self._listed(")")
        if name == "METRICS" and not given:
            return list(self._every())
        if name == "IF" and len(given) == 3:
            return self._chosen(*given)
        if name in FUNCTIONS and len(given) == 1:
            return self._summed_up(FUNCTIONS[name], given[0])
        known = ["FILL(series, number or REPEAT)", "IF(condition, one, other)", "METRICS()"]
        known += [f"{each}(series)" for each in FUNCTIONS]
        raise self._wrong(f"of functions the sandbox knows {', '.join(known)}, found {name} of {len(given)}")

    def _fill(self) -> Series:
        series = self._series(self._level(0))
        self._demand(",")
        if self._next() == "REPEAT":
            self._take()
            filled = _repeated(series)
        else:
            number = self._level(0)
            if not isinstance(number, float):
                raise self._wrong("FILL takes a number or REPEAT")
            filled = {time: series.points.get(time, number) for time in series.grid}
        self._demand(")")
        return Series(filled, series.grid)

    def _series(self, value: Value) -> Series:
        if not isinstance(value, Series):
            raise self._wrong("a time series is needed")
        return value

    def _combined(self, left: Value, right: Value, sign: Sign) -> Value:
        if isinstance(left, list) or isinstance(right, list):
            raise self._wrong("the sandbox does not calculate with several series at once")
        if isinstance(left, float) and isinstance(right, float):
            return float(sign(left, right))
        return _each(lambda one, other: float(sign(one, other)), left, right)

    def _chosen(self, condition: Value, one: Value, other: Value) -> Value:
        """A point where the condition has one and what it chooses has one too."""
        if isinstance(condition, float):
            return one if condition else other
        if isinstance(condition, list) or isinstance(one, list) or isinstance(other, list):
            raise self._wrong("IF takes single series and numbers")
        points = {}
        for time, holds in condition.points.items():
            value = _at(one if holds else other, time)
            if value is not None:
                points[time] = value
        return Series(points, condition.grid)

    def _summed_up(self, function: Callable[[list[float]], float], value: Value) -> Value:
        """Of several series the series of their values at each time; of one series the number of all its points."""
        if isinstance(value, float):
            raise self._wrong("a time series is needed")
        if isinstance(value, Series):
            return float(function(list(value.points.values()))) if value.points else 0.0
        times = sorted({time for series in value for time in series.points})
        at = {time: [series.points[time] for series in value if time in series.points] for time in times}
        grid = value[0].grid if value else range(0)
        return Series({time: float(function(found)) for time, found in at.items()}, grid)


FUNCTIONS: Mapping[str, Callable[[list[float]], float]] = {"SUM": math.fsum, "AVG": fmean, "MAX": max, "MIN": min}


def _repeated(series: Series) -> dict[int, float]:
    """Each gap takes the last value before it; there is none before the first."""
    filled, last = {}, None
    for time in series.grid:
        last = series.points.get(time, last)
        if last is not None:
            filled[time] = last
    return filled


def _at(value: float | Series, time: int) -> float | None:
    return value if isinstance(value, float) else value.points.get(time)


def _each(sign: Sign, left: float | Series, right: float | Series) -> Series:
    leading = left if isinstance(left, Series) else right
    assert isinstance(leading, Series)
    points = {}
    for time in leading.points:
        one, other = _at(left, time), _at(right, time)
        if one is not None and other is not None and not math.isnan(found := sign(one, other)):
            points[time] = found
    return Series(points, leading.grid)
