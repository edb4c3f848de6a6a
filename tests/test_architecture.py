"""The rooms stay apart and only clocks read time; and each check of it is seen to fail when it is broken."""

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("controller", "webhooks", "workload", "sandbox", "migrations")

BREACHES = [
    ("rooms", "controller/domain", "controller.gates"),
    ("rooms", "controller/gates", "controller.strategies"),
    ("rooms", "controller/store", "controller.loop"),
    ("pure", "controller/domain", "time"),
    ("pure", "controller/gates", "logging"),
    ("pure", "controller/strategies", "boto3"),
    ("pure", "controller/analysis", "random"),
    ("vendors", "controller/loop", "boto3"),
    ("vendors", "webhooks", "httpx"),
    ("rows", "controller/loop", "sqlmodel"),
    ("rows", "webhooks", "sqlite3"),
    ("statistics", "controller/progress", "scipy"),
    ("scheduler", "controller/store", "apscheduler"),
    ("http", "controller/loop", "starlette"),
    ("note", "webhooks", "controller.store"),
    ("composition", "controller/loop", "webhooks"),
    ("sandbox", "controller/store", "sandbox"),
    ("sandbox", "webhooks", "sandbox.clock"),
    ("workload", "workload", "controller.domain"),
    ("deployed", "controller/domain", "workload"),
]
"""Contract, the room that gets one more module, and what that module imports."""

CLOCK_CALLS = [
    "import time\ntime.time()",
    "from time import monotonic as instant\ninstant()",
    "import time\ntime.perf_counter()",
    "import time\ntime.sleep(1)",
    "import datetime\ndatetime.datetime.now(datetime.UTC)",
    "from datetime import UTC, datetime\ndatetime.now(UTC)",
    "from datetime import date\ndate.today()",
    "import asyncio\nasyncio.sleep(1)",
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the checks look at; nothing of it is run."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=lambda folder, names: _not_python(Path(folder), names)
        )
    for name in (".importlinter", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_every_contract_is_kept(tree: Path) -> None:
    outcome = lint_imports(tree)
    assert outcome.returncode == 0, outcome.stdout


def test_every_contract_has_a_breach_that_shows_it_to_work() -> None:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    names = {section.rpartition(":")[2] for section in contracts.sections() if ":contract:" in section}
    assert names == {contract for contract, _, _ in BREACHES}


@pytest.mark.parametrize(("contract", "room", "imported"), BREACHES)
def test_a_contract_fails_when_it_is_broken(tree: Path, contract: str, room: str, imported: str) -> None:
    (tree / room / "intruder.py").write_text(f"import {imported}\n")
    outcome = lint_imports(tree, "--contract", contract)
    assert outcome.returncode == 1, outcome.stdout
    assert f"{room.replace('/', '.')}.intruder" in outcome.stdout


def test_a_room_without_a_place_among_the_others_is_refused(tree: Path) -> None:
    (tree / "controller" / "helpers.py").touch()
    outcome = lint_imports(tree, "--contract", "rooms")
    assert (outcome.returncode, "helpers" in outcome.stdout) == (1, True)


@pytest.mark.parametrize("room", ["controller/domain", "controller/loop", "webhooks", "sandbox/world"])
@pytest.mark.parametrize("call", CLOCK_CALLS)
def test_a_room_that_reads_the_clock_is_refused(call: str, room: str) -> None:
    assert "TID251" in ruff(call, f"{room}/intruder.py").stdout


@pytest.mark.parametrize("clock", ["controller/adapters/clock.py", "sandbox/clock.py"])
def test_only_the_clocks_may_read_time(clock: str) -> None:
    assert "TID251" not in ruff(CLOCK_CALLS[0], clock).stdout


def lint_imports(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "import sys; from importlinter.cli import lint_imports_command as main; main()"]
    return run([*command, "--no-cache", "--no-logo", *arguments], tree)


def ruff(code: str, filename: str) -> subprocess.CompletedProcess[str]:
    """What ruff says of this code if it stood there."""
    arguments = ["check", "--no-cache", "--select", "TID251", "--stdin-filename", filename, "-"]
    return run([sys.executable, "-m", "ruff", *arguments], ROOT, code)


def run(command: list[str], place: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=place, input=text, capture_output=True, text=True, check=False, timeout=60)


def _not_python(folder: Path, names: list[str]) -> set[str]:
    return {name for name in names if name == "__pycache__" or not ((folder / name).is_dir() or name.endswith(".py"))}
