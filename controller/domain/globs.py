"""Paths by patterns as `.gitignore` has them: https://git-scm.com/docs/gitignore#_pattern_format. Pure.

Files name patterns, and so do files that nobody has merged: a match costs no more than the pattern's length times the
path's. Within a name only the last `*` is tried again, and between names only the last `**`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate

MANY, ONE = "**", "*"

Names = tuple[re.Pattern[str], ...]


@dataclass(frozen=True)
class Glob:
    """`parts` are the names between one `**` and the next; the first begins where the path does. At least `inside`
    names follow the last one; none do where it `is_whole`."""

    parts: tuple[Names, ...]
    inside: int = 0
    is_whole: bool = False

    def matches(self, path: str) -> bool:
        """The path, or a directory that it is in."""
        names, at = path.split("/"), 0
        for number, part in enumerate(self.parts):
            start = next((each for each in self._starts(number, at, len(names)) if _fit(part, names, each)), None)
            if start is None:
                return False
            at = start + len(part)
        return len(names) - at >= self.inside

    def _starts(self, number: int, at: int, length: int) -> range:
        latest = length - len(self.parts[number])
        first = max(at, latest) if self.is_whole and number == len(self.parts) - 1 else at
        return range(first, (latest if number else min(latest, 0)) + 1)


def globs(patterns: Iterable[str]) -> tuple[Glob, ...]:
    """Patterns of a file: none begins with `/` or `!`, or has a backslash. A line that begins with `#` is a comment.

    >>> docs, markdown = globs(["docs/**", "*.md", "# both"])
    >>> [docs.matches("docs/a/b.txt"), docs.matches("docs"), markdown.matches("a/b.md"), markdown.matches("a/b.mdx")]
    [True, False, True, False]
    """
    texts = (pattern.rstrip(" ") for pattern in patterns)
    return tuple(_glob(text) for text in texts if text and not text.startswith("#"))


def _glob(text: str) -> Glob:
    """With a `/` before its end it is about the whole path, else about a name anywhere; with one at its end about a
    directory."""
    is_directory = text.endswith("/")
    names = text.removesuffix("/").split("/")
    is_whole = len(names) > 1 and names[-1] == ONE and not is_directory
    names = names if len(names) > 1 else [MANY, *names]
    is_open = names[-1] == MANY
    while names and names[-1] == MANY:
        names.pop()
    return Glob(_parts(names), is_directory + is_open, is_whole)


def _parts(names: Iterable[str]) -> tuple[Names, ...]:
    parts: list[list[re.Pattern[str]]] = [[]]
    for name in names:
        if name == MANY:
            parts.append([])
        else:
            parts[-1].append(re.compile(translate(name.replace("[^", "[!"))))
    return tuple(map(tuple, parts))


def _fit(part: Names, names: list[str], start: int) -> bool:
    return all(wanted.match(name) for wanted, name in zip(part, names[start:], strict=False))
