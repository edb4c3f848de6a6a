"""How traffic moves: each strategy turns its settings into a list of shift and bake steps.

Never here: anything but the steps between smoke and verify; colours; a look at the world. To add one: a file named for
the `type` in the environment file with a function `steps(settings, services)`, a line in `STRATEGIES`, a test, a
heading in docs/strategies.md.
"""

from collections.abc import Callable, Mapping
from typing import Any

from controller.domain.step import Step
from controller.strategies import blue_green, rolling

STRATEGIES: Mapping[str, Callable[[Any, tuple[str, ...]], tuple[Step, ...]]] = {
    "rolling": rolling.steps,
    "blue_green": blue_green.steps,
}
