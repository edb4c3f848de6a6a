"""An environment remembers which deployment numbers may have been given out by rows that a restore has lost."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("environments", sa.Column("numbers_taken", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("environments", "numbers_taken")
