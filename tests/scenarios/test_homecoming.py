"""The way home where something is in its way: old slots without tasks, deleted rules, changed counts, leftovers."""

from datetime import timedelta

import pytest

from controller.domain.deployment import Deployment, Phase
from controller.domain.environment import HoldUntil
from controller.domain.explaining import explain
from controller.domain.orders import OrderKind, OrderState
from controller.domain.step import StepKind, StepState
from sandbox.runtime.scripted import Script
from sandbox.world.ports import TaskLaunch
from tests.support.builders import FILE
from tests.support.invariants import Watch
from tests.support.stage import Stage

CANARY = FILE.replace(
    "{type: rolling}", "{type: canary, steps: [{weight: 10, bake: 1m}, {weight: 50, bake: 1m}, {weight: 100}]}"
).replace("{hold: next_commit}", "{hold: next_commit, keep_warm: 10m}")
UNCHECKED = CANARY.replace("verify: [{path: /ready, within: 5s}]\n", "")
FOUR = UNCHECKED.replace("count: 2", "count: 4")
BACKEND, FRONTEND = "/api/*", "/*"


def deploy(stage: Stage, content: str, text: str = CANARY) -> Watch:
    """It is live, and everything from now on is watched."""
    stage.push(text, content=content)
    stage.settle()
    return Watch(stage)


def baking(stage: Stage, share: int = 50) -> Watch:
    """The second version bakes with so many percent of the traffic."""
    watch = deploy(stage, "first")
    stage.push(CANARY, content="second")
    stage.run(lambda: on_green(stage, BACKEND) == share and stage.passes[-1].reason.code == "bake.running")
    return watch


def on_green(stage: Stage, path: str) -> int:
    return share(stage, path, "green")


def share(stage: Stage, path: str, slot: str) -> int:
    name = "backend" if path == BACKEND else "frontend"
    return stage.weights()[path][f"captioncraft-dev-{name}-{slot}"]


def scale(stage: Stage, name: str, count: int) -> None:
    """Somebody does so in the console."""
    stage.call(
        "ecs", "UpdateService", cluster="captioncraft-dev", service=f"captioncraft-dev-{name}", desiredCount=count
    )


def delete_rule(stage: Stage, path: str) -> None:
    """Somebody does so in the console."""
    rules = stage.aws.traffic.rules(stage.listener)
    [arn] = [rule.arn for rule in rules if [condition.values for condition in rule.conditions] == [(path,)]]
    stage.call("elbv2", "DeleteRule", RuleArn=arn)


def pass_time(stage: Stage, **span: float) -> None:
    end = stage.time.now() + timedelta(**span)
    stage.run(lambda: stage.time.now() >= end, timedelta(days=3))


CRASHES, STARTS_LONG = Script(ends_after_seconds=0.1), Script(start_seconds=1200)


def crash(stage: Stage, number: int, service: str, keep: int, then: Script | None = None) -> None:
    """The service's tasks of this deployment crash, but for so many; what replaces them does as `then` says."""
    image = stage.deployment(number).revision.images[service]
    if then is not None:
        stage.runtime.script(f"captioncraft-{service}", then)
    running = [one for one in stage.runtime.running if ran_by(one) == image]
    for launch in running[keep:]:
        stage.runtime.kill(launch.task_id)


def ran_by(launch: TaskLaunch) -> str:
    return f"{launch.containers[0].repository}@{launch.containers[0].digest}"


def told(stage: Stage, number: int) -> dict[str, StepState]:
    return {step.title: step.state for step in stage.deployment(number).steps}


# ---------------------------------------------------------------- old slots without a healthy target


def test_an_old_slot_that_somebody_emptied_gets_its_tasks_again_and_nobody_waits_for_it(stage: Stage) -> None:
    watch = baking(stage)
    scale(stage, "frontend-blue", 0)
    pass_time(stage, seconds=20)
    stage.order(OrderKind.ABORT, "dev-2")
    stage.run(lambda: share(stage, BACKEND, "blue") == 100)
    assert share(stage, FRONTEND, "blue") == 50
    stage.settle()
    assert stage.phase(2) is Phase.ABORTED and share(stage, FRONTEND, "blue") == 100
    assert stage.tasks() == 4 and watch.at_rest() == []


def no_way_home(stage: Stage) -> Deployment:
    """The frontend's old tasks don't stay up any more, and a person wants it home."""
    baking(stage)
    crash(stage, 1, "frontend", keep=0, then=CRASHES)
    pass_time(stage, seconds=20)
    stage.order(OrderKind.ABORT, "dev-2")
    pass_time(stage, minutes=10)
    return stage.deployment(2)


def test_a_way_home_that_is_stuck_says_so_and_how_it_ends(stage: Stage) -> None:
    stuck = no_way_home(stage)
    assert stuck.phase is Phase.ROLLING_BACK and share(stage, BACKEND, "blue") == 100
    assert share(stage, FRONTEND, "blue") == 50, "the new version may be the only healthy one"
    with stage.store.read() as unit:
        shown = explain(unit.overviews.of("dev"))
    assert shown.code == "home.no_healthy_target" and "`tidegate abort dev-2`" in shown.text
    assert "a person: `tidegate abort dev`" in shown.clears


def test_a_way_home_that_is_stuck_is_ended_by_an_abort(stage: Stage) -> None:
    no_way_home(stage)
    order = stage.order(OrderKind.ABORT, "dev-2")
    stage.settle()
    with stage.store.read() as unit:
        answered = unit.orders.get(order)
    assert answered is not None and answered.state is OrderState.DONE
    assert stage.phase(2) is Phase.ABORTED and share(stage, FRONTEND, "blue") == 50
    assert stage.environment.hold is not None and stage.environment.hold.until is HoldUntil.PERSON
    assert told(stage, 2)["home"] is StepState.FAILED


# ---------------------------------------------------------------- rules that somebody deleted


@pytest.mark.parametrize("path", [BACKEND, FRONTEND])
def test_a_rule_that_somebody_deleted_in_a_bake_comes_back_with_the_way_home(stage: Stage, path: str) -> None:
    watch = baking(stage, 10)
    delete_rule(stage, path)
    pass_time(stage, minutes=1)
    assert "found no rule instead of blue 90, green 10" in stage.deployment(2).pause.reason.text
    stage.order(OrderKind.ABORT, "dev-2")
    stage.settle()
    assert stage.phase(2) is Phase.ABORTED and share(stage, path, "blue") == 100
    assert stage.probe.get("/api/ready") == stage.probe.get("/") == 200
    assert watch.at_rest() == []


# ---------------------------------------------------------------- counts


def test_counts_that_were_changed_are_changed_back(stage: Stage) -> None:
    watch = deploy(stage, "first", FOUR)
    stage.push(FOUR.replace("count: 4", "count: 1"), content="first")
    stage.run(lambda: bool(stage.phase(2)) and stage.deployment(2).did("SetCount", "backend"))
    stage.order(OrderKind.ABORT, "dev-2")
    stage.settle()
    assert stage.phase(2) is Phase.ABORTED and told(stage, 2)["regrow"] is StepState.DONE
    assert stage.tasks() == 8 and watch.at_rest() == []


def test_the_count_of_a_service_that_does_not_roll_is_changed_back_too(stage: Stage) -> None:
    watch = deploy(stage, "first", FOUR)
    backend, frontend = FOUR.split("  frontend:")
    changed = (
        backend.replace("port: 8000", "port: 8000\n    env: {X: y}") + "  frontend:" + frontend.replace("4", "1", 1)
    )
    assert "count: 1" in changed
    stage.push(changed, content="first")
    stage.run(lambda: bool(stage.phase(2)) and stage.deployment(2).did("SetCount", "frontend"))
    stage.order(OrderKind.ABORT, "dev-2")
    stage.settle()
    assert stage.phase(2) is Phase.ABORTED and stage.tasks() == 8 and watch.at_rest() == []


# ---------------------------------------------------------------- too few healthy targets


LAST_BAKE = FOUR.replace("{weight: 100}", "{weight: 100, bake: 5m}")


def in_the_last_bake(stage: Stage) -> Watch:
    watch = deploy(stage, "first", LAST_BAKE)
    stage.push(LAST_BAKE, content="second")
    stage.run(lambda: on_green(stage, BACKEND) == 100 and stage.passes[-1].reason.code == "bake.running")
    return watch


def test_a_bake_in_which_most_tasks_crash_again_and_again_turns_back(stage: Stage) -> None:
    watch = in_the_last_bake(stage)
    crash(stage, 2, "backend", keep=1, then=CRASHES)
    pass_time(stage, seconds=20)
    assert stage.deployment(2).reason.code == "tasks.crash_loop"
    assert "of backend have stopped by themselves since it got traffic" in stage.deployment(2).reason.text
    stage.settle()
    assert stage.phase(2) is Phase.ROLLED_BACK and stage.environment.quarantines
    assert share(stage, BACKEND, "blue") == 100 and watch.at_rest() == []


def test_a_bake_in_which_most_tasks_are_not_replaced_in_time_turns_back(stage: Stage) -> None:
    in_the_last_bake(stage)
    crash(stage, 2, "backend", keep=1, then=STARTS_LONG)
    pass_time(stage, seconds=20)
    assert "1 of 4 targets are healthy" in stage.deployment(2).step.detail
    stage.settle()
    assert stage.phase(2) is Phase.ROLLED_BACK and stage.deployment(2).reason.code == "targets.too_few"
    assert share(stage, BACKEND, "blue") == 100


def test_a_promotion_does_not_end_a_bake_with_too_few_tasks(stage: Stage) -> None:
    in_the_last_bake(stage)
    crash(stage, 2, "backend", keep=1, then=STARTS_LONG)
    pass_time(stage, seconds=20)
    stage.order(OrderKind.PROMOTE, "dev-2")
    stage.settle()
    assert stage.phase(2) is Phase.ROLLED_BACK


@pytest.mark.parametrize("keep", [3, 1])
def test_tasks_that_are_replaced_in_time_turn_nothing_back(stage: Stage, keep: int) -> None:
    watch = in_the_last_bake(stage)
    crash(stage, 2, "backend", keep)
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED and watch.at_rest() == []


# ---------------------------------------------------------------- what a removal left


def half_removed(stage: Stage) -> Watch:
    """No rule leads to the frontend any more, and its tasks still run: somebody aborted its removal."""
    deploy(stage, "first", UNCHECKED)
    watch = deploy(stage, "second", UNCHECKED.split("  frontend:")[0])
    stage.order(OrderKind.PRUNE, service="frontend")
    stage.run(lambda: stage.phase(3) is Phase.RUNNING and stage.deployment(3).step.kind is StepKind.DRAIN)
    stage.order(OrderKind.ABORT, "dev-3")
    stage.settle()
    assert FRONTEND not in stage.weights() and stage.tasks() == 4
    return watch


def test_a_removal_that_was_aborted_is_in_no_rollback_s_way(stage: Stage) -> None:
    watch = half_removed(stage)
    stage.order(OrderKind.ROLLBACK)
    stage.settle()
    assert stage.phase(4) is Phase.SUCCEEDED and stage.probe.get("/") == stage.probe.get("/api/ready") == 200
    assert stage.tasks() == 4 and watch.at_rest() == []


def test_a_service_whose_removal_was_aborted_can_be_named_again(stage: Stage) -> None:
    watch = half_removed(stage)
    stage.push(UNCHECKED, content="third")
    stage.settle()
    assert stage.phase(4) is Phase.SUCCEEDED and stage.probe.get("/") == 200
    assert stage.tasks() == 4 and watch.at_rest() == []


# ---------------------------------------------------------------- what is told


def test_a_shift_that_stopped_halfway_is_the_step_that_failed(stage: Stage) -> None:
    watch = deploy(stage, "first", FOUR)
    stage.push(FOUR, content="second")
    stage.run(lambda: bool(stage.phase(2)) and stage.deployment(2).did("SetWeights", "backend"))
    assert told(stage, 2)["shift 10"] is StepState.RUNNING
    stage.order(OrderKind.ABORT, "dev-2")
    stage.settle()
    assert told(stage, 2)["shift 10"] is StepState.FAILED and told(stage, 2)["bake 1m"] is StepState.SKIPPED
    assert watch.at_rest() == []
