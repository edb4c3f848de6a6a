"""`doctor`: it looks with the controller's own settings, and so tells also why a controller would not start.

Where nothing is set and `tidegate up` runs, those of its controller.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import typer

from controller.cli.arguments import Json
from controller.cli.endpoint import sandbox_file
from controller.cli.pair import ENDPOINTS
from controller.cli.parts import Parts
from controller.cli.saying import NO, clean, print_json, told
from controller.cli.surroundings import for_controller

BROKEN = "broken"
OWN = ("TIDEGATE_CONFIG", "TIDEGATE_GITHUB_WEBHOOK_SECRETS", "TIDEGATE_GITHUB_TOKEN", "TIDEGATE_GITHUB_APP_ID")
"""Where one of these is set, the controller that is meant is not that of `tidegate up`."""


def doctor(parts: Parts) -> Callable[..., None]:
    def doctor(as_json: Json = False) -> None:
        """Look at GitHub, AWS, the database and the settings, and say what to do; run it where the controller runs."""
        surroundings = of_the_sandbox(os.environ, Path.cwd())
        if surroundings is not None:
            words = [sys.executable, "-P", "-m", "controller", "doctor", *(["--json"] if as_json else [])]
            raise typer.Exit(subprocess.run(words, env=surroundings, check=False).returncode)  # noqa: S603 - ourselves
        with told():
            lines = parts.examine()
        if as_json:
            print_json({"healthy": not _broken(lines), "lines": [dict(line) for line in lines]})
        else:
            typer.echo(clean("\n".join(_shown(lines))))
        if _broken(lines):
            raise typer.Exit(NO)

    return doctor


def of_the_sandbox(variables: Mapping[str, str], here: Path) -> Mapping[str, str] | None:
    """What its controller was started with; None where something is set, or none runs."""
    file = sandbox_file(variables, here)
    if file is None or any(variables.get(name) for name in OWN):
        return None
    try:
        up = json.loads(file.read_text(encoding="utf-8"))
        endpoints = json.loads((file.parent / ENDPOINTS).read_text(encoding="utf-8"))
        port = urlsplit(str(up["api"])).port or 0
        return for_controller(variables, file.parent.absolute(), str(up["token"]), port, endpoints)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _broken(lines: Sequence[Mapping[str, str]]) -> bool:
    return any(line["state"] == BROKEN for line in lines)


def _shown(lines: Sequence[Mapping[str, str]]) -> list[str]:
    return [
        f"{line['state']:<7} {line['subject']}: {line['text']}"
        + (f"\n        → {line['advice']}" if line["advice"] else "")
        for line in lines
    ]
