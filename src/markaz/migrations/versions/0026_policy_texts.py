"""The text of each version of the policies, by its hash: an audit pack holds those of its period."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE policy_texts (
    policy_hash text NOT NULL,
    name text NOT NULL,
    content text NOT NULL,
    kept_at timestamptz NOT NULL,
    PRIMARY KEY (policy_hash, name)
)
"""


def upgrade() -> None:
    """Create the table; the application adds to it and changes nothing in it."""
    op.execute(TABLE)
    op.execute("GRANT SELECT, INSERT ON policy_texts TO markaz_app")


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
