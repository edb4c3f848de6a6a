"""The rows of AWS's own tables, and what lies between them."""

from __future__ import annotations

import pytest

from sandbox.world.cloudwatch.evaluation import Terms, judge

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
A, O, I, SAME = "ALARM", "OK", "INSUFFICIENT_DATA", None  # noqa: E741 (the width of a table)


def points(drawn: str) -> list[float | None]:
    """`0` is good, `X` breaches, `-` is missing."""
    return [{"0": 0.0, "X": 9.0, "-": None}[each] for each in drawn.split()]


def states(drawn: str, periods: int, wanted: int) -> tuple[str | None, ...]:
    """By treatment of missing data, in the order of AWS's columns."""
    return tuple(
        judge(points(drawn), Terms(periods, wanted, lambda value: value > 1, treatment)).state
        for treatment in TREATMENTS
    )


@pytest.mark.parametrize(
    ("drawn", "wanted", "expected"),
    [
        ("0 - X - X", 3, (O, O, O, O)),
        ("- - - - 0", 3, (O, O, O, O)),
        ("- - - - -", 3, (I, SAME, A, O)),
        ("0 X X - X", 3, (A, A, A, A)),
        ("- - X - -", 3, (A, SAME, A, O)),
        ("0 - X - X", 2, (A, A, A, A)),
        ("0 0 X 0 X", 2, (A, A, A, A)),
        ("0 - X - -", 2, (O, O, A, O)),
        ("- - - - 0", 2, (O, O, A, O)),
        ("- - - X -", 2, (A, SAME, A, O)),
        ("- - - - X", 2, (SAME, SAME, A, O)),
        ("- X - X -", 2, (A, A, A, A)),
    ],
)
def test_three_periods_of_five_as_in_awss_tables(drawn: str, wanted: int, expected: tuple[str | None, ...]) -> None:
    assert states(drawn, 3, wanted) == expected


def test_one_period_needs_one_point() -> None:
    assert states("- - X", 1, 1) == (A, A, A, A)
    assert states("X - 0", 1, 1) == (O, O, O, O)
    assert states("- - -", 1, 1) == (I, SAME, A, O)


def test_a_verdict_names_the_points_that_were_judged() -> None:
    verdict = judge(points("X 0 X - X"), Terms(3, 2, lambda value: value > 1))
    assert (verdict.points, verdict.filled) == ((1, 2, 4), 0)
