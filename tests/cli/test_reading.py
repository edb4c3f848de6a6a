"""The verbs that read: what they print, where, and with which exit code."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from controller.cli.client import Client
from controller.cli.delivery import four
from controller.cli.endpoint import find_endpoint
from controller.cli.following import Follower, Lines
from controller.domain.deployment import Kind, Pause, Phase
from controller.domain.drift import Difference, Drift, Drifted
from controller.domain.environment import Hold, HoldUntil
from controller.domain.errors import Blocked
from controller.domain.hooks import RunState
from controller.domain.reason import Reason
from controller.domain.sighting import Sighting
from controller.domain.step import StepKind, StepState
from controller.store import Store
from tests.api.conftest import TOKEN
from tests.cli.conftest import Terminal
from tests.support.builders import NOON, a_run
from tests.support.rows import JUDGED, a_waiting_deployment

READING = [
    ("status",),
    ("status", "dev"),
    ("explain", "dev"),
    ("history",),
    ("history", "--env", "dev", "--limit", "1"),
    ("show", "dev-2"),
    ("plan", "dev"),
    ("rollback", "dev", "--list"),
    ("delivery",),
    ("delivery", "dev", "--service", "backend", "--weeks", "4"),
]


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_reading_verbs_print_one_json_document(terminal: Terminal, words: tuple[str, ...]) -> None:
    terminal.door.preview = lambda name: terminal.door.get("/api/v1/deployments/dev-2/plan").json()
    result = terminal(*words, "--json")
    assert result.exit_code == 0
    assert isinstance(json.loads(result.stdout), dict)
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("status",), ["dev", "rolling out", "develop-1111111", "step 1 of 8, register", "❚❚ held"]),
        (("status", "dev"), ["blue 100%, green 0%", "brings develop-2222222", "acme/captioncraft"]),
        (("status", "staging"), ["held", "count: found 0"]),
        (("explain", "dev"), ["deployment.running", "tidegate abort dev-2", "in 5s"]),
        (("history",), ["staging-2", "rolled back", "the smoke test failed", "2m"]),
        (("show", "dev-2"), ["▶ 1 register", "sha256:", "blue was live", "dev-2 brings develop-2222222"]),
        (("show", "dev-2"), ["brings", "GitHub has not been asked yet"]),
        (("delivery", "dev", "--weeks", "2"), ["Delivery of dev, 2 weeks", "too few to tell", "2026-W46"]),
        (("plan", "dev"), ["shift 100", "captioncraft-backend@sha256:", "digest"]),
    ],
)
def test_reading_verbs_print_what_people_need(terminal: Terminal, words: tuple[str, ...], told: list[str]) -> None:
    terminal.door.preview = lambda name: terminal.door.get("/api/v1/deployments/dev-2/plan").json()
    result = terminal(*words)
    assert result.exit_code == 0
    for part in told:
        assert part in result.stdout
    assert "\x1b" not in result.stdout


def test_what_waits_is_shown_with_its_gates(terminal: Terminal, store: Store) -> None:
    waiting = replace(a_waiting_deployment("prod", 1, "5", JUDGED[-1].reason), gates=JUDGED)
    with store.write() as unit:
        unit.revisions.add(waiting.revision)
        unit.deployments.add(waiting)
    told = terminal("show", "prod-1").stdout
    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert "✓ image open every image is pinned by its digest" in lines
    assert "? checks unknown GitHub is <away>" in lines
    answered = json.loads(terminal("show", "prod-1", "--json").stdout)["gates"]
    assert [(each["gate"], each["answer"], each["code"]) for each in answered] == [
        ("image", "open", "image.sealed"),
        ("checks", "unknown", "checks.unknown"),
    ]


def test_an_environment_s_history_is_asked_for_in_two_ways(terminal: Terminal) -> None:
    named = terminal("history", "dev").stdout
    assert "dev-2" in named and "staging-2" not in named
    assert terminal("history", "--env", "dev").stdout == named


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("status", "nowhere"), 1, "no environment 'nowhere'"),
        (("show", "dev-99"), 1, "dev-99"),
        (("show", "dev"), 1, "dev is an environment; dev-2 moves there: `tidegate show dev-2`"),
        (("show", ""), 2, "it is empty: give a name"),
        (("status", ""), 2, "it is empty: give a name"),
        (("explain", " "), 2, "it is empty: give a name"),
        (("history", "--env", "nowhere"), 1, "nowhere"),
        (("history", "nowhere"), 1, "nowhere"),
        (("history", "dev", "--env", "prod"), 2, "which one: dev or prod?"),
        (("history", "--limit", "0"), 2, "--limit"),
        (("history", "--limit", "many"), 2, "--limit"),
        (("explain",), 2, "ENV"),
        (("show",), 2, "DEPLOYMENT"),
        (("stauts",), 2, "status"),
        (("status", "--jsn"), 2, "--json"),
    ],
)
def test_a_wrong_word_ends_with_a_sentence_and_its_code(
    terminal: Terminal, words: tuple[str, ...], code: int, told: str
) -> None:
    result = terminal(*words)
    assert result.exit_code == code
    assert told in result.stderr
    assert result.stdout == ""


def test_a_commit_that_isn_t_taken_is_told_once(terminal: Terminal, store: Store) -> None:
    problem = Reason("file.invalid", "2222222 (Add captions): environments/dev.yaml:3:5: count: found 0")
    with store.write() as unit:
        unit.environments.save(replace(unit.environments.get("staging"), problem=problem))
    told = " ".join(terminal("status", "staging").stdout.split())
    assert told.count("count: found 0") == 1 and "the newest commit isn't taken: 2222222 (Add captions)" in told


def test_a_plan_of_nothing_says_why_nothing_runs(terminal: Terminal) -> None:
    drawn = terminal.door.get("/api/v1/deployments/dev-2/plan").json()
    standing = {"code": "environment.held", "text": "dev is held since dev-2 turned back"}
    terminal.door.preview = lambda name: {**drawn, "deployment": None, "standing": standing}
    told = " ".join(terminal("plan", "dev").stdout.split())
    assert "now dev is held since dev-2 turned back deployment none" in told
    assert "nothing runs; this is what a deployment of that commit would do now:" in told and "shift 100" in told


def test_a_plan_that_leaves_a_command_out_says_so(terminal: Terminal) -> None:
    drawn = terminal.door.get("/api/v1/deployments/dev-2/plan").json()
    terminal.door.preview = lambda name: {**drawn, "unrun": ["backend"]}
    assert "the new `before` of backend is not run: nothing of backend rolls" in terminal("plan", "dev").stdout
    terminal.door.preview = lambda name: drawn
    assert "`before`" not in terminal("plan", "dev").stdout


def test_a_plan_that_cant_be_drawn_is_a_no(terminal: Terminal) -> None:
    def preview(name: str) -> dict[str, object]:
        raise Blocked("backend: waiting for the image web:1", code="image.missing")

    terminal.door.preview = preview
    result = terminal("plan", "dev")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "waiting for the image web:1" in result.stderr


def test_a_controller_that_does_not_answer_is_3(terminal: Terminal) -> None:
    terminal.lost = 1
    result = terminal("status")
    assert result.exit_code == 3
    assert "http://controller.example:8080/api/v1 can't be reached: Connection refused" in result.stderr


def test_a_wrong_token_is_3_and_is_not_repeated(terminal: Terminal) -> None:
    terminal.variables["TIDEGATE_API_TOKEN"] = "wrong-token-of-mine"
    result = terminal("status")
    assert result.exit_code == 3
    assert "doesn't take this token" in result.stderr
    assert "wrong-token-of-mine" not in result.output


def test_without_an_address_it_says_how_to_get_one(terminal: Terminal) -> None:
    terminal.variables = {}
    result = terminal("status")
    assert result.exit_code == 3
    assert "TIDEGATE_URL" in result.stderr
    assert "tidegate up" in result.stderr


@pytest.mark.parametrize(
    "variables",
    [
        {"TIDEGATE_URL": "controller.example"},
        {"TIDEGATE_URL": "ftp://x"},
        {"TIDEGATE_URL": "http://x", "TIDEGATE_API_TOKEN": ""},
    ],
)
def test_a_half_set_address_is_wrong_use(terminal: Terminal, variables: dict[str, str]) -> None:
    terminal.variables = variables
    assert terminal("status").exit_code == 2


def test_the_sandbox_of_a_parent_directory_is_found(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".tidegate").mkdir()
    content = {"api": "http://127.0.0.1:1234/api/v1", "token": TOKEN}
    (tmp_path / ".tidegate" / "sandbox.json").write_text(json.dumps(content))
    (tmp_path / "deep" / "down").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "down")
    terminal.variables = {}
    assert terminal("status").exit_code == 0
    assert terminal.asked[0].url == "http://127.0.0.1:1234/api/v1/environments"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"api": "x"}'])
def test_a_broken_sandbox_file_is_3(terminal: Terminal, tmp_path: Path, text: str) -> None:
    (tmp_path / ".tidegate").mkdir()
    (tmp_path / ".tidegate" / "sandbox.json").write_text(text)
    terminal.variables = {}
    result = terminal("status")
    assert result.exit_code == 3
    assert "sandbox.json can't be read" in result.stderr


def test_what_steers_a_terminal_is_not_printed(terminal: Terminal, store: Store) -> None:
    with store.write() as unit:
        deployment = unit.deployments.get("dev-2")
        assert deployment is not None
        assert deployment.step is not None
        told = replace(deployment.step, detail="red \x1b[31m alert [bold]b[/bold]")
        unit.deployments.save(deployment.with_step(told))
    result = terminal("show", "dev-2")
    assert "\x1b" not in result.stdout
    assert "red \ufffd[31m alert [bold]b[/bold]" in result.stdout


# ---------------------------------------------------------------- orders, seen afterwards


def change(store: Store, **changes: object) -> None:
    """dev-2, which runs, is otherwise than it was."""
    with store.write() as unit:
        deployment = unit.deployments.get("dev-2")
        assert deployment is not None
        unit.deployments.save(replace(deployment, **changes))  # type: ignore[arg-type]


PAUSE = Pause("ada", Reason("order.paused", "a look at the logs"), NOON, timedelta(hours=1), timedelta(minutes=18))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("status",), ["dev", "❚❚ paused", "step 1 of 8, register"]),
        (
            ("status", "dev"),
            ["❚❚ paused", "by ada: a look at the logs; it turns back by itself after 2026-11-21 13:00"],
        ),
        (("explain", "dev"), ["deployment.paused", "2026-11-21 13:00 UTC", "tidegate resume dev-2"]),
        (("history",), ["❚❚ paused"]),
        (("show", "dev-2"), ["❚❚ paused", "by ada 18m ago: a look at the logs; turns back by itself in 42m"]),
    ],
)
def test_a_paused_deployment_says_who_why_and_how_long(
    terminal: Terminal, store: Store, words: tuple[str, ...], told: list[str]
) -> None:
    change(store, pause=PAUSE)
    terminal.clock.sleep(18 * 60)
    result = terminal(*words)
    for part in told:
        assert part in result.stdout


@pytest.mark.parametrize("words", [("status",), ("status", "dev"), ("history",), ("show", "dev-2")], ids=" ".join)
def test_what_only_a_person_can_end_is_marked(terminal: Terminal, store: Store, words: tuple[str, ...]) -> None:
    rang = Reason("alarm.rang", "checkout-is-down rang; `tidegate abort dev-2` must end it")
    with store.read() as unit:
        deployment = unit.deployments.get("dev-2")
    assert deployment is not None and deployment.step is not None
    assert "! needs a person" not in terminal(*words).stdout
    change(store, reason=rang, steps=deployment.with_step(replace(deployment.step, detail=rang.text)).steps)
    assert "! needs a person" in terminal(*words).stdout


def test_what_is_seen_says_since_when_it_has_been_so(terminal: Terminal, store: Store) -> None:
    terminal.clock.sleep(31)
    told = " ".join(terminal("status", "dev").stdout.split())
    assert "unchanged since 2026-11-21 12:00:00 UTC (31s ago)" in told
    with store.write() as unit:
        unit.environments.save(replace(unit.environments.get("dev"), trouble=Reason("aws.throttled", "slowly")))
    shown = terminal("status", "dev").stdout
    assert "seen last, since" in shown and "unchanged since" not in shown


def test_a_look_that_is_late_is_due_now(terminal: Terminal) -> None:
    terminal.clock.sleep(60)
    assert "next look   now" in terminal("explain", "dev").stdout


def test_what_before_did_is_called_before(terminal: Terminal, store: Store) -> None:
    with store.read() as unit:
        deployment = unit.deployments.get("dev-2")
    assert deployment is not None
    ran = replace(deployment.steps[1], kind=StepKind.BEFORE, run=a_run(state=RunState.SUCCEEDED, text="exit code 0"))
    change(store, steps=deployment.with_step(ran).steps)
    shown = terminal("explain", "dev").stdout
    assert "before      `before` of backend ran in dev-2" in shown and "migration" not in shown


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": Kind.ROLLBACK, "back_to": "dev-1"}, "rollback to dev-1"),
        ({"kind": Kind.PRUNE, "pruned": "worker"}, "prune of worker"),
        ({"restart": True}, "restart"),
    ],
)
def test_what_no_commit_asked_for_says_what_it_is(
    terminal: Terminal, store: Store, changes: dict[str, object], told: str
) -> None:
    because = Reason("rollback.ordered", "ada ordered it: the page is blank")
    change(store, because_of=because, **changes)
    shown = " ".join(terminal("show", "dev-2").stdout.split())
    assert shown.startswith(f"dev-2 {told}")
    assert "ordered ada ordered it: the page is blank" in shown
    assert told in terminal("history").stdout


def test_orphans_come_with_the_command_that_removes_them(terminal: Terminal, store: Store) -> None:
    with store.write() as unit:
        unit.sightings.put(Sighting("dev", {}, NOON, ("cron", "worker")))
    for words in (("status", "dev"), ("explain", "dev")):
        told = " ".join(terminal(*words).stdout.split())
        assert "orphans cron (`tidegate prune dev cron`), worker (`tidegate prune dev worker`): no longer in" in told


# ---------------------------------------------------------------- following


def ends(store: Store, phase: Phase) -> Callable[[], None]:
    def end() -> None:
        with store.write() as unit:
            deployment = unit.deployments.get("dev-2")
            assert deployment is not None
            step = deployment.steps[0].ended(StepState.DONE, NOON, "2 task definitions registered")
            unit.deployments.save(replace(deployment.with_step(step), phase=phase, finished_at=NOON))

    return end


@pytest.mark.parametrize(("phase", "code"), [(Phase.SUCCEEDED, 0), (Phase.ROLLED_BACK, 1), (Phase.ABORTED, 1)])
@pytest.mark.parametrize("words", [("watch", "dev"), ("show", "dev-2", "--follow")], ids=" ".join)
def test_following_ends_with_the_code_of_how_it_ended(
    terminal: Terminal, store: Store, words: tuple[str, ...], phase: Phase, code: int
) -> None:
    terminal.clock.happenings = [lambda: None, ends(store, phase)]
    result = terminal(*words)
    assert result.exit_code == code
    lines = result.stdout.splitlines()
    assert lines[0] == "dev-2 develop-2222222 rolling out: its gates are open"
    assert lines[1] == "dev-2 step 1 of 8 register: running, register a task definition for backend"
    assert lines[2] == "dev-2 step 1 of 8 register: done, 2 task definitions registered"
    assert lines[3] == f"dev-2 develop-2222222 {phase.words}: its gates are open"


def test_following_as_json_keeps_standard_output_for_the_document(terminal: Terminal, store: Store) -> None:
    terminal.clock.happenings = [ends(store, Phase.SUCCEEDED)]
    result = terminal("watch", "dev", "--json")
    assert json.loads(result.stdout)["phase"] == "succeeded"
    assert "register: running" in result.stderr


def test_following_outlives_a_controller_that_starts_again(terminal: Terminal, store: Store) -> None:
    def loses() -> None:
        terminal.lost = 5

    terminal.clock.happenings = [loses, *[lambda: None] * 5, ends(store, Phase.SUCCEEDED)]
    assert terminal("watch", "dev").exit_code == 0


def test_following_gives_up_on_a_controller_that_stays_away(terminal: Terminal) -> None:
    def loses() -> None:
        terminal.lost = 1000

    terminal.clock.happenings = [loses]
    assert terminal("watch", "dev").exit_code == 3


def test_following_ends_when_its_time_is_over(terminal: Terminal) -> None:
    seen: list[str] = []
    client = Client(find_endpoint(terminal.variables, Path.cwd()), terminal._send)
    found = Follower(client, terminal.clock).follow("dev-2", Lines(seen.append), within_seconds=3)
    assert (found["phase"], seen[0]) == ("running", "dev-2 develop-2222222 rolling out: its gates are open")


def test_watching_where_nothing_moves_tells_how_the_last_one_ended(terminal: Terminal) -> None:
    result = terminal("watch", "staging")
    assert result.exit_code == 1
    assert "nothing moves in staging" in result.stdout
    assert "for something to begin" in result.stderr


def test_watching_where_the_newest_commit_is_refused_is_a_no(terminal: Terminal, store: Store) -> None:
    """Also when the last one went well: whoever pushed it waits for nothing else."""
    broken = Reason("file.invalid", "environments/dev.yaml:3:5: count: found 0; wanted at least 1")
    with store.write() as unit:
        unit.environments.save(replace(unit.environments.get("dev"), problem=broken))
    terminal.clock.happenings = [ends(store, Phase.SUCCEEDED)]
    for words in (("watch", "dev"), ("watch", "dev"), ("watch", "dev", "--json")):
        result = terminal(*words)
        assert result.exit_code == 1
        assert result.stderr.count("count: found 0") == 1 and "count: found 0" not in result.stdout


def test_following_what_rests_since_a_restore_says_who_can_release_it(terminal: Terminal, store: Store) -> None:
    change(store, restored=True)
    hold = Hold(Reason("restore.held", "a backup was restored"), HoldUntil.PERSON, NOON, 2)
    behind = a_waiting_deployment("dev", 3, "7", Reason("queue.behind", "dev-2 is running"))
    with store.write() as unit:
        unit.environments.save(replace(unit.environments.get("dev"), hold=hold))
        unit.revisions.add(behind.revision)
        unit.deployments.add(behind)
    result = terminal("watch", "dev")
    assert result.exit_code == 1
    assert "cleared by a person: `tidegate unhold dev`" in result.stdout
    assert "❚❚ rests" in terminal("status").stdout and "❚❚ rests" in terminal("show", "dev-2").stdout
    assert terminal("show", "dev-3", "--follow").exit_code == 1, "what stands behind it waits for the same person"


def test_watching_an_environment_without_history_is_fine(terminal: Terminal) -> None:
    assert terminal("watch", "prod", "--wait", "0").exit_code == 0


def test_watching_waits_for_something_to_begin(terminal: Terminal, store: Store) -> None:
    def begins() -> None:
        held = a_waiting_deployment("prod", 1, "7", Reason("environment.held", "the environment is held"))
        with store.write() as unit:
            unit.revisions.add(held.revision)
            unit.deployments.add(held)

    terminal.clock.happenings = [lambda: None, begins]
    result = terminal("watch", "prod")
    assert result.exit_code == 1
    assert "prod-1 develop-7777777 waiting: the environment is held" in result.stdout


def test_following_tells_a_pause_and_its_end(terminal: Terminal, store: Store) -> None:
    terminal.clock.happenings = [
        lambda: change(store, pause=PAUSE),
        lambda: None,
        lambda: change(store, pause=None),
        ends(store, Phase.SUCCEEDED),
    ]
    lines = [line for line in terminal("watch", "dev").stdout.splitlines() if "paused" in line]
    assert lines == ["dev-2 paused by ada: a look at the logs", "dev-2 is not paused any more"]


def test_drift_is_shown_with_what_was_declared_what_was_found_and_since_when(terminal: Terminal, store: Store) -> None:
    difference = Difference("backend", "target group", "check path", "/health", "/other")
    with store.write() as unit:
        dev = unit.environments.get("dev")
        unit.environments.save(replace(dev, drift=Drifted((Drift(difference, NOON),))))
    shown = " ".join(terminal("status", "dev").stdout.split())
    assert "DRIFT OF DECLARED FOUND SINCE backend target group, check path /health /other" in shown


def test_of_one_change_and_one_failure_delivery_speaks_as_of_one() -> None:
    one = {"total": {"number": 1, "median_seconds": 60.0}, "band": "elite"}
    found = {
        "frequency": {"per_week": 1.0, "deployments": 1, "days": 1, "band": "high"},
        "lead": one,
        "failures": {"share": 1.0, "started": 1, "band": "low"},
        "restore": one,
    }
    told = [made for *_, made in four(found)]
    assert told == ["1 that succeeded, on 1 day", "1 change", "1 that started", "1 failure"]
