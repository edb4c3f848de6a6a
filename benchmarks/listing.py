"""Pages of a long history: over HTTP, from the controller that runs beside them."""

import shutil
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.given import Given
from benchmarks.table import Figure, Result, amount, percentile
from controller.adapters.clock import SystemClock
from controller.domain.deployment import Phase
from controller.store import Store
from controller.store.schema import migrate
from tests.support.live import LiveController, a_pair
from tests.support.rows import held

ASKED = 100
WARM = 5
HOW = (
    f"Each page {ASKED} times over HTTP on one connection; every row is a whole deployment with steps and undo record."
)

COPY = """
WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
INSERT INTO deployments ({columns}) SELECT {values} FROM deployments CROSS JOIN numbers WHERE id = 'prod-1'
"""


def run(given: Given) -> Result:
    place = given.directory / "pair"
    place.mkdir(parents=True)
    filled(place / "tidegate.db", given.rows)
    with a_pair(place, "--seed", str(given.seed)) as pair:
        controller = pair.controller
        deep = _cursor(controller, given.rows // 2)
        pages = {
            "first page of 50, API": lambda: controller.get("deployments", limit=50),
            "the same of one environment": lambda: controller.get("deployments", limit=50, environment="prod"),
            "the same in one phase": lambda: controller.get("deployments", limit=50, phase="rolled_back"),
            f"50 after {given.rows // 2:,} others": lambda: controller.get("deployments", limit=50, cursor=deep),
            "dashboard, with 25": lambda: controller.page("/"),
        }
        figures = tuple(Figure(f"{name}: p50, p99", _timed(ask)) for name, ask in pages.items())
    size = (place / "tidegate.db").stat().st_size / 1e6
    shutil.rmtree(place)
    return Result(f"Pages over {given.rows:,} deployments ({size:,.0f} MB)", HOW, figures)


def _timed(ask: Callable[[], object]) -> str:
    took = []
    for _ in range(WARM):
        ask()
    for _ in range(ASKED):
        began = time.perf_counter()
        ask()
        took.append((time.perf_counter() - began) * 1000)
    return f"{amount(percentile(took, 50), 'ms')}, {amount(percentile(took, 99), 'ms')}"


def _cursor(controller: LiveController, after: int) -> str:
    cursor: str | None = None
    for _ in range(max(1, after // 100)):
        query = {"cursor": cursor} if cursor else {}
        cursor = controller.get("deployments", limit=100, **query)["next"]
    assert cursor is not None
    return cursor


def filled(file: Path, rows: int) -> None:
    """A database with so many deployments of prod, all of them over."""
    migrate(f"sqlite:///{file}")
    store = Store(f"sqlite:///{file}", SystemClock())
    deployment = held("prod", 1)
    assert deployment.phase is Phase.ROLLED_BACK
    deployment = replace(deployment, steps=tuple(step for step in deployment.steps if step.finished_at))
    with store.write() as unit:
        unit.environments.ensure(["dev", "prod", "staging"])
        unit.revisions.add(deployment.revision)
        unit.deployments.add(deployment)
    store.close()
    _multiplied(file, rows)


def _multiplied(file: Path, rows: int) -> None:
    connection = sqlite3.connect(file)
    try:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(deployments)") if row[1] != "seq"]
        made = {"id": "'prod-' || n", "number": "n", "is_open": "0"}
        values = [made.get(column, column) for column in columns]
        connection.execute(COPY.format(columns=", ".join(columns), values=", ".join(values)), [rows])
        connection.commit()
    finally:
        connection.close()
