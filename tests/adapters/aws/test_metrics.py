"""Numbers of target groups, read from a CloudWatch that counts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.adapters.aws import metrics as reader
from controller.adapters.aws.wire import metrics as wire
from controller.adapters.aws.wire.metrics import Points, Series
from controller.domain.actions import PrepareGroup
from controller.domain.errors import Blocked, Transient
from controller.domain.metrics import Counted, Minute
from controller.domain.slot import Slot
from sandbox.world.faults import Fault
from sandbox.world.ports import Answered
from tests.adapters.aws.rig import SETTINGS, Rig
from tests.support.builders import NOON


@pytest.fixture
def busy(rig: Rig) -> Rig:
    """Both slots of backend have a target group; a minute begins."""
    for slot in Slot:
        rig.cloud.traffic.prepare_group(PrepareGroup("backend", slot, SETTINGS), rig.permit())
    rig.clock.advance(60 - rig.clock.now().timestamp() % 60)
    rig.world.calls.clear()
    return rig


def answered(rig: Rig, status: int = 200, seconds: float = 0.1, slot: Slot = Slot.GREEN, **how: Any) -> None:
    groups = rig.sandbox.elbv2.describe_target_groups()["TargetGroups"]
    arn = next(each["TargetGroupArn"] for each in groups if each["TargetGroupName"].endswith(f"backend-{slot}"))
    rig.world.observe(Answered(rig.sandbox.balancer, arn, status, seconds=seconds, **how))


def read(
    rig: Rig, minutes: float = 30, percents: Collection[int] = (), services: Collection[str] = ("backend",)
) -> Counted:
    now: datetime = rig.clock.now()
    return rig.cloud.metrics.read(services, percents, now - timedelta(minutes=minutes), now)


def test_a_minutes_requests_errors_and_percentiles_are_those_of_its_slot(busy: Rig) -> None:
    began = busy.clock.now()
    for number in range(100):
        answered(busy, 500 if number < 3 else 200, seconds=(number + 1) / 100)
    answered(busy, 200, 9.0, Slot.BLUE)
    busy.clock.advance(120)
    found = read(busy, percents=(50, 95, 99))["backend"]
    assert found[Slot.GREEN] == (Minute(began, 100, 3, {50: 0.5, 95: 0.95, 99: 0.99}),)
    assert found[Slot.BLUE] == (Minute(began, 1, 0, {50: 9.0, 95: 9.0, 99: 9.0}),)


def test_a_minute_without_errors_has_none_and_one_without_requests_is_no_minute(busy: Rig) -> None:
    began = busy.clock.now()
    answered(busy)
    busy.clock.advance(120)
    answered(busy)
    busy.clock.advance(120)
    assert [(each.at, each.errors) for each in read(busy)["backend"][Slot.GREEN]] == [
        (began, 0),
        (began + timedelta(minutes=2), 0),
    ]


def test_a_target_that_was_not_reached_is_an_error_and_no_request_fails_twice(busy: Rig) -> None:
    answered(busy, 502, by_target=False, times=4)
    answered(busy, 200, times=6)
    busy.clock.advance(120)
    [minute] = read(busy)["backend"][Slot.GREEN]
    assert (minute.requests, minute.errors) == (10, 4)
    groups = {Series("g", name, "Sum"): {minute.at: 3.0} for name in (wire.REQUESTS, *wire.ERRORS)}
    assert [(each.requests, each.errors) for each in wire.minutes(groups, "g")] == [(3, 3)]


def test_what_began_before_the_window_or_at_its_end_is_not_in_it(busy: Rig) -> None:
    began = busy.clock.now()
    for _ in range(4):
        answered(busy)
        busy.clock.advance(60)
    found = busy.cloud.metrics.read(["backend"], (), began + timedelta(seconds=1), began + timedelta(minutes=3))
    assert [each.at for each in found["backend"][Slot.GREEN]] == [began + timedelta(minutes=n) for n in (1, 2)]


def test_a_slot_that_was_never_made_has_no_numbers(rig: Rig) -> None:
    assert read(rig) == {"backend": {}}
    assert "GetMetricData" not in rig.operations()


def test_one_call_reads_500_series_and_the_next_one_the_rest(busy: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    read(busy, percents=(95, 99))
    assert [len(asked["MetricDataQueries"]) for asked in busy.asked("GetMetricData")] == [10]
    answered(busy)
    busy.clock.advance(120)
    whole = read(busy, percents=(95,))
    monkeypatch.setattr(reader, "QUERIES_AT_ONCE", 3)
    busy.world.calls.clear()
    assert read(busy, percents=(95,)) == whole
    assert [len(asked["MetricDataQueries"]) for asked in busy.asked("GetMetricData")] == [3, 3, 2]


def test_what_is_asked_names_target_group_and_balancer(busy: Rig) -> None:
    read(busy, percents=(95,))
    [asked] = busy.asked("GetMetricData")
    stats = [each["MetricStat"] for each in asked["MetricDataQueries"]]
    assert {(each["Metric"]["MetricName"], each["Stat"], each["Period"]) for each in stats} == {
        ("RequestCount", "Sum", 60),
        ("HTTPCode_Target_5XX_Count", "Sum", 60),
        ("TargetConnectionErrorCount", "Sum", 60),
        ("TargetResponseTime", "p95", 60),
    }
    names = {dimension["Name"]: dimension["Value"] for dimension in stats[0]["Metric"]["Dimensions"]}
    assert names["LoadBalancer"] == busy.sandbox.balancer.partition(":loadbalancer/")[2]
    assert names["TargetGroup"].startswith("targetgroup/")
    assert asked["ScanBy"] == "TimestampAscending"


def test_pages_are_put_together(busy: Rig) -> None:
    for _ in range(3):
        answered(busy)
        busy.clock.advance(60)

    def one_point(params: dict[str, Any], **_: Any) -> None:
        params["MaxDatapoints"] = 1

    busy.hooks.append(("provide-client-params.cloudwatch.GetMetricData", one_point))
    now = busy.clock.now()
    found = busy.stranger().metrics.read(["backend"], (), now - timedelta(minutes=30), now)
    assert len(found["backend"][Slot.GREEN]) == 3
    assert len(busy.asked("GetMetricData")) > 1


@pytest.mark.parametrize(
    ("kind", "error", "code"),
    [("throttle", Transient, "aws.throttled"), ("denied", Blocked, "aws.denied"), ("server_error", Transient, None)],
)
def test_what_cannot_be_read_is_an_error(busy: Rig, kind: Any, error: type[Transient], code: str | None) -> None:
    busy.world.faults.add(Fault(kind, service="cloudwatch"))
    with pytest.raises(error) as raised:
        read(busy)
    assert code is None or raised.value.code == code


def page(*results: tuple[str, str, list[float]], messages: list[dict[str, str]] | None = None) -> Any:
    moments = [NOON + timedelta(minutes=minute) for minute in range(60)]
    return {
        "MetricDataResults": [
            {"Id": name, "StatusCode": status, "Timestamps": moments[: len(values)], "Values": values}
            for name, status, values in results
        ],
        "Messages": messages or [],
    }


def points(*pages: Any) -> Points:
    found = Points()
    for each in pages:
        found.add(each)
    return found


def test_partial_data_that_is_completed_by_the_next_page_is_whole() -> None:
    points(page(("m0", "PartialData", [1.0])), page(("m0", "Complete", [1.0, 2.0]))).insist_whole(["m0"], "reading")


@pytest.mark.parametrize(
    ("pages", "error", "told"),
    [
        ([page(("m0", "PartialData", [1.0]))], Transient, "PartialData"),
        ([page(("m0", "InternalError", []))], Transient, "InternalError"),
        ([page()], Transient, "no answer"),
        ([page(("m0", "Forbidden", []))], Blocked, "may not read"),
        (
            [page(("m0", "Complete", []), messages=[{"Code": "MaxMetricsExceeded", "Value": "too many"}])],
            Transient,
            "MaxMetricsExceeded: too many",
        ),
    ],
    ids=["partial", "internal error", "left out", "forbidden", "a message"],
)
def test_a_part_is_never_taken_for_the_whole(pages: list[Any], error: type[Transient], told: str) -> None:
    with pytest.raises(error, match=told):
        points(*pages).insist_whole(["m0"], "reading")
