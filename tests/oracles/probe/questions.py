"""How a question is written down, and how answers are put into words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import ClientError

from tests.oracles.probe.stage import Stage

AT_ONCE = "at once"


@dataclass(frozen=True)
class Probe:
    """`sandbox` is what the sandbox answers; `matters` is what of Tidegate stands on it."""

    name: str
    question: str
    sandbox: str
    matters: str
    minutes: int
    """How long it takes on AWS, about."""
    ask: Callable[[Stage], str]


PROBES: dict[str, Probe] = {}


def asks(
    name: str, question: str, *, sandbox: str, matters: str, minutes: int = 1
) -> Callable[[Callable[[Stage], str]], Callable[[Stage], str]]:
    def register(ask: Callable[[Stage], str]) -> Callable[[Stage], str]:
        PROBES[name] = Probe(name, question, sandbox, matters, minutes, ask)
        return ask

    return register


def lag(seconds: float) -> str:
    """A delay in words.

    >>> lag(0.02), lag(3.14)
    ('at once', 'after 3.1 s')
    """
    return AT_ONCE if seconds < 0.5 else f"after {seconds:.1f} s"


def longest(measured: list[float]) -> str:
    return f"{lag(max(measured))} at the longest of {len(measured)}"


def code_of(call: Callable[[], object]) -> str:
    """How a call ends: `ok`, or the error's code."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"
