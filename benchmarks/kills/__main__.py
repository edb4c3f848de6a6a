"""`python -m benchmarks.kills`: kill controllers amid rollouts, print what came of it, exit 1 for a violation."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.kills.run import Plan, run
from benchmarks.kills.stage import Wanted
from benchmarks.table import machine, printed

ENVIRONMENTS = "dev=rolling150,staging=blue_green,prod=canary"


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    strategies = dict(pair.split("=") for pair in asked.strategies.split(","))
    print(machine(asked.seed), flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="tidegate-kills-") as temporary:
        root = asked.directory or Path(temporary)
        kept = True
        for database in asked.databases:
            kills, stops, seats = (
                (asked.kills, asked.stops, 1) if database == "sqlite" else (asked.pairs, asked.zombies, 2)
            )
            wanted = Wanted(root / database, asked.seed, strategies, seats, asked.visits)
            result = run(wanted, Plan(kills, stops, asked.minutes))
            print(f"\n{printed(result)}", flush=True)
            kept = kept and result.is_kept
    print("nothing was broken" if kept else "something was broken")
    return 0 if kept else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=__doc__)
    known = ["sqlite", "postgresql"]
    parser.add_argument("databases", nargs="*", default=known, metavar="DATABASE", help="sqlite, postgresql (both)")
    parser.add_argument("--kills", type=int, default=75, help="of the one controller on SQLite (75)")
    parser.add_argument("--stops", type=int, default=2, help="past the lease, of the one on SQLite (2)")
    parser.add_argument("--pairs", type=int, default=30, help="kills of one of two controllers on PostgreSQL (30)")
    parser.add_argument("--zombies", type=int, default=5, help="stops past the lease of one of the two (5)")
    parser.add_argument("--strategies", default=ENVIRONMENTS, help=f"by environment ({ENVIRONMENTS})")
    parser.add_argument("--visits", type=float, default=17.0, help="requests a second in each environment (17)")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="no new signal after so long (no limit)")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn by lot (1)")
    parser.add_argument("--directory", type=Path, help="keep what was written down here")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
