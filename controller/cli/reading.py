"""The verbs that read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from controller.cli.arguments import Env, Json, Which, named
from controller.cli.asking import Asking, deployment_called
from controller.cli.client import Client
from controller.cli.http import Send, send
from controller.cli.kinds import why_it_stays
from controller.cli.saying import NO, WRONG_USE, clean, console, print_json, stop
from controller.cli.time import Clock


class Reading:
    """Each method is one verb."""

    def __init__(self, make_clock: Callable[[], Clock], transport: Send = send) -> None:
        self._ask = Asking(make_clock, transport)

    def register(self, app: typer.Typer) -> None:
        for verb in (
            self.plan,
            self.status,
            self.explain,
            self.history,
            self.show,
            self.watch,
            self.delivery,
        ):
            app.command()(verb)

    def plan(self, environment: Env, as_json: Json = False) -> None:
        """Show the plan that would run now, or the one that runs."""
        with self._ask.client() as client:
            self._ask.print(client.plan(environment), as_json, lambda found, _: _showing().plan(found))

    def status(
        self,
        environment: Annotated[str | None, typer.Argument(metavar="ENV", help="Only this one.", callback=named)] = None,
        as_json: Json = False,
    ) -> None:
        """Show every environment, or one in full."""
        with self._ask.client() as client:
            if environment is None:
                items = client.environments()
                self._ask.print(
                    {"items": items}, as_json, lambda found, now: _showing().environments(found["items"], now)
                )
                return
            found = client.environment(environment)
            told = {} if as_json else clean(client.explanation(environment))
            self._ask.print(found, as_json, lambda shown, now: _showing().environment(shown, told, now))

    def explain(self, environment: Env, as_json: Json = False) -> None:
        """Say why an environment is as it is, and who or what can change that."""
        with self._ask.client() as client:
            self._ask.print(
                client.explanation(environment), as_json, lambda found, now: _showing().explanation(found, now)
            )

    def history(
        self,
        environment: Annotated[
            str | None, typer.Argument(metavar="ENV", help="Only this environment's.", callback=named)
        ] = None,
        env: Annotated[str | None, typer.Option("--env", metavar="ENV", help="The same.", callback=named)] = None,
        limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 20,
        phase: Annotated[str | None, typer.Option(metavar="PHASE", help="Only those in this phase.")] = None,
        service: Annotated[str | None, typer.Option(metavar="NAME", help="Only those that move it.")] = None,
        kind: Annotated[str | None, typer.Option(metavar="KIND", help="deploy, rollback, correct or prune.")] = None,
        actor: Annotated[
            str | None, typer.Option(metavar="LOGIN", help="Who ordered or approved it, or wrote its commit.")
        ] = None,
        since: Annotated[
            str | None, typer.Option(metavar="TIME", help="A day by UTC, or a moment with its zone.")
        ] = None,
        until: Annotated[str | None, typer.Option(metavar="TIME", help="The same; a day counts as a whole.")] = None,
        text: Annotated[
            str | None, typer.Option(metavar="WORDS", help="Of the title, version, id, reason; or a commit.")
        ] = None,
        cursor: Annotated[str | None, typer.Option(metavar="NEXT", help="What the page before ended with.")] = None,
        as_json: Json = False,
    ) -> None:
        """List deployments, newest first: all, or those that every option holds for."""
        if environment and env and environment != env:
            stop(WRONG_USE, f"which one: {environment} or {env}?")
        environment = environment or env
        with self._ask.client() as client:
            page = client.deployments(
                environment=environment,
                limit=limit,
                phase=phase,
                service=service,
                kind=kind,
                actor=actor,
                since=since,
                until=until,
                text=text,
                cursor=cursor,
            )
            self._ask.print(page, as_json, lambda found, now: _deployments().history(found["items"], now))
            if not as_json:
                _say_how_it_goes_on(page)

    def show(
        self,
        deployment: Which,
        follow: Annotated[bool, typer.Option("--follow", help="Stay until it has ended.")] = False,
        as_json: Json = False,
    ) -> None:
        """Show one deployment; with --follow the exit code says how it ended."""
        with self._ask.client() as client:
            found = deployment_called(client, deployment, "show")
            if follow:
                found = self._followed(client, deployment, as_json)
            self._ask.print(found, as_json, lambda shown, now: _deployments().deployment(shown, now))
        if follow:
            raise typer.Exit(_verdict(found))

    def watch(
        self,
        environment: Env,
        wait: Annotated[float, typer.Option(min=0.0, help="Seconds to wait for something to begin.")] = 10.0,
        as_json: Json = False,
    ) -> None:
        """Follow what moves in an environment; the exit code says how it ended, and 1 that the newest commit can't be
        taken."""
        with self._ask.client() as client:
            found = self._watched(client, environment, wait, as_json)
            problem = client.environment(environment)["problem"]
            if as_json:
                print_json(found)
            if problem:
                stop(NO, f"the newest commit isn't taken: {clean(problem['text'])}")
        raise typer.Exit(_verdict(found) if found else 0)

    def delivery(
        self,
        environment: Annotated[
            str | None, typer.Argument(metavar="ENV", help="Only this environment's.", callback=named)
        ] = None,
        service: Annotated[str | None, typer.Option(help="Only what changed this service.")] = None,
        weeks: Annotated[int, typer.Option(min=1, max=52, help="So many ISO weeks, with the present one.")] = 12,
        as_json: Json = False,
    ) -> None:
        """Show the four keys of DORA: how often, how fast, how safely and how soon restored."""
        with self._ask.client() as client:
            found = client.delivery(environment=environment, service=service, weeks=weeks)
            self._ask.print(found, as_json, lambda shown, _: _delivery().delivery(shown))

    # ---------------------------------------------------------------- how

    def _followed(self, client: Client, deployment: str, as_json: bool) -> Any:
        """Live view or lines; with --json the lines go to standard error."""
        from controller.cli.following import Follower, Lines, view_for

        clock = self._ask.make_clock()
        follower = Follower(client, clock)
        if as_json:
            return follower.follow(deployment, Lines(lambda line: typer.echo(line, err=True)))
        with view_for(console(), clock, typer.echo) as view:
            return follower.follow(deployment, view)

    def _watched(self, client: Client, environment: str, wait: float, as_json: bool) -> Any:
        """How the last one that moved has ended; the newest one when nothing moves; None when there never was any."""
        from controller.cli.following import Follower

        follower = Follower(client, self._ask.make_clock())
        moving = follower.moving(environment, 0)
        if moving is None and wait:
            typer.echo(f"nothing moves in {environment}; waiting {wait:g} s for something to begin", err=True)
            moving = follower.moving(environment, wait)
        if moving is None:
            told = client.explanation(environment)
            if not as_json:
                problem = client.environment(environment)["problem"] or {}
                why = "" if told["code"] == problem.get("code") else f": {clean(told['text'])}"
                typer.echo(f"nothing moves in {environment}{why}")
            newest = client.deployments(environment=environment, limit=1)["items"]
            return newest[0] if newest else None
        found = self._followed(client, moving, as_json)
        if found["phase"] == "superseded":
            return self._watched(client, environment, wait, as_json)
        if not found["finished_at"]:
            typer.echo(clean(why_it_stays(client.explanation(environment))), err=as_json)
        return found


def _say_how_it_goes_on(page: Any) -> None:
    """Beside the list, for whoever looks at it."""
    if page["looked_back_to"]:
        typer.echo(f"looked back to {page['looked_back_to']}: --cursor {page['next']} goes on", err=True)
    if page["text"]:
        typer.echo(clean(page["text"]), err=True)
    if page["unreadable"]:
        typer.echo(f"can't be read: {clean(', '.join(page['unreadable']))}", err=True)


def _showing() -> Any:
    from controller.cli import showing  # rich takes a while to load

    return showing


def _delivery() -> Any:
    from controller.cli import delivery

    return delivery


def _deployments() -> Any:
    from controller.cli import deployments

    return deployments


def _verdict(deployment: Any) -> int:
    from controller.cli.following import verdict

    return verdict(deployment)
