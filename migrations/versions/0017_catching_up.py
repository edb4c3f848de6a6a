"""Catching up with what was before is quick, leaves what nobody can read aside, and knows how much is left."""

import sqlalchemy as sa
from alembic import op

from migrations import beside

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

INDEXES = {
    "deployments_stale": ("deployments", ["seq"], "summarized <> version AND set_aside <> version"),
    "deployments_set_aside": ("deployments", ["seq"], "set_aside = version"),
    "deployments_in_phase_by_number": ("deployments", ["environment", "phase", "number"], None),
    "proposals_to_look_at": ("proposals", ["due_at", "repository", "number"], "due_at IS NOT NULL"),
    "proposals_open": ("proposals", ["repository", "number"], "is_open"),
    "contents_to_ask": ("contents", ["seq"], "due_at IS NOT NULL AND NOT is_set_aside"),
    "contents_to_count": ("contents", ["seq"], "NOT is_counted AND NOT is_set_aside"),
    "contents_set_aside": ("contents", ["seq"], "is_set_aside"),
    "delivery_weeks_to_sum_up": ("delivery_weeks", ["week"], "is_stale"),
    "delivery_facts_unrestored": (
        *("delivery_facts", ["environment", "service", "finished_at"]),
        "harmed AND restored_seconds IS NULL",
    ),
}
REPLACED = {
    "proposals_due": ("proposals", ["due_at", "repository", "number"]),
    "contents_due": ("contents", ["due_at", "seq"]),
    "contents_uncounted": ("contents", ["is_counted", "seq"]),
    "delivery_weeks_stale": ("delivery_weeks", ["is_stale"]),
}


def upgrade() -> None:
    beside.add_column("deployments", sa.Column("set_aside", sa.Integer(), nullable=False, server_default="-1"))
    beside.add_column("contents", sa.Column("is_set_aside", sa.Boolean(), nullable=False, server_default=sa.false()))
    # Deployments from before have contents as well, so that their figures are counted. GitHub is asked about none of
    # them: there may be a million.
    beside.put_in(
        "INSERT INTO contents (deployment, environment, asked, attempts, is_counted, body, body_version)"
        " SELECT id, environment, 0, 0, false, '{}', 1",
        *("deployments", "deployment"),
    )
    for name, (table, columns, where) in INDEXES.items():
        beside.make_index(name, table, columns, where)
    for name, (table, _) in REPLACED.items():
        beside.drop_index(name, table)
    beside.drop_index("deployments_unsummarized", "deployments")


def downgrade() -> None:
    for name, (table, columns) in REPLACED.items():
        op.create_index(name, table, columns)
    for name, (table, _, _) in INDEXES.items():
        op.drop_index(name, table)
    op.drop_column("contents", "is_set_aside")
    op.drop_column("deployments", "set_aside")
