"""Make every mistake, one by one, and see that the tests catch it: `make teeth`.

`make teeth ARGS="a takeover"` makes those with these words in their name or file. Exit code 1 when one is not caught.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.processes import CLOCK
from tests.teeth.copies import copied
from tests.teeth.mistake import Mistake
from tests.teeth.mistakes import MISTAKES
from tests.teeth.trial import LONGEST_SECONDS, Trial, Verdict, trial, tried

AT_ONCE = 2


def main(words: Sequence[str]) -> int:
    wanted = " ".join(words)
    chosen = [one for one in MISTAKES if wanted in f"{one.name} {one.file}"]
    if not chosen:
        print(f"no mistake has «{wanted}» in its name or file")
        return 2
    began = CLOCK.monotonic()
    with copied() as source:
        if not are_green(source, chosen):
            return 1
        trials = list(shown(chosen, source))
    print(told(trials, CLOCK.monotonic() - began))
    return 0 if all(one.verdict is Verdict.CAUGHT for one in trials) else 1


def are_green(source: Path, mistakes: Iterable[Mistake]) -> bool:
    """A test that fails by itself catches nothing. Besides, this leaves the copy compiled for all that come from it."""
    tests = sorted({one.caught_by for one in mistakes})
    parts = [part for first in range(AT_ONCE) if (part := tests[first::AT_ONCE])]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        before = list(pool.map(lambda part: trial(source, part, LONGEST_SECONDS * 10), parts))
    red = [one.told for one in before if one.verdict is not Verdict.SURVIVED]
    fate = f"don't all pass: {'; '.join(red)}" if red else "pass"
    print(f"without a mistake the {len(tests)} tests {fate} ({max(one.seconds for one in before):.0f} s)\n", flush=True)
    return not red


def shown(mistakes: Sequence[Mistake], source: Path) -> Iterable[Trial]:
    """Each as soon as it and those before it are over."""
    width = max(len(one.name) for one in mistakes)
    print(f"{'mistake'.ljust(width)}  {'':8}  seconds  caught by", flush=True)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for mistake, one in zip(mistakes, pool.map(lambda each: tried(each, source), mistakes), strict=True):
            print(f"{mistake.name.ljust(width)}  {one.verdict:8}  {one.seconds:7.1f}  {one.told}", flush=True)
            yield one


def told(trials: Sequence[Trial], seconds: float) -> str:
    counts = Counter(one.verdict for one in trials)
    sorts = ", ".join(f"{counts[verdict]} {verdict.lower()}" for verdict in Verdict)
    return f"\n{len(trials)} mistakes in {seconds:.0f} s: {sorts}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
