"""Services that are renamed, and back: whoever the file names answers, and who is left is shown until it is pruned."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from controller.domain.deployment import Phase
from controller.domain.explaining import explain
from controller.domain.orders import OrderKind, OrderState
from controller.domain.overview import Overview
from controller.domain.slot import Slot
from controller.domain.step import StepKind
from sandbox.runtime.scripted import Script
from sandbox.world.faults import Fault
from sandbox.world.view import Forward
from tests.support.builders import FILE
from tests.support.invariants import Watch
from tests.support.stage import Stage

CANARY = FILE.replace(
    "{type: rolling}", "{type: canary, steps: [{weight: 10, bake: 1m}, {weight: 50, bake: 1m}, {weight: 100}]}"
).replace("{hold: next_commit}", "{hold: person, keep_warm: 10m}")
RENAMED = CANARY.replace("  frontend:\n", "  web:\n")
WIDER = RENAMED.replace("path: /*", 'path: ["/*", "/news/*"]')
BACKEND_ONLY = CANARY.replace("verify: [{path: /ready, within: 5s}]\n", "").split("  frontend:\n")[0]


@pytest.fixture
def renamed(stage: Stage) -> Iterator[Stage]:
    """The second version calls the frontend `web`, and is live; whatever follows breaks no invariant, and `/` is
    answered at every moment."""
    stage.push(CANARY, content="first")
    stage.settle()
    watch = Watch(stage)
    stage.push(RENAMED, content="second")
    stage.run(lambda: stage.environment.live == 2)
    yield stage
    assert watch.at_rest() == []


def answering(stage: Stage, path: str = "/*") -> str:
    """The slot that gets the requests for this path: of the first rule that asks for it."""
    rules = sorted(stage.aws.traffic.rules(stage.listener), key=lambda rule: int(rule.priority or 0))
    first = next(rule for rule in rules if any(path in one.values for one in rule.conditions))
    assert isinstance(first.action, Forward)
    group = stage.aws.traffic.group(next(one.group_arn for one in first.action.groups if one.weight))
    assert group is not None
    return group.name.removeprefix("captioncraft-dev-")


def priorities(stage: Stage) -> dict[int, str]:
    """The numbers of the rules, with their ARNs."""
    return {rule.priority: rule.arn for rule in stage.aws.traffic.rules(stage.listener) if rule.priority}


def put_back(stage: Stage, numbers: dict[int, str]) -> None:
    wanted = [{"RuleArn": arn, "Priority": priority} for priority, arn in numbers.items()]
    stage.call("elbv2", "SetRulePriorities", RulePriorities=wanted)


def without_a_gap(stage: Stage, until: Callable[[], bool]) -> None:
    end = stage.time.now() + timedelta(hours=1)
    while not until():
        assert stage.time.now() < end, stage.passes[-1]
        stage.step()
        assert stage.probe.get("/") == 200


def overview(stage: Stage) -> Overview:
    with stage.store.read() as unit:
        environment, live = unit.environments.get("dev"), unit.deployments.live("dev")
        return Overview(environment, live, tuple(unit.deployments.open("dev")), unit.sightings.get("dev"), None)


def outcome(stage: Stage, order: int) -> tuple[OrderState, str]:
    with stage.store.read() as unit:
        found = unit.orders.get(order)
    assert found is not None
    return found.state, found.outcome


def succeeded(stage: Stage, number: int) -> Callable[[], bool]:
    return lambda: stage.phase(number) is Phase.SUCCEEDED


@pytest.mark.parametrize("late", [False, True], ids=["warm", "cold"])
def test_a_rollback_gives_the_requests_back_to_the_old_name(renamed: Stage, late: bool) -> None:
    if late:
        renamed.settle()
    assert answering(renamed) == "web-blue"
    renamed.order(OrderKind.ROLLBACK)
    without_a_gap(renamed, succeeded(renamed, 3))
    assert answering(renamed) == "frontend-blue" and renamed.environment.live == 3
    assert [step.services for step in renamed.deployment(3).steps if step.kind is StepKind.ROUTE] == [("frontend",)]
    assert renamed.deployment(3).reason.text == (
        "the earlier version is live again; web is no longer named and stays until it is pruned"
    )


def test_a_revert_gives_the_requests_back_although_its_own_content_is_live(renamed: Stage) -> None:
    renamed.push(CANARY, content="first")
    without_a_gap(renamed, succeeded(renamed, 3))
    assert answering(renamed) == "frontend-blue"


def test_what_comes_back_under_its_old_name_gets_the_requests_when_all_of_it_is_healthy(renamed: Stage) -> None:
    """Nobody asks the old rule, so there is nothing to share, and nothing to bake before."""
    renamed.push(CANARY.replace("{weight: 100}", "{weight: 100, bake: 1m}"), content="third")
    without_a_gap(renamed, succeeded(renamed, 3))
    assert answering(renamed) == "frontend-green" and renamed.environment.live == 3
    titles = [step.title for step in renamed.deployment(3).steps]
    assert titles[titles.index("shift 100") :][:3] == ["shift 100", "route", "bake 1m"]


def test_a_new_version_under_the_old_name_that_fails_leaves_the_requests_where_they_were(renamed: Stage) -> None:
    renamed.settle()
    renamed.push(CANARY, content="third")
    renamed.run(lambda: renamed.phase(3) is Phase.RUNNING and renamed.deployment(3).did("SetRoute", "frontend"))
    assert answering(renamed) == "frontend-green"
    renamed.order(OrderKind.ABORT, "dev-3")
    without_a_gap(renamed, lambda: renamed.deployment(3).is_final)
    assert renamed.phase(3) is Phase.ABORTED and answering(renamed) == "web-blue"


def test_to_and_fro_needs_no_more_numbers(renamed: Stage) -> None:
    renamed.settle()
    numbers = set(priorities(renamed))
    for number in range(3, 9):
        renamed.push(CANARY if number % 2 else RENAMED, content="first" if number % 2 else "second")
        without_a_gap(renamed, succeeded(renamed, number))
        assert answering(renamed) == ("frontend-blue" if number % 2 else "web-blue")
        renamed.settle()
    assert set(priorities(renamed)) == numbers


def test_a_rename_that_takes_another_path_along_is_undone_as_well(stage: Stage) -> None:
    stage.push(CANARY, content="first")
    stage.settle()
    stage.push(WIDER, content="second")
    stage.settle()
    assert answering(stage) == "web-blue"
    stage.order(OrderKind.ROLLBACK)
    without_a_gap(stage, succeeded(stage, 3))
    assert answering(stage) == "frontend-blue"


def test_who_was_scaled_down_by_hand_has_its_tasks_before_the_requests(stage: Stage) -> None:
    stage.push(CANARY, content="first")
    stage.settle()
    stage.push(RENAMED, content="second")
    stage.settle()
    orphan = "captioncraft-dev-frontend-blue"
    stage.call("ecs", "UpdateService", cluster="captioncraft-dev", service=orphan, desiredCount=0)
    stage.order(OrderKind.ROLLBACK)
    without_a_gap(stage, succeeded(stage, 3))
    kinds = [step.kind for step in stage.deployment(3).steps]
    assert kinds.index(StepKind.ADJUST) < kinds.index(StepKind.ROUTE) and answering(stage) == "frontend-blue"


def test_it_does_not_settle_while_another_rule_of_ours_gets_the_requests(renamed: Stage) -> None:
    """Somebody puts the orphan's rule before the service's own while that bakes, and takes it away again."""
    renamed.settle()
    before = priorities(renamed)
    renamed.push(CANARY.replace("{weight: 100}", "{weight: 100, bake: 1m}"), content="third")
    renamed.run(lambda: renamed.phase(3) is Phase.RUNNING and renamed.deployment(3).did("SetRoute", "frontend"))
    renamed.run(lambda: renamed.passes[-1].reason.code == "bake.running")
    taken_over = priorities(renamed)
    put_back(renamed, before)
    renamed.run(lambda: renamed.deployment(3).pause is not None)
    assert renamed.deployment(3).pause.reason.code == "traffic.behind_orphan"
    put_back(renamed, taken_over)
    renamed.order(OrderKind.RESUME, "dev-3")
    without_a_gap(renamed, succeeded(renamed, 3))
    assert answering(renamed) == "frontend-green"


def test_the_one_that_is_left_is_named_and_shown_while_the_new_one_is_warm(renamed: Stage) -> None:
    assert renamed.deployment(2).reason.text == (
        "the new version is live; frontend is no longer named and stays until it is pruned"
    )
    renamed.run(lambda: bool(overview(renamed).orphans), timedelta(seconds=15))
    assert overview(renamed).orphans == ("frontend",)
    renamed.order(OrderKind.ROLLBACK)
    renamed.run(succeeded(renamed, 3))
    renamed.run(lambda: overview(renamed).orphans == ("web",), timedelta(seconds=15))


def test_removing_a_service_says_that_it_stays(stage: Stage) -> None:
    stage.push(CANARY, content="first")
    stage.settle()
    stage.push(BACKEND_ONLY, content="first")
    stage.settle()
    left = "frontend is no longer named and stays until it is pruned"
    assert stage.deployment(2).reason.text == f"what is live already is what this commit asks for; {left}"
    assert explain(overview(stage)).text.endswith(f"and nothing else is asked for; {left}")


def test_what_waits_to_rename_hides_neither_what_is_live_nor_what_was_left(renamed: Stage) -> None:
    renamed.settle()
    renamed.push(CANARY, content="third", images=False)
    renamed.run(lambda: renamed.phase(3) is Phase.WAITING)
    renamed.run(lambda: renamed.passes[-1].reason.code != "deployment.new")
    assert [state.name for state in overview(renamed).services] == ["backend", "web"]
    assert overview(renamed).orphans == ("frontend",)


def test_a_canary_shows_the_slot_that_was_live(renamed: Stage) -> None:
    renamed.settle()
    renamed.push(RENAMED, content="third")
    renamed.run(lambda: renamed.passes[-1].reason.code == "bake.running")
    assert {state.name: state.live for state in overview(renamed).services} == {
        "backend": Slot.GREEN,
        "web": Slot.BLUE,
    }


def test_what_was_never_there_is_not_removed_and_what_is_there_is_named(renamed: Stage) -> None:
    order = renamed.order(OrderKind.PRUNE, service="fronted")
    renamed.settle()
    assert outcome(renamed, order) == (
        OrderState.REFUSED,
        "nothing of fronted is there; services that are, and that the live file does not name: frontend",
    )
    assert renamed.phase(3) is None


def test_what_was_removed_is_not_removed_again(renamed: Stage) -> None:
    renamed.settle()
    renamed.order(OrderKind.PRUNE, service="frontend")
    renamed.settle()
    assert renamed.phase(3) is Phase.SUCCEEDED
    order = renamed.order(OrderKind.PRUNE, service="frontend")
    renamed.settle()
    assert outcome(renamed, order)[0] is OrderState.REFUSED and outcome(renamed, order)[1].endswith(": none")


def test_target_groups_alone_are_something_to_remove(renamed: Stage) -> None:
    """As a removal leaves them that was aborted near its end: no rule and no ECS service is there any more."""
    renamed.settle()
    renamed.order(OrderKind.PRUNE, service="frontend")
    renamed.run(lambda: renamed.phase(3) is Phase.RUNNING)
    renamed.aws.faults.add(Fault(kind="server_error", operation="DeleteTargetGroup"))
    renamed.run(lambda: renamed.deployment(3).step is not None and renamed.deployment(3).step.kind is StepKind.DELETE)
    renamed.order(OrderKind.ABORT, "dev-3")
    renamed.settle()
    renamed.aws.faults.clear()
    again = renamed.order(OrderKind.PRUNE, service="frontend")
    renamed.settle()
    assert outcome(renamed, again)[0] is OrderState.DONE and renamed.phase(4) is Phase.SUCCEEDED


def test_a_failing_new_name_gives_way_to_the_old_one(renamed: Stage) -> None:
    renamed.settle()
    renamed.push(CANARY.replace("  frontend:\n", "  site:\n"), Script(status=503), content="third")
    without_a_gap(renamed, lambda: renamed.phase(3) is not None and renamed.deployment(3).is_final)
    assert renamed.phase(3) is Phase.ROLLED_BACK and answering(renamed) == "web-blue"
