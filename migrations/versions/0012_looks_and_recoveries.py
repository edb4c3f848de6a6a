"""Who looked after an environment last, and which deliveries came only after they had been asked for again."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TIME = sa.String(27).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
RECOVERED = sa.text("recovered_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("environments", sa.Column("looked_by", sa.Text()))
    op.add_column("environments", sa.Column("looked_at", TIME))
    op.add_column("deliveries", sa.Column("recovered_at", TIME))
    op.create_index("deliveries_of_source", "deliveries", ["source", "seq"])
    op.create_index(
        "deliveries_recovered",
        "deliveries",
        ["recovered_at"],
        sqlite_where=RECOVERED,
        postgresql_where=RECOVERED,
    )


def downgrade() -> None:
    op.drop_index("deliveries_recovered", "deliveries")
    op.drop_index("deliveries_of_source", "deliveries")
    op.drop_column("deliveries", "recovered_at")
    op.drop_column("environments", "looked_at")
    op.drop_column("environments", "looked_by")
