"""1,000 services at rest, compared with what their files declare: calls, seconds, and the share of AWS's budgets."""

import json
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.crowd import ACCOUNTS, StandIn, a_stand_in, bindings, multiply, settled_stage
from benchmarks.given import Given
from benchmarks.table import Figure, Result, amount, at_most, none_of
from controller.domain.bindings import read_bindings
from controller.loop.rounds import look_period
from tests.support.live import LiveController
from tests.support.processes import Child, free_port, until

SERVICES_EACH = 2
CHANGE_NOTHING = ("Describe", "List", "Assume")
HOW = (
    "{environments} environments of two services in ten accounts, each with a role of its own. Every one is looked at\n"
    "once, by a controller that remembers nothing of it: in a large crowd what it knew is too old when its turn comes\n"
    "again. AWS is one process on loopback without network delay; STS is canned. A round takes {minutes:.0f} minutes,\n"
    "over which the calls are spread. The budgets are AWS's, of one account and region, for everybody in it."
)
BUDGETS: Mapping[str, tuple[float, tuple[str, ...]]] = {
    "ECS: services read": (20.0, ("DescribeServices", "ListServices")),
    "ECS: task definitions read": (20.0, ("DescribeTaskDefinition", "ListTaskDefinitions")),
    "Elastic Load Balancing": (
        10.0,
        (
            "DescribeRules",
            "DescribeTags",
            "DescribeTargetGroups",
            "DescribeTargetGroupAttributes",
            "DescribeTargetHealth",
            "DescribeListeners",
            "DescribeLoadBalancers",
        ),
    ),
    "CloudWatch": (9.0, ("DescribeAlarms", "GetMetricData", "DescribeAlarmHistory")),
}
"""Calls a second that last: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html,
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/throttling.html, and for CloudWatch the least of
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html: DescribeAlarms."""


def run(given: Given) -> Result:
    size = max(1, given.environments // SERVICES_EACH)
    stage = settled_stage(_made(given, "stage"))
    stage.store.close()
    head = multiply(stage.url, size)
    config = given.directory / "tidegate.yaml"
    config.write_text(bindings(size))
    shutil.copy(given.directory / "stage" / "tidegate.db", given.directory / "tidegate.db")
    with a_stand_in(stage, head) as outside:
        told = _lap(given, outside)
    period = look_period(read_bindings(config.read_text(), str(config)).values()).total_seconds()
    how = HOW.format(environments=size, minutes=period / 60)
    figures = tuple(_figures(told, outside, size, period))
    return Result(f"{size * SERVICES_EACH:,} services at rest, compared with their files", how, figures)


def _made(given: Given, name: str) -> Any:
    directory = given.directory / name
    directory.mkdir(parents=True)
    return directory


def _lap(given: Given, outside: StandIn) -> dict[str, Any]:
    """In a process of its own, with the settings of a controller that was started and has ended."""
    address = f"http://127.0.0.1:{outside.port}"
    endpoints = {
        "aws": {"endpoint": address, "region": "eu-west-1", "account": "9" * 12},
        "github": {"api": f"{address}/github", "token": "token", "webhook_secret": "sixteen-characters-or-more"},
        "config": str(given.directory / "tidegate.yaml"),
        "connect_to": [],
    }
    controller = LiveController(given.directory, free_port(), endpoints)
    controller.close()
    outside.asked.clear()
    log = given.directory / "laps.log"
    child = Child("laps", ["benchmarks.laps"], log, controller.environment_variables)
    until("every environment was looked at", lambda: not child.is_running, [child], 1800, may_end=True)
    lines = [line for line in log.read_text().splitlines() if line.startswith('{"seconds"')]
    assert lines, child.last_lines()
    child.kill()
    return dict(json.loads(lines[-1]))


def _figures(told: Mapping[str, Any], outside: StandIn, size: int, period: float) -> Iterator[Figure]:
    asked = {what.removeprefix("aws "): count for what, count in outside.asked.items() if what.startswith("aws ")}
    changing = sum(count for what, count in asked.items() if not what.split()[-1].startswith(CHANGE_NOTHING))
    services, accounts = size * SERVICES_EACH, min(ACCOUNTS, size)
    yield none_of("differences that nobody made", told["doubted"])
    yield none_of("changing calls", changing)
    yield Figure("seconds of one after the other", amount(told["seconds"], "s"))
    yield Figure("  of a core", amount(told["cpu"], "s"))
    yield Figure("calls to AWS in a round", f"{sum(asked.values()):,}")
    yield Figure("  for each service", f"{sum(asked.values()) / services:.1f}")
    yield from (
        Figure(f"    {what}", f"{count / services:.2f}")
        for what, count in sorted(asked.items(), key=lambda one: -one[1])
    )
    for budget, (most, names) in BUDGETS.items():
        rate = sum(asked.get(name, 0) for name in names) / accounts / period
        yield at_most(f"{budget}, in an account", rate, most, "a second")
