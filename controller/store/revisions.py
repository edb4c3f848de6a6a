"""Revisions: recorded once, sealed once; and the commits that needed none."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select, update
from sqlmodel import col

from controller.domain.errors import Conflict
from controller.domain.release import Release
from controller.domain.revision import Commit, Revision
from controller.store.bodies import REVISIONS
from controller.store.tables import IgnoredCommitRow, RevisionRow
from controller.store.transaction import Transaction


def from_row(row: Mapping[str, Any]) -> Revision:
    columns = {name: row[name] for name in ("environment", "recorded_at", "images")}
    return REVISIONS.load(row["body_version"], row["body"], columns)


def to_row(revision: Revision) -> dict[str, Any]:
    return {
        "environment": revision.environment,
        "sha": revision.commit.sha,
        "tree": revision.commit.tree,
        "recorded_at": revision.recorded_at,
        "images": None if revision.images is None else dict(revision.images),
        "body": REVISIONS.dump(revision),
        "body_version": REVISIONS.version,
    }


class Revisions:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, revision: Revision) -> None:
        """`Conflict` when this commit is recorded for this environment already."""
        if not self._transaction.insert_new(RevisionRow, to_row(revision), ["environment", "sha"]):
            raise Conflict(
                f"recording {revision.commit.short} for {revision.environment}: it is recorded already",
                code="revision.exists",
            )

    def recorded(self, revision: Revision) -> Revision:
        """The revision of this commit as it is stored: as it was recorded first, or as it is now. One that was no
        release then is one from now on, where `revision` is."""
        known = self.by_commit(revision.environment, revision.commit.sha)
        if known is None:
            self.add(revision)
            return revision
        return self._named(known, revision.release) if revision.release and not known.release else known

    def _named(self, known: Revision, release: Release) -> Revision:
        named = replace(known, release=release)
        self._transaction.change(
            update(RevisionRow)
            .where(col(RevisionRow.environment) == named.environment, col(RevisionRow.sha) == named.commit.sha)
            .values(body=REVISIONS.dump(named), body_version=REVISIONS.version)
        )
        return named

    def by_commit(self, environment: str, sha: str) -> Revision | None:
        row = self._transaction.row(
            select(RevisionRow).where(col(RevisionRow.environment) == environment, col(RevisionRow.sha) == sha)
        )
        return None if row is None else from_row(row)

    def ignore(self, environment: str, commit: Commit, recorded: str) -> None:
        """Remember that `commit` changed nothing that counts since the commit `recorded`: promotion takes the tree of
        the one for that of the other. Nothing is remembered where the recorded one's tree isn't known."""
        where = (col(IgnoredCommitRow.environment) == environment, col(IgnoredCommitRow.sha) == recorded)
        before = self._transaction.row(select(col(IgnoredCommitRow.same_as)).where(*where))
        known = self.by_commit(environment, recorded) if before is None else None
        same_as = before["same_as"] if before else known.commit.tree if known else None
        if same_as is not None:
            values = {"environment": environment, "sha": commit.sha, "tree": commit.tree, "same_as": same_as}
            self._transaction.insert_new(IgnoredCommitRow, values, ["environment", "sha"])

    def seal(self, revision: Revision) -> None:
        """Store a sealed revision's images. `Conflict` when it is not recorded, or was sealed before."""
        assert revision.images is not None, f"{revision.environment} {revision.commit.short} has no images to seal"
        sealed = self._transaction.change(
            update(RevisionRow)
            .where(
                col(RevisionRow.environment) == revision.environment,
                col(RevisionRow.sha) == revision.commit.sha,
                col(RevisionRow.images).is_(None),
            )
            .values(images=dict(revision.images))
        )
        if not sealed:
            raise Conflict(
                f"sealing {revision.commit.short} of {revision.environment}: it is sealed, or was never recorded",
                code="revision.sealed",
            )
