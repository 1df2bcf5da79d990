"""`markaz restore`: brings a backup back into an empty centre, and proves that it is the same.

While a restore is not finished the database carries a mark (a schema of that name), by which the server refuses it and
the next restore starts afresh. What was erased stays erased: by the data's own record, and by the keys', whichever part
is the newer.
"""

import asyncio
import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import asyncpg

from markaz.core.db.backup import DATA_DUMP, ERASURES, KEY_FILES, KEYS_DUMP, KEYS_SCHEMA
from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.folder import CentreFolder, sync_folder
from markaz.core.db.key_age import check_erased, check_keys
from markaz.core.db.manifest import Manifest, TableDigest, digest_tables, table_names
from markaz.core.db.migrate import UNFINISHED_RESTORE, known_revisions, migrate
from markaz.core.db.tools import Tools, connect_owner, tools_for
from markaz.core.db.trouble import DatabaseRefused, DatabaseUnavailable

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# What set-up itself writes into a new centre, and how many rows of it: not yet anybody's work.
SET_UP_ROWS = {"public.alembic_version": 1, "public.event_counter": 1, "public.territories": 1, "public.job_runs": 100}


@dataclass(frozen=True)
class RestoreReport:
    """What was brought back. `erased_again`: records whose erasure only the keys' part knew of; `unreadable`: sealed
    records that have neither a key nor an erasure."""

    rows: int
    tables: int
    seq: int
    made_at: str
    erased_again: int
    unreadable: int
    revision: str


async def restore(
    access: DatabaseAccess,
    folder: CentreFolder,
    source: Path,
    keys_source: Path | None,
    postgres_bin: Path | None,
    *,
    keys_days: int,
    erased: Path | None = None,
    without_erased: bool = False,
) -> RestoreReport:
    """Restore the data of `source` and the keys of `keys_source` (None: go on without any key, for ever unreadable).

    Keys older than `keys_days` are refused. `erased` is a newer list of erasures, the erasures.json of a later backup
    of keys: what stands there is erased again. Without one, keys bring back whoever was erased since; that is refused
    unless `without_erased` says that there is none.
    Raises DatabaseRefused when the backup is damaged or too new, or the centre is in use or not empty;
    DatabaseUnavailable when it fails half-way: then nothing is served from it, and calling again starts afresh.
    """
    data = Manifest.read(source, "data")
    keys = None if keys_source is None else Manifest.read(keys_source, "keys")
    if keys is not None:
        check_keys(keys, datetime.now(UTC), keys_days)
        check_erased(keys, erased, is_waived=without_erased)
    lists = [path for path in (None if keys_source is None else keys_source / ERASURES, erased) if path is not None]
    erasures = [one for path in lists for one in _read_erasures(path)]
    if data.revision not in known_revisions():
        raise DatabaseRefused(
            f"The backup has revision {data.revision}, made by Markaz {data.markaz_version}: install that or a newer one."
        )
    connection = await connect_owner(access.owner_dsn)
    try:
        tools = await tools_for(connection, access.owner_dsn, postgres_bin)
        if connection.get_server_version().major < data.postgres_major:
            raise DatabaseRefused(f"The backup needs PostgreSQL {data.postgres_major} or newer.")
        await _check_unused(connection)
        await _clear(connection)
        await _load(tools, source, keys_source)
        await _verify(connection, data.tables, None if keys is None else keys.tables)
        if keys_source is not None:
            _restore_key_files(keys_source / KEY_FILES, folder.keys)
        erased_again, unreadable = await _finish(connection, erasures)
        _, revision = await asyncio.to_thread(migrate, access)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise DatabaseUnavailable(f"The restore did not finish ({error}): run it again.") from error
    finally:
        await connection.close(timeout=5)
    rows = sum(table.rows for table in data.tables.values())
    return RestoreReport(rows, len(data.tables), data.seq, data.made_at, erased_again, unreadable, revision)


async def _check_unused(connection: Connection) -> None:
    """Raise DatabaseRefused when somebody works in the centre or has worked in it."""
    others = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND usename IS NOT NULL"  # PostgreSQL's own workers have no user
    )
    if others:
        raise DatabaseRefused(f"The centre is in use ({others} connections): stop its server, then restore.")
    if await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", UNFINISHED_RESTORE):
        return
    for schema in ("public", KEYS_SCHEMA):
        for name in await table_names(connection, schema):
            query = f"SELECT EXISTS (SELECT FROM {name} OFFSET $1)"  # noqa: S608 - named and quoted by the catalogue
            if await connection.fetchval(query, SET_UP_ROWS.get(name, 0)):
                raise DatabaseRefused(
                    f"This centre is not empty (there are rows in {name}), and a restore never overwrites: set "
                    "MARKAZ_HOME to a new folder and restore there."
                )


async def _clear(connection: Connection) -> None:
    """Drop the empty schema, or what an unfinished restore left, and set the mark."""
    async with connection.transaction():
        await connection.execute("DROP OWNED BY CURRENT_USER CASCADE")
        await connection.execute(f"CREATE SCHEMA {UNFINISHED_RESTORE}")


async def _load(tools: Tools, source: Path, keys_source: Path | None) -> None:
    common = ("--exit-on-error", "--single-transaction", "--no-owner")
    database = tools.database_name
    await tools.run("pg_restore", *common, f"--dbname={database}", str(source / DATA_DUMP))
    if keys_source is not None:
        await tools.run("pg_restore", *common, f"--dbname={database}", str(keys_source / KEYS_DUMP))


async def _verify(connection: Connection, data: dict[str, TableDigest], keys: dict[str, TableDigest] | None) -> None:
    """Raise DatabaseUnavailable naming the tables that differ from the manifests."""
    expected = data | (keys or {})
    found = await digest_tables(connection, "public")
    if keys is not None:
        found |= await digest_tables(connection, KEYS_SCHEMA)
    wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if wrong:
        raise DatabaseUnavailable(
            f"What was restored differs from the backup in {', '.join(wrong)}: the centre stays closed. Restore again, "
            "or use another copy."
        )


def _restore_key_files(source: Path, target: Path) -> None:
    """Put the key files in place; those of the empty centre are set aside, never deleted."""
    partial = target.with_name("keys.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source, partial)
    partial.chmod(0o700)
    if target.exists():
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        target.rename(target.with_name(f"keys.before-restore-{stamp}"))
    partial.rename(target)
    sync_folder(target.parent)


def _read_erasures(path: Path) -> list[tuple[UUID, datetime, UUID]]:
    """Return what a list of erasures names. Raises DatabaseRefused when it is none."""
    try:
        stated = json.loads(path.read_text())
        return [(UUID(sealed_id), datetime.fromisoformat(at), UUID(actor)) for sealed_id, at, actor in stated]
    except (OSError, ValueError, TypeError) as error:
        raise DatabaseRefused(f"{path} is no list of erasures ({error}).") from error


async def _finish(connection: Connection, erasures: list[tuple[UUID, datetime, UUID]]) -> tuple[int, int]:
    """Erase again what is known as erased, take the mark away, and count what nobody can read."""
    async with connection.transaction():
        before = await connection.fetchval("SELECT count(*) FROM erasures")
        await connection.executemany(
            "INSERT INTO erasures (sealed_id, erased_at, actor_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", erasures
        )
        erased_again = await connection.fetchval("SELECT count(*) FROM erasures") - before
        await connection.execute("DELETE FROM keys.sealed_keys WHERE sealed_id IN (SELECT sealed_id FROM erasures)")
        await connection.execute("DELETE FROM sealed_search WHERE sealed_id IN (SELECT sealed_id FROM erasures)")
        unreadable = await connection.fetchval(
            "SELECT count(DISTINCT sealed_id) FROM "
            "(SELECT sealed_id FROM sealed_fields UNION ALL SELECT sealed_id FROM sealed_blobs) f WHERE NOT EXISTS "
            "(SELECT FROM keys.sealed_keys k WHERE k.sealed_id = f.sealed_id) AND NOT EXISTS "
            "(SELECT FROM erasures e WHERE e.sealed_id = f.sealed_id)"
        )
        await connection.execute(f"DROP SCHEMA {UNFINISHED_RESTORE}")
    await connection.execute("ANALYZE")
    return int(erased_again), int(unreadable)
