"""`python -m tests.exhaustive`: the proof that nothing is lost. docs/testing.md tells how to read it."""

import argparse
import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TextIO

from tests.exhaustive.exhausting import Choose, Result, Violated, exhaust, room
from tests.exhaustive.forks import side_by_side
from tests.exhaustive.histories import HISTORIES, History, sampled, told
from tests.exhaustive.planning import Planned
from tests.exhaustive.registry import missing_kinds, missing_sites
from tests.exhaustive.rules import shown
from tests.exhaustive.running import at_rest_with, listen
from tests.exhaustive.stories import STORIES, Story

SEED = 20261121
WEBHOOKS = "webhooks"
DRAWN = 3
"""So many stories are in a sample beside those that together pass every site."""


def main(given: Sequence[str] | None = None) -> int:
    args = _arguments().parse_args(given)
    stories, histories = _stories(args), _histories(args)
    choose = _chooser(args, len(stories))
    print(f"seed {args.seed}; {len(stories)} stories, {len(histories)} histories of webhooks, {args.jobs} side by side")
    listen()
    thoroughly = args.thoroughly or bool(args.only)
    with ExitStack() as rooms:
        starts = {(story.first, story.place) for story in stories}
        ready = {start: at_rest_with(start[0], rooms.enter_context(room()), start[1]) for start in starts}
        tasks = [partial(exhaust, ready[story.first, story.place], story, choose, thoroughly) for story in stories]
        tasks += [partial(webhooks, histories)] if histories else []
        results = list(_told(side_by_side(tasks, args.jobs)))
    results.sort(key=lambda one: [*STORIES, WEBHOOKS].index(one.story))
    passes_all = not args.only and not args.stories
    missing = [*missing_sites(results), *missing_kinds(results)] if passes_all else []
    _write(sys.stdout, results, missing)
    if args.output:
        with args.output.open("w", encoding="utf-8") as file:
            print(f"seed {args.seed}", file=file)
            _write(file, results, missing)
    return 1 if missing or any(result.violated for result in results) else 0


def webhooks(histories: Sequence[History]) -> Result:
    """As a story among the others: its faults are the histories."""
    result = Result(WEBHOOKS, 0, {}, set(), len(histories), len(histories))
    result.violated = [Violated(name, broken) for name, broken in told(histories).items()]
    result.cpu_seconds = sum(os.times()[:4])
    return result


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.exhaustive", description=__doc__)
    parser.add_argument("--stories", default="", help="only stories whose name contains this")
    parser.add_argument("--only", default="", help="one fault, by the name under which it was printed")
    parser.add_argument("--thoroughly", action="store_true", help="every kind at every site, which takes hours")
    parser.add_argument("--sample", type=int, help="about so many faults, chosen by the seed, and some of the stories")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("TIDEGATE_SEED", SEED)))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--output", type=Path, help="write the table to this file as well")
    return parser


def _stories(args: argparse.Namespace) -> list[Story]:
    """The longest first: the others fill the gaps."""
    if args.only:
        return [STORIES[name]] if (name := args.only.partition("/")[0]) in STORIES else []
    chosen = [story for name, story in STORIES.items() if args.stories in name]
    if args.sample:
        others = [story for story in chosen if not story.covers]
        drawn = random.Random(args.seed).sample(others, min(DRAWN, len(others)))
        chosen = [story for story in chosen if story.covers or story in drawn]
    return sorted(chosen, key=lambda one: "superseded" not in one.name)


def _histories(args: argparse.Namespace) -> list[History]:
    if args.only:
        return [HISTORIES[args.only]] if args.only in HISTORIES else []
    if args.stories and args.stories not in WEBHOOKS:
        return []
    return sampled(args.sample // 4, args.seed) if args.sample else list(HISTORIES.values())


def _chooser(args: argparse.Namespace, stories: int) -> Choose:
    if args.only:
        return lambda faults: [fault for fault in faults if fault.name == args.only]
    if not args.sample:
        return list
    share = max(1, args.sample // max(1, stories))
    return lambda faults: _sampled(faults, share, args.seed)


def _sampled(faults: list[Planned], share: int, seed: int) -> list[Planned]:
    """Every story's share; the same seed chooses the same, and each story other kinds."""
    if not faults:
        return []
    dice = random.Random(f"{seed} {faults[0].story}")
    groups: dict[tuple[str, str], list[Planned]] = {}
    for fault in faults:
        groups.setdefault((str(fault.site.kind), str(fault.kind)), []).append(fault)
    chosen = dice.sample(sorted(groups), min(share, len(groups)))
    return [dice.choice(groups[group]) for group in chosen]


def _told(results: Iterator[Result]) -> Iterator[Result]:
    for result in results:
        print(
            f"{result.story:24} {result.injected:6} faults, {len(result.violated)} violations,"
            f" {result.cpu_seconds:.0f} s of a core",
            flush=True,
        )
        for violated in result.violated[:3]:
            print(f"    {violated.fault}: {shown(violated.broken[0])}", flush=True)
        yield result


def _write(file: TextIO, results: Sequence[Result], missing: Sequence[str]) -> None:
    tell = partial(print, file=file)
    tell()
    tell(f"{'scenario':24} {'sites':>6} {'names':>6} {'planned':>8} {'faults':>7} {'met':>6} {'violations':>11}")
    for one in results:
        tell(
            f"{one.story:24} {one.sites:6} {len(one.names):6} {one.planned:8} {one.injected:7} {one.met:6}"
            f" {len(one.violated):11}"
        )
    tell(
        f"{'all':24} {_sum(results, lambda one: one.sites):6} {len({name for one in results for name in one.names}):6}"
        f" {_sum(results, lambda one: one.planned):8} {_sum(results, lambda one: one.injected):7}"
        f" {_sum(results, lambda one: one.met):6} {_sum(results, lambda one: len(one.violated)):11}"
    )
    kinds = sum((one.kinds for one in results), Counter[str]())
    tell(f"\nkinds: {', '.join(f'{kind} {times}' for kind, times in sorted(kinds.items()))}")
    for why, times in sum((one.excused for one in results), Counter[str]()).items():
        tell(f"excused {times} times: {why}")
    for name in missing:
        tell(f"NOT COVERED {name}")
    for one in results:
        for violated in one.violated:
            tell(f"\n{violated.fault}\n  python -m tests.exhaustive --only '{violated.fault}'")
            for found in violated.broken:
                tell(f"    {shown(found)}")


def _sum(results: Sequence[Result], of: Callable[[Result], int]) -> int:
    return sum(map(of, results))


if __name__ == "__main__":
    sys.exit(main())
