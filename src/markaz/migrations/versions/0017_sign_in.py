"""Passkeys, one-time codes, identity providers, guessing."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# A session says how it began, and whether its holder still has to add a second factor ('enrol').
# `proven_at` is when the holder last proved who they are; what changes the ways in asks for a fresh proof.
SESSIONS = """
ALTER TABLE sessions
    ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    ADD COLUMN level text NOT NULL DEFAULT 'full' CHECK (level IN ('enrol','full')),
    ADD COLUMN method text NOT NULL DEFAULT 'password'
        CHECK (method IN ('password','code','recovery_code','passkey','provider')),
    ADD COLUMN agent text NOT NULL DEFAULT 'other.other' CHECK (agent ~ '^[a-z]+\\.[a-z]+$'),
    ADD COLUMN last_seen_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN proven_at timestamptz NOT NULL DEFAULT now();
"""

WAYS = """
CREATE TABLE passkeys (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    credential_id bytea NOT NULL UNIQUE,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    transports text[] NOT NULL DEFAULT '{}',
    is_backed_up boolean NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    added_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX passkeys_account ON passkeys (account_id);

CREATE TABLE one_time_codes (
    account_id uuid PRIMARY KEY REFERENCES accounts (id),
    sealed_id uuid NOT NULL,
    last_step bigint NOT NULL,
    added_at timestamptz NOT NULL
);
CREATE TABLE recovery_codes (
    account_id uuid NOT NULL REFERENCES accounts (id),
    code_hash bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (account_id, code_hash)
);

CREATE TABLE provider_links (
    subject_hash bytea PRIMARY KEY,
    account_id uuid NOT NULL UNIQUE REFERENCES accounts (id),
    linked_at timestamptz NOT NULL
);
"""

# Steps of a sign-in that were taken: each is taken once. Known browsers are asked nothing more and may do nothing more;
# their own wrong tries are counted apart from those of strangers.
GUESSING = """
CREATE TABLE spent_steps (
    id bytea PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE TABLE known_browsers (
    account_id uuid NOT NULL REFERENCES accounts (id),
    browser_hash bytea NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, browser_hash)
);
CREATE TABLE sign_in_guesses (
    key bytea PRIMARY KEY,
    tries integer NOT NULL,
    last_at timestamptz NOT NULL,
    wait_until timestamptz NOT NULL
);
CREATE INDEX sign_in_guesses_age ON sign_in_guesses (last_at);
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE
    ON passkeys, one_time_codes, recovery_codes, known_browsers, sign_in_guesses TO markaz_app;
GRANT SELECT, INSERT, DELETE ON provider_links, spent_steps TO markaz_app;
"""


def upgrade() -> None:
    """Add the ways in, and what slows guessing at them."""
    for part in (SESSIONS, WAYS, GUESSING, GRANTS):
        for statement in part.split(";\n"):
            if statement.strip():
                op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
