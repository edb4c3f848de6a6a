"""What the format allows and the controller does not act on yet.

To build one: make it work, then delete its row. Until then a file that names it hears so at `validate`, and where
it would guard something, every deployment waits: a gate that nobody asks is not open.
"""

from collections.abc import Callable
from dataclasses import dataclass

from controller.domain.manifest.models import EnvironmentFile
from controller.domain.manifest.service import Service


@dataclass(frozen=True)
class Unbuilt:
    """`key` as in the file. `guards`: deployments wait while it is named, with the reason `gate.not_built`."""

    key: str
    guards: bool
    sentence: str


def unbuilt(file: EnvironmentFile) -> tuple[Unbuilt, ...]:
    """Everything that this file asks for in vain."""
    return tuple(
        Unbuilt(f"services.{name}.{key}", guards, sentence)
        for name, service in file.services.items()
        for key, guards, is_named, sentence in _IN_SERVICES
        if is_named(service)
    )


GUARDS, WARNS = True, False

_IN_SERVICES: tuple[tuple[str, bool, Callable[[Service], bool], str], ...] = (
    (
        "task.health",
        WARNS,
        lambda service: service.task.health is not None,
        "Checks inside containers are not set up yet.",
    ),
)
