"""A restriction stands by its own request: two may stand over one record, and lifting one leaves the other."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let each request restrict a record once. By record first, as every reader asks."""
    op.execute("DROP INDEX restrictions_standing")
    op.execute(
        "CREATE UNIQUE INDEX restrictions_standing ON restrictions (sealed_id, request_id) WHERE lifted_at IS NULL"
    )


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
