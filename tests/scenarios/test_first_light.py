"""Merges to `develop`, told on a scripted AWS with a virtual clock."""

import pytest

from controller.domain.deployment import Phase
from controller.domain.errors import Blocked, TidegateError, Transient
from controller.domain.orders import OrderKind, OrderState
from controller.domain.step import StepState
from sandbox.runtime.scripted import Script, exec_format_error, never_healthy
from sandbox.world.faults import Fault
from tests.support.builders import FILE
from tests.support.stage import Stage

BLUE = {"captioncraft-dev-backend-blue": 100, "captioncraft-dev-backend-green": 0}
GREEN = {"captioncraft-dev-backend-blue": 0, "captioncraft-dev-backend-green": 100}
BAKED = FILE.replace("{type: rolling}", "{type: blue_green, bake: 5m}").replace(
    "{hold: next_commit}", "{hold: person, keep_warm: 30m}"
)


def highest_share(stage: Stage, group: str) -> int:
    """The most that any rule ever gave to a target group whose name ends so."""
    shares = [
        each.get("Weight", 0)
        for record in stage.aws.calls
        if record.operation in {"CreateRule", "ModifyRule"} and record.outcome == "ok"
        for action in record.parameters["Actions"]
        for each in action["ForwardConfig"]["TargetGroups"]
        if f"-{group}/" in each["TargetGroupArn"] and not _is_test(record.parameters)
    ]
    return max(shares, default=0)


def _is_test(parameters: dict[str, object]) -> bool:
    return "http-header" in str(parameters.get("Conditions", ""))


def test_a_merge_becomes_live(stage: Stage) -> None:
    stage.push()
    stage.settle()
    assert stage.deployment(1).phase is Phase.SUCCEEDED
    assert stage.weights()["/api/*"] == BLUE and stage.tasks() == 4


def test_a_second_merge_takes_the_other_slots_and_leaves_the_old_ones_empty(live_stage: Stage) -> None:
    live_stage.push()
    live_stage.settle()
    assert live_stage.deployment(2).phase is Phase.SUCCEEDED
    assert live_stage.weights()["/api/*"] == GREEN and live_stage.tasks() == 4


def test_a_third_merge_comes_back_to_the_first_slots(live_stage: Stage) -> None:
    for _ in range(2):
        live_stage.push()
        live_stage.settle()
    assert live_stage.deployment(3).phase is Phase.SUCCEEDED
    assert live_stage.weights()["/api/*"] == BLUE


def test_blue_green_bakes_and_keeps_the_old_side_warm(stage: Stage) -> None:
    stage.push(BAKED)
    stage.settle()
    stage.push(BAKED)
    stage.run(lambda: stage.environment.live == 2)
    settled = stage.time.now()
    assert stage.tasks() == 8, "the old side is warm"
    stage.settle()
    assert (stage.time.now() - settled).total_seconds() >= 1800 and stage.tasks() == 4


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (Script(ends_after_seconds=1.0, exit_code=1, log_lines=("ValueError: no caption",)), "tasks.failed"),
        (Script(health=never_healthy()), "tasks.failed"),
        (exec_format_error(), "tasks.failed"),
        (Script(status=503), "smoke.red"),
    ],
    ids=["crash", "unhealthy", "exec-format", "smoke"],
)
def test_a_bad_version_never_takes_a_request_and_the_old_one_stays(
    live_stage: Stage, script: Script, code: str
) -> None:
    live_stage.push(script=script)
    live_stage.settle()
    turned = live_stage.deployment(2)
    assert turned.phase is Phase.ROLLED_BACK and turned.reason.code == code
    assert highest_share(live_stage, "green") == 0
    assert live_stage.weights()["/api/*"] == BLUE and live_stage.tasks() == 4
    assert live_stage.probe.get("/api/health") == 200


def test_a_crash_is_explained_by_the_task_s_last_words(live_stage: Stage) -> None:
    live_stage.push(script=Script(ends_after_seconds=1.0, exit_code=1, log_lines=("ValueError: no caption",)))
    live_stage.settle()
    assert "ValueError: no caption" in live_stage.deployment(2).reason.text


def test_a_first_version_that_fails_leaves_nothing_behind(stage: Stage) -> None:
    stage.push(script=Script(status=503))
    stage.settle()
    assert stage.deployment(1).phase is Phase.FAILED
    assert stage.weights() == {} and stage.tasks() == 0


def test_a_fix_passes_a_hold_until_the_next_commit(live_stage: Stage) -> None:
    live_stage.push(script=Script(status=503))
    live_stage.settle()
    assert live_stage.environment.hold is not None
    live_stage.push()
    live_stage.settle()
    assert live_stage.deployment(3).phase is Phase.SUCCEEDED and live_stage.environment.hold is None


def test_the_same_content_in_another_commit_stays_in_quarantine_until_a_person_lets_it_in(live_stage: Stage) -> None:
    live_stage.push(script=Script(status=503), content="bad")
    live_stage.settle()
    live_stage.push(content="bad")
    live_stage.run(lambda: live_stage.passes[-1].reason.code == "content.quarantined")
    live_stage.order(OrderKind.UNHOLD)
    live_stage.run(lambda: live_stage.deployment(3).is_final)
    assert live_stage.deployment(3).reason.code == "smoke.red"


def test_content_that_a_person_lets_in_again_starts_in_the_slot_where_it_failed(live_stage: Stage) -> None:
    live_stage.push(script=Script(ends_after_seconds=1.0), content="bad")
    live_stage.settle()
    image = live_stage.deployment(2).revision.images["backend"].split("@")[1]
    for repository in live_stage.deployment(2).revision.images.values():
        live_stage.runtime.script(repository.split("@")[1], Script())
    live_stage.order(OrderKind.UNHOLD, reason="the database was down")
    live_stage.settle()
    assert live_stage.deployment(3).phase is Phase.SUCCEEDED, "what the branch says is tried once more"
    assert live_stage.deployment(3).revision.commit == live_stage.deployment(2).revision.commit
    assert any(launch.containers[0].digest == image for launch in live_stage.runtime.running)


def test_releasing_what_is_live_as_its_branch_says_starts_nothing(live_stage: Stage) -> None:
    live_stage.push(script=Script(status=503), content="bad")
    live_stage.settle()
    live_stage.push(content="first")
    live_stage.settle()
    live_stage.order(OrderKind.UNHOLD)
    live_stage.settle()
    assert live_stage.phase(3) is Phase.SUCCEEDED and live_stage.phase(4) is None


def test_a_revert_to_what_is_live_passes_with_nothing_to_roll(live_stage: Stage) -> None:
    live_stage.push(script=Script(status=503), content="bad")
    live_stage.settle()
    live_stage.push(content="first")
    live_stage.settle()
    assert live_stage.deployment(3).reason.code == "plan.nothing_rolls"


def test_it_waits_for_an_image_and_says_for_which(live_stage: Stage) -> None:
    commit = live_stage.push(images=False)
    live_stage.run(lambda: len(live_stage.passes) > 40)
    waiting = live_stage.deployment(2)
    assert waiting.phase is Phase.WAITING
    assert f"captioncraft-backend:develop-{commit.sha}" in waiting.reason.text
    live_stage.build(commit)
    live_stage.settle()
    assert live_stage.deployment(2).phase is Phase.SUCCEEDED


def test_a_tag_that_moves_after_sealing_changes_nothing(live_stage: Stage) -> None:
    commit = live_stage.push()
    live_stage.run(lambda: live_stage.phase(2) is Phase.RUNNING)
    sealed = live_stage.deployment(2).revision.images
    live_stage.build(commit, content="another build of the same commit")
    live_stage.settle()
    images = {launch.containers[0].pinned for launch in live_stage.runtime.running}
    assert images == set(sealed.values())


def test_newer_commits_supersede_those_that_wait(live_stage: Stage) -> None:
    live_stage.push()
    live_stage.run(lambda: live_stage.phase(2) is Phase.RUNNING)
    for number in (3, 4, 5):
        live_stage.push()
        live_stage.run(lambda wanted=number: live_stage.phase(wanted) is not None)
    live_stage.settle()
    phases = [live_stage.deployment(number).phase for number in (2, 3, 4, 5)]
    assert phases == [Phase.SUCCEEDED, Phase.SUPERSEDED, Phase.SUPERSEDED, Phase.SUCCEEDED]


def test_an_abort_brings_traffic_home_and_holds(live_stage: Stage) -> None:
    live_stage.push(BAKED)
    live_stage.run(lambda: live_stage.passes[-1].reason.code == "bake.running")
    assert live_stage.weights()["/api/*"] == GREEN
    order = live_stage.order(OrderKind.ABORT, "dev-2", "the captions are rude")
    live_stage.settle()
    aborted = live_stage.deployment(2)
    assert aborted.phase is Phase.ABORTED and "the captions are rude" in aborted.reason.text
    assert live_stage.weights()["/api/*"] == BLUE and live_stage.environment.hold is not None
    with live_stage.store.read() as unit:
        assert unit.orders.get(order).state is OrderState.DONE


def test_a_broken_file_leaves_what_runs_running_and_says_what_is_wrong(live_stage: Stage) -> None:
    before = live_stage.changes()
    live_stage.push(FILE.replace("count: 2", "count: many"))
    live_stage.settle()
    problem = live_stage.environment.problem
    assert problem is not None and problem.code == "file.invalid"
    assert "environments/dev.yaml" in problem.text and "services.backend.count" in problem.text
    assert live_stage.changes() == before and live_stage.environment.live == 1


def test_a_file_that_is_mended_clears_the_problem(live_stage: Stage) -> None:
    live_stage.push("environment: [")
    live_stage.settle()
    live_stage.push()
    live_stage.settle()
    assert live_stage.environment.problem is None and live_stage.environment.live == 2


def test_a_file_for_another_branch_is_refused(live_stage: Stage) -> None:
    live_stage.push(FILE.replace("branch: develop", "branch: main"))
    live_stage.settle()
    assert "branch" in live_stage.environment.problem.text and live_stage.environment.live == 1


def test_a_rewritten_history_waits_for_a_person(live_stage: Stage) -> None:
    live_stage.push(rewrite=True)
    live_stage.settle()
    assert live_stage.environment.problem.code == "source.history_rewritten" and live_stage.environment.live == 1


def test_a_branch_that_is_gone_changes_nothing(live_stage: Stage) -> None:
    before = live_stage.changes()
    live_stage.repository.gone = True
    live_stage.wake()
    live_stage.settle()
    assert live_stage.environment.problem.code == "branch.missing" and live_stage.changes() == before


@pytest.mark.parametrize("trouble", [Transient("GitHub is away", code="github.away"), Blocked("GitHub says no")])
def test_a_deployment_moves_on_and_comes_home_while_github_is_away(live_stage: Stage, trouble: TidegateError) -> None:
    live_stage.push(BAKED)
    live_stage.run(lambda: live_stage.passes[-1].reason.code == "bake.running")
    live_stage.repository.trouble = trouble
    live_stage.wake()
    live_stage.order(OrderKind.ABORT, "dev-2")
    live_stage.run(lambda: live_stage.phase(2) is Phase.ABORTED)
    assert live_stage.weights()["/api/*"] == BLUE
    assert live_stage.environment.problem.text == str(trouble)
    live_stage.repository.trouble = None
    live_stage.wake()
    live_stage.run(lambda: live_stage.environment.problem is None)


def test_a_registry_that_is_away_holds_only_what_needs_it(live_stage: Stage) -> None:
    live_stage.push(BAKED)
    live_stage.run(lambda: live_stage.passes[-1].reason.code == "bake.running")
    live_stage.aws.faults.add(Fault(kind="denied", service="ecr", operation="BatchGetImage"))
    live_stage.push(BAKED, images=False)
    live_stage.run(lambda: live_stage.phase(2) is Phase.SUCCEEDED)
    live_stage.run(lambda: "ecr:BatchGetImage" in live_stage.deployment(3).reason.text)
    assert live_stage.phase(3) is Phase.WAITING


def test_a_push_that_changes_only_ignored_paths_deploys_nothing(stage: Stage) -> None:
    ignoring = FILE.replace("strategy:", 'paths: {ignore: ["docs/**", "*.md"]}\nstrategy:')
    stage.push(ignoring, content="one")
    stage.settle()
    stage.repository.push({"README.md": "hello", "docs/guide/intro.txt": "hello"})
    stage.wake()
    stage.settle()
    with stage.store.read() as unit:
        assert unit.deployments.next_number("dev") == 2
    assert stage.environment.recorded == stage.repository.commits[-1][0].sha


def test_a_lost_webhook_is_found_by_the_sweep(live_stage: Stage) -> None:
    commit = live_stage.repository.push({"workload/VERSION": "lost"})
    live_stage.build(commit)
    live_stage.run(lambda: live_stage.environment.live == 2)


def test_at_rest_nothing_is_changed(live_stage: Stage) -> None:
    before = live_stage.changes()
    passes = len(live_stage.passes)
    live_stage.run(lambda: len(live_stage.passes) >= passes + 10)
    assert live_stage.changes() == before


@pytest.mark.parametrize("kind", ["throttle", "server_error", "timeout", "lost_answer", "doubled"])
def test_trouble_with_every_third_changing_call_changes_nothing_about_the_end(live_stage: Stage, kind: str) -> None:
    live_stage.push()
    live_stage.aws.faults.add(Fault(kind=kind, rate=0.3, mutating=True))
    live_stage.settle()
    assert live_stage.deployment(2).phase is Phase.SUCCEEDED
    assert live_stage.weights()["/api/*"] == GREEN and live_stage.tasks() == 4


def test_a_denied_right_ends_with_its_name_and_without_blame(live_stage: Stage) -> None:
    live_stage.aws.faults.add(Fault(kind="denied", service="ecs", operation="CreateService"))
    live_stage.push(BAKED, content="second")
    live_stage.run(lambda: live_stage.phase(2) is Phase.ROLLED_BACK)
    assert "ecs:CreateService" in live_stage.deployment(2).reason.text
    assert live_stage.environment.quarantines == () and live_stage.weights()["/api/*"] == BLUE


def test_reads_that_are_denied_change_nothing_and_are_shown_at_the_environment(live_stage: Stage) -> None:
    before = live_stage.changes()
    live_stage.aws.faults.add(Fault(kind="denied", service="elbv2", operation="DescribeRules"))
    live_stage.push()
    live_stage.run(lambda: live_stage.environment.trouble is not None)
    assert "DescribeRules" in live_stage.environment.trouble.text and live_stage.changes() == before


def test_somebody_else_s_hand_on_the_weights_pauses_it_until_a_person_resumes(live_stage: Stage) -> None:
    live_stage.push(BAKED)
    live_stage.run(lambda: live_stage.passes[-1].reason.code == "slot.warming")
    rule = next(one for one in live_stage.aws.traffic.rules(live_stage.listener) if one.priority and _public(one))
    by_hand(live_stage, rule, [50, 50])
    live_stage.run(lambda: live_stage.deployment(2).pause is not None)
    assert live_stage.deployment(2).pause.reason.code == "traffic.foreign_change"
    by_hand(live_stage, rule, [group.weight for group in rule.action.groups])
    live_stage.order(OrderKind.RESUME, "dev-2")
    live_stage.settle()
    assert live_stage.phase(2) is Phase.SUCCEEDED and live_stage.tasks() == 4


def test_a_hand_that_nobody_answers_for_turns_back_to_what_was_recorded(live_stage: Stage) -> None:
    live_stage.push(BAKED)
    live_stage.run(lambda: live_stage.passes[-1].reason.code == "bake.running")
    rule = next(one for one in live_stage.aws.traffic.rules(live_stage.listener) if one.priority and _public(one))
    by_hand(live_stage, rule, [50, 50])
    live_stage.run(lambda: live_stage.phase(2) is Phase.ROLLED_BACK)
    live_stage.settle()
    assert live_stage.weights()["/api/*"] == BLUE and live_stage.environment.quarantines == ()


def by_hand(stage: Stage, rule: object, weights: list[int]) -> None:
    """Somebody in the console."""
    shared = zip(rule.action.groups, weights, strict=True)  # type: ignore[attr-defined]
    groups = [{"TargetGroupArn": group.group_arn, "Weight": weight} for group, weight in shared]
    forward = [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]
    stage.call("elbv2", "ModifyRule", RuleArn=rule.arn, Actions=forward)  # type: ignore[attr-defined]


def _public(rule: object) -> bool:
    return all(condition.field == "path" for condition in rule.conditions)  # type: ignore[attr-defined]


def test_every_step_of_a_good_deployment_is_done_and_every_action_audited(live_stage: Stage) -> None:
    live_stage.aws.calls.clear()
    live_stage.push()
    live_stage.settle()
    assert {step.state for step in live_stage.deployment(2).steps} == {StepState.DONE}
    with live_stage.store.read() as unit:
        entries = unit.audit.page(deployment="dev-2", limit=500).items
    intended = [entry for entry in entries if entry.event == "action.intended"]
    succeeded = [entry for entry in entries if entry.event == "action.succeeded"]
    assert len(intended) == len(succeeded) == 14
    assert len(live_stage.changes()) == 14


def test_a_controller_that_starts_again_goes_on_where_the_other_ended(live_stage: Stage) -> None:
    live_stage.push()
    live_stage.run(lambda: live_stage.passes[-1].reason.code == "slot.warming")
    live_stage.store.close()
    live_stage.start(owner="two")
    live_stage.settle()
    assert live_stage.deployment(2).phase is Phase.SUCCEEDED and live_stage.weights()["/api/*"] == GREEN
