"""One deployment on a terminal: a canary that is paused, that turned back, and that never moved any traffic."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console, RenderableType

from controller.api import shapes
from controller.api.evidence import deployment_in_full
from controller.cli import deployments
from controller.domain.deployment import Deployment, Pause, Phase
from controller.domain.environment import Environment
from controller.domain.hooks import Hook, RunState
from controller.domain.metrics import Finding, Result
from controller.domain.overview import Overview
from controller.domain.reason import Reason
from controller.domain.step import Step, StepKind, StepState
from controller.homeward import turned_back
from tests.support.builders import NOON, a_run, a_running_deployment
from tests.support.evidence import FOUND

EVERY = ("backend", "frontend")
RED = Reason("targets.unhealthy", "backend: 0 of 2 targets are healthy")
CANARY = (
    *(Step(StepKind.REGISTER, EVERY), Step(StepKind.WARM, EVERY), Step(StepKind.SHIFT, EVERY, percent=10)),
    *(Step(StepKind.BAKE, EVERY, wait=timedelta(minutes=5)), Step(StepKind.SHIFT, EVERY, percent=50)),
    *(Step(StepKind.BAKE, EVERY, wait=timedelta(minutes=5)), Step(StepKind.SHIFT, EVERY, percent=100)),
    *(Step(StepKind.ADJUST, ("frontend",)), Step(StepKind.SETTLE, EVERY), Step(StepKind.RETIRE, EVERY)),
)


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def a_canary(done: int, *, begun: bool = True) -> Deployment:
    """Its first `done` steps took a minute each; the next one was begun."""
    steps = [replace(step, number=number) for number, step in enumerate(CANARY, 1)]
    for number, step in enumerate(steps[:done]):
        steps[number] = step.started(minutes(number)).ended(StepState.DONE, minutes(number + 1), f"{step.title} done")
    if begun:
        steps[done] = replace(steps[done].started(minutes(done)), detail="2m50s left to bake")
    return replace(a_running_deployment(), steps=tuple(steps))


def went_home(deployment: Deployment, at: datetime) -> Deployment:
    """It turned back at this moment, was home 3 s later, and had written down what AWS knew and
    scaled down, 2 s and 4 s later."""
    back, moment = turned_back(deployment, RED, at), at
    for step, seconds in zip((one for one in back.steps if not one.is_over), (3, 2, 4), strict=True):
        ended = moment + timedelta(seconds=seconds)
        back = back.with_step(step.started(moment).ended(StepState.DONE, ended, "done"))
        moment = ended
    return back.moved(Phase.ROLLED_BACK, RED, moment)


def answer(deployment: Deployment) -> Any:
    return json.loads(shapes.deployment_answer(deployment).model_dump_json(by_alias=True))


def in_full(deployment: Deployment) -> Any:
    overview = Overview(Environment("dev"), None, (deployment,), None, None)
    return json.loads(deployment_in_full(deployment, overview).model_dump_json(by_alias=True))


def drawn(shown: RenderableType) -> list[str]:
    out = Console(file=io.StringIO(), width=200)
    with out.capture() as captured:
        out.print(shown)
    return [" ".join(line.split()) for line in captured.get().splitlines()]


def row(lines: Sequence[str], name: str) -> str:
    [found] = [line.removeprefix(name).strip() for line in lines if line.startswith(name)]
    return found


def test_a_canary_that_came_home_reads_top_down() -> None:
    lines = drawn(deployments.deployment(in_full(went_home(a_canary(5), minutes(7.5))), minutes(10)))
    assert "↩ rolled back" in lines[0]
    assert row(lines, "why") == "dev-2 turned back: backend: 0 of 2 targets are healthy (targets.unhealthy)"
    assert row(lines, "turned back") == (
        "in step 6 of 10, bake 5m, with 50% of the traffic on the new version; all of it was home 3s later"
    )
    assert row(lines, "services") == "backend, frontend"
    assert row(lines, "ended") == "2026-11-21 12:07:39 UTC (2m ago)"
    assert lines[lines.index("") + 1 :] == [
        "✓ 1 register 1m register done",
        "✓ 2 warm 1m warm done",
        "✓ 3 shift 10 1m shift 10 done",
        "✓ 4 bake 5m 1m bake 5m done",
        "✓ 5 shift 50 1m shift 50 done",
        "✕ 6 bake 5m 2m30s backend: 0 of 2 targets are healthy",
        "· 7 skipped shift 100, adjust, settle, retire",
        "✓ 11 home 3s done",
        "✓ 12 evidence 2s done",
        "✓ 13 retire 4s done",
    ]


def test_what_was_undone_is_not_promised_again() -> None:
    running = a_canary(5)
    assert any(line.startswith("undo backend") for line in drawn(deployments.deployment(in_full(running), NOON)))
    ended = went_home(running, minutes(6))
    assert not any(line.startswith("undo") for line in drawn(deployments.deployment(in_full(ended), NOON)))


def test_what_metrics_say_is_a_line_for_each() -> None:
    found = Finding("backend", "errors", Result.FAILED, "2.34% failed, of 1,240 requests", 0.0234, 0.01, 1240, 2)
    [line] = [
        line
        for line in drawn(deployments.deployment(in_full(replace(a_canary(5), findings=(found,))), NOON))
        if line.startswith("backend errors")
    ]
    assert line.split() == ["backend", "errors", "bad:", "2.34%", "failed,", "of", "1,240", "requests"]


def way_home(deployment: Deployment) -> str:
    return str(answer(deployment)["turned_back"] or "")


def test_before_any_shift_no_traffic_had_moved() -> None:
    assert way_home(went_home(a_canary(1), minutes(2))) == (
        "in step 2 of 10, warm, before any traffic was on the new version"
    )


def test_a_shift_that_failed_may_have_moved_less_than_it_wanted() -> None:
    assert "in step 5 of 10, shift 50, with up to 50% of the traffic" in way_home(went_home(a_canary(4), minutes(5)))


def test_an_abort_between_two_steps_has_no_failed_one() -> None:
    between = a_canary(4, begun=False)
    assert "before step 5 of 10, shift 50, with 10% of the traffic" in way_home(went_home(between, minutes(4.5)))


def test_on_the_way_nobody_is_said_to_be_home() -> None:
    assert way_home(turned_back(a_canary(5), RED, minutes(6))).endswith("; not all of it is home yet")


def test_what_goes_well_has_no_way_home() -> None:
    assert way_home(a_canary(5)) == ""


def test_a_step_for_some_services_names_them() -> None:
    lines = drawn(deployments.ladder(answer(a_canary(8)), minutes(9)))
    assert lines[7] == "✓ 8 adjust 1m frontend: adjust done"
    assert lines[8].startswith("▶ 9 settle 1m 2m50s left")


def test_a_step_that_was_taken_over_says_by_whom() -> None:
    running = a_canary(9, begun=False)
    taken = running.with_step(running.steps[9].ended(StepState.SKIPPED, NOON, "dev-4 took over"))
    assert drawn(deployments.ladder(answer(taken), NOON))[-1] == "· 10 skipped retire; dev-4 took over"


def test_a_removal_shows_no_commit_that_it_does_not_bring() -> None:
    removal = replace(a_canary(1), pruned="worker")
    lines = drawn(deployments.deployment(in_full(removal), NOON))
    assert lines[0] == "dev-2 prune of worker ▶ rolling out"
    assert not any(line.startswith(("commit", "by", "image")) for line in lines)


def test_the_order_of_a_steps_services_does_not_make_them_others() -> None:
    back = a_canary(1)
    turned = replace(back.steps[1], services=EVERY[::-1])
    assert drawn(deployments.ladder(answer(back.with_step(turned)), NOON))[1].endswith("2m50s left to bake")
    assert "frontend, backend" not in " ".join(drawn(deployments.ladder(answer(back.with_step(turned)), NOON)))


def test_a_task_that_failed_is_shown_with_its_last_lines() -> None:
    running = a_canary(1)
    lines = ("begin", "no lock on the table")
    run = a_run(state=RunState.FAILED, lines=lines, text="exit code 3 after 2s; its last words: no lock on the table")
    hook = Hook(("migrate",), timedelta(minutes=1))
    failed = running.with_step(
        replace(running.steps[1], kind=StepKind.BEFORE, services=("backend",), hook=hook, run=run)
    )
    shown = drawn(deployments.deployment(in_full(failed), NOON))
    assert shown[shown.index("last lines of before backend:") + 1 :] == list(lines)
    assert "last lines of before backend:" not in drawn(deployments.deployment(in_full(running), NOON))


ALARM = "checkout-is-down rang at 12:04:10 UTC: Threshold Crossed: 1 datapoint [25.0] was greater than the threshold"


def narrow(shown: RenderableType, width: int = 80) -> list[str]:
    """As a terminal of so many columns has it, without the spaces at the ends of lines."""
    out = Console(file=io.StringIO(), width=width)
    with out.capture() as captured:
        out.print(shown)
    return [line.rstrip() for line in captured.get().splitlines()]


def of_a_long_name() -> Any:
    rang = a_canary(3).because(Reason("alarm.rang", ALARM))
    assert rang.step is not None
    rang = rang.with_step(replace(rang.step, detail=ALARM))
    return {**answer(rang), "id": "production-eu-127"}


def test_history_keeps_ids_whole_on_a_narrow_terminal_and_cuts_the_reason() -> None:
    lines = narrow(deployments.history([of_a_long_name(), answer(a_canary(2))], minutes(10)))
    assert lines[0].split() == ["DEPLOYMENT", "STATE", "VERSION", "BY", "BEGAN", "MOVED"]
    assert lines[1].split()[:6] == ["production-eu-127", "!", "needs", "a", "person", "develop-1111111"]
    assert lines[2] == f"  {ALARM[:77]}…"
    assert lines[3].split()[:5] == ["dev-2", "▶", "rolling", "out", "develop-1111111"]
    assert max(map(len, lines)) <= 80 and len(lines) == 5


def test_history_has_a_column_for_the_reason_where_there_is_room() -> None:
    lines = narrow(deployments.history([of_a_long_name()], minutes(10)), 300)
    assert lines[0].endswith("WHY") and len(lines) == 2 and lines[1].endswith(ALARM)


def test_history_says_why_a_deployment_is_paused() -> None:
    pause = Pause("ada", Reason("order.paused", "a look at the logs"), NOON, timedelta(hours=1))
    (_, line) = narrow(deployments.history([answer(replace(a_canary(3), pause=pause))], minutes(10)), 300)
    assert "❚❚ paused" in line and line.endswith("a look at the logs")


def with_evidence(deployment: Deployment) -> Any:
    overview = Overview(*(Environment("dev"), None, (deployment,), None, None), evidence={deployment.id: (FOUND,)})
    return json.loads(deployment_in_full(deployment, overview).model_dump_json(by_alias=True))


def test_evidence_is_indented_where_it_wraps_and_names_the_zone() -> None:
    lines = narrow(deployments.deployment(with_evidence(went_home(a_canary(5), minutes(7.5))), minutes(10)))
    begin = lines.index(next(line for line in lines if line.startswith("evidence,")))
    assert all(line.startswith("  ") for line in lines[begin + 1 :])
    at = lines.index("    4 tasks stopped, exit code 1: Essential container in task exited: The")
    assert lines[at + 1] == "    program ended with an error at start"
    assert lines[at + 2].startswith("    last at 2026-11-21 12:00:00 UTC, task 3f2a")
    assert any(line.startswith("    2026-11-21 12:00:00 UTC ringing: 25 > 1") for line in lines)


def test_the_last_lines_of_a_command_are_shown_once() -> None:
    deployment = a_hooked_one()
    assert "last lines of before backend:" in drawn(deployments.deployment(in_full(deployment), NOON))
    lines = drawn(deployments.deployment(with_evidence(deployment), NOON))
    assert "last lines of before backend:" not in lines and lines.count("│ no lock") == 1


def a_hooked_one() -> Deployment:
    """Its `before` has failed."""
    hook = Hook(("migrate",), timedelta(minutes=10))
    run = a_run(state=RunState.FAILED, exit_code=3, text="exit code 3", lines=("no lock",))
    step = Step(StepKind.BEFORE, ("backend",), number=2, hook=hook, run=run, detail="exit code 3")
    steps = (replace(CANARY[0], number=1), step.started(NOON))
    return replace(a_running_deployment(), steps=(*steps, *(replace(CANARY[1], number=3),)))


def test_a_step_with_a_command_names_its_service_once() -> None:
    line = next(line for line in drawn(deployments.ladder(answer(a_hooked_one()), NOON)) if "before" in line)
    assert line == "▶ 2 before backend 0s exit code 3"
