"""Samples go in; exact statistics of any period come out."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.world.cloudwatch.watched import Watched, maths, stat


@pytest.fixture
def watched() -> Watched:
    return Watched()


def code(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])


@given(values=st.lists(st.integers(-1000, 1000), min_size=1, max_size=20), percent=st.integers(1, 100))
def test_statistics_are_those_of_the_samples(values: list[int], percent: int) -> None:
    watched = Watched()
    watched.sample(*map(float, values))
    watched.clock.advance(60)
    names = ("Sum", "SampleCount", "Average", "Minimum", "Maximum", f"p{percent}")
    found = watched.read(*(stat(name, f"m{at}") for at, name in enumerate(names)))
    ordered = sorted(values)
    percentile = ordered[-(-len(values) * percent // 100) - 1]
    expected = [sum(values), len(values), sum(values) / len(values), ordered[0], ordered[-1], percentile]
    assert [found[f"m{at}"] for at in range(6)] == [[pytest.approx(each)] for each in expected]


def test_dimensions_mean_the_same_in_any_order_and_another_dimension_another_metric(watched: Watched) -> None:
    one, other = {"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}
    watched.sample(1.0, Dimensions=[one, other])
    watched.sample(2.0, Dimensions=[other, one])
    watched.sample(4.0, Dimensions=[one])
    watched.clock.advance(60)
    query = stat("Sum")
    query["MetricStat"]["Metric"]["Dimensions"] = [other, one]
    assert watched.read(query) == {"m": [3.0]}
    assert len(watched.cloudwatch.list_metrics(Namespace="app", Dimensions=[{"Name": "a"}])["Metrics"]) == 2
    assert len(watched.cloudwatch.list_metrics(Dimensions=[{"Name": "b", "Value": "2"}])["Metrics"]) == 1


def test_values_may_come_counted_or_summed_up_already(watched: Watched) -> None:
    watched.cloudwatch.put_metric_data(
        Namespace="app", MetricData=[{"MetricName": "errors", "Values": [1.0, 9.0], "Counts": [9.0, 1.0]}]
    )
    watched.clock.advance(60)
    whole = {"SampleCount": 4.0, "Sum": 8.0, "Minimum": 1.0, "Maximum": 5.0}
    watched.cloudwatch.put_metric_data(Namespace="app", MetricData=[{"MetricName": "errors", "StatisticValues": whole}])
    watched.clock.advance(60)
    found = watched.read(stat("p90"), stat("Sum", "s"), stat("SampleCount", "n"))
    assert found == {"m": [1.0], "s": [18.0, 8.0], "n": [10.0, 4.0]}


def test_only_high_resolution_samples_know_their_second(watched: Watched) -> None:
    watched.clock.advance(25)
    watched.sample(1.0, StorageResolution=1)
    watched.sample(2.0, name="slow")
    watched.clock.advance(35)
    fast, slow = stat("Sum", period=10), stat("Sum", "s", period=10, name="slow")
    now = watched.clock.now()
    answer = watched.cloudwatch.get_metric_data(
        MetricDataQueries=[fast, slow], StartTime=now.replace(minute=0), EndTime=now
    )
    assert [[each.second for each in result["Timestamps"]] for result in answer["MetricDataResults"]] == [[20], [0]]


def test_the_beginning_is_rounded_down_and_the_end_is_not_included(watched: Watched) -> None:
    for value in (1.0, 2.0, 4.0):
        watched.sample(value)
        watched.clock.advance(60)
    now = watched.clock.now()
    begins = now.replace(minute=0, second=59)
    assert watched.read(stat("Sum"), StartTime=begins, EndTime=now.replace(minute=2)) == {"m": [1.0, 2.0]}


def test_points_are_newest_first_and_come_in_pages(watched: Watched) -> None:
    for value in (1.0, 2.0, 3.0):
        watched.sample(value)
        watched.clock.advance(60)
    paginator = watched.cloudwatch.get_paginator("get_metric_data")
    now = watched.clock.now()
    pages = list(
        paginator.paginate(
            MetricDataQueries=[stat("Sum"), stat("Maximum", "n")],
            StartTime=now.replace(minute=0),
            EndTime=now,
            MaxDatapoints=4,
        )
    )
    shown = [[(each["Id"], each["Values"], each["StatusCode"]) for each in page["MetricDataResults"]] for page in pages]
    assert shown == [
        [("m", [3.0, 2.0, 1.0], "Complete"), ("n", [3.0], "PartialData")],
        [("m", [], "Complete"), ("n", [2.0, 1.0], "Complete")],
    ]


def test_a_period_is_divided_by_the_speed() -> None:
    watched = Watched(speed=20)
    watched.sample(1.0)
    watched.clock.advance(3)
    watched.sample(2.0)
    watched.clock.advance(3)
    assert watched.read(stat("Sum"), minutes=0.1) == {"m": [1.0, 2.0]}


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("e / r * 100", [50.0]),
        ("100 * FILL(e, 0) / r", [50.0, 0.0]),
        ("IF(r > 3, 100 * FILL(e, 0) / r, 0)", [0.0, 0.0]),
        ("FILL(e, REPEAT) + r", [3.0, 5.0]),
        ("SUM([e, r])", [3.0, 4.0]),
        ("MAX(METRICS())", [2.0, 4.0]),
        ("r - SUM(r)", [-4.0, -2.0]),
        ("r / AVG(r)", [pytest.approx(2 / 3), pytest.approx(4 / 3)]),
        ("-(r - 1) * 2", [-2.0, -6.0]),
        ("r / (r - r)", []),
    ],
)
def test_maths_over_metrics(watched: Watched, expression: str, values: list[float]) -> None:
    watched.sample(1.0)
    watched.sample(2.0, name="requests")
    watched.clock.advance(60)
    watched.sample(4.0, name="requests")
    watched.clock.advance(60)
    queries = (stat("Sum", "e", ReturnData=False), stat("Sum", "r", name="requests", ReturnData=False))
    if values == [50.0, 0.0]:
        assert watched.read(*queries, maths("e + r", "other"), maths(expression))["other"] == [3.0]
    assert watched.read(*queries, maths(expression), minutes=2)["x"] == values


@pytest.mark.parametrize(
    "expression",
    ["1 +", "(m", "m m", "nobody", "RATE(m)", "SUM(1)", "FILL(m, LINEAR)", "[m] + 1", "x", "7", "SELECT AVG(a) FROM b"],
)
def test_an_expression_that_cannot_be_worked_out_is_refused_with_its_text(watched: Watched, expression: str) -> None:
    with pytest.raises(ClientError) as refused:
        watched.read(stat("Sum"), maths(expression))
    assert code(refused) == "ValidationError"
    assert "xpression" in str(refused.value)


@pytest.mark.parametrize(
    "queries",
    [
        [stat("Sum", "Upper")],
        [stat("Sum"), stat("Average")],
        [stat("tm99")],
        [stat("Sum", period=45)],
        [{"Id": "m"}],
        [{**stat("Sum"), "Expression": "1"}],
    ],
)
def test_a_query_that_makes_no_sense_is_refused(watched: Watched, queries: list[dict[str, object]]) -> None:
    with pytest.raises(ClientError) as refused:
        watched.read(*queries)
    assert code(refused) == "ValidationError"


@pytest.mark.parametrize(
    ("datum", "expected"),
    [
        ({"MetricName": "a"}, "MissingParameter"),
        ({"MetricName": "a", "Value": float("nan")}, "InvalidParameterValue"),
        ({"MetricName": "a", "Value": 2.0**361}, "InvalidParameterValue"),
        ({"MetricName": "a", "Value": 1.0, "StorageResolution": 30}, "InvalidParameterValue"),
        ({"MetricName": "a", "Value": 1.0, "Values": [1.0]}, "InvalidParameterCombination"),
        ({"MetricName": "a", "Values": [1.0], "Counts": [1.0, 2.0]}, "InvalidParameterCombination"),
    ],
)
def test_a_datum_that_makes_no_sense_takes_the_whole_call_with_it(
    watched: Watched, datum: dict[str, object], expected: str
) -> None:
    with pytest.raises(ClientError) as refused:
        watched.cloudwatch.put_metric_data(Namespace="app", MetricData=[{"MetricName": "good", "Value": 1.0}, datum])
    assert code(refused) == expected
    assert watched.cloudwatch.list_metrics()["Metrics"] == []


def test_what_is_older_than_three_hours_is_forgotten(watched: Watched) -> None:
    watched.sample(1.0)
    watched.clock.advance(3 * 3600 + 60)
    watched.sample(2.0)
    watched.clock.advance(60)
    assert watched.read(stat("Sum", period=3600), minutes=300) == {"m": [2.0]}
