"""Text that must not be seen."""

from dataclasses import dataclass


@dataclass(frozen=True, repr=False)
class Secret:
    """A string that prints as `[redacted]`; whoever needs it asks for it by name."""

    text: str

    def reveal(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return "Secret([redacted])"

    def __str__(self) -> str:
        return "[redacted]"
