"""Deployments have a summary for lists, and terms that they are found by. Old rows get theirs from the running loop."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deployments", sa.Column("summary", sa.JSON(), nullable=True))
    op.add_column("deployments", sa.Column("summarized", sa.Integer(), nullable=False, server_default="-1"))
    op.create_table(
        "terms",
        sa.Column("term", sa.Text(), primary_key=True, nullable=False),
        sa.Column("block", sa.BigInteger(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("rows", sa.Text(), nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("terms")
    op.drop_column("deployments", "summarized")
    op.drop_column("deployments", "summary")
