"""The controllers' database, read from outside."""

import json
import re
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]

OPEN = """
SELECT id, number, phase, kind, sha, steps, undo, body FROM deployments
WHERE environment = :environment AND (phase IN ('waiting', 'running', 'rolling_back') OR is_open) ORDER BY number
"""
OVER = frozenset({"done", "failed", "skipped", "undone"})


class Rows:
    """Questions in SQL, with `:name` for values. Every thread may ask.

    A SQLite file is opened for one question only, and only to read: after a kill it must be the next controller that
    finds the file as the dead one left it.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._here = threading.local()

    def ask(self, question: str, **values: Any) -> list[Row]:
        if self._url.startswith("sqlite"):
            return self._sqlite(question, values)
        return self._postgres(question, values)

    def patient(self, question: str, **values: Any) -> list[Row] | None:
        """None when it can't be answered now: nobody serves the file, or the server cut us off."""
        try:
            return self.ask(question, **values)
        except (sqlite3.Error, psycopg.Error):
            self._here.__dict__.clear()
            return None

    def _sqlite(self, question: str, values: Row) -> list[Row]:
        path = Path(self._url.removeprefix("sqlite:///"))
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(question, values)]
        finally:
            connection.close()

    def _postgres(self, question: str, values: Row) -> list[Row]:
        if not hasattr(self._here, "connection"):
            self._here.connection = psycopg.connect(self._url, autocommit=True, row_factory=dict_row)
        asked = re.sub(r":(\w+)", r"%(\1)s", question)
        return list(self._here.connection.execute(asked, values))


def document(value: Any) -> Any:
    """A stored document, which SQLite gives back as text."""
    return json.loads(value) if isinstance(value, str) else value


def moment(value: Any) -> float:
    """A stored time, in seconds since 1970."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return float((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


def steps_of(row: Row) -> list[Row]:
    return list(document(row["steps"]) or [])


def is_over(row: Row) -> bool:
    """Decided, and no step of it is left."""
    undecided = {"waiting", "running", "rolling_back"}
    return row["phase"] not in undecided and all(step["state"] in OVER for step in steps_of(row))


def present_step(row: Row) -> str:
    """The kind of its first step that is not over; its phase when there is none."""
    return next((str(step["kind"]) for step in steps_of(row) if step["state"] not in OVER), str(row["phase"]))


def recorded_share(row: Row) -> int:
    """The highest share that a shift of it was begun for, in percent."""
    begun = {"running", "done", "failed"}
    shares = [step["percent"] or 0 for step in steps_of(row) if step["kind"] == "shift" and step["state"] in begun]
    return max(shares, default=0)


def pid_of(owner: str | None) -> int | None:
    """Of a lease's owner, `host:pid:random`."""
    return int(owner.split(":")[-2]) if owner else None
