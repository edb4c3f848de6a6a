"""The picture of one pass: each port is asked once for what was needed, and the answers are frozen.

A read that fails raises: an error never becomes «there is nothing». Metrics that can't be read are a finding of their
own, so that what else goes wrong meanwhile is seen.
"""

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from controller.analysis import percents
from controller.domain import names
from controller.domain.alarms import Alarms, without_new
from controller.domain.checks import CheckAnswer, HttpCheck
from controller.domain.deployment import Deployment, Phase
from controller.domain.errors import Blocked, TidegateError, Transient
from controller.domain.evidence import redacted
from controller.domain.foundation import Foundation
from controller.domain.manifest import EnvironmentFile, render_tag
from controller.domain.manifest import HttpCheck as WantedCheck
from controller.domain.metrics import MINUTE, Readings
from controller.domain.orders import Order, OrderKind
from controller.domain.ports import Cloud, Images, Probe
from controller.domain.reason import Reason
from controller.domain.revision import Revision
from controller.domain.scaling import Found, scaling_of
from controller.domain.snapshot import Evidence, Resolved, ServiceView, Snapshot, TaskFailure
from controller.domain.standing import Standing, declared_names, declares
from controller.domain.switch import ArmedSwitch
from controller.loop.gathering import gather, hidden, watched
from controller.loop.hooks import look_after
from controller.loop.promoting import Promoting
from controller.progress.watch import watched_services
from controller.store import Store

LONGEST = timedelta(hours=3)
"""Metrics of this long are read at most: CloudWatch answers faster about them than about what is older, and 500 series
of so many minutes fit into one answer."""


def observe(
    deployment: Deployment,
    evidence: frozenset[Evidence],
    cloud: Cloud,
    probe: Probe,
    store: Store,
    now: datetime,
    elapsed: timedelta,
    minute: timedelta = MINUTE,
    live: EnvironmentFile | None = None,
) -> Snapshot:
    """The evidence that was asked for about `deployment`, and nothing else. `minute` is how long one of AWS's lasts,
    `live` the file of what is live."""
    targets, looked_at = Evidence.TARGETS in evidence, _looked_at(deployment, live)
    services = cloud.looks.services(looked_at, targets) if targets or Evidence.SERVICES in evidence else {}
    if Evidence.SCALING in evidence:
        services = with_scaling(services, cloud.scaling.look(services))
    alarms = _alarms(deployment, services, cloud) if Evidence.ALARMS in evidence else {}
    return Snapshot(
        taken_at=now,
        elapsed=elapsed,
        has=evidence,
        services=services,
        definitions=_definitions(deployment, cloud) if Evidence.DEFINITIONS in evidence else {},
        smoke=_smoke(deployment, cloud.looks.foundation(), probe) if Evidence.SMOKE in evidence else (),
        verify=_verify(deployment, cloud.looks.foundation(), probe) if Evidence.VERIFY in evidence else (),
        failures=_failures(deployment, cloud) if Evidence.FAILURES in evidence else {},
        switches=_switches(deployment, cloud) if Evidence.SWITCHES in evidence else {},
        alarms={} if isinstance(alarms, Reason) else alarms,
        deaf=alarms if isinstance(alarms, Reason) else None,
        readings=_readings(deployment, cloud, now, minute) if Evidence.METRICS in evidence else Readings(),
        standing=_standing(deployment, cloud) if Evidence.STANDING in evidence else Standing(),
        hook=look_after(deployment, cloud, store) if Evidence.HOOK in evidence else None,
        gathered=gather(deployment, cloud, store, now) if Evidence.FORENSICS in evidence else None,
    )


def _looked_at(deployment: Deployment, live: EnvironmentFile | None) -> Mapping[str, bool]:
    """Services, and whether each has a route. Before it starts also those that its file no longer names: their requests
    may become another service's."""
    if live is None or deployment.phase is not Phase.WAITING or deployment.pruned is not None:
        return deployment.looks_at
    return {**{name: service.route is not None for name, service in live.services.items()}, **deployment.looks_at}


@dataclass(frozen=True)
class AtRest:
    """How AWS shows an environment in which nothing moves. `orphans` are services that its file doesn't name; `stands`
    is None where the file declares no alarms, and where they can't be read."""

    services: Mapping[str, ServiceView]
    orphans: tuple[str, ...]
    stands: Standing | None


def observe_at_rest(live: Deployment, cloud: Cloud) -> AtRest:
    """What the file declares, and what was left; nothing is asked for of what it doesn't declare."""
    file = live.revision.file
    routed = {name: service.route is not None for name, service in file.services.items()}
    services = cloud.looks.services(routed, targets=True)
    if any(scaling_of(service, file.schedule) for service in file.services.values()):
        services = with_scaling(services, cloud.scaling.look(services))
    stands = _standing(live, cloud) if declares(file) else None
    return AtRest(services, tuple(cloud.looks.orphans(routed)), stands if isinstance(stands, Standing) else None)


def with_scaling(services: Mapping[str, ServiceView], found: Found) -> Mapping[str, ServiceView]:
    """The views, each slot with how it scales."""
    return {
        name: replace(
            view,
            slots={slot: replace(seen, scaling=found.get(name, {}).get(slot)) for slot, seen in view.slots.items()},
        )
        for name, view in services.items()
    }


def _definitions(deployment: Deployment, cloud: Cloud) -> Mapping[str, str]:
    assert deployment.plan is not None
    return cloud.looks.definitions([rolling.content for rolling in deployment.plan.rolling])


def _smoke(deployment: Deployment, foundation: Foundation, probe: Probe) -> tuple[CheckAnswer, ...]:
    """Every smoke check of every service that rolls, through the header that only the idle slot's test rule knows."""
    services = deployment.step.services if deployment.step else ()
    return tuple(
        probe.ask(_asked(name, foundation.entrance, wanted, deployment))
        for name in services
        for wanted in deployment.revision.file.services[name].smoke
    )


def _verify(deployment: Deployment, foundation: Foundation, probe: Probe) -> tuple[CheckAnswer, ...]:
    file = deployment.revision.file
    wanted = [check for check in file.verify if isinstance(check, WantedCheck)]
    return tuple(probe.ask(_asked(None, file.url or foundation.entrance, check, deployment)) for check in wanted)


def _asked(service: str | None, base: str, wanted: WantedCheck, deployment: Deployment) -> HttpCheck:
    header = (names.TEST_HEADER, deployment.header(service)) if service else None
    return HttpCheck(service, f"{base}{wanted.path}", wanted.status, wanted.within, header, hidden(deployment))


def _alarms(deployment: Deployment, services: Mapping[str, ServiceView], cloud: Cloud) -> Alarms | Reason:
    """Of the slots that the new version takes over; before anything is known to roll, of every service's. That they
    can't be read must not keep anybody from watching the rest."""
    if deployment.plan is not None and deployment.undo is not None:
        slots = {rolling.service: deployment.sides(rolling.service).idle for rolling in deployment.plan.rolling}
    else:
        slots = {name: view.idle for name, view in services.items()}
    file = deployment.revision.file
    try:
        found = cloud.alarms.look(watched(deployment, slots, cloud), deployment.heard)
    except TidegateError as error:
        return Reason("alarm.unknown", f"the alarms that watch can't be read: {error}")
    return without_new(found, declared_names(file, cloud.looks.foundation().stack) if declares(file) else ())


def _standing(deployment: Deployment, cloud: Cloud) -> Standing | Reason:
    """That they can't be read must not keep anybody from watching the traffic."""
    try:
        return cloud.standing.look(declared_names(deployment.revision.file, cloud.looks.foundation().stack))
    except TidegateError as error:
        return Reason("alarms.unknown", f"the alarms that the file declares can't be read: {error}")


def _switches(deployment: Deployment, cloud: Cloud) -> Mapping[str, ArmedSwitch] | Reason:
    """By service. That they can't be read must not keep anybody from watching the traffic."""
    services = {names.switch_name(deployment.environment, service): service for service in deployment.guarded}
    try:
        found = cloud.switches.armed(services)
    except TidegateError as error:
        return Reason("switch.unknown", f"the dead-man's switches can't be read: {error}")
    return {services[name]: switch for name, switch in found.items()}


def _readings(deployment: Deployment, cloud: Cloud, now: datetime, minute: timedelta) -> Readings:
    """Of both slots, since the first raise, as far as numbers are complete; before it of a minute, to see that they can
    be had."""
    empty = Readings(minute=minute)
    until = now - empty.lateness
    first = until - minute if deployment.phase is Phase.WAITING else until
    since = max(deployment.raised_at or first, until - LONGEST)
    if since >= until:
        return empty
    wanted = percents(deployment.revision.file.watch.metrics)
    try:
        counted = cloud.metrics.read(watched_services(deployment), wanted, since, until)
    except (Transient, Blocked) as error:
        return replace(empty, trouble=str(error))
    return replace(empty, counted=counted)


def _failures(deployment: Deployment, cloud: Cloud) -> Mapping[str, tuple[TaskFailure, ...]]:
    """Without the services of which AWS doesn't tell: that keeps nobody from judging what else is seen."""
    assert deployment.undo is not None and deployment.phase is Phase.RUNNING
    found = {}
    for entry in deployment.undo.entries:
        with contextlib.suppress(Blocked):
            failures = tuple(cloud.looks.failures(entry.service, entry.sides.idle))
            found[entry.service] = redacted(failures, hidden(deployment))
    return found


def futile(orders: Sequence[Order], live: Deployment | None, cloud: Cloud) -> dict[int, Reason]:
    """Why there is nothing to remove, by the number of the order to prune. Where AWS can't be asked, the order is taken
    as it is: removing what is gone harms nothing."""
    named = live.revision.file.services if live else {}
    found: dict[int, Reason] = {}
    for order in orders:
        service = order.wish.service
        if order.kind is OrderKind.PRUNE and service is not None and service not in named:
            with contextlib.suppress(Transient, Blocked):
                found.update({order.id: reason} if (reason := _nothing_there(service, named, cloud)) else {})
    return found


def _nothing_there(service: str, named: Collection[str], cloud: Cloud) -> Reason | None:
    """Two looks, by name and by tags: one of them alone may be old. Only the first sees target groups that are left."""
    view = cloud.looks.services({service: True}, targets=False)[service]
    has_slots = any(slot.exists or slot.group is not None for slot in view.slots.values())
    orphans = cloud.looks.orphans(named)
    if has_slots or view.rule is not None or view.test_rule is not None or service in orphans:
        return None
    text = f"nothing of {service} is there; services that are, and that the live file does not name"
    return Reason("prune.nothing_there", f"{text}: {', '.join(orphans) or 'none'}")


def resolve(revision: Revision, images: Images, store: Store, promoting: Promoting) -> Resolved:
    """What each service's image stands for: a tag in the registry, or the digest that ran healthy in another
    environment for the same tree of files."""
    found: dict[str, str] = {}
    missing: dict[str, str] = {}
    for name, service in revision.file.services.items():
        image = service.image
        if image.promote is not None:
            with store.read() as unit:
                promoted = unit.deployments.promoted(image.promote, revision.commit.tree, name)
            if promoted:
                found[name] = promoted
            continue
        assert image.tag is not None
        version = revision.release.version if revision.release else None
        if "{version}" in image.tag and version is None:
            missing[name] = f"{name}: waiting for a release, which says what {image.tag} is"
            continue
        tag = render_tag(image.tag, branch=revision.branch, commit=revision.commit.sha, version=version)
        digest = images.resolve(image.repository, tag, service.task.architecture)
        if digest:
            found[name] = f"{image.repository}@{digest}"
        else:
            missing[name] = f"{name}: waiting for the image {image.repository}:{tag}"
    for source, services in _unpromoted(revision, found).items():
        missing[", ".join(services)] = promoting.told(services, source, revision)
    return Resolved(found, missing)


def _unpromoted(revision: Revision, found: Collection[str]) -> Mapping[str, Sequence[str]]:
    """Environment → the services that find no image there; one sentence tells of them all."""
    waiting: dict[str, list[str]] = {}
    for name, service in revision.file.services.items():
        if service.image.promote is not None and name not in found:
            waiting.setdefault(service.image.promote, []).append(name)
    return waiting
