"""Application load balancers."""

from __future__ import annotations

from functools import partial
from hashlib import sha256

from sandbox.world.elbv2 import model, rules
from sandbox.world.elbv2.model import LoadBalancer, require
from sandbox.world.errors import AwsError
from sandbox.world.operation import Call, Operations
from sandbox.world.place import Place
from sandbox.world.values import Answer, chosen, page

operations = Operations()

ATTRIBUTES = {
    "access_logs.s3.bucket": "",
    "access_logs.s3.enabled": "false",
    "access_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.enabled": "false",
    "deletion_protection.enabled": "false",
    "idle_timeout.timeout_seconds": "60",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}
"""Of an Application Load Balancer, with the defaults of the API's `LoadBalancerAttribute`."""

SET_UP_SECONDS = 2.0
"""How long a balancer is `provisioning`. AWS takes minutes; nobody here has anything to do meanwhile."""


@operations.changes("CreateLoadBalancer")
def create_load_balancer(call: Call) -> Answer:
    place, name = call.place, call["Name"]
    store = model.store(place)
    require(len(name) <= 32, f"Load balancer name '{name}' cannot be longer than '32' characters")
    if any(balancer.name == name for balancer in store.load_balancers.values()):
        raise AwsError("DuplicateLoadBalancerName", f"A load balancer with the name '{name}' exists")
    number = place.ids.hex(16)
    arn = place.arn("elasticloadbalancing", f"loadbalancer/app/{name}/{number}")
    body = {
        "Scheme": call.get("Scheme", "internet-facing"),
        "Type": call.get("Type", "application"),
        "VpcId": vpc_of(place),
        "SecurityGroups": call.get("SecurityGroups", []),
        "IpAddressType": call.get("IpAddressType", "ipv4"),
        "AvailabilityZones": [
            {"ZoneName": place.region + "abc"[index % 3], "SubnetId": subnet}
            for index, subnet in enumerate(call.get("Subnets", []))
        ],
    }
    balancer = LoadBalancer(
        arn=arn,
        name=name,
        dns_name=f"{name}-{place.ids.digits(10)}.{place.region}.elb.amazonaws.com",
        created_at=place.now(),
        body=body,
        attributes=dict(ATTRIBUTES),
        tags=model.tags(call.get("Tags")),
    )
    store.load_balancers[arn] = balancer
    place.after(SET_UP_SECONDS, partial(_activate, place, arn))
    return {"LoadBalancers": [shown(balancer)]}


def _activate(place: Place, arn: str) -> None:
    """By ARN: it may have been deleted, and what is copied for stale reads stays as it was."""
    balancer = model.store(place).load_balancers.get(arn)
    if balancer is not None:
        balancer.is_active = True


@operations.reads("DescribeLoadBalancers")
def describe_load_balancers(call: Call) -> Answer:
    found = list(model.store(call.place).load_balancers.values())
    if "LoadBalancerArns" in call:
        found = [model.load_balancer(call.place, arn) for arn in call["LoadBalancerArns"]]
    if "Names" in call:
        found = [balancer for balancer in found if balancer.name in call["Names"]]
        missing = set(call["Names"]) - {balancer.name for balancer in found}
        if missing:
            raise AwsError("LoadBalancerNotFound", f"Load balancers '[{', '.join(sorted(missing))}]' not found")
    shown_page, marker = page(found, call.get("Marker"), call.get("PageSize", 400))
    return {"LoadBalancers": [shown(balancer) for balancer in shown_page], "NextMarker": marker}


@operations.changes("DeleteLoadBalancer")
def delete_load_balancer(call: Call) -> Answer:
    place, arn = call.place, call["LoadBalancerArn"]
    store = model.store(place)
    for listener in [each for each in store.listeners.values() if each.load_balancer_arn == arn]:
        remove_listener(place, listener.arn)
    store.load_balancers.pop(arn, None)
    return {}


@operations.reads("DescribeLoadBalancerAttributes")
def describe_attributes(call: Call) -> Answer:
    return {"Attributes": attribute_list(model.load_balancer(call.place, call["LoadBalancerArn"]).attributes)}


@operations.changes("ModifyLoadBalancerAttributes")
def modify_attributes(call: Call) -> Answer:
    balancer = model.load_balancer(call.place, call["LoadBalancerArn"])
    balancer.attributes.update({each["Key"]: each["Value"] for each in call["Attributes"]})
    return {"Attributes": attribute_list(balancer.attributes)}


def vpc_of(place: Place) -> str:
    """The one VPC that a place has, as far as anybody here can tell."""
    return "vpc-" + sha256(f"{place.account}/{place.region}".encode()).hexdigest()[:17]


def remove_listener(place: Place, listener_arn: str) -> None:
    store = model.store(place)
    for rule_arn in list(store.by_listener.get(listener_arn, [])):
        rules.remove(place, store.rules[rule_arn])
    store.by_listener.pop(listener_arn, None)
    store.listeners.pop(listener_arn, None)
    place.world.traffic.listeners_changed()


def attribute_list(attributes: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in attributes.items()]


def shown(balancer: LoadBalancer) -> Answer:
    return {
        "LoadBalancerArn": balancer.arn,
        "LoadBalancerName": balancer.name,
        "DNSName": balancer.dns_name,
        "CanonicalHostedZoneId": "Z32O12XQLNTSW2",
        "CreatedTime": balancer.created_at,
        "State": {"Code": "active" if balancer.is_active else "provisioning"},
        **chosen(balancer.body, "Scheme", "Type", "VpcId", "SecurityGroups", "IpAddressType", "AvailabilityZones"),
    }
