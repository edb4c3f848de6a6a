"""`tidegate audit verify`: what it says, and how it ends."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from controller.domain.anchor import Anchor
from controller.domain.chain import What
from controller.domain.verified import MEANS
from controller.store import Store
from tests.cli.conftest import Terminal
from tests.support.builders import NOON


def head_of(store: Store) -> dict[str, object]:
    with store.read() as unit:
        head = unit.audit.head()
    assert head is not None
    at = (NOON + timedelta(minutes=1)).isoformat()
    return {"position": head.position, "link": head.link, "key": head.key, "at": at}


def log_line(**fields: object) -> str:
    return json.dumps({**fields, "level": "info", "timestamp": "2026-03-01T12:01:00Z", "event": "audit anchored"})


def tamper(store: Store, statement: str) -> None:
    """As somebody with the database would, who has dropped the triggers."""
    with store.write() as unit:
        transaction = unit.timers._transaction
        transaction.change(text("DROP TRIGGER audit_refuses_update"))
        transaction.change(text(statement))


def test_an_audit_that_nobody_touched_is_unbroken(terminal: Terminal, store: Store) -> None:
    done = terminal("audit", "verify")
    assert done.exit_code == 0
    assert done.output.startswith(f"5 entries, unbroken from 1 to 5; head {head_of(store)['link']}, key ")


def test_with_json_standard_output_is_one_document(terminal: Terminal) -> None:
    found = json.loads(terminal("audit", "verify", "--json").stdout)
    assert (found["unbroken"], found["first"], found["last"], found["findings"]) == (True, 1, 5, [])


def test_the_first_bad_entry_is_told_and_what_it_means(terminal: Terminal, store: Store) -> None:
    tamper(store, "UPDATE audit SET actor = 'eve' WHERE position = 3")
    done = terminal("audit", "verify")
    assert done.exit_code == 1
    assert done.stdout.startswith(
        "BROKEN at entry 3: it is not as it was written (somebody without the key has changed it)\n"
    )
    assert terminal("audit", "verify", "--json").exit_code == 1


def test_anchors_are_found_among_other_lines_whatever_stands_before_them(
    terminal: Terminal, store: Store, tmp_path: Path
) -> None:
    line = log_line(**head_of(store))
    (tmp_path / "log").write_text(f'{{"event": "pass"}}\n2026-03-01T12:01:00Z stream {line}\nnot JSON\n{line}\n')
    done = terminal("audit", "verify", "--anchors", "log")
    assert done.exit_code == 0, done.output
    assert "1 anchor was compared, 2 of them from outside" in done.output


def test_anchors_are_read_from_what_was_said_on_github(terminal: Terminal, store: Store, tmp_path: Path) -> None:
    """One on a line, as `--jq` would print them, or all on one, as GitHub answers."""
    head = head_of(store)
    line = Anchor(5, str(head["link"]), str(head["key"]), NOON + timedelta(minutes=1)).line
    (tmp_path / "lines").write_text(f"{line}\ndev-1: live\n{line}\n")
    (tmp_path / "answer").write_text(json.dumps([{"id": 1, "description": line}, {"id": 2, "description": line}]))
    for name in ("lines", "answer"):
        done = terminal("audit", "verify", "--anchors", name)
        assert (done.exit_code, "2 of them from outside" in done.output) == (0, True), done.output
    (tmp_path / "lines").write_text(line.replace("anchored 5", "anchored 6"))
    done = terminal("audit", "verify", "--anchors", "lines")
    assert done.output.startswith("BROKEN at entry 6: ")


def test_an_anchor_that_the_database_does_not_know_is_a_cut(terminal: Terminal, store: Store, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(log_line(**{**head_of(store), "position": 9}))
    done = terminal("audit", "verify", "--anchors", "log")
    assert done.exit_code == 1
    assert "BROKEN at entries 6 to 9: anchored at 2026-11-21 12:01:00 UTC, and gone" in done.output


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "can't be read"),
        ("nothing of that kind\n", "holds no line"),
        ("audit anchored, somebody says\n", "log:1: this is no anchor"),
        ('{"event": "audit anchored", "position": 1}\n', "log:1: this is no anchor"),
    ],
)
def test_a_file_that_holds_no_anchors_is_wrong_use(
    terminal: Terminal, tmp_path: Path, content: str | None, says: str
) -> None:
    if content is not None:
        (tmp_path / "log").write_text(content)
    done = terminal("audit", "verify", "--anchors", "log")
    assert done.exit_code == 2
    assert says in done.output
    assert terminal.asked == []


def test_an_anchor_with_a_wrong_field_is_wrong_use(terminal: Terminal, store: Store, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(log_line(**{**head_of(store), "position": "first"}))
    assert terminal("audit", "verify", "--anchors", "log").exit_code == 2


def test_without_a_controller_it_ends_as_every_question_does(terminal: Terminal) -> None:
    terminal.lost = 1
    assert terminal("audit", "verify").exit_code == 3


def test_it_waits_longer_than_other_questions(terminal: Terminal) -> None:
    terminal("audit", "verify")
    assert terminal.asked[-1].seconds > 600


def test_every_kind_of_finding_is_explained() -> None:
    assert set(MEANS) == set(What)
