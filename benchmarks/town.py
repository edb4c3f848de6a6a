"""Rows of many environments with many services: most at rest, some moving, held, drifted or waiting for people."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from controller.decide import decide
from controller.domain.bindings import Binding
from controller.domain.deployment import Asked, Deployment, Phase
from controller.domain.drift import Difference, Drift, Drifted
from controller.domain.environment import Hold, HoldUntil
from controller.domain.reason import Reason
from controller.domain.sighting import Sighting
from controller.domain.slot import Slot
from controller.domain.snapshot import ServiceView
from controller.domain.step import StepState
from controller.store import Store
from tests.support.builders import (
    a_binding,
    a_commit,
    a_revision,
    a_rule,
    a_running_deployment,
    a_snapshot,
    a_view,
    terms,
)

SERVICE = """\
  {name}:
    image: {{repository: {name}, tag: "{{branch}}-{{sha}}"}}
    route: {{path: /{name}/*}}
    port: 8000
    task: {{cpu: 256, memory: 512}}
    count: 2
    health: {{path: /health, interval: 10s, timeout: 5s, grace: 30s}}
"""
HEAD = """\
environment: {environment}
branch: {environment}
strategy: {{type: rolling}}
{gates}verify: [{{path: /ready, within: 5s}}]
services:
"""
GATES = "gates: {approval: {count: 2}}\n"
NAMES = ("captions", "accounts", "billing", "search", "uploads", "thumbnails", "mail", "audit", "media", "admin")


def names(environments: int) -> list[str]:
    return [f"team-{number // 3:02d}-{('dev', 'staging', 'prod')[number % 3]}" for number in range(environments)]


def services(count: int) -> list[str]:
    return [f"{NAMES[number % len(NAMES)]}-{number:02d}" for number in range(count)]


def file(environment: str, count: int) -> str:
    return HEAD.format(environment=environment, gates=GATES) + "".join(
        SERVICE.format(name=name) for name in services(count)
    )


def bindings(environments: int) -> dict[str, Binding]:
    return {name: a_binding(name, name) for name in names(environments)}


def fill(store: Store, environments: int, count: int, now: datetime) -> None:
    """As if each had been deployed an hour ago, and some again just now."""
    views = {name: _view(name) for name in services(count)}
    pattern = file("dev", count).replace("branch: dev", "branch: develop").replace(GATES, "")
    running = a_running_deployment(pattern, a_snapshot(services=views))
    with store.write() as unit:
        unit.environments.ensure(names(environments))
    for number, name in enumerate(names(environments)):
        with store.write() as unit:
            for deployment in _deployments(running, views, name, number, count, now):
                unit.revisions.add(deployment.revision)
                unit.deployments.add(deployment)
            found = unit.environments.get(name)
            unit.environments.save(replace(found, live=1, live_since=now - timedelta(hours=1), **_wrong(number, now)))
            unit.sightings.put(Sighting(name, views, now - timedelta(minutes=30)))
            unit.timers.set(name, now + timedelta(minutes=1))


def _view(name: str) -> ServiceView:
    view = a_view()
    return replace(view, rule=replace(a_rule(), weights={Slot.BLUE: 100, Slot.GREEN: 0}))


def _deployments(
    running: Deployment, views: dict[str, ServiceView], name: str, number: int, count: int, now: datetime
) -> Iterator[Deployment]:
    began = now - timedelta(hours=2)
    live = running
    for step in live.steps:
        live = live.with_step(step.started(began).ended(StepState.DONE, began + timedelta(seconds=30), "done"))
    reason = Reason("deployment.succeeded", "the new version is live")
    yield _of(live.moved(Phase.SUCCEEDED, reason, began + timedelta(minutes=5)), name, number, 1, count)
    if number % 5 == 0:
        yield _of(decide(running, a_snapshot(services=views), now, terms()).deployment, name, number, 2, count)
    elif number % 5 == 1:
        assert running.plan is not None
        waits = Reason("approval.waiting", "0 of 2 approvals that the file asks for")
        asked = Asked(running.plan, now - timedelta(minutes=number))
        waiting = replace(running, phase=Phase.WAITING, reason=waits, asked=asked, plan=None, steps=(), started_at=None)
        yield _of(waiting, name, number, 2, count)


def _of(deployment: Deployment, name: str, number: int, of: int, count: int) -> Deployment:
    commit = a_commit(sha=f"{number * 10 + of:07x}" + "0" * 33, message=f"Change {number} of {name}")
    revision = replace(a_revision(text=file(name, count), commit=commit), environment=name, branch=name)
    return replace(deployment, id=f"{name}-{of}", number=of, environment=name, revision=revision)


def _wrong(number: int, now: datetime) -> dict[str, object]:
    if number % 7 == 3:
        reason = Reason("smoke.red", "the smoke test failed: http://example.com/ready: 500")
        return {"hold": Hold(reason, HoldUntil.PERSON, now - timedelta(minutes=number), 1)}
    if number % 7 == 5:
        differs = Difference("captions-00", "target group", "check path", "/health", "/other")
        return {"drift": Drifted((Drift(differs, now - timedelta(hours=1)),))}
    return {}
