"""Entries of many looks in one commit, ends that a clock set back cannot undo, and the log's own knowledge of its key."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

# As in revision 0014, but for a time of its own with each leaf: entries of several looks go into one commit.
APPEND = """
CREATE FUNCTION log_append(
    hashes bytea[], bodies bytea[], openings text[], salts bytea[], kinds text[], made_at timestamptz[]
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
        SELECT given.at, (o->>'actor_id')::uuid, o->>'action', o->>'record_kind', (o->>'record_id')::uuid, o->>'reason',
               o->>'request_id', old_size + ordinal - 1, given.salt, given.kind, (o->>'territory_id')::int,
               (o->>'purpose_id')::uuid, o->'details', o->'roles'
        FROM unnest(openings, salts, kinds, made_at) WITH ORDINALITY AS given(opening, salt, kind, at, ordinal),
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

# A purpose or a broken glass says as much as the openings of the looks under it, so it goes with the last of these; its
# text went before, by its own class of the schedule. What waits for a verdict stays.
FORGET = """
CREATE OR REPLACE FUNCTION log_forget_openings(before timestamptz, most int)
RETURNS TABLE (gone bigint, first_at timestamptz, last_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    oldest timestamptz;
    texts uuid[];
    others bigint;
BEGIN
    IF before > clock_timestamp() - interval '1 year' THEN
        RAISE EXCEPTION 'openings of the log stand for a year at least' USING ERRCODE = 'check_violation';
    END IF;
    WITH ended AS (
        DELETE FROM audit_entries WHERE id IN (
            SELECT e.id FROM audit_entries e WHERE e.at < before ORDER BY e.at LIMIT most
        ) RETURNING at
    )
    SELECT count(*), min(at), max(at) INTO gone, first_at, last_at FROM ended;
    SELECT least(before, min(e.at)) INTO oldest FROM audit_entries e;
    WITH ended AS (
        DELETE FROM purposes p WHERE p.id IN (
            SELECT q.id FROM purposes q WHERE q.ends_at < oldest
            AND NOT EXISTS (SELECT FROM keys.sealed_keys k WHERE k.sealed_id = q.sealed_id)
            ORDER BY q.ends_at LIMIT most
        ) RETURNING ARRAY[p.sealed_id] AS sealed
    ), judged AS (
        DELETE FROM broken_glass g WHERE g.id IN (
            SELECT q.id FROM broken_glass q WHERE q.ends_at < oldest AND q.judged_at < oldest
            AND NOT EXISTS (SELECT FROM keys.sealed_keys k WHERE k.sealed_id IN (q.sealed_id, q.verdict_sealed_id))
            ORDER BY q.ends_at LIMIT most
        ) RETURNING ARRAY[g.sealed_id, g.verdict_sealed_id] AS sealed
    ), both_kinds AS (SELECT sealed FROM ended UNION ALL SELECT sealed FROM judged)
    SELECT (SELECT count(*) FROM both_kinds), ARRAY(SELECT unnest(sealed) FROM both_kinds) INTO others, texts;
    DELETE FROM sealed_fields f WHERE f.sealed_id = ANY (texts);
    gone := gone + others;
    RETURN NEXT;
END
$$
"""

STATEMENTS = (
    "DROP FUNCTION log_append(bytea[], bytea[], text[], bytea[], text[], timestamptz)",
    APPEND,
    "REVOKE ALL ON FUNCTION log_append(bytea[], bytea[], text[], bytea[], text[], timestamptz[]) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION log_append(bytea[], bytea[], text[], bytea[], text[], timestamptz[]) TO markaz_app",
    FORGET,
    "CREATE INDEX purposes_ends ON purposes (ends_at)",
    # What is over is marked within a second: a mark does not come off when the clock goes back.
    "ALTER TABLE broken_glass ADD COLUMN ended_at timestamptz",
    "ALTER TABLE sessions ADD COLUMN ended_at timestamptz",
    "CREATE INDEX broken_glass_open ON broken_glass (ends_at) WHERE ended_at IS NULL",
    "CREATE INDEX sessions_open ON sessions (expires_at) WHERE ended_at IS NULL",
    "GRANT UPDATE (ended_at) ON broken_glass TO markaz_app",
    # The key that signs: a key file from before a rotation must not sign again.
    "ALTER TABLE log_public ADD COLUMN vkey text",
    "GRANT UPDATE (vkey) ON log_public TO markaz_app",
)


def upgrade() -> None:
    """Replace the two functions and add what keeps an end an end."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
