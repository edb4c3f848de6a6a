"""The strategy of an environment file, edited by a commit so that somebody has time to look. Pure.

The line keeps what it said before as its comment, and the next merge without a bake puts that back. Meanwhile the new
version is judged by its answers, where the file doesn't say itself what is watched.
"""

from __future__ import annotations

import re

MARK = "   # for a look"
LINE = re.compile(rf"(?m)^strategy: (?P<rest>\{{.*)$(?P<watch>\nwatch: .*{MARK}$)?")
WATCHED = re.compile(r"(?m)^watch:")
BEFORE = f"{MARK}; before: "
WATCH = f"\nwatch: {{metrics: {{errors: {{max: 5%, min_requests: 50}}, latency_p95: {{max: 500ms}}}}}}{MARK}"


def baked(text: str, bake: str | None) -> str:
    """The file with half of the traffic on the new version for `bake`, or with its own strategy; LookupError when its
    strategy is not one line.

    >>> print(slow := baked("strategy: {type: rolling}  # quick", "10m"))
    strategy: {type: canary, steps: [{weight: 50, bake: 10m}, {weight: 100, bake: 0s}]}   # for a look; before: \
{type: rolling}  # quick
    watch: {metrics: {errors: {max: 5%, min_requests: 50}, latency_p95: {max: 500ms}}}   # for a look
    >>> baked(slow, None)
    'strategy: {type: rolling}  # quick'
    """
    found = LINE.search(text)
    if found is None:
        if bake is None:
            return text
        raise LookupError("its strategy is not one line, `strategy: {…}`")
    own = found["rest"].partition(BEFORE)[2] or found["rest"]
    around = text[: found.start()], text[found.end() :]
    if bake is None:
        return f"strategy: {own}".join(around)
    steps = f"[{{weight: 50, bake: {bake}}}, {{weight: 100, bake: 0s}}]"
    watch = "" if any(map(WATCHED.search, around)) else WATCH
    return f"strategy: {{type: canary, steps: {steps}}}{BEFORE}{own}{watch}".join(around)
