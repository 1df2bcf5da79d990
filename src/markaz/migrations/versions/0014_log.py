"""The tamper-evident log: leaves, tiles and what each leaf commits to.

The application role writes to it through one function and in no other way; it may read everything. `audit_entries`
holds the openings of the leaves; what was written there before this revision has no leaf.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE log_state (
        is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
        size bigint NOT NULL CHECK (size >= 0)
    )
    """,
    "INSERT INTO log_state (size) VALUES (0)",
    """
    CREATE TABLE log_leaves (
        index bigint PRIMARY KEY,
        hash bytea NOT NULL CHECK (octet_length(hash) = 32),
        body bytea NOT NULL
    )
    """,
    # The root of 256^level leaves, level 1 and up: a proof over ten million leaves reads three runs of 256.
    """
    CREATE TABLE log_tiles (
        level smallint NOT NULL CHECK (level > 0),
        index bigint NOT NULL,
        hash bytea NOT NULL,
        PRIMARY KEY (level, index)
    )
    """,
    """
    ALTER TABLE audit_entries
        ADD COLUMN leaf bigint UNIQUE,
        ADD COLUMN salt bytea,
        ADD COLUMN kind text,
        ADD COLUMN territory_id integer,
        ADD COLUMN purpose_id uuid,
        ADD COLUMN details jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN roles jsonb NOT NULL DEFAULT '[]'
    """,
    "CREATE INDEX audit_entries_actor ON audit_entries (actor_id, id)",
    "CREATE INDEX audit_entries_at ON audit_entries (at)",
)

# RFC 9162 section 2.1.1: a node is SHA-256 over 0x01 and its two children. Full tiles are perfect trees.
NODE = """
CREATE FUNCTION log_tile_root(hashes bytea[]) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog AS $$
DECLARE
    level_hashes bytea[] := hashes;
BEGIN
    WHILE array_length(level_hashes, 1) > 1 LOOP
        level_hashes := ARRAY(
            SELECT sha256('\\x01'::bytea || level_hashes[2 * i - 1] || level_hashes[2 * i])
            FROM generate_series(1, array_length(level_hashes, 1) / 2) AS i ORDER BY i
        );
    END LOOP;
    RETURN level_hashes[1];
END
$$
"""

APPEND = """
CREATE FUNCTION log_append(
    hashes bytea[], bodies bytea[], openings text[], salts bytea[], kinds text[], made_at timestamptz
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    added int := array_length(hashes, 1);
    old_size bigint;
    new_size bigint;
    below bigint;
    above bigint;
    height smallint := 1;
BEGIN
    UPDATE log_state SET size = size + added RETURNING size INTO new_size;
    old_size := new_size - added;
    INSERT INTO log_leaves (index, hash, body)
        SELECT old_size + ordinal - 1, given.hash, given.body
        FROM unnest(hashes, bodies) WITH ORDINALITY AS given(hash, body, ordinal);
    INSERT INTO audit_entries (at, actor_id, action, record_kind, record_id, reason, request_id, leaf, salt, kind,
                               territory_id, purpose_id, details, roles)
        SELECT made_at, (o->>'actor_id')::uuid, o->>'action', o->>'record_kind', (o->>'record_id')::uuid, o->>'reason',
               o->>'request_id', old_size + ordinal - 1, given.salt, given.kind, (o->>'territory_id')::int,
               (o->>'purpose_id')::uuid, o->'details', o->'roles'
        FROM unnest(openings, salts, kinds) WITH ORDINALITY AS given(opening, salt, kind, ordinal),
             LATERAL (SELECT given.opening::jsonb AS o) AS parsed;
    below := old_size / 256;
    above := new_size / 256;
    WHILE above > below LOOP
        IF height = 1 THEN
            INSERT INTO log_tiles (level, index, hash)
                SELECT 1, l.index / 256, log_tile_root(array_agg(l.hash ORDER BY l.index))
                FROM log_leaves l WHERE l.index >= below * 256 AND l.index < above * 256 GROUP BY l.index / 256;
        ELSE
            INSERT INTO log_tiles (level, index, hash)
                SELECT height, t.index / 256, log_tile_root(array_agg(t.hash ORDER BY t.index))
                FROM log_tiles t
                WHERE t.level = height - 1 AND t.index >= below * 256 AND t.index < above * 256
                GROUP BY t.index / 256;
        END IF;
        height := height + 1;
        below := below / 256;
        above := above / 256;
    END LOOP;
    RETURN new_size;
END
$$
"""

# A new table is born with the rights of the first revision's default; here every one of them is named.
RIGHTS = (
    "REVOKE ALL ON log_state, log_leaves, log_tiles FROM markaz_app",
    "GRANT SELECT ON log_state, log_leaves, log_tiles TO markaz_app",
    "REVOKE INSERT, UPDATE, DELETE ON audit_entries FROM markaz_app",
    "REVOKE ALL ON FUNCTION log_append(bytea[], bytea[], text[], bytea[], text[], timestamptz) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION log_append(bytea[], bytea[], text[], bytea[], text[], timestamptz) TO markaz_app",
)


def upgrade() -> None:
    """Add the log, empty: what was audited before keeps its rows without a leaf."""
    for statement in (*TABLES, NODE, APPEND, *RIGHTS):
        op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
