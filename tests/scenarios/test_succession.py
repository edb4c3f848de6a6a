"""What is live follows from what was ordered and merged, in whichever order that came, and never from numbers."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from controller.domain.deployment import Kind, Phase
from controller.domain.orders import OrderKind, OrderState
from sandbox.runtime.scripted import Script
from tests.scenarios.test_strategies import TEXTS
from tests.support.invariants import Watch
from tests.support.stage import Stage

CANARY = TEXTS["canary"]
BAD = Script(status=503)


@pytest.fixture
def watch(stage: Stage) -> Iterator[Watch]:
    """A first version is live; whatever follows breaks no invariant."""
    deploy(stage, "A")
    watch = Watch(stage)
    yield watch
    assert watch.at_rest() == []


def deploy(stage: Stage, content: str, text: str = CANARY, script: Script | None = None) -> None:
    stage.push(text, script, content=content)
    stage.settle()


def until_live(stage: Stage, number: int) -> None:
    stage.run(lambda: stage.environment.live == number)


def until_baking(stage: Stage) -> None:
    stage.run(lambda: stage.passes[-1].reason.code == "bake.running")


def images(stage: Stage, number: int) -> dict[str, str]:
    return dict(stage.deployment(number).revision.images or {})


def live_images(stage: Stage) -> dict[str, str]:
    """Path → image of the task definition that all of its traffic goes to, as AWS has it."""
    found = {}
    for path, shares in stage.weights().items():
        (group,) = (name for name, weight in shares.items() if weight)
        (service,) = stage.look("ecs", "DescribeServices", cluster="captioncraft-dev", services=[group])["services"]
        shown = stage.look("ecs", "DescribeTaskDefinition", taskDefinition=service["taskDefinition"])
        found[path] = shown["taskDefinition"]["containerDefinitions"][0]["image"].partition("/")[2]
    return found


def brings(stage: Stage, number: int) -> bool:
    """Whether everything that is live is of this deployment's images."""
    wanted = images(stage, number)
    return live_images(stage) == {"/api/*": wanted["backend"], "/*": wanted["frontend"]}


def flip(stage: Stage, only: str | None = None) -> None:
    """Somebody sends all of the traffic of the public rules, or of this path's, to the other slot."""
    for rule in stage.aws.traffic.rules(stage.listener):
        paths = [condition.values[0] for condition in rule.conditions if condition.field == "path"]
        if paths and only in {None, paths[0]}:
            groups = [{"TargetGroupArn": each.group_arn, "Weight": 100 - each.weight} for each in rule.action.groups]  # type: ignore[union-attr]
            forward = [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]
            stage.call("elbv2", "ModifyRule", RuleArn=rule.arn, Actions=forward)


def mended_after_a_rollback(stage: Stage) -> None:
    """A is live, a bad version came and was rolled back, and C mended it: it is live as dev-4, over dev-3."""
    deploy(stage, "bad")
    stage.order(OrderKind.ROLLBACK)
    stage.settle()
    stage.order(OrderKind.UNHOLD)
    stage.push(CANARY, content="C")
    until_live(stage, 4)


def test_a_restart_does_not_call_off_the_commit_that_waits_for_its_image(watch: Watch) -> None:
    stage = watch.stage
    commit = stage.push(CANARY, content="B", images=False)
    stage.run(lambda: stage.phase(2) is Phase.WAITING)
    stage.order(OrderKind.DEPLOY, restart=True)
    until_live(stage, 3)
    stage.build(commit, None, "B")
    stage.settle()
    assert stage.environment.live == 2 and brings(stage, 2)


def test_a_restart_restarts_what_is_live_when_it_starts(watch: Watch) -> None:
    stage = watch.stage
    stage.push(CANARY, content="B")
    until_baking(stage)
    stage.order(OrderKind.DEPLOY, restart=True)
    stage.settle()
    assert stage.environment.live == 3 and brings(stage, 2)
    assert stage.deployment(3).revision.commit == stage.deployment(2).revision.commit


def test_a_commit_that_changes_nothing_does_not_call_off_a_restart(watch: Watch) -> None:
    stage = watch.stage
    stage.push(CANARY, content="B")
    until_baking(stage)
    stage.order(OrderKind.DEPLOY, restart=True)
    stage.push(CANARY, content="B")
    stage.settle()
    assert stage.phase(4) is Phase.SUCCEEDED and stage.deployment(4).restart
    assert stage.phase(3) is Phase.SUCCEEDED and brings(stage, 2)


def test_a_second_restart_is_refused_while_one_waits(watch: Watch) -> None:
    stage = watch.stage
    stage.push(CANARY, content="B")
    until_baking(stage)
    stage.order(OrderKind.DEPLOY, restart=True)
    assert stage.refused(OrderKind.DEPLOY, restart=True) == "dev-3 is about to restart it already"
    stage.settle()


def test_a_restart_passes_a_hold_and_releases_nothing(watch: Watch) -> None:
    stage = watch.stage
    deploy(stage, "bad", script=BAD)
    held = stage.environment.hold
    assert held is not None
    stage.order(OrderKind.DEPLOY, restart=True)
    stage.settle()
    assert stage.phase(3) is Phase.SUCCEEDED and stage.environment.hold == held and brings(stage, 1)


def test_a_restart_that_fails_does_not_quarantine_what_is_live(watch: Watch) -> None:
    stage = watch.stage
    for image in images(stage, 1).values():
        stage.runtime.script(image.partition("@")[2], BAD)
    stage.order(OrderKind.DEPLOY, restart=True)
    stage.settle()
    assert stage.phase(2) is Phase.ROLLED_BACK and stage.environment.quarantines == ()


def test_an_order_for_an_older_commit_is_not_said_to_contain_the_newer_one(watch: Watch) -> None:
    stage = watch.stage
    stage.push(CANARY, content="B")
    until_baking(stage)
    stage.push(CANARY, content="C")
    stage.run(lambda: stage.phase(3) is Phase.WAITING)
    stage.order(OrderKind.DEPLOY, ref=stage.repository.commits[0][0].sha)
    stage.settle()
    assert stage.phase(3) is Phase.SUPERSEDED
    assert stage.deployment(3).reason.text == "dev-4 was asked for after it: ada ordered it: because"
    assert brings(stage, 1)


def test_a_merge_that_starts_after_a_rollback_is_not_taken_for_somebodys_hand(watch: Watch) -> None:
    """Its number is the lower one; the rollback's record is closed all the same."""
    stage = watch.stage
    deploy(stage, "B")
    deploy(stage, "C")
    commit = stage.push(CANARY, content="D", images=False)
    stage.run(lambda: stage.phase(4) is Phase.WAITING)
    stage.order(OrderKind.ROLLBACK)
    until_live(stage, 5)
    stage.build(commit, None, "D")
    stage.order(OrderKind.UNHOLD)
    stage.settle()
    assert stage.environment.live == 4 and brings(stage, 4)
    assert stage.environment.hold is None and stage.phase(6) is None


def test_a_flip_back_over_a_restart_keeps_the_version_that_was_restarted(watch: Watch) -> None:
    stage = watch.stage
    deploy(stage, "B")
    stage.order(OrderKind.DEPLOY, restart=True)
    until_live(stage, 3)
    flip(stage)
    stage.settle()
    assert brings(stage, 2) and stage.environment.hold is not None
    assert stage.environment.quarantines == (), "the same content went and came"


def test_a_flip_back_brings_what_the_flipped_slots_hold(watch: Watch) -> None:
    stage = watch.stage
    mended_after_a_rollback(stage)
    flip(stage)
    stage.settle()
    adopted = stage.deployment(5)
    assert (adopted.kind, adopted.back_to, adopted.phase) == (Kind.ROLLBACK, "dev-3", Phase.SUCCEEDED)
    assert brings(stage, 1)


def test_a_flip_of_one_service_past_what_moved_last_moves_no_other(watch: Watch) -> None:
    stage = watch.stage
    stage.push(CANARY, content="B")
    until_live(stage, 2)
    stage.push(CANARY.replace("port: 8080", "port: 8080\n    env: {COLOUR: blue}"), content="B")
    until_live(stage, 3)
    before = stage.weights()["/*"]
    flip(stage, only="/api/*")
    end = stage.time.now() + timedelta(minutes=20)
    stage.run(lambda: stage.time.now() > end)
    assert stage.weights()["/*"] == before and stage.phase(4) is None
    assert len(stage.passes) < 2000, "and nobody looks without end"
    flip(stage, only="/api/*")
    stage.settle()


def test_going_back_after_a_rollback_and_a_fix_does_not_bring_the_bad_version(watch: Watch) -> None:
    stage = watch.stage
    mended_after_a_rollback(stage)
    stage.order(OrderKind.ROLLBACK)
    stage.settle()
    assert stage.environment.live == 5 and brings(stage, 1)


def test_there_is_a_version_to_go_back_to_however_many_commits_changed_nothing(watch: Watch) -> None:
    stage = watch.stage
    deploy(stage, "B")
    for number in range(3, 63):
        stage.push(CANARY, content="B")
        until_live(stage, number)
    ordered = stage.order(OrderKind.ROLLBACK)
    stage.settle()
    assert stage.left(ordered).state is OrderState.DONE and brings(stage, 1)


def test_a_released_environment_does_not_get_what_the_branch_has_dropped(watch: Watch) -> None:
    stage = watch.stage
    deploy(stage, "bad", script=BAD)
    stage.push(CANARY, content="C", rewrite=True)
    stage.settle()
    stage.order(OrderKind.UNHOLD)
    stage.settle()
    assert stage.environment.live == 1 and stage.phase(3) is None


def test_what_waits_and_was_dropped_from_the_branch_does_not_start(watch: Watch) -> None:
    stage = watch.stage
    dropped = stage.push(CANARY, content="B", images=False)
    stage.run(lambda: stage.phase(2) is Phase.WAITING)
    stage.push(CANARY, content="C", rewrite=True)
    stage.run(lambda: stage.environment.problem is not None)
    stage.build(dropped, None, "B")
    end = stage.time.now() + timedelta(minutes=20)
    stage.run(lambda: stage.time.now() > end)
    assert (stage.phase(2), stage.deployment(2).reason.code) == (Phase.WAITING, "source.history_rewritten")
    stage.order(OrderKind.DEPLOY)
    stage.settle()
    assert stage.phase(2) is Phase.SUPERSEDED and stage.environment.live == 3 and brings(stage, 3)


def test_unhold_tries_the_commit_before_those_that_change_nothing(watch: Watch) -> None:
    stage = watch.stage
    text = CANARY.replace("strategy:", 'paths: {ignore: ["README*"]}\nstrategy:')
    deploy(stage, "B", text)
    deploy(stage, "C", text, script=BAD)
    for image in images(stage, 3).values():
        stage.runtime.script(image.partition("@")[2], Script())
    stage.repository.push({"README.md": "x"})
    stage.wake()
    stage.settle()
    stage.order(OrderKind.UNHOLD)
    stage.settle()
    assert stage.phase(4) is Phase.SUCCEEDED and brings(stage, 3)


def test_unhold_while_a_fix_runs_makes_no_second_one(watch: Watch) -> None:
    stage = watch.stage
    text = CANARY.replace("hold: person", "hold: next_commit")
    deploy(stage, "bad", text, script=BAD)
    stage.push(text, content="C")
    until_baking(stage)
    stage.order(OrderKind.UNHOLD)
    stage.order(OrderKind.ABORT, "dev-3")
    stage.settle()
    assert stage.environment.live == 1 and stage.phase(4) is None
