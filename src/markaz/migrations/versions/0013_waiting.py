"""When a hold began, and from when the clock of an incident counts that was held."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE incidents
    ADD COLUMN held_since timestamptz,
    ADD COLUMN waits_from timestamptz
"""


def upgrade() -> None:
    """Add the columns. Holds that run now have no beginning: nothing is credited for them."""
    op.execute(COLUMNS)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
