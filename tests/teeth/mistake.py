"""A wrong change to the code, as data."""

from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path


class Misplaced(Exception):
    """The text that a mistake replaces is not there, or more than once: the code moved on without it."""


@dataclass(frozen=True)
class Mistake:
    """`name` says what is wrong; in `file`, `right` becomes `wrong`. `caught_by` is pytest's name of the test that must
    fail because of it."""

    name: str
    file: str
    right: str
    wrong: str
    caught_by: str

    def within(self, text: str) -> str:
        """`text`, which is that of the file, with the mistake in it. `Misplaced` unless it can only be meant once."""
        found = text.count(self.right)
        if found != 1:
            raise Misplaced(f"«{self.name}»: {self.file} holds this text {found} times instead of once: {self.right!r}")
        return text.replace(self.right, self.wrong)

    def make(self, root: Path) -> None:
        path = root / self.file
        path.write_text(self.within(path.read_text(encoding="utf-8")), encoding="utf-8")
        Path(cache_from_source(path)).unlink(missing_ok=True)
