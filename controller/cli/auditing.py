"""`tidegate audit`: whether what is written down is as it was written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.cli.arguments import Json
from controller.cli.asking import Asking
from controller.cli.http import Send
from controller.cli.saying import NO, WRONG_USE, clean, print_json, stop
from controller.cli.time import Clock
from controller.domain.chain import Finding, Head, Report, Restore, What
from controller.domain.verified import told

ANCHORED = "audit anchored"
FIELDS = ("position", "link", "key", "at")
IN_SHORT = re.compile(
    ANCHORED + r" (?P<position>\d{1,18}) (?P<link>[0-9a-f]{64}) (?P<key>[0-9a-f]{1,64}) (?P<at>[\d:.T+-]{1,40})"
)
"""As `domain.anchor` writes it for where there is little room."""


class Auditing:
    def __init__(self, make_clock: Callable[[], Clock], transport: Send) -> None:
        self._ask = Asking(make_clock, transport)

    def register(self, app: typer.Typer) -> None:
        group = typer.Typer(no_args_is_help=True, help="Look into the audit.")
        group.callback()(_audit)
        group.command()(self.verify)
        app.add_typer(group, name="audit")

    def verify(
        self,
        anchors: Annotated[
            Path | None,
            typer.Option(
                "--anchors",
                metavar="FILE",
                help="The controller's log lines, or GitHub's statuses.",
            ),
        ] = None,
        as_json: Json = False,
    ) -> None:
        """Say whether every entry is as it was written; the exit code is 1 when one isn't."""
        given = None if anchors is None else list(read_anchors(anchors))
        with self._ask.client() as client:
            found = client.audit_verification(given)
        if as_json:
            print_json(found)
        else:
            typer.echo("\n".join(told(report_of(clean(found)), None if given is None else len(given))))
        raise typer.Exit(0 if found["unbroken"] else NO)


def _audit() -> None:
    """Look into the audit."""


def read_anchors(file: Path) -> Iterator[dict[str, Any]]:
    """What the lines that tell of anchors say; other lines may stand between them, and something before each. They are
    the controller's log lines, or what it has said on GitHub."""
    seen = 0
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                if ANCHORED in line:
                    yield from (found := list(_anchors(line, f"{file}:{number}")))
                    seen += len(found)
    except OSError as error:
        stop(WRONG_USE, f"{file} can't be read: {error.strerror}")
    if not seen:
        stop(WRONG_USE, f"{file} holds no line with «{ANCHORED}»: is it the controller's log, or what GitHub says?")


def _anchors(line: str, place: str) -> Iterator[dict[str, Any]]:
    in_short = [found.groupdict() for found in IN_SHORT.finditer(line)]
    yield from ({**each, "position": int(each["position"])} for each in in_short)
    if not in_short:
        yield _logged(line, place)


def _logged(line: str, place: str) -> dict[str, Any]:
    try:
        said, _ = json.JSONDecoder().raw_decode(line[line.index("{") :])
        return {name: said[name] for name in FIELDS}
    except (ValueError, KeyError, TypeError):
        stop(WRONG_USE, f"{place}: this is no anchor as the controller's log tells it: {clean(line.strip())[:120]}")


def report_of(found: Mapping[str, Any]) -> Report:
    """What the API answers, as the domain has it."""
    head = found["head"]
    return Report(
        entries=found["entries"],
        first=found["first"],
        last=found["last"],
        head=Head(**head, seal="") if head else None,
        earlier=found["earlier"],
        anchors=found["anchors"],
        restores=tuple(Restore(**{**each, "at": datetime.fromisoformat(each["at"])}) for each in found["restores"]),
        findings=tuple(Finding(**{**each, "what": What(each["what"])}) for each in found["findings"]),
        more=found["more"],
    )
