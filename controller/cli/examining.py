"""`doctor`: it looks with the controller's own settings, and so tells also why a controller would not start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import typer

from controller.cli.arguments import Json
from controller.cli.parts import Parts
from controller.cli.saying import NO, clean, print_json, told

BROKEN = "broken"


def doctor(parts: Parts) -> Callable[..., None]:
    def doctor(as_json: Json = False) -> None:
        """Look at GitHub, AWS, the database and the settings, and say what to do; run it where the controller runs."""
        with told():
            lines = parts.examine()
        if as_json:
            print_json({"healthy": not _broken(lines), "lines": [dict(line) for line in lines]})
        else:
            typer.echo(clean("\n".join(_shown(lines))))
        if _broken(lines):
            raise typer.Exit(NO)

    return doctor


def _broken(lines: Sequence[Mapping[str, str]]) -> bool:
    return any(line["state"] == BROKEN for line in lines)


def _shown(lines: Sequence[Mapping[str, str]]) -> list[str]:
    return [
        f"{line['state']:<7} {line['subject']}: {line['text']}"
        + (f"\n        → {line['advice']}" if line["advice"] else "")
        for line in lines
    ]
