"""Notices on GitHub: what is so when it is written, whoever comes late; a refusal is said once."""

from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from controller.domain.board import AUDIT, Colour, Flag, Mark, Posting
from controller.domain.errors import Blocked, Transient
from controller.loop.posting import Posted
from controller.notifiers.github import AnchorNotifier, DeploymentNotifier, StatusNotifier
from tests.support.builders import NOON, SHA

REPOSITORY = "acme/captioncraft"


def shown(mark: Mark) -> Posted:
    posting = Posting(REPOSITORY, SHA, "dev", "dev-1", NOON, mark, str(mark))
    return Posted((posting,), Flag(REPOSITORY, SHA, "tidegate/dev", Colour.PENDING, str(mark)))


@dataclass
class Board:
    """`then` is what happens while something is written."""

    written: list[str] = field(default_factory=list)
    error: Exception | None = None
    then: list[Posted] = field(default_factory=list)
    now: Posted | None = None

    def present(self, deployment: str) -> Posted | None:
        return self.now

    def post(self, posting: Posting) -> None:
        self._write(posting.text)

    def flag(self, flag: Flag) -> None:
        self._write(flag.text)

    def _write(self, text: str) -> None:
        if self.error is not None:
            raise self.error
        if self.then:
            self.now = self.then.pop(0)
        self.written.append(text)


def tell(notifier: DeploymentNotifier | StatusNotifier, kind: str = "deployment", phase: str = "running") -> None:
    notifier.send(kind, f"dev-1:{phase}", {"deployment": "dev-1", "phase": phase})


def test_a_late_notice_writes_what_is_so_now() -> None:
    board = Board(now=shown(Mark.SUCCESS))
    tell(DeploymentNotifier(board, board.present), phase="running")
    assert board.written == ["success"]


def test_what_changed_while_it_was_written_is_written_again() -> None:
    board = Board(now=shown(Mark.IN_PROGRESS), then=[shown(Mark.SUCCESS)])
    tell(StatusNotifier(board, board.present))
    assert board.written == ["in_progress", "success"]


def test_other_notices_and_deployments_that_nobody_knows_are_left_alone() -> None:
    board = Board(now=shown(Mark.SUCCESS))
    notifier = DeploymentNotifier(board, board.present)
    tell(notifier, kind="environment")
    board.now = None
    tell(notifier)
    assert board.written == []


def test_that_it_may_not_be_written_is_said_once_and_no_reason_to_try_again() -> None:
    board = Board(now=shown(Mark.SUCCESS), error=Blocked("no", code="github.denied"))
    notifier = DeploymentNotifier(board, board.present)
    with capture_logs() as logs:
        tell(notifier)
        tell(notifier)
    assert [(line["event"], line["who"]) for line in logs] == [("not told", "GitHub's deployments")]
    board.error = None
    tell(notifier)
    board.error = Blocked("no", code="github.denied")
    with capture_logs() as again:
        tell(notifier)
    assert len(again) == 1


def test_a_github_that_does_not_answer_is_asked_again() -> None:
    board = Board(now=shown(Mark.SUCCESS), error=Transient("slow"))
    with pytest.raises(Transient):
        tell(DeploymentNotifier(board, board.present))


def test_an_end_of_the_audit_is_written_in_each_repository_that_takes_it() -> None:
    """And a refusal of one keeps it from no other."""
    anchored = [Posting(f"acme/{name}", SHA, AUDIT, AUDIT, NOON, Mark.SUCCESS, name) for name in ("one", "two")]
    board = Board()

    class Half(Board):
        def post(self, posting: Posting) -> None:
            if posting.repository == "acme/one":
                raise Blocked("no", code="github.denied")
            board.post(posting)

    notifier = AnchorNotifier(Half(), lambda notice: anchored if notice["line"] == "an end" else [])
    with capture_logs() as logs:
        notifier.send("anchor", "1:ab", {"line": "an end"})
        notifier.send("anchor", "2:cd", {"line": "an end"})
        notifier.send("deployment", "dev-1:running", {"line": "an end"})
    assert board.written == ["two", "two"]
    assert [line["event"] for line in logs] == ["not told"]
