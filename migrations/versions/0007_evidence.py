"""What was known of each failure, written down before AWS forgets it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TIME = sa.String(27).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "evidence",
        sa.Column("seq", SERIAL, primary_key=True, nullable=False),
        sa.Column("environment", sa.Text(), sa.ForeignKey("environments.name"), nullable=False),
        sa.Column("deployment", sa.Text(), sa.ForeignKey("deployments.id"), nullable=False),
        sa.Column("about", sa.Text(), sa.ForeignKey("deployments.id"), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("gathered_at", TIME, nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("body_version", sa.Integer(), nullable=False),
        sa.UniqueConstraint("deployment", "step", name="evidence_once"),
    )
    op.create_index("evidence_about", "evidence", ["about", "seq"])


def downgrade() -> None:
    op.drop_table("evidence")
