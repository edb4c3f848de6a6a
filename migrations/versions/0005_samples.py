"""What CloudWatch counted of each slot while a deployment was watched, minute by minute."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TIME = sa.String(27).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "samples",
        sa.Column("seq", SERIAL, primary_key=True, nullable=False),
        sa.Column("environment", sa.Text(), sa.ForeignKey("environments.name"), nullable=False),
        sa.Column("deployment", sa.Text(), sa.ForeignKey("deployments.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("bound", sa.Float(53), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.UniqueConstraint("deployment", "service", "metric", "slot", "at", name="samples_once"),
    )
    op.create_index("samples_of_deployment", "samples", ["deployment", "seq"])
    op.create_index("samples_of_environment", "samples", ["environment", "number"])


def downgrade() -> None:
    op.drop_table("samples")
