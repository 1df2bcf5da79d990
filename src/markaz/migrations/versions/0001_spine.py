"""The spine and the duty desk's first tables.

The application role may only INSERT and SELECT on `events` and `audit_entries`: history cannot be rewritten through it.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SPINE = """
CREATE TABLE event_counter (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    seq bigint NOT NULL
);
INSERT INTO event_counter (seq) VALUES (0);

CREATE TABLE events (
    seq bigint PRIMARY KEY,
    type text NOT NULL CHECK (type ~ '^[a-z_]+\\.[a-z_]+/[0-9]+$'),
    aggregate_id uuid NOT NULL,
    territory_id integer NOT NULL,
    from_territory_id integer,
    actor_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    occurred_precision text NOT NULL DEFAULT 'second' CHECK (occurred_precision IN ('second','minute','day','month')),
    occurred_source text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    request_id text,
    payload jsonb NOT NULL
);
CREATE INDEX events_aggregate ON events (aggregate_id, seq);

CREATE TABLE territories (
    id integer PRIMARY KEY,
    code text NOT NULL,
    parent_id integer REFERENCES territories (id),
    level text NOT NULL,
    names jsonb NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    CHECK (valid_to IS NULL OR valid_to > valid_from)
);
CREATE UNIQUE INDEX territories_code_valid ON territories (code, valid_from);
CREATE INDEX territories_parent ON territories (parent_id);
CREATE TABLE territory_boundaries (
    territory_id integer PRIMARY KEY REFERENCES territories (id),
    geometry jsonb NOT NULL,
    bbox float8[] NOT NULL CHECK (array_length(bbox, 1) = 4)
);

CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    login text NOT NULL UNIQUE,
    display_name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('person','service')),
    password_hash text,
    secret_hash bytea,
    rate_limit_per_s double precision,
    is_active boolean NOT NULL DEFAULT true,
    access_version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE grants (
    account_id uuid NOT NULL REFERENCES accounts (id),
    role text NOT NULL,
    territory_id integer NOT NULL REFERENCES territories (id),
    PRIMARY KEY (account_id, role, territory_id)
);
CREATE TABLE sessions (
    token_hash bytea PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_account ON sessions (account_id);

CREATE TABLE idempotency (
    actor_id uuid NOT NULL,
    key text NOT NULL,
    body_hash bytea NOT NULL,
    status smallint,
    response jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (actor_id, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE audit_entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor_id uuid NOT NULL,
    action text NOT NULL,
    record_kind text NOT NULL,
    record_id uuid,
    reason text NOT NULL,
    request_id text
);
CREATE INDEX audit_entries_record ON audit_entries (record_id, id);

CREATE TABLE sealed_fields (
    sealed_id uuid NOT NULL,
    field text NOT NULL,
    ciphertext bytea NOT NULL,
    PRIMARY KEY (sealed_id, field)
);
CREATE TABLE sealed_search (
    sealed_id uuid NOT NULL,
    field text NOT NULL,
    keyed_hash bytea NOT NULL,
    PRIMARY KEY (sealed_id, field)
);
CREATE INDEX sealed_search_hash ON sealed_search (field, keyed_hash);
CREATE TABLE erasures (
    sealed_id uuid PRIMARY KEY,
    erased_at timestamptz NOT NULL DEFAULT now(),
    actor_id uuid NOT NULL
);

CREATE TABLE tasks (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    record_kind text NOT NULL,
    record_id uuid,
    territory_id integer NOT NULL,
    owner_id uuid,
    opened_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    escalated_at timestamptz,
    answer_code text,
    answer_sealed_id uuid,
    closed_at timestamptz,
    version integer NOT NULL DEFAULT 1
);
CREATE INDEX tasks_open ON tasks (due_at) WHERE closed_at IS NULL;
CREATE TABLE working_calendar (
    day date PRIMARY KEY,
    is_working boolean NOT NULL
);
CREATE TABLE job_runs (
    job text PRIMARY KEY,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    error text
);
"""

DESK = """
CREATE TABLE incidents (
    id uuid PRIMARY KEY,
    number text NOT NULL,
    source text,
    source_key text,
    status text NOT NULL CHECK (status IN ('open','closed')),
    category text NOT NULL,
    priority text NOT NULL,
    initial_priority text NOT NULL,
    channel text NOT NULL,
    territory_id integer NOT NULL,
    lon double precision,
    lat double precision,
    received_at timestamptz NOT NULL,
    entered_at timestamptz,
    arrived_at timestamptz,
    closed_at timestamptz,
    precisions jsonb NOT NULL DEFAULT '{}',
    outcome text,
    flags text[] NOT NULL DEFAULT '{}',
    opened_by uuid NOT NULL,
    version integer NOT NULL DEFAULT 1,
    updated_by uuid NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((lon IS NULL) = (lat IS NULL))
);
CREATE UNIQUE INDEX incidents_source ON incidents (source, source_key) WHERE source IS NOT NULL;
CREATE INDEX incidents_open ON incidents (territory_id) WHERE status = 'open';
CREATE INDEX incidents_received ON incidents (received_at DESC, id);
CREATE SEQUENCE incident_numbers;

CREATE TABLE calls (
    id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents (id),
    channel text NOT NULL,
    received_at timestamptz NOT NULL,
    sealed_id uuid
);
CREATE INDEX calls_incident ON calls (incident_id);

CREATE TABLE notes (
    id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents (id),
    at timestamptz NOT NULL,
    by_id uuid NOT NULL,
    sealed_id uuid NOT NULL
);
CREATE INDEX notes_incident ON notes (incident_id);

CREATE TABLE units (
    id uuid PRIMARY KEY,
    call_sign text NOT NULL,
    kind text NOT NULL,
    source text,
    territory_id integer NOT NULL,
    status text NOT NULL,
    since timestamptz NOT NULL,
    incident_id uuid,
    version integer NOT NULL DEFAULT 1,
    updated_by uuid NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX units_call_sign ON units (territory_id, call_sign);

CREATE TABLE assignments (
    incident_id uuid NOT NULL REFERENCES incidents (id),
    unit_id uuid NOT NULL REFERENCES units (id),
    ordinal smallint NOT NULL,
    is_current boolean NOT NULL DEFAULT true,
    assigned_at timestamptz,
    en_route_at timestamptz,
    on_scene_at timestamptz,
    transporting_at timestamptz,
    at_hospital_at timestamptz,
    cleared_at timestamptz,
    precisions jsonb NOT NULL DEFAULT '{}',
    flags text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (incident_id, unit_id, ordinal)
);
CREATE INDEX assignments_unit ON assignments (unit_id) WHERE is_current;

CREATE TABLE import_rows (
    source text NOT NULL,
    row_key text NOT NULL,
    PRIMARY KEY (source, row_key)
);

CREATE TABLE unit_positions (
    unit_id uuid NOT NULL,
    fix_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    accuracy_m real
) PARTITION BY RANGE (fix_at);
CREATE INDEX unit_positions_unit ON unit_positions (unit_id, fix_at DESC);
CREATE TABLE unit_positions_default PARTITION OF unit_positions DEFAULT;
"""

# Subject keys stand in a schema of their own, so that a dump of the data can leave them out.
KEYS = """
CREATE SCHEMA keys;
CREATE TABLE keys.sealed_keys (
    sealed_id uuid PRIMARY KEY,
    wrapped_key bytea NOT NULL
);
"""

GRANTS = """
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public, keys TO markaz_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO markaz_app;
REVOKE UPDATE, DELETE ON events, audit_entries, erasures, calls, import_rows FROM markaz_app;
REVOKE INSERT, DELETE ON event_counter FROM markaz_app;
REVOKE ALL ON alembic_version FROM markaz_app;
GRANT SELECT ON alembic_version TO markaz_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO markaz_app;
GRANT SELECT, INSERT, DELETE ON keys.sealed_keys TO markaz_app;
"""


def upgrade() -> None:
    """Create everything; the owner role runs this, the application role only gets what GRANTS says."""
    for part in (SPINE, DESK, KEYS, GRANTS):
        for statement in part.split(";\n"):
            if statement.strip():
                op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
