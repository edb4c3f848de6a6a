"""1,000 environments at rest: what they cost one controller, GitHub and AWS, while nothing happens at all."""

import shutil
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import psutil

from benchmarks.crowd import a_stand_in, bindings, multiply, settled_stage, wake_everybody
from benchmarks.given import Given
from benchmarks.table import Figure, Result, at_most, none_of
from tests.support.database import running_postgres
from tests.support.live import LiveController
from tests.support.processes import free_port

SWEEP_SECONDS = 60
CPU_LIMIT_PERCENT, MEMORY_LIMIT_MB = 5.0, 150.0
GITHUB_LIMIT_AN_HOUR = 5000
HOW = (
    "`tidegate serve` in a process of its own, its environments live and at rest, measured over {sweeps} sweeps after\n"
    "each was looked at. Three environments in a repository, a hundred in an account, two services and a role each.\n"
    "The rows are copies of one environment's that was deployed. AWS and GitHub are one process on loopback, which\n"
    "answers as the sandbox does for that one, with the other's name put in, without network delay; STS is canned.\n"
    "MALLOC_ARENA_MAX=2, as docs/fencing.md advises."
)
SECRET = "sixteen-characters-or-more"
WARM_SECONDS = 30.0
CHANGES_NOTHING = ("Describe", "List", "Assume")


def run(given: Given) -> Result:
    figures = [*_measured(given, given.directory / "sqlite", "")]
    if given.postgres:
        figures += _measured(given, given.directory / "postgres", running_postgres().wiped_database())
    how = HOW.format(sweeps=given.sweeps)
    return Result(f"{given.environments:,} environments at rest", how, tuple(figures))


def _measured(given: Given, directory: Path, url: str) -> list[Figure]:
    (directory / "stage").mkdir(parents=True)
    stage = settled_stage(directory / "stage", url)
    stage.store.close()
    head = multiply(stage.url, given.environments)
    config = directory / "tidegate.yaml"
    config.write_text(bindings(given.environments))
    with ExitStack() as ends:
        outside = ends.enter_context(a_stand_in(stage, head))
        if not url:
            shutil.copy(directory / "stage" / "tidegate.db", directory / "tidegate.db")
        address = f"http://127.0.0.1:{outside.port}"
        endpoints = {
            "aws": {"endpoint": address, "region": "eu-west-1", "account": "9" * 12},
            "github": {"api": f"{address}/github", "token": "token", "webhook_secret": SECRET},
            "config": str(config),
            "connect_to": [],
        }
        settings = {
            "TIDEGATE_SWEEP_SECONDS": str(SWEEP_SECONDS),
            "TIDEGATE_PACE_SECONDS": "5",
            "MALLOC_ARENA_MAX": "2",
        }
        if url:
            settings["TIDEGATE_DATABASE_URL"] = url
        controller = LiveController(directory, free_port(), endpoints, **settings)
        ends.callback(controller.close)
        process = psutil.Process(controller.child.pid)
        wake_everybody(controller.port, SECRET, given.environments)
        controller.until("all are looked at", lambda: len(outside.looked_at) >= given.environments, 1200)
        time.sleep(WARM_SECONDS)
        before, used, began = dict(outside.asked), _cpu_seconds(process), time.monotonic()
        time.sleep(given.sweeps * SWEEP_SECONDS)
        took, cpu = time.monotonic() - began, _cpu_seconds(process) - used
        asked = {what: count - before.get(what, 0) for what, count in outside.asked.items()}
        return _figures("PostgreSQL" if url else "SQLite", asked, took, cpu, process.memory_info().rss / 1e6)


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _figures(database: str, asked: Mapping[str, int], took: float, cpu: float, megabytes: float) -> list[Figure]:
    aws = {what: count for what, count in asked.items() if what.startswith("aws ") and count}
    changing = sum(
        count for what, count in aws.items() if not what.split()[-1].startswith(("Describe", "List", "Assume"))
    )
    counted, same = (asked.get(name, 0) * 3600 / took for name in ("github, and it counts", "github 304"))
    return [
        at_most(f"{database}: of a core", cpu / took * 100, CPU_LIMIT_PERCENT, "%"),
        at_most("  resident", megabytes, MEMORY_LIMIT_MB, "MB"),
        none_of("  changing calls to AWS", changing),
        Figure("  AWS calls a second", f"{sum(aws.values()) / took:.1f}"),
        *(
            Figure(f"    {what[4:]}", f"{count / took:.2f}")
            for what, count in sorted(aws.items(), key=lambda one: -one[1])
        ),
        at_most("  GitHub requests an hour that count", counted, GITHUB_LIMIT_AN_HOUR, "an hour"),
        Figure("  and that are answered 304", f"{same:,.0f}"),
        Figure("  and for the first time since the start", f"{asked.get('github, the first time', 0):,}"),
    ]
