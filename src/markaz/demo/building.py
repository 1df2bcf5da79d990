"""Builds the demo into an empty centre, step by step, each step one transaction.

A row in `job_runs` is written first and finished last. Whatever was cut off in between is found done or not done at
all, so a build that was killed is completed by the next. A centre with data of its own is refused.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic

from markaz.core.acts import Acts
from markaz.core.db.pool import Connection, Database
from markaz.core.errors import NotPossibleNow
from markaz.core.log.grouping import Group
from markaz.core.sealing import Sealer
from markaz.core.settings import DemoScale, Settings
from markaz.demo import logins, places, write
from markaz.demo.opening import make_opening
from markaz.demo.plan import SEED, Plan, make_plan
from markaz.kit.clock import Clock, SystemClock
from markaz.programmes.incidents.acting import Spine
from markaz.programmes.incidents.service import Desk

JOB = "demo.build"
LOCK = "markaz.demo"
LOCK_WAIT_S = 10.0
LOCK_RETRY_S = 0.1

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Login:
    """A log-in to be told to the person at the machine. `what` says in words what it may do."""

    login: str
    password: str
    what: str


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did. `was_there` says that it was complete before and nothing was written."""

    was_there: bool
    seconds: float


async def build_demo(settings: Settings, dsn: str, *, say: Say) -> list[Login]:
    """Bring the demo of `settings` into being where it is missing, and return its log-ins.

    The schema stands already. `say` is told each step. Raises NotPossibleNow when the centre holds other data, another
    demo, or is being built by somebody else at this moment.
    """
    database = await Database.open(dsn, max_size=2)
    try:
        await build_into(database, settings.home, settings.demo_scale, SystemClock(), say)
    finally:
        await database.close()
    return [Login(login.login, login.password, f"{login.role.value} of {login.where}") for login in logins.LOGINS]


async def build_into(
    database: Database, home: Path, scale: DemoScale, clock: Clock, say: Say, *, seed: int = SEED
) -> Built:
    """Build into an open database, or complete what is there. Raises as `build_demo` does."""
    started = monotonic()
    async with _alone(database):
        job = f"{JOB} {scale.value} {seed}"
        opened_at, was_there = await _begin(database, job, clock.now())
        if not was_there:
            say(f"demo: drawing the synthetic land ({scale.value})")
            plan = make_plan(scale, seed)
            await _fill(database, home, plan, clock, opened_at, say)
            await _finish(database, plan, job, opened_at)
            say(f"demo: built in {monotonic() - started:.1f} s")
        await _ensure_key(database, home)
    return Built(was_there, monotonic() - started)


async def is_demo(connection: Connection) -> bool:
    """Say whether this centre holds a demo, whole or half-built: its passwords are well known."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT 1 FROM job_runs WHERE job LIKE $1)", f"{JOB} %"))


@asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[None]:
    """Hold the one lock of demo builders while the block runs."""
    async with database.session() as connection:
        # The server may take a moment to see that a killed builder is gone and to let its lock go.
        waited_until = monotonic() + LOCK_WAIT_S
        while not await connection.fetchval("SELECT pg_try_advisory_lock(hashtext($1))", LOCK):
            if monotonic() > waited_until:
                raise NotPossibleNow("The demo is being built by another process: wait until it is done.")
            await asyncio.sleep(LOCK_RETRY_S)
        try:
            yield
        finally:
            await connection.fetchval("SELECT pg_advisory_unlock(hashtext($1))", LOCK)


async def _begin(database: Database, job: str, now: datetime) -> tuple[datetime, bool]:
    """Leave the mark of a begun build; return when it was begun and whether it is complete."""
    async with database.transaction() as connection:
        rows = await connection.fetch("SELECT job, started_at, finished_at FROM job_runs WHERE job LIKE $1", f"{JOB} %")
        for row in rows:
            if row["job"] != job:
                raise NotPossibleNow(
                    f"This centre holds another demo ({row['job'].removeprefix(JOB).strip()}): "
                    "choose another MARKAZ_HOME, or the same MARKAZ_DEMO_SCALE."
                )
            return row["started_at"], row["finished_at"] is not None
        if await _holds_data(connection):
            raise NotPossibleNow(
                "This centre holds data of its own, so no demo is built into it: choose another MARKAZ_HOME."
            )
        await connection.execute("INSERT INTO job_runs (job, started_at) VALUES ($1, $2)", job, now)
    return now, False


async def _holds_data(connection: Connection) -> bool:
    # The root alone is no data: it is made where it is missing.
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT 1 FROM events) OR EXISTS (SELECT 1 FROM accounts) OR EXISTS (SELECT 1 FROM units) "
            "OR EXISTS (SELECT 1 FROM incidents) OR EXISTS (SELECT 1 FROM territories WHERE parent_id IS NOT NULL)"
        )
    )


async def _fill(database: Database, home: Path, plan: Plan, clock: Clock, opened_at: datetime, say: Say) -> None:
    say(f"demo: {len(plan.territories):,} territories")
    await write.write_territories(database, plan, opened_at)
    gazetteer = places.write_places(home, plan)
    async with database.transaction() as connection:
        await places.import_gazetteer(connection, gazetteer, opened_at)
    say(f"demo: {len(plan.inspectors):,} inspectors and {len(logins.LOGINS)} log-ins")
    await write.write_accounts(database, plan, opened_at)
    async with database.connection() as connection:
        actor = await logins.traffic_actor(connection)
        sealer = await Sealer.open_for(connection, home)
    say(f"demo: {len(plan.units):,} units")
    await write.write_units(database, plan, actor.id, opened_at)
    opening = make_opening(plan)
    say(f"demo: {len(opening.incidents):,} open incidents")
    desk = Desk(Spine(database, Acts(database, clock), sealer, clock, lambda: plan.tree, Group(database)))
    await write.open_incidents(desk, plan, opening, actor, opened_at)


async def _finish(database: Database, plan: Plan, job: str, opened_at: datetime) -> None:
    async with database.transaction() as connection:
        opening = make_opening(plan)
        await write.write_positions(connection, plan, opening, opened_at)
        await write.write_crews(connection, plan, opening)
        await connection.execute("UPDATE job_runs SET finished_at = clock_timestamp() WHERE job = $1", job)


async def _ensure_key(database: Database, home: Path) -> None:
    """Write the importer's key where its file is missing; only its hash is in the database, so it is a new one."""
    if (home / logins.KEY_FILE).exists():
        return
    async with database.transaction() as connection:
        key = await logins.renew_importer_key(connection)
    logins.write_key(home, key)
