"""The first tables.

Column types are spelled out rather than taken from `controller.store.columns`: a migration stays as it was written.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.String(27).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IN_FLIGHT = sa.text("phase IN ('running', 'rolling_back')")

TABLES = ("sightings", "timers", "outbox", "audit", "orders", "deliveries", "deployments", "revisions", "environments")
"""In the order in which they can be dropped: those that refer to others first."""

REFUSE = "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
SQLITE_APPEND_ONLY = (
    f"CREATE TRIGGER audit_refuses_update BEFORE UPDATE ON audit {REFUSE}",
    f"CREATE TRIGGER audit_refuses_delete BEFORE DELETE ON audit {REFUSE}",
    # INSERT OR REPLACE deletes without asking the trigger above.
    """
    CREATE TRIGGER audit_refuses_replace BEFORE INSERT ON audit WHEN NEW.seq IN (SELECT seq FROM audit)
    BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END
    """,
)
POSTGRES_APPEND_ONLY = (
    """
    CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the audit is append-only' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE TRIGGER audit_refuses_change BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()
    """,
    """
    CREATE TRIGGER audit_refuses_truncate BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()
    """,
)


def upgrade() -> None:
    make_environments()
    make_revisions()
    make_deployments()
    make_deliveries()
    make_orders()
    make_audit()
    make_outbox()
    make_timers()
    make_sightings()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    if is_postgres():
        op.execute("DROP FUNCTION audit_is_append_only()")


def is_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def make_environments() -> None:
    op.create_table(
        "environments",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("live", sa.Integer()),
        sa.Column("head_requested", sa.Integer(), nullable=False),
        sa.Column("head_seen", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("body_version", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.Text()),
        sa.Column("lease_previous", sa.Text()),
        sa.Column("lease_epoch", sa.Integer(), nullable=False),
        sa.Column("lease_expires_at", TIME),
    )


def make_revisions() -> None:
    op.create_table(
        "revisions",
        sa.Column("environment", sa.Text(), sa.ForeignKey("environments.name"), primary_key=True),
        sa.Column("sha", sa.Text(), primary_key=True),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("images", sa.JSON()),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("body_version", sa.Integer(), nullable=False),
    )


def make_deployments() -> None:
    op.create_table(
        "deployments",
        sa.Column("seq", SERIAL, primary_key=True),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("started_at", TIME),
        sa.Column("finished_at", TIME),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("undo", sa.JSON()),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("body_version", sa.Integer(), nullable=False),
        sa.UniqueConstraint("id", name="deployments_id"),
        sa.UniqueConstraint("environment", "number", name="deployments_number"),
        sa.ForeignKeyConstraint(["environment", "sha"], ["revisions.environment", "revisions.sha"]),
    )
    op.create_index("deployments_of_environment", "deployments", ["environment", "seq"])
    op.create_index("deployments_in_phase", "deployments", ["phase", "seq"])
    op.create_index("deployments_of_environment_in_phase", "deployments", ["environment", "phase", "seq"])
    op.create_index("deployments_open", "deployments", ["environment", "is_open", "number"])
    op.create_index("deployments_of_tree", "deployments", ["environment", "tree", "seq"])
    op.create_index(
        "deployments_one_in_flight",
        "deployments",
        ["environment"],
        unique=True,
        sqlite_where=IN_FLIGHT,
        postgresql_where=IN_FLIGHT,
    )


def make_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("seq", SERIAL, primary_key=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("action", sa.Text()),
        sa.Column("repository", sa.Text()),
        sa.Column("ref", sa.Text()),
        sa.Column("branch", sa.Text()),
        sa.Column("commit", sa.Text()),
        sa.Column("body_sha256", sa.Text(), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("settled_at", TIME),
        sa.UniqueConstraint("source", "id", name="deliveries_id"),
    )
    op.create_index("deliveries_in_state", "deliveries", ["state", "seq"])


def make_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", SERIAL, primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), sa.ForeignKey("environments.name"), nullable=False),
        sa.Column("deployment", sa.Text(), sa.ForeignKey("deployments.id")),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
    )
    op.create_index("orders_in_state", "orders", ["environment", "state", "id"])


def make_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", SERIAL, primary_key=True),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text()),
        sa.Column("deployment", sa.Text()),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
    )
    op.create_index("audit_of_environment", "audit", ["environment", "seq"])
    op.create_index("audit_of_deployment", "audit", ["deployment", "seq"])
    for statement in POSTGRES_APPEND_ONLY if is_postgres() else SQLITE_APPEND_ONLY:
        op.execute(statement)


def make_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("seq", SERIAL, primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("due_at", TIME),
        sa.Column("sent_at", TIME),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.UniqueConstraint("key", name="outbox_key"),
    )
    op.create_index("outbox_due", "outbox", ["due_at", "seq"])


def make_timers() -> None:
    op.create_table(
        "timers",
        sa.Column("environment", sa.Text(), sa.ForeignKey("environments.name"), primary_key=True),
        sa.Column("due_at", TIME, nullable=False),
    )
    op.create_index("timers_due", "timers", ["due_at", "environment"])


def make_sightings() -> None:
    op.create_table(
        "sightings",
        sa.Column("environment", sa.Text(), sa.ForeignKey("environments.name"), primary_key=True),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("body_version", sa.Integer(), nullable=False),
    )
