"""The verbs that leave an order: what is sent, what is said of it, and the exit code."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from controller.cli import saying
from controller.domain.candidates import Candidates, Looked, candidate
from controller.domain.hooks import RunState
from controller.domain.orders import OrderState
from controller.store import Store
from tests.cli.conftest import Terminal
from tests.support.builders import NOON, a_run

ORDERS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (("promote", "dev-2"), {"order": "promote", "deployment": "dev-2"}),
    (("pause", "dev-2"), {"order": "pause", "deployment": "dev-2"}),
    (("pause", "dev-2", "--for", "1h30m"), {"order": "pause", "deployment": "dev-2", "for": "1h30m"}),
    (("resume", "dev-2"), {"order": "resume", "deployment": "dev-2"}),
    (("abort", "dev-2"), {"order": "abort", "deployment": "dev-2"}),
    (("rollback", "dev"), {"order": "rollback"}),
    (("rollback", "dev", "--to", "dev-1"), {"order": "rollback", "to": "dev-1"}),
    (("rollback", "dev", "--across", "dev-1"), {"order": "rollback", "across": "dev-1"}),
    (("unhold", "dev"), {"order": "unhold"}),
    (("deploy", "dev"), {"order": "deploy"}),
    (("deploy", "dev", "--ref", "release/2"), {"order": "deploy", "ref": "release/2"}),
    (("deploy", "dev", "--restart"), {"order": "deploy", "restart": True}),
    (("deploy", "dev", "--correct"), {"order": "deploy", "correct": True}),
    (("prune", "dev", "worker", "--yes"), {"order": "prune", "service": "worker"}),
]


def answered(store: Store, state: OrderState, outcome: str) -> Callable[[], None]:
    def answer() -> None:
        with store.write() as unit:
            unit.orders.settle(1, state, outcome)

    return answer


def test_an_order_waits_for_its_answer(terminal: Terminal, store: Store) -> None:
    terminal.clock.happenings = [answered(store, OrderState.DONE, "dev-2 turns back")]
    result = terminal("abort", "dev-2", "--reason", "it looks wrong")
    assert (result.exit_code, result.stdout) == (0, "order 1 (abort): dev-2 turns back\n")


def test_aborting_an_environment_means_what_moves_there(terminal: Terminal, store: Store) -> None:
    terminal.clock.happenings = [answered(store, OrderState.DONE, "dev-2 turns back")]
    result = terminal("abort", "dev", "--json")
    assert json.loads(result.stdout)["deployment"] == "dev-2"


def test_a_refused_order_is_a_no(terminal: Terminal, store: Store) -> None:
    terminal.clock.happenings = [answered(store, OrderState.REFUSED, "dev isn't held")]
    result = terminal("unhold", "dev")
    assert (result.exit_code, result.stdout) == (1, "order 1 (unhold): dev isn't held\n")


@pytest.mark.parametrize(("words", "wanted"), ORDERS, ids=" ".join)
def test_every_verb_leaves_its_order(
    terminal: Terminal, store: Store, words: tuple[str, ...], wanted: dict[str, Any]
) -> None:
    terminal.clock.happenings = [answered(store, OrderState.DONE, "as you wish")]
    result = terminal(*words, "--reason", "we looked", "--json")
    assert result.exit_code == 0, result.stderr
    left = json.loads(result.stdout)
    names = ("deployment", "to", "across", "ref", "service", "for")
    nothing: dict[str, Any] = dict.fromkeys(names) | {"restart": False, "correct": False}
    assert {name: left[name] for name in (*nothing, "order", "reason")} == nothing | {"reason": "we looked"} | wanted
    assert (left["environment"], left["outcome"]) == ("dev", "as you wish")


@pytest.mark.parametrize(("words", "wanted"), ORDERS, ids=" ".join)
def test_every_verb_says_what_came_of_its_order(
    terminal: Terminal, store: Store, words: tuple[str, ...], wanted: dict[str, Any]
) -> None:
    terminal.clock.happenings = [answered(store, OrderState.REFUSED, "not now")]
    result = terminal(*words)
    assert (result.exit_code, result.stdout) == (1, f"order 1 ({wanted['order']}): not now\n")
    assert terminal.door.get("/api/v1/orders/1").json()["reason"] == "by hand, from the command line"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("abort", "nothing"), 1, "no deployment, and no environment"),
        (("abort", "prod"), 1, "nothing moves in prod"),
        (("promote", "dev"), 1, "dev is an environment; dev-2 moves there: `tidegate promote dev-2`"),
        (("pause", "prod"), 1, "prod is an environment, and nothing moves there"),
        (("promote", ""), 2, "it is empty: give a name"),
        (("abort", ""), 2, "it is empty: give a name"),
        (("unhold", ""), 2, "it is empty: give a name"),
        (("promote", "dev-99"), 1, "no deployment 'dev-99'"),
        (("resume",), 2, "DEPLOYMENT"),
        (("pause", "dev-2", "--for", "30s"), 2, "for: wanted a time from 1m to 24h"),
        (("pause", "dev-2", "--for", "tomorrow"), 2, "for: wanted a time"),
        (("rollback", "nowhere"), 1, "nowhere"),
        (("rollback", "dev", "--to", "dev-99"), 2, "dev has no deployment 'dev-99'"),
        (("rollback", "staging", "--to", "staging-2"), 2, "staging-2 was rolled back"),
        (("deploy", "dev", "--ref", "a b"), 2, "can't be a commit, a tag or a branch"),
        (("prune", "dev"), 2, "SERVICE"),
        (("prune", "dev", "backend", "--yes"), 2, "dev-1, which is live, names backend"),
        (("prune", "dev", "Work/er", "--yes"), 2, "isn't the name of a service"),
        (("unhold", "nowhere"), 1, "nowhere"),
        (("unhold", "dev", "--reason", ""), 2, "reason"),
    ],
)
def test_an_order_that_is_not_taken_leaves_nothing(
    terminal: Terminal, words: tuple[str, ...], code: int, told: str
) -> None:
    result = terminal(*words)
    assert result.exit_code == code
    assert told in result.stderr
    assert result.stdout == ""
    assert terminal.door.get("/api/v1/orders/1").status_code == 404


def test_a_wrong_value_is_told_in_words_of_the_command_line(terminal: Terminal) -> None:
    told = terminal("pause", "dev-2", "--for", "5x").stderr
    assert told.startswith("for: ") and "body" not in told


def test_an_order_that_nobody_looks_at_is_not_said_to_be_done(terminal: Terminal) -> None:
    result = terminal("unhold", "staging")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "order 1 (unhold) is kept, but nothing came of it within 10 s" in result.stderr
    assert "tidegate explain staging" in result.stderr


def test_a_controller_that_starts_again_still_tells_what_came_of_an_order(terminal: Terminal, store: Store) -> None:
    def dies() -> None:
        terminal.lost = 3

    answers = answered(store, OrderState.DONE, "dev is released")
    terminal.clock.happenings = [dies, lambda: None, lambda: None, answers]
    result = terminal("unhold", "dev")
    assert (result.exit_code, result.stdout) == (0, "order 1 (unhold): dev is released\n")


def test_an_order_whose_answer_was_lost_is_given_once(terminal: Terminal, store: Store) -> None:
    terminal.unheard = 1
    terminal.clock.happenings = [answered(store, OrderState.DONE, "dev is released")]
    result = terminal("unhold", "dev")
    assert (result.exit_code, result.stdout) == (0, "order 1 (unhold): dev is released\n")
    with store.read() as unit:
        assert unit.orders.get(2) is None


def test_an_order_that_nobody_answers_twice_is_not_said_to_be_given(terminal: Terminal) -> None:
    terminal.unheard = 2
    result = terminal("unhold", "dev")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "can't be reached: timed out" in result.stderr


def test_a_controller_that_dies_after_the_order_leaves_it_kept(terminal: Terminal) -> None:
    def dies() -> None:
        terminal.lost = 1000

    terminal.clock.happenings = [dies]
    result = terminal("unhold", "dev")
    assert result.exit_code == 3
    assert "order 1 (unhold) is kept" in result.stderr


# ---------------------------------------------------------------- prune asks


def test_prune_asks_for_the_name_of_what_it_deletes(terminal: Terminal, store: Store) -> None:
    terminal.clock.happenings = [answered(store, OrderState.DONE, "worker goes")]
    result = terminal("prune", "dev", "worker", "--json", typed="worker\n")
    assert result.exit_code == 0
    echo, _, document = result.stdout.partition("\n")  # the runner shows what was typed, as a terminal would
    assert (echo.strip(), json.loads(document)["service"]) == ("worker", "worker")
    assert "deletes what is left of worker in dev on AWS" in result.stderr


@pytest.mark.parametrize(
    ("typed", "code", "told"),
    [("yes\n", 1, "nothing was ordered"), ("backend\n", 1, "nothing was ordered"), ("", 2, "--yes")],
)
def test_prune_without_the_name_orders_nothing(terminal: Terminal, typed: str, code: int, told: str) -> None:
    result = terminal("prune", "dev", "worker", typed=typed)
    assert result.exit_code == code
    assert told in result.stderr
    assert terminal.door.get("/api/v1/orders/1").status_code == 404


@pytest.mark.parametrize(
    ("typed", "code", "told"), [("dev\n", 0, "deploys to dev"), ("prod\n", 1, "nothing was ordered"), ("", 2, "--yes")]
)
def test_on_a_terminal_a_deploy_asks_for_the_environments_name(
    terminal: Terminal, store: Store, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, told: str
) -> None:
    monkeypatch.setattr(saying, "is_asked_by_a_person", lambda: True)
    terminal.clock.happenings = [answered(store, OrderState.DONE, "it waits for its gates")]
    result = terminal("deploy", "dev", typed=typed)
    assert (result.exit_code, told in result.stderr) == (code, True)
    assert (terminal.door.get("/api/v1/orders/1").status_code == 200) is (code == 0)


def test_whoever_says_yes_is_not_asked(terminal: Terminal, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saying, "is_asked_by_a_person", lambda: True)
    terminal.clock.happenings = [answered(store, OrderState.DONE, "it waits for its gates")]
    assert terminal("deploy", "dev", "--yes").exit_code == 0


# ---------------------------------------------------------------- rollback asks, where it crosses a migration


@pytest.fixture
def crossed(store: Store) -> None:
    """What staging-2 ran before it turned back does not work with staging-1."""
    run = a_run(2, environment="staging", deployment="staging-2", compatible=False, state=RunState.STOPPED)
    with store.write() as unit:
        unit.runs.put(run)


@pytest.mark.usefixtures("crossed")
def test_rollback_asks_for_the_deployment_that_it_crosses(terminal: Terminal, store: Store) -> None:
    terminal.clock.happenings = [answered(store, OrderState.DONE, "staging goes back")]
    result = terminal("rollback", "staging", "--to", "staging-1", typed="staging-2\n")
    assert result.exit_code == 0
    assert "staging-1 does not work with what ran since: `before` of backend ran in staging-2" in result.stderr
    assert terminal.door.get("/api/v1/orders/1").json()["across"] == "staging-2"


@pytest.mark.usefixtures("crossed")
def test_whoever_has_said_so_is_not_asked(terminal: Terminal, store: Store) -> None:
    terminal.clock.happenings = [answered(store, OrderState.DONE, "staging goes back")]
    assert terminal("rollback", "staging", "--to", "staging-1", "--across", "staging-2").exit_code == 0


@pytest.mark.usefixtures("crossed")
@pytest.mark.parametrize(
    ("words", "typed", "told"),
    [
        ((), "", "nobody typed the deployment's id"),
        ((), "yes\n", "say what is crossed: `--across staging-2`"),
        (("--across", "staging-1"), "staging-2\n", "say what is crossed: `--across staging-2`"),
    ],
    ids=["nothing", "another word", "another deployment"],
)
def test_without_it_nothing_is_ordered(terminal: Terminal, words: tuple[str, ...], typed: str, told: str) -> None:
    result = terminal("rollback", "staging", "--to", "staging-1", *words, typed=typed)
    assert (result.exit_code, told in result.stderr) == (2, True)
    assert terminal.door.get("/api/v1/orders/1").status_code == 404


def test_the_versions_to_go_back_to_are_listed_without_an_order(terminal: Terminal, store: Store) -> None:
    with store.read() as unit:
        one = unit.deployments.get("dev-1")
    assert one is not None
    found = candidate(one, (), Looked({"backend": True, "frontend": False}), "")
    terminal.door.ways_back = lambda name, *, asks=True: Candidates((found,), NOON)
    result = terminal("rollback", "dev", "--list")
    assert (result.exit_code, "! look first" in result.stdout) == (0, True)
    assert "dev-1" in result.stdout and "gone from the registry" in " ".join(result.stdout.split())
    with store.read() as unit:
        assert unit.orders.waiting("dev") == ()


def test_where_there_is_no_other_version_the_list_says_so(terminal: Terminal) -> None:
    none = Candidates(why_none="no other version was live here before")
    terminal.door.ways_back = lambda name, *, asks=True: none
    assert "none: no other version was live here before" in terminal("rollback", "prod", "--list").stdout
