"""Clocks that ran out, emergencies, and who has acknowledged them for themselves."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# An alarm names its incident and unit without a foreign key: checking one would make the watcher wait for whoever works
# on that incident at this moment.
TABLES = """
CREATE TABLE territory_terrain (
    territory_id integer PRIMARY KEY REFERENCES territories (id),
    terrain text NOT NULL CHECK (terrain IN ('urban','rural','mountain'))
);
ALTER TABLE units ADD COLUMN last_word_at timestamptz;
CREATE TABLE alarms (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('unassigned','held_over','en_route','arrival','welfare','emergency')),
    cause text NOT NULL,
    incident_id uuid,
    unit_id uuid,
    territory_id integer NOT NULL,
    level text NOT NULL DEFAULT 'red' CHECK (level IN ('red','escalated')),
    due_at timestamptz,
    raised_at timestamptz NOT NULL,
    raised_by uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    escalated_at timestamptz,
    escalated_to integer,
    lon double precision,
    lat double precision,
    fix_at timestamptz,
    accuracy_m real,
    cleared_at timestamptz,
    cleared_by uuid,
    clear_reason text,
    CHECK ((level = 'escalated') = (escalated_at IS NOT NULL)),
    CHECK ((lon IS NULL) = (lat IS NULL) AND (lon IS NULL) = (fix_at IS NULL)),
    CHECK ((cleared_at IS NULL) = (cleared_by IS NULL) AND (cleared_at IS NULL) = (clear_reason IS NULL)),
    CHECK (kind = 'emergency' OR due_at IS NOT NULL)
);
CREATE UNIQUE INDEX alarms_cause ON alarms (cause) WHERE cleared_at IS NULL;
CREATE INDEX alarms_incident ON alarms (incident_id);
CREATE INDEX alarms_unit ON alarms (unit_id);
CREATE TABLE acknowledgements (
    alarm_id uuid NOT NULL REFERENCES alarms (id),
    account_id uuid NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (alarm_id, account_id)
);
GRANT SELECT, INSERT, UPDATE ON territory_terrain, alarms TO markaz_app;
GRANT SELECT, INSERT ON acknowledgements TO markaz_app;
"""


def upgrade() -> None:
    """Create the tables and say what the application role may do with them."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
