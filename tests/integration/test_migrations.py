"""The schema's history: what the roles may do, and that a centre full of data can be upgraded."""

import asyncio
import re
from pathlib import Path

import asyncpg
import pytest
from alembic.script import ScriptDirectory
from tests.support.database import populate, row_counts

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.migrate import (
    MIGRATIONS,
    SchemaState,
    current_revision,
    migrate,
    newest_revision,
    schema_of,
    upgrade_to,
)
from markaz.core.db.trouble import DatabaseRefused, DatabaseUnavailable


def revisions() -> list[str]:
    """Every revision, oldest first."""
    return [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]


async def test_empty_database_reaches_head_and_a_second_run_changes_nothing(empty_database: DatabaseAccess) -> None:
    assert migrate(empty_database) == (None, newest_revision())
    assert migrate(empty_database) == (newest_revision(), newest_revision())


@pytest.mark.parametrize("start", revisions())
async def test_populated_database_is_upgraded_with_its_rows_intact(empty_database: DatabaseAccess, start: str) -> None:
    for revision in revisions()[: revisions().index(start) + 1]:
        await upgrade_to(empty_database.owner_dsn, revision)
        await populate(empty_database.owner_dsn, [revision])
    expected = await row_counts(empty_database.owner_dsn)
    assert expected["public.events"] == 2
    assert migrate(empty_database) == (start, newest_revision())
    after = await row_counts(empty_database.owner_dsn)
    assert {name: after.get(name) for name in expected} == expected


async def test_two_migrations_at_once_run_one_after_the_other(empty_database: DatabaseAccess) -> None:
    ended = await asyncio.gather(*(asyncio.to_thread(migrate, empty_database) for _ in range(3)))
    assert sorted(str(before) for before, _ in ended) == ["0001", "0001", "None"] or len(revisions()) > 1


async def test_database_of_a_newer_markaz_is_refused(database: DatabaseAccess) -> None:
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute("UPDATE alembic_version SET version_num = '9999'")
    schema = await schema_of(owner)
    await owner.close()
    assert schema.state is SchemaState.AHEAD
    with pytest.raises(DatabaseRefused, match="newer Markaz"):
        migrate(database)


async def test_schema_state_is_told_to_the_application(
    database: DatabaseAccess, empty_database: DatabaseAccess
) -> None:
    app = await asyncpg.connect(database.app_dsn)
    assert await current_revision(app) == newest_revision()
    (await schema_of(app)).check()
    await app.close()
    app = await asyncpg.connect(empty_database.app_dsn)
    schema = await schema_of(app)
    await app.close()
    assert schema.state is SchemaState.EMPTY
    with pytest.raises(DatabaseRefused, match="markaz migrate"):
        schema.check()


async def test_a_locked_table_makes_the_migration_give_up_rather_than_hang(
    empty_database: DatabaseAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("markaz.core.db.migrate.LOCK_TIMEOUT_S", 1)
    holder = await asyncpg.connect(empty_database.owner_dsn)
    await holder.execute("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)")
    async with holder.transaction():
        await holder.execute("LOCK TABLE alembic_version")
        with pytest.raises(DatabaseUnavailable, match="quiet moment"):
            await asyncio.to_thread(migrate, empty_database)
    await holder.close()
    assert migrate(empty_database)[1] == newest_revision()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET payload = '{}'",
        "DELETE FROM events",
        "TRUNCATE events",
        "UPDATE audit_entries SET reason = ''",
        "DELETE FROM audit_entries",
        "DELETE FROM erasures",
        "DELETE FROM event_counter",
        "UPDATE keys.sealed_keys SET wrapped_key = ''",
        "UPDATE alembic_version SET version_num = 'x'",
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "DROP TABLE events",
        "CREATE TABLE public.mine (n int)",
        "CREATE TABLE keys.mine (n int)",
        "CREATE TEMP TABLE mine (n int)",
        "CREATE SCHEMA mine",
        "SET ROLE markaz_owner",
        "COPY events TO PROGRAM 'cat'",
    ],
)
async def test_application_role_may_not(database: DatabaseAccess, statement: str) -> None:
    app = await asyncpg.connect(database.app_dsn)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(statement)
    finally:
        await app.close()


async def test_application_role_has_no_power_and_owns_nothing(database: DatabaseAccess) -> None:
    app = await asyncpg.connect(database.app_dsn)
    role = await app.fetchrow(
        "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication FROM pg_roles "
        "WHERE rolname = current_user"
    )
    owned = await app.fetchval(
        "SELECT (SELECT count(*) FROM pg_class WHERE relowner = me.oid) "
        "+ (SELECT count(*) FROM pg_namespace WHERE nspowner = me.oid) "
        "+ (SELECT count(*) FROM pg_proc WHERE proowner = me.oid) "
        "+ (SELECT count(*) FROM pg_database WHERE datdba = me.oid) "
        "+ (SELECT count(*) FROM pg_auth_members WHERE member = me.oid) "
        "FROM pg_roles me WHERE rolname = current_user"
    )
    await app.close()
    assert role is not None
    assert not any(role.values())
    assert owned == 0


def test_every_migration_refuses_to_downgrade() -> None:
    for file in sorted((MIGRATIONS / "versions").glob("[0-9]*.py")):
        assert "raise NotImplementedError" in file.read_text(), file.name


def test_revisions_are_numbered_in_order() -> None:
    names = [Path(s.path).name for s in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.py", name) for name in names)
    assert names == sorted(names)
