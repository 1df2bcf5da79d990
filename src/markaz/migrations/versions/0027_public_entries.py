"""Entries that say something to everybody are found without reading the whole log: they are few among millions."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index the leaves whose public part is not empty (the last bytes of a canonical leaf say so)."""
    op.execute(  # the backslash keeps the colon from being read as a parameter
        r"""CREATE INDEX log_leaves_public ON log_leaves (index) WHERE body NOT LIKE '%"public":{},"v"\:1}'::bytea"""
    )


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
