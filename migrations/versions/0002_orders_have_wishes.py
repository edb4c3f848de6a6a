"""Orders say more than their kind: back to which deployment, which commit, which service, for how long.

Rows from before wished for nothing, and a Tidegate from before goes on writing rows without a wish: the default stays.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("orders") as orders:
        orders.add_column(sa.Column("wish", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    with op.batch_alter_table("orders") as orders:
        orders.drop_column("wish")
