"""The verbs that leave an order: each says what came of it, and its exit code does too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import typer

from controller.cli import saying
from controller.cli.arguments import Env, Json, Which, Why, named
from controller.cli.asking import Asking, deployment_called
from controller.cli.awaiting import answered
from controller.cli.client import Client, Refusal
from controller.cli.http import Send, send
from controller.cli.saying import NO, WRONG_USE, clean, stop
from controller.cli.time import Clock

NO_REASON = "by hand, from the command line"
ACROSS = "order.across"
"""The API's code for a way back that somebody must confirm by typing what it crosses."""
MAKE_DEPLOYMENTS = frozenset({"rollback", "deploy", "prune"})


class Ordering:
    """Each method is one verb. Values are sent as they were typed: the controller knows what they may be."""

    def __init__(self, make_clock: Callable[[], Clock], transport: Send = send) -> None:
        self._ask = Asking(make_clock, transport)

    def register(self, app: typer.Typer) -> None:
        verbs = (self.promote, self.pause, self.resume, self.abort, self.rollback, self.unhold, self.deploy, self.prune)
        for verb in verbs:
            app.command()(verb)

    def promote(self, deployment: Which, reason: Why = NO_REASON, as_json: Json = False) -> None:
        """End the bake that a deployment is in, or confirm its next share; health is still looked at."""
        with self._ask.client() as client:
            self._about(client, deployment, {"order": "promote", "reason": reason}, as_json)

    def pause(
        self,
        deployment: Which,
        limit: Annotated[
            str | None,
            typer.Option(
                "--for", metavar="TIME", help="Turn back by itself after this long, 1m to 24h; else after 1h."
            ),
        ] = None,
        reason: Why = NO_REASON,
        as_json: Json = False,
    ) -> None:
        """Let no traffic rise and no bake end, until it is resumed; failures still turn it back."""
        with self._ask.client() as client:
            self._about(client, deployment, {"order": "pause", "reason": reason, "for": limit}, as_json)

    def resume(self, deployment: Which, reason: Why = NO_REASON, as_json: Json = False) -> None:
        """Let a paused deployment go on, or one that waits because an alarm rings."""
        with self._ask.client() as client:
            self._about(client, deployment, {"order": "resume", "reason": reason}, as_json)

    def abort(
        self,
        deployment: Annotated[
            str,
            typer.Argument(
                metavar="DEPLOYMENT",
                help="Its id, as dev-12; or an environment, for what moves there.",
                callback=named,
            ),
        ],
        reason: Why = NO_REASON,
        as_json: Json = False,
    ) -> None:
        """Stop a deployment: the traffic goes home, then the environment is held. One that can't get home ends."""
        with self._ask.client() as client:
            environment, found = _subject(client, deployment)
            self._leave(client, environment, {"order": "abort", "reason": reason, "deployment": found}, as_json)

    def rollback(
        self,
        environment: Env,
        to: Annotated[
            str | None,
            typer.Option(metavar="DEPLOYMENT", help="One that succeeded there; else what was live before."),
        ] = None,
        across: Annotated[
            str | None,
            typer.Option(
                metavar="DEPLOYMENT", help="Also across its `before`, which the earlier version does not work with."
            ),
        ] = None,
        is_listed: Annotated[
            bool, typer.Option("--list", help="Only show the versions to go back to, and how ready each is.")
        ] = False,
        reason: Why = NO_REASON,
        as_json: Json = False,
    ) -> None:
        """Bring an earlier version back, then hold the environment."""
        body: dict[str, object] = {"order": "rollback", "reason": reason, "to": to, "across": across}
        with self._ask.client() as client:
            if is_listed:
                self._ask.print(client.candidates(environment), as_json, _listed)
                return
            try:
                self._leave(client, environment, body, as_json)
            except Refusal as error:
                if error.problem != ACROSS or across is not None:
                    raise
                self._leave(client, environment, body | {"across": _crossed(str(error))}, as_json)

    def unhold(self, environment: Env, reason: Why = NO_REASON, as_json: Json = False) -> None:
        """Release an environment that waits for a person, and the content that turned back."""
        with self._ask.client() as client:
            self._leave(client, environment, {"order": "unhold", "reason": reason}, as_json)

    def deploy(
        self,
        environment: Env,
        ref: Annotated[
            str | None,
            typer.Option(
                metavar="REF", help="A commit, tag or branch that the environment's branch holds; else its head."
            ),
        ] = None,
        restart: Annotated[
            bool, typer.Option("--restart", help="Roll every service, changed or not; without --ref what is live.")
        ] = False,
        correct: Annotated[
            bool, typer.Option("--correct", help="Put right what somebody changed on AWS; nothing new comes.")
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", help="Don't ask for the environment's name.")] = False,
        reason: Why = NO_REASON,
        as_json: Json = False,
    ) -> None:
        """Deploy without a push, through all gates. On a terminal the environment's name is to be typed."""
        how: dict[str, object] = {"ref": ref, "restart": restart, "correct": correct}
        body: dict[str, object] = {"order": "deploy", "reason": reason, **how}
        with self._ask.client() as client:
            if not yes and saying.is_asked_by_a_person():
                _meant(environment)
            self._leave(client, environment, body, as_json)

    def prune(
        self,
        environment: Env,
        service: Annotated[
            str, typer.Argument(metavar="SERVICE", help="One that the file no longer names, as worker.")
        ],
        yes: Annotated[bool, typer.Option("--yes", help="Don't ask for the service's name.")] = False,
        reason: Why = NO_REASON,
        as_json: Json = False,
    ) -> None:
        """Delete what is left of a service: its rule, its ECS services, its target groups."""
        with self._ask.client() as client:
            if not yes:
                _confirmed(environment, service)
            self._leave(client, environment, {"order": "prune", "reason": reason, "service": service}, as_json)

    # ---------------------------------------------------------------- how

    def _about(self, client: Client, deployment: str, body: dict[str, object], as_json: bool) -> None:
        """An order about one deployment, which knows its environment."""
        environment = str(deployment_called(client, deployment, str(body["order"]))["environment"])
        self._leave(client, environment, body | {"deployment": deployment}, as_json)

    def _leave(self, client: Client, environment: str, body: dict[str, object], as_json: bool) -> None:
        """Leave it, and say what came of it."""
        number = client.leave_order(environment, {name: value for name, value in body.items() if value is not None})
        clock, kind = self._ask.make_clock(), str(body["order"])
        order = answered(client, clock, number, kind, environment, as_json)
        if order["order"] in MAKE_DEPLOYMENTS and not as_json:
            typer.echo(f"`tidegate watch {environment}` follows it", err=True)


def _listed(found: Any, now: datetime) -> Any:
    from controller.cli import showing  # rich takes a while to load

    return showing.candidates(found, now)


def _crossed(told: str) -> str:
    """The deployment that somebody has typed who has read what its `before` means for the way back."""
    try:
        return str(typer.prompt(clean(f"{told}\nType the id of that deployment to go back all the same"), err=True))
    except typer.Abort:
        typer.echo(err=True)
        stop(WRONG_USE, "nobody typed the deployment's id; --across goes on without being asked")


def _meant(environment: str) -> None:
    """Whoever sits at a terminal says which environment, once more."""
    try:
        typed = typer.prompt(clean(f"This deploys to {environment}. Type its name to go on"), err=True)
    except typer.Abort:
        typer.echo(err=True)
        stop(WRONG_USE, "nobody typed the environment's name; --yes goes on without")
    if typed.strip() != environment:
        stop(NO, "that isn't its name: nothing was ordered")


def _confirmed(environment: str, service: str) -> None:
    """Whoever can't be asked must say --yes."""
    told = f"This deletes what is left of {service} in {environment} on AWS. Type its name to go on"
    try:
        typed = typer.prompt(clean(told), err=True)
    except typer.Abort:
        typer.echo(err=True)
        stop(WRONG_USE, "nobody typed the service's name; --yes goes on without")
    if typed.strip() != service:
        stop(NO, "that isn't its name: nothing was ordered")


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
