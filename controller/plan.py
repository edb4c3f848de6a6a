"""The plan: what rolls, in which steps, and the digest that stands for all of it. Pure."""

from collections.abc import Mapping

from controller.domain.bindings import Binding
from controller.domain.canonical import digest
from controller.domain.content import Content
from controller.domain.deployment import Plan, Rolling, numbered
from controller.domain.foundation import Foundation
from controller.domain.manifest import Count, EnvironmentFile, Service, normal_form
from controller.domain.rendering import group_settings, render
from controller.domain.revision import Revision
from controller.domain.snapshot import ServiceView
from controller.domain.step import Step, StepKind
from controller.strategies import STRATEGIES


def draw(revision: Revision, binding: Binding, foundation: Foundation, services: Mapping[str, ServiceView]) -> Plan:
    """The plan from what `services` shows as live to the sealed `revision`; without steps when nothing rolls.

    A service rolls when its content digest differs from the one its live slot runs, or its health check and drain time
    from those of the live slot's target group: those arrive with the shift. `services` must not be split.
    """
    assert revision.images is not None, (
        f"{revision.environment} {revision.commit.short}: only sealed revisions have a plan"
    )
    file = revision.file
    contents = {
        name: render(name, service, revision.images[name], foundation) for name, service in file.services.items()
    }
    rolling = tuple(
        _rolling(file, content, services[name])
        for name, content in contents.items()
        if _rolls(content, file.services[name], services[name])
    )
    rolled = {entry.service for entry in rolling}
    counts = {
        name: bounded(service.count, live)
        for name, service in file.services.items()
        if name not in rolled and (live := _live_count(services[name])) != bounded(service.count, live)
    }
    steps = numbered(_steps(file, rolling, tuple(counts)))
    return Plan(_digest(revision, binding, file, rolling, steps), rolling, steps, counts)


def _rolls(content: Content, service: Service, view: ServiceView) -> bool:
    group = view.slots[view.live].group if view.live else None
    has_other_settings = group is not None and group.settings is not None and group.settings != group_settings(service)
    return _live_content(view) != content.digest or has_other_settings


def _live_content(view: ServiceView) -> str | None:
    return view.slots[view.live].content if view.live else None


def _rolling(file: EnvironmentFile, content: Content, view: ServiceView) -> Rolling:
    service = file.services[content.service]
    return Rolling(
        service=content.service,
        was=_live_content(view),
        content=content,
        count=bounded(service.count, _live_count(view)),
        routed=service.route is not None,
    )


def _live_count(view: ServiceView) -> int:
    return view.slots[view.live].desired if view.live else 0


def bounded(count: Count, live: int) -> int:
    """As many tasks as are live now, within what the file allows; one at least, or nothing could be tried.

    >>> bounded(Count(min=2, max=10), live=7), bounded(Count(min=2, max=2), live=4)
    (7, 2)
    """
    return max(1, min(max(live, count.min), count.max))


def _steps(file: EnvironmentFile, rolling: tuple[Rolling, ...], adjusted: tuple[str, ...]) -> tuple[Step, ...]:
    """Register, warm, smoke; the strategy's own steps for what has a route; verify, adjust, settle, retire."""
    adjust = (Step(StepKind.ADJUST, adjusted),) if adjusted else ()
    if not rolling:
        return (*adjust, Step(StepKind.SETTLE, ())) if adjust else ()
    every = tuple(entry.service for entry in rolling)
    routed = tuple(entry.service for entry in rolling if entry.routed)
    smoked = tuple(name for name in routed if file.services[name].smoke)
    return (
        Step(StepKind.REGISTER, every),
        Step(StepKind.WARM, every),
        *([Step(StepKind.SMOKE, smoked)] if smoked else []),
        *(STRATEGIES[file.strategy.type](file.strategy, routed) if routed else ()),
        *([Step(StepKind.VERIFY, every)] if file.verify else []),
        *adjust,
        Step(StepKind.SETTLE, every),
        Step(StepKind.RETIRE, every, wait=file.rollback.keep_warm),
    )


def _digest(
    revision: Revision, binding: Binding, file: EnvironmentFile, rolling: tuple[Rolling, ...], steps: tuple[Step, ...]
) -> str:
    """Everything that will be done, in terms of live and idle: no colours, no ARNs made at run time, no times."""
    normal = normal_form(file)
    touched = [name for step in steps for name in step.services]
    counts = {name: normal["services"][name]["count"] for name in touched}
    return digest(
        {
            "binding": {
                "name": binding.name,
                "repository": binding.repository,
                "branch": binding.branch,
                "account": binding.aws.account,
                "region": binding.aws.region,
                "stack": binding.aws.stack,
            },
            "commit": revision.commit.sha,
            "from": {entry.service: entry.was for entry in rolling},
            "to": {entry.service: entry.content.canonical() for entry in rolling},
            "counts": counts,
            "health": {
                name: [normal["services"][name]["health"], normal["services"][name]["deregistration_delay"]]
                for name in touched
            },
            "steps": [
                [step.kind, list(step.services), step.percent, int(step.wait.total_seconds()) if step.wait else None]
                for step in steps
            ],
            "gates": normal["gates"],
            "watch": normal["watch"],
            "rollback": normal["rollback"],
        }
    )
