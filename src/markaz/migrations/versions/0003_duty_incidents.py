"""What an incident of the duty desk holds beyond the spine: owner, held, confidence of its place, safe contact."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE incidents
    ADD COLUMN owner_id uuid,
    ADD COLUMN held_until timestamptz,
    ADD COLUMN held_reason text,
    ADD COLUMN place_label text,
    ADD COLUMN place_confidence text NOT NULL DEFAULT 'unknown'
        CHECK (place_confidence IN ('exact','street','area','phone','unknown')),
    ADD COLUMN place_accuracy_m real,
    ADD COLUMN is_covert boolean NOT NULL DEFAULT false,
    ADD COLUMN safe_contact text[] NOT NULL DEFAULT '{}',
    ADD COLUMN entered_via text NOT NULL DEFAULT 'console' CHECK (entered_via IN ('console','radio','paper')),
    ADD COLUMN merged_into uuid REFERENCES incidents (id),
    ADD COLUMN report_number text,
    ADD COLUMN outcome_reason text,
    ADD CHECK ((held_until IS NULL) = (held_reason IS NULL));
CREATE INDEX incidents_owner ON incidents (owner_id) WHERE status = 'open';
CREATE INDEX incidents_place ON incidents (lat, lon, received_at) WHERE lat IS NOT NULL;
ALTER TABLE units
    ADD COLUMN skills text[] NOT NULL DEFAULT '{}',
    ADD COLUMN crew_size smallint NOT NULL DEFAULT 0 CHECK (crew_size BETWEEN 0 AND 50),
    ADD COLUMN status_reason text,
    ADD COLUMN home_territory_id integer,
    ADD COLUMN lent_until timestamptz,
    ADD CHECK ((home_territory_id IS NULL) = (lent_until IS NULL));
"""


def upgrade() -> None:
    """Add the columns; what the application role may do with the tables stays as it is."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
