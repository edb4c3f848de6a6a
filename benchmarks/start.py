"""How soon the controller is ready, and how much memory it takes at rest."""

import time

import psutil

from benchmarks.given import Given
from benchmarks.table import Figure, Result, amount, percentile
from tests.support.live import a_pair

HOW = "From the start of the process to /ready 200, three environments bound. Memory: resident, at rest."


def run(given: Given) -> Result:
    took, memory = [], []
    with a_pair(given.directory / "pair", "--seed", str(given.seed)) as pair:
        pair.controller.ended(pair.sandbox.merge()["commit"])
        for _ in range(given.starts):
            pair.controller.child.ask_to_stop()
            began = time.monotonic()
            pair.controller.start()
            took.append(time.monotonic() - began)
            pair.controller.until("dev was looked at", lambda: pair.controller.environment()["seen_at"])
            memory.append(psutil.Process(pair.controller.child.pid).memory_info().rss / 1e6)
    return Result(
        f"The controller's start, {given.starts} times",
        HOW,
        (
            Figure("ready after: median, most", f"{amount(percentile(took, 50), 's')}, {amount(max(took), 's')}"),
            Figure("resident: most", amount(max(memory), "MB")),
        ),
    )
