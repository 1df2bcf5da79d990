"""The demo in a real database: built whole, built once, completed after a kill, refused beside real data; and moving."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from markaz.contracts.incidents import Stage, UnitStatus
from markaz.core import identity
from markaz.core.acts import Acts, Request
from markaz.core.db.pool import Connection, Database
from markaz.core.errors import NotPossibleNow, NotSignedIn
from markaz.core.identity import passwords
from markaz.core.identity.sessions import Level, Method, open_session
from markaz.core.log.grouping import Group
from markaz.core.permissions import Actor, Grant, Role
from markaz.core.sealing import Sealer
from markaz.core.settings import DemoScale, Settings
from markaz.core.territories import TerritoryTree, load_tree
from markaz.demo import building, logins
from markaz.demo.driving import Driver, run_traffic
from markaz.demo.simulation import Shift
from markaz.kit.clock import FakeClock, SystemClock
from markaz.programmes.incidents import commands, picture_store
from markaz.programmes.incidents.acting import Spine
from markaz.programmes.incidents.positions import Positions
from markaz.programmes.incidents.service import Desk

PEOPLE = ("operator", "operator2", "supervisor", "observer", "admin", "officer", "auditor", "appeal")
TABLES = (
    "territories",
    "territory_boundaries",
    "accounts",
    "grants",
    "units",
    "incidents",
    "assignments",
    "calls",
    "sealed_fields",
    "unit_positions",
    "events",
)


@pytest.fixture
async def db(centre_settings: Settings) -> AsyncIterator[Database]:
    assert centre_settings.database_url is not None
    opened = await Database.open(centre_settings.database_url.get_secret_value())
    yield opened
    await opened.close()


async def build(db: Database, home: Path, scale: DemoScale = DemoScale.SMALL) -> building.Built:
    return await building.build_into(db, home, scale, SystemClock(), lambda _line: None)


async def counts(db: Database) -> dict[str, int]:
    async with db.connection() as connection:
        return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES}


async def test_small_demo_is_built_whole_and_only_once(db: Database, centre_settings: Settings) -> None:
    assert not (await build(db, centre_settings.home)).was_there
    built = await counts(db)
    assert built["territories"] == built["territory_boundaries"] == 45
    assert built["units"] == 60
    assert built["incidents"] == built["calls"] == 25
    assert built["events"] == 3 + 1 + len(logins.LOGINS) + 2 + 60 + 25 + 2 * built["assignments"] + await _stages(db)
    assert (await build(db, centre_settings.home)).was_there
    assert await counts(db) == built


async def _stages(db: Database) -> int:
    """Events of the stages after the first: two each, unless the unit is in other hands."""
    async with db.connection() as connection:
        return 2 * int(await connection.fetchval("SELECT count(*) FROM events WHERE type = 'incident.stage_reached/1'"))


async def test_log_holds_no_caller_and_is_dense(db: Database, centre_settings: Settings) -> None:
    await build(db, centre_settings.home)
    async with db.connection() as connection:
        clear = await connection.fetchval(
            "SELECT count(*) FROM events WHERE payload::text LIKE '%Murojaatchi%' OR payload::text LIKE '%+998%'"
        )
        assert clear == 0
        assert await connection.fetchval("SELECT max(seq) = count(*) FROM events")


async def test_every_login_signs_in_within_its_territory(db: Database, centre_settings: Settings) -> None:
    assert centre_settings.database_url is not None
    dsn = centre_settings.database_url.get_secret_value()
    told = await building.build_demo(centre_settings, dsn, say=lambda _line: None)
    assert [login.login for login in told] == [*PEOPLE, "unit1", "unit2", "unit3"]
    scopes = {}
    for login in told:
        async with db.transaction() as connection:
            actor = await _sign_in(connection, login.login, login.password)
        scopes[login.login] = [(grant.role, grant.territory_id) for grant in actor.grants]
    assert scopes["operator"] == [(Role.DUTY_OFFICER, 2)]
    assert scopes["operator2"] == [(Role.DUTY_OFFICER, 4)]
    assert scopes["observer"] == [(Role.OBSERVER, 1)]
    assert scopes["admin"] == [(Role.ADMINISTRATOR, 1)]
    assert scopes["officer"] == [(Role.DATA_PROTECTION_OFFICER, 1)]
    assert scopes["auditor"] == [(Role.AUDITOR, 1)]
    assert scopes["appeal"] == [(Role.APPEAL_BODY, 1)]
    with pytest.raises(NotSignedIn):
        async with db.transaction() as connection:
            await _sign_in(connection, "demo-inspector-00001", "")


async def _sign_in(connection: Connection, login: str, password: str) -> Actor:
    now = datetime.now(UTC)
    row = await connection.fetchrow("SELECT id, password_hash FROM accounts WHERE login = $1", login)
    assert row is not None
    if not await passwords.fits(row["password_hash"], password):
        raise NotSignedIn("wrong")
    session = await open_session(
        connection,
        row["id"],
        level=Level.FULL,
        method=Method.PASSWORD,
        agent="other.other",
        now=now,
        life=timedelta(hours=1),
    )
    actor, _ends_at = await identity.actor_of_session(connection, session.token, now=now)
    return actor


async def test_importer_key_is_private_valid_and_renewed_when_its_file_is_lost(
    db: Database, centre_settings: Settings
) -> None:
    await build(db, centre_settings.home)
    path = centre_settings.home / logins.KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = path.read_text().strip()
    path.unlink()
    await build(db, centre_settings.home)
    second = path.read_text().strip()
    async with db.connection() as connection:
        actor = await identity.actor_of_service_key(connection, second)
        assert actor.grants == (Grant(Role.IMPORTER, 1),)
        with pytest.raises(NotSignedIn):
            await identity.actor_of_service_key(connection, first)


@pytest.mark.parametrize("killed_at", ["territories", "inspectors", "units", "open incidents"])
async def test_build_killed_at_any_step_is_completed_by_the_next(
    db: Database, centre_settings: Settings, killed_at: str
) -> None:
    environment = os.environ | {
        "MARKAZ_HOME": str(centre_settings.home),
        "MARKAZ_DATABASE_URL": centre_settings.database_url.get_secret_value(),  # type: ignore[union-attr]
        "MARKAZ_DATABASE_OWNER_URL": centre_settings.database_owner_url.get_secret_value(),  # type: ignore[union-attr]
        "PYTHONUNBUFFERED": "1",
    }
    kill_build(environment, killed_at)
    assert not (await build(db, centre_settings.home)).was_there
    built = await counts(db)
    assert (built["territories"], built["units"], built["incidents"]) == (45, 60, 25)
    assert built["accounts"] == 46 + len(logins.LOGINS) + 2
    async with db.connection() as connection:
        twice = await connection.fetchval("SELECT count(*) FROM assignments WHERE is_current AND ordinal > 1")
        assert twice == 0
        assert await connection.fetchval("SELECT max(seq) = count(*) FROM events")


def kill_build(environment: dict[str, str], killed_at: str) -> None:
    """Start a build in a process of its own and kill it -9 as soon as it says that step."""
    command = [sys.executable, "-c", _BUILD]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if killed_at in line:
                break
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


# Outlives the build, so that a kill never comes to a process that is gone.
_BUILD = """
import asyncio, time
from markaz.core import reach
from markaz.core.settings import Settings
from markaz.demo.building import build_demo
def say(line):
    print(line, flush=True)
settings = Settings()
reach.enter(reach.system("tests"))
asyncio.run(build_demo(settings, settings.database_url.get_secret_value(), say=say))
time.sleep(60)
"""


async def test_demo_is_refused_beside_real_data_and_beside_another_demo(
    db: Database, centre_settings: Settings
) -> None:
    async with db.transaction() as connection:
        await identity.create_account(
            connection, login="real", display_name="Real", password=None, grants=(), at=datetime.now(UTC)
        )
    with pytest.raises(NotPossibleNow, match="data of its own"):
        await build(db, centre_settings.home)
    assert (await counts(db))["territories"] == 0
    async with db.connection() as connection:
        assert not await building.is_demo(connection)


async def test_the_demo_s_units_are_logged_on_and_two_officers_can_be_tried_on_theirs(
    db: Database, centre_settings: Settings
) -> None:
    await build(db, centre_settings.home)
    async with db.connection() as connection:
        astray = await connection.fetch(
            "SELECT u.call_sign FROM units u LEFT JOIN unit_logons l ON l.unit_id = u.id AND l.logged_off_at IS NULL "
            "WHERE (u.status = 'off_duty') <> (l.id IS NULL) OR l.crew_size <> u.crew_size"
        )
        on_duty = await connection.fetch(
            "SELECT a.login, u.status FROM unit_crews c JOIN accounts a ON a.id = c.account_id "
            "JOIN unit_logons l ON l.id = c.logon_id JOIN units u ON u.id = l.unit_id ORDER BY a.login"
        )
    assert astray == []
    assert [tuple(row) for row in on_duty] == [("unit1", "available"), ("unit2", "available")]


async def test_another_scale_is_refused_where_a_demo_stands(db: Database, centre_settings: Settings) -> None:
    await build(db, centre_settings.home)
    with pytest.raises(NotPossibleNow, match="another demo"):
        await build(db, centre_settings.home, DemoScale.COUNTRY)
    async with db.connection() as connection:
        assert await building.is_demo(connection)


async def test_country_is_built_with_every_mahalla_and_inspector(db: Database, centre_settings: Settings) -> None:
    await build(db, centre_settings.home, DemoScale.COUNTRY)
    built = await counts(db)
    assert built["territories"] == 1 + 14 + 208 + 9_008
    assert built["accounts"] == 10_240 + len(logins.LOGINS) + 2
    assert built["units"] == 10_284
    assert built["incidents"] == 240
    async with db.connection() as connection:
        tree = await load_tree(connection, datetime.now(UTC).date())
        hashes = await connection.fetchval("SELECT count(password_hash) FROM accounts")
    assert hashes == len(logins.LOGINS)
    assert len(tree) == 9_231


# --- traffic ---


class Centre:
    """A built demo with its services, on a clock that is moved by hand."""

    def __init__(self, db: Database, home: Path, tree: TerritoryTree, clock: FakeClock) -> None:
        self.db = db
        self.clock = clock
        self.spine = Spine(db, Acts(db, clock), Sealer.open(home), clock, lambda: tree, Group(db))
        self.desk = Desk(self.spine)
        self.positions = Positions(db)

    async def driver(self) -> Driver:
        return await Driver.start(self.spine, self.desk, self.positions)

    async def run(self, driver: Driver, seconds: int, step_s: int = 5) -> None:
        for _ in range(seconds // step_s):
            self.clock.advance(timedelta(seconds=step_s))
            await driver.step()

    async def fetch(self, query: str, *arguments: Any) -> Any:
        async with self.db.connection() as connection:
            return await connection.fetch(query, *arguments)


@pytest.fixture
async def centre(db: Database, centre_settings: Settings) -> Centre:
    clock = FakeClock(datetime.now(UTC))
    await building.build_into(db, centre_settings.home, DemoScale.SMALL, clock, lambda _line: None)
    async with db.connection() as connection:
        tree = await load_tree(connection, clock.now().date())
    made = Centre(db, centre_settings.home, tree, clock)
    await made.positions.load()
    return made


async def check_rules(centre: Centre) -> None:
    """No unit works for two open incidents, and each unit's row agrees with its assignment."""
    twice = await centre.fetch(
        "SELECT a.unit_id FROM assignments a JOIN incidents i ON i.id = a.incident_id WHERE a.is_current "
        "AND a.cleared_at IS NULL AND i.status = 'open' GROUP BY 1 HAVING count(*) > 1"
    )
    assert twice == []
    apart = await centre.fetch(
        "SELECT u.call_sign FROM units u LEFT JOIN assignments a ON a.unit_id = u.id AND a.incident_id = u.incident_id "
        "AND a.is_current AND a.cleared_at IS NULL WHERE u.incident_id IS NOT NULL AND a.unit_id IS NULL"
    )
    assert apart == []
    assert (await centre.fetch("SELECT max(seq) = count(*) AS dense FROM events"))[0]["dense"]


async def test_half_an_hour_of_traffic_closes_what_was_open_and_opens_more(centre: Centre) -> None:
    driver = await centre.driver()
    await centre.run(driver, 1_800)
    await check_rules(centre)
    rows = await centre.fetch("SELECT status, count(*) AS n FROM incidents GROUP BY status")
    by_status = {row["status"]: row["n"] for row in rows}
    assert by_status["closed"] > 25
    assert 1 <= by_status["open"] <= 40
    views = centre.positions.within(centre.spine.territories().subtree(1))
    ages = [centre.clock.now() - datetime.fromisoformat(view["fix_at"]) for view in views]
    assert sum(age < timedelta(seconds=90) for age in ages) > 40
    assert sum(age > timedelta(seconds=90) for age in ages) >= 1


async def test_traffic_takes_up_after_a_restart_where_it_stopped(centre: Centre) -> None:
    await centre.run(await centre.driver(), 300)
    left = {row["id"] for row in await centre.fetch("SELECT id FROM incidents WHERE status = 'open'")}
    await centre.positions.flush()
    second = await centre.driver()
    await centre.run(second, 2_400, step_s=10)
    await check_rules(centre)
    still = {row["id"] for row in await centre.fetch("SELECT id FROM incidents WHERE status = 'open'")}
    assert len(left) > 10
    assert not left & still


async def test_traffic_gives_way_to_an_officer(centre: Centre) -> None:
    driver = await centre.driver()
    async with centre.db.transaction() as connection:
        actor = await _sign_in(connection, "operator", "operator-demo")
    tree = centre.spine.territories()
    view = (await _open_views(centre))[0]
    opened = await centre.desk.open_incident(
        Request(actor, "r1"), commands.OpenIncident("theft", "2", "phone", None, territory_id=view["territory_id"])
    )
    (unit,) = await centre.fetch("SELECT id FROM units WHERE status = 'available' ORDER BY call_sign LIMIT 1")
    unit_id, incident_id = unit["id"], UUID(opened.body["id"])
    answer = await centre.desk.assign_unit(
        Request(actor, "r2"), incident_id, commands.AssignUnit(unit_id, opened.body["version"])
    )
    # A note of an officer on an incident of the traffic does not stop the traffic.
    await centre.desk.add_note(Request(actor, "r3"), UUID(view["id"]), "seen")
    await centre.run(driver, 900)
    await check_rules(centre)
    assert tree.is_within(view["territory_id"], 2)
    (state,) = await centre.fetch("SELECT status, incident_id FROM units WHERE id = $1", unit_id)
    assert (state["status"], state["incident_id"]) == (UnitStatus.ASSIGNED.value, incident_id)
    report = commands.ReportStage(unit_id, Stage.CLEARED, answer.body["version"])
    await centre.desk.report_stage(Request(actor, "r4"), incident_id, report)
    await centre.run(driver, 10)
    assert driver.world._units[unit_id].shift is Shift.FREE or driver.world.job_of(unit_id) is not None


async def _open_views(centre: Centre) -> list[dict[str, Any]]:
    async with centre.db.connection() as connection:
        return await picture_store.open_incidents(connection, list(centre.spine.territories().subtree(1)))


async def test_incident_stays_with_the_traffic_when_people_take_its_unit_first(
    centre: Centre, caplog: pytest.LogCaptureFixture
) -> None:
    """Every free unit is put to other work behind the traffic's back: it waits, and sends them when they are back."""
    driver = await centre.driver()
    async with centre.db.transaction() as connection:
        actor = await _sign_in(connection, "operator", "operator-demo")

    async def set_all(before: UnitStatus, after: UnitStatus) -> None:
        rows = await centre.fetch("SELECT id, version FROM units WHERE status = $1 ORDER BY id", before.value)
        for row in rows:
            command = commands.SetUnitStatus(after, row["version"])
            await centre.desk.set_unit_status(Request(actor, "set"), UUID(bytes=row["id"].bytes), command)

    waiting = "SELECT id FROM incidents i WHERE NOT EXISTS (SELECT 1 FROM assignments WHERE incident_id = i.id)"
    unsent = [row["id"] for row in await centre.fetch(waiting)]
    assert unsent
    await set_all(UnitStatus.AVAILABLE, UnitStatus.BUSY)
    caplog.set_level("INFO", logger="markaz.demo")
    driver.last_look = centre.clock.now() + timedelta(seconds=70)  # until then it believes that the units are free
    await centre.run(driver, 80)
    assert "gives way" in caplog.text
    await set_all(UnitStatus.BUSY, UnitStatus.AVAILABLE)
    await centre.run(driver, 1_800)
    await check_rules(centre)
    still = await centre.fetch("SELECT id FROM incidents WHERE status = 'open' AND id = ANY($1::uuid[])", unsent)
    assert still == []


async def test_traffic_ends_quietly_where_no_demo_stands(db: Database, centre_settings: Settings) -> None:
    tree = TerritoryTree([], {}, datetime.now(UTC).date())
    centre = Centre(db, centre_settings.home, tree, FakeClock(datetime.now(UTC)))
    await run_traffic(centre.spine, centre.desk, centre.positions)
