"""Shifts, crews, the roster, and units lent to a neighbour."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE shifts (
    id uuid PRIMARY KEY,
    territory_id integer NOT NULL REFERENCES territories (id),
    name text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    CHECK (ends_at > starts_at AND ends_at <= starts_at + interval '24 hours'),
    UNIQUE (territory_id, starts_at)
);
CREATE INDEX shifts_time ON shifts (starts_at);
CREATE TABLE unit_logons (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    unit_id uuid NOT NULL REFERENCES units (id),
    shift_id uuid REFERENCES shifts (id),
    crew_size smallint NOT NULL DEFAULT 0 CHECK (crew_size BETWEEN 0 AND 50),
    vehicle text,
    skills text[] NOT NULL DEFAULT '{}',
    logged_on_at timestamptz NOT NULL,
    logged_on_by uuid NOT NULL,
    ends_at timestamptz,
    logged_off_at timestamptz,
    logged_off_by uuid
);
CREATE UNIQUE INDEX unit_logons_open ON unit_logons (unit_id) WHERE logged_off_at IS NULL;
CREATE INDEX unit_logons_ending ON unit_logons (ends_at) WHERE logged_off_at IS NULL AND ends_at IS NOT NULL;
CREATE TABLE unit_crews (
    logon_id uuid NOT NULL REFERENCES unit_logons (id),
    account_id uuid NOT NULL REFERENCES accounts (id),
    is_open boolean NOT NULL DEFAULT true,
    PRIMARY KEY (logon_id, account_id)
);
CREATE UNIQUE INDEX unit_crews_open ON unit_crews (account_id) WHERE is_open;
CREATE TABLE roster (
    shift_id uuid NOT NULL REFERENCES shifts (id),
    unit_id uuid NOT NULL REFERENCES units (id),
    account_id uuid NOT NULL REFERENCES accounts (id),
    PRIMARY KEY (shift_id, account_id)
);
CREATE INDEX roster_account ON roster (account_id);
CREATE TABLE roster_swaps (
    id uuid PRIMARY KEY,
    shift_id uuid NOT NULL REFERENCES shifts (id),
    from_id uuid NOT NULL REFERENCES accounts (id),
    to_id uuid NOT NULL REFERENCES accounts (id),
    state text NOT NULL CHECK (state IN ('asked','accepted','declined','confirmed','rejected','withdrawn')),
    asked_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    CHECK (from_id <> to_id)
);
CREATE UNIQUE INDEX roster_swaps_open ON roster_swaps (shift_id, from_id) WHERE state IN ('asked','accepted');
CREATE INDEX roster_swaps_to ON roster_swaps (to_id);
CREATE TABLE position_holds (
    incident_id uuid PRIMARY KEY REFERENCES incidents (id),
    until timestamptz NOT NULL,
    reason_id uuid NOT NULL,
    set_by uuid NOT NULL,
    set_at timestamptz NOT NULL
);
CREATE TABLE held_positions (
    incident_id uuid NOT NULL REFERENCES incidents (id),
    unit_id uuid NOT NULL REFERENCES units (id),
    fix_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    accuracy_m real,
    PRIMARY KEY (incident_id, unit_id, fix_at)
);
CREATE TABLE aid_requests (
    id uuid PRIMARY KEY,
    territory_id integer NOT NULL REFERENCES territories (id),
    from_territory_id integer NOT NULL REFERENCES territories (id),
    kind text NOT NULL,
    count smallint NOT NULL CHECK (count BETWEEN 1 AND 20),
    lent smallint NOT NULL DEFAULT 0,
    until timestamptz NOT NULL,
    reason text NOT NULL,
    state text NOT NULL CHECK (state IN ('open','met','refused','withdrawn','expired')),
    refusal text,
    asked_at timestamptz NOT NULL,
    asked_by uuid NOT NULL,
    version integer NOT NULL DEFAULT 1,
    CHECK (territory_id <> from_territory_id)
);
CREATE INDEX aid_requests_open ON aid_requests (until) WHERE state = 'open';
CREATE TABLE unit_loans (
    id uuid PRIMARY KEY,
    unit_id uuid NOT NULL REFERENCES units (id),
    request_id uuid REFERENCES aid_requests (id),
    home_territory_id integer NOT NULL,
    territory_id integer NOT NULL,
    lent_at timestamptz NOT NULL,
    lent_by uuid NOT NULL,
    returned_at timestamptz
);
CREATE UNIQUE INDEX unit_loans_open ON unit_loans (unit_id) WHERE returned_at IS NULL;
INSERT INTO unit_logons (unit_id, logged_on_at, logged_on_by)
    SELECT id, since, updated_by FROM units WHERE status <> 'off_duty';
DROP INDEX units_call_sign;
CREATE UNIQUE INDEX units_call_sign ON units (coalesce(home_territory_id, territory_id), call_sign);
GRANT SELECT, INSERT, UPDATE ON shifts, unit_logons, unit_crews, roster_swaps, aid_requests, unit_loans TO markaz_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON roster TO markaz_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON position_holds TO markaz_app;
GRANT SELECT, INSERT, DELETE ON held_positions TO markaz_app;
"""


def upgrade() -> None:
    """Create the tables and say what the application role may do with them."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
