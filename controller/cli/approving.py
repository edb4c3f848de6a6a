"""The verbs that answer an approval: the plan is shown, and the answer names it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from controller.cli.arguments import Json, Which, Why
from controller.cli.asking import Asking, deployment_called
from controller.cli.awaiting import answered
from controller.cli.client import Client
from controller.cli.http import Send, send
from controller.cli.saying import NO, WRONG_USE, clean, stop
from controller.cli.time import Clock

LEAST_DIGITS = 8
SHOWN_DIGITS = 12
PREFIX = "sha256:"

Plan = Annotated[
    str | None,
    typer.Option("--plan", metavar="DIGEST", help="The plan that was looked at, 8 digits or more."),
]
Needed = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why: people will read it.")]


class Approving:
    """Each method is one verb. Who answers is whom the token stands for."""

    def __init__(self, make_clock: Callable[[], Clock], transport: Send = send) -> None:
        self._ask = Asking(make_clock, transport)

    def register(self, app: typer.Typer) -> None:
        for verb in (self.approve, self.reject, self.revoke):
            app.command()(verb)
        app.command("break-glass")(self.break_glass)

    def approve(
        self, deployment: Which, plan: Plan = None, reason: Why = "looked at the plan", as_json: Json = False
    ) -> None:
        """Let a deployment start that waits for approval, by its plan of now. Without --plan it is shown first."""
        with self._ask.client() as client:
            self._answer(client, deployment, "approve", plan, reason, as_json)

    def reject(self, deployment: Which, reason: Needed, as_json: Json = False) -> None:
        """Say that a waiting deployment may not start, finally."""
        with self._ask.client() as client:
            self._leave(client, deployment, {"answer": "reject", "reason": reason}, as_json)

    def revoke(self, deployment: Which, reason: Why = "took it back", as_json: Json = False) -> None:
        """Take your approval back, before the deployment starts."""
        with self._ask.client() as client:
            self._leave(client, deployment, {"answer": "revoke", "reason": reason}, as_json)

    def break_glass(self, deployment: Which, reason: Needed, plan: Plan = None, as_json: Json = False) -> None:
        """Let a deployment start without the approvals that it lacks: only whom tidegate.yaml lets, and all see it."""
        with self._ask.client() as client:
            self._answer(client, deployment, "break_glass", plan, reason, as_json)

    # ---------------------------------------------------------------- how

    def _answer(
        self, client: Client, deployment: str, answer: str, plan: str | None, reason: str, as_json: bool
    ) -> None:
        found = deployment_called(client, deployment, answer.replace("_", "-"))
        digest = _looked_at(found, plan, answer)
        self._leave(client, deployment, {"answer": answer, "plan": digest, "reason": reason}, as_json)

    def _leave(self, client: Client, deployment: str, body: dict[str, object], as_json: bool) -> None:
        verb = str(body["answer"]).replace("_", "-")
        environment = str(deployment_called(client, deployment, verb)["environment"])
        number = client.answer_approval(deployment, body)
        answered(client, self._ask.make_clock(), number, verb, environment, as_json)


def _looked_at(found: dict[str, Any], given: str | None, answer: str) -> str:
    """The digest of the plan that waits, once somebody has looked at it."""
    digest = found["plan_digest"] if found["asked_since"] else None
    if digest is None:
        stop(NO, clean(f"nobody is asked to approve {found['id']}: {found['reason']['text']}"))
    if given is not None:
        wanted = given.lower().removeprefix(PREFIX)
        if len(wanted) < LEAST_DIGITS:
            stop(WRONG_USE, clean(f"{given} is too short to name a plan: {LEAST_DIGITS} digits or more"))
        if not _digits(digest).startswith(wanted):
            stop(NO, clean(f"{given} is not the plan that waits: it is {_shown(digest)} now; look at it"))
        return str(digest)
    if not sys.stdin.isatty():
        stop(WRONG_USE, f"look at the plan, and name it: --plan {_shown(digest)}")
    typer.echo(clean(_told(found)), err=True)
    try:
        if not typer.confirm(f"{answer.replace('_', ' ').capitalize()} this plan?", err=True):
            stop(NO, "nothing was answered")
    except typer.Abort:
        typer.echo(err=True)
        stop(WRONG_USE, "nobody answered; --plan goes on without being asked")
    return str(digest)


def _digits(digest: str) -> str:
    return digest.removeprefix(PREFIX)


def _shown(digest: str) -> str:
    return _digits(digest)[:SHOWN_DIGITS]


def _told(found: dict[str, Any]) -> str:
    revision = found["revision"]
    title = next(iter(revision["message"].splitlines()), "")
    lines = [
        f"{found['id']} brings {revision['version']}: {title}",
        f"{found['reason']['text']}",
        *(f"  {gate['gate']}: {gate['answer']}, {gate['text']}" for gate in found["gates"]),
        f"plan {_shown(found['plan_digest'])}; `tidegate show {found['id']}` has its steps",
    ]
    return "\n".join(lines)
