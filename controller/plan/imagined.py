"""How AWS would look if everything were as one file declares it. Pure.

What a change would do is compared with this, so that nobody asks AWS because of what nobody has merged.
"""

from collections.abc import Mapping
from datetime import datetime

from controller.domain import standing
from controller.domain.bindings import Binding
from controller.domain.capacity import capacity_of
from controller.domain.foundation import Foundation
from controller.domain.manifest import EnvironmentFile, Service
from controller.domain.rendering import group_settings, render
from controller.domain.scaling import Bounds, ScalingView, bounds_now, scaling_of
from controller.domain.slot import Slot
from controller.domain.snapshot import GroupView, RuleView, ServiceView, SlotView
from controller.domain.standing import Standing

UNKNOWN = "unknown"


def foundation(binding: Binding, *, has_switches: bool) -> Foundation:
    """What the operator binds; the stack's outputs are not asked for, and the same on both sides of a comparison."""
    place = binding.aws
    here = f"{place.region}:{place.account}"
    return Foundation(
        account=place.account,
        region=place.region,
        stack=place.stack or binding.name,
        cluster=place.cluster or f"arn:aws:ecs:{here}:cluster/{UNKNOWN}",
        listener=place.listener or f"arn:aws:elasticloadbalancing:{here}:listener/app/{UNKNOWN}/0/0",
        vpc=place.vpc or UNKNOWN,
        subnets=place.subnets or (),
        security_groups=place.security_groups or (),
        execution_role=place.execution_role or UNKNOWN,
        entrance="",
        switch_role=UNKNOWN if has_switches else None,
        alarm_topic=place.alarm_topic,
    )


def views(
    live: EnvironmentFile | None,
    new: EnvironmentFile,
    images: Mapping[str, str],
    on: Foundation,
    desired: Mapping[str, int],
    now: datetime,
) -> dict[str, ServiceView]:
    """Each service of either file: blue is live where the live file has it, with `desired` tasks where that is known;
    nothing of the others is there. `images` are those of what is live. `now` is aware UTC."""
    found = {name: _nothing(service) for name, service in new.services.items()}
    for name, service in live.services.items() if live else ():
        bounds = bounds_now(service, live.schedule if live else (), now)
        count = bounds.nearest(desired.get(name, bounds.min))
        found[name] = _live(name, service, images[name], on, count, _scaling(service, live, bounds))
    return found


def stands(live: EnvironmentFile | None, on: Foundation, services: Mapping[str, ServiceView]) -> Standing:
    """The alarms and the dashboard that the live file declares, all there."""
    if live is None:
        return Standing()
    return standing.wanted(live, on, {name: services[name].groups for name in live.services})


def _nothing(service: Service) -> ServiceView:
    return ServiceView({slot: SlotView(exists=False) for slot in Slot}, None, None, service.route is not None)


def _live(
    name: str, service: Service, image: str, on: Foundation, count: int, scaling: ScalingView | None
) -> ServiceView:
    content = render(name, service, image, on)
    routed, settings, capacity = service.route is not None, group_settings(service), capacity_of(service)
    groups = {slot: GroupView(f"{name}-{slot}", settings, 0, 0) if routed else None for slot in Slot}
    slots = {
        Slot.BLUE: SlotView(
            exists=True,
            content=content.digest,
            desired=count,
            running=count,
            group=groups[Slot.BLUE],
            capacity=capacity,
            scaling=scaling,
        ),
        Slot.GREEN: SlotView(exists=True, group=groups[Slot.GREEN], capacity=capacity),
    }
    return ServiceView(slots, _rule(name, service), None, routed)


def _rule(name: str, service: Service) -> RuleView | None:
    if service.route is None:
        return None
    weights = {Slot.BLUE: 100, Slot.GREEN: 0}
    paths, hosts = frozenset(service.route.path), frozenset(service.route.host)
    return RuleView(name, 0, weights, "", paths=paths, hosts=hosts)


def _scaling(service: Service, live: EnvironmentFile | None, bounds: Bounds) -> ScalingView | None:
    wanted = scaling_of(service, live.schedule if live else ())
    return ScalingView(type(wanted)(bounds, wanted.aims, wanted.turns)) if wanted else None
