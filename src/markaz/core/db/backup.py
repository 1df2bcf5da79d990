"""`markaz backup`: a consistent copy of a running centre, with the keys apart from the data.

The data (a folder with data.dump and manifest.json) hold sealed fields but no key; the keys (a folder of their own) hold
every record's wrapped key and the key-encryption key. Whoever has one part alone can read no sealed field. Both come
from one snapshot. Each part appears under its name only when it is whole.
"""

import json
import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from markaz import __version__
from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.folder import CentreFolder, sync_folder, write_private
from markaz.core.db.manifest import Manifest, digest_files, digest_tables, table_names
from markaz.core.db.migrate import SchemaState, schema_of
from markaz.core.db.tools import Tools, connect_owner, tools_for
from markaz.core.db.trouble import DatabaseRefused, DatabaseUnavailable

KEYS_SCHEMA = "keys"
DATA_DUMP = "data.dump"
KEYS_DUMP = "keys.dump"
KEY_FILES = "files"
ERASURES = "erasures.json"
# In no backup: history is written again from the log under new keys, so that no old copy of it can be joined to a record.
HISTORY_KEYS = "history.json"
LOCK_WAIT = "--lock-wait-timeout=10s"  # a migration under way


@dataclass(frozen=True)
class BackupReport:
    """What was written where. `keys_beside_data` asks the operator to move the keys elsewhere."""

    data: Path
    keys: Path
    keys_beside_data: bool
    rows: int
    tables: int
    seq: int


async def backup(
    access: DatabaseAccess, folder: CentreFolder, target: Path, keys_target: Path | None, postgres_bin: Path | None
) -> BackupReport:
    """Write the data to `target` and the keys to `keys_target` (default `target`/keys) while the centre runs.

    Raises DatabaseRefused when a target exists, one lies in the other or the schema is not current, DatabaseUnavailable
    when the copy fails; then neither target exists.
    """
    check_targets(target, keys_target)
    data_part = _partial(target)
    keys_part = data_part / "keys" if keys_target is None else _partial(keys_target)
    try:
        for part in (data_part, keys_part):
            part.mkdir(mode=0o700, parents=True)
        manifest = await _copy(access.owner_dsn, folder, data_part, keys_part, postgres_bin)
        if keys_target is not None:
            _publish(keys_part, keys_target)
        try:
            _publish(data_part, target)
        except OSError:
            if keys_target is not None:
                shutil.rmtree(keys_target, ignore_errors=True)
            raise
    except OSError as error:
        raise DatabaseUnavailable(f"The backup could not be written to {target}: {error}") from error
    finally:
        for part in (data_part, keys_part):
            shutil.rmtree(part, ignore_errors=True)
    rows = sum(table.rows for table in manifest.tables.values())
    keys = keys_target or target / "keys"
    return BackupReport(target, keys, keys_target is None, rows, len(manifest.tables), manifest.seq)


def check_targets(target: Path, keys_target: Path | None) -> None:
    """Raise DatabaseRefused when a target exists or one lies in the other."""
    if keys_target is not None and _is_one_in_the_other(target, keys_target):
        raise DatabaseRefused(
            f"The keys would stand beside the data: give --keys a folder outside {target}, or leave it away."
        )
    for path in (target, keys_target):
        if path is not None and (path.exists() or path.is_symlink()):
            raise DatabaseRefused(f"{path} is already there, and a backup is never overwritten: choose another name.")


async def check_schema(owner_dsn: str) -> None:
    """Raise DatabaseRefused unless the schema is that of this version."""
    connection = await connect_owner(owner_dsn)
    try:
        schema = await schema_of(connection)
        if schema.state is not SchemaState.CURRENT:
            schema.check()
    finally:
        await connection.close(timeout=5)


async def _copy(
    dsn: str, folder: CentreFolder, data_part: Path, keys_part: Path, postgres_bin: Path | None
) -> Manifest:
    connection = await connect_owner(dsn)
    try:
        schema = await schema_of(connection)
        if schema.state is not SchemaState.CURRENT:
            schema.check()
        tools = await tools_for(connection, dsn, postgres_bin)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = f"--snapshot={await connection.fetchval('SELECT pg_export_snapshot()')}"
            await _hold_tables(connection)
            await _dump(tools, snapshot, data_part, keys_part)
            await _copy_keys(connection, folder, keys_part)
            return await _write_manifests(connection, schema.needed, data_part, keys_part)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnavailable(f"The database went away during the backup: {error}") from error
    finally:
        await connection.close(timeout=5)


async def _hold_tables(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Keep every table of the snapshot until the end: old partitions are dropped while the centre runs."""
    names = [name for schema in ("public", KEYS_SCHEMA) for name in await table_names(connection, schema)]
    await connection.execute(f"LOCK TABLE {', '.join(names)} IN ACCESS SHARE MODE")


async def _dump(tools: Tools, snapshot: str, data_part: Path, keys_part: Path) -> None:
    """Dump everything but the rows of `keys`, and then those alone, both as of the same snapshot."""
    common = ("--format=custom", LOCK_WAIT, snapshot)
    data = data_part / DATA_DUMP
    await tools.run("pg_dump", *common, f"--exclude-table-data={KEYS_SCHEMA}.*", f"--file={data}")
    await tools.run("pg_dump", *common, f"--schema={KEYS_SCHEMA}", "--data-only", f"--file={keys_part / KEYS_DUMP}")


async def _copy_keys(connection: "asyncpg.Connection[asyncpg.Record]", folder: CentreFolder, keys_part: Path) -> None:
    """Copy the key files, and which records were erased: an older copy of the data must not bring them back."""
    if folder.keys.is_dir():
        shutil.copytree(folder.keys, keys_part / KEY_FILES, ignore=shutil.ignore_patterns(HISTORY_KEYS))
    else:
        (keys_part / KEY_FILES).mkdir()
    erased = await connection.fetch("SELECT sealed_id, erased_at, actor_id FROM erasures ORDER BY sealed_id")
    stated = [[str(row["sealed_id"]), row["erased_at"].isoformat(), str(row["actor_id"])] for row in erased]
    write_private(keys_part / ERASURES, json.dumps(stated))


async def _write_manifests(
    connection: "asyncpg.Connection[asyncpg.Record]", revision: str, data_part: Path, keys_part: Path
) -> Manifest:
    """Write both manifests; the data's names no file of the keys, which may stand inside its folder."""
    common = {
        "backup_id": secrets.token_hex(16),
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "markaz_version": __version__,
        "revision": revision,
    }
    major = connection.get_server_version().major
    seq = await connection.fetchval("SELECT seq FROM event_counter")
    keys = await digest_tables(connection, KEYS_SCHEMA)
    key_files = digest_files(keys_part)
    Manifest("keys", **common, postgres_major=major, seq=seq, tables=keys, files=key_files).write(keys_part)
    data = await digest_tables(connection, "public")
    data_files = {name: file for name, file in digest_files(data_part).items() if name == DATA_DUMP}
    manifest = Manifest("data", **common, postgres_major=major, seq=seq, tables=data, files=data_files)
    manifest.write(data_part)
    return manifest


def _is_one_in_the_other(one: Path, other: Path) -> bool:
    one, other = one.resolve(), other.resolve()
    return one.is_relative_to(other) or other.is_relative_to(one)


def _partial(target: Path) -> Path:
    return target.with_name(f".{target.name}.partial-{secrets.token_hex(4)}")


def _publish(part: Path, target: Path) -> None:
    """Make a part durable, then give it its name."""
    for path in [part, *part.rglob("*")]:
        if path.is_dir():
            sync_folder(path)
            continue
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    part.rename(target)
    sync_folder(target.parent)
