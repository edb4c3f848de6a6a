"""Notices on GitHub: a deployment with its status, a mark on the commit, and where the audit ends.

What is written is what is so at that moment. It is read again afterwards, and written again where it has changed
meanwhile: of two who write at once, whoever ends last leaves what is so.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Protocol

from controller.domain.board import Flag, Posting
from controller.domain.ports import Board
from controller.notifiers.refusals import Refusals

DEPLOYMENT, ANCHOR = "deployment", "anchor"
TRIES = 5
"""So often in a row something may have changed while it was written; the next notice is on its way by then."""


class Posted(Protocol):
    @property
    def postings(self) -> tuple[Posting, ...]: ...

    @property
    def flag(self) -> Flag: ...


Present = Callable[[str], Posted | None]
"""How the deployment of an id stands now."""
Anchorings = Callable[[Mapping[str, object]], Sequence[Posting]]
"""Where an end of the audit is to be kept, from the notice of it."""


class _Notifier(ABC):
    """`what` is the name of what it writes, for whoever reads the log."""

    what: ClassVar[str]

    def __init__(self, board: Board, present: Present) -> None:
        self._board, self._present, self._refusals = board, present, Refusals(self.what)

    def send(self, kind: str, key: str, body: Mapping[str, object]) -> None:
        """`Transient` when GitHub can't take it now. That it may not be written is said, and not tried again."""
        if kind != DEPLOYMENT:
            return
        deployment = str(body["deployment"])
        written: Posted | None = None
        for _ in range(TRIES):
            present = self._present(deployment)
            if present is None or present == written:
                return
            with self._refusals.swallowed(present.flag.repository):
                self._write(present)
            written = present

    @abstractmethod
    def _write(self, present: Posted) -> None: ...


class DeploymentNotifier(_Notifier):
    """GitHub's own deployments, with their statuses."""

    what = "GitHub's deployments"

    def _write(self, present: Posted) -> None:
        for posting in present.postings:
            self._board.post(posting)


class StatusNotifier(_Notifier):
    """A status of the commit for each environment."""

    what = "GitHub's commit statuses"

    def _write(self, present: Posted) -> None:
        self._board.flag(present.flag)


class AnchorNotifier:
    """The audit's ends as statuses of a deployment of their own: GitHub has no call that changes one."""

    def __init__(self, board: Board, anchorings: Anchorings) -> None:
        self._board, self._anchorings, self._refusals = (
            board,
            anchorings,
            Refusals("GitHub's deployments, of the audit"),
        )

    def send(self, kind: str, key: str, body: Mapping[str, object]) -> None:
        """`Transient` when GitHub can't take it now. One that comes twice is found there."""
        if kind != ANCHOR:
            return
        for posting in self._anchorings(body):
            with self._refusals.swallowed(posting.repository):
                self._board.post(posting)
