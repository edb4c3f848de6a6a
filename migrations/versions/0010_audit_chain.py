"""The audit becomes a chain: each entry has a position and a link, and one row says where the chain ends.

Links are made with a key, which no migration knows. So entries that are there stay without one, and the first entry
that is written from now on speaks for all of them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TIME = sa.String(27).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

REFUSE = "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
BY_SEQ = "NEW.seq IN (SELECT seq FROM audit)"
BY_POSITION = "NEW.position IN (SELECT position FROM audit)"
SQLITE_APPEND_ONLY = (
    f"CREATE TRIGGER anchors_refuses_update BEFORE UPDATE ON anchors {REFUSE}",
    f"CREATE TRIGGER anchors_refuses_delete BEFORE DELETE ON anchors {REFUSE}",
)
POSTGRES_APPEND_ONLY = (
    """
    CREATE TRIGGER anchors_refuses_change BEFORE UPDATE OR DELETE ON anchors
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()
    """,
    """
    CREATE TRIGGER anchors_refuses_truncate BEFORE TRUNCATE ON anchors
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()
    """,
)


def upgrade() -> None:
    op.add_column("audit", sa.Column("position", sa.BigInteger()))
    op.add_column("audit", sa.Column("key", sa.Text()))
    op.add_column("audit", sa.Column("link", sa.Text()))
    op.create_index("audit_in_order", "audit", ["position"], unique=True)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("seal", sa.Text(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "anchors",
        sa.Column("seq", SERIAL, primary_key=True, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.UniqueConstraint("position", "link", name="anchors_once"),
    )
    if is_postgres():
        for statement in POSTGRES_APPEND_ONLY:
            op.execute(statement)
        return
    for statement in SQLITE_APPEND_ONLY:
        op.execute(statement)
    # INSERT OR REPLACE deletes what has the same position as well, without asking any other trigger.
    refuse_replacing(f"{BY_SEQ} OR {BY_POSITION}")


def downgrade() -> None:
    op.drop_table("anchors")
    op.drop_table("audit_head")
    if not is_postgres():
        refuse_replacing(BY_SEQ)
    op.drop_index("audit_in_order", "audit")
    for column in ("link", "key", "position"):
        op.drop_column("audit", column)


def is_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def refuse_replacing(when: str) -> None:
    op.execute("DROP TRIGGER audit_refuses_replace")
    op.execute(f"CREATE TRIGGER audit_refuses_replace BEFORE INSERT ON audit WHEN {when} {REFUSE}")
