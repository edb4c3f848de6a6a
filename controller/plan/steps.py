"""The order of the steps, forth to a new version and back to an earlier one."""

from collections.abc import Sequence
from datetime import timedelta

from controller.domain.deployment import Rolling
from controller.domain.hooks import Hook
from controller.domain.manifest import EnvironmentFile, HttpCheck, TaskCheck
from controller.domain.step import Step, StepKind
from controller.plan.otherwise import Changes, some
from controller.strategies import STRATEGIES


def forth(
    file: EnvironmentFile,
    rolling: tuple[Rolling, ...],
    changes: Changes,
    spare: tuple[str, ...],
    scaled: tuple[str, ...],
    warm_time: timedelta,
    *,
    has_switches: bool,
) -> tuple[Step, ...]:
    """What nobody looks after goes first. Then register, what the new version wants done before it, and the strategy's
    own steps, with the smoke test after the first of them; verify, settle, retire. Scaling changes hands after the
    success: by night it may take all of the tasks away.

    `before` comes before `warm`: the tasks of the new version find everything as they need it, and what fails there
    has changed nothing else."""
    every = tuple(entry.service for entry in rolling)
    cleared = some(StepKind.RETIRE, spare)
    if not every:
        steps = (*cleared, *changes.takeovers, *changes.others, *changes.alarms)
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
        *some(StepKind.SMOKE, _smoked(file, routed)),
        *some(StepKind.SUSPEND, tuple(name for name in every if name in scaled)),
        *some(StepKind.ARM, guarded),
        *moves[:moved],
        *changes.takeovers,
        *moves[moved:],
        *(step for step in changes.others if step.kind is StepKind.ROUTE),
        *([Step(StepKind.VERIFY, every)] if any(isinstance(check, HttpCheck) for check in file.verify) else []),
        *_tests(file),
        *(step for step in changes.others if step.kind is not StepKind.ROUTE),
        *changes.alarms,
        *some(StepKind.DISARM, guarded),
        Step(StepKind.SETTLE, every),
        *some(StepKind.SCALE, tuple(name for name in every if name in scaled)),
        Step(StepKind.RETIRE, every, wait=warm_time),
    )


def _guarded(file: EnvironmentFile, rolling: tuple[Rolling, ...], moves: list[Step]) -> tuple[str, ...]:
    """Services whose traffic AWS itself can send home: their old slots stay whole until the last shift, and the old
    version works with what the new one's commands leave behind."""
    is_whole = all(step.kind is not StepKind.SHRINK for step in moves)
    hooks = (file.services[entry.service].before for entry in rolling)
    is_one_way = any(hook is not None and not hook.compatible for hook in hooks)
    may = file.rollback.automatic and file.rollback.unattended and is_whole and not is_one_way
    return tuple(entry.service for entry in rolling if entry.routed and not entry.is_new) if may else ()


def back(
    file: EnvironmentFile,
    rolling: tuple[Rolling, ...],
    changes: Changes,
    spare: tuple[str, ...],
    scaled: tuple[str, ...],
) -> tuple[Step, ...]:
    """Straight back, whatever the strategy: what is still warm takes its traffic at once, the rest is warmed first.
    What is warm is not waited for until nothing scales: it is held already, and the way home is short.

    Traffic leaves in the reverse of the order in which it came. Why what is left had to go is written down.
    """
    every = tuple(entry.service for entry in rolling)
    cold = tuple(entry.service for entry in rolling if not entry.is_warm)
    routed = tuple(reversed([entry.service for entry in rolling if entry.routed]))
    moves = (
        *some(StepKind.REGISTER, cold),
        *some(StepKind.WARM, cold),
        *some(StepKind.SMOKE, _smoked(file, tuple(name for name in cold if name in routed))),
        *some(StepKind.SUSPEND, tuple(name for name in cold if name in scaled)),
        *([Step(StepKind.SHIFT, routed, percent=100)] if routed else []),
        *changes.takeovers,
        *changes.others,
        *changes.alarms,
    )
    if not moves and not spare:
        return ()
    left = (*every, *spare)
    return (
        *moves,
        *some(StepKind.EVIDENCE, left),
        Step(StepKind.SETTLE, every),
        *some(StepKind.SCALE, tuple(name for name in every if name in scaled)),
        *some(StepKind.RETIRE, left),
    )


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
