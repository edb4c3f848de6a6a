"""`python -m benchmarks.laps`: one pass over each bound environment in this process, and what that took.

The settings are those of `tidegate serve`, from the environment; no other controller may run on the database.
"""

import json
import resource
import time

from controller.app import build
from controller.loop.reconcile import Reconciler
from controller.settings import read_settings


def main() -> None:
    settings = read_settings()
    world = build(settings).world
    reconciler = Reconciler(world, "bench", settings.pace)
    began, used = time.perf_counter(), _cpu_seconds()
    passes = [reconciler.run_pass(name) for name in world.bindings]
    took, cpu = time.perf_counter() - began, _cpu_seconds() - used
    world.store.close()
    codes = sorted({done.reason.code for done in passes})
    doubted = sum(done.look_again_in is not None for done in passes)
    print(json.dumps({"seconds": took, "cpu": cpu, "codes": codes, "doubted": doubted}))


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
