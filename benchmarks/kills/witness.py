"""`python -m benchmarks.kills.witness DATABASE SANDBOX-ARGUMENTS…`: a sandbox that writes down who changed what.

One JSON line for each changing call, in `calls.jsonl` of the state directory: what the rows said before AWS carried it
out, and what AWS looked like right afterwards. An aim (`aim.json`) strikes the asking process at such a call: before
AWS carried it out, or after that and before the answer.
"""

import asyncio
import json
import os
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

import sandbox.run
from benchmarks.kills.rows import OPEN, Row, Rows, document, moment, recorded_share
from sandbox.options import options_of
from sandbox.wire.front import Front
from sandbox.wire.server import Application
from sandbox.world.errors import CallLost
from sandbox.world.services import SERVICES
from sandbox.world.view import Forward
from sandbox.world.world import Outcome, World

CALLS, AIM, STRUCK = "calls.jsonl", "aim.json", "struck.json"
PLACE = re.compile(r"captioncraft-(dev|staging|prod)\b")
WATCHED = frozenset({"ecs", "elbv2", "logs"})
SHOWN = {"service", "serviceName", "desiredCount", "RuleArn", "Name", "family", "TargetGroupArn", "Actions", "tags"}
LEASE = "SELECT lease_owner, lease_epoch, lease_expires_at FROM environments WHERE name = :environment"
LAST_AUDIT = (
    "SELECT seq, event, deployment, facts FROM audit"
    " WHERE environment = :environment AND event <> 'order.accepted' ORDER BY seq DESC LIMIT 1"
)
"""Of what the loop wrote: a door writes down an order at any moment."""


class Witness(Front):
    """Stands where calls arrive."""

    def __init__(self, world: World, state: Path, rows: Rows) -> None:
        super().__init__(world)
        self._state, self._rows = state, rows
        self._who: dict[str, str] = {}
        """Keys of assumed roles: whose own key asked for them. Each controller process has a key of its own."""

    def perform(self, service: str, operation: str, parameters: Any, region: str, access_key: str | None) -> Outcome:
        who = self._who.get(access_key or "", access_key or "")
        if not _changes(service, operation) or who == "HARNESS":
            outcome = super().perform(service, operation, parameters, region, access_key)
            if operation == "AssumeRole" and outcome.answer is not None:
                self._who[outcome.answer["Credentials"]["AccessKeyId"]] = who
            return outcome
        return self._witnessed(who, service, operation, parameters, region, access_key)

    def _witnessed(
        self, who: str, service: str, operation: str, parameters: Any, region: str, access_key: str | None
    ) -> Outcome:
        found = PLACE.search(json.dumps(parameters, default=str))
        environment = found.group(1) if found else ""
        record = {"who": who, "call": operation, "environment": environment, "parameters": _shown(parameters)}
        aim = self._aim(who, operation)
        record |= self._said(environment)
        if aim and aim["when"] == "before":
            self._strike(aim)
            outcome = Outcome(error=CallLost(service, operation, took_effect=False))
        else:
            outcome = super().perform(service, operation, parameters, region, access_key)
            if aim:
                self._strike(aim)
        record |= {"outcome": _told(outcome), "struck": aim["when"] if aim else "", "groups": self._groups(environment)}
        with (self._state / CALLS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        return outcome

    def _said(self, environment: str) -> Row:
        """What the rows say at this moment."""
        [lease] = self._rows.ask(LEASE, environment=environment) or [{}]
        now = time.time()
        expires = lease.get("lease_expires_at")
        audit = self._rows.ask(LAST_AUDIT, environment=environment)
        return {
            "time": now,
            "owner": lease.get("lease_owner"),
            "epoch": lease.get("lease_epoch"),
            "left": round(moment(expires) - now, 3) if expires else None,
            "deployments": [_deployment(row) for row in self._rows.ask(OPEN, environment=environment)],
            "audit": {**audit[0], "facts": document(audit[0]["facts"])} if audit else None,
        }

    def _groups(self, environment: str) -> dict[str, list[int]]:
        """Of each target group behind a public rule: weight, healthy targets, targets."""
        traffic = self.world.traffic
        found: dict[str, list[int]] = {}
        for listener in traffic.listeners():
            if listener.load_balancer_name != f"captioncraft-{environment}":
                continue
            for rule in traffic.rules(listener.arn):
                is_public = rule.conditions and all(condition.field != "header" for condition in rule.conditions)
                if not is_public or not isinstance(rule.action, Forward):
                    continue
                for weighted in rule.action.groups:
                    group = traffic.group(weighted.group_arn)
                    states = [target.state for target in group.targets] if group else []
                    name = weighted.group_arn.split("/")[1]
                    found[name] = [weighted.weight, states.count("healthy"), len(states)]
        return found

    def _aim(self, who: str, operation: str) -> Row | None:
        """The aim, when this is the call that it is for."""
        try:
            aim: Row = json.loads((self._state / AIM).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        wanted = aim["who"] == who and aim["call"] in {"", operation}
        if wanted and aim["skip"]:
            write(self._state / AIM, {**aim, "skip": aim["skip"] - 1})
        return aim if wanted and not aim["skip"] else None

    def _strike(self, aim: Row) -> None:
        (self._state / AIM).unlink()
        os.kill(aim["pid"], signal.Signals[aim["signal"]])
        write(self._state / STRUCK, {**aim, "time": time.time()})


class WitnessedSandbox(sandbox.run.Sandbox):
    """A sandbox with a witness before its AWS."""

    rows: Rows

    def _serve(self, app: Any, listening: Any) -> None:
        if isinstance(app, Application):
            app.front = Witness(self.world, self._options.state, self.rows)
        super()._serve(app, listening)


def write(path: Path, value: Row) -> None:
    """In one piece: whoever reads it sees all or nothing."""
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(value), encoding="utf-8")
    draft.replace(path)


def _changes(service: str, operation: str) -> bool:
    known = SERVICES.get(service, {}).get(operation)
    return service in WATCHED and known is not None and known.mutates


def _shown(parameters: Any) -> Row:
    return {name: value for name, value in parameters.items() if name in SHOWN}


def _told(outcome: Outcome) -> str:
    return "ok" if outcome.error is None else getattr(outcome.error, "code", "lost")


def _deployment(row: Row) -> Row:
    entries = (document(row["undo"]) or {}).get("entries", [])
    idle = {each["service"]: each["sides"]["idle"] for each in entries if each["sides"]["live"]}
    return {"id": row["id"], "kind": row["kind"], "phase": row["phase"], "share": recorded_share(row), "idle": idle}


def main(database: str, arguments: list[str]) -> None:
    WitnessedSandbox.rows = Rows(database)
    sandbox.run.Sandbox = WitnessedSandbox  # type: ignore[misc]  # what `run` builds
    asyncio.run(sandbox.run.run(options_of(arguments)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
