"""`tidegate audit`: whether what is written down is as it was written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.cli.arguments import Json
from controller.cli.asking import Asking
from controller.cli.http import Send
from controller.cli.saying import NO, WRONG_USE, clean, print_json, stop
from controller.cli.time import Clock, at

ANCHORED = "audit anchored"
FIELDS = ("position", "link", "key", "at")
IN_SHORT = re.compile(
    ANCHORED + r" (?P<position>\d{1,18}) (?P<link>[0-9a-f]{64}) (?P<key>[0-9a-f]{1,64}) (?P<at>[\d:.T+-]{1,40})"
)
"""As `domain.anchor` writes it for where there is little room."""

MEANS = {
    "changed": "somebody without the key has changed it",
    "missing": "somebody has taken it out",
    "reordered": "somebody has exchanged entries",
    "inserted": "somebody without the key has put it there",
    "cut": "somebody has cut off the end, or put an old state of the database in place of the new one",
    "forked": "history went on from an old state, or was made anew by somebody who has the key",
    "unknown_key": "an older key isn't among TIDEGATE_AUDIT_KEYS any more, or somebody without the key made it",
    "head": "somebody without the key has changed where the chain ends",
    "doubted": "the controller found the chain's end changed, or wasn't given its key, and went on from what it found",
}
"""What is wrong → what that says of what happened."""


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
            typer.echo("\n".join(told(clean(found), None if given is None else len(given))))
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


def told(found: Mapping[str, Any], given: int | None) -> Iterator[str]:
    """For people: one line says how it is, the others why."""
    if found["unbroken"]:
        yield _unbroken(found)
    else:
        first, *others = found["findings"]
        yield f"BROKEN at {_place(first)}: {first['text']} ({MEANS[first['what']]})"
        yield from (f"  also {_place(each)}: {each['text']} ({MEANS[each['what']]})" for each in others)
        if found["more"]:
            yield f"  and {found['more']:,} more"
        yield f"{found['entries']:,} entries were looked at{_head(found)}"
    if found["earlier"]:
        yield f"{found['earlier']:,} entries are from before the chain; its first one covers them as they were then"
    for each in found["restores"]:
        yield _restored(each)
    if found["anchors"]:
        outside = "" if given is None else f", {given:,} of them from outside"
        yield f"{found['anchors']:,} anchors were compared{outside}"


def _unbroken(found: Mapping[str, Any]) -> str:
    if not found["entries"]:
        return "nothing is written in the audit yet"
    return f"{found['entries']:,} entries, unbroken from {found['first']:,} to {found['last']:,}{_head(found)}"


def _head(found: Mapping[str, Any]) -> str:
    head = found["head"]
    return f"; head {head['link']}, key {head['key']}" if head else ""


def _place(finding: Mapping[str, Any]) -> str:
    first, last = finding["first"], finding["last"]
    if first is None:
        return "no place in the chain"
    return f"entry {first:,}" if first == last else f"entries {first:,} to {last:,}"


def _restored(restore: Mapping[str, Any]) -> str:
    said = (
        f"a backup of {at(restore['taken_at'])} with entries up to {restore['after']:,} was restored at"
        f" {at(restore['at'])}, as entry {restore['position']:,} says"
    )
    if restore["lost"] is None:
        return said
    return f"{said}; entries {restore['after'] + 1:,} to {restore['lost']:,} from before that are not in this database"
