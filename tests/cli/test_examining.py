"""`tidegate doctor`."""

import json

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
