"""The whole comparison: our side as it is now beside what the oracles said, and what decides each difference."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.oracles.compare import Difference, Recording, differences
from tests.oracles.ours import Ours
from tests.oracles.play import play
from tests.oracles.recordings import ORACLES, recorded
from tests.oracles.rulings import Ruling, ruling
from tests.oracles.script import Script
from tests.oracles.scripts import SCRIPTS

EXPECTED = Path(__file__).with_name("differences.json")


@dataclass(frozen=True)
class Comparison:
    """One oracle beside us."""

    oracle: str
    version: str
    decided: tuple[tuple[Difference, Ruling], ...]
    undecided: tuple[Difference, ...]

    @property
    def every(self) -> Iterable[Difference]:
        return (*(difference for difference, _ in self.decided), *self.undecided)

    def steps_that_differ(self) -> set[tuple[str, int]]:
        return {(each.script, each.step) for each in self.every}


def replayed(scripts: Iterable[Script] = SCRIPTS) -> Recording:
    """Our side's answers, in the form in which the oracles' are kept."""
    side = Ours()
    said = {script.name: play(script, side) for script in scripts}
    as_kept: Recording = json.loads(json.dumps(said))
    return as_kept


def compared(ours: Recording) -> tuple[Comparison, ...]:
    return tuple(_compared(oracle, ours) for oracle in ORACLES)


def _compared(oracle: str, ours: Recording) -> Comparison:
    version, theirs = recorded(oracle)
    decided, undecided = [], []
    for script in SCRIPTS:
        for difference in differences(script, ours[script.name], theirs[script.name]):
            rule = ruling(oracle, difference)
            if rule is None:
                undecided.append(difference)
            else:
                decided.append((difference, rule))
    return Comparison(oracle, version, tuple(decided), tuple(undecided))


def expected(comparisons: Iterable[Comparison]) -> list[dict[str, object]]:
    """What `differences.json` holds: every kind of difference once, how often it shows, and what decides it."""
    counted: Counter[tuple[str, ...]] = Counter()
    for comparison in comparisons:
        for each, rule in comparison.decided:
            field = re.sub(r"\.\d+(?=\.|$)", ".*", each.field)
            kind = (comparison.oracle, each.operation, field, each.ours, each.theirs)
            counted[*kind, str(rule.verdict), rule.source_for(each)] += 1
    names = ("oracle", "call", "field", "ours", "theirs", "verdict", "source")
    return [{**dict(zip(names, kind, strict=True)), "times": times} for kind, times in sorted(counted.items())]


def as_text(kinds: Iterable[dict[str, object]]) -> str:
    """One kind a line."""
    return "[\n" + ",\n".join(json.dumps(kind, ensure_ascii=False) for kind in kinds) + "\n]\n"
