"""The audit is searched by who, by what, and by when."""

from alembic import op

from migrations import beside

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INDEXES = {
    "audit_of_actor": ["actor", "seq"],
    "audit_of_event": ["event", "seq"],
    "audit_of_time": ["at", "seq"],
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        beside.make_index(name, "audit", columns)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "audit")
