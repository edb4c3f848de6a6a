"""Somebody changes AWS by hand while nothing happens: it is shown, and put right if the file says so."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from controller.domain.deployment import Kind, Phase
from controller.domain.drift import PAUSE, TRIES
from controller.domain.orders import OrderKind
from controller.domain.step import StepKind
from controller.loop.reconcile import Reconciler
from sandbox.runtime.scripted import Script
from sandbox.world.faults import Fault
from tests.support.builders import FILE
from tests.support.invariants import Watch
from tests.support.outside import PLACE
from tests.support.stage import PACE, Stage

CORRECTED = FILE.replace("strategy:", "drift: correct\nstrategy:")
WARM = CORRECTED.replace("{type: rolling}", "{type: blue_green, bake: 1m}").replace(
    "{hold: next_commit}", "{hold: person, keep_warm: 20m}"
)
WORKER = CORRECTED.replace("verify: [{path: /ready, within: 5s}]\n", "").split("  frontend:")[0] + (
    "  worker:\n"
    '    image: {repository: captioncraft-frontend, tag: "{branch}-{sha}"}\n'
    "    task: {cpu: 256, memory: 512}\n"
    "    count: 2\n"
)
BLUE, GREEN = f"{PLACE}-backend-blue", f"{PLACE}-backend-green"
PASSWORD = "hunter2"
ROLLED = (StepKind.REGISTER, StepKind.WARM, StepKind.SMOKE, StepKind.SHIFT, StepKind.SHIFT, StepKind.VERIFY)
ROLLS = (*ROLLED, StepKind.SETTLE, StepKind.RETIRE)

Hand = Callable[[Stage], Any]


def update(**how: Any) -> Hand:
    return lambda stage: stage.call("ecs", "UpdateService", cluster=PLACE, service=BLUE, **how)


def shown(stage: Stage, name: str = BLUE) -> dict[str, Any]:
    found: dict[str, Any] = stage.look("ecs", "DescribeServices", cluster=PLACE, services=[name])["services"][0]
    return found


def group(stage: Stage) -> str:
    found = stage.look("elbv2", "DescribeTargetGroups", Names=[BLUE])["TargetGroups"]
    return str(found[0]["TargetGroupArn"])


def rule(stage: Stage, path: str = "/api/*") -> str:
    rules = stage.aws.traffic.rules(stage.listener)
    return next(one.arn for one in rules if any(path in condition.values for condition in one.conditions))


def spot(stage: Stage) -> None:
    providers = {"capacityProviders": ["FARGATE", "FARGATE_SPOT"], "defaultCapacityProviderStrategy": []}
    stage.call("ecs", "PutClusterCapacityProviders", cluster=PLACE, **providers)
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    update(capacityProviderStrategy=strategy, forceNewDeployment=True)(stage)


def revise(stage: Stage, with_tags: bool = True, **container: Any) -> None:
    """As the console makes a new revision: everything of the old one, its tags as well, and a change."""
    asked = stage.look("ecs", "DescribeTaskDefinition", taskDefinition=shown(stage)["taskDefinition"], include=["TAGS"])
    old, theirs = asked["taskDefinition"], {"taskDefinitionArn", "revision", "status", "registeredAt", "registeredBy"}
    new = {key: value for key, value in old.items() if key not in {*theirs, "compatibilities", "requiresAttributes"}}
    new["containerDefinitions"] = [{**old["containerDefinitions"][0], **container}]
    tags = {"tags": asked["tags"]} if with_tags else {}
    made = stage.call("ecs", "RegisterTaskDefinition", **new, **tags)["taskDefinition"]["taskDefinitionArn"]
    update(taskDefinition=made)(stage)


def with_a_password(stage: Stage) -> None:
    revise(stage, environment=[{"name": "PASSWORD", "value": PASSWORD}])


def check_elsewhere(stage: Stage) -> None:
    stage.call("elbv2", "ModifyTargetGroup", TargetGroupArn=group(stage), HealthCheckPath="/other")


def drain_longer(stage: Stage) -> None:
    delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "77"}]
    stage.call("elbv2", "ModifyTargetGroupAttributes", TargetGroupArn=group(stage), Attributes=delay)


def reroute(stage: Stage) -> None:
    elsewhere = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/v9/*"]}}]
    stage.call("elbv2", "ModifyRule", RuleArn=rule(stage), Conditions=elsewhere)


def delete_rule(stage: Stage) -> None:
    stage.call("elbv2", "DeleteRule", RuleArn=rule(stage))


def delete_service(stage: Stage) -> None:
    stage.call("ecs", "DeleteService", cluster=PLACE, service=BLUE, force=True)


def fill_idle_slot(stage: Stage) -> None:
    """As a call of ours that arrives when all is over."""
    stage.push(stage.repository.commits[-1][1]["environments/dev.yaml"], content="second")
    stage.settle()
    update(desiredCount=2)(stage)


NETWORK = {"subnets": ["subnet-2"], "securityGroups": ["sg-1"], "assignPublicIp": "ENABLED"}
WIDE = {"maximumPercent": 150, "minimumHealthyPercent": 100}
IN_PLACE = (StepKind.MEND, StepKind.SETTLE)
COUNTED = (StepKind.ADJUST, StepKind.SETTLE)

CHANGES: list[tuple[Hand, str, tuple[StepKind, ...]]] = [
    (update(desiredCount=5), "backend, ECS service: desired count 5 instead of 2", COUNTED),
    (update(desiredCount=0), "backend, ECS service: desired count 0 instead of 2", COUNTED),
    (update(healthCheckGracePeriodSeconds=5), "grace period in seconds 5 instead of 30", IN_PLACE),
    (update(deploymentConfiguration=WIDE), "circuit breaker off instead of on after 3 failed tasks", IN_PLACE),
    (update(networkConfiguration={"awsvpcConfiguration": NETWORK}), "subnets subnet-2 instead of subnet-1", ROLLS),
    (update(platformVersion="1.3.0"), "platform version 1.3.0 instead of LATEST", ROLLS),
    (spot, "capacity 100% on Spot instead of on demand", ROLLS),
    (with_a_password, "task definition: variable PASSWORD another value instead of unset", ROLLS),
    (lambda stage: revise(stage, command=["sleep"]), "command another one instead of the image's own", ROLLS),
    (lambda stage: revise(stage, stopTimeout=90), "stop timeout in seconds 90 instead of 30", ROLLS),
    (lambda stage: revise(stage, with_tags=False), "made by somebody else: captioncraft-dev-backend:2", ROLLS),
    (check_elsewhere, "backend, target group: check path /other instead of /health", IN_PLACE),
    (drain_longer, "deregistration delay in seconds 77 instead of 10", IN_PLACE),
    (reroute, "backend, listener rule: paths /v9/* instead of /api/*", (StepKind.ROUTE, StepKind.SETTLE)),
    (delete_rule, "backend, listener rule: the public one gone instead of there", IN_PLACE),
    (delete_service, "backend, ECS service: the live one gone instead of there", ROLLS),
]


def live(stage: Stage, text: str = CORRECTED) -> Watch:
    stage.push(text, content="first")
    stage.settle()
    return Watch(stage)


def pass_time(stage: Stage, **span: float) -> None:
    end = stage.time.now() + timedelta(**span)
    stage.run(lambda: stage.time.now() >= end, timedelta(days=3))


def told(stage: Stage) -> list[str]:
    return [drift.difference.told for drift in stage.environment.drift.found]


def events(stage: Stage) -> list[tuple[str, str]]:
    """Of drift, the oldest first."""
    with stage.store.read() as unit:
        entries = unit.audit.page(environment="dev", limit=1000).items
    return [(str(one.event), one.text) for one in reversed(entries) if one.event.startswith("drift.")]


def everything_stored(stage: Stage) -> str:
    with stage.store.read() as unit:
        connection = unit.orders._transaction.connection
        tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
        return "".join(str(connection.exec_driver_sql(f"SELECT * FROM {table}").all()) for table in tables)


@pytest.mark.parametrize(("hand", "sentence", "steps"), CHANGES, ids=[change[1] for change in CHANGES])
def test_what_somebody_changed_is_shown_and_corrected_by_a_small_deployment(
    stage: Stage, hand: Hand, sentence: str, steps: tuple[StepKind, ...]
) -> None:
    watch = live(stage)
    hand(stage)
    began = stage.time.now()
    stage.run(lambda: bool(told(stage)))
    assert sentence in "; ".join(told(stage))
    assert stage.time.now() - began < timedelta(minutes=2)
    stage.run(lambda: stage.phase(2) is Phase.SUCCEEDED)
    stage.settle()
    correction = stage.deployment(2)
    assert (correction.kind, correction.revision) == (Kind.CORRECT, stage.deployment(1).revision)
    assert tuple(step.kind for step in correction.steps) == steps
    assert correction.because_of is not None and sentence in correction.because_of.text
    pass_time(stage, minutes=10)
    assert told(stage) == [] and stage.environment.live == 1 and stage.phase(3) is None
    assert [event for event, _ in events(stage)] == ["drift.found", "drift.gone"]
    assert stage.probe.get("/api/health") == 200
    assert watch.at_rest() == []
    assert PASSWORD not in everything_stored(stage)


@pytest.mark.parametrize(("hand", "sentence", "steps"), CHANGES, ids=[change[1] for change in CHANGES])
def test_where_the_file_says_report_nothing_is_done_until_a_person_orders_it(
    stage: Stage, hand: Hand, sentence: str, steps: tuple[StepKind, ...]
) -> None:
    live(stage, FILE)
    hand(stage)
    changes = len(stage.changes())
    pass_time(stage, minutes=20)
    assert sentence in "; ".join(told(stage)) and len(stage.changes()) == changes
    assert [event for event, _ in events(stage)] == ["drift.found"] and stage.phase(2) is None
    assert PASSWORD not in everything_stored(stage)
    stage.order(OrderKind.DEPLOY, correct=True)
    stage.run(lambda: stage.phase(2) is Phase.SUCCEEDED)
    stage.settle()
    pass_time(stage, minutes=10)
    assert told(stage) == [] and tuple(step.kind for step in stage.deployment(2).steps) == steps


def test_since_when_is_the_first_look_that_showed_it(stage: Stage) -> None:
    live(stage, FILE)
    pass_time(stage, minutes=5)
    update(desiredCount=5)(stage)
    first = stage.time.now()
    stage.run(lambda: bool(told(stage)))
    believed, since = stage.time.now(), stage.environment.drift.found[0].since
    assert first <= since < believed and believed - since >= timedelta(seconds=20)
    update(desiredCount=6)(stage)
    pass_time(stage, minutes=3)
    assert told(stage) == ["backend, ECS service: desired count 6 instead of 2"]
    assert stage.environment.drift.found[0].since == since


def test_what_somebody_put_back_is_gone_again(stage: Stage) -> None:
    live(stage, FILE)
    update(desiredCount=5)(stage)
    pass_time(stage, minutes=3)
    update(desiredCount=2)(stage)
    pass_time(stage, minutes=3)
    text = "backend, ECS service: desired count 5 instead of 2"
    assert told(stage) == [] and events(stage) == [("drift.found", text), ("drift.gone", text)]


def test_every_edge_is_a_notice_of_its_own(stage: Stage) -> None:
    live(stage, FILE)
    for count in (5, 2, 5):
        update(desiredCount=count)(stage)
        pass_time(stage, minutes=3)
    with stage.store.read() as unit:
        found = [one.body["code"] for one in unit.outbox.due(stage.time.now(), 100) if one.kind == "environment"]
    assert found == ["drift.found", "drift.gone", "drift.found"]


def test_an_environment_that_nobody_touched_has_no_drift_and_writes_nothing(stage: Stage) -> None:
    watch = live(stage)
    pass_time(stage, minutes=3)
    with stage.store.read() as unit:
        changes, told_of = len(stage.changes()), len(unit.audit.page(limit=1000).items)
    pass_time(stage, hours=3)
    with stage.store.read() as unit:
        assert (len(stage.changes()), len(unit.audit.page(limit=1000).items)) == (changes, told_of)
    assert told(stage) == [] and watch.at_rest() == []


@pytest.mark.parametrize("count", [5, 9])
def test_the_count_of_what_scales_is_no_drift(stage: Stage, count: int) -> None:
    live(stage, CORRECTED.replace("    count: 2\n", "    count: {min: 2, max: 6, cpu: 70%}\n", 1))
    update(desiredCount=count)(stage)
    pass_time(stage, minutes=10)
    assert told(stage) == []


def test_bounds_that_somebody_changed_are_drift_and_put_right(stage: Stage) -> None:
    live(stage, CORRECTED.replace("    count: 2\n", "    count: {min: 2, max: 6, cpu: 70%}\n", 1))
    named = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
    resource = f"service/{PLACE}/{PLACE}-backend-blue"
    stage.call("application-autoscaling", "RegisterScalableTarget", ResourceId=resource, MaxCapacity=20, **named)
    stage.run(lambda: bool(told(stage)))
    assert "backend, scaling: count 2 to 20 tasks instead of 2 to 6 tasks" in told(stage)[0]
    stage.run(lambda: stage.phase(2) is Phase.SUCCEEDED)
    stage.settle()
    assert told(stage) == []


@pytest.mark.parametrize("operation", ["UpdateService", "DeleteService"])
def test_a_worker_that_somebody_stopped_runs_again(stage: Stage, operation: str) -> None:
    watch = live(stage, WORKER)
    how = {"desiredCount": 0} if operation == "UpdateService" else {"force": True}
    stage.call("ecs", operation, cluster=PLACE, service=f"{PLACE}-worker-blue", **how)
    stage.run(lambda: stage.phase(2) is Phase.SUCCEEDED)
    stage.settle()
    assert events(stage)[0] == ("drift.found", "worker, ECS service: desired count 0 instead of 2")
    pass_time(stage, minutes=5)
    assert told(stage) == [] and stage.phase(3) is None and watch.at_rest() == []


@pytest.mark.parametrize(("blue", "green", "code"), [(50, 50, "traffic.split"), (0, 100, "traffic.elsewhere")])
def test_weights_are_never_corrected(stage: Stage, blue: int, green: int, code: str) -> None:
    """Somebody's hand on the traffic has rules of its own, and while it is there nobody can tell what else differs."""
    live(stage)
    found = stage.look("elbv2", "DescribeTargetGroups", Names=[GREEN])["TargetGroups"][0]["TargetGroupArn"]
    forward = [{"TargetGroupArn": group(stage), "Weight": blue}, {"TargetGroupArn": found, "Weight": green}]
    actions = [{"Type": "forward", "ForwardConfig": {"TargetGroups": forward}}]
    stage.call("elbv2", "ModifyRule", RuleArn=rule(stage), Actions=actions)
    update(desiredCount=5)(stage)
    changes = len(stage.changes())
    pass_time(stage, minutes=10)
    assert told(stage) == [] and len(stage.changes()) == changes
    assert stage.explained().code == code


def test_what_was_filled_late_beside_the_live_slot_is_emptied(stage: Stage) -> None:
    watch = live(stage)
    fill_idle_slot(stage)
    stage.run(lambda: stage.phase(3) is Phase.SUCCEEDED)
    stage.settle()
    assert shown(stage)["desiredCount"] == 0 and watch.at_rest() == []
    assert ("drift.found", "backend, idle slot: desired count 2 instead of 0") in events(stage)


@pytest.mark.parametrize("operation", ["DescribeRules", "DescribeServices", "DescribeTargetGroups", "DescribeTags"])
@pytest.mark.parametrize("kind", ["missing", "stale", "error"])
def test_a_read_that_is_old_or_empty_or_fails_corrects_nothing(stage: Stage, operation: str, kind: str) -> None:
    live(stage)
    stage.start_over()
    changes = len(stage.changes())
    stage.aws.faults.add(Fault(kind=kind, operation=operation, times=2))
    pass_time(stage, minutes=10)
    assert events(stage) == [] and stage.phase(2) is None and len(stage.changes()) == changes


def test_while_the_old_version_is_kept_warm_nothing_is_drift(stage: Stage) -> None:
    watch = live(stage, WARM)
    stage.push(WARM, content="second")
    stage.run(lambda: stage.phase(2) is Phase.SUCCEEDED)
    stage.call("ecs", "UpdateService", cluster=PLACE, service=GREEN, healthCheckGracePeriodSeconds=5)
    pass_time(stage, minutes=10)
    assert told(stage) == []
    pass_time(stage, minutes=20)
    assert stage.deployment(3).kind is Kind.CORRECT and stage.phase(3) is Phase.SUCCEEDED
    assert watch.at_rest() == []


def test_while_an_environment_is_held_nothing_is_drift(stage: Stage) -> None:
    live(stage, WARM)
    stage.push(WARM, Script(status=503), content="second")
    stage.run(lambda: stage.environment.hold is not None)
    stage.settle()
    update(healthCheckGracePeriodSeconds=5)(stage)
    pass_time(stage, minutes=30)
    assert told(stage) == [] and stage.phase(3) is None


def test_a_deployment_that_waits_at_a_gate_keeps_nothing_from_being_mended(stage: Stage) -> None:
    live(stage)
    stage.push(CORRECTED, images=False, content="second")
    pass_time(stage, minutes=2)
    update(desiredCount=5)(stage)
    stage.run(lambda: stage.phase(3) is Phase.SUCCEEDED)
    assert stage.deployment(3).kind is Kind.CORRECT and stage.phase(2) is Phase.WAITING
    stage.build(stage.repository.commits[-1][0])
    stage.settle()
    assert stage.phase(2) is Phase.SUCCEEDED and stage.environment.live == 2


def test_a_correction_that_fails_holds_nobody_and_blames_nobody(stage: Stage) -> None:
    watch = live(stage)
    stage.outside.runtime._scripts.update(
        {launch.containers[0].digest: Script(status=503) for launch in stage.outside.runtime.launches}
    )
    with_a_password(stage)
    stage.run(lambda: stage.phase(2) is Phase.ROLLED_BACK)
    assert stage.environment.hold is None and stage.environment.quarantines == ()
    assert "variable PASSWORD" in told(stage)[0]
    pass_time(stage, hours=3)
    corrections = [one for number in range(2, 9) if stage.phase(number) and (one := stage.deployment(number))]
    began = [one.created_at for one in corrections]
    waits = [later - earlier for earlier, later in pairwise(began)]
    assert {one.kind for one in corrections} == {Kind.CORRECT} and len(waits) >= 3
    assert all(wait >= PAUSE * 2**failed for failed, wait in enumerate(waits, 1)), "ever less often"
    assert stage.environment.drift.fought is None and watch.broken == [], "nobody sets it otherwise"


def fights(stage: Stage) -> None:
    """Somebody's tool sets it again each time that it was corrected, until it is given up."""
    while stage.environment.drift.fought is None:
        update(desiredCount=5)(stage)
        stage.run(lambda: shown(stage)["desiredCount"] == 2 or stage.environment.drift.fought is not None)
        stage.settle()


def test_somebodys_tool_that_fights_is_left_to_a_person(stage: Stage) -> None:
    live(stage)
    fights(stage)
    assert shown(stage)["desiredCount"] == 5 and stage.phase(2 + TRIES) is None
    assert events(stage)[-1][0] == "drift.fought"
    explained = stage.explained()
    assert explained.code == "drift.fought" and "`tidegate deploy dev --correct`" in explained.clears
    pass_time(stage, hours=3)
    assert [event for event, _ in events(stage)].count("drift.fought") == 1 and stage.phase(2 + TRIES) is None
    stage.order(OrderKind.DEPLOY, correct=True)
    stage.run(lambda: stage.phase(2 + TRIES) is Phase.SUCCEEDED)
    assert shown(stage)["desiredCount"] == 2 and stage.environment.drift.fought is None


def test_the_next_version_has_everything_corrected_again(stage: Stage) -> None:
    live(stage)
    fights(stage)
    stage.push(CORRECTED, content="second")
    stage.run(lambda: stage.environment.live == 2 + TRIES)
    stage.settle()
    assert stage.environment.drift.fought is None and stage.environment.drift.tried == ()


def test_a_correction_that_a_person_stops_is_not_begun_again(stage: Stage) -> None:
    live(stage)
    with_a_password(stage)
    stage.run(lambda: stage.phase(2) is Phase.RUNNING)
    stage.order(OrderKind.ABORT, "dev-2")
    stage.run(lambda: stage.phase(2) is Phase.ABORTED)
    pass_time(stage, hours=1)
    assert stage.environment.hold is not None and stage.phase(3) is None


def test_a_changed_grace_period_in_the_file_arrives_where_nothing_rolls(stage: Stage) -> None:
    live(stage)
    stage.push(CORRECTED.replace("grace: 30s", "grace: 45s"), content="first")
    stage.settle()
    assert [step.kind for step in stage.deployment(2).steps] == [StepKind.MEND, StepKind.SETTLE]
    assert shown(stage)["healthCheckGracePeriodSeconds"] == 45
    pass_time(stage, minutes=5)
    assert events(stage) == []


def test_a_correction_twice_ordered_is_begun_once(stage: Stage) -> None:
    live(stage, FILE)
    stage.aws.faults.add(Fault(kind="error", operation="DescribeServices", times=5))
    stage.order(OrderKind.DEPLOY, correct=True)
    assert "corrects it already" in stage.refused(OrderKind.DEPLOY, correct=True)


def test_where_nothing_is_live_there_is_nothing_to_correct(stage: Stage) -> None:
    assert stage.refused(OrderKind.DEPLOY, correct=True) == "nothing is live in dev: there is nothing to correct"


def test_a_controller_that_comes_up_believes_no_single_look(stage: Stage) -> None:
    """What was doubted is forgotten with the process, and doubted again."""
    live(stage, FILE)
    update(desiredCount=5)(stage)
    for _ in range(4):
        pass_time(stage, seconds=15)
        stage.reconciler = Reconciler(stage.world, "one", PACE)
    assert told(stage) == []
    pass_time(stage, minutes=3)
    assert len(told(stage)) == 1
