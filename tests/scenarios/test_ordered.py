"""What comes of people's orders: promote, pause, resume, roll back, deploy, prune."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from controller.domain.deployment import Kind, Phase
from controller.domain.events import Event
from controller.domain.orders import OrderKind, OrderState
from controller.domain.step import StepKind
from controller.inbox.wishes import OrderRefused
from sandbox.runtime.scripted import Script
from tests.support.builders import FILE
from tests.support.invariants import Watch
from tests.support.stage import Stage

CANARY = FILE.replace(
    "{type: rolling}", "{type: canary, steps: [{weight: 10, bake: 1m}, {weight: 50, bake: 1m}, {weight: 100}]}"
).replace("{hold: next_commit}", "{hold: person, keep_warm: 10m}")
BLUE, GREEN = "captioncraft-dev-backend-blue", "captioncraft-dev-backend-green"


@pytest.fixture
def watch(stage: Stage) -> Iterator[Watch]:
    """A first version is live; whatever follows breaks no invariant."""
    stage.push(CANARY, content="first")
    stage.settle()
    watch = Watch(stage)
    yield watch
    assert watch.at_rest() == []


@pytest.fixture
def canary(watch: Watch) -> Stage:
    """The second version bakes with a tenth of the traffic."""
    stage = watch.stage
    stage.push(CANARY, content="second")
    stage.run(lambda: stage.passes[-1].reason.code == "bake.running")
    assert share(stage) == 10
    return stage


@pytest.fixture
def warm(watch: Watch) -> Stage:
    """The second version is live, and the first is still warm."""
    stage = watch.stage
    stage.push(CANARY, content="second")
    stage.run(lambda: stage.environment.live == 2)
    return stage


def share(stage: Stage) -> int:
    return stage.weights()["/api/*"][GREEN]


def outcome(stage: Stage, order: int) -> tuple[OrderState, str]:
    with stage.store.read() as unit:
        found = unit.orders.get(order)
    assert found is not None
    return found.state, found.outcome


def pass_time(stage: Stage, **span: float) -> None:
    end = stage.time.now() + timedelta(**span)
    stage.run(lambda: stage.time.now() >= end, timedelta(days=3))


# ---------------------------------------------------------------- promote, pause, resume


def test_promote_ends_a_bake_and_no_other(canary: Stage) -> None:
    began = canary.time.monotonic()
    canary.order(OrderKind.PROMOTE, "dev-2")
    canary.run(lambda: share(canary) == 50)
    assert canary.time.monotonic() - began < 30
    canary.run(lambda: share(canary) == 100)
    assert canary.time.monotonic() - began >= 60
    assert "promoted by ada" in next(step for step in canary.deployment(2).steps if step.promoted).detail
    canary.settle()


def test_promote_never_skips_health(canary: Stage) -> None:
    sicken(canary, "backend")
    canary.order(OrderKind.PROMOTE, "dev-2")
    canary.settle()
    assert canary.phase(2) is Phase.ROLLED_BACK and canary.deployment(2).reason.code == "targets.unhealthy"


def sicken(stage: Stage, service: str, number: int = 2) -> None:
    """The tasks of this deployment's version die, and whatever replaces them does not stay up."""
    image = stage.deployment(number).revision.images[service].split("@")[1]
    stage.runtime.script(image, Script(ends_after_seconds=0.1))
    for launch in list(stage.runtime.running):
        if launch.containers[0].digest == image:
            stage.runtime.kill(launch.task_id)


def test_promote_outside_a_bake_is_refused_and_says_where_it_is(watch: Watch) -> None:
    stage = watch.stage
    stage.push(CANARY, content="second")
    stage.run(lambda: stage.passes[-1].reason.code == "slot.warming")
    order = stage.order(OrderKind.PROMOTE, "dev-2")
    stage.run(lambda: stage.environment.live == 2)
    assert outcome(stage, order)[0] is OrderState.REFUSED and "warm" in outcome(stage, order)[1]
    stage.settle()


def test_a_pause_keeps_the_traffic_where_it_is_until_it_is_resumed(canary: Stage) -> None:
    canary.order(OrderKind.PAUSE, "dev-2", "let me look")
    pass_time(canary, minutes=30)
    assert share(canary) == 10 and canary.deployment(2).pause.reason.text == "let me look"
    resumed = canary.time.monotonic()
    canary.order(OrderKind.RESUME, "dev-2")
    canary.run(lambda: share(canary) == 50)
    assert canary.time.monotonic() - resumed < 60, "what it had baked before counts"
    canary.settle()
    assert canary.environment.live == 2


def test_a_pause_and_its_end_are_written_down_and_by_whom(canary: Stage) -> None:
    canary.order(OrderKind.PAUSE, "dev-2", "let me look")
    pass_time(canary, minutes=5)
    canary.order(OrderKind.RESUME, "dev-2")
    canary.settle()
    with canary.store.read() as unit:
        entries = unit.audit.page(deployment="dev-2", limit=500).items
    told = [each for each in reversed(entries) if each.event in {Event.DEPLOYMENT_PAUSED, Event.DEPLOYMENT_RESUMED}]
    assert [str(each.event) for each in told] == ["deployment.paused", "deployment.resumed"]
    assert told[0].actor == "ada" and "let me look" in told[0].text


def test_an_intent_says_which_slot_gets_how_much(canary: Stage) -> None:
    with canary.store.read() as unit:
        entries = unit.audit.page(deployment="dev-2", limit=500).items
    meant = [each.facts for each in entries if each.event is Event.ACTION_INTENDED]
    assert {"action": "SetWeights", "service": "backend", "weights": {"blue": 90, "green": 10}} in meant
    assert any(each["action"] == "RunSlot" and each["slot"] == "green" and each["count"] for each in meant)


def test_a_pause_that_nobody_ends_turns_back_in_time(canary: Stage) -> None:
    canary.order(OrderKind.PAUSE, "dev-2", limit=timedelta(minutes=20))
    paused = canary.time.monotonic()
    canary.run(lambda: canary.phase(2) is Phase.ROLLED_BACK)
    assert 1200 <= canary.time.monotonic() - paused < 1500
    assert canary.deployment(2).reason.code == "pause.expired" and canary.environment.quarantines == ()
    assert share(canary) == 0


def test_a_paused_one_still_turns_back_when_it_fails(canary: Stage) -> None:
    canary.order(OrderKind.PAUSE, "dev-2")
    pass_time(canary, seconds=30)
    sicken(canary, "backend")
    canary.run(lambda: canary.phase(2) is Phase.ROLLED_BACK)
    assert canary.deployment(2).reason.code == "targets.unhealthy" and share(canary) == 0


@pytest.mark.parametrize("kind", [OrderKind.PROMOTE, OrderKind.PAUSE])
def test_what_is_paused_is_neither_promoted_nor_paused_again(canary: Stage, kind: OrderKind) -> None:
    canary.order(OrderKind.PAUSE, "dev-2")
    order = canary.order(kind, "dev-2")
    canary.run(lambda: outcome(canary, order)[0] is not OrderState.RECEIVED)
    assert outcome(canary, order)[0] is OrderState.REFUSED and "paused" in outcome(canary, order)[1]
    canary.order(OrderKind.ABORT, "dev-2")
    canary.settle()


def test_resuming_what_is_not_paused_is_refused(canary: Stage) -> None:
    assert canary.refused(OrderKind.RESUME, "dev-2") == "dev-2 isn't paused"
    canary.settle()


def test_an_abort_while_paused_goes_home(canary: Stage) -> None:
    canary.order(OrderKind.PAUSE, "dev-2")
    canary.order(OrderKind.ABORT, "dev-2")
    canary.settle()
    assert canary.phase(2) is Phase.ABORTED and share(canary) == 0 and canary.deployment(2).pause is None


# ---------------------------------------------------------------- roll back


def test_a_rollback_while_the_old_version_is_warm_moves_the_traffic_at_once(warm: Stage) -> None:
    before = len(warm.changes())
    ordered = warm.time.monotonic()
    warm.order(OrderKind.ROLLBACK, reason="the captions are rude")
    warm.run(lambda: share(warm) == 0)
    assert warm.time.monotonic() - ordered < 5
    assert set(warm.changes()[before:]) <= {"ModifyRule", "DeleteRule"}
    warm.settle()
    back = warm.deployment(3)
    assert back.kind is Kind.ROLLBACK and back.phase is Phase.SUCCEEDED and back.back_to == "dev-1"
    assert [step.title for step in back.steps] == ["shift 100", "evidence", "settle", "retire"]
    assert warm.environment.live == 3 and "rude" in warm.environment.hold.reason.text and warm.tasks() == 4


def test_what_was_rolled_back_does_not_come_again_with_the_next_commit(stage: Stage) -> None:
    text = CANARY.replace("hold: person", "hold: next_commit")
    for content in ("first", "second"):
        stage.push(text, content=content)
        stage.settle()
    stage.order(OrderKind.ROLLBACK)
    stage.run(lambda: stage.environment.live == 3)
    stage.push(text, content="second", message="A word in the README")
    stage.run(lambda: stage.passes[-1].reason.code == "content.quarantined")
    stage.push(text, content="third")
    stage.settle()
    assert stage.phase(5) is Phase.SUCCEEDED and stage.environment.hold is None


def test_a_rollback_after_the_warm_time_starts_the_old_version_again(warm: Stage) -> None:
    warm.settle()
    warm.order(OrderKind.ROLLBACK)
    warm.settle()
    back = warm.deployment(3)
    assert [step.kind for step in back.steps][:2] == [StepKind.REGISTER, StepKind.WARM]
    assert back.phase is Phase.SUCCEEDED and share(warm) == 0 and warm.tasks() == 4
    assert back.revision.images == warm.deployment(1).revision.images


def test_a_rollback_to_slots_that_gave_up_tasks_starts_them_again_first(stage: Stage) -> None:
    text = FILE.replace("{type: rolling}", "{type: rolling, max: 150}")
    for number, content in enumerate(("first", "second"), 1):
        stage.push(text, content=content)
        stage.run(lambda number=number: stage.environment.live == number)
    watch = Watch(stage)
    stage.order(OrderKind.ROLLBACK)
    stage.settle()
    shift = next(step for step in stage.deployment(3).steps if step.kind is StepKind.SHIFT)
    assert stage.phase(3) is Phase.SUCCEEDED and shift.did("AddTasks", "backend") and shift.did("AddTasks", "frontend")
    assert watch.at_rest() == [], "no traffic before they are healthy"


def test_rolling_back_twice_goes_further_back(warm: Stage) -> None:
    warm.push(CANARY, content="third")
    warm.settle()
    warm.order(OrderKind.ROLLBACK)
    warm.settle()
    warm.order(OrderKind.ROLLBACK)
    warm.settle()
    assert [warm.deployment(number).back_to for number in (4, 5)] == ["dev-2", "dev-1"]
    assert warm.environment.live == 5


def test_a_rollback_to_a_named_version(warm: Stage) -> None:
    warm.push(CANARY, content="third")
    warm.settle()
    warm.order(OrderKind.ROLLBACK, to="dev-1")
    warm.settle()
    assert warm.deployment(4).back_to == "dev-1" and warm.environment.live == 4


def test_a_rollback_of_what_runs_is_an_abort(canary: Stage) -> None:
    canary.order(OrderKind.ROLLBACK, reason="no")
    canary.settle()
    assert canary.phase(2) is Phase.ABORTED and share(canary) == 0 and canary.phase(3) is None


def test_a_rollback_asks_no_gate_and_supersedes_nothing(warm: Stage) -> None:
    gated = CANARY.replace("verify:", "gates: {window: {allow: [Mon 08:00-09:00]}}\nverify:")
    warm.push(gated, content="third")
    warm.run(lambda: warm.phase(3) is Phase.WAITING)
    warm.order(OrderKind.ROLLBACK)
    warm.run(lambda: warm.environment.live == 4)
    assert share(warm) == 0 and warm.phase(3) is Phase.WAITING
    warm.run(lambda: warm.tasks() == 4)


def test_a_rollback_that_cannot_start_is_cleaned_up_and_what_is_live_stays(warm: Stage) -> None:
    warm.settle()
    for image in warm.deployment(1).revision.images.values():
        warm.runtime.script(image.split("@")[1], Script(ends_after_seconds=0.5))
    warm.order(OrderKind.ROLLBACK)
    warm.run(lambda: warm.phase(3) is Phase.FAILED)
    warm.settle()
    assert share(warm) == 100 and warm.environment.live == 2 and warm.tasks() == 4
    assert warm.environment.quarantines == ()


def test_a_rollback_without_an_earlier_version_is_refused(watch: Watch) -> None:
    stage = watch.stage
    order = stage.order(OrderKind.ROLLBACK)
    stage.settle()
    assert outcome(stage, order)[0] is OrderState.REFUSED and "no earlier version" in outcome(stage, order)[1]


def test_a_way_back_that_finds_no_healthy_task_waits_and_keeps_what_it_has(warm: Stage) -> None:
    warm.order(OrderKind.ROLLBACK)
    warm.run(lambda: warm.phase(3) is Phase.RUNNING)
    for service in ("backend", "frontend"):
        sicken(warm, service, number=1)
    pass_time(warm, minutes=15)
    assert warm.phase(3) is Phase.RUNNING and share(warm) == 100
    assert "a rollback is never rolled back" in warm.deployment(3).reason.text
    warm.order(OrderKind.ABORT, "dev-3")
    warm.settle()
    assert warm.environment.live == 2 and warm.tasks() == 4


def test_a_flip_by_hand_to_the_warm_version_is_adopted_and_held(warm: Stage) -> None:
    warm.run(lambda: warm.passes[-1].reason.code == "slot.warm")
    flip(warm)
    warm.run(lambda: warm.environment.live == 3)
    adopted = warm.deployment(3)
    assert adopted.kind is Kind.ROLLBACK and adopted.back_to == "dev-1"
    assert "somebody sent the traffic" in adopted.because_of.text
    assert warm.environment.hold is not None and share(warm) == 0
    warm.settle()
    assert warm.tasks() == 4 and len(warm.environment.quarantines) == 1


def flip(stage: Stage) -> None:
    """Somebody in the console sends everything back."""
    for rule in stage.aws.traffic.rules(stage.listener):
        if rule.priority and all(condition.field == "path" for condition in rule.conditions):
            mirrored = [{"TargetGroupArn": one.group_arn, "Weight": 100 - one.weight} for one in rule.action.groups]
            forward = [{"Type": "forward", "ForwardConfig": {"TargetGroups": mirrored}}]
            stage.call("elbv2", "ModifyRule", RuleArn=rule.arn, Actions=forward)


# ---------------------------------------------------------------- deploy


def test_deploying_an_older_commit_of_the_branch(warm: Stage) -> None:
    warm.settle()
    first = warm.deployment(1).revision.commit.sha
    warm.order(OrderKind.DEPLOY, ref=first[:40])
    warm.settle()
    assert warm.deployment(3).revision.commit.sha == first and warm.environment.live == 3
    assert warm.deployment(3).kind is Kind.DEPLOY


def test_an_old_answer_about_the_head_does_not_undo_what_was_ordered(warm: Stage) -> None:
    warm.settle()
    first, newest = warm.repository.commits[0][0], warm.repository.commits[-1][0]
    commits = warm.repository.commits
    warm.order(OrderKind.DEPLOY, ref=first.sha)
    warm.repository.commits = commits[:1]
    warm.repository._at = lambda sha: next(files for commit, files in commits if commit.sha == sha)
    warm.run(lambda: warm.phase(3) is not None)
    warm.repository.commits = commits
    warm.settle()
    assert warm.environment.recorded == newest.sha and warm.environment.live == 3 and warm.phase(4) is None


def test_a_ref_that_nobody_knows_is_refused(warm: Stage) -> None:
    order = warm.order(OrderKind.DEPLOY, ref="f00ba4")
    warm.settle()
    assert outcome(warm, order) == (OrderState.REFUSED, "acme/captioncraft has no commit, tag or branch f00ba4")


def test_a_restart_rolls_every_service_of_what_is_live(warm: Stage) -> None:
    warm.settle()
    tasks = {launch.task_id for launch in warm.runtime.running}
    warm.order(OrderKind.DEPLOY, restart=True)
    warm.settle()
    assert warm.phase(3) is Phase.SUCCEEDED and warm.deployment(3).restart
    assert not tasks & {launch.task_id for launch in warm.runtime.running} and warm.tasks() == 4


def test_a_second_restart_while_the_first_is_warm_starts_new_tasks_all_the_same(warm: Stage) -> None:
    warm.order(OrderKind.DEPLOY, restart=True)
    warm.run(lambda: warm.environment.live == 3)
    tasks = {launch.task_id for launch in warm.runtime.running}
    warm.order(OrderKind.DEPLOY, restart=True)
    warm.settle()
    assert warm.environment.live == 4
    assert not tasks & {launch.task_id for launch in warm.runtime.running}


def test_an_order_accepts_a_rewritten_history(warm: Stage) -> None:
    warm.settle()
    warm.push(CANARY, content="rewritten", rewrite=True)
    warm.settle()
    assert warm.environment.problem.code == "source.history_rewritten"
    warm.order(OrderKind.DEPLOY)
    warm.settle()
    assert warm.environment.problem is None and warm.environment.live == 3
    warm.push(CANARY, content="after")
    warm.settle()
    assert warm.environment.live == 4


def test_two_deployments_of_one_commit_are_sealed_together(watch: Watch) -> None:
    stage = watch.stage
    commit = stage.push(CANARY, images=False)
    stage.run(lambda: stage.phase(2) is Phase.WAITING)
    stage.order(OrderKind.DEPLOY)
    stage.run(lambda: stage.phase(3) is not None)
    stage.build(commit)
    stage.settle()
    assert [stage.phase(number) for number in (2, 3)] == [Phase.SUPERSEDED, Phase.SUCCEEDED]


# ---------------------------------------------------------------- services that come, go, move and are renamed


def without(text: str, name: str) -> str:
    head, *_ = text.split(f"  {name}:\n")
    return head


ONE = without(CANARY.replace("verify: [{path: /ready, within: 5s}]\n", ""), "frontend")


def test_a_removed_service_stays_is_shown_and_goes_by_order(warm: Stage) -> None:
    warm.push(ONE, content="third")
    warm.settle()
    pass_time(warm, minutes=20)
    with warm.store.read() as unit:
        assert unit.sightings.get("dev").orphans == ("frontend",)
    assert warm.weights()["/*"]["captioncraft-dev-frontend-green"] == 100 and warm.probe.get("/") == 200
    warm.order(OrderKind.PRUNE, service="frontend")
    warm.settle()
    pruned = warm.deployment(4)
    assert pruned.kind is Kind.PRUNE and pruned.phase is Phase.SUCCEEDED and warm.environment.live == 3
    assert "/*" not in warm.weights() and warm.tasks() == 2
    groups = warm.call("elbv2", "DescribeTargetGroups")["TargetGroups"]
    assert not [group for group in groups if "frontend" in group["TargetGroupName"]]


def test_a_service_that_the_live_file_names_is_not_pruned(warm: Stage) -> None:
    with pytest.raises(OrderRefused, match="take it out of the file"):
        warm.order(OrderKind.PRUNE, service="frontend")
    warm.settle()
    assert warm.probe.get("/") == 200


def test_a_service_that_came_back_before_it_was_pruned_stays(warm: Stage) -> None:
    warm.push(ONE, content="third")
    warm.settle()
    warm.push(CANARY, content="fourth")
    warm.run(lambda: warm.passes[-1].reason.code == "bake.running")
    warm.order(OrderKind.PRUNE, service="frontend")
    warm.settle()
    assert warm.phase(5) is Phase.REJECTED and warm.deployment(5).reason.code == "prune.named"
    assert warm.probe.get("/") == 200


def test_a_new_service_joins_the_others(stage: Stage) -> None:
    stage.push(ONE, content="first")
    stage.settle()
    watch = Watch(stage)
    stage.push(CANARY, content="second")
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED and stage.probe.get("/") == 200 and watch.at_rest() == []


def test_a_new_service_that_fails_leaves_no_rule_behind(stage: Stage) -> None:
    stage.push(ONE, content="first")
    stage.settle()
    watch = Watch(stage)
    stage.push(CANARY, Script(status=503), content="second")
    stage.settle()
    assert stage.phase(2) is Phase.ROLLED_BACK and "/*" not in stage.weights() and watch.at_rest() == []


def test_a_renamed_service_takes_over_its_route_without_a_gap(warm: Stage) -> None:
    warm.settle()
    renamed = CANARY.replace("  frontend:\n", "  website:\n")
    warm.push(renamed, content="third")
    while warm.phase(3) is not Phase.SUCCEEDED:
        warm.step()
        assert warm.probe.get("/") == 200
    warm.settle()
    warm.order(OrderKind.PRUNE, service="frontend")
    while warm.phase(4) is not Phase.SUCCEEDED:
        warm.step()
        assert warm.probe.get("/") == 200
    warm.settle()
    assert warm.environment.live == 3


def test_a_renamed_service_that_is_aborted_gives_the_route_back(warm: Stage) -> None:
    warm.settle()
    warm.push(CANARY.replace("  frontend:\n", "  website:\n"), content="third")
    warm.run(lambda: warm.phase(3) is not None and warm.deployment(3).began(StepKind.SHIFT))
    warm.order(OrderKind.ABORT, "dev-3")
    while not warm.deployment(3).is_final:
        warm.step()
        assert warm.probe.get("/") == 200
    warm.settle()


def test_a_changed_route_moves_after_the_traffic(warm: Stage) -> None:
    warm.settle()
    warm.push(CANARY.replace("path: /api/*", "path: [/api/*, /v2/*]"), content="third")
    warm.settle()
    steps = [step.title for step in warm.deployment(3).steps]
    assert steps.index("route") > steps.index("shift 100") and warm.phase(3) is Phase.SUCCEEDED
    rule = next(rule for rule in warm.aws.traffic.rules(warm.listener) if "/v2/*" in str(rule.conditions))
    assert rule is not None


def test_a_changed_route_alone_is_a_deployment_without_tasks(warm: Stage) -> None:
    warm.settle()
    before = warm.tasks()
    warm.push(CANARY.replace("path: /api/*", "path: /v2/*"), content="second")
    warm.settle()
    assert [step.title for step in warm.deployment(3).steps] == ["route", "settle"]
    assert set(warm.weights()) == {"/v2/*", "/*"} and warm.tasks() == before


def test_a_changed_route_comes_home_with_the_rule(stage: Stage) -> None:
    stage.push(CANARY, content="first")
    stage.settle()
    watch = Watch(stage)
    stage.push(CANARY.replace("path: /api/*", "path: /v2/*"), content="second")
    stage.run(lambda: set(stage.weights()) == {"/v2/*", "/*"})
    assert stage.phase(2) is Phase.RUNNING
    stage.order(OrderKind.ABORT, "dev-2")
    stage.settle()
    assert stage.phase(2) is Phase.ABORTED
    assert set(stage.weights()) == {"/api/*", "/*"} and stage.weights()["/api/*"][BLUE] == 100
    assert watch.at_rest() == []


def test_a_service_that_loses_its_route_waits_and_says_what_to_do(warm: Stage) -> None:
    head, tail = CANARY.split("  frontend:\n")
    bare = tail.replace("    route: {path: /*}\n", "").replace(
        "    health: {path: /health, interval: 10s, timeout: 5s, grace: 30s}\n", ""
    )
    bare = bare.replace("    deregistration_delay: 10s\n", "").replace("    smoke: [{path: /ready, within: 5s}]\n", "")
    warm.push(f"{head}  frontend:\n{bare}", content="third")
    warm.run(lambda: warm.tasks() == 4)
    waiting = warm.deployment(3)
    assert waiting.phase is Phase.WAITING and "give it another name" in waiting.reason.text
