"""What `tidegate doctor` says of what was found."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from controller.domain.diagnosis import (
    EVENTS,
    WANTED,
    Access,
    Hooks,
    HookView,
    Line,
    Protection,
    State,
    of_access,
    of_hooks,
    of_protection,
)
from tests.support.builders import NOON

NAME = "acme/captioncraft"
ALL = {name: level for name, (level, _) in WANTED.items()}
GOOD = Protection(1, frozenset({"tidegate", "test"}), allows_force_pushes=False, allows_deletion=False)
HOOK = HookView("https://tidegate.example/webhooks/github", True, EVENTS, 202)


def states(lines: Iterable[Line]) -> list[State]:
    found = list(lines)
    assert all(bool(line.advice) is (line.state is not State.OK) for line in found), "each says what to do, or is well"
    return [line.state for line in found]


def test_an_app_that_may_do_everything_is_well() -> None:
    assert states(of_access(NAME, Access(ALL, True, NOON, NOON))) == [State.OK] * 3


@pytest.mark.parametrize("name", list(WANTED))
def test_a_permission_that_is_missing_says_what_falls_away(name: str) -> None:
    less = {other: level for other, level in ALL.items() if other != name}
    lines = list(of_access(NAME, Access(less, True, NOON, NOON)))
    (line,) = [line for line in lines if line.state is not State.OK]
    assert line.state is (State.BROKEN if name == "contents" else State.ADVICE)
    assert WANTED[name][1] in line.text and f"`{name}: {WANTED[name][0]}`" in line.advice


def test_more_than_is_needed_is_enough_and_less_is_not() -> None:
    assert State.ADVICE not in states(of_access(NAME, Access({**ALL, "contents": "write"}, True, NOON, NOON)))
    assert State.ADVICE in states(of_access(NAME, Access({**ALL, "checks": "read"}, True, NOON, NOON)))


@pytest.mark.parametrize(("may_write", "state"), [(True, State.OK), (False, State.ADVICE)])
def test_of_a_token_only_whether_it_may_write_is_known(may_write: bool, state: State) -> None:
    assert states(of_access(NAME, Access(None, may_write, NOON, NOON)))[1] is state


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, State.OK), (10, State.OK), (11, State.ADVICE), (-61, State.BROKEN), (61, State.BROKEN)]
)
def test_a_clock_that_is_elsewhere_is_told(seconds: int, state: State) -> None:
    assert states(of_access(NAME, Access(ALL, True, NOON + timedelta(seconds=seconds), NOON)))[-1] is state


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"reviews": 0}, "unseen by anybody"),
        ({"checks": frozenset({"test"})}, "`tidegate` is not required"),
        ({"allows_force_pushes": True}, "history can be rewritten"),
        ({"allows_deletion": True}, "it can be deleted"),
        ({"unread": "denied"}, "can't be told: denied"),
    ],
)
def test_what_a_branch_lacks_is_advice(changes: dict[str, object], wanted: str) -> None:
    assert states(of_protection(NAME, "main", GOOD)) == [State.OK]
    (line,) = of_protection(NAME, "main", replace(GOOD, **changes))  # type: ignore[arg-type]
    assert line.state is State.ADVICE and wanted in line.text


@pytest.mark.parametrize(
    ("hooks", "state"),
    [
        (Hooks((HOOK,)), State.OK),
        (Hooks((replace(HOOK, status=None),)), State.OK),
        (Hooks((replace(HOOK, events=frozenset({"*"})),)), State.OK),
        (Hooks((replace(HOOK, events=frozenset({"push"})),)), State.ADVICE),
        (Hooks((replace(HOOK, is_active=False),)), State.ADVICE),
        (Hooks((replace(HOOK, status=401),)), State.BROKEN),
        (Hooks((replace(HOOK, status=0),)), State.BROKEN),
        (Hooks(), State.ADVICE),
        (Hooks(unread="denied"), State.ADVICE),
    ],
)
def test_a_webhook_is(hooks: Hooks, state: State) -> None:
    assert states(of_hooks(NAME, hooks)) == [state]
