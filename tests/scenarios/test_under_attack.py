"""Old pictures, silent neighbours and other people's hands, told as stories; each is watched for every invariant."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.domain.checks import CheckAnswer, HttpCheck
from controller.domain.deployment import FINAL, Phase
from controller.domain.errors import Transient
from controller.domain.orders import OrderKind
from controller.domain.revision import Commit
from controller.domain.step import StepKind
from controller.loop.reconcile import Reconciler
from sandbox.runtime.scripted import Script
from sandbox.world.faults import Fault
from sandbox.world.world import Outcome
from tests.support.builders import FILE
from tests.support.invariants import Watch
from tests.support.stage import PACE, Stage

BLUE, GREEN = "captioncraft-dev-backend-blue", "captioncraft-dev-backend-green"
BAKED = FILE.replace("{type: rolling}", "{type: blue_green, bake: 1m}").replace(
    "{hold: next_commit}", "{hold: person, keep_warm: 2m}"
)
WORKER = FILE.replace("verify: [{path: /ready, within: 5s}]\n", "").split("  frontend:")[0] + (
    "  worker:\n"
    '    image: {repository: captioncraft-frontend, tag: "{branch}-{sha}"}\n'
    "    task: {cpu: 256, memory: 512}\n"
    "    count: 2\n"
)


@pytest.fixture
def watch(stage: Stage) -> Watch:
    """A first version is live, and everything from now on is watched."""
    stage.push(BAKED, content="first")
    stage.settle()
    return Watch(stage)


def baking(watch: Watch, **how: Any) -> Stage:
    """The second version has all of the traffic, and bakes."""
    stage = watch.stage
    stage.push(BAKED, content="second", **how)
    stage.run(lambda: stage.passes[-1].reason.code == "bake.running")
    assert stage.weights()["/api/*"][GREEN] == 100
    return stage


def pass_time(stage: Stage, **span: float) -> None:
    end = stage.time.now() + timedelta(**span)
    stage.run(lambda: stage.time.now() >= end, timedelta(days=3))


def over(stage: Stage, number: int, limit: timedelta = timedelta(minutes=15)) -> Phase:
    """The phase that it has when it is over; what it has by then when it never is."""
    end = stage.time.now() + limit
    stage.run(lambda: stage.phase(number) in FINAL or stage.time.now() >= end, timedelta(days=3))
    return stage.deployment(number).phase


def by_hand(stage: Stage, actions: list[dict[str, Any]] | None = None) -> None:
    """Somebody changes every public rule: to `actions`, or to the mirror image of its weights."""
    for rule in stage.aws.traffic.rules(stage.listener):
        if not rule.priority or any(condition.field != "path" for condition in rule.conditions):
            continue
        mirrored = [{"TargetGroupArn": one.group_arn, "Weight": 100 - one.weight} for one in rule.action.groups]
        forward = [{"Type": "forward", "ForwardConfig": {"TargetGroups": mirrored}}]
        stage.call("elbv2", "ModifyRule", RuleArn=rule.arn, Actions=actions or forward)


@pytest.mark.parametrize("operation", ["DescribeRules", "DescribeTags", "DescribeServices", "DescribeTargetGroups"])
@pytest.mark.parametrize("times", [1, 3])
def test_a_read_that_misses_what_is_live_takes_no_traffic_away(watch: Watch, operation: str, times: int) -> None:
    stage = watch.stage
    stage.start_over()
    stage.aws.faults.add(Fault(kind="missing", operation=operation, times=times))
    stage.push(BAKED, content="second")
    pass_time(stage, minutes=6)
    assert watch.at_rest() == []
    assert stage.probe.get("/api/health") == 200 and stage.probe.get("/health") == 200


def test_rules_whose_tags_are_not_shown_once_are_not_taken_for_absent(watch: Watch) -> None:
    stage = watch.stage
    stage.start_over()
    stage.aws.perform = without_tags_once(stage, "listener-rule")  # type: ignore[method-assign]
    stage.push(BAKED, content="second")
    pass_time(stage, minutes=6)
    assert watch.at_rest() == [] and stage.probe.get("/api/health") == 200


def without_tags_once(stage: Stage, about: str) -> Any:
    """The first answer about such things comes without their tags, as they may while those have not arrived."""
    perform, seen = stage.aws.perform, []

    def answer(service: str, operation: str, parameters: Any, *others: Any, **named: Any) -> Outcome:
        outcome = perform(service, operation, parameters, *others, **named)
        is_tags = operation in {"DescribeTags", "DescribeTaskDefinition"} and about in json.dumps(parameters)
        if not is_tags or seen or outcome.answer is None:
            return outcome
        seen.append(operation)
        bare = [{**each, "Tags": []} for each in outcome.answer.get("TagDescriptions", [])]
        without: dict[str, Any] = {"TagDescriptions": bare} if bare else {"tags": []}
        return replace(outcome, answer={**outcome.answer, **without})

    return answer


def test_a_task_definition_whose_tags_come_late_does_not_set_a_slot_swinging(watch: Watch) -> None:
    stage = watch.stage
    stage.aws.perform = without_tags_once(stage, "captioncraft-dev-backend:2")  # type: ignore[method-assign]
    stage.push(BAKED, content="second")
    stage.settle()
    assert stage.deployment(2).phase is Phase.SUCCEEDED and watch.at_rest() == []


@pytest.mark.parametrize("seconds", [5, 20])
def test_an_old_picture_of_the_rules_does_not_end_the_way_home(watch: Watch, seconds: float) -> None:
    stage = watch.stage
    remembering = stage.aws.faults.add(Fault(kind="stale", operation="Nothing"))
    stage.push(BAKED, content="second")
    stage.run(lambda: stage.weights()["/*"]["captioncraft-dev-frontend-green"] == 100)
    stage.order(OrderKind.ABORT, "dev-2")
    stage.aws.faults.add(Fault(kind="stale", operation="DescribeRules", seconds=seconds, times=2))
    assert over(stage, 2) is Phase.ABORTED and stage.weights()["/api/*"][BLUE] == 100
    stage.aws.faults.remove(remembering)
    assert watch.at_rest() == []


@pytest.mark.parametrize("times", [1, 2])
def test_a_slot_that_one_look_does_not_show_is_not_taken_for_empty(watch: Watch, times: int) -> None:
    stage = watch.stage
    stage.push(BAKED, Script(status=503), content="second")
    stage.run(lambda: stage.phase(2) is Phase.ROLLING_BACK and stage.deployment(2).step.kind is StepKind.RETIRE)
    pass_time(stage, seconds=4)
    stage.aws.faults.add(Fault(kind="missing", operation="DescribeServices", times=times))
    over(stage, 2)
    stage.settle()
    assert watch.at_rest() == []


class SilentSource:
    """GitHub is down."""

    def head(self, repository: str, branch: str) -> Commit | None:
        raise Transient(f"reading {repository} {branch}: no answer")

    read = compare = head  # type: ignore[assignment]


def test_a_silent_github_does_not_keep_a_deployment_from_turning_back(watch: Watch) -> None:
    stage = baking(watch)
    stage.world = replace(stage.world, source=SilentSource())  # type: ignore[arg-type]
    stage.reconciler = Reconciler(stage.world, "one", PACE)
    stage.wake()
    stage.order(OrderKind.ABORT, "dev-2")
    assert over(stage, 2) is Phase.ABORTED and stage.weights()["/api/*"][BLUE] == 100


def test_a_commit_whose_repository_is_missing_does_not_stop_the_one_before_it(watch: Watch) -> None:
    stage = baking(watch)
    stage.push(BAKED.replace("repository: captioncraft-backend", "repository: captioncraft-backnd"), content="third")
    stage.order(OrderKind.ABORT, "dev-2")
    assert over(stage, 2) is Phase.ABORTED and stage.weights()["/api/*"][BLUE] == 100


def test_a_registry_that_throttles_does_not_stop_what_is_sealed(watch: Watch) -> None:
    stage = baking(watch)
    stage.aws.faults.add(Fault(kind="throttle", operation="BatchGetImage"))
    stage.push(BAKED, content="third")
    stage.order(OrderKind.ABORT, "dev-2")
    assert over(stage, 2) is Phase.ABORTED and stage.weights()["/api/*"][BLUE] == 100


def test_a_stack_that_cannot_be_read_does_not_keep_traffic_from_going_home(stage: Stage) -> None:
    text = BAKED.replace("bake: 1m", "bake: 20m")
    stage.push(text, content="first")
    stage.settle()
    stage.push(text, content="second")
    stage.run(lambda: stage.passes[-1].reason.code == "bake.running")
    stage.aws.faults.add(Fault(kind="throttle", operation="DescribeStacks"))
    pass_time(stage, minutes=6)
    stage.order(OrderKind.ABORT, "dev-2")
    assert over(stage, 2) is Phase.ABORTED and stage.weights()["/api/*"][BLUE] == 100


def test_a_page_for_maintenance_is_not_deleted_on_the_way_home(watch: Watch) -> None:
    stage = watch.stage
    by_hand(stage, [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}])
    stage.push(BAKED, content="second")
    pass_time(stage, minutes=6)
    assert [one for one in watch.broken if one.startswith("S12")] == []


def test_weights_that_somebody_changes_in_the_bake_stop_it(watch: Watch) -> None:
    stage = baking(watch)
    by_hand(stage)
    assert over(stage, 2) is Phase.RUNNING
    assert stage.deployment(2).pause.reason.code == "traffic.foreign_change" and stage.environment.live == 1


def test_a_commit_that_rolls_nothing_leaves_the_old_slots_to_be_retired(watch: Watch) -> None:
    stage = watch.stage
    stage.push(BAKED, content="second")
    stage.run(lambda: stage.environment.live == 2)
    stage.push(BAKED, content="second")
    stage.settle()
    assert stage.deployment(3).phase is Phase.SUCCEEDED and watch.at_rest() == []


def test_a_commit_that_rolls_one_service_leaves_the_other_s_old_slot_to_be_retired(watch: Watch) -> None:
    stage = watch.stage
    stage.push(BAKED, content="second")
    stage.run(lambda: stage.environment.live == 2)
    stage.push(BAKED.replace("    port: 8000", "    port: 8000\n    env: {LOG_LEVEL: debug}"), content="second")
    stage.settle()
    assert stage.deployment(3).phase is Phase.SUCCEEDED and watch.at_rest() == []


@pytest.mark.parametrize("seconds", [0, 7])
def test_a_worker_rolls_again_while_its_old_slot_is_still_retiring(stage: Stage, seconds: int) -> None:
    stage.push(WORKER, content="first")
    stage.settle()
    watch = Watch(stage)
    stage.push(WORKER, content="second")
    stage.run(lambda: stage.environment.live == 2)
    stage.clock.advance(seconds)
    stage.push(WORKER, content="third")
    assert over(stage, 3) is Phase.SUCCEEDED
    stage.settle()
    assert watch.at_rest() == []


def test_three_looks_within_a_second_are_no_three_proofs(watch: Watch) -> None:
    stage = watch.stage
    asked: list[float] = []
    stage.world = replace(stage.world, probe=Hiccup(stage, asked))  # type: ignore[arg-type]
    stage.reconciler = Reconciler(stage.world, "one", PACE)
    stage.push(BAKED, content="second")
    stage.run(lambda: bool(asked))
    for _ in range(5):
        stage.clock.advance(0.2)
        stage.wake()
        stage.step()
    stage.settle()
    assert stage.deployment(2).phase is Phase.SUCCEEDED and stage.environment.quarantines == ()


class Hiccup:
    """Answers 502 for two seconds from the first request on."""

    def __init__(self, stage: Stage, asked: list[float]) -> None:
        self._stage, self._asked = stage, asked

    def ask(self, check: HttpCheck) -> CheckAnswer:
        self._asked.append(self._stage.time.monotonic())
        is_down = self._asked[-1] - self._asked[0] < 2.0
        return CheckAnswer(check, False, "502") if is_down else self._stage.probe.ask(check)


def taken_over(stage: Stage) -> float:
    """The first controller dies without giving its lease back, which runs out; when that is."""
    stage.reconciler._tenures.take("dev")
    stage.clock.advance(61)
    stage.reconciler = Reconciler(stage.world, "two", PACE)
    return stage.time.monotonic()


def test_whoever_takes_over_waits_also_when_it_rested_in_between(watch: Watch) -> None:
    stage = watch.stage
    began, changes = taken_over(stage), len(stage.changes())
    stage.wake()
    stage.step()
    stage.push(BAKED, content="second")
    stage.run(lambda: len(stage.changes()) > changes)
    assert stage.time.monotonic() - began >= 15


def test_a_lease_that_was_taken_over_at_rest_is_given_back_after_its_quarantine(watch: Watch) -> None:
    stage = watch.stage
    taken_over(stage)
    stage.wake()
    stage.settle()
    with stage.store.read() as unit:
        assert unit.leases.holders() == ()


def test_wake_ups_during_a_quarantine_neither_count_as_failures_nor_make_it_longer(watch: Watch) -> None:
    stage = watch.stage
    stage.push(BAKED, content="second")
    stage.run(lambda: stage.phase(2) is Phase.RUNNING)
    began, changes = taken_over(stage), len(stage.changes())
    while len(stage.changes()) == changes:
        stage.wake()
        stage.step()
        stage.clock.advance(1)
    assert 15 <= stage.time.monotonic() - began < 20
    with stage.store.read() as unit:
        told = [entry.event for entry in unit.audit.page(deployment="dev-2", limit=200).items]
    assert "action.failed" not in told


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (BAKED.replace("count: 2", "count: 4"), "desiredCount"),
        (BAKED.replace("path: /api/*", "path: /v2/*"), "/v2/*"),
    ],
    ids=["count", "route"],
)
def test_a_commit_that_changes_no_content_is_carried_out_or_says_that_it_is_not(
    watch: Watch, text: str, shown: str
) -> None:
    """Never «nothing rolls: what is live is what this commit asks for» while it is not."""
    stage = watch.stage
    stage.push(text, content="first")
    pass_time(stage, minutes=6)
    counts = stage.call("ecs", "DescribeServices", cluster="captioncraft-dev", services=[BLUE, GREEN])["services"]
    is_done = shown in stage.weights() or any(one[shown] == 4 for one in counts if shown in one)
    assert is_done or stage.deployment(2).reason.code != "plan.nothing_rolls"


def test_wall_clock_jumps_neither_shorten_nor_end_a_bake(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = baking(watch)
    began, real = stage.time.monotonic(), stage.time.now
    for days in (1, -1):
        monkeypatch.setattr(stage.time, "now", lambda days=days: real() + timedelta(days=days))
        stage.cuts.is_watching = True
        for _ in range(3):
            stage.clock.advance(5)
            stage.passes.append(stage.reconciler.run_pass("dev"))
        stage.cuts.is_watching = False
        assert stage.deployment(2).step.kind is StepKind.BAKE
    monkeypatch.undo()
    stage._due = stage.time.now()
    stage.run(lambda: stage.environment.live == 2)
    assert stage.time.monotonic() - began >= 60
    stage.settle()
    assert watch.at_rest() == []


def test_at_rest_an_hour_costs_at_most_a_pass_a_minute(watch: Watch) -> None:
    stage = watch.stage
    passes, changes = len(stage.passes), stage.changes()
    pass_time(stage, hours=1)
    assert len(stage.passes) - passes <= 61 and stage.changes() == changes


def test_a_bad_version_twice_and_a_revert_end_where_it_began(watch: Watch, tmp_path: Path) -> None:
    stage = watch.stage
    text = BAKED.replace("hold: person", "hold: next_commit")
    for content, script in (("bad", Script(status=503)), ("bad", Script(status=503)), ("first", Script())):
        stage.push(text, script, content=content)
        pass_time(stage, minutes=10)
    stage.settle()
    assert [stage.deployment(number).phase for number in (2, 3, 4)] == [
        Phase.ROLLED_BACK,
        Phase.SUPERSEDED,
        Phase.SUCCEEDED,
    ]
    assert stage.weights()["/api/*"][BLUE] == 100 and watch.at_rest() == []


def test_what_waits_behind_a_deployment_that_turned_back_starts_at_once(watch: Watch) -> None:
    """Without a webhook, and long before the next sweep."""
    stage = watch.stage
    text = BAKED.replace("hold: person", "hold: next_commit")
    stage.push(text, Script(status=503), content="bad")
    stage.run(lambda: stage.phase(2) is Phase.ROLLING_BACK)
    stage.push(text, content="third")
    over(stage, 2)
    ended = stage.time.monotonic()
    stage._sweep_at = stage.time.now() + timedelta(hours=1)
    stage.wake = lambda: None  # type: ignore[method-assign]
    assert stage._due is not None
    stage.run(lambda: stage.phase(3) is Phase.RUNNING)
    assert stage.time.monotonic() - ended < 30
