"""Retention: certificates of deletion, and the one way in which openings of the log may end."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE deletion_certificates (
    id uuid PRIMARY KEY,
    class text NOT NULL,
    made_at timestamptz NOT NULL,
    schedule text NOT NULL,
    records integer NOT NULL CHECK (records > 0),
    ended_from timestamptz,
    ended_to timestamptz,
    CHECK (ended_from <= ended_to)
);
CREATE INDEX deletion_certificates_made ON deletion_certificates (made_at DESC, id);
CREATE INDEX deletion_certificates_class ON deletion_certificates (class, made_at DESC);
CREATE INDEX incidents_closed ON incidents ((coalesce(closed_at, received_at))) WHERE status = 'closed';
GRANT SELECT, INSERT ON deletion_certificates TO markaz_app;
GRANT DELETE ON unit_crews, roster_swaps TO markaz_app;
"""

# The application may not delete openings. This function does, and none younger than a year whatever the schedule says:
# a fault or a hostile schedule cannot take away who looked at whom before anybody could ask.
FORGET = """
CREATE FUNCTION log_forget_openings(before timestamptz, most int)
RETURNS TABLE (gone bigint, first_at timestamptz, last_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF before > clock_timestamp() - interval '1 year' THEN
        RAISE EXCEPTION 'openings of the log stand for a year at least' USING ERRCODE = 'check_violation';
    END IF;
    RETURN QUERY
    WITH ended AS (
        DELETE FROM audit_entries WHERE id IN (
            SELECT e.id FROM audit_entries e WHERE e.at < before ORDER BY e.at LIMIT most
        ) RETURNING at
    )
    SELECT count(*), min(at), max(at) FROM ended;
END
$$
"""

RIGHTS = (
    "REVOKE ALL ON FUNCTION log_forget_openings(timestamptz, int) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION log_forget_openings(timestamptz, int) TO markaz_app",
)


def upgrade() -> None:
    """Create the table and the function, and say what the application role may do with them."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    for statement in (FORGET, *RIGHTS):
        op.execute(statement)


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
