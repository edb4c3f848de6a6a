"""What `python -m sandbox` can be told. Light to import, so that a wrong use is answered at once."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """The command line, understood."""

    state: Path
    webhook: str | None = None
    events: str | None = None
    interactions: str | None = None
    port_base: int | None = None
    speed: float = 10.0
    seed: int = 0

    def port(self, number: int) -> int:
        """The port with this number, counted from the base; 0 for a free one."""
        return 0 if self.port_base is None else self.port_base + number


def options_of(arguments: list[str]) -> Options:
    """Exits with 2 and a usage line when it is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="An AWS, a GitHub and a Slack on this machine."
    )
    parser.add_argument(
        "--state-dir", type=Path, required=True, help="where it keeps what it needs, and endpoints.json"
    )
    parser.add_argument("--webhook", help="the address that GitHub's webhooks are sent to")
    parser.add_argument("--events", help="the address that EventBridge sends AWS's events to")
    parser.add_argument("--interactions", help="the address that Slack sends what people press to")
    parser.add_argument("--port-base", type=_port, help="the first of six ports; without it, free ones")
    parser.add_argument("--speed", type=_speed, default=10.0, help="how much faster AWS's own delays pass (10)")
    parser.add_argument("--seed", type=int, default=0, help="for everything that is drawn by lot (0)")
    given = parser.parse_args(arguments)
    return Options(
        given.state_dir.resolve(),
        given.webhook,
        given.events,
        given.interactions,
        given.port_base,
        given.speed,
        given.seed,
    )


def _port(text: str) -> int:
    if not text.isdecimal() or not 1024 <= int(text) <= 65_530:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1024 to 65530")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.1 <= speed <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0.1 to 100")
    return speed
