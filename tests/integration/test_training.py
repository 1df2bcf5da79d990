"""A training desk holds the ground and the staff of the live one, and nothing of its people; neither is served as the other."""

from datetime import timedelta

import pytest
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident, register_unit
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.people import make_person

from markaz.core import training
from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.pool import Database
from markaz.core.errors import NotPossibleNow
from markaz.core.permissions import Grant, Role
from markaz.kit.clock import SystemClock
from markaz.programmes.incidents.imports.night import past_calls
from markaz.web.guard import SESSION_COOKIE, TRAINING_COOKIE

# What may be in a fresh copy; any other table with a row in it would be a leak.
GROUND = {
    "territories", "territory_boundaries", "territory_terrain", "places", "accounts", "grants", "units", "job_runs",
    "event_counter", "log_state", "log_public", "alembic_version",
}  # fmt: skip


async def copied(centre: RunningCentre, access: DatabaseAccess, *, is_demo: bool = False) -> Database:
    copy = await Database.open(access.app_dsn, max_size=1)
    async with centre.centre.database.snapshot() as source, copy.transaction() as target:
        await training.copy_ground(source, target, SystemClock().now(), is_demo=is_demo)
    return copy


async def filled_tables(copy: Database) -> set[str]:
    async with copy.connection() as connection:
        names = await connection.fetch(
            "SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname IN ('public', 'keys')"
        )
        found = set()
        for name in (row["name"] for row in names):
            if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {name})"):
                found.add(name.partition(".")[2])
        return found


async def test_a_copy_holds_ground_and_staff_and_nobody_who_called(
    centre: RunningCentre, another_database: DatabaseAccess
) -> None:
    officer = await centre.person(Role.DUTY_OFFICER)
    supervisor = await centre.person(Role.SUPERVISOR)
    await register_unit(supervisor, "T-1", territory=Land.WEST)
    await open_incident(officer)
    copy = await copied(centre, another_database)
    try:
        assert await filled_tables(copy) <= GROUND
        async with copy.connection() as connection:
            assert await connection.fetchval("SELECT status FROM units WHERE call_sign = 'T-1'") == "available"
            assert await connection.fetchval("SELECT count(*) FROM accounts WHERE login = $1", officer.login) == 1
            assert await connection.fetchval("SELECT count(*) FROM accounts WHERE kind = 'service'") == 0
    finally:
        await copy.close()


async def test_neither_kind_is_served_as_the_other(centre: RunningCentre, another_database: DatabaseAccess) -> None:
    copy = await copied(centre, another_database)
    try:
        async with copy.connection() as connection, centre.centre.database.connection() as live:
            await training.check(connection, is_meant=True, is_loopback=False)
            await training.check(live, is_meant=False, is_loopback=False)
            with pytest.raises(NotPossibleNow, match="training copy: serve it"):
                await training.check(connection, is_meant=False, is_loopback=True)
            with pytest.raises(NotPossibleNow, match="never train on live data"):
                await training.check(live, is_meant=True, is_loopback=True)
    finally:
        await copy.close()


async def test_a_copy_is_made_once(centre: RunningCentre, another_database: DatabaseAccess) -> None:
    await (await copied(centre, another_database)).close()
    with pytest.raises(NotPossibleNow, match="choose another name"):
        await copied(centre, another_database)


async def test_a_copy_of_a_demo_stays_on_this_machine(centre: RunningCentre, another_database: DatabaseAccess) -> None:
    copy = await copied(centre, another_database, is_demo=True)
    try:
        async with copy.connection() as connection:
            await training.check(connection, is_meant=True, is_loopback=True)
            with pytest.raises(NotPossibleNow, match=r"127\.0\.0\.1"):
                await training.check(connection, is_meant=True, is_loopback=False)
    finally:
        await copy.close()


async def test_a_training_desk_says_so_before_and_after_sign_in_and_a_live_one_does_not(
    open_centre_with: OpenCentre,
) -> None:
    password = "correct horse battery staple"
    for is_training in (False, True):
        desk = await open_centre_with(with_land=not is_training, training=is_training)
        assert (await desk.nobody.get("/api/centre")).json()["training"] is is_training
        login, grants = f"officer.{int(is_training)}", (Grant(Role.DUTY_OFFICER, Land.WEST),)
        await make_person(desk.centre.database, login, grants, now=desk.centre.clock.now(), password=password)
        await desk.nobody.post("/api/session", json={"login": login, "password": password})
        assert (await desk.nobody.get("/api/me")).json()["training"] is is_training


async def test_a_past_night_is_replayed_by_codes_alone(centre: RunningCentre) -> None:
    officer = await centre.person(Role.DUTY_OFFICER)
    opened = await open_incident(officer, caller={"name": "Nozima Tursunova", "phone": "+998901234567"})
    now = SystemClock().now()
    async with centre.centre.database.connection() as connection:
        calls, unplaced = await past_calls(connection, now - timedelta(hours=1), now + timedelta(hours=1))
    assert (len(calls), unplaced) == (1, 0)
    assert calls[0].body["call_key"] == opened["id"]
    assert set(calls[0].body) == {
        "source", "call_key", "number", "category", "priority", "initial_priority", "channel", "place", "received",
    }  # fmt: skip


async def test_the_session_of_a_training_desk_has_a_cookie_of_its_own(open_centre_with: OpenCentre) -> None:
    desk = await open_centre_with(training=True)
    password = "correct horse battery staple"
    now, grants = desk.centre.clock.now(), (Grant(Role.DUTY_OFFICER, Land.WEST),)
    await make_person(desk.centre.database, "trainee", grants, now=now, password=password)
    signed = await desk.nobody.post("/api/session", json={"login": "trainee", "password": password})
    assert signed.status_code == 200, signed.text
    assert TRAINING_COOKIE in signed.cookies
    assert all(name.startswith("markaz_training_") for name in signed.cookies)
    assert TRAINING_COOKIE != SESSION_COOKIE
    assert (await desk.nobody.get("/api/me")).json()["training"] is True
