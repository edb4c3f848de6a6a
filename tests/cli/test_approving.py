"""The verbs that answer an approval: what is shown, what is sent, and how they end."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.cli import approving
from controller.domain import approval
from controller.domain.approval import Glass
from controller.domain.orders import ANSWERS, OrderKind, OrderState
from controller.domain.people import Person, Role
from controller.gates import approval as gate
from controller.inbox import orders
from controller.store import Store
from tests.cli.conftest import Terminal
from tests.support.asked import DIGEST, a_vote, asked_deployment, put
from tests.support.town import ADA, GRACE, LINUS, caller

SHORT = DIGEST.removeprefix("sha256:")[:12]


@pytest.fixture
def asked(terminal: Terminal, store: Store) -> Terminal:
    """prod-1 waits for approval, linus has given his, and the token is grace's."""
    put(store, asked_deployment(votes=[a_vote(LINUS)]))
    terminal.door.glass = Glass((ADA, GRACE), 2)
    sign_in(terminal, GRACE)
    terminal.clock.happenings = [settled(store, OrderState.DONE)]
    return terminal


def sign_in(terminal: Terminal, person: Person) -> None:
    text, _ = terminal.door.doorkeeper.make_token("mine", Role.ADMIN, person, caller(person), None)
    terminal.variables["TIDEGATE_API_TOKEN"] = text


def settled(store: Store, state: OrderState) -> Callable[[], None]:
    def settle() -> None:
        with store.write() as unit:
            unit.orders.settle(1, state, "as the loop says")

    return settle


PAGE = (Path(__file__).resolve().parents[2] / "docs" / "approvals.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ tidegate (.+)$", PAGE, re.MULTILINE)


class Typing:
    """Standard input, as somebody sits before it."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("plan", [DIGEST, SHORT, SHORT[:8], SHORT.upper(), DIGEST.upper().replace("SHA256", "sha256")])
def test_an_answer_names_the_plan_by_eight_digits_or_more(asked: Terminal, plan: str) -> None:
    result = asked("approve", "prod-1", "--plan", plan)
    assert (result.exit_code, result.stdout) == (0, "order 1 (approve): as the loop says\n")
    (sent,) = (json.loads(each.body or b"{}") for each in asked.asked if each.method == "POST")
    assert sent == {"answer": "approve", "plan": DIGEST, "reason": "looked at the plan"}


@pytest.mark.parametrize(
    ("words", "answer", "reason"),
    [
        (("reject", "prod-1", "--reason", "too late"), "reject", "too late"),
        (("break-glass", "prod-1", "--reason", "it burns", "--plan", SHORT), "break_glass", "it burns"),
    ],
)
def test_every_answer_is_left_with_its_reason(
    asked: Terminal, words: tuple[str, ...], answer: str, reason: str
) -> None:
    result = asked(*words, "--json")
    assert result.exit_code == 0, result.stderr
    left = json.loads(result.stdout)
    assert (left["order"], left["reason"], left["actor"]) == (answer, reason, "grace")


def test_who_has_approved_takes_it_back(asked: Terminal) -> None:
    sign_in(asked, LINUS)
    result = asked("revoke", "prod-1")
    assert (result.exit_code, result.stdout) == (0, "order 1 (revoke): as the loop says\n")
    assert asked.door.get("/api/v1/orders/1").json()["reason"] == "took it back"


def test_an_answer_that_the_loop_refuses_is_a_no(asked: Terminal, store: Store) -> None:
    asked.clock.happenings = [settled(store, OrderState.REFUSED)]
    assert asked("approve", "prod-1", "--plan", SHORT).exit_code == 1


@pytest.mark.parametrize("plan", [SHORT[:7], "", "sha256:"])
def test_too_few_digits_name_no_plan(asked: Terminal, plan: str) -> None:
    result = asked("approve", "prod-1", "--plan", plan)
    assert result.exit_code == 2 and "too short to name a plan: 8 digits or more" in result.stderr


@pytest.mark.parametrize("plan", ["0" * 12, "x" * 64])
def test_another_plan_is_not_answered(asked: Terminal, plan: str) -> None:
    result = asked("approve", "prod-1", "--plan", plan)
    assert (result.exit_code, f"it is {SHORT} now; look at it" in result.stderr) == (1, True)
    assert [each.method for each in asked.asked] == ["GET"]


def test_without_a_terminal_the_plan_must_be_named(asked: Terminal) -> None:
    result = asked("approve", "prod-1")
    assert (result.exit_code, result.stderr) == (2, f"look at the plan, and name it: --plan {SHORT}\n")


@pytest.mark.parametrize(
    ("typed", "code", "told"), [("y\n", 0, "order 1 (approve)"), ("n\n", 1, "nothing was answered"), ("", 2, "--plan")]
)
def test_on_a_terminal_the_plan_is_shown_and_asked_about(
    asked: Terminal, typed: str, code: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approving, "sys", type("Sys", (), {"stdin": Typing()}))
    result = asked("approve", "prod-1", typed=typed)
    assert result.exit_code == code, result.stderr
    assert "prod-1 brings" in result.stderr and f"plan {SHORT}" in result.stderr
    assert told in result.stdout + result.stderr


def test_nobody_is_asked_where_nothing_waits(asked: Terminal) -> None:
    result = asked("approve", "dev-2", "--plan", SHORT)
    assert (result.exit_code, "nobody is asked to approve dev-2" in result.stderr) == (1, True)


def test_an_answer_without_the_right_is_a_no(asked: Terminal) -> None:
    asked.door.town.leave(GRACE)
    assert asked("approve", "prod-1", "--plan", SHORT).exit_code == 1


def test_an_answer_that_can_not_count_is_not_taken(asked: Terminal) -> None:
    sign_in(asked, ADA)
    result = asked("approve", "prod-1", "--plan", SHORT)
    assert (result.exit_code, "somebody else must approve it" in result.stderr) == (2, True)


@pytest.mark.parametrize("verb", ["approve", "reject", "revoke", "break-glass"])
def test_what_is_not_there_can_not_be_answered(asked: Terminal, verb: str) -> None:
    why = [] if verb in {"approve", "revoke"} else ["--reason", "x"]
    assert asked(verb, "prod-9", *why).exit_code == 1
    moving = asked(verb, "dev", *why)
    assert (moving.exit_code, f"`tidegate {verb} dev-2`" in moving.stderr) == (1, True)


@pytest.mark.parametrize("verb", ["reject", "break-glass"])
def test_what_stops_or_breaks_something_needs_a_reason(asked: Terminal, verb: str) -> None:
    assert asked(verb, "prod-1").exit_code == 2
    assert asked.asked == []


def test_a_controller_that_does_not_answer_is_said(asked: Terminal) -> None:
    asked.lost = 9
    assert asked("approve", "prod-1", "--plan", SHORT).exit_code == 3


def test_every_answer_is_a_row_and_a_section_of_its_page() -> None:
    answers = [str(kind) for kind in OrderKind if kind in ANSWERS]
    assert re.findall(r"^\| \[(\w+)\]\(#\1\) \|", PAGE, re.MULTILINE) == answers
    for answer in answers:
        section = PAGE.split(f"\n## {answer}\n", 1)[1].split("\n## ", 1)[0]
        assert f"$ tidegate {answer.replace('_', '-')} " in section and "Refused when" in section


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_page_leaves_its_answer(asked: Terminal, line: str) -> None:
    """Of rows that the tests here have."""
    words = shlex.split(line.replace("prod-7", "prod-1").replace("4be1d0c2a9f3", SHORT))
    if words[0] == "revoke":
        sign_in(asked, LINUS)
    result = asked(*words)
    assert result.exit_code == 0, result.stderr
    assert asked.door.get("/api/v1/orders/1").json()["order"] == words[0].replace("-", "_")


def test_the_pages_refusals_are_those_of_the_program() -> None:
    told = set(re.findall(r"`(approval\.\w+)`", PAGE))
    source = "".join(Path(room.__file__).read_text(encoding="utf-8") for room in (approval, gate, orders))
    assert {code for code in told if code.removeprefix("approval.") not in source} == set()
