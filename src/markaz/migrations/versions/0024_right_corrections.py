"""Which request of a person a desk's task to correct comes from, so that the desk can read what is wrong.

It goes with the request or the task, whichever ends first.
"""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.execute(
        "CREATE TABLE right_corrections (task_id uuid PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE, "
        "request_id uuid NOT NULL REFERENCES right_requests (id) ON DELETE CASCADE)"
    )
    op.execute("CREATE INDEX right_corrections_request ON right_corrections (request_id)")
    op.execute("GRANT SELECT, INSERT ON right_corrections TO markaz_app")


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
