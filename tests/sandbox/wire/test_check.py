"""An answer that no AWS would give is noticed, whatever is wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.wire.check import Deviation, check
from sandbox.wire.models import service_for, service_model
from sandbox.world.services import SERVICES
from tests.support.sandbox_aws import Sandbox

SERVICE = service_model("ecs").operation_model("DescribeServices").output_shape


def a_service(**members: Any) -> dict[str, Any]:
    return {"services": [{"serviceName": "web", **members}]}


def test_a_good_answer_passes() -> None:
    check(SERVICE, a_service(desiredCount=2, createdAt=datetime(2026, 1, 1, tzinfo=UTC), launchType="FARGATE"), "ok")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (a_service(colour="blue"), "has no member 'colour'"),
        (a_service(desiredCount="2"), r"services\[0\].desiredCount: .* is a integer, found '2'"),
        (a_service(desiredCount=True), "is a integer, found True"),
        (a_service(launchType="MOON"), "found 'MOON'"),
        (a_service(createdAt="today"), "is a timestamp"),
        (a_service(createdAt=datetime(2026, 1, 1)), "is a timestamp"),  # noqa: DTZ001
        (a_service(events={}), "is a list"),
        ({"services": None}, "is a list"),
        ([], "is a structure"),
    ],
)
def test_a_deviation_is_named_with_its_place(answer: Any, message: str) -> None:
    with pytest.raises(Deviation, match=message):
        check(SERVICE, answer, "ecs DescribeServices")


def test_a_missing_required_member_is_a_deviation() -> None:
    shape = service_model("logs").operation_model("DescribeLogGroups").input_shape
    check(shape, {}, "none is required")
    required = service_model("ecs").shape_for("ServiceConnectConfiguration")
    with pytest.raises(Deviation, match="needs a member 'enabled'"):
        check(required, {}, "x")


def test_an_operation_without_output_answers_nothing() -> None:
    check(None, {}, "x")
    with pytest.raises(Deviation, match="has no output"):
        check(None, {"a": 1}, "x")


def test_a_deviating_world_is_caught_where_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Sandbox()
    operation = SERVICES["ecs"]["ListClusters"]
    deviating = type(operation)(lambda call: {"clusterArns": "none"}, mutates=False)
    monkeypatch.setitem(SERVICES["ecs"], "ListClusters", deviating)
    with pytest.raises(Deviation, match=r"ecs ListClusters\.clusterArns"):
        sandbox.ecs.list_clusters()


def test_every_operation_of_the_world_is_one_of_aws() -> None:
    for service, operations in SERVICES.items():
        assert set(operations) <= set(service_model(service).operation_names)


def test_services_are_found_by_the_name_in_the_signature() -> None:
    assert service_for("elasticloadbalancing") == "elbv2"
    assert service_for("ecs") == "ecs"
    assert service_for("dynamodb") is None
