"""Backup, loss, restore: equal counts and hashes, keys apart from data, and what was erased stays erased."""

import asyncio
import errno
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.support.database import populate
from tests.support.saved import ACTOR, NAME, Place

from markaz.core.db.binaries import client_binaries
from markaz.core.db.embedded import DatabaseAccess, running_database
from markaz.core.db.manifest import Manifest
from markaz.core.db.migrate import SchemaState, known_revisions, migrate, schema_of
from markaz.core.db.trouble import DatabaseRefused, DatabaseUnavailable
from markaz.core.log.appending import append
from markaz.core.log.entry import Entry, EntryKind
from markaz.core.sealing import Sealer
from markaz.core.settings import Settings

ADD_EVENT = """
    WITH taken AS (UPDATE event_counter SET seq = seq + 1 RETURNING seq)
    INSERT INTO events (seq, type, aggregate_id, territory_id, actor_id, occurred_at, occurred_source, payload)
    SELECT seq, 'incident.opened/1', gen_random_uuid(), 1, gen_random_uuid(), now(), 'test', '{"n": 1.5}' FROM taken
"""


@pytest.fixture
async def full(database: DatabaseAccess, tmp_path: Path, centre_settings: Settings) -> Place:
    """A centre with rows in every table."""
    await populate(database.owner_dsn, sorted(known_revisions()))
    # The rows of the migration tests hold keys and signatures that are no real ones; here they would not open or verify.
    place = Place(database, tmp_path / "home", centre_settings)
    await place.run(
        *(f"DELETE FROM {table}" for table in ("sealed_fields", "sealed_search", "sealed_blobs", "keys.sealed_keys")),
        *(f"DELETE FROM {table}" for table in ("log_cosignatures", "log_checkpoints")),
    )
    return place


@pytest.fixture
def empty(empty_database: DatabaseAccess, tmp_path: Path, centre_settings: Settings) -> Place:
    """A new centre, to restore into."""
    return Place(empty_database, tmp_path / "new-home", centre_settings)


async def test_restored_centre_equals_the_lost_one(full: Place, empty: Place, tmp_path: Path) -> None:
    sealed_id = await full.seal()
    made = await full.backup(tmp_path / "data", tmp_path / "keys")
    before = await full.digests()
    assert not made.keys_beside_data
    done = await empty.restore(tmp_path / "data", tmp_path / "keys")
    assert await empty.digests() == before
    assert done.rows == made.rows == sum(digest.rows for name, digest in before.items() if name.startswith("public."))
    assert done.seq == 2
    assert await empty.name_of(sealed_id) == NAME
    assert await empty.failed_checks() == {}


async def test_restored_centre_goes_on_and_can_be_backed_up_again(full: Place, empty: Place, tmp_path: Path) -> None:
    await full.backup(tmp_path / "one")
    await empty.restore(tmp_path / "one", tmp_path / "one" / "keys")
    app = await asyncpg.connect(empty.access.app_dsn)
    await app.execute(ADD_EVENT)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute("DELETE FROM events")
    assert await append(app, datetime.now(UTC), [Entry(EntryKind.VIEW, "a", ACTOR, "b", None, "c")]) == 257
    await app.close()
    await empty.backup(tmp_path / "two")
    assert Manifest.read(tmp_path / "two", "data").seq == 3


async def test_backup_of_a_running_centre_is_of_one_moment(full: Place, empty: Place, tmp_path: Path) -> None:
    stop = asyncio.Event()

    async def write() -> int:
        app = await asyncpg.connect(full.access.app_dsn)
        written = 0
        while not stop.is_set():
            await app.execute(ADD_EVENT)
            written += 1
        await app.close()
        return written

    writers = [asyncio.create_task(write()) for _ in range(3)]
    await asyncio.sleep(0.2)
    made = await full.backup(tmp_path / "data")
    stop.set()
    assert sum(await asyncio.gather(*writers)) + 2 > made.seq > 2
    done = await empty.restore(tmp_path / "data", tmp_path / "data" / "keys")
    assert done.seq == made.seq
    assert await empty.failed_checks() == {}


def as_sql(pg_restore: str, dump: Path) -> bytes:
    return subprocess.run([pg_restore, "-f", "-", dump], capture_output=True, check=True).stdout


async def test_data_hold_no_key_and_no_name(full: Place, tmp_path: Path) -> None:
    sealed_id = await full.seal()
    await full.backup(tmp_path / "data", tmp_path / "keys")
    pg_restore = client_binaries(full.chosen).program("pg_restore")
    script, keys = (as_sql(pg_restore, tmp_path / name) for name in ("data/data.dump", "keys/keys.dump"))
    connection = await asyncpg.connect(full.access.owner_dsn)
    wrapped = await connection.fetchval("SELECT wrapped_key FROM keys.sealed_keys WHERE sealed_id = $1", sealed_id)
    await connection.close()
    assert wrapped.hex().encode() in keys
    assert wrapped.hex().encode() not in script
    assert NAME.encode() not in script + keys
    assert not [path for path in (tmp_path / "data").rglob("*") if "kek" in path.name]
    assert (tmp_path / "keys/files/kek.json").read_bytes() == (full.folder.keys / "kek.json").read_bytes()
    assert not [p for p in (tmp_path / "keys").rglob("*") if p.is_file() and p.stat().st_mode & 0o077]


async def test_older_data_do_not_bring_back_what_was_erased_since(full: Place, empty: Place, tmp_path: Path) -> None:
    erased, kept = await full.seal(), await full.seal()
    await full.backup(tmp_path / "old", tmp_path / "old-keys")
    await full.erase(erased)
    await full.backup(tmp_path / "new", tmp_path / "new-keys")
    done = await empty.restore(tmp_path / "old", tmp_path / "new-keys")
    assert done.erased_again == 1
    assert done.unreadable == 0
    assert await empty.name_of(erased) is None
    assert await empty.name_of(kept) == NAME
    assert await empty.failed_checks() == {}


async def test_older_keys_do_not_bring_back_what_the_data_know_as_erased(
    full: Place, empty: Place, tmp_path: Path
) -> None:
    erased = await full.seal()
    await full.backup(tmp_path / "old", tmp_path / "old-keys")
    await full.erase(erased)
    later = await full.seal()
    await full.backup(tmp_path / "new", tmp_path / "new-keys")
    done = await empty.restore(tmp_path / "new", tmp_path / "old-keys")
    assert await empty.name_of(erased) is None
    assert await empty.name_of(later) is None  # its key is in the newer keys only
    assert done.unreadable == 1
    assert set(await empty.failed_checks()) == {"sealed"}


async def test_restore_without_keys_says_how_much_stays_unreadable(full: Place, empty: Place, tmp_path: Path) -> None:
    await full.seal()
    await full.backup(tmp_path / "data", tmp_path / "keys")
    shutil.rmtree(tmp_path / "keys")
    done = await empty.restore(tmp_path / "data", None)
    assert (done.unreadable, done.seq) == (1, 2)


async def test_key_files_of_the_new_centre_are_set_aside(full: Place, empty: Place, tmp_path: Path) -> None:
    Sealer.open(empty.folder.home)
    own = (empty.folder.keys / "kek.json").read_bytes()
    sealed_id = await full.seal()
    await full.backup(tmp_path / "data")
    await empty.restore(tmp_path / "data", tmp_path / "data" / "keys")
    assert await empty.name_of(sealed_id) == NAME
    aside = list(empty.folder.home.glob("keys.before-restore-*/kek.json"))
    assert [path.read_bytes() for path in aside] == [own]


async def test_backup_never_overwrites(full: Place, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(DatabaseRefused, match="never overwritten"):
        await full.backup(tmp_path / "there")
    with pytest.raises(DatabaseRefused, match="never overwritten"):
        await full.backup(tmp_path / "data", tmp_path / "there")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("data", "keys"), [("b", "b"), ("b", "b/keys"), ("b/data", "b")])
async def test_keys_and_data_never_lie_in_each_other(full: Place, tmp_path: Path, data: str, keys: str) -> None:
    with pytest.raises(DatabaseRefused, match="outside"):
        await full.backup(tmp_path / data, tmp_path / keys)
    assert not (tmp_path / "b").exists()


async def test_keys_of_a_backup_that_failed_at_its_end_are_taken_back(
    full: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "backups"
    target.mkdir()
    rename = Path.rename

    def fails_for_data(self: Path, to: Path) -> Path:
        if to.name == "data":
            raise OSError(errno.EIO, "Input/output error")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", fails_for_data)
    with pytest.raises(DatabaseUnavailable, match="could not be written"):
        await full.backup(target / "data", target / "keys")
    assert list(target.iterdir()) == []


async def test_failed_backup_leaves_nothing_behind(full: Place, tmp_path: Path) -> None:
    target = tmp_path / "backups"
    target.mkdir()
    programs = tmp_path / "programs"
    programs.mkdir()
    real = client_binaries(full.chosen)
    for name in ("pg_dump", "postgres"):
        body = f'exec "{real.program(name)}" "$@"' if name == "postgres" else 'echo "disk on fire" >&2; exit 1'
        (programs / name).write_text(f"#!/bin/sh\n{body}\n")
        (programs / name).chmod(0o755)
    full.chosen = programs
    with pytest.raises(DatabaseUnavailable, match="pg_dump failed: disk on fire"):
        await full.backup(target / "data", target / "keys")
    assert list(target.iterdir()) == []


async def test_centre_with_work_in_it_is_never_overwritten(full: Place, tmp_path: Path) -> None:
    await full.backup(tmp_path / "data")
    before = await full.digests()
    with pytest.raises(DatabaseRefused, match=r"not empty.*MARKAZ_HOME"):
        await full.restore(tmp_path / "data", tmp_path / "data" / "keys")
    assert await full.digests() == before


async def test_centre_in_use_is_not_restored_into(full: Place, empty: Place, tmp_path: Path) -> None:
    await full.backup(tmp_path / "data")
    migrate(empty.access)
    server = await asyncpg.connect(empty.access.app_dsn)
    with pytest.raises(DatabaseRefused, match="stop its server"):
        await empty.restore(tmp_path / "data", tmp_path / "data" / "keys")
    await server.close()


@pytest.mark.parametrize("name", ["data.dump", "manifest.json", "keys/keys.dump", "keys/files/kek.json"])
@pytest.mark.parametrize("how", ["cut", "flipped", "gone"])
async def test_damaged_backup_is_refused(full: Place, empty: Place, tmp_path: Path, name: str, how: str) -> None:
    await full.seal()
    await full.backup(tmp_path / "data")
    damaged = tmp_path / "data" / name
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 0x80
    if how == "gone":
        damaged.unlink()
    else:
        damaged.write_bytes(content[: len(content) // 2] if how == "cut" else content)
    with pytest.raises(DatabaseRefused, match=r"damaged|does not hold"):
        await empty.restore(tmp_path / "data", tmp_path / "data" / "keys")


async def test_backup_of_a_newer_markaz_is_refused(full: Place, empty: Place, tmp_path: Path) -> None:
    await full.backup(tmp_path / "data")
    manifest = tmp_path / "data" / "manifest.json"
    newest = max(known_revisions())
    manifest.write_text(manifest.read_text().replace(f'"revision": "{newest}"', '"revision": "9999"'))
    with pytest.raises(DatabaseRefused, match="newer one"):
        await empty.restore(tmp_path / "data", tmp_path / "data" / "keys")


async def test_content_that_differs_from_the_manifest_keeps_the_centre_closed(
    full: Place, empty: Place, tmp_path: Path
) -> None:
    await full.backup(tmp_path / "data")
    manifest = tmp_path / "data" / "manifest.json"
    true = manifest.read_text()
    digest = Manifest.read(tmp_path / "data", "data").tables["public.events"]
    manifest.write_text(true.replace(digest.content, "1-1"))
    with pytest.raises(DatabaseUnavailable, match=r"differs from the backup in public\.events"):
        await empty.restore(tmp_path / "data", tmp_path / "data" / "keys")
    connection = await asyncpg.connect(empty.access.app_dsn)
    schema = await schema_of(connection)
    await connection.close()
    assert schema.state is SchemaState.RESTORING
    with pytest.raises(DatabaseRefused, match="has not finished"):
        migrate(empty.access)
    manifest.write_text(true)
    assert (await empty.restore(tmp_path / "data", tmp_path / "data" / "keys")).seq == 2
    assert await empty.failed_checks() == {}


FAULTS = {
    "events": "DELETE FROM events WHERE seq = 1",
    "counter": "UPDATE event_counter SET seq = 5",
    "rights": "GRANT DELETE ON events TO markaz_app",
    "role": "GRANT CREATE ON SCHEMA public TO markaz_app",
    "sealed": "INSERT INTO sealed_fields VALUES (gen_random_uuid(), 'caller_name', '')",
    "keys": "INSERT INTO keys.sealed_keys VALUES (gen_random_uuid(), '')",
    "schema": "UPDATE alembic_version SET version_num = '0000'",
}


@pytest.mark.parametrize("name", FAULTS)
async def test_check_finds(full: Place, name: str) -> None:
    assert await full.failed_checks() == {}
    await full.run(FAULTS[name])
    assert name in await full.failed_checks()


async def test_check_finds_a_key_file_that_does_not_open_what_is_sealed(full: Place) -> None:
    await full.seal()
    assert await full.failed_checks() == {}
    await full.seal()
    (full.folder.keys / "kek.json").rename(full.folder.keys / "kek.old")
    assert "missing" in (await full.failed_checks())["keys"]
    await full.seal()  # the tool of this test makes a new key file, as nothing in the centre would
    assert "does not fit" in (await full.failed_checks())["keys"]


async def test_check_finds_a_key_that_should_be_destroyed(full: Place) -> None:
    sealed_id = await full.seal()
    await full.run(f"INSERT INTO erasures (sealed_id, actor_id) VALUES ('{sealed_id}', '{ACTOR}')")
    assert set(await full.failed_checks()) == {"erased"}


async def test_check_names_the_missing_events(full: Place) -> None:
    for _ in range(6):
        await full.run(ADD_EVENT)
    await full.run("DELETE FROM events WHERE seq IN (3, 4, 7)")
    assert "missing: 3-4, 7-7" in (await full.failed_checks())["events"]


async def test_check_finds_files_open_to_others(full: Place) -> None:
    await full.seal()
    (full.folder.keys / "kek.json").chmod(0o644)
    assert "kek.json" in (await full.failed_checks())["modes"]


def test_whole_home_lost_and_restored(embedded_settings: Settings, fresh_home: Path, tmp_path: Path) -> None:
    def at(home: Path) -> Settings:
        home.mkdir(mode=0o711)
        return embedded_settings.model_copy(update={"home": home})

    async def in_centre(settings: Settings, access: DatabaseAccess, work: str) -> Any:
        place = Place(access, settings.home, settings)
        if work == "fill":
            await populate(access.owner_dsn, sorted(known_revisions()))
            await place.backup(tmp_path / "data", tmp_path / "keys")
        else:
            await place.restore(tmp_path / "data", tmp_path / "keys")
        return await place.digests()

    lost, new = at(fresh_home / "lost"), at(fresh_home / "new")
    with running_database(lost) as access:
        migrate(access)
        before = asyncio.run(in_centre(lost, access, "fill"))
    shutil.rmtree(lost.home, ignore_errors=True)  # the server may just be removing its own files
    with running_database(new) as access:
        assert asyncio.run(in_centre(new, access, "restore")) == before
