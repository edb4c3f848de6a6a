"""What every verb that asks the API does before and after its question."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from controller.cli.client import Client, Refusal
from controller.cli.endpoint import NoEndpoint, find_endpoint
from controller.cli.http import Send
from controller.cli.saying import INTERRUPTED, UNREACHABLE, WRONG_USE, clean, print_json, say, stop
from controller.cli.time import Clock


def deployment_called(client: Client, given: str, verb: str) -> dict[str, Any]:
    """The deployment of this id. Whoever gave an environment's name is told which one moves there."""
    try:
        return client.deployment(given)
    except Refusal as error:
        if error.status != 404:
            raise
        raise Refusal(error.code, f"{error}{_meant(client, given, verb)}", error.status) from None


def _meant(client: Client, given: str, verb: str) -> str:
    try:
        moving = client.environment(given)["deployment"]
    except Refusal:
        return ""
    if moving is None:
        return f" {given} is an environment, and nothing moves there."
    return f" {given} is an environment; {moving['id']} moves there: `tidegate {verb} {moving['id']}`"


class Asking:
    """`transport` carries a request; tests hand over another one."""

    def __init__(self, make_clock: Callable[[], Clock], transport: Send) -> None:
        self.make_clock, self._transport = make_clock, transport

    @contextmanager
    def client(self) -> Iterator[Client]:
        """A client; whatever goes wrong ends the command with a sentence and the right exit code."""
        try:
            yield Client(find_endpoint(os.environ, Path.cwd()), self._transport)
        except NoEndpoint as error:
            stop(WRONG_USE if error.is_misuse else UNREACHABLE, str(error))
        except Refusal as error:
            stop(error.code, clean(str(error)))
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None

    def print(self, found: Any, as_json: bool, render: Callable[[Any, Any], Any]) -> None:
        """The document itself, or what `render` makes of its cleaned values and the present time."""
        if as_json:
            print_json(found)
        else:
            say(render(clean(found), self.make_clock().now()))
