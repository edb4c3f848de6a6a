"""Deployments that wait at a gate: what they wait for, and that they start when it comes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.domain.deployment import Kind, Phase
from controller.domain.errors import Transient
from controller.domain.orders import OrderKind
from controller.domain.revision import Commit
from controller.domain.verdict import Answer
from sandbox.world.faults import Fault
from tests.scenarios.test_promoted import images
from tests.support.builders import FILE, a_binding, a_deployment, a_revision
from tests.support.outside import REPOSITORIES
from tests.support.stage import Stage

MINUTE = timedelta(minutes=1)
# The stage's time begins on a Saturday at noon, UTC.
WINDOW = FILE + 'gates: {window: {allow: ["Sat 12:30-13:00"]}}\n'
CHECKED = FILE + "gates: {checks: {required: [test, build]}}\n"
SHUT = FILE + 'gates: {checks: {required: [test]}, window: {allow: ["Sat 12:30-14:00"]}}\n'
SCANNED = FILE + "gates: {image_scan: {block: [CRITICAL]}}\n"
SOAK = FILE + "gates: {soak: {environment: staging, for: 30m}}\n"


def is_waiting(stage: Stage, number: int, code: str) -> bool:
    return stage.phase(number) is Phase.WAITING and stage.deployment(number).reason.code == code


def test_outside_of_its_window_nothing_starts_and_it_starts_when_that_opens(stage: Stage) -> None:
    began = stage.time.now()
    stage.push(WINDOW, content="first")
    stage.run(lambda: is_waiting(stage, 1, "window.shut"))
    assert "Sat 2026-11-21 12:30 UTC" in stage.deployment(1).reason.text
    stage.run(lambda: stage.phase(1) is Phase.RUNNING)
    assert timedelta(0) <= stage.time.now() - began - 30 * MINUTE < MINUTE
    stage.settle()
    assert stage.phase(1) is Phase.SUCCEEDED
    assert [(each.gate, each.answer) for each in stage.deployment(1).gates] == [
        *((name, Answer.OPEN) for name in ("not_built", "branch", "hold", "image", "window")),
        *((name, Answer.OPEN) for name in ("quarantine", "alarm", "metrics")),
    ]


def test_what_waits_outside_of_its_window_asks_aws_for_nothing(stage: Stage) -> None:
    stage.push(WINDOW, content="first")
    stage.run(lambda: is_waiting(stage, 1, "window.shut"))
    stage.aws.calls.clear()
    later = stage.time.now() + 20 * MINUTE
    stage.run(lambda: stage.time.now() > later)
    assert is_waiting(stage, 1, "window.shut")
    foundation = {"DescribeStacks", "DescribeListeners", "DescribeLoadBalancers"}
    assert {call.operation for call in stage.aws.calls} <= foundation


def test_what_runs_when_its_window_closes_goes_on(stage: Stage) -> None:
    slow = WINDOW.replace("{type: rolling}", "{type: blue_green, bake: 45m}")
    stage.push(slow, content="first")
    stage.settle()
    assert stage.phase(1) is Phase.SUCCEEDED


def test_a_rollback_waits_for_no_window(stage: Stage) -> None:
    stage.push(FILE, content="first")
    stage.settle()
    stage.push(FILE, content="second")
    stage.settle()
    stage.push(WINDOW.replace("Sat 12:30", "Mon 12:30"), content="third")
    stage.run(lambda: is_waiting(stage, 3, "window.shut"))
    stage.order(OrderKind.ROLLBACK)
    stage.run(lambda: stage.phase(4) is Phase.SUCCEEDED)
    assert stage.deployment(4).kind is Kind.ROLLBACK


def scanning(stage: Stage, *findings: tuple[str, ...]) -> None:
    """ECR scans what is pushed from now on; it finds so much in each of the next new images."""
    for repository in REPOSITORIES:
        stage.call(
            "ecr",
            "PutImageScanningConfiguration",
            repositoryName=repository,
            imageScanningConfiguration={"scanOnPush": True},
        )
    stage.aws.faults.flaws.extend(findings)


def test_an_image_waits_for_its_scan_and_starts_when_that_is_clean(stage: Stage) -> None:
    scanning(stage)
    stage.push(SCANNED, content="first")
    stage.run(lambda: is_waiting(stage, 1, "scan.pending"))
    stage.settle()
    assert stage.phase(1) is Phase.SUCCEEDED
    assert "image_scan" in [each.gate for each in stage.deployment(1).gates]


def test_an_image_with_a_finding_that_the_file_blocks_waits_for_another_one(stage: Stage) -> None:
    scanning(stage, ("CRITICAL",))
    stage.push(SCANNED, content="first")
    stage.run(lambda: is_waiting(stage, 1, "scan.blocked"))
    assert "1 CRITICAL" in stage.deployment(1).reason.text
    stage.push(SCANNED, content="second")
    stage.run(lambda: stage.phase(2) is Phase.SUCCEEDED)
    assert stage.phase(1) is Phase.SUPERSEDED


@pytest.mark.parametrize("kind", ["denied", "throttle"])
def test_a_scan_that_can_not_be_read_is_not_clean(stage: Stage, kind: Any) -> None:
    scanning(stage)
    stage.aws.faults.add(Fault(kind, operation="DescribeImageScanFindings", times=10**6))
    stage.push(SCANNED, content="first")
    stage.run(lambda: is_waiting(stage, 1, "scan.unknown"))
    stage.aws.faults.clear()
    stage.settle()
    assert stage.phase(1) is Phase.SUCCEEDED


def test_what_is_not_scanned_says_what_to_switch_on(stage: Stage) -> None:
    stage.push(SCANNED, content="first")
    stage.run(lambda: is_waiting(stage, 1, "scan.unsupported"))


def live_in_staging(stage: Stage, commit: Commit) -> None:
    """The commit succeeded in staging a moment ago."""
    text = FILE.replace("environment: dev", "environment: staging")
    revision = replace(a_revision(text=text, commit=commit, environment="staging"), images=images(stage, commit))
    done = a_deployment(1, revision, phase=Phase.SUCCEEDED, finished_at=stage.time.now())
    stage.world.bindings["staging"] = a_binding("staging")  # type: ignore[index]
    with stage.store.write() as unit:
        unit.environments.ensure(["staging"])
        unit.environments.save(replace(unit.environments.get("staging"), recorded=commit.sha, live=1))
        unit.revisions.add(revision)
        unit.deployments.add(replace(done, id="staging-1", environment="staging"))


def test_a_version_that_has_not_soaked_waits_until_it_has(stage: Stage) -> None:
    commit = stage.push(SOAK, content="first")
    stage.run(lambda: is_waiting(stage, 1, "soak.absent"))
    live_in_staging(stage, commit)
    began = stage.time.now()
    stage.run(lambda: is_waiting(stage, 1, "soak.running"))
    stage.run(lambda: stage.phase(1) is Phase.RUNNING)
    assert 30 * MINUTE <= stage.time.now() - began < 31 * MINUTE
    stage.settle()
    assert stage.phase(1) is Phase.SUCCEEDED


def test_whoever_drops_a_window_waits_for_it_once_more(stage: Stage) -> None:
    stage.push(FILE + 'gates: {window: {allow: ["Sat 12:00-12:30"]}}\n', content="first")
    stage.settle()
    assert stage.phase(1) is Phase.SUCCEEDED
    stage.clock.advance(timedelta(hours=1).total_seconds())
    stage.push(FILE, content="second")
    stage.run(lambda: is_waiting(stage, 2, "window.shut"))
    assert "Sat 2026-11-28 12:00 UTC" in stage.deployment(2).reason.text


def test_a_commit_waits_for_its_checks_and_starts_when_they_have_passed(stage: Stage) -> None:
    commit = stage.push(CHECKED, content="first")
    stage.repository.hold("test", commit.sha)
    stage.run(lambda: is_waiting(stage, 1, "checks.pending"))
    stage.repository.fail("test", commit.sha)
    stage.wake()
    stage.run(lambda: is_waiting(stage, 1, "checks.failed"))
    stage.repository.succeed("test", commit.sha)
    stage.settle()
    assert stage.phase(1) is Phase.SUCCEEDED


def test_checks_that_can_not_be_read_are_not_passed(stage: Stage) -> None:
    stage.repository.checks_trouble = Transient("GitHub doesn't answer", code="github.unavailable")
    stage.push(CHECKED, content="first")
    stage.run(lambda: is_waiting(stage, 1, "checks.unknown"))
    assert stage.deployment(1).gates[-1].answer is Answer.UNKNOWN
    stage.repository.checks_trouble = None
    stage.settle()
    assert stage.phase(1) is Phase.SUCCEEDED


def test_within_one_pass_github_is_asked_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    answer = stage.repository.checks
    monkeypatch.setattr(stage.repository, "checks", lambda *where: [asked.append(where[1]), answer(*where)][1])
    stage.push(CHECKED, content="first")
    stage.run(lambda: stage.phase(1) is Phase.RUNNING)
    assert len(asked) == 1


def test_a_commit_whose_checks_have_failed_takes_nobodys_place(stage: Stage) -> None:
    second = held_back(stage)
    assert stage.phase(1) is Phase.WAITING
    stage.run(lambda: stage.phase(1) is Phase.SUCCEEDED and is_waiting(stage, 2, "checks.failed"))
    stage.repository.succeed("test", second.sha)
    stage.run(lambda: stage.phase(2) is Phase.SUCCEEDED)


def test_a_commit_whose_checks_still_run_supersedes_what_waits(stage: Stage) -> None:
    stage.push(SHUT, content="first")
    stage.run(lambda: is_waiting(stage, 1, "window.shut"))
    second = stage.push(SHUT, content="second")
    stage.repository.hold("test", second.sha)
    stage.run(lambda: is_waiting(stage, 2, "checks.pending"))
    assert stage.phase(1) is Phase.SUPERSEDED


def held_back(stage: Stage) -> Commit:
    """The first waits for its window; the second has failed its check, and takes nobody's place."""
    stage.push(SHUT, content="first")
    stage.run(lambda: is_waiting(stage, 1, "window.shut"))
    second = stage.push(SHUT, content="second")
    stage.repository.fail("test", second.sha)
    stage.run(lambda: is_waiting(stage, 2, "checks.failed"))
    return second


def test_a_github_that_does_not_answer_lets_nothing_take_anothers_place(stage: Stage) -> None:
    second = held_back(stage)
    stage.repository.checks_trouble = Transient("GitHub doesn't answer", code="github.unavailable")
    stage.wake()
    stage.run(lambda: is_waiting(stage, 2, "checks.unknown"))
    assert stage.phase(1) is Phase.WAITING
    stage.repository.checks_trouble = None
    stage.repository.succeed("test", second.sha)
    stage.wake()
    stage.run(lambda: stage.phase(1) is Phase.SUPERSEDED)


def test_what_has_failed_shows_the_gate_that_holds_it(stage: Stage) -> None:
    held_back(stage)
    assert [(each.gate, each.answer) for each in stage.deployment(2).gates] == [("checks", Answer.HELD)]


def test_a_commit_whose_checks_have_failed_supersedes_nothing_that_waits_for_its_image(stage: Stage) -> None:
    first = stage.push(CHECKED, images=False, content="first")
    stage.run(lambda: is_waiting(stage, 1, "image.missing"))
    second = stage.push(CHECKED, content="second")
    stage.repository.fail("test", second.sha)
    stage.run(lambda: is_waiting(stage, 2, "checks.failed"))
    stage.outside.build(first)
    stage.run(lambda: stage.phase(1) is Phase.SUCCEEDED)


def test_while_something_moves_github_is_asked_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = CHECKED.replace("{type: rolling}", "{type: blue_green, bake: 10m}")
    stage.push(slow, content="first")
    stage.settle()
    stage.push(slow, content="second")
    stage.run(lambda: stage.phase(2) is Phase.RUNNING)
    stage.push(slow, content="third")
    stage.run(lambda: stage.phase(3) is Phase.WAITING)
    stage.push(slow, content="fourth")
    stage.run(lambda: stage.phase(4) is Phase.WAITING)
    asked: list[str] = []
    monkeypatch.setattr(stage.repository, "checks", lambda *where: asked.append(where[1]))
    later = stage.time.now() + 2 * MINUTE
    stage.run(lambda: stage.time.now() > later)
    assert stage.phase(2) is Phase.RUNNING and stage.phase(3) is Phase.WAITING and asked == []


def test_a_look_that_finds_nothing_new_writes_nothing(stage: Stage) -> None:
    commit = stage.push(CHECKED, content="first")
    stage.repository.hold("test", commit.sha)
    stage.run(lambda: is_waiting(stage, 1, "checks.pending"))
    before = stage.deployment(1).version
    later = stage.time.now() + 10 * MINUTE
    stage.run(lambda: stage.time.now() > later)
    assert stage.deployment(1).version == before


def test_what_staging_is_about_to_roll_back_has_not_soaked(stage: Stage) -> None:
    commit = stage.push(SOAK, content="first")
    stage.run(lambda: is_waiting(stage, 1, "soak.absent"))
    live_in_staging(stage, commit)
    stage.run(lambda: is_waiting(stage, 1, "soak.running"))
    with stage.store.write() as unit:
        live = unit.deployments.get("staging-1")
        assert live is not None
        older = replace(live.revision, commit=replace(commit, sha="9" * 40, tree="8" * 40), images={"backend": "x@y"})
        unit.revisions.add(older)
        back = a_deployment(2, older, kind=Kind.ROLLBACK)
        unit.deployments.add(replace(back, id="staging-2", environment="staging"))
    stage.run(lambda: is_waiting(stage, 1, "soak.turned_back"))


def test_a_restart_of_what_is_live_is_judged_by_no_gate_of_its_version(stage: Stage) -> None:
    commit = stage.push(CHECKED, content="first")
    stage.settle()
    stage.repository.fail("test", commit.sha)
    stage.order(OrderKind.DEPLOY, restart=True)
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED
