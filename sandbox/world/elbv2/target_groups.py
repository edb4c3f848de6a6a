"""Target groups: settings, attributes, and the targets that others put in."""

from __future__ import annotations

import re
from typing import Any

from sandbox.world.elbv2 import model, targets
from sandbox.world.elbv2.load_balancers import attribute_list
from sandbox.world.elbv2.model import TargetGroup, require
from sandbox.world.errors import AwsError
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place
from sandbox.world.values import Answer, page

operations = Operations()

NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?")

HEALTH_SETTINGS: dict[str, Any] = {
    "HealthCheckProtocol": "HTTP",
    "HealthCheckPort": "traffic-port",
    "HealthCheckEnabled": True,
    "HealthCheckPath": "/",
    "HealthCheckIntervalSeconds": 30,
    "HealthCheckTimeoutSeconds": 5,
    "HealthyThresholdCount": 5,
    "UnhealthyThresholdCount": 2,
    "Matcher": {"HttpCode": "200"},
}
SETTINGS: dict[str, Any] = {
    "Protocol": "HTTP",
    "Port": 80,
    "VpcId": None,
    "TargetType": "instance",
    "IpAddressType": "ipv4",
    "ProtocolVersion": "HTTP1",
    **HEALTH_SETTINGS,
}
ATTRIBUTES = {
    "deregistration_delay.timeout_seconds": "300",
    "stickiness.enabled": "false",
    "stickiness.type": "lb_cookie",
    "stickiness.lb_cookie.duration_seconds": "86400",
    "stickiness.app_cookie.cookie_name": "",
    "stickiness.app_cookie.duration_seconds": "86400",
    "slow_start.duration_seconds": "0",
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.algorithm.type": "round_robin",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}
"""Of a group of instances or addresses behind an Application Load Balancer, with the defaults of the API's
`TargetGroupAttribute`."""
RANGES = {
    "HealthCheckIntervalSeconds": (5, 300),
    "HealthCheckTimeoutSeconds": (2, 120),
    "HealthyThresholdCount": (2, 10),
    "UnhealthyThresholdCount": (2, 10),
    "Port": (1, 65535),
}


@operations.changes("CreateTargetGroup")
def create_target_group(call: Call) -> Answer:
    place, name = call.place, call["Name"]
    require(
        bool(NAME.fullmatch(name)),
        f"Target group name '{name}' must be 1 to 32 characters of letters, digits and hyphens, "
        "not beginning or ending with a hyphen",
    )
    settings = {key: call.get(key, default) for key, default in SETTINGS.items()}
    _check(settings)
    store = model.store(place)
    for group in store.target_groups.values():
        if group.name != name:
            continue
        if group.settings != settings:
            message = f"A target group with the same name '{name}' exists, but with different settings"
            raise AwsError("DuplicateTargetGroupName", message)
        return {"TargetGroups": [shown(place, group)]}
    arn = place.arn("elasticloadbalancing", f"targetgroup/{name}/{place.ids.hex(16)}")
    tags = model.tags(call.get("Tags"))
    store.target_groups[arn] = TargetGroup(arn, name, settings, dict(ATTRIBUTES), tags)
    return {"TargetGroups": [shown(place, store.target_groups[arn])]}


@operations.reads("DescribeTargetGroups")
def describe_target_groups(call: Call) -> Answer:
    place = call.place
    found = list(model.store(place).target_groups.values())
    if "TargetGroupArns" in call:
        found = [model.target_group(place, arn) for arn in call["TargetGroupArns"]]
    if "Names" in call:
        found = [group for group in found if group.name in call["Names"]]
        if len(found) < len(set(call["Names"])):
            raise AwsError("TargetGroupNotFound", "One or more target groups not found")
    if "LoadBalancerArn" in call:
        balancer = model.load_balancer(place, call["LoadBalancerArn"])
        found = [group for group in found if balancer.arn in model.balancers_of(place, group.arn)]
    shown_page, marker = page(found, call.get("Marker"), call.get("PageSize", 400))
    return {"TargetGroups": [shown(place, group) for group in shown_page], "NextMarker": marker}


@operations.changes("ModifyTargetGroup")
def modify_target_group(call: Call) -> Answer:
    group = model.target_group(call.place, call["TargetGroupArn"])
    changed = {**group.settings, **{key: call[key] for key in HEALTH_SETTINGS if key in call}}
    _check(changed)
    group.settings = changed
    return {"TargetGroups": [shown(call.place, group)]}


@operations.changes("DeleteTargetGroup")
def delete_target_group(call: Call) -> Answer:
    place, arn = call.place, call["TargetGroupArn"]
    group = model.target_group(place, arn)
    if model.store(place).uses.get(arn):
        raise AwsError("ResourceInUse", f"Target group '{arn}' is currently in use by a listener or a rule")
    for target in list(group.targets.values()):
        targets.remove(place, group, target)
    del model.store(place).target_groups[arn]
    return {}


@operations.reads("DescribeTargetGroupAttributes")
def describe_attributes(call: Call) -> Answer:
    return {"Attributes": attribute_list(model.target_group(call.place, call["TargetGroupArn"]).attributes)}


@operations.changes("ModifyTargetGroupAttributes")
def modify_attributes(call: Call) -> Answer:
    group = model.target_group(call.place, call["TargetGroupArn"])
    wanted = {each["Key"]: each["Value"] for each in call["Attributes"]}
    for key in wanted:
        require(key in group.attributes, f"Target group attribute key '{key}' is not recognized")
    delay = wanted.get("deregistration_delay.timeout_seconds", "0")
    require(
        delay.isdigit() and int(delay) <= 3600,
        f"'deregistration_delay.timeout_seconds' must be between 0 and 3600, found '{delay}'",
    )
    group.attributes.update(wanted)
    call.place.world.traffic.group_changed(group.arn)
    return {"Attributes": attribute_list(group.attributes)}


@operations.changes("RegisterTargets")
def register_targets(call: Call) -> Answer:
    group = model.target_group(call.place, call["TargetGroupArn"])
    for wanted in call["Targets"]:
        port = wanted.get("Port", group.settings["Port"])
        targets.register(call.place, group, wanted["Id"], port, task_id="", endpoint=None)
    return {}


@operations.changes("DeregisterTargets")
def deregister_targets(call: Call) -> Answer:
    group = model.target_group(call.place, call["TargetGroupArn"])
    for wanted in call["Targets"]:
        for target in _matching(group, wanted):
            targets.deregister(call.place, group, target)
    return {}


@operations.reads("DescribeTargetHealth")
def describe_target_health(call: Call) -> Answer:
    group = model.target_group(call.place, call["TargetGroupArn"])
    is_used = bool(model.store(call.place).uses.get(group.arn))
    if "Targets" not in call:
        return {"TargetHealthDescriptions": [_health(group, each, is_used) for each in group.targets.values()]}
    answers = []
    for wanted in call["Targets"]:
        found = [_health(group, each, is_used) for each in _matching(group, wanted)]
        answers += found or [_not_registered(group, wanted)]
    return {"TargetHealthDescriptions": answers}


def _matching(group: TargetGroup, wanted: dict[str, Any]) -> list[model.RegisteredTarget]:
    return [
        target
        for target in group.targets.values()
        if target.id == wanted["Id"] and wanted.get("Port") in (None, target.port)
    ]


def _health(group: TargetGroup, target: model.RegisteredTarget, is_used: bool) -> Answer:
    state, reason, description = target.state, target.reason, target.description
    if not is_used and state != "draining":
        state, reason = "unused", "Target.NotInUse"
        description = "Target group is not configured to receive traffic from the load balancer"
    health = {"State": state, "Reason": reason or None, "Description": description or None}
    return {
        "Target": {"Id": target.id, "Port": target.port},
        "HealthCheckPort": _check_port(group, target.port),
        "TargetHealth": health,
    }


def _not_registered(group: TargetGroup, wanted: dict[str, Any]) -> Answer:
    port = wanted.get("Port", group.settings["Port"])
    return {
        "Target": {"Id": wanted["Id"], "Port": port},
        "HealthCheckPort": _check_port(group, port),
        "TargetHealth": {
            "State": "unused",
            "Reason": "Target.NotRegistered",
            "Description": "Target is not registered to the target group",
        },
    }


def _check_port(group: TargetGroup, port: int) -> str:
    configured = group.settings["HealthCheckPort"]
    return str(port) if configured == "traffic-port" else str(configured)


def _check(settings: dict[str, Any]) -> None:
    for name, (least, most) in RANGES.items():
        value = settings[name]
        require(least <= value <= most, f"{name} '{value}' must be between {least} and {most}")
    for code in re.split("[,-]", settings["Matcher"]["HttpCode"]):
        is_known = code.isdigit() and 200 <= int(code) <= 499
        require(is_known, f"Health check matcher HTTP code '{code}' must be within '200-499'")
    interval, timeout = settings["HealthCheckIntervalSeconds"], settings["HealthCheckTimeoutSeconds"]
    require(timeout < interval, f"Health check timeout '{timeout}' must be smaller than the interval '{interval}'")


def shown(place: Place, group: TargetGroup) -> Answer:
    return {
        "TargetGroupArn": group.arn,
        "TargetGroupName": group.name,
        "LoadBalancerArns": model.balancers_of(place, group.arn),
        **group.settings,
    }
