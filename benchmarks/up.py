"""`tidegate up` on nothing: how long until a first version is live, and what is in memory then."""

import time
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT

import psutil

from benchmarks.given import Given
from benchmarks.table import Figure, Result, amount, at_most, percentile
from tests.support.processes import Child, gone, until

LIVE_LIMIT_SECONDS = 60.0
MEMORY_LIMIT_MB = 1500.0
MB = 1e6
HOW = (
    "From the start of the process to its line `live: dev …`; memory of it and of all that come from it then.\n"
    "Resident sizes count shared pages in every process; proportional ones (Linux) share them out. End: Ctrl-C to gone."
)


@dataclass(frozen=True)
class Up:
    live_seconds: float
    end_seconds: float
    processes: int
    resident_mb: float
    proportional_mb: float | None


def run(given: Given) -> Result:
    ups = [_once(given.directory / f"up-{number}") for number in range(given.starts)]
    most = max(ups, key=lambda each: each.resident_mb)
    shared = "not told here" if most.proportional_mb is None else amount(most.proportional_mb, "MB")
    return Result(
        f"`tidegate up` to the first version live, {given.starts} times",
        HOW,
        (
            at_most("live after: most", max(each.live_seconds for each in ups), LIVE_LIMIT_SECONDS, "s"),
            Figure("live after: median", amount(percentile([each.live_seconds for each in ups], 50), "s")),
            at_most(f"{most.processes} processes: resident", most.resident_mb, MEMORY_LIMIT_MB, "MB"),
            Figure(f"{most.processes} processes: proportional", shared),
            at_most("ended after: most", max(each.end_seconds for each in ups), 10.0, "s"),
        ),
    )


def _once(directory: Path) -> Up:
    directory.mkdir()
    began = time.monotonic()
    child = Child("up", ["controller", "up", "--state-dir", str(directory / "state")], directory / "up.log", {})
    try:
        until("dev has a version", lambda: "live: dev " in child.log.read_text(), [child], 2 * LIVE_LIMIT_SECONDS)
        return _looked_at(child, time.monotonic() - began)
    finally:
        child.kill()


def _looked_at(child: Child, live: float) -> Up:
    """Measure what runs now, then end it."""
    family = child.family()
    resident, proportional = sum(process.memory_info().rss for process in family) / MB, _proportional(family)
    asked = time.monotonic()
    code = child.ask_to_stop(30.0, SIGINT)
    ended = time.monotonic() - asked
    assert code == 0, f"up ended with {code}\n{child.last_lines()}"
    assert not gone(family), "something still runs after Ctrl-C"
    return Up(live, ended, len(family), resident, proportional)


def _proportional(family: list[psutil.Process]) -> float | None:
    sizes = [getattr(process.memory_full_info(), "pss", None) for process in family]
    return None if None in sizes else sum(size for size in sizes if size is not None) / MB
