"""`markaz check`: looks for what must never be, and says of each thing whether it is in order. It changes nothing."""

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

import asyncpg

from markaz.core.db.binaries import OLDEST_MAJOR
from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.folder import CentreFolder
from markaz.core.db.migrate import SchemaState, schema_of
from markaz.core.db.tools import connect_owner
from markaz.core.log.checking import examine
from markaz.core.refusals.schema import APPEND_ONLY
from markaz.core.sealing import KeysMissing, Sealer

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

FREE_DISK_BYTES = 1_000_000_000  # a day of a country's incidents, and room for PostgreSQL's log
HOLES_NAMED = 5
# Not one column of these may change. A merge moves calls to another incident, so two columns of calls may.
UNCHANGED = tuple(table for table in APPEND_ONLY if table != "calls")


@dataclass(frozen=True)
class Finding:
    """One thing looked at: its name, whether it is in order, and what was found (and to do, if it is not)."""

    name: str
    ok: bool
    found: str


async def check(access: DatabaseAccess, folder: CentreFolder) -> list[Finding]:
    """Look at everything. Raises DatabaseUnavailable when the database cannot be reached."""
    connection = await connect_owner(access.owner_dsn)
    try:
        findings = [_server(connection), await _durable(connection), await _schema(connection)]
        if findings[-1].ok:
            app_role = unquote(urlsplit(access.app_dsn).username or "")
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                findings += [await _events_dense(connection), await _counter(connection)]
                findings += [await _role_power(connection, app_role), await _role_rights(connection, app_role)]
                findings += [await _sealed(connection), await _erased(connection), await _key_file(connection, folder)]
                findings.append(Finding("log", *await examine(connection, folder.home)))
    finally:
        await connection.close(timeout=5)
    return [*findings, _modes(folder), _sign_in(folder), _disk(folder)]


def _server(connection: Connection) -> Finding:
    major = connection.get_server_version().major
    return Finding("server", major >= OLDEST_MAJOR, f"PostgreSQL {major} (needs {OLDEST_MAJOR} or newer)")


async def _durable(connection: Connection) -> Finding:
    """Acknowledged means durable: none of the settings that trade this for speed."""
    names = ("fsync", "full_page_writes", "synchronous_commit")
    values = {name: await connection.fetchval("SELECT current_setting($1)", name) for name in names}
    off = [name for name, value in values.items() if value == "off"]
    return Finding("durability", not off, f"switched off: {', '.join(off)}" if off else "commits reach the disk")


async def _schema(connection: Connection) -> Finding:
    schema = await schema_of(connection)
    advice = "" if schema.state is SchemaState.CURRENT else f", needs {schema.needed}: it is {schema.state}"
    return Finding("schema", schema.state is SchemaState.CURRENT, f"revision {schema.found or 'none'}{advice}")


async def _events_dense(connection: Connection) -> Finding:
    """The numbers of the event log are 1, 2, 3, ... without a hole."""
    count, last = await connection.fetchrow("SELECT count(*), coalesce(max(seq), 0) FROM events") or (0, 0)
    if count == last:
        return Finding("events", True, f"{count} events without a hole")
    holes = await connection.fetch(
        "SELECT before + 1 AS start, seq - 1 AS stop FROM "
        "(SELECT seq, lag(seq, 1, 0::bigint) OVER (ORDER BY seq) AS before FROM events) AS numbered "
        "WHERE seq <> before + 1 ORDER BY seq LIMIT $1",
        HOLES_NAMED,
    )
    named = ", ".join(f"{hole['start']}-{hole['stop']}" for hole in holes)
    return Finding("events", False, f"{count} events, the last is {last}; missing: {named}. Restore a backup.")


async def _counter(connection: Connection) -> Finding:
    counter = await connection.fetchval("SELECT seq FROM event_counter")
    last = await connection.fetchval("SELECT coalesce(max(seq), 0) FROM events")
    return Finding("counter", counter == last, f"counter {counter}, last event {last}")


async def _role_power(connection: Connection, role: str) -> Finding:
    """The application's role is nobody's superior and owns nothing."""
    found = await connection.fetchrow(
        "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication, "
        "EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid) AS member_of_a_role, "
        "EXISTS (SELECT FROM pg_class WHERE relowner = r.oid) OR EXISTS (SELECT FROM pg_namespace WHERE nspowner = r.oid) "
        "OR EXISTS (SELECT FROM pg_database WHERE datdba = r.oid) AS owner_of_something, "
        "has_schema_privilege(r.oid, 'public', 'CREATE') AS may_create_tables "
        "FROM pg_roles r WHERE rolname = $1",
        role,
    )
    if found is None:
        return Finding("role", False, f"role {role} does not exist")
    excess = [name for name, has in found.items() if has]
    return Finding("role", not excess, f"{role} has {', '.join(excess)}" if excess else f"{role} has no excess power")


async def _role_rights(connection: Connection, role: str) -> Finding:
    """History cannot be rewritten through the application's role."""
    rights = [(table, right) for table in UNCHANGED for right in ("UPDATE", "DELETE", "TRUNCATE")]
    excess = [
        f"{right} on {table}"
        for table, right in rights
        if await connection.fetchval("SELECT has_table_privilege($1, $2, $3)", role, table, right)
        or (
            right == "UPDATE"
            and await connection.fetchval("SELECT has_any_column_privilege($1, $2, $3)", role, table, right)
        )
    ]
    return Finding("rights", not excess, f"{role} may {', '.join(excess)}" if excess else "history is append-only")


async def _sealed(connection: Connection) -> Finding:
    """Every sealed record, fields or file, has its key, or was erased."""
    orphans = await connection.fetchval(
        "SELECT count(DISTINCT sealed_id) FROM "
        "(SELECT sealed_id FROM sealed_fields UNION ALL SELECT sealed_id FROM sealed_blobs) f "
        "WHERE NOT EXISTS (SELECT FROM keys.sealed_keys k WHERE k.sealed_id = f.sealed_id) "
        "AND NOT EXISTS (SELECT FROM erasures e WHERE e.sealed_id = f.sealed_id)"
    )
    said = (
        f"{orphans} sealed records have neither a key nor an erasure" if orphans else "every sealed record has its key"
    )
    return Finding("sealed", orphans == 0, said)


async def _erased(connection: Connection) -> Finding:
    """What was erased has neither key nor search hash left."""
    left = await connection.fetchval(
        "SELECT count(*) FROM erasures e WHERE EXISTS (SELECT FROM keys.sealed_keys k WHERE k.sealed_id = e.sealed_id) "
        "OR EXISTS (SELECT FROM sealed_search s WHERE s.sealed_id = e.sealed_id)"
    )
    return Finding(
        "erased", left == 0, f"{left} erased records still have a key" if left else "what was erased is gone"
    )


async def _key_file(connection: Connection, folder: CentreFolder) -> Finding:
    """Where there are sealed records, their key-encryption key is there too, and opens the oldest and the newest."""
    ends = await connection.fetch(
        "(SELECT sealed_id, wrapped_key FROM keys.sealed_keys ORDER BY sealed_id LIMIT 1) UNION ALL "
        "(SELECT sealed_id, wrapped_key FROM keys.sealed_keys ORDER BY sealed_id DESC LIMIT 1)"
    )
    if not ends:
        return Finding("keys", True, "nothing is sealed yet, so no key file is needed")
    try:
        sealer = Sealer.open(folder.home, create=False)
        for row in ends:
            sealer.check_fits(row["sealed_id"], row["wrapped_key"])
    except KeysMissing as error:
        return Finding("keys", False, f"{folder.keys}: {error.message}")
    return Finding("keys", True, f"{folder.keys} holds the key file, and it opens what is sealed")


def _modes(folder: CentreFolder) -> Finding:
    """What is private is closed to everybody else."""
    roots = (folder.run, folder.log, folder.keys, folder.passwords_file.parent, folder.database)
    paths = [path for root in roots if root.exists() for path in [root.resolve(), *_private_files(root, folder)]]
    wide = [path for path in paths if path.lstat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) and not path.is_symlink()]
    named = ", ".join(str(path) for path in wide[:HOLES_NAMED])
    said = f"open to others: {named}. Close with chmod go-rwx." if wide else "private folders are closed to others"
    return Finding("modes", not wide, said)


def _private_files(root: Path, folder: CentreFolder) -> list[Path]:
    """PostgreSQL itself checks the files inside its data folder."""
    return [] if root == folder.database else [path for path in root.rglob("*") if not path.is_dir()]


def _sign_in(folder: CentreFolder) -> Finding:
    """The embedded database lets nobody in without a password, and by the socket only."""
    rules = folder.database / "cluster" / "pg_hba.conf"
    if not rules.exists():
        return Finding("sign-in", True, "not the embedded database: its pg_hba.conf is the operator's")
    lines = [line.split() for line in rules.read_text().splitlines() if line.strip() and not line.startswith("#")]
    bad = [" ".join(line) for line in lines if line[0] != "local" or line[-1] != "scram-sha-256"]
    return Finding("sign-in", not bad, f"{rules} has {bad}" if bad else "socket only, password from everybody")


def _disk(folder: CentreFolder) -> Finding:
    place = folder.database if folder.database.exists() else folder.home
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(os.fspath(place)).free
    return Finding(
        "disk", free >= FREE_DISK_BYTES, f"{free / 1e9:.1f} GB free (fails below {FREE_DISK_BYTES / 1e9:.0f})"
    )
