"""What is printed, and where: answers to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from controller.domain.strangers import UNPRINTABLE

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

NO, WRONG_USE, UNREACHABLE = 1, 2, 3
INTERRUPTED = 130
"""What shells answer after Ctrl-C: 128 and the signal's number."""

WIDE = 400
"""Columns of what isn't a terminal: nothing is cut off there."""


def is_asked_by_a_person() -> bool:
    """Whether somebody sits there who can be asked."""
    return sys.stdin.isatty()


def stop(code: int, sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(code)


@contextmanager
def told() -> Iterator[None]:
    """What goes wrong on purpose is a sentence, not a traceback."""
    from controller.domain.errors import TidegateError

    try:
        yield
    except TidegateError as error:
        stop(NO, str(error))


def print_json(document: Any) -> None:
    """One document, and only ASCII: it survives every pipe."""
    typer.echo(json.dumps(document, indent=2))


def console() -> Console:
    """Colours only on a terminal, and not with NO_COLOR; rich sees to both."""
    from rich.console import Console  # as everything from rich: only when something is printed

    width = None if sys.stdout.isatty() else WIDE
    return Console(highlight=False, markup=False, emoji=False, width=width, soft_wrap=False)


def say(shown: RenderableType) -> None:
    """An answer for people. What isn't a terminal gets no spaces at the ends of lines."""
    out = console()
    if out.is_terminal:
        out.print(shown)
        return
    with out.capture() as captured:
        out.print(shown)
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def clean(value: Any) -> Any:
    """The value without characters that steer a terminal, or turn round what is read there: commit messages come from
    anywhere.

    >>> clean({"message": "red \\x1b[31m alert"})
    {'message': 'red \ufffd[31m alert'}
    """
    if isinstance(value, str):
        return UNPRINTABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {clean(key): clean(found) for key, found in value.items()}
    return [clean(found) for found in value] if isinstance(value, list) else value
