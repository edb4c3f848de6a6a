"""What deployments bring, how far environments are behind, and the figures of delivery."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TIME = sa.String(27).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "contents",
        sa.Column("seq", SERIAL, primary_key=True, nullable=False),
        sa.Column("deployment", sa.Text(), sa.ForeignKey("deployments.id"), nullable=False),
        sa.Column("environment", sa.Text(), sa.ForeignKey("environments.name"), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("is_counted", sa.Boolean(), nullable=False),
        sa.Column("left", sa.Text(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("body_version", sa.Integer(), nullable=False),
        sa.UniqueConstraint("deployment", name="contents_deployment"),
    )
    op.create_index("contents_due", "contents", ["due_at", "seq"])
    op.create_index("contents_uncounted", "contents", ["is_counted", "seq"])
    op.create_index("contents_left", "contents", ["left"])
    op.create_table(
        "distances",
        sa.Column("environment", sa.Text(), sa.ForeignKey("environments.name"), primary_key=True, nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=True),
        sa.Column("before_sha", sa.Text(), nullable=True),
        sa.Column("ahead", sa.Integer(), nullable=True),
        sa.Column("behind", sa.Integer(), nullable=True),
        sa.Column("asked_at", TIME, nullable=False),
    )
    op.create_table(
        "delivery_facts",
        sa.Column("seq", SERIAL, primary_key=True, nullable=False),
        sa.Column("deployment", sa.Text(), sa.ForeignKey("deployments.id"), nullable=False),
        sa.Column("environment", sa.Text(), sa.ForeignKey("environments.name"), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("harmed", sa.Boolean(), nullable=False),
        sa.Column("restored_seconds", sa.Integer(), nullable=True),
        sa.Column("has_leads", sa.Boolean(), nullable=False),
        sa.Column("leads", sa.JSON(), nullable=False),
        sa.UniqueConstraint("deployment", "service", name="delivery_facts_once"),
    )
    op.create_index("delivery_facts_of_environment", "delivery_facts", ["environment", "service", "finished_at"])
    op.create_index("delivery_facts_of_service", "delivery_facts", ["service", "finished_at"])
    op.create_table(
        "delivery_weeks",
        sa.Column("environment", sa.Text(), sa.ForeignKey("environments.name"), primary_key=True, nullable=False),
        sa.Column("service", sa.Text(), primary_key=True, nullable=False),
        sa.Column("week", sa.Text(), primary_key=True, nullable=False),
        sa.Column("is_stale", sa.Boolean(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("body_version", sa.Integer(), nullable=False),
    )
    op.create_index("delivery_weeks_of_service", "delivery_weeks", ["service", "week"])
    op.create_index("delivery_weeks_stale", "delivery_weeks", ["is_stale"])


def downgrade() -> None:
    for table in ("delivery_weeks", "delivery_facts", "distances", "contents"):
        op.drop_table(table)
