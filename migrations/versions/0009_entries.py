"""Sessions, tokens of people and programs, personal links, whose Slack account is whose, and what was told there."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TIME = sa.String(27).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("digest", sa.Text(), primary_key=True, nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("began_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
    )
    op.create_index("sessions_of_person", "sessions", ["person", "began_at"])
    op.create_index("sessions_over", "sessions", ["expires_at"])
    op.create_table(
        "tokens",
        sa.Column("id", SERIAL, primary_key=True, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=True),
        sa.Column("login", sa.Text(), nullable=True),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        sa.Column("used_at", TIME, nullable=True),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.UniqueConstraint("digest", name="tokens_digest"),
    )
    op.create_table(
        "links",
        sa.Column("digest", sa.Text(), primary_key=True, nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("deployment", sa.Text(), sa.ForeignKey("deployments.id"), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
    )
    op.create_index("links_over", "links", ["expires_at"])
    op.create_table(
        "identities",
        sa.Column("team", sa.Text(), primary_key=True, nullable=False),
        sa.Column("slack", sa.Text(), primary_key=True, nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("tied_at", TIME, nullable=False),
        sa.UniqueConstraint("team", "person", name="identities_person"),
    )
    op.create_table(
        "tellings",
        sa.Column("teller", sa.Text(), primary_key=True, nullable=False),
        sa.Column("subject", sa.Text(), primary_key=True, nullable=False),
        sa.Column("at", sa.Text(), primary_key=True, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("told_at", TIME, nullable=False),
    )
    op.create_table(
        "codes",
        sa.Column("digest", sa.Text(), primary_key=True, nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
    )
    op.create_index("codes_over", "codes", ["expires_at"])
    op.create_table(
        "interactions",
        sa.Column("digest", sa.Text(), primary_key=True, nullable=False),
        sa.Column("taken_at", TIME, nullable=False),
    )
    op.create_index("interactions_of_time", "interactions", ["taken_at"])


def downgrade() -> None:
    for table in ("interactions", "codes", "tellings", "identities", "links", "tokens", "sessions"):
        op.drop_table(table)
