"""Arguments and options that several verbs take, so that they read alike everywhere."""

from __future__ import annotations

from typing import Annotated

import typer


def named(value: str | None) -> str | None:
    """An empty name would ask for something else than was meant: for all of them, or for another address."""
    if value is not None and not value.strip():
        raise typer.BadParameter("it is empty: give a name")
    return value


Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")]
Env = Annotated[str, typer.Argument(metavar="ENV", help="The environment, as dev.", callback=named)]
Which = Annotated[str, typer.Argument(metavar="DEPLOYMENT", help="The deployment's id, as dev-12.", callback=named)]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why: people will read it later.")]
