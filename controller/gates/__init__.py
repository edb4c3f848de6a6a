"""May it start? Each gate answers open, held, refused or unknown, with a reason; all must be open.

Never here: I/O, the clock, a second opinion on what another gate says. To add one: a file with a `judge(case, now)` and
a docstring, a line in `BEFORE_PLAN` or `WITH_PLAN` (cheap ones first, people last), a test, a heading in docs/gates.md;
new evidence is a field of `Case`, filled by `loop/observe.py`.
"""

from collections.abc import Mapping

from controller.gates import alarm, branch, hold, image, metrics, not_built, quarantine
from controller.gates.base import Gate

BEFORE_PLAN: Mapping[str, Gate] = {
    "not_built": not_built.judge,
    "branch": branch.judge,
    "hold": hold.judge,
    "image": image.judge,
}
WITH_PLAN: Mapping[str, Gate] = {
    "quarantine": quarantine.judge,
    "alarm": alarm.judge,
    "metrics": metrics.judge,
}
