"""An environment at rest: what a pass over it asks of AWS, how long it takes, and that it changes nothing."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.given import Given
from benchmarks.table import Figure, Result, amount, none_of, percentile
from benchmarks.watched import a_watched_pair
from tests.support.live import LiveController
from tests.support.processes import Child, until

HOW = (
    "dev with two services, nothing to do, passes back to back. Each looks at the branch's head and the rows, and\n"
    "at AWS every ten seconds at most (11 calls); the sandbox answers from another process, and counts the calls."
)


def run(given: Given) -> Result:
    with a_watched_pair(given.directory / "pair", given.seed) as (sandbox, door, controller):
        controller.ended(door.merge()["commit"])
        controller.until("dev is at rest", lambda: controller.environment()["deployment"] is None)
        controller.child.ask_to_stop()
        began = len(sandbox.calls())
        told = _passes(given, controller)
        calls = sandbox.calls()[began:]
    took = told["milliseconds"]
    asked = Counter(f"{call.service} {call.operation}" for call in calls)
    changing = [call for call in calls if call.mutating and call.service not in {"sts", "ecr"}]
    each = given.passes + 1
    return Result(
        f"A pass at rest, {given.passes} times ({', '.join(told['codes'])})",
        HOW,
        (
            none_of("changing calls", len(changing)),
            Figure("AWS calls a pass", f"{sum(asked.values()) / each:.1f}"),
            *(Figure(f"  {name}", f"{count / each:.2f}") for name, count in asked.most_common()),
            Figure("a pass: p50, p95, p99", ", ".join(amount(percentile(took, at), "ms") for at in (50, 95, 99))),
        ),
    )


def _passes(given: Given, controller: LiveController) -> dict[str, Any]:
    log: Path = given.directory / "passes.log"
    child = Child("passes", ["benchmarks.passes", str(given.passes)], log, controller.environment_variables)
    until("the passes are run", lambda: not child.is_running, [child], 120, may_end=True)
    lines = [line for line in log.read_text().splitlines() if line.startswith('{"milliseconds"')]
    assert lines, child.last_lines()
    child.kill()
    return dict(json.loads(lines[-1]))
