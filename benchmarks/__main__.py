"""`python -m benchmarks [NAME…]`: measure, print tables, and exit with 1 when a published limit is missed."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path

from benchmarks import (
    audit,
    balancer,
    drift,
    history,
    idle,
    listing,
    live,
    pages,
    reaction,
    rest,
    rollouts,
    start,
    takeover,
    turning,
    unattended,
    up,
    webhooks,
)
from benchmarks.given import QUICK, Given
from benchmarks.table import Result, machine, printed

MEASURED: Mapping[str, Callable[[Given], Result]] = {
    "up": up.run,
    "start": start.run,
    "webhooks": webhooks.run,
    "reaction": reaction.run,
    "rollouts": rollouts.run,
    "turning": turning.run,
    "unattended": unattended.run,
    "rest": rest.run,
    "idle": idle.run,
    "drift": drift.run,
    "takeover": takeover.run,
    "listing": listing.run,
    "history": history.run,
    "audit": audit.run,
    "pages": pages.run,
    "live": live.run,
}


def main(arguments: Sequence[str]) -> int:
    parser = _parser()
    asked = parser.parse_args(arguments)
    known = [*MEASURED, "balancer"]
    if unknown := [name for name in asked.names if name not in known]:
        parser.error(f"nothing is called {', '.join(unknown)}: choose among {', '.join(known)}")
    chosen = asked.names or known
    print(machine(asked.seed), flush=True)
    missed = [name for name in chosen if not _measure(name, asked)]
    print("every published limit is kept" if not missed else f"missed: {', '.join(missed)}")
    return 1 if missed else 0


def _measure(name: str, asked: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as directory:
        given = _given(asked, Path(directory))
        if name == "balancer":
            return _balanced(given)
        result = MEASURED[name](given)
        print(f"\n{printed(result)}", flush=True)
        return result.is_kept


def _balanced(given: Given) -> bool:
    """It prints its own tables."""
    sizes = argparse.Namespace(seconds=min(3.0, given.seconds), rolls=given.rollouts, rate=300.0, post_rate=15.0)
    return asyncio.run(balancer.main(sizes)) == 0


def _given(asked: argparse.Namespace, directory: Path) -> Given:
    given = Given(directory, **(QUICK if asked.quick else {}))
    named = {field.name: getattr(asked, field.name, None) for field in fields(Given)}
    return replace(given, **{name: value for name, value in named.items() if value is not None})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(MEASURED)}, balancer")
    parser.add_argument("--quick", action="store_true", help="a little of everything, to see that it works")
    parser.add_argument("--seconds", type=float, help="how long webhooks arrive (20)")
    parser.add_argument("--rate", type=float, help="webhooks a second (200)")
    parser.add_argument("--postgres", action="store_true", help="webhooks and rest on PostgreSQL as well")
    parser.add_argument("--merges", type=int, help="merges of each kind until the first call (12)")
    parser.add_argument("--rollouts", type=int, help="in a row, of each strategy (20)")
    parser.add_argument("--visits", type=float, help="requests a second while versions roll (100)")
    parser.add_argument("--turns", type=int, help="bad canaries that are turned back (20)")
    parser.add_argument("--starts", type=int, help="of everything, and of the controller (3)")
    parser.add_argument("--rows", type=int, help="deployments behind the pages (100000)")
    parser.add_argument("--searched", type=int, help="deployments that are searched (1000000)")
    parser.add_argument("--entries", type=int, help="of the audit that is verified (200000)")
    parser.add_argument("--passes", type=int, help="at rest (50)")
    parser.add_argument("--environments", type=int, help="at rest, all together (1000)")
    parser.add_argument("--sweeps", type=int, help="that long they are watched, a minute each (3)")
    parser.add_argument("--kills", type=int, help="of one of two controllers, and as many stops (2)")
    parser.add_argument("--columns", type=int, help="environments on one page, of 20 services each (50)")
    parser.add_argument("--pages", type=int, help="that are left open (200)")
    parser.add_argument("--seed", type=int, default=1, help="of the sandbox (1)")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
