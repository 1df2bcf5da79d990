"""Looks at handovers and summaries, found by when they were: "who looked at me?" asks which of them told of an incident."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index those entries. Which incidents one tells of stands in its details, which no index serves behind row policies."""
    op.execute("CREATE INDEX audit_entries_papers ON audit_entries (at) WHERE record_kind IN ('handover', 'summary')")


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
