"""One run of a story: undisturbed, or with one fault; and what is to be said of it."""

import sqlite3
import traceback
from collections import Counter
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import structlog

from tests.exhaustive.ended import End, differences, ended
from tests.exhaustive.faults import Kind, applicable, arm
from tests.exhaustive.fingerprint import resting
from tests.exhaustive.planning import Context, Learned
from tests.exhaustive.play import Play
from tests.exhaustive.process import Process
from tests.exhaustive.stories import Place, Story
from tests.support.builders import a_binding, a_place
from tests.support.invariants import Watch
from tests.support.sites import Gate, Passage, Site, SiteKind

SAID: list[str] = []
"""Log lines of this run."""
BROKE: list[str] = []
"""Tracebacks: the controller met something that it did not expect."""
ROUNDS_AT_REST = 10


def listen() -> None:
    """The controller's log lines come here, and nowhere else."""
    structlog.configure(processors=[_heard], cache_logger_on_first_use=False)


def _heard(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:
    if line.pop("exc_info", None):
        BROKE.append(f"{line['event']}: {traceback.format_exc().strip()}")
    SAID.append(str(line))
    raise structlog.DropEvent


@dataclass
class Run:
    """A play that is on its way, watched. `steps` counts those since the story began."""

    play: Play
    process: Process
    watch: Watch
    steps: int = 0

    def step(self) -> bool:
        worked = self.play.step()
        self.steps += 1
        return worked

    @property
    def is_over(self) -> bool:
        return self.play.is_at_rest

    def disturb(self, site: Site, kind: Kind) -> None:
        gate = self.process.gate
        gate.target = site
        arm(gate, kind, self.play, self.process)
        is_late = site.kind is SiteKind.CHANGE and kind in {Kind.LEASE_LOST, Kind.ASLEEP, Kind.ASLEEP_LONG}
        self.watch.is_on_its_way = lambda: is_late and gate.is_at_target

    def verdict(self, wanted: End | None) -> list[str]:
        """At rest: what is left, whether it stays so, and how that compares with the undisturbed end.

        What a failed look left undone is found by a sweep. A round that leaves everything as it found it is followed by
        others like it.
        """
        for _ in range(ROUNDS_AT_REST):
            before = resting(self.play)
            self.play.sweep(1)
            if resting(self.play) == before:
                break
        else:
            self.watch.broken.append(f"L5: {ROUNDS_AT_REST} rounds at rest, and each of them changed something")
        self.watch.at_rest()
        found = differences(ended(self.play), wanted) if wanted else []
        return [*self.broken(), *self._undelivered(), *found]

    def broken(self) -> list[str]:
        """What was violated until now."""
        return [*self.watch.broken, *(f"BUG: {text}" for text in BROKE)]

    def _undelivered(self) -> list[str]:
        left = self.play.rows("SELECT id FROM deliveries WHERE state = 'received'")
        return [f"S1: {name} was accepted, and nobody took it in" for (name,) in left]


def at_rest_with(first: str | None, directory: Path, place: Place = ()) -> Run:
    """A first version is live, with nothing to do; or nothing was ever deployed. `place` as in `Story`."""
    play = Play(directory, replace(a_binding(), aws=a_place(**dict(place))))
    process = play.start(Gate("one"))
    if first is not None:
        play.push(first, content="first")
    play.settle()
    play.checkpoint()
    return Run(play, process, Watch(play, said=SAID, who=lambda: play.at_work[-1]))


def begin(run: Run, story: Story) -> None:
    """From now on its people act, and everything is watched."""
    SAID.clear()
    BROKE.clear()
    run.play.on_time = run.watch.as_time_goes_by
    run.process.gate.counts.clear()
    run.play.cues = list(story.cues)


@dataclass
class Lesson:
    """What the undisturbed run taught."""

    learned: list[Learned]
    end: End
    steps: int
    verbs: set[str]
    broken: list[str]


class Learner:
    """Listens at the gate of an undisturbed run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._passages: list[tuple[Passage, int, Context, tuple[Kind, ...]]] = []
        self._effective: set[Site] = set()
        self._context: Context = ()
        self._beside = sqlite3.connect(run.play.database._path)
        self._rows = self._version()
        run.process.gate.on_passage = self._passed
        run.process.gate.on_commit = self._committed

    def learn(self) -> Lesson:
        run = self._run
        verbs: set[str] = set()
        run.process.store.note_verbs(verbs)
        while not run.is_over:
            self._context = context(run.play)
            run.step()
        run.process.gate.on_passage = run.process.gate.on_commit = None
        self._beside.close()
        broken = run.verdict(None)
        return Lesson(self._learned(), ended(run.play), run.steps, verbs, broken)

    def _passed(self, passage: Passage) -> None:
        self._passages.append((passage, self._run.steps, self._context, applicable(passage)))

    def _committed(self, passage: Passage) -> None:
        before, self._rows = self._rows, self._version()
        if before != self._rows:
            self._effective.add(passage.site)

    def _version(self) -> int:
        """It grows with each commit of another connection that changed anything."""
        return int(self._beside.execute("PRAGMA data_version").fetchone()[0])

    def _learned(self) -> list[Learned]:
        turns: Counter[tuple[int, SiteKind, str]] = Counter()
        learned = []
        for passage, step, known, kinds in self._passages:
            site = passage.site
            turns[step, site.kind, site.name] += 1
            turn = turns[step, site.kind, site.name]
            learned.append(Learned(site, step, known, turn, site in self._effective, kinds))
        return learned


def context(play: Play) -> Context:
    """Where the open deployments are."""
    with play.store.read() as unit:
        opened = unit.deployments.open("dev")
    return tuple(
        (one.id, one.phase, one.reason.code, one.step.number if one.step else 0, one.step.acted if one.step else ())
        for one in opened
    )
