"""`tidegate sandbox …`: what a team, its users and bad luck do to a running sandbox.

Exit codes: 0 done, 1 the answer is no, 2 wrong use, 3 no sandbox can be reached.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NoReturn
from urllib.parse import urlsplit

import httpx
import typer

from sandbox.github.rehearsal import KINDS, parse_fault

STATE_DIRECTORY = ".tidegate"
STATE_FILE = "sandbox.json"
TIMEOUT_SECONDS = 30.0
NO, WRONG_USE, UNREACHABLE = 1, 2, 3
INTERRUPTED = 130
FAULTS = f"What to break: {KINDS}."

app = typer.Typer(
    help="Merge, publish, send traffic and break things in the running sandbox.",
    no_args_is_help=True,
    add_completion=False,
)
fault_app = typer.Typer(help="Make the sandbox misbehave.", no_args_is_help=True)
app.add_typer(fault_app, name="fault")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a sentence.")]
Count = Annotated[int, typer.Option(min=1, help="How many times.")]


def _stop(code: int, sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(code)


@dataclass(frozen=True)
class Sandbox:
    """The running sandbox's control API."""

    address: str
    token: str

    @classmethod
    def find(cls) -> Sandbox:
        """By its state file: in TIDEGATE_STATE_DIR, else in `.tidegate` here or in a parent directory."""
        path = state_file(Path.cwd(), os.environ.get("TIDEGATE_STATE_DIR"))
        if path is None:
            _stop(UNREACHABLE, "no sandbox runs here: start one with `make up`, or set TIDEGATE_STATE_DIR")
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            address = urlsplit(state["github"]["api"])
            return cls(f"{address.scheme}://{address.netloc}", state["token"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            _stop(UNREACHABLE, f"{path} can't be read ({type(error).__name__}: {error}): start the sandbox again")

    def ask(self, path: str, body: dict[str, Any], patience: float = TIMEOUT_SECONDS) -> dict[str, Any]:
        """Post to the control API, and wait `patience` seconds. A refusal ends the command with its sentence and exit
        code."""
        given = {name: value for name, value in body.items() if value is not None}
        return self._asked("POST", path, patience, json=given)

    def end(self, path: str) -> dict[str, Any]:
        """Tell the control API to end what is going on there."""
        return self._asked("DELETE", path, TIMEOUT_SECONDS)

    def _asked(self, method: str, path: str, patience: float, **more: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            with httpx.Client(trust_env=False, timeout=patience) as client:
                reply = client.request(method, f"{self.address}/sandbox{path}", headers=headers, **more)
        except httpx.HTTPError as error:
            _stop(
                UNREACHABLE, f"the sandbox at {self.address} does not answer ({type(error).__name__}): is it still up?"
            )
        if reply.is_success:
            return dict(reply.json())
        code = WRONG_USE if reply.status_code in (400, 422) else NO
        _stop(code, _sentence(reply, path))


def state_file(directory: Path, named: str | None) -> Path | None:
    """The nearest state file, or None; a named state directory is the only one that is looked at."""
    places = [Path(named)] if named else [here / STATE_DIRECTORY for here in (directory, *directory.parents)]
    return next((place / STATE_FILE for place in places if (place / STATE_FILE).is_file()), None)


def _sentence(reply: httpx.Response, path: str) -> str:
    try:
        return str(reply.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"the sandbox answered {reply.status_code} to {path}"


def _tell(answer: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(answer) if as_json else sentence)


@app.command()
def merge(
    branch: Annotated[str, typer.Argument(help="develop, staging or main.")],
    fault: Annotated[str | None, typer.Option(help=FAULTS)] = None,
    bake: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Keep half of the traffic on it for this long, as 10m: time to look."),
    ] = None,
    message: Annotated[str | None, typer.Option(help="Title of the commit and the pull request.")] = None,
    login: Annotated[str | None, typer.Option("--as", metavar="LOGIN", help="Who merges.")] = None,
    as_json: Json = False,
) -> None:
    """Merge a small real change into a branch; staging and main get what the branch before them has."""
    if fault is not None:
        try:
            parse_fault(fault)
        except ValueError as error:
            _stop(WRONG_USE, str(error))
    body = {"branch": branch, "fault": fault, "bake": bake, "message": message, "as": login}
    done = Sandbox.find().ask("/merge", body)
    sentence = (
        f"merged #{done['pull_request']} to {done['branch']} as {done['author']}: {done['title']}\n"
        f"commit {done['commit']}\nversion {done['version']}\n{done['url']}"
    )
    _tell(done, sentence, as_json=as_json)


@app.command()
def publish(
    version: Annotated[str, typer.Argument(help="The tag, as v1.2.0.")],
    target: Annotated[str | None, typer.Option(help="Branch or commit; the default branch if not given.")] = None,
    login: Annotated[str | None, typer.Option("--as", metavar="LOGIN", help="Who publishes.")] = None,
    as_json: Json = False,
) -> None:
    """Publish a GitHub release."""
    done = Sandbox.find().ask("/publish", {"version": version, "target": target, "as": login})
    _tell(done, f"published {done['version']} at {done['commit']}\n{done['url']}", as_json=as_json)


@app.command()
def traffic(
    environment: Annotated[str, typer.Argument(metavar="ENV", help="dev, staging or prod.")],
    rate: Annotated[float, typer.Option(min=0.0, help="Requests per second.")] = 20.0,
    seconds: Annotated[float, typer.Option(min=0.0, help="For how long.")] = 60.0,
    as_json: Json = False,
) -> None:
    """Send requests through an environment's load balancer and say how they were answered; exit code 1: some failed.

    Ctrl-C sends no more, and says it of those that were sent.
    """
    if not as_json:
        typer.echo(f"sending {rate:g} requests/s to {environment} for {seconds:g} s", err=True)
    body = {"environment": environment, "rate": rate, "seconds": seconds, "wait": True}
    sandbox = Sandbox.find()
    try:
        done, code = sandbox.ask("/traffic", body, patience=seconds + 2 * TIMEOUT_SECONDS), 0
    except KeyboardInterrupt:
        done, code = sandbox.end(f"/traffic/{environment}"), INTERRUPTED
    _tell(done, _report(done), as_json=as_json)
    if code:
        raise typer.Exit(code)
    if done.get("failed"):
        raise typer.Exit(NO)


def _report(done: dict[str, Any]) -> str:
    """One line a fact: how many, how they ended, who answered, how long it took."""
    ended = ", ".join(f"{status}: {count}" for status, count in sorted(done.get("by_status", {}).items()))
    versions = ", ".join(f"{version}: {count}" for version, count in sorted(done.get("by_version", {}).items()))
    took = ", ".join(f"{name} {value:g} ms" for name, value in done.get("latency_ms", {}).items() if value is not None)
    return (
        f"sent {done.get('sent', 0)}, failed {done.get('failed', 0)}\n"
        f"by status   {ended or '-'}\nby version  {versions or '-'}\nlatency     {took or '-'}"
    )


@fault_app.command("webhooks")
def fault_webhooks(
    kind: Annotated[str, typer.Argument(help="lose, delay, double or reorder.")],
    count: Count = 1,
    seconds: Annotated[float | None, typer.Option(min=0.0, help="How late a delayed one comes.")] = None,
    as_json: Json = False,
) -> None:
    """Spoil the next webhooks."""
    done = Sandbox.find().ask("/faults/webhooks", {"kind": kind, "count": count, "seconds": seconds})
    _tell(done, f"the next webhooks: {kind}, {count} times", as_json=as_json)


@fault_app.command("checks")
def fault_checks(
    name: Annotated[str, typer.Argument(help="test, build or scan.")] = "test",
    count: Count = 1,
    as_json: Json = False,
) -> None:
    """Let a check fail after the next pushes."""
    done = Sandbox.find().ask("/faults/checks", {"name": name, "count": count})
    _tell(done, f"the check {name} fails in the next runs: {count}", as_json=as_json)


@fault_app.command("github")
def fault_github(
    status: Annotated[int, typer.Argument(help="HTTP status, as 502 or 403.")] = 502,
    count: Count = 1,
    as_json: Json = False,
) -> None:
    """Let GitHub's REST API answer errors."""
    done = Sandbox.find().ask("/faults/github", {"status": status, "count": count})
    _tell(done, f"the next REST calls answer {status}: {count}", as_json=as_json)


@fault_app.command("aws")
def fault_aws(
    kind: Annotated[
        str,
        typer.Argument(help="throttle, denied, server_error, delay, timeout, lost_answer, doubled, stale or missing."),
    ],
    service: Annotated[str | None, typer.Option(help="As ecs or elbv2; any if not given.")] = None,
    operation: Annotated[str | None, typer.Option(help="As UpdateService; any if not given.")] = None,
    count: Count = 1,
    rate: Annotated[float | None, typer.Option(min=0.0, max=1.0, help="Share of calls.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.0, help="How long a delay is.")] = None,
    as_json: Json = False,
) -> None:
    """Let AWS calls go wrong."""
    body = {"kind": kind, "service": service, "operation": operation, "times": count, "rate": rate, "seconds": seconds}
    done = Sandbox.find().ask("/faults/aws", body)
    _tell(done, f"AWS calls: {kind}, {count} times", as_json=as_json)


@fault_app.command("spot")
def fault_spot(
    environment: Annotated[str, typer.Argument(metavar="ENV", help="dev, staging or prod.")],
    as_json: Json = False,
) -> None:
    """Let AWS take an environment's Spot tasks back."""
    done = Sandbox.find().ask("/faults/spot", {"environment": environment})
    _tell(done, f"tasks taken back in {environment}: {done['interrupted']}", as_json=as_json)


@fault_app.command("scan")
def fault_scan(
    severity: Annotated[
        str, typer.Option(help="CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL or UNDEFINED.")
    ] = "CRITICAL",
    count: Annotated[int, typer.Option(min=1, help="In how many images.")] = 1,
    as_json: Json = False,
) -> None:
    """Let ECR's scan find something in the next images that are pushed."""
    done = Sandbox.find().ask("/faults/scan", {"severity": severity, "count": count})
    _tell(done, f"ECR finds something {severity} in the next images that are pushed: {count}", as_json=as_json)
