"""Questions about Elastic Load Balancing. They cost a load balancer's hour, and no tasks unless they say so."""

from __future__ import annotations

from functools import partial
from itertools import cycle, islice
from typing import Any

from tests.oracles.probe.questions import asks, code_of, lag, longest
from tests.oracles.probe.stage import Stage, fixed, forward

ROUNDS = 5


def _rule(stage: Stage, arn: str) -> Any:
    return stage.elbv2.describe_rules(RuleArns=[arn])["Rules"][0]


@asks(
    "rule-shows",
    "How long after ModifyRule does DescribeRules show the new weights?",
    sandbox="at once at the longest of 5",
    matters="Weights are read back after each write; a write that does not show yet is looked at again.",
)
def rule_shows(stage: Stage) -> str:
    blue, green = stage.group(), stage.group()
    rule = stage.rule([forward({blue: 100, green: 0})])
    measured = []
    for weight in islice(cycle((10, 50, 100)), ROUNDS):
        wanted = {blue: 100 - weight, green: weight}
        stage.elbv2.modify_rule(RuleArn=rule, Actions=[forward(wanted)])
        measured.append(stage.until(partial(_has, stage, rule, wanted), 0.1, 60))
    return longest(measured)


def _has(stage: Stage, rule: str, weights: dict[str, int]) -> bool:
    groups = _rule(stage, rule)["Actions"][0]["ForwardConfig"]["TargetGroups"]
    return {each["TargetGroupArn"]: each["Weight"] for each in groups} == weights


@asks(
    "rule-applies",
    "How long after ModifyRule do requests follow, and how long may some still follow the old rule?",
    sandbox="first at once, all at once",
    matters="How fast traffic comes home, and how much a canary may exceed its step while it rises.",
    minutes=3,
)
def rule_applies(stage: Stage) -> str:
    """With answers of the balancer itself, so that no target's health is in the way."""
    rule = stage.rule([fixed(200)], "/applies")
    host = stage.host()
    stage.until(lambda: stage.asks(host, 80, "/applies") == 200, 1.0)
    stage.elbv2.modify_rule(RuleArn=rule, Actions=[fixed(410)])
    began = stage.clock.monotonic()
    first: float | None = None
    last_old = began
    while stage.clock.monotonic() - began < 60:
        now, status = stage.clock.monotonic(), stage.asks(host, 80, "/applies")
        first = now if first is None and status == 410 else first
        last_old = now if status == 200 else last_old
        if first is not None and now - last_old > 20:
            break
        stage.clock.sleep(0.1)
    return f"first {lag((first or began + 60) - began)}, all {lag(last_old - began)}"


@asks(
    "group-in-use",
    "What does DeleteTargetGroup answer while a rule names the group, and when it is deleted a second time?",
    sandbox="in use: ResourceInUse; second time: TargetGroupNotFound",
    matters="Pruning an orphaned service; the model lists ResourceInUse as the only error.",
)
def group_in_use(stage: Stage) -> str:
    group = stage.group()
    rule = stage.rule([forward({group: 1})])

    def delete() -> Any:
        return stage.elbv2.delete_target_group(TargetGroupArn=group)

    used = code_of(delete)
    stage.elbv2.delete_rule(RuleArn=rule)
    stage.until(lambda: code_of(delete) != "ResourceInUse")
    return f"in use: {used}; second time: {code_of(delete)}"


@asks(
    "group-freed",
    "How long after its last rule is deleted can a target group be deleted?",
    sandbox="at once",
    matters="Pruning: whether the deletion must be tried again in a later pass.",
)
def group_freed(stage: Stage) -> str:
    group = stage.group()
    stage.elbv2.delete_rule(RuleArn=stage.rule([forward({group: 1})]))
    return lag(stage.until(lambda: code_of(lambda: stage.elbv2.delete_target_group(TargetGroupArn=group)) == "ok", 0.5))


@asks(
    "rule-as-shown",
    "Which members does DescribeRules show for a forward that was given groups and weights only?",
    sandbox="ForwardConfig, TargetGroupArn, Type; stickiness {'Enabled': False}",
    matters="Undo records keep a rule as it was shown and put it back whole.",
)
def rule_as_shown(stage: Stage) -> str:
    action = _rule(stage, stage.rule([forward({stage.group(): 100})]))["Actions"][0]
    return f"{', '.join(sorted(action))}; stickiness {action['ForwardConfig'].get('TargetGroupStickinessConfig')}"


@asks(
    "six-groups",
    "With which code is a sixth target group in an action refused?",
    sandbox="TooManyTargetGroups",
    matters="It becomes «a quota is reached» instead of «AWS refused»; both wait for an operator.",
)
def six_groups(stage: Stage) -> str:
    groups = [stage.group() for _ in range(6)]
    return code_of(lambda: stage.rule([forward(dict.fromkeys(groups, 1))]))


@asks(
    "groups-of-idle-balancer",
    "What does DescribeTargetGroups answer for a load balancer that has none?",
    sandbox="0 groups",
    matters="Nothing yet: Tidegate asks by name.",
)
def groups_of_idle_balancer(stage: Stage) -> str:
    asked: dict[str, Any] = {}

    def ask() -> None:
        asked.update(stage.elbv2.describe_target_groups(LoadBalancerArn=stage.balancer()))

    code = code_of(ask)
    return f"{len(asked['TargetGroups'])} groups" if code == "ok" else code


@asks(
    "unattached-group",
    "How long after CreateRule does CreateService still say that the group has no load balancer?",
    sandbox="at once",
    matters="That answer is taken as «not yet» and tried again by itself.",
    minutes=2,
)
def unattached_group(stage: Stage) -> str:
    group = stage.group()
    stage.rule([forward({group: 1})])
    definition = stage.definition()
    return lag(stage.until(lambda: code_of(lambda: stage.service(definition, 0, group)) == "ok", 1.0, 120))


@asks(
    "idle-target-drains",
    "How long is a target without any request draining, with a deregistration delay of 20 s?",
    sandbox="at once",
    matters="How long a slot takes to empty; the sandbox lets an idle target go at once.",
    minutes=4,
)
def idle_target_drains(stage: Stage) -> str:
    group = stage.group(delay_seconds=20)
    stage.rule([forward({group: 1})])
    name = stage.service(stage.definition(), 1, group)
    stage.until(lambda: _states(stage, group) == ["healthy"])
    stage.ecs.update_service(cluster=stage.cluster(), service=name, desiredCount=0)
    stage.until(lambda: _states(stage, group) != ["healthy"], 0.25)
    return lag(stage.until(lambda: not _states(stage, group), 0.25))


def _states(stage: Stage, group: str) -> list[str]:
    shown = stage.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return [each["TargetHealth"]["State"] for each in shown]
