"""What was recommended for an incident, what was taken and what was overridden; backup asked for; units withdrawn.

A decision holds ids, codes and whole minutes: no position and no distance, so that it is no history of movements.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE dispatch_decisions (
    id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents (id),
    at timestamptz NOT NULL,
    by_id uuid NOT NULL,
    considered integer,
    recommended jsonb,
    taken uuid[] NOT NULL CHECK (cardinality(taken) > 0),
    overridden uuid[] NOT NULL DEFAULT '{}',
    override_reason text,
    CHECK ((considered IS NULL) = (recommended IS NULL))
);
CREATE INDEX dispatch_decisions_incident ON dispatch_decisions (incident_id, at);
GRANT SELECT, INSERT ON dispatch_decisions TO markaz_app;
ALTER TABLE incidents
    ADD COLUMN backup_asked_at timestamptz,
    ADD COLUMN backup_by uuid,
    ADD COLUMN backup_count smallint CHECK (backup_count BETWEEN 1 AND 20),
    ADD COLUMN backup_kind text,
    ADD CHECK ((backup_asked_at IS NULL) = (backup_by IS NULL)),
    ADD CHECK ((backup_asked_at IS NULL) = (backup_count IS NULL)),
    ADD CHECK (backup_kind IS NULL OR backup_asked_at IS NOT NULL);
ALTER TABLE assignments
    ADD COLUMN withdrawn_at timestamptz,
    ADD COLUMN withdrawn_reason text,
    ADD CHECK ((withdrawn_at IS NULL) = (withdrawn_reason IS NULL)),
    ADD CHECK (withdrawn_at IS NULL OR NOT is_current);
"""


def upgrade() -> None:
    """Create the tables and say what the application role may do with them."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
