"""The tables. What can be asked for is a column with an index; the rest of a value is a versioned document.

`seq` numbers rows in the order in which they were written. Pages walk it, never a time: a clock may jump.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Float,
    ForeignKeyConstraint,
    Index,
    MetaData,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from controller.store.columns import DOCUMENT, SERIAL, Prose, UtcTime

ONCE = text("state IN ('started', 'succeeded')")
IN_FLIGHT = text("phase IN ('running', 'rolling_back')")
RECOVERED = text("recovered_at IS NOT NULL")
STALE = text("summarized <> version AND set_aside <> version")
SET_ASIDE = text("set_aside = version")
TO_ASK = text("due_at IS NOT NULL AND NOT is_set_aside")
TO_COUNT = text("NOT is_counted AND NOT is_set_aside")
NOT_COUNTED = text("is_set_aside")
TO_LOOK_AT = text("due_at IS NOT NULL")
OPEN = text("is_open")
TO_SUM_UP = text("is_stale")
UNRESTORED = text("harmed AND restored_seconds IS NULL")
Document = Mapping[str, Any]


class Row(SQLModel, registry=registry(metadata=MetaData())):
    """A table of the controller's. The registry is our own: other programs' tables never mix with ours."""


class EnvironmentRow(Row, table=True):
    """The lease's owner is None when it was given back; `lease_previous` is whoever held it at the last claim.

    `looked_by` is whoever has claimed it last, at `looked_at`: it stays when the lease is given back.
    `numbers_taken`: deployment numbers up to this one may have been given out by rows that a restore has lost.
    """

    __tablename__ = "environments"

    name: str = Field(primary_key=True, sa_type=Prose)
    version: int
    live: int | None = None
    head_requested: int
    head_seen: int
    body: Document = Field(sa_type=DOCUMENT)
    body_version: int
    lease_owner: str | None = Field(default=None, sa_type=Prose)
    lease_previous: str | None = Field(default=None, sa_type=Prose)
    lease_epoch: int
    lease_expires_at: datetime | None = Field(default=None, sa_type=UtcTime)
    numbers_taken: int = 0
    looked_by: str | None = Field(default=None, sa_type=Prose)
    looked_at: datetime | None = Field(default=None, sa_type=UtcTime)


class RevisionRow(Row, table=True):
    """`images` is None until the revision is sealed, and never changes afterwards."""

    __tablename__ = "revisions"

    environment: str = Field(primary_key=True, foreign_key="environments.name", sa_type=Prose)
    sha: str = Field(primary_key=True, sa_type=Prose)
    tree: str = Field(sa_type=Prose)
    recorded_at: datetime = Field(sa_type=UtcTime)
    images: Document | None = Field(default=None, sa_type=DOCUMENT)
    body: Document = Field(sa_type=DOCUMENT)
    body_version: int


class IgnoredCommitRow(Row, table=True):
    """A commit that changed only paths that its environment ignores: its tree counts as the tree `same_as`."""

    __tablename__ = "ignored_commits"
    __table_args__ = (
        Index("ignored_commits_of_tree", "environment", "tree"),
        Index("ignored_commits_same_as", "environment", "same_as"),
    )

    environment: str = Field(primary_key=True, foreign_key="environments.name", sa_type=Prose)
    sha: str = Field(primary_key=True, sa_type=Prose)
    tree: str = Field(sa_type=Prose)
    same_as: str = Field(sa_type=Prose)


class DeploymentRow(Row, table=True):
    """Steps and undo record are documents of their own beside the body: `SELECT steps, undo` tells an operator how
    far a
    deployment got and what going home means. They are not tables, because nobody ever asks for a step without its
    deployment, and one row is what compare-and-set protects.

    `summary` is what a list shows of it; `summarized` is the row's `version` of which the summary and the terms tell,
    -1 where there are none: rows of an older program, or that one has saved since. `set_aside` is the `version` of
    which nobody could read what it says, -1 where there is none.
    """

    __tablename__ = "deployments"
    __table_args__ = (
        UniqueConstraint("id", name="deployments_id"),
        UniqueConstraint("environment", "number", name="deployments_number"),
        ForeignKeyConstraint(["environment", "sha"], ["revisions.environment", "revisions.sha"]),
        Index("deployments_of_environment", "environment", "seq"),
        Index("deployments_in_phase", "phase", "seq"),
        Index("deployments_of_environment_in_phase", "environment", "phase", "seq"),
        Index("deployments_in_phase_by_number", "environment", "phase", "number"),
        Index("deployments_open", "environment", "is_open", "number"),
        Index("deployments_of_tree", "environment", "tree", "seq"),
        Index(
            "deployments_one_in_flight",
            "environment",
            unique=True,
            sqlite_where=IN_FLIGHT,
            postgresql_where=IN_FLIGHT,
        ),
        Index("deployments_stale", "seq", sqlite_where=STALE, postgresql_where=STALE),
        Index("deployments_set_aside", "seq", sqlite_where=SET_ASIDE, postgresql_where=SET_ASIDE),
    )

    seq: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    id: str = Field(sa_type=Prose)
    environment: str = Field(sa_type=Prose)
    number: int
    kind: str = Field(sa_type=Prose)
    phase: str = Field(sa_type=Prose)
    is_open: bool
    sha: str = Field(sa_type=Prose)
    tree: str = Field(sa_type=Prose)
    created_at: datetime = Field(sa_type=UtcTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcTime)
    version: int
    secret: str = Field(sa_type=Prose)
    steps: list[Document] = Field(sa_type=DOCUMENT)
    undo: Document | None = Field(default=None, sa_type=DOCUMENT)
    body: Document = Field(sa_type=DOCUMENT)
    body_version: int
    summary: Document | None = Field(default=None, sa_type=DOCUMENT)
    summarized: int = -1
    set_aside: int = -1


class TermRow(Row, table=True):
    """Which deployments have a term: those of the `block`th `postings.BLOCK` numbers of `seq`, packed into `rows`. All
    of it is made from them, and could be made again."""

    __tablename__ = "terms"
    __table_args__ = ({"sqlite_with_rowid": False},)

    term: str = Field(primary_key=True, sa_type=Prose)
    block: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    rows: str = Field(sa_type=Prose)


class DeliveryRow(Row, table=True):
    """`recovered_at`: when it came after its sender had been asked for it again; None of those that came by
    themselves."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("source", "id", name="deliveries_id"),
        Index("deliveries_in_state", "state", "seq"),
        Index("deliveries_of_source", "source", "seq"),
        Index("deliveries_recovered", "recovered_at", sqlite_where=RECOVERED, postgresql_where=RECOVERED),
    )

    seq: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    source: str = Field(sa_type=Prose)
    id: str = Field(sa_type=Prose)
    event: str = Field(sa_type=Prose)
    action: str | None = Field(default=None, sa_type=Prose)
    repository: str | None = Field(default=None, sa_type=Prose)
    ref: str | None = Field(default=None, sa_type=Prose)
    branch: str | None = Field(default=None, sa_type=Prose)
    commit: str | None = Field(default=None, sa_type=Prose)
    body_sha256: str = Field(sa_type=Prose)
    received_at: datetime = Field(sa_type=UtcTime)
    state: str = Field(sa_type=Prose)
    detail: str = Field(sa_type=Prose)
    settled_at: datetime | None = Field(default=None, sa_type=UtcTime)
    recovered_at: datetime | None = Field(default=None, sa_type=UtcTime)


class OrderRow(Row, table=True):
    """`person` is the number of the GitHub account that gave it, None where a program did; `actor` its login then.
    `key` names its giver too: two people's keys are two."""

    __tablename__ = "orders"
    __table_args__ = (
        Index("orders_in_state", "environment", "state", "id"),
        Index("orders_once", "key", unique=True),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    kind: str = Field(sa_type=Prose)
    environment: str = Field(foreign_key="environments.name", sa_type=Prose)
    deployment: str | None = Field(default=None, foreign_key="deployments.id", sa_type=Prose)
    reason: str = Field(sa_type=Prose)
    actor: str = Field(sa_type=Prose)
    created_at: datetime = Field(sa_type=UtcTime)
    wish: Document = Field(sa_type=DOCUMENT)
    state: str = Field(sa_type=Prose)
    outcome: str = Field(sa_type=Prose)
    person: int | None = Field(default=None, sa_type=BigInteger)
    via: str = Field(default="api", sa_type=Prose)
    key: str | None = Field(default=None, sa_type=Prose)


class AuditRow(Row, table=True):
    """Nothing here refers to another table: what was done stays written down whatever becomes of the rest.

    `position` has no holes, unlike `seq`; rows from before the chain began have none, and no `key` and `link`.
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index("audit_of_environment", "environment", "seq"),
        Index("audit_of_deployment", "deployment", "seq"),
        Index("audit_of_actor", "actor", "seq"),
        Index("audit_of_event", "event", "seq"),
        Index("audit_of_time", "at", "seq"),
        Index("audit_in_order", "position", unique=True),
    )

    seq: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    event: str = Field(sa_type=Prose)
    environment: str | None = Field(default=None, sa_type=Prose)
    deployment: str | None = Field(default=None, sa_type=Prose)
    actor: str = Field(sa_type=Prose)
    at: datetime = Field(sa_type=UtcTime)
    text: str = Field(sa_type=Prose)
    facts: Document = Field(sa_type=DOCUMENT)
    position: int | None = Field(default=None, sa_type=BigInteger)
    key: str | None = Field(default=None, sa_type=Prose)
    link: str | None = Field(default=None, sa_type=Prose)


class AuditHeadRow(Row, table=True):
    """Where the audit's chain ends: one row, which whoever writes into the audit locks. `ended` is the position of the
    newest entry after which an anchor is wanted at once."""

    __tablename__ = "audit_head"

    id: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs={"autoincrement": False})
    position: int = Field(sa_type=BigInteger)
    link: str = Field(sa_type=Prose)
    key: str = Field(sa_type=Prose)
    seal: str = Field(sa_type=Prose)
    ended: int = Field(sa_type=BigInteger)


class AnchorRow(Row, table=True):
    """An end of the chain that was told outside, in a log line."""

    __tablename__ = "anchors"
    __table_args__ = (UniqueConstraint("position", "link", name="anchors_once"),)

    seq: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    position: int = Field(sa_type=BigInteger)
    link: str = Field(sa_type=Prose)
    key: str = Field(sa_type=Prose)
    at: datetime = Field(sa_type=UtcTime)


class OutboxRow(Row, table=True):
    """A message waits while it has a `due_at`."""

    __tablename__ = "outbox"
    __table_args__ = (UniqueConstraint("key", name="outbox_key"), Index("outbox_due", "due_at", "seq"))

    seq: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    kind: str = Field(sa_type=Prose)
    key: str = Field(sa_type=Prose)
    body: Document = Field(sa_type=DOCUMENT)
    created_at: datetime = Field(sa_type=UtcTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcTime)
    attempts: int
    detail: str = Field(sa_type=Prose)


class TimerRow(Row, table=True):
    __tablename__ = "timers"
    __table_args__ = (Index("timers_due", "due_at", "environment"),)

    environment: str = Field(primary_key=True, foreign_key="environments.name", sa_type=Prose)
    due_at: datetime = Field(sa_type=UtcTime)


class SampleRow(Row, table=True):
    """What was counted of one slot in one minute, for pages that plot it. It belongs to a deployment, and is dropped
    with the samples of the deployments around it when enough newer ones have some."""

    __tablename__ = "samples"
    __table_args__ = (
        UniqueConstraint("deployment", "service", "metric", "slot", "at", name="samples_once"),
        Index("samples_of_deployment", "deployment", "seq"),
        Index("samples_of_environment", "environment", "number"),
    )

    seq: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    environment: str = Field(foreign_key="environments.name", sa_type=Prose)
    deployment: str = Field(foreign_key="deployments.id", sa_type=Prose)
    number: int
    service: str = Field(sa_type=Prose)
    metric: str = Field(sa_type=Prose)
    slot: str = Field(sa_type=Prose)
    at: datetime = Field(sa_type=UtcTime)
    value: float = Field(sa_type=Float(53))
    requests: int
    bound: float = Field(sa_type=Float(53))
    verdict: str = Field(sa_type=Prose)


class RunRow(Row, table=True):
    """What a service's `before` did, kept for ever. `command` is its digest: of one service, image and command there is
    at most one run that has succeeded or may still do so."""

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("token", name="runs_token"),
        Index("runs_of_environment", "environment", "number"),
        Index(
            "runs_once",
            *("environment", "service", "image", "command"),
            unique=True,
            sqlite_where=ONCE,
            postgresql_where=ONCE,
        ),
    )

    seq: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    token: str = Field(sa_type=Prose)
    environment: str = Field(foreign_key="environments.name", sa_type=Prose)
    number: int
    service: str = Field(sa_type=Prose)
    image: str = Field(sa_type=Prose)
    command: str = Field(sa_type=Prose)
    state: str = Field(sa_type=Prose)
    body: Document = Field(sa_type=DOCUMENT)
    body_version: int


class EvidenceRow(Row, table=True):
    """What was known of a failure, kept for ever and never changed. `about` is the deployment whose version went wrong:
    `deployment` itself, or the one that it leaves."""

    __tablename__ = "evidence"
    __table_args__ = (
        UniqueConstraint("deployment", "step", name="evidence_once"),
        Index("evidence_about", "about", "seq"),
    )

    seq: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    environment: str = Field(foreign_key="environments.name", sa_type=Prose)
    deployment: str = Field(foreign_key="deployments.id", sa_type=Prose)
    about: str = Field(foreign_key="deployments.id", sa_type=Prose)
    step: int
    gathered_at: datetime = Field(sa_type=UtcTime)
    body: Document = Field(sa_type=DOCUMENT)
    body_version: int


class SightingRow(Row, table=True):
    __tablename__ = "sightings"

    environment: str = Field(primary_key=True, foreign_key="environments.name", sa_type=Prose)
    seen_at: datetime = Field(sa_type=UtcTime)
    body: Document = Field(sa_type=DOCUMENT)
    body_version: int


class SessionRow(Row, table=True):
    """`digest` is of the session's id, which only its cookie holds."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index("sessions_of_person", "person", "began_at"),
        Index("sessions_over", "expires_at"),
    )

    digest: str = Field(primary_key=True, sa_type=Prose)
    person: int = Field(sa_type=BigInteger)
    login: str = Field(sa_type=Prose)
    began_at: datetime = Field(sa_type=UtcTime)
    seen_at: datetime = Field(sa_type=UtcTime)
    expires_at: datetime = Field(sa_type=UtcTime)


class TokenRow(Row, table=True):
    """`person` is None of a program's own."""

    __tablename__ = "tokens"
    __table_args__ = (UniqueConstraint("digest", name="tokens_digest"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    digest: str = Field(sa_type=Prose)
    name: str = Field(sa_type=Prose)
    role: str = Field(sa_type=Prose)
    person: int | None = Field(default=None, sa_type=BigInteger)
    login: str | None = Field(default=None, sa_type=Prose)
    made_by: str = Field(sa_type=Prose)
    made_at: datetime = Field(sa_type=UtcTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcTime)


class LinkRow(Row, table=True):
    __tablename__ = "links"
    __table_args__ = (Index("links_over", "expires_at"),)

    digest: str = Field(primary_key=True, sa_type=Prose)
    person: int = Field(sa_type=BigInteger)
    login: str = Field(sa_type=Prose)
    deployment: str = Field(foreign_key="deployments.id", sa_type=Prose)
    plan: str = Field(sa_type=Prose)
    expires_at: datetime = Field(sa_type=UtcTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcTime)


class IdentityRow(Row, table=True):
    """A Slack account that a person has tied to their GitHub account."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("team", "person", name="identities_person"),)

    team: str = Field(primary_key=True, sa_type=Prose)
    slack: str = Field(primary_key=True, sa_type=Prose)
    person: int = Field(sa_type=BigInteger)
    login: str = Field(sa_type=Prose)
    tied_at: datetime = Field(sa_type=UtcTime)


class TellingRow(Row, table=True):
    """Where something was told: `place` and `ts` as the teller knows them; `shown` marks what was told last."""

    __tablename__ = "tellings"

    teller: str = Field(primary_key=True, sa_type=Prose)
    subject: str = Field(primary_key=True, sa_type=Prose)
    at: str = Field(primary_key=True, sa_type=Prose)
    place: str = Field(sa_type=Prose)
    ts: str = Field(sa_type=Prose)
    shown: str = Field(sa_type=Prose)
    told_at: datetime = Field(sa_type=UtcTime)


class CodeRow(Row, table=True):
    """What a person types in Slack to say who they are. `digest` is of the code."""

    __tablename__ = "codes"
    __table_args__ = (Index("codes_over", "expires_at"),)

    digest: str = Field(primary_key=True, sa_type=Prose)
    person: int = Field(sa_type=BigInteger)
    login: str = Field(sa_type=Prose)
    expires_at: datetime = Field(sa_type=UtcTime)


class InteractionRow(Row, table=True):
    """A request of Slack's that was taken; it is not taken again while anybody could send it once more."""

    __tablename__ = "interactions"
    __table_args__ = (Index("interactions_of_time", "taken_at"),)

    digest: str = Field(primary_key=True, sa_type=Prose)
    taken_at: datetime = Field(sa_type=UtcTime)


class ProposalRow(Row, table=True):
    """A pull request to a branch that an environment follows. It is to be looked at while it has a `due_at`; `asked`
    counts the reasons. What was written about it, and what that went by, is in the body."""

    __tablename__ = "proposals"
    __table_args__ = (
        Index(
            "proposals_to_look_at",
            *("due_at", "repository", "number"),
            sqlite_where=TO_LOOK_AT,
            postgresql_where=TO_LOOK_AT,
        ),
        Index("proposals_open", "repository", "number", sqlite_where=OPEN, postgresql_where=OPEN),
    )

    repository: str = Field(primary_key=True, sa_type=Prose)
    number: int = Field(primary_key=True)
    base: str = Field(sa_type=Prose)
    head: str = Field(sa_type=Prose)
    is_open: bool
    asked: int
    attempts: int
    due_at: datetime | None = Field(default=None, sa_type=UtcTime)
    body: Document = Field(sa_type=DOCUMENT)
    body_version: int


class ContentsRow(Row, table=True):
    """What a deployment brings: one row each, from its first moment. GitHub is to be asked while it has a `due_at`.
    `is_counted`: its figures are among the `delivery_facts`, as they are now. `left`: (rollback) the deployment whose
    version it took the traffic from. `is_set_aside`: what is to be read for that can't be, and is not tried again until
    a controller starts."""

    __tablename__ = "contents"
    __table_args__ = (
        UniqueConstraint("deployment", name="contents_deployment"),
        Index("contents_to_ask", "seq", sqlite_where=TO_ASK, postgresql_where=TO_ASK),
        Index("contents_to_count", "seq", sqlite_where=TO_COUNT, postgresql_where=TO_COUNT),
        Index("contents_set_aside", "seq", sqlite_where=NOT_COUNTED, postgresql_where=NOT_COUNTED),
        Index("contents_left", "left"),
    )

    seq: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    deployment: str = Field(foreign_key="deployments.id", sa_type=Prose)
    environment: str = Field(foreign_key="environments.name", sa_type=Prose)
    asked: int = 0
    attempts: int = 0
    due_at: datetime | None = Field(default=None, sa_type=UtcTime)
    is_counted: bool = False
    is_set_aside: bool = False
    left: str | None = Field(default=None, sa_type=Prose)
    body: Document = Field(sa_type=DOCUMENT)
    body_version: int


class DistanceRow(Row, table=True):
    """How far an environment is behind the one that its versions come from: `ahead` commits are live in `before` only,
    `behind` in this one only; None where nobody could tell. It is of these two commits and no others."""

    __tablename__ = "distances"

    environment: str = Field(primary_key=True, foreign_key="environments.name", sa_type=Prose)
    before: str = Field(sa_type=Prose)
    sha: str | None = Field(default=None, sa_type=Prose)
    before_sha: str | None = Field(default=None, sa_type=Prose)
    ahead: int | None = None
    behind: int | None = None
    asked_at: datetime = Field(sa_type=UtcTime)


class DeliveryWeekRow(Row, table=True):
    """The facts of one week summed up, by its Monday: read instead of them, and made anew while it `is_stale`."""

    __tablename__ = "delivery_weeks"
    __table_args__ = (
        Index("delivery_weeks_of_service", "service", "week"),
        Index("delivery_weeks_to_sum_up", "week", sqlite_where=TO_SUM_UP, postgresql_where=TO_SUM_UP),
    )

    environment: str = Field(primary_key=True, foreign_key="environments.name", sa_type=Prose)
    service: str = Field(primary_key=True, sa_type=Prose)
    week: str = Field(primary_key=True, sa_type=Prose)
    is_stale: bool
    body: Document = Field(sa_type=DOCUMENT)
    body_version: int


class DeliveryFactRow(Row, table=True):
    """What one finished deployment says of how software is delivered, once for each service that it changed and once
    for all of it, where `service` is empty. `leads` are the spans of its changes, in seconds. Times are indexed, so
    that a question costs what it is about."""

    __tablename__ = "delivery_facts"
    __table_args__ = (
        UniqueConstraint("deployment", "service", name="delivery_facts_once"),
        Index("delivery_facts_of_environment", "environment", "service", "finished_at"),
        Index("delivery_facts_of_service", "service", "finished_at"),
        Index(
            "delivery_facts_unrestored",
            *("environment", "service", "finished_at"),
            sqlite_where=UNRESTORED,
            postgresql_where=UNRESTORED,
        ),
    )

    seq: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    deployment: str = Field(foreign_key="deployments.id", sa_type=Prose)
    environment: str = Field(foreign_key="environments.name", sa_type=Prose)
    service: str = Field(sa_type=Prose)
    started_at: datetime = Field(sa_type=UtcTime)
    finished_at: datetime = Field(sa_type=UtcTime)
    succeeded: bool
    failed: bool
    harmed: bool
    restored_seconds: int | None = None
    has_leads: bool
    leads: list[list[int | None]] = Field(sa_type=DOCUMENT)
