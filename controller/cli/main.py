"""All verbs together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from controller.cli import files
from controller.cli.approving import Approving
from controller.cli.auditing import Auditing
from controller.cli.examining import doctor
from controller.cli.http import Send, send
from controller.cli.keeping import Keeping
from controller.cli.ordering import Ordering
from controller.cli.parts import Parts
from controller.cli.plugins import WithPlugins
from controller.cli.reading import Reading
from controller.cli.saying import told

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        typer.echo(f"tidegate {version('tidegate')}")
        raise typer.Exit


def build(parts: Parts, transport: Send = send) -> typer.Typer:
    """The command line. `transport` carries the requests of the verbs that ask the API."""
    app = typer.Typer(
        cls=WithPlugins,
        no_args_is_help=True,
        add_completion=False,
        context_settings=SETTINGS,
        pretty_exceptions_enable=False,
    )
    app.callback()(_tidegate)
    for verb in (_up(parts), _serve(parts), _migrate(parts), doctor(parts)):
        app.command()(verb)
    Reading(parts.clock, transport).register(app)
    Ordering(parts.clock, transport).register(app)
    Approving(parts.clock, transport).register(app)
    Keeping(parts).register(app)
    Auditing(parts.clock, transport).register(app)
    for plain in (files.validate, files.schema, token):
        app.command()(plain)
    return app


def _tidegate(
    _: Annotated[
        bool, typer.Option("--version", help="Print the version, and nothing else.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """GitOps for Amazon ECS: merge, wait at the gates, shift traffic, watch, turn back."""


def token() -> None:
    """Print a fresh random token for TIDEGATE_API_TOKEN, TIDEGATE_AUDIT_KEYS or a webhook secret."""
    import secrets

    typer.echo(secrets.token_urlsafe(32))


def _serve(parts: Parts) -> Callable[..., None]:
    def serve(
        host: Annotated[str | None, typer.Option(help="Listen here instead of TIDEGATE_HOST.")] = None,
        port: Annotated[int | None, typer.Option(min=0, max=65535, help="Instead of TIDEGATE_PORT.")] = None,
    ) -> None:
        """Run the controller until SIGTERM or Ctrl-C."""
        given = {"host": host, "port": port}
        with told():
            parts.serve({name: value for name, value in given.items() if value is not None})

    return serve


def _migrate(parts: Parts) -> Callable[..., None]:
    def migrate() -> None:
        """Bring the database's tables up to date."""
        with told():
            parts.migrate()
        typer.echo("the tables are up to date")

    return migrate


def _up(parts: Parts) -> Callable[..., None]:
    def up(
        port: Annotated[
            int | None, typer.Option(min=1024, max=65529, help="The controller's; the sandbox takes the six after it.")
        ] = None,
        keep: Annotated[
            bool,
            typer.Option(
                "--keep", help="Go on with the git and the database of the last time; the sandbox's AWS starts empty."
            ),
        ] = False,
        state_dir: Annotated[Path, typer.Option(help="Where everything is kept.")] = Path(".tidegate"),
        speed: Annotated[float, typer.Option(min=0.1, max=100, help="How much faster AWS's own delays pass.")] = 10.0,
    ) -> None:
        """Start the sandbox and the controller, roll out a first version, and stay up until Ctrl-C."""
        from controller.cli.up import Options, run

        raise typer.Exit(run(Options(state_dir, port, keep, speed), parts.clock()))

    return up
