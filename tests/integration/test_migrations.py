"""The schema's history: what the roles may do, and that a centre full of data can be upgraded."""

import asyncio
import re
from pathlib import Path

import asyncpg
import pytest
from alembic.script import ScriptDirectory

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

# One row for every table that a centre fills, in the shape of the revision that made the table. A later revision that
# makes tables adds its own entry; it never edits an older one, because old centres hold rows of the old shape.
ROWS_SINCE = {
    "0001": """
        INSERT INTO territories VALUES (1, 'UZ', NULL, 'country', '{"en": "Uzbekistan"}', '2020-01-01', NULL);
        INSERT INTO territory_boundaries VALUES (1, '{"type": "Polygon", "coordinates": []}', '{56,37,73,45}');
        INSERT INTO accounts (id, login, display_name, kind)
            VALUES ('00000000-0000-7000-8000-000000000001', 'olim', 'Olim', 'person');
        INSERT INTO grants VALUES ('00000000-0000-7000-8000-000000000001', 'dispatcher', 1);
        INSERT INTO sessions VALUES ('\\x01', '00000000-0000-7000-8000-000000000001', now(), now());
        INSERT INTO idempotency VALUES ('00000000-0000-7000-8000-000000000001', 'k', '\\x02', 201, '{}', now());
        UPDATE event_counter SET seq = 2;
        INSERT INTO events (seq, type, aggregate_id, territory_id, actor_id, occurred_at, occurred_source, payload)
            SELECT n, 'incident.opened/1', '00000000-0000-7000-8000-000000000002', 1,
                '00000000-0000-7000-8000-000000000001', now(), 'console', '{}' FROM generate_series(1, 2) n;
        INSERT INTO audit_entries (actor_id, action, record_kind, reason)
            VALUES ('00000000-0000-7000-8000-000000000001', 'read', 'incident', 'duty');
        INSERT INTO keys.sealed_keys VALUES ('00000000-0000-7000-8000-000000000003', '\\x04');
        INSERT INTO sealed_fields VALUES ('00000000-0000-7000-8000-000000000003', 'caller_name', '\\x05');
        INSERT INTO sealed_search VALUES ('00000000-0000-7000-8000-000000000003', 'caller_phone', '\\x06');
        INSERT INTO incidents (id, number, status, category, priority, initial_priority, channel, territory_id,
                received_at, opened_by, updated_by)
            VALUES ('00000000-0000-7000-8000-000000000002', '1', 'open', 'fire', '1', '1', 'phone', 1, now(),
                '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000001');
        INSERT INTO calls VALUES ('00000000-0000-7000-8000-000000000004', '00000000-0000-7000-8000-000000000002',
            'phone', now(), '00000000-0000-7000-8000-000000000003');
        INSERT INTO units (id, call_sign, kind, territory_id, status, since, updated_by)
            VALUES ('00000000-0000-7000-8000-000000000005', 'N-1', 'patrol', 1, 'available', now(),
                '00000000-0000-7000-8000-000000000001');
        INSERT INTO assignments (incident_id, unit_id, ordinal)
            VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000005', 1);
        INSERT INTO import_rows VALUES ('sffd', '1');
        INSERT INTO unit_positions VALUES ('00000000-0000-7000-8000-000000000005', now(), now(), 69.2, 41.3, 5);
    """
}


async def row_counts(dsn: str) -> dict[str, int]:
    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch(
            "SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname IN ('public', 'keys')"
        )
        return {t["name"]: await connection.fetchval(f"SELECT count(*) FROM {t['name']}") for t in tables}
    finally:
        await connection.close()


def revisions() -> list[str]:
    """Every revision, oldest first."""
    return [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]


async def test_empty_database_reaches_head_and_a_second_run_changes_nothing(empty_database: DatabaseAccess) -> None:
    assert migrate(empty_database) == (None, newest_revision())
    assert migrate(empty_database) == (newest_revision(), newest_revision())


@pytest.mark.parametrize("start", revisions())
async def test_populated_database_is_upgraded_with_its_rows_intact(empty_database: DatabaseAccess, start: str) -> None:
    expected: dict[str, int] = {}
    for revision in revisions()[: revisions().index(start) + 1]:
        await upgrade_to(empty_database.owner_dsn, revision)
        owner = await asyncpg.connect(empty_database.owner_dsn)
        await owner.execute(ROWS_SINCE.get(revision, "SELECT"))
        await owner.close()
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
