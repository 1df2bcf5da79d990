"""Checkpoints of the log and their cosignatures.

The public tree has one leaf for each interval, whatever happened in it. Only intervals that say something new have a row:
the leaves between two rows follow from the first, with the salt key that stands outside the database. Level 0 of the
public tree is therefore kept nowhere; `log_public_tiles` holds the root of every 256**level of its leaves.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = (
    # `pending` is the text of the checkpoint of this size as long as it is committed and not yet published.
    """
    CREATE TABLE log_public (
        is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
        origin text,
        size bigint NOT NULL CHECK (size >= 0),
        at timestamptz,
        pending text
    )
    """,
    "INSERT INTO log_public (size) VALUES (0)",
    """
    CREATE TABLE log_intervals (
        index bigint PRIMARY KEY CHECK (index >= 0),
        at timestamptz NOT NULL,
        step_ms integer NOT NULL CHECK (step_ms >= 0),
        entries_size bigint NOT NULL CHECK (entries_size >= 0),
        entries_root bytea NOT NULL CHECK (octet_length(entries_root) = 32),
        software text NOT NULL,
        policy_hash text NOT NULL,
        salt_id smallint NOT NULL
    )
    """,
    "CREATE INDEX log_intervals_entries ON log_intervals (entries_size)",
    """
    CREATE TABLE log_public_tiles (
        level smallint NOT NULL CHECK (level > 0),
        index bigint NOT NULL,
        hash bytea NOT NULL CHECK (octet_length(hash) = 32),
        PRIMARY KEY (level, index)
    )
    """,
    """
    CREATE TABLE log_checkpoints (
        size bigint PRIMARY KEY CHECK (size > 0),
        at timestamptz NOT NULL,
        body text NOT NULL,
        signatures text NOT NULL,
        is_kept boolean NOT NULL,
        timestamp_token bytea
    )
    """,
    "CREATE INDEX log_checkpoints_passing ON log_checkpoints (size) WHERE NOT is_kept",
    "CREATE INDEX log_checkpoints_at ON log_checkpoints (at)",
    """
    CREATE TABLE log_witnesses (
        name text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 200),
        vkey text NOT NULL,
        added_at timestamptz NOT NULL,
        removed_at timestamptz,
        last_seen_at timestamptz,
        last_size bigint
    )
    """,
    """
    CREATE TABLE log_cosignatures (
        size bigint NOT NULL REFERENCES log_checkpoints (size),
        witness text NOT NULL REFERENCES log_witnesses (name),
        line text NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (size, witness)
    )
    """,
)

# A passing checkpoint goes; one that somebody cosigned or stamped, or that was made to be kept, never does.
FORGET = """
CREATE FUNCTION log_forget_checkpoints(made_before timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH gone AS (
        DELETE FROM log_checkpoints p
        WHERE NOT is_kept AND at < made_before AND timestamp_token IS NULL
          AND NOT EXISTS (SELECT FROM log_cosignatures c WHERE c.size = p.size)
        RETURNING 1
    )
    SELECT count(*) FROM gone
$$
"""

RIGHTS = (
    "REVOKE ALL ON log_public, log_intervals, log_public_tiles, log_checkpoints, log_witnesses, log_cosignatures "
    "FROM markaz_app",
    "GRANT SELECT, UPDATE (origin, size, at, pending) ON log_public TO markaz_app",
    "GRANT SELECT, INSERT ON log_intervals, log_public_tiles, log_cosignatures TO markaz_app",
    "GRANT SELECT, INSERT, UPDATE (timestamp_token) ON log_checkpoints TO markaz_app",
    "GRANT SELECT, INSERT, UPDATE (vkey, removed_at, last_seen_at, last_size) ON log_witnesses TO markaz_app",
    "REVOKE ALL ON FUNCTION log_forget_checkpoints(timestamptz) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION log_forget_checkpoints(timestamptz) TO markaz_app",
)


def upgrade() -> None:
    """Create the tables, the public tree empty, and say what the application role may do with them."""
    for statement in (*TABLES, FORGET, *RIGHTS):
        op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
