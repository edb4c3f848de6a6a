"""Ask the oracles and keep what they say. Runs in `.venv-oracles`: `make compare`.

python -m tests.oracles.record PYTHON-OF-MINISTACK
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.oracles.ministack_side import Ministack
from tests.oracles.moto_side import Moto
from tests.oracles.play import play
from tests.oracles.recordings import path_of
from tests.oracles.scripts import SCRIPTS


def record(side: Any) -> None:
    """One step a line, so that a change of an oracle reads as a change of lines."""
    try:
        heard = {script.name: play(script, side) for script in SCRIPTS}
    finally:
        side.close()
    scripts = ",\n".join(f"{json.dumps(name)}: [\n{_lines(steps)}\n]" for name, steps in heard.items())
    asked = json.dumps({script.name: script.fingerprint for script in SCRIPTS})
    text = f'{{"version": {json.dumps(side.version)},\n"asked": {asked},\n"scripts": {{\n{scripts}\n}}}}\n'
    path_of(side.name).write_text(text, encoding="utf-8")
    print(f"{side.name} {side.version}: {sum(map(len, heard.values()))} calls in {len(heard)} scripts")


def _lines(steps: list[dict[str, Any]]) -> str:
    return ",\n".join(json.dumps(step, sort_keys=True) for step in steps)


if __name__ == "__main__":
    record(Moto())
    record(Ministack(Path(sys.argv[1]).absolute()))
