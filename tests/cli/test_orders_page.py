"""docs/orders.md: every order has its section, and its commands are commands."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.cli.awaiting import ANSWER_SECONDS
from controller.domain.orders import ANSWERS, OrderKind, OrderState
from controller.inbox.wishes import FORMS, LEAST_LIMIT, MOST_LIMIT
from controller.obey import PAUSE_LIMIT
from controller.store import Store
from tests.cli.conftest import Terminal

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "orders.md").read_text(encoding="utf-8")
KINDS = [kind for kind in OrderKind if kind not in ANSWERS]
"""Answers to approvals have a page of their own: tests/cli/test_approving.py."""

COMMANDS = re.findall(r"^\$ tidegate (.+)$", PAGE, re.MULTILINE)


def section(kind: OrderKind) -> str:
    return PAGE.split(f"\n## {kind}\n", 1)[1].split("\n## ", 1)[0]


def test_every_order_is_a_row_and_a_section_in_the_same_order() -> None:
    rows = re.findall(r"^\| \[(\w+)\]\(#\1\) \|", PAGE, re.MULTILINE)
    assert rows == re.findall(r"^## (\w+)$", PAGE, re.MULTILINE) == [str(kind) for kind in KINDS]
    assert "(approvals.md)" in PAGE


@pytest.mark.parametrize("kind", KINDS)
def test_every_section_shows_its_command_and_says_when_it_is_refused(kind: OrderKind) -> None:
    assert f"$ tidegate {kind} " in section(kind)
    assert "Refused when" in section(kind)
    options = {"limit": "--for", "service": "worker"}
    for field in FORMS[kind].takes:
        assert options.get(field, f"--{field}") in section(kind)


def settles(store: Store) -> Callable[[], None]:
    def settle() -> None:
        with store.write() as unit:
            unit.orders.settle(1, OrderState.DONE, "as you wish")

    return settle


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_leaves_its_order(terminal: Terminal, store: Store, line: str) -> None:
    """Of an environment and deployments that the rows here have."""
    terminal.clock.happenings = [settles(store)]
    words = shlex.split(line.replace("prod-7", "dev-2").replace("prod-4", "dev-1").replace("prod", "dev"))
    result = terminal(*words, typed="worker\n")
    assert result.exit_code == 0, result.stderr
    left: dict[str, Any] = terminal.door.get("/api/v1/orders/1").json()
    assert left["order"] == words[0]


def test_the_figures_are_those_of_the_program() -> None:
    assert (ANSWER_SECONDS, PAUSE_LIMIT.total_seconds()) == (10, 3600)
    assert "up to ten seconds" in PAGE and "one hour unless `--for`" in PAGE
    assert (LEAST_LIMIT.total_seconds(), MOST_LIMIT.total_seconds()) == (60, 24 * 3600)
    assert "from `1m` to `24h`" in PAGE
