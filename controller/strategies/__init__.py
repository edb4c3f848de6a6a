"""How the new version takes over: each strategy turns its settings into a list of steps, from warm to the last bake.

Never here: anything but those steps; colours; a look at the world. To add one: a file named for the `type` in the
environment file with a function `steps(settings, every, routed)` (all services that roll, and those of them that have
traffic), a line in `STRATEGIES`, a test, a heading in docs/strategies.md.
"""

from collections.abc import Callable, Mapping
from typing import Any

from controller.domain.step import Step
from controller.strategies import blue_green, canary, rolling

Names = tuple[str, ...]

STRATEGIES: Mapping[str, Callable[[Any, Names, Names], tuple[Step, ...]]] = {
    "rolling": rolling.steps,
    "blue_green": blue_green.steps,
    "canary": canary.steps,
}
