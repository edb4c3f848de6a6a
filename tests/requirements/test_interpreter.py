"""Which Python `make` takes, and what it says when there is none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "requirements" / "interpreter.sh"
USABLE = "exit 0"
STARTS_NOTHING = "echo 'pyenv: command not found' >&2; exit 127"


def test_the_newest_supported_one_is_taken(tmp_path: Path) -> None:
    put(tmp_path, "python3", USABLE)
    put(tmp_path, "python3.11", USABLE)
    put(tmp_path, "python3.13", USABLE)
    assert looked_for(tmp_path).stdout.strip() == str(tmp_path / "python3.13")


def test_a_name_that_starts_nothing_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "python3.14", STARTS_NOTHING)
    put(tmp_path, "python3", USABLE)
    assert looked_for(tmp_path).stdout.strip() == str(tmp_path / "python3")


def test_the_one_asked_for_is_taken_even_from_a_path_with_a_space(tmp_path: Path) -> None:
    place = tmp_path / "my pythons"
    place.mkdir()
    put(tmp_path, "python3.14", USABLE)
    put(place, "python3.12", USABLE)
    assert looked_for(tmp_path, str(place / "python3.12")).stdout.strip() == str(place / "python3.12")


def test_without_any_it_says_what_to_install(tmp_path: Path) -> None:
    outcome = looked_for(tmp_path)
    assert outcome.returncode == 1
    assert "CPython 3.11, 3.12, 3.13 or 3.14" in outcome.stderr
    assert "apt-get install python3 python3-venv" in outcome.stderr


@pytest.mark.parametrize("module", ["ensurepip", "venv"])
def test_without_venv_it_names_debians_package(tmp_path: Path, module: str) -> None:
    put(tmp_path, "python3", f"echo 'is cpython 3.12 without the module {module}' >&2; exit 1")
    assert "apt-get install python3.12-venv" in looked_for(tmp_path).stderr


def test_the_python_that_runs_the_tests_is_usable(tmp_path: Path) -> None:
    assert looked_for(tmp_path, sys.executable).returncode == 0


def test_each_one_tried_is_listed_with_what_was_wrong(tmp_path: Path) -> None:
    put(tmp_path, "python3", "echo 'is cpython 3.9' >&2; exit 1")
    assert f"{tmp_path / 'python3'} is cpython 3.9" in looked_for(tmp_path).stderr


def put(place: Path, name: str, body: str) -> None:
    script = place / name
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)


def looked_for(place: Path, *asked_for: str) -> subprocess.CompletedProcess[str]:
    """The script with nothing but `place` and sed on PATH."""
    tools = place / "tools"
    tools.mkdir()
    (tools / "sed").symlink_to("/usr/bin/sed" if Path("/usr/bin/sed").exists() else "/bin/sed")
    environment = {"PATH": os.pathsep.join([str(place), str(tools)])}
    command = ["/bin/sh", str(SCRIPT), *asked_for]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)
