"""Arguments and options that several verbs take, so that they read alike everywhere."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")]
Env = Annotated[str, typer.Argument(metavar="ENV", help="The environment, as dev.")]
Which = Annotated[str, typer.Argument(metavar="DEPLOYMENT", help="The deployment's id, as dev-12.")]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why: people will read it later.")]
