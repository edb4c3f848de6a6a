"""Listener rules. Priorities are unique, actions are always replaced whole."""

from __future__ import annotations

from typing import Any

from sandbox.world.elbv2 import model, targets
from sandbox.world.elbv2.actions import normalized, normalized_conditions, used_groups
from sandbox.world.elbv2.model import Rule, require
from sandbox.world.errors import AwsError
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place
from sandbox.world.values import Answer, page

operations = Operations()

RULES_PER_BALANCER = 100


@operations.changes("CreateRule")
def create_rule(call: Call) -> Answer:
    place = call.place
    listener = model.listener(place, call["ListenerArn"])
    priority = call["Priority"]
    _check_priority(place, listener.arn, priority)
    of_balancer = [r for r in model.store(place).rules.values() if r.load_balancer_arn == listener.load_balancer_arn]
    if sum(rule.priority is not None for rule in of_balancer) >= RULES_PER_BALANCER:
        raise AwsError("TooManyRules", f"The maximum number of rules per load balancer is {RULES_PER_BALANCER}")
    conditions = normalized_conditions(call["Conditions"])
    actions = normalized(place, listener.load_balancer_arn, call["Actions"])
    stem = listener.arn.partition(":listener/")[2]
    rule = Rule(
        arn=place.arn("elasticloadbalancing", f"listener-rule/{stem}/{place.ids.hex(16)}"),
        listener_arn=listener.arn,
        load_balancer_arn=listener.load_balancer_arn,
        priority=priority,
        conditions=conditions,
        actions=actions,
        tags=model.tags(call.get("Tags")),
    )
    add(place, rule)
    return {"Rules": [shown(rule)]}


@operations.reads("DescribeRules")
def describe_rules(call: Call) -> Answer:
    place = call.place
    if "RuleArns" in call:
        found = [model.rule(place, arn) for arn in call["RuleArns"]]
    else:
        require("ListenerArn" in call, "One of ListenerArn and RuleArns must be given")
        found = of_listener(place, model.listener(place, call["ListenerArn"]).arn)
    shown_page, marker = page(found, call.get("Marker"), call.get("PageSize", 400))
    return {"Rules": [shown(rule) for rule in shown_page], "NextMarker": marker}


@operations.changes("ModifyRule")
def modify_rule(call: Call) -> Answer:
    place = call.place
    rule = model.rule(place, call["RuleArn"])
    if rule.priority is None:
        raise AwsError("OperationNotPermitted", "Default rule cannot be modified")
    conditions = normalized_conditions(call["Conditions"]) if "Conditions" in call else rule.conditions
    actions = rule.actions
    if "Actions" in call:
        actions = normalized(place, rule.load_balancer_arn, call["Actions"])
    rule.conditions = conditions
    set_actions(place, rule, actions)
    return {"Rules": [shown(rule)]}


@operations.changes("SetRulePriorities")
def set_rule_priorities(call: Call) -> Answer:
    place = call.place
    wanted = {each["RuleArn"]: each["Priority"] for each in call["RulePriorities"]}
    moved = [model.rule(place, arn) for arn in wanted]
    for rule in moved:
        if rule.priority is None:
            raise AwsError("OperationNotPermitted", "The priority of a default rule cannot be set")
        _check_priority(place, rule.listener_arn, wanted[rule.arn], leaving=set(wanted))
    require(len(set(wanted.values())) == len(wanted), "Each rule needs a priority of its own")
    for rule in moved:
        rule.priority = wanted[rule.arn]
    for listener_arn in dict.fromkeys(rule.listener_arn for rule in moved):
        place.world.traffic.rules_changed(place, listener_arn)
    return {"Rules": [shown(rule) for rule in moved]}


@operations.changes("DeleteRule")
def delete_rule(call: Call) -> Answer:
    rule = model.rule(call.place, call["RuleArn"])
    if rule.priority is None:
        raise AwsError("OperationNotPermitted", "Default rule cannot be deleted")
    remove(call.place, rule)
    return {}


def add(place: Place, rule: Rule) -> None:
    store = model.store(place)
    store.rules[rule.arn] = rule
    store.by_listener.setdefault(rule.listener_arn, []).append(rule.arn)
    _use(place, rule, [], rule.actions)


def remove(place: Place, rule: Rule) -> None:
    store = model.store(place)
    del store.rules[rule.arn]
    store.by_listener[rule.listener_arn].remove(rule.arn)
    _use(place, rule, rule.actions, [])


def set_actions(place: Place, rule: Rule, actions: list[dict[str, Any]]) -> None:
    before, rule.actions = rule.actions, actions
    _use(place, rule, before, actions)


def _use(place: Place, rule: Rule, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    """Note which groups the rule names now; a group's targets are checked for as long as any rule names it."""
    uses = model.store(place).uses
    for arn in used_groups(after):
        newly = arn not in uses
        uses.setdefault(arn, {})[rule.arn] = rule.load_balancer_arn
        if newly:
            targets.use_began(place, arn)
    for arn in used_groups(before):
        if arn in used_groups(after):
            continue
        del uses[arn][rule.arn]
        if not uses[arn]:
            del uses[arn]
            targets.use_ended(place, arn)
    place.world.traffic.rules_changed(place, rule.listener_arn)
    place.emit(
        "aws.elasticloadbalancing",
        "Rule Change",
        rule.arn,
        weights={
            group["TargetGroupArn"]: group["Weight"]
            for action in after
            for group in action.get("ForwardConfig", {}).get("TargetGroups", [])
        },
    )


def of_listener(place: Place, listener_arn: str) -> list[Rule]:
    """In the order in which they are tried."""
    store = model.store(place)
    found = [store.rules[arn] for arn in store.by_listener.get(listener_arn, [])]
    return sorted(found, key=lambda rule: (rule.priority is None, rule.priority or 0))


def default_of(place: Place, listener_arn: str) -> Rule:
    return of_listener(place, listener_arn)[-1]


def _check_priority(place: Place, listener_arn: str, priority: int, leaving: set[str] | None = None) -> None:
    require(1 <= priority <= 50_000, f"Priority '{priority}' must be between 1 and 50000")
    if any(r.priority == priority and r.arn not in (leaving or ()) for r in of_listener(place, listener_arn)):
        raise AwsError("PriorityInUse", f"Priority '{priority}' is currently in use")


def shown(rule: Rule) -> Answer:
    return {
        "RuleArn": rule.arn,
        "Priority": "default" if rule.priority is None else str(rule.priority),
        "Conditions": rule.conditions,
        "Actions": rule.actions,
        "IsDefault": rule.priority is None,
    }
