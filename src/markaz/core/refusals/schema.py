"""Reads the names of a database's columns, and what the application may do to history, for the guard."""

from markaz.core.db.pool import Connection
from markaz.core.refusals.guard import Kind, Lists, Problem, problems

# What the application's role may only add to: nobody edits history through it.
APPEND_ONLY = (
    *("events", "erasures", "import_rows", "calls", "audit_entries", "log_state", "log_leaves", "log_tiles"),
    *("log_intervals", "log_public_tiles", "log_cosignatures", "policy_texts"),
)

_COLUMNS = """
SELECT CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || c.relname || '.' || a.attname
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('public', 'keys') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND a.attnum > 0 AND NOT a.attisdropped AND c.relname <> 'alembic_version'
ORDER BY 1
"""
_LOOSE = """
SELECT name FROM unnest($1::text[]) name
WHERE has_table_privilege('markaz_app', name, 'UPDATE') OR has_table_privilege('markaz_app', name, 'DELETE')
   OR has_table_privilege('markaz_app', name, 'TRUNCATE')
"""


async def schema_problems(connection: Connection, lists: Lists) -> list[Problem]:
    """Return the columns that no closed list names or a refusal forbids, and the history that could be edited."""
    columns = [row[0] for row in await connection.fetch(_COLUMNS)]
    loose = [row[0] for row in await connection.fetch(_LOOSE, list(APPEND_ONLY))]
    return problems(Kind.COLUMN, columns, lists) + [Problem(Kind.COLUMN, name, "silent_edit") for name in loose]
