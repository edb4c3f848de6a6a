"""The verbs that copy the database and bring a copy back: they need no controller, and ask none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.cli.arguments import Json
from controller.cli.parts import Parts
from controller.cli.saying import print_json, told
from controller.domain.counting import counted


class Keeping:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def register(self, app: typer.Typer) -> None:
        for verb in (self.backup, self.restore):
            app.command()(verb)

    def backup(
        self,
        file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that is not there yet.")],
        as_json: Json = False,
    ) -> None:
        """Copy the whole database into a file, while the controller goes on."""
        with told():
            made = self._parts.back_up(file)
        if as_json:
            print_json(dict(made))
        else:
            typer.echo(_backed_up(file, made))

    def restore(
        self,
        file: Annotated[Path, typer.Argument(metavar="FILE", help="What `tidegate backup` wrote.")],
        replace: Annotated[bool, typer.Option("--replace", help="Lose what is in the database now.")] = False,
        as_json: Json = False,
    ) -> None:
        """Bring a backup back, into SQLite or PostgreSQL; every controller must have ended."""
        with told():
            done = self._parts.restore(file, replace)
        if as_json:
            print_json(dict(done))
        else:
            typer.echo(_restored(file, done))


def _backed_up(file: Path, made: Mapping[str, Any]) -> str:
    rows = made["rows"]
    environments, deployments = counted(rows["environments"], "environment"), counted(rows["deployments"], "deployment")
    return (
        f"backed up {environments}, {deployments} and {counted(rows['audit'], 'line')} of audit into {file}:"
        f" {made['bytes']} bytes, sha256 {made['sha256']}\n"
        "It holds the secrets of smoke tests, and only you may read it: keep it as you keep passwords."
    )


def _restored(file: Path, done: Mapping[str, Any]) -> str:
    lines = [f"restored {file}, taken at {done['taken_at']}: {counted(done['rows']['deployments'], 'deployment')}"]
    if done["ended"]:
        lines.append(f"ended where they stood, with nothing changed on AWS: {', '.join(done['ended'])}")
    if done["resting"]:
        lines.append(f"moved then, and rest until their environment is released: {', '.join(done['resting'])}")
    if done["held"]:
        lines.append(f"held until you have looked: {', '.join(done['held'])}")
        lines.append("Start the controller, compare `tidegate status ENV` with AWS, then `tidegate unhold ENV`.")
    return "\n".join(lines)
