"""Good versions rolled out in a row while users ask all the time."""

import time
from dataclasses import dataclass

from benchmarks.given import Given
from benchmarks.table import Figure, Result, amount, none_of, percentile
from tests.support.clone import Clone
from tests.support.live import Pair, a_pair
from tests.support.load import Asked, Report, SteadyLoad

STRATEGIES = {"rolling": ("{type: rolling}", "0s"), "blue-green": ("{type: blue_green, bake: 1s}", "1s")}
"""And how long the old version is kept warm."""
HOW = (
    "Requests of users (page, caption, version) through dev's load balancer, at appointed times from a process of its\n"
    "own, from before the first merge until the last old slot is empty. Failed: no answer, or one that isn't 2xx."
)


@dataclass(frozen=True)
class Row:
    """`live_seconds` and `whole_seconds` of each rollout: from the merge to live, and to the old slot empty."""

    live_seconds: list[float]
    whole_seconds: list[float]
    report: Report


def run(given: Given) -> Result:
    figures: list[Figure] = []
    for name, (strategy, keep_warm) in STRATEGIES.items():
        with a_pair(given.directory / name, "--seed", str(given.seed)) as pair:
            _take_strategy(pair, strategy, keep_warm)
            figures += _figures(name, _rolled(given, pair))
    return Result(
        f"{given.rollouts} clean rollouts in a row under {given.visits:g} requests a second", HOW, tuple(figures)
    )


def _take_strategy(pair: Pair, strategy: str, keep_warm: str) -> None:
    clone = Clone(pair.sandbox.endpoints["github"]["git"], pair.directory / "clone")
    clone.rewrite("environments/dev.yaml", r"^strategy: \{.*?\}", f"strategy: {strategy}")
    clone.rewrite("environments/dev.yaml", r"^rollback:\n", f"rollback:\n  keep_warm: {keep_warm}\n")
    commit = clone.commit(f"Use {strategy}")
    clone.push()
    assert pair.controller.ended(commit)["phase"] == "succeeded"


def _rolled(given: Given, pair: Pair) -> Row:
    live, whole = [], []
    with SteadyLoad(Asked(pair.sandbox.balancer_port(), given.visits)) as load:
        for _ in range(given.rollouts):
            began = time.monotonic()
            commit = pair.sandbox.merge()["commit"]
            deployed = pair.controller.settled(commit)
            live.append(time.monotonic() - began)
            assert deployed["phase"] == "succeeded", deployed["reason"]
            pair.controller.ended(commit)
            whole.append(time.monotonic() - began)
        return Row(live, whole, load.end())


def _figures(name: str, row: Row) -> list[Figure]:
    report = row.report
    told = f"{report.p50:g}, {report.p95:g}, {report.p99:g}, {report.most:g} ms"
    why = [Figure(f"{name}: failure", each) for each in report.failures]
    return [
        none_of(f"{name}: failed of {report.sent:,} requests", report.failed),
        *why,
        Figure(f"{name}: answered by", f"{len(report.by_version)} versions"),
        Figure(f"{name}: latency p50, p95, p99, most", told),
        Figure(f"{name}: merge to live, median and most", _two(row.live_seconds)),
        Figure(f"{name}: merge to the old slot empty, median and most", _two(row.whole_seconds)),
    ]


def _two(values: list[float]) -> str:
    return f"{amount(percentile(values, 50), 's')}, {amount(max(values), 's')}"
