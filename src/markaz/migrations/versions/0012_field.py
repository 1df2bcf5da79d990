"""What the phone of a unit has reported, once each."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE field_reports (
    account_id uuid NOT NULL REFERENCES accounts (id),
    key uuid NOT NULL,
    unit_id uuid NOT NULL REFERENCES units (id),
    received_at timestamptz NOT NULL,
    result jsonb,
    PRIMARY KEY (account_id, key)
);
CREATE INDEX field_reports_age ON field_reports (received_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON field_reports TO markaz_app;
"""


def upgrade() -> None:
    """Create the tables and say what the application role may do with them."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
