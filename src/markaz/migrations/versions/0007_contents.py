"""What an incident holds: parties, vehicles, attachments, links, and which posts it is closed to.

No table here has an index by anything of a person or a vehicle: parties are found through their incident, and never an
incident through its parties.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE parties (
    id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents (id),
    role text NOT NULL CHECK (role IN ('caller','victim','witness','suspected','missing','other')),
    is_minor boolean NOT NULL,
    is_unknown boolean NOT NULL,
    safe_contact text[] NOT NULL DEFAULT '{}' CHECK (safe_contact <@ ARRAY['no_call','no_text','no_message']),
    sealed_id uuid,
    version integer NOT NULL DEFAULT 1,
    at timestamptz NOT NULL,
    by_id uuid NOT NULL
);
CREATE INDEX parties_incident ON parties (incident_id);
CREATE TABLE parties_before (
    party_id uuid NOT NULL REFERENCES parties (id),
    version integer NOT NULL,
    role text NOT NULL,
    is_minor boolean NOT NULL,
    is_unknown boolean NOT NULL,
    safe_contact text[] NOT NULL,
    sealed_id uuid,
    at timestamptz NOT NULL,
    by_id uuid NOT NULL,
    PRIMARY KEY (party_id, version)
);

CREATE TABLE vehicles (
    id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents (id),
    role text NOT NULL CHECK (role IN ('involved','left_scene','parked','other')),
    sealed_id uuid NOT NULL,
    version integer NOT NULL DEFAULT 1,
    at timestamptz NOT NULL,
    by_id uuid NOT NULL
);
CREATE INDEX vehicles_incident ON vehicles (incident_id);
CREATE TABLE vehicles_before (
    vehicle_id uuid NOT NULL REFERENCES vehicles (id),
    version integer NOT NULL,
    role text NOT NULL,
    sealed_id uuid NOT NULL,
    at timestamptz NOT NULL,
    by_id uuid NOT NULL,
    PRIMARY KEY (vehicle_id, version)
);

CREATE TABLE sealed_blobs (
    sealed_id uuid PRIMARY KEY,
    ciphertext bytea NOT NULL
);
ALTER TABLE sealed_blobs ALTER COLUMN ciphertext SET STORAGE EXTERNAL;
CREATE TABLE attachments (
    id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents (id),
    media_type text NOT NULL CHECK (media_type IN ('image/jpeg','image/png')),
    size_bytes integer NOT NULL,
    width_px integer NOT NULL,
    height_px integer NOT NULL,
    sealed_id uuid NOT NULL,
    at timestamptz NOT NULL,
    by_id uuid NOT NULL
);
CREATE INDEX attachments_incident ON attachments (incident_id);

CREATE TABLE incident_links (
    from_id uuid NOT NULL REFERENCES incidents (id),
    to_id uuid NOT NULL REFERENCES incidents (id),
    kind text NOT NULL CHECK (kind IN ('related','duplicate','follow_up','split')),
    at timestamptz NOT NULL,
    by_id uuid NOT NULL,
    PRIMARY KEY (from_id, to_id, kind),
    CHECK (from_id <> to_id)
);
CREATE INDEX incident_links_to ON incident_links (to_id);

CREATE TABLE shut_out_posts (
    incident_id uuid NOT NULL REFERENCES incidents (id),
    territory_id integer NOT NULL,
    from_territory_id integer NOT NULL,
    ground text NOT NULL CHECK (ground IN ('staff_party','household','own_report')),
    at timestamptz NOT NULL,
    by_id uuid NOT NULL,
    PRIMARY KEY (incident_id, territory_id)
);
CREATE TABLE shut_out_accounts (
    incident_id uuid NOT NULL REFERENCES incidents (id),
    account_id uuid NOT NULL REFERENCES accounts (id),
    PRIMARY KEY (incident_id, account_id)
);

CREATE INDEX incidents_merged ON incidents (merged_into) WHERE merged_into IS NOT NULL;
ALTER TABLE notes
    ADD COLUMN via text NOT NULL DEFAULT 'console' CHECK (via IN ('console','radio','paper')),
    ADD COLUMN entered_at timestamptz;

-- What was taken stays as it was; only which incident it belongs to may change, when incidents are merged or split.
GRANT SELECT, INSERT, UPDATE ON parties, vehicles TO markaz_app;
GRANT SELECT, INSERT ON parties_before, vehicles_before, sealed_blobs, attachments, incident_links, shut_out_posts,
    shut_out_accounts TO markaz_app;
GRANT UPDATE (incident_id) ON attachments, calls TO markaz_app;
GRANT UPDATE (is_first) ON calls TO markaz_app;
"""


def upgrade() -> None:
    """Create the tables and say what the application role may do with them."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
