"""Row security: what the database shows to whom, when the code above it forgets to ask."""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from tests.support.centre import RunningCentre
from tests.support.database import ROWS_SINCE, populate, row_counts
from tests.support.desk import open_incident
from tests.support.land import Land
from tests.support.reaching import ASKED, ASKED_BY_ID, FlatLand, fill, mixed_actors

from markaz.core import reach
from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.pool import Connection, Database
from markaz.core.errors import Unavailable
from markaz.core.permissions import Actor, Grant, Role
from markaz.core.reach import Reaches, bits
from markaz.kit.ids import uuid7

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "row-security.md"
ACTORS = 1_000
SEED = 20_261_122
# The sealed records themselves; ids of records that others hold; and secrets that the centre alone reads.
NO_WAY_IN = {"sealed_fields", "sealed_blobs", "sealed_search", "erasures", "restrictions", "right_records", "one_time_codes"}  # fmt: skip
COVERED = [name for name, is_covered, _ in re.findall(r"^\| `([a-z_.]+)` \| (yes|no) \| (.+) \|$", PAGE.read_text(), re.M) if is_covered == "yes"]  # fmt: skip


@pytest.fixture
async def pool(database: DatabaseAccess) -> AsyncIterator[Database]:
    """Two connections that everybody shares."""
    opened = await Database.open(database.app_dsn, max_size=2)
    yield opened
    await opened.close()


async def test_every_table_is_covered_or_says_why_not(pool: Database) -> None:
    lines = re.findall(r"^\| `([a-z_.]+)` \| (yes|no) \| (.+) \|$", PAGE.read_text(), re.M)
    stated = {name: is_covered == "yes" for name, is_covered, _ in lines}
    assert len(stated) == len(lines), "a table is listed twice"
    async with pool.connection() as connection:
        rows = await connection.fetch(
            "SELECT CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END AS name, "
            "c.relrowsecurity AS covered FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname IN ('public', 'keys') AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        )
    assert {row["name"]: row["covered"] for row in rows} == stated, "say in docs/reference/row-security.md why"


async def test_every_sealed_record_has_a_row_through_which_it_is_reached(pool: Database) -> None:
    """A new column that holds one, such as `answer_sealed_id`, calls `holds_sealed` in its migration."""
    async with pool.connection() as connection:
        columns = await connection.fetch(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
            "AND data_type = 'uuid' AND (column_name ~ 'sealed_id$' OR column_name IN ('reason_id', 'remark_id', 'answer_id'))"
        )
        known = str(await connection.fetchval("SELECT prosrc FROM pg_proc WHERE proname = 'sealed_in_reach'"))
        later = {row[0] for row in await connection.fetch("SELECT policyname FROM pg_policies")}
    missing = [
        f"{table}.{column}"
        for table, column in columns
        if table not in NO_WAY_IN
        and f"FROM public.{table} h WHERE h.{column} = wanted" not in known
        and f"held_by_{table}_{column}" not in later
    ]
    assert missing == []


async def test_without_a_reach_every_covered_table_is_empty(database: DatabaseAccess, pool: Database) -> None:
    await populate(database.owner_dsn, sorted(ROWS_SINCE))
    full = await row_counts(database.owner_dsn)
    names = [name if "." in name else f"public.{name}" for name in COVERED]
    hidden = []
    for first in (None, reach.system("tests")):
        with reach.within(first):
            async with pool.transaction() as connection:
                seen = {name: await connection.fetchval(f"SELECT count(*) FROM {name}") for name in names}
        hidden.append(seen)
    assert hidden[1] == {name: full[name] for name in names}
    assert set(hidden[0].values()) == {0}
    with reach.within(None):  # on the connections that just had one
        async with pool.connection() as connection:
            for name in names:
                assert await connection.fetchval(f"SELECT count(*) FROM {name}") == 0
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute("INSERT INTO keys.sealed_keys VALUES ($1, '\\x01')", uuid7())


async def test_a_thousand_mixed_actors_over_two_connections_never_meet_anothers_rows(
    database: DatabaseAccess, pool: Database
) -> None:
    dice, land = random.Random(SEED), FlatLand()
    actors = mixed_actors(dice, ACTORS)
    owner = await asyncpg.connect(database.owner_dsn)
    rows = await fill(owner, dice, actors[: ACTORS // 10])
    await owner.close()
    reaches = Reaches(lambda: land)
    nobody_met = 0

    async def look(number: int, actor: Actor, ending: str) -> None:
        nonlocal nobody_met
        expected = rows.met_by(actor, land)
        with reach.within(reaches.of(actor)):
            async with pool.transaction() as connection:
                learnt = dice.sample(sorted(rows.sealed.values()), 3)
                for name, sql in ASKED_BY_ID.items():
                    met = {row["id"] for row in await connection.fetch(sql, learnt)}
                    assert met == expected[name] & set(learnt), f"actor {number} ({SEED=}), {name}"
                for name, sql in ASKED.items():
                    met = {row["id"] for row in await connection.fetch(sql)}
                    assert met == expected[name], f"actor {number} ({SEED=}), {name}"
                await _end(connection, ending)
        with reach.within(None):
            async with pool.connection() as connection:
                nobody_met += await connection.fetchval("SELECT count(*) FROM incidents")

    async def one(number: int, actor: Actor) -> None:
        ending = dice.choice(("commit", "commit", "rollback", "error", "timeout", "cancel"))
        task = asyncio.ensure_future(look(number, actor, ending))
        if ending == "cancel" and number % 2:
            await asyncio.sleep(dice.random() * 0.01)  # wherever it may be by then
            task.cancel()
        try:
            await task
        except (asyncio.CancelledError, asyncpg.DivisionByZeroError, Unavailable, _RolledBackError):
            assert ending != "commit"

    queue = list(enumerate(actors))

    async def desk() -> None:
        while queue:
            await one(*queue.pop())

    async with asyncio.TaskGroup() as desks:
        for _ in range(6):
            desks.create_task(desk())
    assert nobody_met == 0


class _RolledBackError(Exception):
    pass


async def _end(connection: Connection, ending: str) -> None:
    """End a transaction in one of the ways transactions end."""
    if ending == "rollback":
        raise _RolledBackError
    if ending == "error":
        await connection.execute("SELECT 1 / 0")
    if ending == "timeout":
        await connection.execute("SET LOCAL statement_timeout = 1")
        await connection.execute("SELECT pg_sleep(5)")
    if ending == "cancel":
        async with asyncio.timeout(0.002) as limit:
            await connection.execute("SELECT pg_sleep(5)")
        assert not limit.expired()


async def test_a_reach_stays_in_its_savepoint_and_ends_with_its_transaction(
    database: DatabaseAccess, pool: Database
) -> None:
    await populate(database.owner_dsn, ["0001"])
    land = FlatLand()
    actor = Actor(uuid7(), "a", "A", False, (Grant(Role.DUTY_OFFICER, 1),), 1)
    with reach.within(Reaches(lambda: land).of(actor)):
        async with pool.transaction() as connection:
            assert await connection.fetchval("SELECT count(*) FROM calls") == 1
            with pytest.raises(asyncpg.DivisionByZeroError):
                async with connection.transaction():
                    await connection.execute("SELECT 1 / 0")
            assert await connection.fetchval("SELECT count(*) FROM calls") == 1
            async with reach.beyond(connection, "tests"):
                assert await connection.fetchval("SELECT current_setting('markaz.reach')") == "system"
            assert await connection.fetchval("SELECT current_setting('markaz.reach')") == "actor"
        async with pool.snapshot() as connection:
            assert await connection.fetchval("SELECT count(*) FROM calls") == 1
    with reach.within(None):
        async with pool.snapshot() as connection:
            assert await connection.fetchval("SELECT count(*) FROM calls") == 0


async def test_the_application_cannot_switch_it_off_and_the_owner_meets_every_row(
    database: DatabaseAccess, pool: Database
) -> None:
    await populate(database.owner_dsn, ["0001"])
    with reach.within(None):
        async with pool.connection() as connection:
            await connection.execute("SET row_security = off")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch("SELECT * FROM calls")
            await connection.execute("RESET row_security")
            for statement in (
                "ALTER TABLE calls DISABLE ROW LEVEL SECURITY",
                "DROP POLICY reach ON calls",
                "CALL holds_sealed('units', 'id')",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute("SET row_security = off")  # as pg_dump does: it fails rather than leave a row out
    assert await owner.fetchval("SELECT count(*) FROM calls") == 1
    await owner.close()


async def test_bits_are_counted_as_the_database_counts_them(pool: Database) -> None:
    dice = random.Random(SEED)
    async with pool.connection() as connection:
        for size in (0, 1, 8, 9, 300):
            there = set(dice.sample(range(2_000), size))
            found = await connection.fetch(
                "SELECT n FROM generate_series(0, length($1::text) * 4 - 1) n WHERE get_bit(decode($1, 'hex'), n) = 1",
                bits(there),
            )
            assert {row["n"] for row in found} == there
    assert bits({-1, reach.TERRITORY_ID_MOST + 1}) == ""


async def test_a_list_that_forgets_its_territory_still_shows_no_others(
    centre: RunningCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The permission check of the code is taken away here: the second line must hold alone."""
    west = await centre.person(Role.DUTY_OFFICER, Land.WEST)
    east = await centre.person(Role.DUTY_OFFICER, Land.EAST)
    mine, theirs = await open_incident(west, Land.WEST_SOUTH), await open_incident(east, Land.EAST_SOUTH)
    everywhere = sorted(centre.centre.tree.subtree(Land.ROOT))
    monkeypatch.setattr("markaz.programmes.incidents.reading.territory_filter", lambda *_: everywhere)
    monkeypatch.setattr("markaz.programmes.incidents.reading.require_seen", lambda *_: None)
    listed = {item["id"] for item in (await west.get("/api/incidents")).json()["items"]}
    assert mine["id"] in listed
    assert theirs["id"] not in listed
    assert (await west.get(f"/api/incidents/{theirs['id']}")).status_code == 404
    assert (await east.get(f"/api/incidents/{theirs['id']}")).status_code == 200
