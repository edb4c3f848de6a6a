"""`tidegate doctor`."""

import json
from pathlib import Path

import pytest

from controller.cli.examining import OWN, of_the_sandbox
from tests.cli.conftest import Terminal

OK = {"subject": "database", "state": "ok", "text": "reachable", "advice": ""}
ADVICE = {"subject": "branch main of acme/x", "state": "advice", "text": "it can be deleted", "advice": "forbid it"}
BROKEN = {"subject": "aws dev", "state": "broken", "text": "AccessDenied \x1b[31m", "advice": "mend this first"}


def test_each_line_says_how_it_is_and_what_to_do(terminal: Terminal) -> None:
    terminal.examined = [OK, ADVICE]
    answer = terminal("doctor")
    assert answer.exit_code == 0
    assert answer.stdout.splitlines() == [
        "ok      database: reachable",
        "advice  branch main of acme/x: it can be deleted",
        "        → forbid it",
    ]


def test_what_is_broken_is_a_no_and_steers_no_terminal(terminal: Terminal) -> None:
    terminal.examined = [OK, BROKEN]
    answer = terminal("doctor")
    assert answer.exit_code == 1
    assert "\x1b" not in answer.stdout


def test_as_json_it_is_one_document(terminal: Terminal) -> None:
    terminal.examined = [OK, BROKEN]
    answer = terminal("doctor", "--json")
    assert json.loads(answer.stdout) == {"healthy": False, "lines": [OK, BROKEN]}
    assert answer.exit_code == 1


ENDPOINTS = {
    "aws": {"endpoint": "http://127.0.0.1:1", "region": "eu-west-1", "webhook_secret": "a", "speed": 1},
    "github": {"api": "g", "token": "t", "webhook_secret": "w", "oauth_id": "i", "oauth_secret": "s"},
    "slack": {"api": "s", "token": "t", "signing_secret": "s", "team": "T", "app": "A"},
    "config": "/state/tidegate.yaml",
    "connect_to": [],
}


@pytest.fixture
def up(tmp_path: Path) -> Path:
    (tmp_path / ".tidegate").mkdir()
    (tmp_path / ".tidegate" / "endpoints.json").write_text(json.dumps(ENDPOINTS))
    told = {"api": "http://127.0.0.1:4711/api/v1", "token": "secret"}
    (tmp_path / ".tidegate" / "sandbox.json").write_text(json.dumps(told))
    return tmp_path


def test_beside_up_it_is_up_s_controller_that_is_looked_at(up: Path) -> None:
    found = of_the_sandbox({"PATH": "/bin", "AWS_PROFILE": "mine"}, up)
    assert found is not None
    assert (found["TIDEGATE_PORT"], found["TIDEGATE_CONFIG"]) == ("4711", "/state/tidegate.yaml")
    assert found["TIDEGATE_STATE_DIR"] == str(up / ".tidegate")
    assert "AWS_PROFILE" not in found


@pytest.mark.parametrize("name", OWN)
def test_where_something_is_set_that_controller_is_meant(up: Path, name: str) -> None:
    assert of_the_sandbox({name: "x"}, up) is None


def test_without_up_or_with_a_broken_file_nothing_is_made_up(
    up: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert of_the_sandbox({"TIDEGATE_STATE_DIR": str(up)}, up) is None
    (up / ".tidegate" / "endpoints.json").write_text("{")
    assert of_the_sandbox({}, up) is None
