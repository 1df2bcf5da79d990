"""An unfinished call that has ended keeps its id for a day, without its words: a field saved too late finds it ended."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let a draft be without a sealed record."""
    op.execute("ALTER TABLE call_drafts ALTER COLUMN sealed_id DROP NOT NULL")


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
