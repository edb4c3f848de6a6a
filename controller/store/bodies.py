"""Documents: the part of a value that no query asks for, as JSON with a version of its own.

A new field with a default needs nothing. Any other change of shape raises the version and adds one function that
turns the
document before into the one after; it stays for ever, because rows are not rewritten.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from controller.domain.contents import Contents
from controller.domain.deployment import Deployment
from controller.domain.dora import Tally
from controller.domain.environment import Environment
from controller.domain.evidence import FailureEvidence
from controller.domain.hooks import Run
from controller.domain.proposal import Proposal
from controller.domain.revision import Revision
from controller.domain.sighting import Sighting
from controller.domain.summary import Summary
from controller.store.failures import Unreadable, legible

Value = TypeVar("Value")
Document = dict[str, Any]


class Bodies(Generic[Value]):
    """Everything of a value except its `columns`. `upgrades[0]` turns version 1 into version 2, and so on."""

    def __init__(
        self, kind: type[Value], columns: Sequence[str], upgrades: Sequence[Callable[[Document], Document]] = ()
    ) -> None:
        self._kind = kind
        self._adapter: TypeAdapter[Value] = TypeAdapter(kind)
        self._columns = set(columns)
        self._upgrades = tuple(upgrades)

    @property
    def version(self) -> int:
        return len(self._upgrades) + 1

    def dump(self, value: Value) -> Document:
        document: Document = self._adapter.dump_python(value, mode="json", exclude=self._columns)
        return document

    def load(self, version: int, document: Mapping[str, Any], columns: Mapping[str, Any]) -> Value:
        """The value again; `Unreadable` when it is broken, or when a newer Tidegate wrote it in a shape that this one
        does not know."""
        if version > self.version:
            raise Unreadable(
                f"a {self._kind.__name__} was stored in shape {version}, and this Tidegate reads up to {self.version}; "
                "run the newer one again",
                code="database.schema_unknown",
            )
        with legible(f"a {self._kind.__name__}"):
            current = dict(document)
            for upgrade in self._upgrades[version - 1 :]:
                current = upgrade(current)
            return self._adapter.validate_python({**current, **columns})


ENVIRONMENTS = Bodies(Environment, ("name", "live", "head_requested", "head_seen", "version"))
REVISIONS = Bodies(Revision, ("environment", "recorded_at", "images"))
SIGHTINGS = Bodies(Sighting, ("environment", "seen_at"))
PROPOSALS = Bodies(Proposal, ("repository", "number", "base", "head", "is_open", "asked", "attempts"))
CONTENTS = Bodies(Contents, ("deployment", "environment", "asked", "attempts", "is_due"))
TALLIES = Bodies(Tally, ())
RUNS = Bodies(Run, ("token", "environment", "number", "service", "image", "state"))
EVIDENCE = Bodies(FailureEvidence, ("deployment", "about", "step", "gathered_at"))
SUMMARIES = Bodies(Summary, ())
DEPLOYMENTS = Bodies(
    Deployment,
    (
        *("id", "number", "environment", "kind", "phase", "secret", "version"),
        *("created_at", "started_at", "finished_at"),
    ),
)
