"""Notices on GitHub: a deployment with its status, and a mark on the commit.

What is written is what is so at that moment. It is read again afterwards, and written again where it has changed
meanwhile: of two who write at once, whoever ends last leaves what is so.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from controller.domain.board import Flag, Posting
from controller.domain.errors import Blocked
from controller.domain.ports import Board

log = structlog.get_logger()

DEPLOYMENT = "deployment"
TRIES = 5
"""So often in a row something may have changed while it was written; the next notice is on its way by then."""


class Posted(Protocol):
    @property
    def postings(self) -> tuple[Posting, ...]: ...

    @property
    def flag(self) -> Flag: ...


Present = Callable[[str], Posted | None]
"""How the deployment of an id stands now."""


class _Notifier(ABC):
    """`what` is the name of what it writes, for whoever reads the log: said once for a repository, until it works
    again."""

    what: str

    def __init__(self, board: Board, present: Present) -> None:
        self._board, self._present = board, present
        self._refused: set[str] = set()
        self._lock = threading.Lock()

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
            self._try(present)
            written = present

    def _try(self, present: Posted) -> None:
        repository = present.flag.repository
        try:
            self._write(present)
        except Blocked as error:
            with self._lock:
                is_news = repository not in self._refused
                self._refused.add(repository)
            if is_news:
                log.warning("not written on GitHub", what=self.what, code=error.code, error=str(error))
        else:
            with self._lock:
                self._refused.discard(repository)

    @abstractmethod
    def _write(self, present: Posted) -> None: ...


class DeploymentNotifier(_Notifier):
    """GitHub's own deployments, with their statuses."""

    what = "deployments"

    def _write(self, present: Posted) -> None:
        for posting in present.postings:
            self._board.post(posting)


class StatusNotifier(_Notifier):
    """A status of the commit for each environment."""

    what = "commit statuses"

    def _write(self, present: Posted) -> None:
        self._board.flag(present.flag)
