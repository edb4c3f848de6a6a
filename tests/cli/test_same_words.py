"""`explain` and `show`, the API and the pages say the same about the same thing."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text as sql

from controller.domain import states
from controller.domain.deployment import Deployment, Pause, Phase
from controller.domain.metrics import Finding, Result
from controller.domain.reason import Reason
from controller.domain.step import StepState, Trouble
from controller.domain.verdict import Answer
from controller.homeward import turned_back
from controller.store import Store, Unit
from tests.cli.conftest import Terminal
from tests.dashboard.conftest import Browser
from tests.dashboard.test_pages import HOSTILE, page
from tests.support.builders import NOON
from tests.support.evidence import FOUND
from tests.support.rows import a_waiting_deployment

RANG = Reason("alarm.rang", "dev-5xx rang at 12:00")
Story = Callable[[Unit, Deployment], None]


def moved(unit: Unit, deployment: Deployment) -> None:
    unit.deployments.save(deployment)


def ended(phase: Phase, code: str) -> Story:
    def happens(unit: Unit, running: Deployment) -> None:
        unit.deployments.save(replace(running, phase=phase, reason=Reason(code, "so it is"), finished_at=NOON))

    return happens


def went_home(unit: Unit, running: Deployment) -> None:
    back = turned_back(running, RANG, NOON)
    for step in back.steps:
        back = back.with_step(step if step.is_over else step.started(NOON).ended(StepState.DONE, NOON, "done"))
    unit.deployments.save(back.moved(Phase.ROLLED_BACK, RANG, NOON))
    unit.evidence.add(FOUND, running)


def is_stuck(unit: Unit, running: Deployment) -> None:
    back = turned_back(running, RANG, NOON)
    assert back.step is not None
    trouble = Trouble(Reason("aws.denied", "not authorized"), 3, permanent=True, by_action=True)
    unit.deployments.save(back.with_step(replace(back.step.started(NOON), trouble=trouble, detail="not authorized")))
    unit.evidence.add(FOUND, running)


def is_left(unit: Unit, running: Deployment) -> None:
    assert running.step is not None
    told = running.with_step(replace(running.step, detail=RANG.text))
    unit.deployments.save(replace(told, red=("dev-5xx",)).because(RANG))


def is_paused(unit: Unit, running: Deployment) -> None:
    unit.deployments.save(
        replace(running, pause=Pause("ada", Reason("order.paused", HOSTILE), NOON, timedelta(hours=1)))
    )


def is_in_trouble(unit: Unit, running: Deployment) -> None:
    unit.environments.save(replace(unit.environments.get("dev"), trouble=Reason("aws.throttled", "ECS throttles")))


STORIES: dict[str, Story] = {
    "running": moved,
    "paused": is_paused,
    "left to a person": is_left,
    "turning back": lambda unit, running: moved(unit, turned_back(running, RANG, NOON)),
    "stuck": is_stuck,
    "in trouble": is_in_trouble,
    "rolled back": went_home,
    "failed": ended(Phase.FAILED, "tasks.failed"),
    "aborted": ended(Phase.ABORTED, "order.aborted"),
    "superseded": ended(Phase.SUPERSEDED, "deployment.superseded"),
    "rejected": ended(Phase.REJECTED, "prune.named"),
    "expired": ended(Phase.EXPIRED, "pause.expired"),
    "succeeded": ended(Phase.SUCCEEDED, "deployment.succeeded"),
}


@pytest.fixture(params=STORIES.values(), ids=STORIES)
def told(request: pytest.FixtureRequest, store: Store) -> None:
    with store.write() as unit:
        running = unit.deployments.get("dev-2")
        assert running is not None
        request.param(unit, running)


def flat(text: str) -> str:
    return " ".join(text.split())


def bare(text: str) -> str:
    """Commands stand apart on a page, and so do headings."""
    return re.sub(r"[`: ]", "", text)


def says(explanation: Any) -> list[str]:
    return [flat(each) for each in (explanation["text"], *explanation["evidence"], explanation["clears"])]


@pytest.mark.usefixtures("told")
def test_a_deployment_is_explained_in_the_same_words_everywhere(terminal: Terminal, store: Store) -> None:
    answer = terminal.door.get("/api/v1/deployments/dev-2").json()
    printed = flat(terminal("show", "dev-2").stdout)
    shown = page(Browser(store, terminal.clock), "/deployments/dev-2").text
    for words in says(answer["explanation"]):
        assert words in printed
        assert bare(words) in bare(shown)
    assert answer["explanation"]["code"] in printed and answer["explanation"]["code"] in shown


@pytest.mark.usefixtures("told")
def test_an_environment_is_explained_in_the_same_words_everywhere(terminal: Terminal, store: Store) -> None:
    answer = terminal.door.get("/api/v1/environments/dev/explain").json()
    explained, status = flat(terminal("explain", "dev").stdout), flat(terminal("status", "dev").stdout)
    shown = page(Browser(store, terminal.clock), "/environments/dev").text
    for words in says(answer):
        assert words in explained and words in status
        assert bare(words) in bare(shown)


def test_what_is_still_to_be_counted_is_said_in_the_same_words_everywhere(terminal: Terminal, store: Store) -> None:
    with store.write() as unit:
        unit.contents.set_aside("dev-1")
        left = unit.contents.backlog().left
    answer = terminal.door.get("/api/v1/delivery").json()
    are = "deployment is" if left == 1 else "deployments are"
    words = f"counting what was before: {left} {are} left; 1 deployment can't be read and isn't counted"
    assert left and answer["text"].startswith(words)
    assert (answer["left"], answer["unreadable"]) == (left, 1)
    shown = page(Browser(store, terminal.clock), "/delivery").text
    assert flat(answer["text"]) in flat(terminal("delivery").stdout)
    assert f"C{answer['text'][1:]}." in flat(shown)


def test_what_cannot_be_found_yet_is_said_in_the_same_words_everywhere(terminal: Terminal, store: Store) -> None:
    with store.write() as unit:
        unit.deployments._transaction.change(sql("UPDATE deployments SET summarized = -1 WHERE id = 'dev-1'"))
    answer = terminal.door.get("/api/v1/deployments?kind=deploy").json()
    assert answer["text"] == "making what was before searchable, the newest first: 1 deployment is left"
    assert (answer["left"], answer["is_catching_up"], answer["unreadable"]) == (1, True, [])
    assert answer["text"] in terminal("history", "--kind", "deploy").stderr
    shown = page(Browser(store, terminal.clock), "/history?kind=deploy").text
    assert f"M{answer['text'][1:]}." in flat(shown)


@pytest.mark.usefixtures("told")
def test_how_things_stand_is_said_in_the_same_words_everywhere(terminal: Terminal, store: Store) -> None:
    """The badge of the deployment, where it is shown and in lists, and that of its environment."""
    browser = Browser(store, terminal.clock)
    with store.read() as unit:
        found = unit.deployments.get("dev-2")
    assert found is not None
    badge = " ".join(found.state[:2])
    assert badge in page(browser, "/deployments/dev-2").text and badge in page(browser, "/").text
    assert badge in flat(terminal("show", "dev-2").stdout) and badge in flat(terminal("history", "dev").stdout)
    own = page(browser, "/environments/dev").text.partition("acme/captioncraft")[0].rpartition("dev ")[2].strip()
    assert own and flat(terminal("status").stdout).partition(" dev ")[2].startswith(own)
    assert f"dev {own}" in page(browser, "/").text


@pytest.mark.parametrize("over", [False, True], ids=["judged", "over"])
@pytest.mark.parametrize("result", Result)
def test_what_metrics_say_is_said_in_the_same_words_everywhere(
    terminal: Terminal, store: Store, result: Result, over: bool
) -> None:
    with store.write() as unit:
        found = unit.deployments.get("dev-2")
        assert found is not None
        phase = Phase.ROLLED_BACK if over else found.phase
        finding = Finding("backend", "errors", result, "3 requests: errors are judged by 200 or more", None, 0.01)
        unit.deployments.save(replace(found, findings=(finding,), phase=phase))
    words = states.finding_of(result, is_over=over).text
    assert words.startswith(("was", "could")) is over
    assert f"backend errors {words}: 3 requests" in flat(terminal("show", "dev-2").stdout)
    shown = page(Browser(store, terminal.clock), "/deployments/dev-2").text
    assert f"backend errors {words}" in re.sub("[?✓✕] ", "", shown)


def test_every_state_has_its_words() -> None:
    assert set(states.FINDINGS) == set(states.LAST_FINDINGS) == set(map(str, Result))
    assert set(states.PHASES) == set(map(str, Phase))
    assert set(states.STEPS) == set(map(str, StepState))
    assert set(states.ANSWERS) == set(map(str, Answer))
    assert states.state_of("new_here", is_paused=False, rests=False, needs_a_person=False).text == "new here"


@pytest.mark.parametrize("name", ["running", "paused", "left to a person", "turning back", "stuck", "in trouble"])
def test_what_moves_is_explained_as_its_environment_is(terminal: Terminal, store: Store, name: str) -> None:
    with store.write() as unit:
        running = unit.deployments.get("dev-2")
        assert running is not None
        STORIES[name](unit, running)
    environment = terminal.door.get("/api/v1/environments/dev/explain").json()
    assert says(terminal.door.get("/api/v1/deployments/dev-2").json()["explanation"]) == says(environment)


def test_what_waits_behind_a_hold_is_told_with_the_evidence_of_what_holds(terminal: Terminal, store: Store) -> None:
    waiting = a_waiting_deployment("staging", 3, "5", Reason("environment.held", "staging is held"))
    with store.write() as unit:
        unit.environments.save(replace(unit.environments.get("staging"), problem=None))
        unit.revisions.add(waiting.revision)
        unit.deployments.add(waiting)
        holding = unit.deployments.get("staging-2")
        assert holding is not None
        found = replace(FOUND, deployment="staging-2", about="staging-2")
        unit.evidence.add(found, holding)
    told = terminal.door.get("/api/v1/environments/staging/explain").json()
    assert (told["code"], told["evidence"]) == ("environment.held", list(found.telling))


def test_evidence_is_in_the_answer_for_one_deployment_and_not_in_lists(terminal: Terminal, store: Store) -> None:
    with store.write() as unit:
        running = unit.deployments.get("dev-2")
        assert running is not None
        went_home(unit, running)
    (found,) = terminal.door.get("/api/v1/deployments/dev-2").json()["evidence"]
    (slot,) = found["slots"]
    (tasks,) = slot["stopped"]
    assert (tasks["times"], tasks["containers"][0]["exit_code"], tasks["lines"][0]) == (4, 1, "begin")
    assert found["alarms"][0]["threshold"] == 1.0 and found["commands"][0]["title"] == "before backend"
    assert all("evidence" not in item for item in terminal.door.get("/api/v1/deployments").json()["items"])


def test_hostile_lines_run_nowhere(terminal: Terminal, store: Store) -> None:
    (slot,) = FOUND.slots
    hostile = replace(slot, stopped=(replace(slot.stopped[0], lines=(HOSTILE, "\x1b[2J\x1b]0;owned\x07")),))
    with store.write() as unit:
        running = unit.deployments.get("dev-2")
        assert running is not None
        unit.evidence.add(replace(FOUND, slots=(hostile,)), running)
    html = Browser(store, terminal.clock).get("/deployments/dev-2").text
    assert "<script>alert" not in html and "&lt;script&gt;alert" in html
    printed = terminal("show", "dev-2").stdout
    assert "\x1b" not in printed and "\x07" not in printed and HOSTILE in printed
