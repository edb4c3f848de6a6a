"""One trial: pytest on a copy, in a process of its own, and what that proves."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from tests.support.processes import CLOCK, bare_environment
from tests.teeth.copies import copied
from tests.teeth.mistake import Misplaced, Mistake

LONGEST_SECONDS = 180
FAILED, PASSED = 1, 0
"""Pytest's exit codes: some tests failed, all passed. Every other one says that something else was wrong."""

NONSENSE = frozenset({"NameError", "UnboundLocalError", "ImportError", "ModuleNotFoundError", "SyntaxError"})
"""What code raises that could never have been written by mistake and kept for a minute."""


class Verdict(StrEnum):
    CAUGHT = "caught"  # a test failed
    SURVIVED = "SURVIVED"  # every test passed: something is missing among them
    UNFIT = "UNFIT"  # nothing is proved: no test ran, or the code could not even be imported


@dataclass(frozen=True)
class Trial:
    """`told` names the test that failed, or says why nothing is proved."""

    verdict: Verdict
    told: str
    seconds: float


def tried(mistake: Mistake, source: Path) -> Trial:
    """`mistake` in a copy of `source`."""
    with copied(source) as root:
        try:
            mistake.make(root)
        except Misplaced as error:
            return Trial(Verdict.UNFIT, str(error), 0.0)
        return trial(root, [mistake.caught_by])


def trial(root: Path, tests: Sequence[str], longest_seconds: float = LONGEST_SECONDS) -> Trial:
    began = CLOCK.monotonic()
    verdict, told = _judged(root, tests, longest_seconds)
    return Trial(verdict, told, CLOCK.monotonic() - began)


def _judged(root: Path, tests: Sequence[str], longest_seconds: float) -> tuple[Verdict, str]:
    with tempfile.TemporaryDirectory() as place:
        notes = Path(place) / "witness.json"
        try:
            done = _pytest(root, tests, notes, longest_seconds)
        except subprocess.TimeoutExpired:
            return Verdict.UNFIT, f"no end within {longest_seconds:.0f} s: nothing failed so far"
        seen = json.loads(notes.read_text(encoding="utf-8")) if notes.exists() else None
    return _read(done, seen)


def _read(done: subprocess.CompletedProcess[str], seen: dict[str, Any] | None) -> tuple[Verdict, str]:
    if seen is None:
        return Verdict.UNFIT, f"pytest ended with {done.returncode} before any test: {_last_words(done)}"
    if seen["strays"]:
        return Verdict.UNFIT, f"{seen['strays'][0]} came from outside the copy: nothing was tested"
    if seen["broken"]:
        return Verdict.UNFIT, f"it could not even be collected: {seen['broken'][0]}"
    if done.returncode == PASSED and seen["passed"]:
        return Verdict.SURVIVED, f"{seen['passed']} passed"
    if done.returncode != FAILED or not seen["failed"]:
        return Verdict.UNFIT, f"pytest ended with {done.returncode}: {_last_words(done)}"
    test, error = seen["failed"][0]
    if error in NONSENSE:
        return Verdict.UNFIT, f"{test}: {error}: that is no mistake but nonsense"
    return Verdict.CAUGHT, test


def _pytest(root: Path, tests: Sequence[str], notes: Path, longest_seconds: float) -> subprocess.CompletedProcess[str]:
    plugins = ("-p", "no:cacheprovider", "-p", "tests.teeth.witness")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", *plugins, f"--rootdir={root}", f"--witness={notes}", *tests],
        cwd=root,
        env=bare_environment() | {"PYTHONPATH": str(root)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=longest_seconds,
        check=False,
    )


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    return " | ".join(lines[-3:])
