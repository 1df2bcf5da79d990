"""One partition of unit positions per day, made and dropped by functions of the owner.

The application role owns nothing, so it cannot make a table; it may call these two and nothing more.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ENSURE = """
CREATE FUNCTION ensure_position_partition(day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    part text := 'unit_positions_' || to_char(day, 'YYYYMMDD');
BEGIN
    IF day NOT BETWEEN current_date - 1 AND current_date + 7 THEN
        RAISE EXCEPTION 'partitions are made for yesterday to the day in a week, not for %', day;
    END IF;
    IF to_regclass('public.' || part) IS NOT NULL
       OR EXISTS (SELECT FROM public.unit_positions_default WHERE fix_at >= day::timestamptz AND fix_at < (day + 1)::timestamptz)
    THEN
        RETURN false;  -- it is there, or the day's first fixes already lie in the default partition and stay there
    END IF;
    EXECUTE format(
        'CREATE TABLE public.%I PARTITION OF public.unit_positions FOR VALUES FROM (%L) TO (%L)',
        part, day::timestamptz, (day + 1)::timestamptz
    );
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON public.%I TO markaz_app', part);
    RETURN true;
END
$body$
"""

DROP_OLD = """
CREATE FUNCTION drop_position_partitions(keep_days integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    part text;
    dropped integer := 0;
BEGIN
    IF keep_days < 1 THEN
        RAISE EXCEPTION 'keep at least one day of positions';
    END IF;
    FOR part IN
        SELECT c.relname FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid
        WHERE i.inhparent = 'public.unit_positions'::regclass AND c.relname ~ '^unit_positions_[0-9]{8}$'
          AND to_date(right(c.relname, 8), 'YYYYMMDD') < current_date - keep_days
    LOOP
        EXECUTE format('DROP TABLE public.%I', part);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$body$
"""


def upgrade() -> None:
    """Create the two functions; nobody but the application role may call them."""
    for function, signature in (
        (ENSURE, "ensure_position_partition(date)"),
        (DROP_OLD, "drop_position_partitions(integer)"),
    ):
        op.execute(function)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO markaz_app")


def downgrade() -> None:
    """Refuse: history is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead of downgrading")
