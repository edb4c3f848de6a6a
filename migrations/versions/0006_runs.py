"""What a service's `before` did: once for each service, image and command."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ONCE = sa.text("state IN ('started', 'succeeded')")


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("seq", SERIAL, primary_key=True, nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), sa.ForeignKey("environments.name"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("image", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("body_version", sa.Integer(), nullable=False),
        sa.UniqueConstraint("token", name="runs_token"),
    )
    op.create_index("runs_of_environment", "runs", ["environment", "number"])
    op.create_index(
        "runs_once",
        "runs",
        ["environment", "service", "image", "command"],
        unique=True,
        sqlite_where=ONCE,
        postgresql_where=ONCE,
    )


def downgrade() -> None:
    op.drop_table("runs")
