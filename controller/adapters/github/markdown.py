"""Text that people wrote, in Markdown that GitHub renders: shown as it is, and never anything else. Pure.

Within a code span nothing is a mention, a link, a reference or HTML, whatever it looks like.
https://github.github.com/gfm/#code-spans
"""

import re
from collections.abc import Sequence

LONGEST = 300
EMPTY = "none"

_TICKS = re.compile(r"`+")


def code(text: str, longest: int = LONGEST) -> str:
    """The text as one code span, on one line; safe in a table, where no backslash can be trusted to keep a bar.

    >>> print(code("@everyone <b>"), code("a`b"), code("x|y"), code(" "))
    `@everyone <b>` ``a`b`` `x│y` none
    """
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    line = line.replace("|", "│")
    if not line:
        return EMPTY
    if len(line) > longest:
        line = f"{line[: longest - 1]}…"
    fence = "`" * (max((len(run) for run in _TICKS.findall(line)), default=0) + 1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table; cells are Markdown already."""
    if not rows:
        return []
    return [_row(heads), _row(("---",) * len(heads)), *map(_row, rows), ""]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def cut(lines: list[str], longest: int, told: str) -> str:
    """The lines that fit, with `told` where some don't; what is folded is closed again."""
    text = "\n".join(lines)
    if len(text) <= longest:
        return text
    kept: list[str] = []
    left = longest - len(told) - len("\n</details>\n\n") - 1
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            break
        kept.append(line)
    is_folded = kept.count("<details>") > kept.count("</details>")
    return "\n".join([*kept, *(["", "</details>"] if is_folded else []), "", told])
