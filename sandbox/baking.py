"""The strategy of an environment file, edited by a commit so that somebody has time to look. Pure.

The line keeps what it said before as its comment, and the next merge without a bake puts that back.
"""

from __future__ import annotations

import re

LINE = re.compile(r"(?m)^strategy: (?P<rest>\{.*)$")
BEFORE = "   # for a look; before: "


def baked(text: str, bake: str | None) -> str:
    """The file with half of the traffic on the new version for `bake`, or with its own strategy; LookupError when its
    strategy is not one line.

    >>> print(slow := baked("strategy: {type: rolling}  # quick", "10m"))
    strategy: {type: canary, steps: [{weight: 50, bake: 10m}, {weight: 100, bake: 0s}]}   # for a look; before: \
{type: rolling}  # quick
    >>> baked(slow, None)
    'strategy: {type: rolling}  # quick'
    """
    found = LINE.search(text)
    if found is None:
        if bake is None:
            return text
        raise LookupError("its strategy is not one line, `strategy: {…}`")
    own = found["rest"].partition(BEFORE)[2] or found["rest"]
    steps = f"[{{weight: 50, bake: {bake}}}, {{weight: 100, bake: 0s}}]"
    line = f"strategy: {{type: canary, steps: {steps}}}{BEFORE}{own}" if bake else f"strategy: {own}"
    return text[: found.start()] + line + text[found.end() :]
