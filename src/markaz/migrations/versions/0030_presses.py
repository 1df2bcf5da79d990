"""A further press of an emergency is counted, and an acknowledgement is of one press: what came after it, it does not silence."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Count the presses; what was acknowledged before was of the first."""
    op.execute("ALTER TABLE alarms ADD COLUMN presses integer NOT NULL DEFAULT 1 CHECK (presses > 0)")
    op.execute(
        "ALTER TABLE acknowledgements ADD COLUMN press integer NOT NULL DEFAULT 1, "
        "DROP CONSTRAINT acknowledgements_pkey, ADD PRIMARY KEY (alarm_id, account_id, press)"
    )


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
