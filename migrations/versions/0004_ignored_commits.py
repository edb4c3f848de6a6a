"""Commits that changed only what their environment ignores, so that their trees count as the one that was deployed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ignored_commits",
        sa.Column("environment", sa.Text(), sa.ForeignKey("environments.name"), primary_key=True),
        sa.Column("sha", sa.Text(), primary_key=True),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("same_as", sa.Text(), nullable=False),
    )
    op.create_index("ignored_commits_of_tree", "ignored_commits", ["environment", "tree"])
    op.create_index("ignored_commits_same_as", "ignored_commits", ["environment", "same_as"])


def downgrade() -> None:
    op.drop_table("ignored_commits")
