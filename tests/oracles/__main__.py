"""Compare what the oracles said when last recorded with what the sandbox says now: `make compare`.

Writes `tests/oracles/differences.json` and `docs/sandbox-truth.md`. Exit code 1 when a difference has no ruling.
"""

from __future__ import annotations

import sys

from tests.oracles.comparison import EXPECTED, as_text, compared, expected, replayed
from tests.oracles.page import PAGE, page, summary


def main() -> int:
    ours = replayed()
    comparisons = compared(ours)
    EXPECTED.write_text(as_text(expected(comparisons)), encoding="utf-8")
    PAGE.write_text(page(ours, comparisons), encoding="utf-8")
    print(summary(ours, comparisons))
    undecided = [(each.oracle, difference) for each in comparisons for difference in each.undecided]
    for oracle, each in undecided:
        answers = f"ours {each.ours}, theirs {each.theirs}"
        print(f"undecided: {oracle}: {each.operation} {each.field}: {answers} ({each.script})")
    return 1 if undecided else 0


if __name__ == "__main__":
    sys.exit(main())
