"""Ask a real account. `make probe` shows how.

Without `--yes-this-costs-money` it only says what it would make. Exit codes: 0 asked and cleaned up, 1 something was
left behind or a probe could not finish, 2 refused.
"""

from __future__ import annotations

import argparse
import http.client
import secrets
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from controller.adapters.clock import SystemClock
from tests.oracles.probe import balancing, containers
from tests.oracles.probe.questions import PROBES, Probe
from tests.oracles.probe.stage import PREFIX, TAG, Network, Stage
from tests.oracles.probe.sweep import sweep

IMAGE = "public.ecr.aws/nginx/nginx:stable"
LONG_MINUTES = 30
MODULES = (balancing, containers)
"""Importing them is what fills the list of probes."""


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    if given.list:
        for probe in PROBES.values():
            print(f"{probe.name:26} {probe.question}")
        return 0
    chosen = _chosen(given)
    _announce(given, chosen)
    if not given.yes_this_costs_money:
        print("Nothing was made. Say --yes-this-costs-money to go on.", file=sys.stderr)
        return 2
    stage = _stage(given)
    found = stage.client("sts").get_caller_identity()["Account"]
    if found != given.account:
        print(f"These credentials are of account {found}, not of {given.account}: nothing was made.", file=sys.stderr)
        return 2
    if given.sweep:
        removed = sweep(stage)
        print("\n".join(f"removed {arn}" for arn in removed) or "nothing was left behind")
        return 0
    return _run(stage, chosen)


def _run(stage: Stage, chosen: Sequence[Probe]) -> int:
    with _interruptible():
        try:
            answered = [_asked(stage, probe) for probe in chosen]
        except KeyboardInterrupt:
            stage.say("stopped; cleaning up, which may take some minutes")
            answered = [False]
        finally:
            # From here on a second Ctrl-C would leave things behind that cost money.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            left = stage.clean()
    for each in left:
        stage.say(f"LEFT BEHIND {each}")
    if left:
        stage.say("Run the same with --sweep, which finds what has the tag and removes it.")
    else:
        stage.say("everything that was made is gone")
    return 0 if all(answered) and not left else 1


def _asked(stage: Stage, probe: Probe) -> bool:
    """Ask one, and say what AWS answers beside what the sandbox does."""
    try:
        answer = probe.ask(stage)
    except (ClientError, BotoCoreError, TimeoutError) as error:
        stage.say(f"{probe.name}: could not be asked: {error}")
        return False
    differs = "" if answer == probe.sandbox else f"   (the sandbox: {probe.sandbox})"
    stage.say(f"{probe.name}: {answer}{differs}")
    return True


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM ends a run like Ctrl-C does: with cleaning up."""

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _chosen(given: argparse.Namespace) -> list[Probe]:
    if given.only:
        return [PROBES[name] for name in given.only]
    return [probe for probe in PROBES.values() if given.long or probe.minutes < LONG_MINUTES]


def _announce(given: argparse.Namespace, chosen: Sequence[Probe]) -> None:
    print(f"account {given.account}, region {given.region}; everything has the tag {TAG} and a name {PREFIX}-…")
    if given.sweep:
        print("removes what earlier runs have left behind")
        return
    print(
        "makes for the time of the run: an ECS cluster, an Application Load Balancer with one listener, up to a dozen"
    )
    print("target groups and rules, task definitions, ECS services with at most one task of 0.25 vCPU at a time")
    print("asks, in about this many minutes:")
    for probe in chosen:
        print(f"  {probe.minutes:3}  {probe.name}: {probe.question}")


def _stage(given: argparse.Namespace) -> Stage:
    session = boto3.Session(region_name=given.region, profile_name=given.profile)
    config = Config(retries={"mode": "standard", "total_max_attempts": 5})
    clients: dict[str, Any] = {}

    def client(name: str) -> Any:
        if name not in clients:
            make: Any = session.client
            clients[name] = make(name, config=config)
        return clients[name]

    network = Network(
        given.vpc, tuple(given.subnets.split(",")), tuple(given.security_groups.split(",")), not given.internal
    )
    return Stage(client, SystemClock(), _asks(given.connect_to), network, given.image, secrets.token_hex(4))


def _asks(connect_to: str | None) -> Any:
    def ask(host: str, port: int, path: str) -> int | None:
        where, _, number = (connect_to or f"{host}:{port}").rpartition(":")
        connection = http.client.HTTPConnection(where, int(number), timeout=2)
        try:
            connection.request("GET", path, headers={"Host": host})
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    return ask


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.oracles.probe", description="Ask a real AWS account.")
    parser.add_argument("--list", action="store_true", help="name the probes and their questions, and end")
    parser.add_argument("--account", default="", help="twelve digits; must be the credentials' account")
    parser.add_argument("--region", default="eu-west-1")
    parser.add_argument("--profile", default=None, help="of the AWS configuration file")
    parser.add_argument("--vpc", default="")
    parser.add_argument("--subnets", default="", help="two or more, separated by commas, in different zones")
    parser.add_argument("--security-groups", default="", help="one or more; must let port 80 in for rule-applies")
    parser.add_argument("--internal", action="store_true", help="no public addresses; the subnets reach the image")
    parser.add_argument("--image", default=IMAGE, help="listens on port 80 and answers 200 for /")
    parser.add_argument("--connect-to", default=None, help="HOST:PORT to ask instead of the load balancer's name")
    parser.add_argument("--only", nargs="+", choices=sorted(PROBES), default=None, metavar="PROBE")
    parser.add_argument("--long", action="store_true", help=f"also those that take more than {LONG_MINUTES} minutes")
    parser.add_argument("--sweep", action="store_true", help="remove what killed runs have left behind")
    parser.add_argument("--yes-this-costs-money", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
