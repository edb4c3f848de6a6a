"""YAML text to plain values, with the place of each.

The YAML library only splits the text into events; what a scalar means is decided here, by YAML 1.2's rules, so
`on`, `yes` and `08:00` are text. Anchors, aliases, tags, directives and second documents are refused: what a file
says, it says in one place.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from controller.domain.errors import Rejected
from controller.domain.manifest.problem import HIDDEN, Problem, quoted
from controller.domain.manifest.syntax import events_of

LARGEST = 256 * 1024
DEEPEST = 20

Path = tuple[str | int, ...]
Place = tuple[int, int]
Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]


@dataclass
class Tree:
    """`values` and `keys` hold the line and column (from 1) of each value and of the key that it stands under."""

    value: Value = None
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)

    def place(self, path: Path, *, of_key: bool = False) -> Place:
        """Where this is written; what is not written at all is missed where its mapping begins."""
        while path and path not in self.values:
            path, of_key = path[:-1], True
        at_key = self.keys.get(path) if of_key else None
        return at_key or self.values.get(path, (1, 1))


def place_of_key(text: str, file: str, key: str) -> Place:
    """Line and column of a key, as `gates.approval`, of a file that could be read; where it is not written, of the
    mapping that lacks it."""
    return plant(text, file).place(tuple(key.split(".")), of_key=True)


def plant(text: str, file: str) -> Tree:
    """The tree of one YAML document; raises `Rejected` with everything that keeps it from being one."""
    size = len(text.encode(errors="replace"))
    if size > LARGEST:
        raise Rejected([Problem(file, 1, 1, "", f"{size} bytes", f"at most {LARGEST} bytes")])
    planter = _Planter(file)
    tree = planter.plant(events_of(text, file))
    if planter.problems:
        raise Rejected(planter.problems)
    return tree


def dotted(path: Path) -> str:
    """
    >>> dotted(("verify", 0, "path"))
    'verify[0].path'
    """
    labels = [f"[{part}]" if isinstance(part, int) else f".{_label(part, path)}" for part in path]
    return "".join(labels).removeprefix(".")


def _label(key: str, path: Path) -> str:
    if re.fullmatch(r"[\w-]{1,60}", key, re.ASCII):
        return key
    # `PASSWORD hunter2`, the colon forgotten, is a key: it stays unseen.
    return "(not shown)" if HIDDEN & set(path) else quoted(key)


class _Planter:
    """Builds the tree from events without recursion, so that depth is a complaint and not a crash."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.tree = Tree()
        self.stack: list[_Open] = []
        self.documents = 0

    def plant(self, events: Iterator[Event]) -> Tree:
        for event in events:
            if isinstance(event, DocumentStartEvent):
                self._begin_document(event)
            elif isinstance(event, CollectionEndEvent):
                self.stack.pop()
            elif isinstance(event, NodeEvent):
                self._refuse_what_is_not_plain(event)
                self._add(event)
        return self.tree

    def _begin_document(self, event: DocumentStartEvent) -> None:
        self.documents += 1
        if event.version or event.tags:
            self._give_up(event, "a directive", "none: the file is YAML 1.2")
        if self.documents > 1:
            self._give_up(event, "a second document", "one document in a file")

    def _refuse_what_is_not_plain(self, event: NodeEvent) -> None:
        if isinstance(event, AliasEvent) or event.anchor is not None:
            self._complain(event, "an anchor or alias", "the value itself, written out")
        if isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent) and event.tag is not None:
            self._complain(event, "a tag", "the value without it")
        if isinstance(event, ScalarEvent) and re.search("[\ud800-\udfff]", event.value):
            self._complain(event, "half of a character", "whole ones")

    def _add(self, event: NodeEvent) -> None:
        parent = self.stack[-1] if self.stack else None
        if isinstance(parent, _OpenMapping) and parent.key is None:
            parent.key = self._key(event, parent)
            return
        path = self._attach_path(parent)
        value: Value = _meaning(event) if isinstance(event, ScalarEvent) else None
        if isinstance(event, SequenceStartEvent | MappingStartEvent):
            value = [] if isinstance(event, SequenceStartEvent) else {}
            self._open(event, path, value)
        self._attach(parent, path, value, event)

    def _key(self, event: NodeEvent, parent: "_OpenMapping") -> str:
        if not isinstance(event, ScalarEvent):
            self._give_up(event, "a key that is not text", "text before the `:`")
        key: str = event.value
        path = (*parent.path, key)
        if not isinstance(_meaning(event), str):
            self._complain(event, "a key that is not text", "text, in quotes if need be")
        elif key == "<<":
            self._complain(event, "a merge key", "the keys themselves, written out")
        elif key in parent.value:
            first = self.tree.keys[path][0]
            self.problems.append(self._problem(event, path, "the key again", f"it once; the first is on line {first}"))
        self.tree.keys.setdefault(path, _start(event))
        return key

    def _attach_path(self, parent: "_Open | None") -> Path:
        if parent is None:
            return ()
        if isinstance(parent, _OpenMapping):
            assert parent.key is not None
            return (*parent.path, parent.key)
        return (*parent.path, len(parent.value))

    def _attach(self, parent: "_Open | None", path: Path, value: Value, event: NodeEvent) -> None:
        is_written = not (isinstance(event, ScalarEvent) and event.start_mark.index == event.end_mark.index)
        self.tree.values.setdefault(path, _start(event) if is_written else self.tree.keys.get(path, _start(event)))
        if parent is None:
            self.tree.value = value
        elif isinstance(parent, _OpenMapping):
            assert parent.key is not None
            parent.value.setdefault(parent.key, value)
            parent.key = None
        else:
            parent.value.append(value)

    def _open(self, event: NodeEvent, path: Path, value: Value) -> None:
        if len(self.stack) >= DEEPEST:
            self._give_up(event, f"more than {DEEPEST} levels", "the levels of the format, which are fewer")
        if isinstance(value, dict):
            self.stack.append(_OpenMapping(path, value))
        else:
            assert isinstance(value, list)
            self.stack.append(_OpenList(path, value))

    def _give_up(self, event: Event, found: str, wanted: str) -> NoReturn:
        raise Rejected([*self.problems, self._problem(event, (), found, wanted)])

    def _complain(self, event: Event, found: str, wanted: str) -> None:
        path = self._attach_path(self.stack[-1]) if self.stack and not self._awaits_key() else self._path()
        self.problems.append(self._problem(event, path, found, wanted))

    def _awaits_key(self) -> bool:
        top = self.stack[-1]
        return isinstance(top, _OpenMapping) and top.key is None

    def _path(self) -> Path:
        return self.stack[-1].path if self.stack else ()

    def _problem(self, event: Event, path: Path, found: str, wanted: str) -> Problem:
        return Problem(self.file, *_start(event), dotted(path), found, wanted)


@dataclass
class _OpenMapping:
    path: Path
    value: dict[str, Value]
    key: str | None = None


@dataclass
class _OpenList:
    path: Path
    value: list[Value]


_Open = _OpenMapping | _OpenList


def _start(event: Event) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _meaning(scalar: ScalarEvent) -> Value:
    """YAML 1.2's core schema, except that a number of more than 18 digits or with leading zeros stays text."""
    text: str = scalar.value
    if scalar.style not in (None, ""):
        return text
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text.lower() in ("true", "false") and text in (text.lower(), text.upper(), text.capitalize()):
        return text.lower() == "true"
    if re.fullmatch(r"[-+]?(?:0|[1-9][0-9]{0,17})", text):
        return int(text)
    if (
        re.fullmatch(r"[-+]?(?:0|[1-9][0-9]*)?\.?[0-9]+(?:[eE][-+]?[0-9]{1,3})?", text)
        and not text.lstrip("+-").isdigit()
    ):
        return float(text)
    return text
