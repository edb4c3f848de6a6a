"""One story with all its faults: learn it, then play it once more and fork off every fault on the way."""

import gc
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.exhaustive.ended import End
from tests.exhaustive.fingerprint import fingerprint
from tests.exhaustive.forks import in_child
from tests.exhaustive.planning import Planned, planned
from tests.exhaustive.play import LONGEST, MOST_STEPS
from tests.exhaustive.rules import excused
from tests.exhaustive.running import Learner, Lesson, Run, begin
from tests.exhaustive.stories import Story

Choose = Callable[[list[Planned]], Sequence[Planned]]
"""Which of a story's faults are to happen."""


@dataclass
class Violated:
    """A fault after which something was not as it must be."""

    fault: str
    broken: list[str]


@dataclass
class Verdict:
    """What a child tells: what was broken, and the states that it carried to the end; or that it met one of those."""

    broken: list[str]
    states: list[bytes]
    met: bool


@dataclass
class Result:
    """What became of one story. `met`: how many of the faults led into a state that another one had carried on."""

    story: str
    sites: int
    names: dict[tuple[str, str], set[str]]
    """Kind and name of each site, with the kinds of faults that apply there."""
    verbs: set[str]
    planned: int
    injected: int = 0
    met: int = 0
    cpu_seconds: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)
    violated: list[Violated] = field(default_factory=list)


@contextmanager
def room() -> Iterator[Path]:
    """A directory for databases, in memory where there is such a place: what is written here need not last."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="tidegate-", dir=memory if memory.is_dir() else None) as directory:
        yield Path(directory)


def lesson(run: Run, directory: Path) -> Lesson:
    """In a child: play the story undisturbed, and tell what it passes."""
    run.play.move(directory)
    return Learner(run).learn()


def exhaust(run: Run, story: Story, choose: Choose, thoroughly: bool = False) -> Result:
    """Every chosen fault of a story, which begins where `run` is; in a child that is this story's own."""
    with room() as directory:
        beside = directory / "child"
        beside.mkdir()
        run.play.move(directory)
        begin(run, story)
        gc.collect()
        gc.freeze()
        learned = in_child(partial(lesson, run, beside))
        everything = planned(story.name, learned.learned, thoroughly)
        result = Result(story.name, len(learned.learned), _names(learned), learned.verbs, len(everything))
        if learned.broken:
            result.violated.append(Violated(f"{story.name}/undisturbed", learned.broken))
        _inject(run, beside, choose(everything), learned.end, result, thoroughly)
    result.cpu_seconds = sum(os.times()[:4])
    return result


def _names(learned: Lesson) -> dict[tuple[str, str], set[str]]:
    names: dict[tuple[str, str], set[str]] = {}
    for each in learned.learned:
        names.setdefault((str(each.site.kind), each.site.name), set()).update(map(str, each.kinds))
    return names


def _inject(run: Run, directory: Path, faults: Sequence[Planned], end: End, result: Result, exactly: bool) -> None:
    """Play the story once more; before each step, fork a child for each fault that lies in it."""
    carried: set[bytes] = set()
    run.play.checkpoint()
    for fault in sorted(faults, key=lambda one: one.step):
        while run.steps < fault.step:
            if run.step():
                carried.add(fingerprint(run.play, exactly))
            run.play.checkpoint()
        try:
            verdict = in_child(partial(disturbed, run, directory, fault, end, carried, exactly))
        except RuntimeError as error:
            verdict = Verdict([f"HARNESS: {error}"], [], met=False)
        carried |= set(verdict.states)
        result.injected += 1
        result.met += verdict.met
        result.kinds[str(fault.kind)] += 1
        left, used = excused(fault, verdict.broken, is_held=end.hold is not None)
        result.excused.update(rule.why for rule in used)
        if left:
            result.violated.append(Violated(fault.name, left))


def disturbed(
    run: Run, directory: Path, fault: Planned, end: End, carried: set[bytes], exactly: bool = False
) -> Verdict:
    """In the child: let the fault happen, and carry the story to its end, or to a state whose end is known."""
    run.play.move(directory)
    run.disturb(fault.site, fault.kind)
    states: list[bytes] = []
    end_by = run.play.now() + LONGEST
    for _ in range(MOST_STEPS):
        if run.is_over or run.play.now() > end_by:
            break
        if not run.step():
            continue
        state = fingerprint(run.play, exactly)
        if run.process.gate.struck and state in carried and not run.broken():
            return Verdict([], states, met=True)
        states.append(state)
    if not run.is_over:
        return Verdict([*run.broken(), f"L1: not at rest within {LONGEST}: {run.play.environment}"], [], met=False)
    if not run.process.gate.struck:
        return Verdict([f"HARNESS: {fault.site} was never reached"], [], met=False)
    broken = run.verdict(end)
    return Verdict(broken, [] if broken else states, met=False)
