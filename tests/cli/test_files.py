"""`validate`, `schema` and `token` need no controller."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal
from tests.support.builders import FILE


@pytest.fixture
def offline(terminal: Terminal) -> Terminal:
    terminal.variables = {}
    terminal.lost = 1000
    return terminal


def test_a_good_file_is_0(offline: Terminal, tmp_path: Path) -> None:
    (tmp_path / "dev.yaml").write_text(FILE)
    result = offline("validate", "dev.yaml")
    assert (result.exit_code, result.stdout) == (0, "1 file, 0 problems, 0 warnings\n")


def test_every_problem_of_every_file_has_its_line(offline: Terminal, tmp_path: Path) -> None:
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "dev.yaml").write_text(FILE.replace("count: 2", "count: none").replace("port", "prt"))
    (tmp_path / "environments" / "staging.yaml").write_text("environment: [\n")
    (tmp_path / "environments" / "notes.txt").write_text("not a file of ours")
    result = offline("validate")
    assert result.exit_code == 1
    assert "environments/dev.yaml:10:5: services.backend.prt: found" in result.stdout
    assert "environments/dev.yaml:12:12: services.backend.count: found" in result.stdout
    assert "environments/staging.yaml:" in result.stdout
    assert "2 files" in result.stdout


def test_json_holds_problems_and_warnings(offline: Terminal, tmp_path: Path) -> None:
    unbuilt = FILE.replace("memory: 512", "memory: 512, health: {command: [a]}", 1)
    (tmp_path / "other.yaml").write_text(unbuilt)
    (tmp_path / "broken.yaml").write_text("{}")
    document = json.loads(offline("validate", "other.yaml", "--json").stdout)
    assert document["valid"] is True
    places = [(warning["key"], warning["line"], warning["column"]) for warning in document["warnings"]]
    line, text = next(each for each in enumerate(unbuilt.splitlines(), 1) if "command" in each[1])
    assert places == [("services.backend.task.health", line, text.index("health") + 1), ("environment", 1, 1)]
    document = json.loads(offline("validate", "broken.yaml", "--json").stdout)
    assert document["valid"] is False
    assert set(document["problems"][0]) == {"file", "line", "column", "key", "found", "wanted"}


def test_every_warning_has_its_line(offline: Terminal, tmp_path: Path) -> None:
    checked = FILE.replace("task: {cpu: 256, memory: 512}", "task: {health: {command: [a]}}", 1)
    (tmp_path / "dev.yaml").write_text(checked)
    line = checked.splitlines().index("    task: {health: {command: [a]}}") + 1
    told = offline("validate", "dev.yaml").stdout
    assert f"dev.yaml:{line}:12: warning: services.backend.task.health: Checks inside containers are not" in told


def test_what_stands_under_a_misspelt_key_is_checked_as_well(offline: Terminal, tmp_path: Path) -> None:
    text = (
        FILE.replace("services:", "servces:")
        .replace("count: 2", "count: none", 1)
        .replace("    health:", "    heath:", 1)
    )
    text = text.replace("interval: 10s", "interval: soon", 1)
    (tmp_path / "dev.yaml").write_text(text)
    lines = text.splitlines()
    told = offline("validate", "dev.yaml").stdout.splitlines()
    assert [line.split(" ")[1] for line in told[:-1]] == [
        "servces:", "servces.backend.count:", "servces.backend.heath:", "servces.backend.heath.interval:"
    ]  # fmt: skip
    assert told[0].startswith(f"dev.yaml:{lines.index('servces:') + 1}:1: ") and "did you mean services?" in told[0]
    assert "did you mean health?" in told[2] and told[-1] == "1 file, 4 problems, 0 warnings"


def test_bindings_are_checked_by_their_own_rules(offline: Terminal, tmp_path: Path) -> None:
    (tmp_path / "tidegate.yaml").write_text("environments: {dev: {repository: acme}}\n")
    result = offline("validate", "tidegate.yaml")
    assert result.exit_code == 1
    assert "environments.dev.repository" in result.stdout


def test_bytes_that_are_no_text_are_a_problem(offline: Terminal, tmp_path: Path) -> None:
    (tmp_path / "dev.yaml").write_bytes(b"environment: \xff\xfe\n")
    result = offline("validate", "dev.yaml")
    assert result.exit_code == 1
    assert "byte 13, which is not UTF-8" in result.stdout


@pytest.mark.parametrize("path", ["nowhere.yaml", "empty"])
def test_no_file_is_wrong_use(offline: Terminal, tmp_path: Path, path: str) -> None:
    (tmp_path / "empty").mkdir()
    result = offline("validate", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert path in result.stderr


def test_the_schema_is_json(offline: Terminal) -> None:
    assert json.loads(offline("schema").stdout)["type"] == "object"


def test_tokens_are_long_and_differ(offline: Terminal) -> None:
    first, second = offline("token").stdout.strip(), offline("token").stdout.strip()
    assert len(first) >= 32
    assert first != second
