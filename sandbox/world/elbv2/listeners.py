"""Listeners; each has a default rule of its own."""

from __future__ import annotations

from sandbox.world.elbv2 import model, rules
from sandbox.world.elbv2.actions import normalized
from sandbox.world.elbv2.load_balancers import remove_listener
from sandbox.world.elbv2.model import Listener, Rule, require
from sandbox.world.errors import AwsError
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place
from sandbox.world.values import Answer, page

operations = Operations()


@operations.changes("CreateListener")
def create_listener(call: Call) -> Answer:
    place = call.place
    balancer = model.load_balancer(place, call["LoadBalancerArn"])
    store = model.store(place)
    port = call.get("Port", 80)
    require(1 <= port <= 65535, f"Port '{port}' must be between 1 and 65535")
    if any(each.load_balancer_arn == balancer.arn and each.port == port for each in store.listeners.values()):
        raise AwsError("DuplicateListener", "A listener already exists on this port for this load balancer")
    stem = balancer.arn.partition(":loadbalancer/")[2] + "/" + place.ids.hex(16)
    listener = Listener(
        arn=place.arn("elasticloadbalancing", f"listener/{stem}"),
        load_balancer_arn=balancer.arn,
        port=port,
        protocol=call.get("Protocol", "HTTP"),
        certificates=call.get("Certificates", []),
        ssl_policy=call.get("SslPolicy"),
        tags=model.tags(call.get("Tags")),
    )
    actions = normalized(place, balancer.arn, call["DefaultActions"])
    store.listeners[listener.arn] = listener
    rule_arn = place.arn("elasticloadbalancing", f"listener-rule/{stem}/{place.ids.hex(16)}")
    rules.add(place, Rule(rule_arn, listener.arn, balancer.arn, None, [], actions, {}))
    place.world.traffic.listeners_changed()
    return {"Listeners": [shown(place, listener)]}


@operations.reads("DescribeListeners")
def describe_listeners(call: Call) -> Answer:
    place = call.place
    if "ListenerArns" in call:
        found = [model.listener(place, arn) for arn in call["ListenerArns"]]
    else:
        require("LoadBalancerArn" in call, "One of LoadBalancerArn and ListenerArns must be given")
        balancer = model.load_balancer(place, call["LoadBalancerArn"])
        every = model.store(place).listeners.values()
        found = [each for each in every if each.load_balancer_arn == balancer.arn]
    shown_page, marker = page(found, call.get("Marker"), call.get("PageSize", 400))
    return {"Listeners": [shown(place, each) for each in shown_page], "NextMarker": marker}


@operations.changes("ModifyListener")
def modify_listener(call: Call) -> Answer:
    place = call.place
    listener = model.listener(place, call["ListenerArn"])
    if "DefaultActions" in call:
        default = rules.default_of(place, listener.arn)
        actions = normalized(place, listener.load_balancer_arn, call["DefaultActions"])
        rules.set_actions(place, default, actions)
    listener.port = call.get("Port", listener.port)
    listener.protocol = call.get("Protocol", listener.protocol)
    listener.certificates = call.get("Certificates", listener.certificates)
    listener.ssl_policy = call.get("SslPolicy", listener.ssl_policy)
    place.world.traffic.listeners_changed()
    return {"Listeners": [shown(place, listener)]}


@operations.changes("DeleteListener")
def delete_listener(call: Call) -> Answer:
    listener = model.listener(call.place, call["ListenerArn"])
    remove_listener(call.place, listener.arn)
    return {}


def shown(place: Place, listener: Listener) -> Answer:
    return {
        "ListenerArn": listener.arn,
        "LoadBalancerArn": listener.load_balancer_arn,
        "Port": listener.port,
        "Protocol": listener.protocol,
        "Certificates": listener.certificates or None,
        "SslPolicy": listener.ssl_policy,
        "DefaultActions": rules.default_of(place, listener.arn).actions,
    }
