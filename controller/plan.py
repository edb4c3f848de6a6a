"""The plan: what rolls, in which steps, and the digest that stands for all of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from controller.domain.bindings import Binding
from controller.domain.canonical import digest
from controller.domain.content import Content
from controller.domain.deployment import Deployment, Kind, Plan, Rolling, numbered
from controller.domain.foundation import Foundation
from controller.domain.hooks import Hook
from controller.domain.manifest import Count, EnvironmentFile, HttpCheck, Service, TaskCheck, normal_form
from controller.domain.rendering import group_settings, render
from controller.domain.revision import Revision
from controller.domain.snapshot import ServiceView
from controller.domain.step import Step, StepKind
from controller.strategies import STRATEGIES


def draw(
    revision: Revision,
    binding: Binding,
    foundation: Foundation,
    services: Mapping[str, ServiceView],
    kind: Kind = Kind.DEPLOY,
    restart: bool = False,
    kept: frozenset[str] = frozenset(),
) -> Plan:
    """The plan from what `services` shows as live to the sealed `revision`; without steps when nothing is to be done.

    A service rolls when its content digest differs from the one its live slot runs, or its health check and drain time
    from those of the live slot's target group: those arrive with the shift. With `restart` every one does. `kept` are
    the services whose idle slots an earlier deployment still keeps warm; whatever else runs beside the live slots is
    cleared away. A service whose requests go to one that the file does not name gets them. `services` must not be
    split.
    """
    assert revision.images is not None, (
        f"{revision.environment} {revision.commit.short}: only sealed revisions have a plan"
    )
    file = revision.file
    contents = {
        name: render(name, service, revision.images[name], foundation) for name, service in file.services.items()
    }
    rolling = tuple(
        _rolling(file.services[name], content, services[name])
        for name, content in contents.items()
        if restart or _rolls(content, file.services[name], services[name])
    )
    counts = _counts(file, rolling, services, kind)
    changes = _changes(file, services, tuple(counts))
    spare = tuple(name for name in file.services if _is_spare(services[name], name, rolling))
    if kind is Kind.ROLLBACK:
        steps = numbered(_back(file, rolling, changes, spare))
    else:
        left = tuple(name for name in spare if name not in kept)
        has_switches = foundation.switch_role is not None
        steps = numbered(_forth(file, rolling, changes, left, has_switches=has_switches))
    return Plan(_digest(revision, binding, rolling, steps, restart), rolling, steps, counts)


def _rolls(content: Content, service: Service, view: ServiceView) -> bool:
    group = view.slots[view.live].group if view.live else None
    has_other_settings = group is not None and group.settings is not None and group.settings != group_settings(service)
    return _live_content(view) != content.digest or has_other_settings


def _live_content(view: ServiceView) -> str | None:
    return view.slots[view.live].content if view.live else None


def _rolling(service: Service, content: Content, view: ServiceView) -> Rolling:
    idle = view.slots[view.live.other] if view.live else None
    healthy = (idle.group.healthy if idle and idle.group else None) or 0
    return Rolling(
        service=content.service,
        was=_live_content(view),
        content=content,
        count=bounded(service.count, _live_count(view)),
        routed=service.route is not None,
        is_new=view.live is None,
        is_warm=idle is not None and idle.content == content.digest and healthy >= max(1, service.count.min),
    )


def _live_count(view: ServiceView) -> int:
    return view.slots[view.live].desired if view.live else 0


def bounded(count: Count, live: int) -> int:
    """As many tasks as are live now, within what the file allows; one at least, or nothing could be tried.

    >>> bounded(Count(min=2, max=10), live=7), bounded(Count(min=2, max=2), live=4)
    (7, 2)
    """
    return max(1, min(max(live, count.min), count.max))


def _asks_otherwise(service: Service, view: ServiceView) -> bool:
    """Whether the public rule that is there asks for other requests than the file's route."""
    if service.route is None or view.rule is None:
        return False
    return not view.rule.asks_for(service.route)


@dataclass(frozen=True)
class _Changes:
    """What is done beside rolling. `takeovers` are for the services that get no requests, because an orphan's rule is
    asked before theirs; from then on they have all of them."""

    takeovers: tuple[Step, ...]
    others: tuple[Step, ...]

    @property
    def unasked(self) -> frozenset[str]:
        return frozenset(name for step in self.takeovers for name in step.services)


def _changes(file: EnvironmentFile, services: Mapping[str, ServiceView], adjusted: tuple[str, ...]) -> _Changes:
    """Who is asked from one moment to the next needs its tasks before."""
    unasked = tuple(name for name, service in file.services.items() if _is_unasked(service, services[name], file))
    routes = tuple(name for name, service in file.services.items() if _asks_otherwise(service, services[name]))
    return _Changes(
        takeovers=(
            *_some(StepKind.ADJUST, tuple(name for name in adjusted if name in unasked)),
            *_some(StepKind.ROUTE, unasked),
        ),
        others=(
            *_some(StepKind.ROUTE, tuple(name for name in routes if name not in unasked)),
            *_some(StepKind.ADJUST, tuple(name for name in adjusted if name not in unasked)),
        ),
    )


def _is_unasked(service: Service, view: ServiceView, file: EnvironmentFile) -> bool:
    """Whether another service of ours, which the file does not name, gets the requests of the public rule."""
    return service.route is not None and view.rule is not None and bool(view.rule.orphans_before(file.services))


def _counts(
    file: EnvironmentFile, rolling: tuple[Rolling, ...], services: Mapping[str, ServiceView], kind: Kind
) -> dict[str, int]:
    """Tasks of the slots that will be live without having been warmed by this plan, where they run another number."""
    rolled = {entry.service: entry for entry in rolling}
    counts = {}
    for name, service in file.services.items():
        view = services[name]
        wanted, live = bounded(service.count, _live_count(view)), view.live
        if name in rolled and kind is Kind.ROLLBACK and rolled[name].is_warm and live is not None:
            live = live.other
        elif name in rolled:
            continue
        if live is not None and view.slots[live].desired != wanted:
            counts[name] = wanted
    return counts


def _is_spare(view: ServiceView, name: str, rolling: tuple[Rolling, ...]) -> bool:
    """Tasks run beside the live ones, or a test rule is open, and this plan does not use them."""
    if view.live is None or any(entry.service == name for entry in rolling):
        return False
    return view.slots[view.live.other].desired > 0 or view.test_rule is not None


def _forth(
    file: EnvironmentFile,
    rolling: tuple[Rolling, ...],
    changes: _Changes,
    spare: tuple[str, ...],
    *,
    has_switches: bool,
) -> tuple[Step, ...]:
    """What nobody looks after goes first. Then register, what the new version wants done before it, and the strategy's
    own steps, with the smoke test after the first of them; verify, settle, retire.

    `before` comes before `warm`: the tasks of the new version find everything as they need it, and what fails there
    has changed nothing else."""
    every = tuple(entry.service for entry in rolling)
    cleared = _some(StepKind.RETIRE, spare)
    if not every:
        steps = (*cleared, *changes.takeovers, *changes.others)
        return (*steps, Step(StepKind.SETTLE, ())) if steps else ()
    routed = tuple(entry.service for entry in rolling if entry.routed)
    strategy = [step for step in STRATEGIES[file.strategy.type](file.strategy, every, routed) if step.services]
    if all(entry.is_new or entry.service in changes.unasked for entry in rolling if entry.routed):
        strategy = _at_once(strategy)
    warm, *moves = strategy
    moved = _last_shift(moves) + 1
    guarded = _guarded(file, rolling, moves) if has_switches else ()
    return (
        *cleared,
        Step(StepKind.REGISTER, every),
        *_before(file, every),
        warm,
        *_some(StepKind.SMOKE, _smoked(file, routed)),
        *_some(StepKind.ARM, guarded),
        *moves[:moved],
        *changes.takeovers,
        *moves[moved:],
        *(step for step in changes.others if step.kind is StepKind.ROUTE),
        *([Step(StepKind.VERIFY, every)] if any(isinstance(check, HttpCheck) for check in file.verify) else []),
        *_tests(file),
        *(step for step in changes.others if step.kind is StepKind.ADJUST),
        *_some(StepKind.DISARM, guarded),
        Step(StepKind.SETTLE, every),
        Step(StepKind.RETIRE, every, wait=file.rollback.keep_warm),
    )


def _guarded(file: EnvironmentFile, rolling: tuple[Rolling, ...], moves: list[Step]) -> tuple[str, ...]:
    """Services whose traffic AWS itself can send home: their old slots stay whole until the last shift."""
    is_whole = all(step.kind is not StepKind.SHRINK for step in moves)
    may = file.rollback.automatic and file.rollback.unattended and is_whole
    return tuple(entry.service for entry in rolling if entry.routed and not entry.is_new) if may else ()


def _back(
    file: EnvironmentFile,
    rolling: tuple[Rolling, ...],
    changes: _Changes,
    spare: tuple[str, ...],
) -> tuple[Step, ...]:
    """Straight back, whatever the strategy: what is still warm takes its traffic at once, the rest is warmed first.

    Traffic leaves in the reverse of the order in which it came.
    """
    every = tuple(entry.service for entry in rolling)
    cold = tuple(entry.service for entry in rolling if not entry.is_warm)
    routed = tuple(reversed([entry.service for entry in rolling if entry.routed]))
    moves = (
        *_some(StepKind.REGISTER, cold),
        *_some(StepKind.WARM, cold),
        *_some(StepKind.SMOKE, _smoked(file, tuple(name for name in cold if name in routed))),
        *([Step(StepKind.SHIFT, routed, percent=100)] if routed else []),
        *changes.takeovers,
        *changes.others,
    )
    if not moves and not spare:
        return ()
    return (*moves, Step(StepKind.SETTLE, every), *_some(StepKind.RETIRE, (*every, *spare)))


def _some(kind: StepKind, services: tuple[str, ...]) -> tuple[Step, ...]:
    return (Step(kind, services),) if services else ()


def _before(file: EnvironmentFile, rolling: tuple[str, ...]) -> tuple[Step, ...]:
    """One after the other, in the order in which traffic rises."""
    hooks = ((name, file.services[name].before) for name in rolling)
    return tuple(
        Step(StepKind.BEFORE, (name,), hook=Hook(hook.command, hook.timeout, hook.compatible))
        for name, hook in hooks
        if hook is not None
    )


def _tests(file: EnvironmentFile) -> tuple[Step, ...]:
    checks = (check for check in file.verify if isinstance(check, TaskCheck))
    return tuple(Step(StepKind.TEST, (check.task,), hook=Hook(check.command, check.timeout)) for check in checks)


def _smoked(file: EnvironmentFile, routed: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in routed if file.services[name].smoke)


def _at_once(strategy: list[Step]) -> list[Step]:
    """Where nothing has traffic yet there is nothing to share: warm whole, then the last shift, and what follows it."""
    last = _last_shift(strategy)
    return [Step(StepKind.WARM, strategy[0].services), *(strategy[last:] if last >= 0 else [])]


def _last_shift(steps: Sequence[Step]) -> int:
    """Its place in the list, -1 when there is none."""
    return max((place for place, step in enumerate(steps) if step.kind is StepKind.SHIFT), default=-1)


def removal(deployment: Deployment, binding: Binding, view: ServiceView) -> Plan:
    """The plan that removes a service which no file names any more: route, drain, zero, delete."""
    assert deployment.pruned is not None, f"{deployment.id} prunes nothing"
    settings = [slot.group.settings for slot in view.slots.values() if slot.group is not None]
    delays = [each.deregistration_delay_seconds for each in settings if each is not None]
    services = (deployment.pruned,)
    steps = numbered(
        (
            Step(StepKind.UNROUTE, services),
            Step(StepKind.DRAIN, services, wait=timedelta(seconds=max(delays, default=0))),
            Step(StepKind.DELETE, services),
            Step(StepKind.SETTLE, ()),
        )
    )
    return Plan(digest({"binding": _bound(binding), "prune": deployment.pruned}), (), steps)


def _bound(binding: Binding) -> dict[str, object]:
    return {
        "name": binding.name,
        "repository": binding.repository,
        "branch": binding.branch,
        "account": binding.aws.account,
        "region": binding.aws.region,
        "stack": binding.aws.stack,
    }


def _digest(
    revision: Revision, binding: Binding, rolling: tuple[Rolling, ...], steps: tuple[Step, ...], restart: bool
) -> str:
    """Everything that will be done, in terms of live and idle: no colours, no ARNs made at run time, no times."""
    normal = normal_form(revision.file)
    touched = [name for step in steps for name in step.services]
    counts = {name: normal["services"][name]["count"] for name in touched}
    return digest(
        {
            "binding": _bound(binding),
            "restart": restart,
            "commit": revision.commit.sha,
            "from": {entry.service: entry.was for entry in rolling},
            "to": {entry.service: entry.content.canonical() for entry in rolling},
            "counts": counts,
            "health": {
                name: [normal["services"][name]["health"], normal["services"][name]["deregistration_delay"]]
                for name in touched
            },
            "routes": {name: normal["services"][name]["route"] for name in touched},
            "steps": [
                [
                    *(step.kind, list(step.services), step.percent),
                    int(step.wait.total_seconds()) if step.wait else None,
                    *([step.hook.canonical()] if step.hook else []),
                ]
                for step in steps
            ],
            "gates": normal["gates"],
            "watch": normal["watch"],
            "rollback": normal["rollback"],
        }
    )
