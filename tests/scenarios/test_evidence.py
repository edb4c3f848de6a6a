"""What AWS knew of a failure is written down before its tasks go, and shown when AWS has forgotten it."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.api.evidence import deployment_in_full
from controller.cli import deployments
from controller.domain.alarms import AlarmState
from controller.domain.deployment import Deployment, Phase
from controller.domain.evidence import FailureEvidence
from controller.domain.orders import OrderKind
from controller.domain.slot import Slot
from controller.domain.step import Step, StepKind, StepState
from sandbox.runtime.scripted import Script, erring, never_healthy
from sandbox.world.faults import Fault
from tests.cli.test_deployments import drawn
from tests.scenarios.test_analysed import BUSY, KEPT, watched
from tests.support.alarms import NAME as ALARM
from tests.support.alarms import make_alarm, set_alarm
from tests.support.builders import FILE
from tests.support.outside import START
from tests.support.stage import Stage

LATE = Path(__file__).parent / "late_rollback.txt"
"""`tidegate show dev-3`, when all is over."""

CRASHES = Script(ends_after_seconds=1.0, log_lines=("\x1b[31mbegin", '{"event": "cannot start", "reason": "no table"}'))
SICK = Script(health=never_healthy())
ALARMED = KEPT.replace("{type: canary", "{type: blue_green, bake: 20s} # {type: canary") + (
    f"watch: {{alarms: [{ALARM}]}}\n"
)
PATIENT = KEPT.replace("keep_warm: 30m", "keep_warm: 30m, automatic: false")


def pushed(stage: Stage, script: Script | None = None, text: str = FILE) -> Deployment:
    """What became of a second version."""
    stage.push(text, script, content="second")
    stage.run(lambda: (stage.phase(2) or Phase.WAITING) not in {Phase.WAITING, Phase.RUNNING, Phase.ROLLING_BACK})
    return stage.deployment(2)


def written(stage: Stage, number: int = 2) -> tuple[FailureEvidence, ...]:
    with stage.store.read() as unit:
        return unit.evidence.of(f"dev-{number}")


def step_of(deployment: Deployment, kind: StepKind) -> Step:
    return next(step for step in deployment.steps if step.kind is kind)


def shown(stage: Stage, number: int) -> list[str]:
    """What `tidegate show` prints now, without its ladder, and without names that are drawn by lot."""
    deployment = stage.deployment(number)
    with stage.store.read() as unit:
        answer = deployment_in_full(deployment, unit.overviews.about(deployment))
    printed = drawn(deployments.deployment(json.loads(answer.model_dump_json(by_alias=True)), stage.time.now()))
    lines = [re.sub(r"\b[0-9a-f]{32}\b|\b\d{16,}\b", "…", line) for line in printed]
    begins = next(at for at, line in enumerate(lines) if line.startswith("evidence of"))
    rows = [line for line in lines[: lines.index("")] if not line.startswith(("image", "plan", "commit"))]
    return [*rows, "", *lines[begins:]]


def test_a_crash_loop_is_written_down_with_exit_codes_and_last_words(live_stage: Stage) -> None:
    back = pushed(live_stage, CRASHES)
    (found,) = written(live_stage)
    (backend, frontend) = found.slots
    assert (backend.service, backend.slot, frontend.service) == ("backend", Slot.GREEN, "frontend")
    (tasks,) = backend.stopped
    assert (tasks.times, tasks.exit_code, tasks.stop_code) == (4, 1, "EssentialContainerExited")
    assert tasks.lines[0] == "begin" and tasks.last_words == "cannot start: no table"
    assert any("deployment failed" in event.text for event in backend.events)
    assert found.telling[:2] == (
        f"backend green: 4 tasks stopped, exit code 1: Essential container in task exited: {tasks.explanation}",
        "backend green: its last words: cannot start: no table",
    )
    assert step_of(back, StepKind.EVIDENCE).detail.startswith("8 stopped tasks, ")
    assert live_stage.explained().evidence == found.telling


def test_it_is_gathered_after_the_traffic_is_home_and_before_any_task_goes(live_stage: Stage) -> None:
    live_stage.traffic(**BUSY)
    pushed(live_stage, erring(0.05), watched())
    operations = [record.operation for record in live_stage.aws.calls]
    home = max(at for at, name in enumerate(operations) if name == "ModifyRule")
    gathered = max(at for at, name in enumerate(operations) if name == "GetLogEvents")
    emptied = max(at for at, name in enumerate(operations) if name == "UpdateService")
    assert home < gathered < emptied


def test_targets_that_are_never_well_say_what_the_balancer_finds(live_stage: Stage) -> None:
    pushed(live_stage, SICK)
    (found,) = written(live_stage)
    assert "failed ELB health checks in (target-group captioncraft-dev-backend-green)" in found.telling[0]
    assert all("arn:" not in event.text for slot in found.slots for event in slot.events)


def test_a_failed_analysis_keeps_its_numbers(live_stage: Stage) -> None:
    live_stage.traffic(**BUSY)
    pushed(live_stage, erring(0.05), watched())
    (found,) = written(live_stage)
    assert {finding.metric for finding in found.findings} == {"errors"}
    assert found.telling[0].startswith("backend errors: 5.00% failed")
    assert {target.state for slot in found.slots for target in slot.targets} == {"healthy"}


def test_a_failed_hook_keeps_its_last_lines(live_stage: Stage) -> None:
    fails = Script(ends_after_seconds=3.0, exit_code=3, log_lines=("no lock on the table",))
    live_stage.runtime.script_command(("migrate",), fails)
    pushed(live_stage, text=FILE.replace("    port: 8000\n", "    port: 8000\n    before: {command: [migrate]}\n"))
    (found,) = written(live_stage)
    (hook,) = found.hooks
    assert (hook.title, hook.exit_code, hook.lines) == ("before backend", 3, ("no lock on the table",))
    assert found.slots == () and found.telling[0].startswith("before backend: exit code 3")


def test_a_denied_read_keeps_nothing_from_ending_and_names_the_right(live_stage: Stage) -> None:
    live_stage.aws.faults.add(Fault("denied", operation="GetLogEvents"))
    back = pushed(live_stage, CRASHES)
    assert (back.phase, back.reason.code) == (Phase.ROLLED_BACK, "tasks.failed")
    assert live_stage.time.now() < START + timedelta(minutes=2)
    (found,) = written(live_stage)
    assert "the environment's role lacks logs:GetLogEvents" in " ".join(unread.told for unread in found.unread)
    assert found.slots[0].stopped, "the other parts are there"
    assert "not all could be read" in step_of(back, StepKind.EVIDENCE).detail


@pytest.mark.parametrize("kind", ["throttle", "server_error", "timeout"])
def test_what_may_pass_is_asked_for_again_and_not_for_ever(live_stage: Stage, kind: Any) -> None:
    live_stage.push(FILE, CRASHES, content="second")
    live_stage.run(lambda: live_stage.phase(2) is Phase.ROLLING_BACK)
    for operation in ("ListTasks", "GetLogEvents", "DescribeTargetHealth"):
        live_stage.aws.faults.add(Fault(kind, operation=operation, times=1000 if operation == "ListTasks" else 2))
    live_stage.run(lambda: live_stage.phase(2) is Phase.ROLLED_BACK, timedelta(minutes=5))
    (found,) = written(live_stage)
    assert found.unread and step_of(live_stage.deployment(2), StepKind.EVIDENCE).state is StepState.DONE


def test_what_aws_has_forgotten_stays_written_down(live_stage: Stage) -> None:
    pushed(live_stage, CRASHES)
    live_stage.settle()
    live_stage.clock.advance(2 * 3600)
    assert live_stage.look("ecs", "ListTasks", cluster="captioncraft-dev", desiredStatus="STOPPED")["taskArns"] == []
    assert written(live_stage)[0].slots[0].stopped


def test_an_abort_gathers_too(live_stage: Stage) -> None:
    live_stage.push(KEPT, content="second")
    live_stage.run(lambda: live_stage.phase(2) is Phase.RUNNING and live_stage.deployment(2).began(StepKind.BAKE))
    live_stage.order(OrderKind.ABORT, "dev-2", reason="the captions are rude")
    live_stage.run(lambda: live_stage.phase(2) is Phase.ABORTED)
    (found,) = written(live_stage)
    assert {slot.service for slot in found.slots} == {"backend", "frontend"} and not found.unread


def test_no_secret_and_no_value_of_env_is_kept(live_stage: Stage) -> None:
    text = FILE.replace("    port: 8000\n", "    port: 8000\n    env: {PEPPER: correct-horse-battery}\n", 1)
    script = Script(
        ends_after_seconds=1.0, log_lines=("X-Tidegate-Slot: backend.token-2", "pepper is correct-horse-battery")
    )
    back = pushed(live_stage, script, text)
    (found,) = written(live_stage)
    assert found.slots[0].stopped[0].lines == ("X-Tidegate-Slot: backend.[redacted]", "pepper is [redacted]")
    for secret in ("correct-horse", "token-2"):
        assert secret not in str(found) and secret not in back.reason.text


def test_what_a_person_must_end_is_gathered_at_once(live_stage: Stage) -> None:
    make_alarm(live_stage)
    live_stage.push(PATIENT.replace("services:", f"watch: {{alarms: [{ALARM}]}}\nservices:"), content="second")
    live_stage.run(lambda: live_stage.phase(2) is Phase.RUNNING and live_stage.deployment(2).began(StepKind.BAKE))
    set_alarm(live_stage, "ALARM")
    live_stage.run(lambda: written(live_stage) != ())
    assert live_stage.phase(2) is Phase.RUNNING
    told = live_stage.explained()
    assert (told.code, told.evidence[0].partition(" at ")[0]) == ("alarm.rang", f"{ALARM} rang")
    assert "`tidegate abort dev-2` turns it back, or `tidegate resume dev-2` lets it go on" in told.clears
    live_stage.step()
    live_stage.step()
    assert len(written(live_stage)) == 1


@pytest.mark.parametrize("is_over", [False, True], ids=["rings on", "is well"])
def test_a_person_lets_it_go_on_beside_what_rang_and_what_rings_anew_counts(live_stage: Stage, is_over: bool) -> None:
    make_alarm(live_stage)
    live_stage.push(PATIENT.replace("services:", f"watch: {{alarms: [{ALARM}]}}\nservices:"), content="second")
    live_stage.run(lambda: live_stage.phase(2) is Phase.RUNNING and live_stage.deployment(2).began(StepKind.BAKE))
    set_alarm(live_stage, "ALARM")
    live_stage.run(lambda: live_stage.deployment(2).needs_a_person)
    if is_over:
        set_alarm(live_stage, "OK")
        live_stage.run(lambda: "and is ok since" in live_stage.deployment(2).reason.text)
    live_stage.order(OrderKind.RESUME, "dev-2")
    later = live_stage.time.now() + timedelta(seconds=15)
    live_stage.run(lambda: live_stage.time.now() > later)
    assert not live_stage.deployment(2).needs_a_person and live_stage.phase(2) is Phase.RUNNING
    set_alarm(live_stage, "OK")
    live_stage.step()
    set_alarm(live_stage, "ALARM")
    live_stage.run(lambda: live_stage.deployment(2).needs_a_person)


def test_the_page_of_a_late_rollback_shows_its_evidence_in_full(live_stage: Stage) -> None:
    make_alarm(live_stage)
    pushed(live_stage, text=ALARMED)
    set_alarm(live_stage, "ALARM")
    live_stage.run(lambda: live_stage.phase(3) is Phase.SUCCEEDED)
    (found,) = written(live_stage, 3)
    assert (found.deployment, found.about) == ("dev-3", "dev-2") and written(live_stage, 2) == (found,)
    assert [change.state for change in found.alarms[0].changes] == [AlarmState.RINGING]
    assert (found.alarms[0].threshold, found.alarms[0].datapoints) == (1.0, (25.0,))
    live_stage.settle()
    assert shown(live_stage, 3) == LATE.read_text(encoding="utf-8").splitlines()
