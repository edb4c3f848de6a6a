"""Verbs of other packages, by the entry point group `tidegate.commands`; loaded when they are wanted, not before."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup

from controller.cli.saying import NO, stop

GROUP = "tidegate.commands"


class WithPlugins(TyperGroup):
    """Our own verbs, and those of others; a plug-in that is broken takes nothing else down.

    Contexts and commands are click's, from whichever package this typer takes it: hence `Any`.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        own = super().list_commands(ctx)
        return [*own, *sorted(set(found()) - set(own))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        own = super().get_command(ctx, cmd_name)
        plugin = found().get(cmd_name) if own is None else None
        return own if plugin is None else loaded(plugin)


def found() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def loaded(entry: EntryPoint) -> Any:
    """The plug-in's commands, or one that says why they can't be had."""
    try:
        command = typer.main.get_command(entry.load())
    except Exception as error:  # noqa: BLE001 - whatever a stranger's module raises while it is imported
        command = _broken(entry, error)
    command.name = entry.name
    return command


def _broken(entry: EntryPoint, error: Exception) -> Any:
    told = f"can't be loaded from {entry.value}: {type(error).__name__}: {error}"
    placeholder = typer.Typer(add_completion=False)
    settings = {"ignore_unknown_options": True, "allow_extra_args": True}

    @placeholder.command(help=f"{told}.", context_settings=settings, add_help_option=False)
    def fail(context: typer.Context) -> None:
        stop(NO, f"{entry.name} {told}; install it again, or remove it")

    return typer.main.get_command(placeholder)
