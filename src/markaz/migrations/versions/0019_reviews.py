"""Reviews of looks, and what people ask about themselves.

No case names its viewer's rank and none is found by a person: requests are found by their number, looks by the log.
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

REVIEWS = """
CREATE TABLE review_samples (
    day date PRIMARY KEY,
    drawn_at timestamptz NOT NULL,
    rule text NOT NULL,
    log_size bigint NOT NULL CHECK (log_size >= 0),
    log_root bytea NOT NULL CHECK (length(log_root) = 32),
    looks integer NOT NULL,
    drawn integer NOT NULL CHECK (drawn <= looks),
    asked integer NOT NULL,
    left_out integer NOT NULL
);
CREATE TABLE review_cases (
    id uuid PRIMARY KEY,
    label text NOT NULL UNIQUE,
    day date NOT NULL REFERENCES review_samples (day),
    entry_id bigint NOT NULL UNIQUE,
    territory_id integer NOT NULL,
    viewer_id uuid NOT NULL,
    probability double precision CHECK (probability > 0 AND probability <= 1),
    questions text[] NOT NULL,
    task_id uuid NOT NULL REFERENCES tasks (id),
    verdict text CHECK (verdict IN ('in_order','misuse','cannot_tell')),
    reason_id uuid,
    judged_by uuid REFERENCES accounts (id) CHECK (judged_by <> viewer_id),
    judged_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    CHECK (probability IS NOT NULL OR cardinality(questions) > 0),
    CHECK ((verdict IS NULL) = (judged_at IS NULL) AND (verdict IS NULL) = (judged_by IS NULL)
        AND (verdict IS NULL) = (reason_id IS NULL))
);
CREATE INDEX review_cases_day ON review_cases (day);
CREATE INDEX review_cases_open ON review_cases (day, id) WHERE verdict IS NULL;
CREATE TABLE misuse_rates (
    quarter text NOT NULL CHECK (quarter ~ '^[0-9]{4}-Q[1-4]$'),
    version integer NOT NULL,
    published_at timestamptz NOT NULL,
    published_by uuid NOT NULL REFERENCES accounts (id),
    document jsonb NOT NULL,
    PRIMARY KEY (quarter, version)
);
CREATE TABLE declared_facts (
    account_id uuid PRIMARY KEY REFERENCES accounts (id),
    home_territory_id integer,
    address_hash bytea,
    declared_at timestamptz NOT NULL
);
"""

RIGHTS = """
CREATE SEQUENCE right_request_numbers;
CREATE TABLE right_requests (
    id uuid PRIMARY KEY,
    number text NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('who_looked','correction','restriction','erasure')),
    territory_id integer NOT NULL,
    language text NOT NULL CHECK (language IN ('uz-Latn','uz-Cyrl','ru','en')),
    received_at timestamptz NOT NULL,
    sealed_id uuid NOT NULL,
    identity_document text NOT NULL CHECK (identity_document IN ('passport','id_card','driving_licence',
        'birth_certificate','power_of_attorney','other_official')),
    identity_checked_by uuid NOT NULL REFERENCES accounts (id),
    task_id uuid NOT NULL REFERENCES tasks (id),
    answer text CHECK (answer IN ('granted','in_part','refused')),
    answer_id uuid,
    answered_at timestamptz,
    answered_by uuid REFERENCES accounts (id),
    version integer NOT NULL DEFAULT 1,
    CHECK ((answer IS NULL) = (answered_at IS NULL) AND (answer IS NULL) = (answered_by IS NULL))
);
CREATE INDEX right_requests_received ON right_requests (received_at DESC, id);
CREATE TABLE right_records (
    request_id uuid NOT NULL REFERENCES right_requests (id),
    sealed_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    incident_number text NOT NULL,
    territory_id integer NOT NULL,
    role text NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (request_id, sealed_id)
);
CREATE INDEX right_records_incident ON right_records (incident_id);
CREATE TABLE disclosed_looks (
    request_id uuid NOT NULL REFERENCES right_requests (id),
    entry_id bigint NOT NULL,
    PRIMARY KEY (request_id, entry_id)
);
CREATE TABLE disclosure_delays (
    id uuid PRIMARY KEY,
    territory_id integer NOT NULL,
    ground text NOT NULL CHECK (ground IN ('inquiry','detection','public_security','national_security',
        'rights_of_others')),
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    set_by uuid NOT NULL REFERENCES accounts (id),
    renews uuid UNIQUE REFERENCES disclosure_delays (id),
    ended_at timestamptz,
    CHECK (ends_at > begins_at AND ends_at <= begins_at + interval '12 months')
);
CREATE INDEX disclosure_delays_running ON disclosure_delays (ends_at) WHERE ended_at IS NULL;
CREATE TABLE delayed_looks (
    delay_id uuid NOT NULL REFERENCES disclosure_delays (id),
    entry_id bigint NOT NULL,
    PRIMARY KEY (delay_id, entry_id)
);
CREATE INDEX delayed_looks_entry ON delayed_looks (entry_id);
CREATE TABLE restrictions (
    id uuid PRIMARY KEY,
    sealed_id uuid NOT NULL,
    request_id uuid NOT NULL REFERENCES right_requests (id),
    restricted_at timestamptz NOT NULL,
    lifted_at timestamptz
);
CREATE UNIQUE INDEX restrictions_standing ON restrictions (sealed_id) WHERE lifted_at IS NULL;
CREATE INDEX restrictions_request ON restrictions (request_id);
"""

GRANTS = """
GRANT SELECT, INSERT ON review_samples, misuse_rates, right_records, disclosed_looks, delayed_looks TO markaz_app;
GRANT SELECT, INSERT ON review_cases, right_requests, disclosure_delays, restrictions TO markaz_app;
GRANT UPDATE (verdict, reason_id, judged_by, judged_at, version) ON review_cases TO markaz_app;
GRANT UPDATE (answer, answer_id, answered_at, answered_by, version) ON right_requests TO markaz_app;
GRANT UPDATE (ended_at) ON disclosure_delays TO markaz_app;
GRANT UPDATE (lifted_at) ON restrictions TO markaz_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON declared_facts TO markaz_app;
GRANT USAGE ON SEQUENCE right_request_numbers TO markaz_app;
"""


def upgrade() -> None:
    """Create the tables and say what the application role may do with them."""
    for part in (REVIEWS, RIGHTS, GRANTS):
        for statement in part.split(";\n"):
            if statement.strip():
                op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
