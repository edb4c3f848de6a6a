"""An order that arrives twice under one key is one order."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("key", sa.Text(), nullable=True))
    op.create_index("orders_once", "orders", ["key"], unique=True)


def downgrade() -> None:
    op.drop_index("orders_once", "orders")
    op.drop_column("orders", "key")
