"""The conversations that are compared, by what they are about. To add one: a `Script` in its module's tuple.

Each operation that the sandbox answers has a good call here, and each error that the controller can handle a bad one
where anybody but AWS itself can be brought to answer it: `tests/oracles/test_scripts.py` looks.
"""

from __future__ import annotations

from tests.oracles.script import Script
from tests.oracles.scripts import (
    alarms,
    definitions,
    groups,
    listeners,
    registry,
    rules,
    scaling,
    schedules,
    services,
    small,
    tasks,
)
from tests.oracles.scripts.foundation import ACCOUNT, REGION, STACK, STACK_OUTPUTS

SCRIPTS: tuple[Script, ...] = (
    *definitions.SCRIPTS,
    *services.SCRIPTS,
    *tasks.SCRIPTS,
    *groups.SCRIPTS,
    *listeners.SCRIPTS,
    *rules.SCRIPTS,
    *registry.SCRIPTS,
    *small.SCRIPTS,
    *schedules.SCRIPTS,
    *alarms.SCRIPTS,
    *scaling.SCRIPTS,
)

__all__ = ["ACCOUNT", "REGION", "SCRIPTS", "STACK", "STACK_OUTPUTS"]
