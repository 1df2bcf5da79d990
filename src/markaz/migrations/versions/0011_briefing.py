"""Handovers and daily summaries.

A summary is never changed: a further one of the same day is a further version. The index finds the incidents of a day
in the event log itself, so that a past summary is counted from what was known then.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = """
CREATE INDEX events_received
    ON events ((coalesce(payload #>> '{view,received,at}', payload ->> 'received')) COLLATE "C")
    WHERE type IN ('incident.opened/1', 'incident.imported/1');

CREATE TABLE summaries (
    id uuid PRIMARY KEY,
    territory_id integer NOT NULL,
    day date NOT NULL,
    version integer NOT NULL,
    made_at timestamptz NOT NULL,
    made_by uuid NOT NULL REFERENCES accounts (id),
    as_of_seq bigint NOT NULL,
    inputs jsonb NOT NULL,
    content jsonb NOT NULL,
    UNIQUE (territory_id, day, version)
);
CREATE INDEX summaries_day ON summaries (day DESC);
CREATE TABLE summary_incidents (
    summary_id uuid NOT NULL REFERENCES summaries (id),
    ordinal smallint NOT NULL,
    incident_id uuid NOT NULL REFERENCES incidents (id),
    sealed_id uuid,
    PRIMARY KEY (summary_id, ordinal),
    UNIQUE (summary_id, incident_id)
);
CREATE INDEX summary_incidents_incident ON summary_incidents (incident_id);

CREATE TABLE handovers (
    id uuid PRIMARY KEY,
    territory_id integer NOT NULL,
    shift text NOT NULL CHECK (shift IN ('day','night','other')),
    state text NOT NULL CHECK (state IN ('offered','accepted','withdrawn')),
    from_account uuid NOT NULL REFERENCES accounts (id),
    to_account uuid REFERENCES accounts (id) CHECK (to_account <> from_account),
    signed_out_at timestamptz NOT NULL,
    signed_in_at timestamptz,
    withdrawn_at timestamptz,
    as_of_seq bigint NOT NULL,
    CHECK ((state = 'accepted') = (signed_in_at IS NOT NULL)),
    CHECK (signed_in_at IS NULL OR to_account IS NOT NULL)
);
CREATE UNIQUE INDEX handovers_offered ON handovers (from_account) WHERE state = 'offered';
CREATE INDEX handovers_territory ON handovers (territory_id, signed_out_at DESC);
CREATE TABLE handover_items (
    id uuid PRIMARY KEY,
    handover_id uuid NOT NULL REFERENCES handovers (id),
    ordinal smallint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('open_incident','overdue_incident','held_incident','missing_person',
        'person_held','protection_order','weapons','keys','fault','note')),
    incident_id uuid REFERENCES incidents (id),
    incident_version integer,
    count integer CHECK (count BETWEEN 0 AND 100000),
    since timestamptz,
    sealed_id uuid,
    is_late boolean NOT NULL DEFAULT false,
    acknowledged_at timestamptz,
    acknowledged_by uuid REFERENCES accounts (id),
    remark_id uuid,
    UNIQUE (handover_id, ordinal),
    CHECK ((incident_id IS NULL) = (incident_version IS NULL)),
    CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
);
CREATE UNIQUE INDEX handover_items_incident ON handover_items (handover_id, incident_id);
CREATE INDEX handover_items_of ON handover_items (incident_id);

GRANT SELECT, INSERT ON summaries, summary_incidents TO markaz_app;
GRANT SELECT, INSERT, UPDATE ON handovers, handover_items TO markaz_app;
"""


def upgrade() -> None:
    """Create the tables and say what the application role may do with them."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
