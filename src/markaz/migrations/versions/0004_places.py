"""The gazetteer: streets, crossings, house numbers, landmarks and neighbourhoods by which a place is found."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = """
"""


def upgrade() -> None:
    """Create the tables and say what the application role may do with them."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
