"""What AWS shows otherwise than the revision asks for: what rolls because of it, and what is changed beside that."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from controller.domain import scaling, standing
from controller.domain.capacity import capacity_of
from controller.domain.content import Content
from controller.domain.declared import counted_otherwise, grouped_otherwise, must_be_tuned, must_roll, runs_as_declared
from controller.domain.deployment import Kind, Rolling
from controller.domain.foundation import Foundation
from controller.domain.manifest import EnvironmentFile, Service
from controller.domain.scaling import Bounds, scaling_of
from controller.domain.slot import Slot
from controller.domain.snapshot import ServiceView
from controller.domain.standing import Standing
from controller.domain.step import Step, StepKind


def rolls(content: Content, service: Service, view: ServiceView, kind: Kind) -> bool:
    if view.live is None or not view.slots[view.live].exists:
        return True
    live = view.slots[view.live]
    if kind is Kind.CORRECT:
        return must_roll(service, content, live)
    has_other_settings = any(grouped_otherwise(service, live)) or live.capacity != capacity_of(service)
    is_otherwise = kind is Kind.DEPLOY and must_roll(service, content, live)
    return live.content != content.digest or has_other_settings or is_otherwise


def mended(
    file: EnvironmentFile,
    contents: Mapping[str, Content],
    rolling: tuple[Rolling, ...],
    services: Mapping[str, ServiceView],
    kind: Kind,
) -> tuple[str, ...]:
    """The services whose live slots are set otherwise than the file says, and can be set right where they are. What a
    new file says of a target group arrives with a shift; what somebody else made of it goes at once."""
    rolled = {entry.service for entry in rolling}
    found = []
    for name, service in file.services.items():
        view = services[name]
        live = view.slots[view.live] if view.live is not None else None
        if live is None or name in rolled:
            continue
        is_regrouped = kind is Kind.CORRECT and any(grouped_otherwise(service, live))
        if is_regrouped or must_be_tuned(service, contents[name], live):
            found.append(name)
    return tuple(found)


def _live_content(view: ServiceView) -> str | None:
    return view.slots[view.live].content if view.live else None


def rolling_of(service: Service, content: Content, view: ServiceView, bounds: Bounds, inherited: int) -> Rolling:
    idle = view.slots[view.live.other] if view.live else None
    healthy = idle.group.healthy if idle and idle.group else 0
    return Rolling(
        service=content.service,
        was=_live_content(view),
        content=content,
        count=bounded(bounds, max(_live_count(view), inherited)),
        routed=service.route is not None,
        is_new=view.live is None,
        is_warm=idle is not None and bool(healthy) and runs_as_declared(service, content, idle),
    )


def inherited(file: EnvironmentFile, name: str, services: Mapping[str, ServiceView]) -> int:
    """As many tasks as now answer what this service will be asked: those of one that the file no longer names."""
    route = file.services[name].route
    left = (view for other, view in services.items() if other not in file.services)
    counts = (_live_count(view) for view in left if route and view.rule and view.rule.asks_for(route))
    return max(counts, default=0)


def _live_count(view: ServiceView) -> int:
    return view.slots[view.live].desired if view.live else 0


def bounded(bounds: Bounds, live: int) -> int:
    """As many tasks as are live now, within what the file allows at this moment; one at least, or nothing could be
    tried.

    >>> bounded(Bounds(min=2, max=10), live=7), bounded(Bounds(min=2, max=2), live=4), bounded(Bounds(0, 0), live=2)
    (7, 2, 1)
    """
    return max(1, bounds.nearest(live))


def scales(file: EnvironmentFile, name: str, view: ServiceView) -> bool:
    """Whether a slot of the service scales by itself, or is to."""
    found = any(slot.scaling is not None for slot in view.slots.values())
    return found or scaling_of(file.services[name], file.schedule) is not None


def is_rescaled(
    file: EnvironmentFile, name: str, rolling: tuple[Rolling, ...], view: ServiceView, now: datetime
) -> bool:
    """A service that doesn't roll, and whose live slot scales otherwise than the file says."""
    if view.live is None or any(entry.service == name for entry in rolling):
        return False
    wanted = scaling_of(file.services[name], file.schedule)
    return bool(scaling.differences(name, wanted, view.slots[view.live].scaling, now))


def _asks_otherwise(service: Service, view: ServiceView) -> bool:
    """Whether the public rule that is there asks for other requests than the file's route."""
    if service.route is None or view.rule is None:
        return False
    return not view.rule.asks_for(service.route)


@dataclass(frozen=True)
class Changes:
    """What is done beside rolling. `takeovers` are for the services that get no requests, because an orphan's rule is
    asked before theirs; from then on they have all of them."""

    takeovers: tuple[Step, ...]
    others: tuple[Step, ...]
    alarms: tuple[Step, ...] = ()

    @property
    def unasked(self) -> frozenset[str]:
        return frozenset(name for step in self.takeovers for name in step.services)


def changes_beside(
    file: EnvironmentFile,
    services: Mapping[str, ServiceView],
    adjusted: tuple[str, ...],
    mended: tuple[str, ...],
    rescaled: tuple[str, ...],
) -> Changes:
    """Who is asked from one moment to the next needs its tasks before. What scales no more gets its count then."""
    unasked = tuple(name for name, service in file.services.items() if _is_unasked(service, services[name], file))
    routes = tuple(name for name, service in file.services.items() if _asks_otherwise(service, services[name]))
    return Changes(
        takeovers=(
            *some(StepKind.SCALE, tuple(name for name in rescaled if name in unasked)),
            *some(StepKind.ADJUST, tuple(name for name in adjusted if name in unasked)),
            *some(StepKind.ROUTE, unasked),
        ),
        others=(
            *some(StepKind.ROUTE, tuple(name for name in routes if name not in unasked)),
            *some(StepKind.SCALE, tuple(name for name in rescaled if name not in unasked)),
            *some(StepKind.ADJUST, tuple(name for name in adjusted if name not in unasked)),
            *some(StepKind.MEND, mended),
        ),
    )


def stands_otherwise(
    file: EnvironmentFile, foundation: Foundation, services: Mapping[str, ServiceView], stands: Standing
) -> bool:
    """Whether alarms or dashboard are other than the file says; a service that is new is on no dashboard."""
    groups = {name: services[name].groups for name in file.services}
    return bool(standing.differences(standing.wanted(file, foundation, groups), stands))


def _is_unasked(service: Service, view: ServiceView, file: EnvironmentFile) -> bool:
    """Whether another service of ours, which the file does not name, gets the requests of the public rule."""
    return service.route is not None and view.rule is not None and bool(view.rule.orphans_before(file.services))


def adjusted(
    file: EnvironmentFile,
    rolling: tuple[Rolling, ...],
    services: Mapping[str, ServiceView],
    kind: Kind,
    rescaled: tuple[str, ...],
    now: datetime,
) -> dict[str, int]:
    """Tasks of the slots that will be live without having been warmed by this plan, where they run another number. How
    many a service has that scales is not the file's to say, within its bounds, and other bounds are kept at once; one
    that scales no more gets its own, whatever it has. Nobody takes requests over with fewer tasks than had them."""
    rolled = {entry.service: entry for entry in rolling}
    counts = {}
    for name, service in file.services.items():
        view, heirs = services[name], inherited(file, name, services)
        slot = _taken_as_it_is(view, rolled.get(name), kind)
        if slot is None:
            continue
        shown, moving = view.slots[slot], scaling_of(service, file.schedule)
        if moving is not None:
            bounds = moving.at(now)
            is_outside = name not in rescaled and counted_otherwise(moving, shown, now) is not None
            is_heir = shown.desired < bounds.nearest(heirs) and _is_unasked(service, view, file)
            counts.update({name: bounds.nearest(max(shown.desired, heirs))} if is_outside or is_heir else {})
            continue
        wanted = bounded(Bounds(service.count.min, service.count.max), max(_live_count(view), heirs))
        if shown.desired != wanted or shown.scaling is not None:
            counts[name] = wanted
    return counts


def _taken_as_it_is(view: ServiceView, rolled: Rolling | None, kind: Kind) -> Slot | None:
    """The slot that will be live without having been warmed."""
    if rolled is None or view.live is None:
        return view.live
    return view.live.other if kind is Kind.ROLLBACK and rolled.is_warm else None


def is_spare(view: ServiceView, name: str, rolling: tuple[Rolling, ...]) -> bool:
    """Tasks run beside the live ones, or would by themselves, or a test rule is open, and this plan does not use
    them."""
    if view.live is None or any(entry.service == name for entry in rolling):
        return False
    idle = view.slots[view.live.other]
    return idle.desired > 0 or idle.scaling is not None or view.test_rule is not None


def some(kind: StepKind, services: tuple[str, ...]) -> tuple[Step, ...]:
    return (Step(kind, services),) if services else ()
