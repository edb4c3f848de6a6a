"""What the format allows and the controller does not act on yet.

To build one: make it work, then delete its row. Until then a file that names it hears so at `validate`. What would
guard something may not stand here: a gate that nobody asks is not open.
"""

from collections.abc import Callable
from dataclasses import dataclass

from controller.domain.manifest.models import EnvironmentFile
from controller.domain.manifest.service import Service


@dataclass(frozen=True)
class Unbuilt:
    """`key` as in the file."""

    key: str
    sentence: str


def unbuilt(file: EnvironmentFile) -> tuple[Unbuilt, ...]:
    """Everything that this file asks for in vain."""
    return tuple(
        Unbuilt(f"services.{name}.{key}", sentence)
        for name, service in file.services.items()
        for key, is_named, sentence in _IN_SERVICES
        if is_named(service)
    )


_IN_SERVICES: tuple[tuple[str, Callable[[Service], bool], str], ...] = (
    ("task.health", lambda service: service.task.health is not None, "Checks inside containers are not set up yet."),
)
