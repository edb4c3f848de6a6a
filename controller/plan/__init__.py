"""The plan: what rolls, in which steps, and the digest that stands for all of it. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from controller.domain.bindings import Binding
from controller.domain.canonical import digest
from controller.domain.deployment import Deployment, Kind, Plan, numbered
from controller.domain.foundation import Foundation
from controller.domain.rendering import render
from controller.domain.revision import Revision
from controller.domain.scaling import bounds_now
from controller.domain.snapshot import ServiceView
from controller.domain.standing import Standing
from controller.domain.step import Step, StepKind
from controller.plan.digests import place_of, plan_digest
from controller.plan.otherwise import (
    adjusted,
    bounded,
    changes_beside,
    inherited,
    is_rescaled,
    is_spare,
    mended,
    rolling_of,
    rolls,
    scales,
    stands_otherwise,
)
from controller.plan.steps import back, forth

__all__ = ["bounded", "draw", "removal"]

NOTHING_STANDS = Standing()


def draw(
    revision: Revision,
    binding: Binding,
    foundation: Foundation,
    services: Mapping[str, ServiceView],
    kind: Kind = Kind.DEPLOY,
    restart: bool = False,
    kept: frozenset[str] = frozenset(),
    stands: Standing = NOTHING_STANDS,
    *,
    now: datetime,
) -> Plan:
    """The plan from what `services` shows as live to the sealed `revision`; without steps when nothing is to be done.

    A service rolls when its content digest differs from the one its live slot runs, its health check and drain time
    from those of the live slot's target group, or what its tasks run on from the live slot's: those arrive with the
    shift. So it does when its live slot really runs, or is set to, something else that can't be put right in place; a
    correction rolls nothing for any other reason. With `restart` every one does. `now`, aware UTC, says which bounds
    of the schedule hold. `kept` are the services whose idle slots an earlier deployment still keeps warm; whatever else
    runs beside the live slots is cleared away. A service whose requests go to one that the file does not name gets
    them. `services` must not be split. `stands` are the alarms and the dashboard that are there; nothing, where no file
    has declared any. A correction puts rules that are gone back first, and nothing else: until then nobody can tell
    how the rest is. Nobody confirms it.
    """
    assert revision.images is not None, (
        f"{revision.environment} {revision.commit.short}: only sealed revisions have a plan"
    )
    file = revision.file
    contents = {
        name: render(name, service, revision.images[name], foundation) for name, service in file.services.items()
    }
    cut_off = tuple(name for name in file.services if services[name].is_cut_off and services[name].filled is not None)
    if kind is Kind.CORRECT and cut_off:
        steps = numbered((Step(StepKind.MEND, cut_off), Step(StepKind.SETTLE, ())))
        return Plan(plan_digest(revision, binding, (), steps, restart), (), steps)
    bounds = {name: bounds_now(service, file.schedule, now) for name, service in file.services.items()}
    rolling = tuple(
        rolling_of(file.services[name], content, services[name], bounds[name], inherited(file, name, services))
        for name, content in contents.items()
        if restart or rolls(content, file.services[name], services[name], kind)
    )
    scaled = tuple(name for name in file.services if scales(file, name, services[name]))
    rescaled = tuple(name for name in scaled if is_rescaled(file, name, rolling, services[name], now))
    counts = adjusted(file, rolling, services, kind, rescaled, now)
    repaired = mended(file, contents, rolling, services, kind)
    changes = changes_beside(file, services, tuple(counts), repaired, rescaled)
    if stands_otherwise(file, foundation, services, stands):
        changes = replace(changes, alarms=(Step(StepKind.ALARMS, ()),))
    spare = tuple(name for name in file.services if is_spare(services[name], name, rolling))
    if kind is Kind.ROLLBACK:
        steps = numbered(back(file, rolling, changes, spare, scaled))
    else:
        left = tuple(name for name in spare if name not in kept)
        has_switches = foundation.switch_role is not None
        warm_time = timedelta(0) if kind is Kind.CORRECT else file.rollback.keep_warm
        steps = forth(file, rolling, changes, left, scaled, warm_time, has_switches=has_switches)
        asks_nobody = kind is Kind.CORRECT
        steps = numbered(tuple(step for step in steps if not (asks_nobody and step.kind is StepKind.CONFIRM)))
    return Plan(plan_digest(revision, binding, rolling, steps, restart), rolling, steps, counts)


def removal(deployment: Deployment, binding: Binding, view: ServiceView, *, has_alarms: bool = False) -> Plan:
    """The plan that removes a service which no file names any more: route, alarms, drain, zero, delete. What ends its
    tasks must not ring for them."""
    assert deployment.pruned is not None, f"{deployment.id} prunes nothing"
    settings = [slot.group.settings for slot in view.slots.values() if slot.group is not None]
    delays = [each.deregistration_delay_seconds for each in settings if each is not None]
    services = (deployment.pruned,)
    steps = numbered(
        (
            Step(StepKind.UNROUTE, services),
            *([Step(StepKind.ALARMS, services)] if has_alarms else []),
            Step(StepKind.DRAIN, services, wait=timedelta(seconds=max(delays, default=0))),
            Step(StepKind.DELETE, services),
            Step(StepKind.SETTLE, ()),
        )
    )
    return Plan(digest({"binding": place_of(binding), "prune": deployment.pruned}), (), steps)
