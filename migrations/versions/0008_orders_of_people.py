"""Orders know which person gave them, and through which door."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("person", sa.BigInteger(), nullable=True))
    op.add_column("orders", sa.Column("via", sa.Text(), nullable=False, server_default="api"))


def downgrade() -> None:
    op.drop_column("orders", "via")
    op.drop_column("orders", "person")
