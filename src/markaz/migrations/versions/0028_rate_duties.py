"""Which task says that the misuse rate of a quarter must be published, and by when: anybody may ask what is not published yet."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; a quarter has one such task, which its publication closes."""
    op.execute(
        "CREATE TABLE rate_duties (quarter text PRIMARY KEY CHECK (quarter ~ '^[0-9]{4}-Q[1-4]$'), "
        "task_id uuid NOT NULL UNIQUE REFERENCES tasks (id) ON DELETE CASCADE, due_at timestamptz NOT NULL)"
    )
    op.execute("GRANT SELECT, INSERT ON rate_duties TO markaz_app")


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
