"""`python -m benchmarks.passes NUMBER`: run passes over dev in this process, and print how long each took.

The settings are those of `tidegate serve`, from the environment; no other controller may run on the database.
"""

import json
import sys
import time

from controller.app import build
from controller.loop.reconcile import Reconciler
from controller.settings import read_settings


def main(number: int) -> None:
    settings = read_settings()
    world = build(settings).world
    reconciler = Reconciler(world, "bench", settings.pace)
    took, codes = [], set()
    reconciler.run_pass("dev")
    for _ in range(number):
        with world.store.write() as unit:
            unit.environments.request_look(["dev"])
        began = time.perf_counter()
        codes.add(reconciler.run_pass("dev").reason.code)
        took.append((time.perf_counter() - began) * 1000)
    world.store.close()
    print(json.dumps({"milliseconds": took, "codes": sorted(codes)}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
