"""Taking calls: further calls of one incident, later details of a caller, hazard notes, and forms not finished."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Calls stay as they were taken: the application role may add to them and read them, no more.
TABLES = """
ALTER TABLE incidents ADD COLUMN call_count integer NOT NULL DEFAULT 1 CHECK (call_count >= 1);
ALTER TABLE calls
    ADD COLUMN is_first boolean NOT NULL DEFAULT true,
    ADD COLUMN by_id uuid,
    ADD COLUMN entered_via text NOT NULL DEFAULT 'console' CHECK (entered_via IN ('console','radio','paper')),
    ADD COLUMN reference text CHECK (length(reference) <= 40),
    ADD COLUMN safe_contact text[] NOT NULL DEFAULT '{}';
CREATE INDEX calls_sealed ON calls (sealed_id) WHERE sealed_id IS NOT NULL;
CREATE TABLE call_details (
    id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents (id),
    at timestamptz NOT NULL,
    by_id uuid NOT NULL,
    sealed_id uuid NOT NULL
);
CREATE INDEX call_details_incident ON call_details (incident_id);
CREATE INDEX call_details_sealed ON call_details (sealed_id);
GRANT SELECT, INSERT ON call_details TO markaz_app;
CREATE TABLE hazard_notes (
    id uuid PRIMARY KEY,
    territory_id integer NOT NULL,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    radius_m real NOT NULL CHECK (radius_m > 0 AND radius_m <= 100),
    source text NOT NULL,
    ground text NOT NULL,
    sealed_id uuid NOT NULL,
    written_by uuid NOT NULL,
    written_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > written_at AND expires_at <= written_at + interval '184 days'),
    withdrawn_by uuid,
    withdrawn_at timestamptz,
    is_erased boolean NOT NULL DEFAULT false,
    CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL))
);
CREATE INDEX hazard_notes_place ON hazard_notes (lat, lon);
CREATE INDEX hazard_notes_ended ON hazard_notes (expires_at) WHERE NOT is_erased;
GRANT SELECT, INSERT, UPDATE ON hazard_notes TO markaz_app;
CREATE TABLE call_drafts (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    sealed_id uuid NOT NULL,
    started_at timestamptz NOT NULL,
    saved_at timestamptz NOT NULL
);
CREATE INDEX call_drafts_account ON call_drafts (account_id);
CREATE INDEX call_drafts_age ON call_drafts (saved_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON call_drafts TO markaz_app;
"""


def upgrade() -> None:
    """Create the tables and say what the application role may do with them."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
