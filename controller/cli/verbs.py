"""The verbs that ask the API."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.cli.client import Client, Refusal
from controller.cli.endpoint import NoEndpoint, find_endpoint
from controller.cli.http import Send, send
from controller.cli.saying import INTERRUPTED, NO, UNREACHABLE, WRONG_USE, clean, console, print_json, say, stop
from controller.cli.time import Clock

Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")]
Env = Annotated[str, typer.Argument(metavar="ENV", help="The environment, as dev.")]
Which = Annotated[str, typer.Argument(metavar="DEPLOYMENT", help="The deployment's id, as dev-12.")]
Why = Annotated[str, typer.Option("--reason", help="Why: people will read it later.")]

NO_REASON = "by hand, from the command line"
ANSWER_SECONDS = 10.0
"""How long an order's answer is waited for; the loop looks at once when one is left."""


class Verbs:
    """Each method is one verb. `transport` carries a request; tests hand over another one."""

    def __init__(self, make_clock: Callable[[], Clock], transport: Send = send) -> None:
        self._make_clock, self._transport = make_clock, transport

    def register(self, app: typer.Typer) -> None:
        for verb in (
            self.plan,
            self.status,
            self.explain,
            self.history,
            self.show,
            self.watch,
            self.abort,
            self.unhold,
        ):
            app.command()(verb)

    def plan(self, environment: Env, as_json: Json = False) -> None:
        """Show the plan that would run now, or the one that runs."""
        with self._asking() as client:
            self._print(client.plan(environment), as_json, lambda found, _: _showing().plan(found))

    def status(
        self,
        environment: Annotated[str | None, typer.Argument(metavar="ENV", help="Only this one.")] = None,
        as_json: Json = False,
    ) -> None:
        """Show every environment, or one in full."""
        with self._asking() as client:
            if environment is None:
                items = client.environments()
                self._print({"items": items}, as_json, lambda found, now: _showing().environments(found["items"], now))
                return
            found = client.environment(environment)
            told = {} if as_json else clean(client.explanation(environment))
            self._print(found, as_json, lambda shown, now: _showing().environment(shown, told, now))

    def explain(self, environment: Env, as_json: Json = False) -> None:
        """Say why an environment is as it is, and who or what can change that."""
        with self._asking() as client:
            self._print(client.explanation(environment), as_json, lambda found, now: _showing().explanation(found, now))

    def history(
        self,
        environment: Annotated[
            str | None, typer.Option("--env", metavar="ENV", help="Only this environment's.")
        ] = None,
        limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 20,
        as_json: Json = False,
    ) -> None:
        """List deployments, newest first."""
        with self._asking() as client:
            page = client.deployments(environment=environment, limit=limit)
            self._print(page, as_json, lambda found, now: _showing().history(found["items"], now))

    def show(
        self,
        deployment: Which,
        follow: Annotated[bool, typer.Option("--follow", help="Stay until it has ended.")] = False,
        as_json: Json = False,
    ) -> None:
        """Show one deployment; with --follow the exit code says how it ended."""
        with self._asking() as client:
            found = client.deployment(deployment)
            if follow:
                found = self._followed(client, deployment, as_json)
            self._print(found, as_json, lambda shown, now: _showing().deployment(shown, now))
        if follow:
            raise typer.Exit(_verdict(found))

    def watch(
        self,
        environment: Env,
        wait: Annotated[float, typer.Option(min=0.0, help="Seconds to wait for something to begin.")] = 10.0,
        as_json: Json = False,
    ) -> None:
        """Follow what moves in an environment; the exit code says how it ended."""
        with self._asking() as client:
            found = self._watched(client, environment, wait, as_json)
            if as_json:
                print_json(found)
        raise typer.Exit(_verdict(found) if found else 0)

    def abort(
        self,
        deployment: Annotated[
            str,
            typer.Argument(metavar="DEPLOYMENT", help="Its id, as dev-12; or an environment, for what moves there."),
        ],
        reason: Why = NO_REASON,
        as_json: Json = False,
    ) -> None:
        """Stop a deployment: the traffic goes home, then the environment is held."""
        with self._asking() as client:
            environment, found = _subject(client, deployment)
            self._order(client, environment, {"order": "abort", "reason": reason, "deployment": found}, as_json)

    def unhold(self, environment: Env, reason: Why = NO_REASON, as_json: Json = False) -> None:
        """Release an environment that waits for a person, and the content that turned back."""
        with self._asking() as client:
            self._order(client, environment, {"order": "unhold", "reason": reason}, as_json)

    # ---------------------------------------------------------------- how

    @contextmanager
    def _asking(self) -> Iterator[Client]:
        """A client; whatever goes wrong ends the command with a sentence and the right exit code."""
        try:
            yield Client(find_endpoint(os.environ, Path.cwd()), self._transport)
        except NoEndpoint as error:
            stop(WRONG_USE if error.is_misuse else UNREACHABLE, str(error))
        except Refusal as error:
            stop(error.code, clean(str(error)))
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None

    def _print(self, found: Any, as_json: bool, render: Callable[[Any, Any], Any]) -> None:
        if as_json:
            print_json(found)
        else:
            say(render(clean(found), self._make_clock().now()))

    def _followed(self, client: Client, deployment: str, as_json: bool) -> Any:
        """Live view or lines; with --json the lines go to standard error."""
        from controller.cli.following import Follower, Lines, view_for

        clock = self._make_clock()
        follower = Follower(client, clock)
        if as_json:
            return follower.follow(deployment, Lines(lambda line: typer.echo(line, err=True)))
        with view_for(console(), clock, typer.echo) as view:
            return follower.follow(deployment, view)

    def _watched(self, client: Client, environment: str, wait: float, as_json: bool) -> Any:
        """How the last one that moved has ended; the newest one when nothing moves; None when there never was any."""
        from controller.cli.following import Follower

        moving = Follower(client, self._make_clock()).moving(environment, wait)
        if moving is None:
            if not as_json:
                typer.echo(f"nothing moves in {environment}: {clean(client.explanation(environment)['text'])}")
            newest = client.deployments(environment=environment, limit=1)["items"]
            return newest[0] if newest else None
        found = self._followed(client, moving, as_json)
        if found["phase"] == "superseded":
            return self._watched(client, environment, wait, as_json)
        return found

    def _order(self, client: Client, environment: str, body: dict[str, object], as_json: bool) -> None:
        """Leave it, and say what came of it."""
        number = client.leave_order(environment, body)
        clock = self._make_clock()
        until = clock.monotonic() + ANSWER_SECONDS
        while (order := client.order(number))["state"] == "received" and clock.monotonic() < until:
            clock.sleep(0.3)
        if as_json:
            print_json(order)
        else:
            outcome = order["outcome"] or "nobody has looked at it yet"
            typer.echo(clean(f"order {number} ({order['order']}): {outcome}"))
        if order["state"] == "refused":
            raise typer.Exit(NO)


def _showing() -> Any:
    from controller.cli import showing  # rich takes a while to load

    return showing


def _verdict(deployment: Any) -> int:
    from controller.cli.following import verdict

    return verdict(deployment)


def _subject(client: Client, given: str) -> tuple[str, str]:
    """(environment, deployment): by its id, else what moves in the environment of this name."""
    try:
        return str(client.deployment(given)["environment"]), given
    except Refusal as error:
        if error.status != 404:
            raise
    try:
        moving = client.environment(given)["deployment"]
    except Refusal as error:
        if error.status != 404:
            raise
        raise Refusal(NO, f"there is no deployment, and no environment, called {given!r}", 404) from None
    if moving is None:
        raise Refusal(NO, f"nothing moves in {given}: there is nothing to abort")
    return given, str(moving["id"])
