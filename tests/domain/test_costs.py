"""Fargate's list prices."""

from decimal import Decimal

import pytest

from controller.domain.costs import Cost, cost_change, file_cost, monthly
from controller.domain.prices import ON_DEMAND
from tests.support.builders import FILE, a_file

REGION = "eu-west-1"


def service(task: str = "{cpu: 512, memory: 1024}", rest: str = "") -> object:
    text = FILE.replace("task: {cpu: 256, memory: 512}", f"task: {task}\n{rest}", 1)
    return a_file(text).services["backend"]


@pytest.mark.parametrize(
    ("task", "rest", "count", "dollars"),
    [
        ("{cpu: 512, memory: 1024}", "", 1, "18.02"),
        ("{cpu: 512, memory: 1024}", "", 4, "72.08"),
        ("{cpu: 512, memory: 1024, architecture: ARM64}", "", 1, "14.42"),
        ("{cpu: 512, memory: 1024}", "    capacity: {spot: 100%}", 2, "10.81"),
        ("{cpu: 512, memory: 1024}", "    capacity: {spot: 50%, base: 2}", 4, "59.47"),
    ],
)
def test_a_month_costs(task: str, rest: str, count: int, dollars: str) -> None:
    assert monthly(service(task, rest), count, REGION).quantize(Decimal("0.01")) == Decimal(dollars)  # type: ignore[arg-type]


def test_a_file_costs_between_its_fewest_and_its_most_tasks() -> None:
    scaled = a_file(FILE.replace("count: 2", "count: {min: 2, max: 6, cpu: 70%}"))
    cost = file_cost(scaled, REGION)
    assert cost == Cost(file_cost(a_file(), REGION).least, file_cost(a_file(), REGION).least * 3)


def test_an_unknown_region_says_so() -> None:
    change = cost_change(None, a_file(), "mars-north-1")
    assert (change.after, change.note) == (None, "no list price of mars-north-1 is known here")


def test_prices_are_prices() -> None:
    assert all(0 < Decimal(memory) < Decimal(cpu) < 1 for cpu, memory in ON_DEMAND.values())
