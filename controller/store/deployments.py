"""Deployments: one row each, kept for ever."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any

from sqlalchemy import Executable, Select, and_, func, insert, select, update
from sqlmodel import col

from controller.domain.deployment import Deployment, Kind, Phase
from controller.domain.errors import Conflict
from controller.domain.revision import Revision
from controller.domain.search import terms_of
from controller.domain.summary import Before, HistoryLine, Summary, summary_of
from controller.store.bodies import DEPLOYMENTS, SUMMARIES
from controller.store.contents import ContentsKept
from controller.store.cursor import Page, page, position
from controller.store.failures import Unreadable, legible
from controller.store.remembered import Remembered
from controller.store.tables import DeploymentRow, EnvironmentRow, RevisionRow
from controller.store.tables import IgnoredCommitRow as Ignored
from controller.store.terms import Terms
from controller.store.transaction import StoredRow, Transaction

PLAIN = ("id", "number", "environment", "kind", "phase", "version", "created_at", "started_at", "finished_at")
TABLE = "deployments"
ROWS = select(DeploymentRow)
KEYS = (col(DeploymentRow.id), col(DeploymentRow.environment), col(DeploymentRow.version))
OPEN = select(*KEYS).where(
    col(DeploymentRow.environment).in_(select(col(EnvironmentRow.name))), col(DeploymentRow.is_open).is_(True)
)
"""By way of their environments: the index of open ones begins with those."""

AT_ONCE = 500
"""SQLite takes 999 values in a statement, where it is old."""
LONGEST_WALK, MOST_SUPERSEDED = 200, 100


def from_row(row: Mapping[str, Any]) -> Deployment:
    """`Unreadable` where what is written down of it is broken, or a newer Tidegate's."""
    with legible(f"deployment {row['id']}"):
        document = {**row["body"], "steps": row["steps"], "undo": row["undo"]}
        columns = {name: row[name] for name in PLAIN} | {"secret": {"text": row["secret"]}}
        return DEPLOYMENTS.load(row["body_version"], document, columns)


def to_row(deployment: Deployment) -> dict[str, Any]:
    body = DEPLOYMENTS.dump(deployment)
    return {name: getattr(deployment, name) for name in PLAIN} | {
        "is_open": is_open(deployment),
        "sha": deployment.revision.commit.sha,
        "tree": deployment.revision.commit.tree,
        "secret": deployment.secret.reveal(),
        "steps": body.pop("steps"),
        "undo": body.pop("undo"),
        "body": body,
        "body_version": DEPLOYMENTS.version,
    }


def is_open(deployment: Deployment) -> bool:
    """Whether the loop still has something to do for it."""
    return deployment.is_retiring or not deployment.is_final


def _kept(summary: Summary, version: int) -> dict[str, Any]:
    return {"summary": SUMMARIES.dump(summary), "summarized": version}


def line_of(seq: int, deployment: Deployment, summary: Summary) -> HistoryLine:
    return HistoryLine(
        seq=seq,
        id=deployment.id,
        number=deployment.number,
        environment=deployment.environment,
        kind=deployment.kind,
        phase=deployment.phase,
        created_at=deployment.created_at,
        started_at=deployment.started_at,
        finished_at=deployment.finished_at,
        summary=summary,
    )


class Deployments:
    """What deployments are found by is written when the transaction is about to end: `write_down`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._terms = Terms(transaction)
        self._contents = ContentsKept(transaction)

    def next_number(self, environment: str) -> int:
        """Ask and add within one fenced unit: then no two deployments can want the same number."""
        highest = select(func.max(col(DeploymentRow.number))).where(col(DeploymentRow.environment) == environment)
        taken = select(col(EnvironmentRow.numbers_taken)).where(col(EnvironmentRow.name) == environment)
        row = self._transaction.row(
            select(highest.scalar_subquery().label("highest"), taken.scalar_subquery().label("taken"))
        )
        return 1 + (max(row["highest"] or 0, row["taken"] or 0) if row else 0)

    def add(self, deployment: Deployment) -> Deployment:
        """Its revision is recorded already. `Conflict` when its id or number is taken, or another one is in flight."""
        summary = summary_of(deployment)
        values = to_row(deployment) | _kept(summary, deployment.version) | {"version": deployment.version}
        row = self._transaction.changed(insert(DeploymentRow).values(values).returning(col(DeploymentRow.seq)))
        assert row is not None, "a row that was inserted has a number"
        self._terms.add(row["seq"], terms_of(line_of(row["seq"], deployment, summary)))
        self._contents.begin(deployment)
        return deployment

    def save(self, deployment: Deployment) -> Deployment:
        """The value with its new version. `Conflict` when somebody saved it meanwhile, or another one is in flight."""
        after = deployment.version + 1
        found = self._transaction.row(
            select(col(DeploymentRow.seq), col(DeploymentRow.summary)).where(
                col(DeploymentRow.id) == deployment.id, col(DeploymentRow.version) == deployment.version
            )
        )
        summary = self.summary(deployment, found["summary"] if found else None)
        saved = self._transaction.change(
            update(DeploymentRow)
            .where(col(DeploymentRow.id) == deployment.id, col(DeploymentRow.version) == deployment.version)
            .values(to_row(deployment) | _kept(summary, after) | {"version": after})
        )
        if not saved or found is None:
            raise Conflict(
                f"saving deployment {deployment.number} of {deployment.environment}: it is no longer at version "
                f"{deployment.version}; read it again",
                code="deployment.changed",
            )
        if found["summary"] is None:  # an older program, which runs on while tables are newer, has added it
            self._contents.begin(deployment)
        self._terms.add(found["seq"], terms_of(line_of(found["seq"], deployment, summary)))
        return replace(deployment, version=after)

    def summarize(self, seq: int, deployment: Deployment) -> None:
        """Write its summary, its terms, and that it brings something, which an older program has left out; a row that
        somebody saves meanwhile is left to them."""
        summary = self.summary(deployment)
        is_it = col(DeploymentRow.seq) == seq, col(DeploymentRow.version) == deployment.version
        kept = _kept(summary, deployment.version)
        if self._transaction.change(update(DeploymentRow).where(*is_it).values(kept)):
            self._contents.begin(deployment)
            self._terms.add(seq, terms_of(line_of(seq, deployment, summary)))

    def set_aside(self, line: HistoryLine, version: int) -> None:
        """`line` is what its columns tell of one that can't be read: by them it is found. It is not tried again while
        it is at this version."""
        row = update(DeploymentRow).where(col(DeploymentRow.seq) == line.seq)
        self._transaction.change(row.values(set_aside=version))
        self._terms.add(line.seq, terms_of(line))

    def write_down(self) -> None:
        self._terms.write_down()

    def summary(self, deployment: Deployment, stored: Mapping[str, Any] | None = None) -> Summary:
        """`stored` is the one that its row has. What was live before is written down while it is known."""
        before = SUMMARIES.load(SUMMARIES.version, stored, {}).before if stored else None
        return summary_of(deployment, self._before(deployment, before))

    def _before(self, deployment: Deployment, known: Before | None) -> Before | None:
        try:
            if deployment.replaced is not None and (known is None or known.id != deployment.replaced):
                found = self.get(deployment.replaced)
            elif known is None and deployment.started_at is not None and not deployment.is_final:
                found = self.live(deployment.environment)
            else:
                return known
        except Unreadable:
            return known
        return Before(found.id, found.revision.version) if found is not None and found.id != deployment.id else known

    def get(self, deployment_id: str) -> Deployment | None:
        return self._one(ROWS.where(col(DeploymentRow.id) == deployment_id))

    def numbered(self, environment: str, number: int) -> Deployment | None:
        return self._one(ROWS.where(col(DeploymentRow.environment) == environment, col(DeploymentRow.number) == number))

    def live(self, environment: str) -> Deployment | None:
        """The one that the environment's row names as live."""
        number = select(col(EnvironmentRow.live)).where(col(EnvironmentRow.name) == environment).scalar_subquery()
        return self._one(ROWS.where(col(DeploymentRow.environment) == environment, col(DeploymentRow.number) == number))

    def before(self, deployment: Deployment) -> Deployment | None:
        """The one that was live before this one's version was, or that its version would replace now: None of the first
        one. Of one that ended otherwise it is the last one with a lower number that had succeeded."""
        if deployment.replaced is not None:
            return self.get(deployment.replaced)
        if not deployment.is_final:
            return self.live(deployment.environment)
        return self._one(
            ROWS.where(
                col(DeploymentRow.environment) == deployment.environment,
                col(DeploymentRow.phase) == Phase.SUCCEEDED,
                col(DeploymentRow.kind).in_([Kind.DEPLOY, Kind.ROLLBACK]),
                col(DeploymentRow.number) < deployment.number,
            )
            .order_by(col(DeploymentRow.number).desc())
            .limit(1)
        )

    def next_success(self, deployment: Deployment) -> Deployment | None:
        """The first one after it that succeeded in its environment, and brought a version."""
        return self._one(
            ROWS.where(
                col(DeploymentRow.environment) == deployment.environment,
                col(DeploymentRow.phase) == Phase.SUCCEEDED,
                col(DeploymentRow.kind).in_([Kind.DEPLOY, Kind.ROLLBACK]),
                col(DeploymentRow.number) > deployment.number,
            )
            .order_by(col(DeploymentRow.number))
            .limit(1)
        )

    def passed_by(self, base: Deployment | None, deployment: Deployment, most: int) -> tuple[Deployment, ...]:
        """Those between the two that never started, because something newer took their place; newest first."""
        found = self._transaction.rows(
            ROWS.where(
                col(DeploymentRow.environment) == deployment.environment,
                col(DeploymentRow.number) > (base.number if base else 0),
                col(DeploymentRow.number) < deployment.number,
                col(DeploymentRow.phase) == Phase.SUPERSEDED,
                col(DeploymentRow.kind) == Kind.DEPLOY,
            )
            .order_by(col(DeploymentRow.number).desc())
            .limit(most)
        )
        return tuple(map(from_row, found))

    def open(self, environment: str) -> tuple[Deployment, ...]:
        """Those that are not over, and those that succeeded and still have old slots; in the order of their numbers."""
        found = self._transaction.rows(
            ROWS.where(col(DeploymentRow.environment) == environment, col(DeploymentRow.is_open).is_(True)).order_by(
                col(DeploymentRow.number)
            )
        )
        return tuple(map(from_row, found))

    def all_live(self) -> Mapping[str, Deployment]:
        """Of each environment that has one."""
        is_live = and_(
            col(DeploymentRow.environment) == col(EnvironmentRow.name),
            col(DeploymentRow.number) == col(EnvironmentRow.live),
        )
        keys = select(*KEYS).select_from(EnvironmentRow).join(DeploymentRow, is_live)
        return {deployment.environment: deployment for deployment in self._by_keys(keys)}

    def all_open(self) -> Mapping[str, tuple[Deployment, ...]]:
        """As `open`, of each environment that has any."""
        found: dict[str, list[Deployment]] = {}
        for deployment in sorted(self._by_keys(OPEN), key=lambda each: each.number):
            found.setdefault(deployment.environment, []).append(deployment)
        return {name: tuple(deployments) for name, deployments in found.items()}

    def _by_keys(self, keys: Executable) -> tuple[Deployment, ...]:
        """`keys` are KEYS of deployments."""
        return self._read(self._transaction.rows(keys))

    def _read(self, keys: Sequence[StoredRow]) -> tuple[Deployment, ...]:
        """In the same order; only those are read whose version nobody has read before."""
        remembered = self._transaction.remembered or Remembered()
        wanted = [(TABLE, row["id"], row["version"]) for row in keys]
        known = {key: remembered.get(key) for key in wanted}
        missing = [key[1] for key, value in known.items() if value is None]
        for first in range(0, len(missing), AT_ONCE):
            for row in self._transaction.rows(ROWS.where(col(DeploymentRow.id).in_(missing[first : first + AT_ONCE]))):
                key = (TABLE, row["id"], row["version"])
                known[key] = from_row(row)
                remembered.put(key, known[key])
        return tuple(value for value in known.values() if isinstance(value, Deployment))

    def counted(self) -> Mapping[tuple[str, Phase], int]:
        """How many there ever were of each environment in each phase: read off an index, in a tenth of a second for a
        million of them."""
        place, phase = col(DeploymentRow.environment), col(DeploymentRow.phase)
        found = self._transaction.rows(
            select(place, phase, func.count().label("count")).group_by(place, phase).order_by(place, phase)
        )
        return {(row["environment"], Phase(row["phase"])): row["count"] for row in found}

    def earlier(self, deployment: Deployment) -> Iterator[Deployment]:
        """Those whose versions were live before this one's, the last one first; each is read when it is asked for."""
        before = deployment.replaced
        while before is not None and (found := self.get(before)) is not None:
            yield found
            before = found.replaced

    def left_by(self, deployment: Deployment) -> Deployment | None:
        """The one whose version was live when it started; of one that has not begun, the one that is live now. None:
        there was none, or it is longer ago than rows tell."""
        if deployment.replaced is not None:
            return self.get(deployment.replaced)
        live = self.live(deployment.environment)
        if live is None or live.number == deployment.number:
            return None
        if not deployment.is_final:
            return live
        began = deployment.started_at or deployment.finished_at or deployment.created_at
        line = islice(chain((live,), self.earlier(live)), LONGEST_WALK)
        older = (one for one in line if one.number < deployment.number)
        return next((one for one in older if one.finished_at and one.finished_at <= began), None)

    def superseded_by(self, deployment: Deployment) -> tuple[Deployment, ...]:
        """Those whose place it took before they started, the newest first; of the last hundred at most."""
        found = self._transaction.rows(
            ROWS.where(
                col(DeploymentRow.environment) == deployment.environment,
                col(DeploymentRow.phase) == Phase.SUPERSEDED,
                col(DeploymentRow.number) < deployment.number,
            )
            .order_by(col(DeploymentRow.number).desc())
            .limit(MOST_SUPERSEDED)
        )
        return tuple(one for one in map(from_row, found) if one.reason.text.startswith(f"{deployment.id} "))

    def newest_of(self, revision: Revision) -> Deployment | None:
        """The newest deployment of this commit."""
        return self._one(
            ROWS.where(
                col(DeploymentRow.environment) == revision.environment,
                col(DeploymentRow.tree) == revision.commit.tree,
                col(DeploymentRow.sha) == revision.commit.sha,
            )
            .order_by(col(DeploymentRow.seq).desc())
            .limit(1)
        )

    def newest_of_commit(self, environment: str, sha: str) -> Deployment | None:
        """The same, by the commit's name alone."""
        tree = select(col(RevisionRow.tree)).where(
            col(RevisionRow.environment) == environment, col(RevisionRow.sha) == sha
        )
        is_it = (col(DeploymentRow.environment) == environment, col(DeploymentRow.tree) == tree.scalar_subquery())
        keys = (
            select(*KEYS).where(*is_it, col(DeploymentRow.sha) == sha).order_by(col(DeploymentRow.seq).desc()).limit(1)
        )
        return next(iter(self._by_keys(keys)), None)

    def origin(self, deployment: Deployment) -> int:
        """The number of the deployment whose revision it is: a rollback stands for what it brought back."""
        while deployment.back_to is not None and (before := self.get(deployment.back_to)) is not None:
            deployment = before
        return deployment.number

    def page(
        self, environment: str | None = None, phase: Phase | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page[Deployment]:
        """Newest first. `BadCursor` for a cursor that this never gave out."""
        wanted = select(*KEYS, col(DeploymentRow.seq)).where(col(DeploymentRow.seq) < position(TABLE, cursor))
        if environment is not None:
            wanted = wanted.where(col(DeploymentRow.environment) == environment)
        if phase is not None:
            wanted = wanted.where(col(DeploymentRow.phase) == phase)
        keys = self._transaction.rows(wanted.order_by(col(DeploymentRow.seq).desc()).limit(limit + 1))
        found = {deployment.id: deployment for deployment in self._read(keys)}
        return page(TABLE, [(row["seq"], found[row["id"]]) for row in keys], limit)

    def promoted(self, environment: str, tree: str, service: str) -> str | None:
        """`repository@digest` of the newest deployment that succeeded there with a commit of this git tree, or of one
        that differs from it only in what the environment ignores."""
        found = self._transaction.rows(
            ROWS.where(
                col(DeploymentRow.environment) == environment,
                col(DeploymentRow.tree).in_(self.same_trees(environment, tree)),
                col(DeploymentRow.phase) == Phase.SUCCEEDED,
            ).order_by(col(DeploymentRow.seq).desc())
        )
        pinned = (from_row(row).revision.images or {} for row in found)
        return next((images[service] for images in pinned if service in images), None)

    def same_trees(self, environment: str, tree: str) -> set[str]:
        """The tree, the one that it counts as, and all that count as the same."""
        is_here, own, other = col(Ignored.environment) == environment, col(Ignored.tree), col(Ignored.same_as)
        stands_for = {row["same_as"] for row in self._transaction.rows(select(other).where(is_here, own == tree))}
        first = stands_for | {tree}
        return first | {row["tree"] for row in self._transaction.rows(select(own).where(is_here, other.in_(first)))}

    def _one(self, statement: Select[Any]) -> Deployment | None:
        row = self._transaction.row(statement)
        return None if row is None else from_row(row)
