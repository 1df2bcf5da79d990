"""A running centre for tests, in this process: the real application on the test's own database.

`opened_centre` runs the application's own start and stop. People are made when they are first asked for.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from fastapi import FastAPI
from tests.support.database import LOST
from tests.support.land import Land, make_land
from tests.support.people import (
    SERVICE_ROLES,
    Person,
    bearer,
    cookie,
    make_person,
    make_service,
    open_session,
)

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.permissions import Grant, Role
from markaz.core.refusals.guard import Kind, load_lists, problems
from markaz.core.refusals.history import load_history_list
from markaz.core.settings import Settings
from markaz.kit.clock import Clock, SystemClock
from markaz.web.app import create_app
from markaz.web.centre import Centre, open_centre

BASE_URL = "http://127.0.0.1"
UNHURRIED_PER_S = 100_000.0  # no test but that of the rate limit should meet it


@dataclass
class RunningCentre:
    """A centre that runs, and who is known there."""

    centre: Centre
    app: FastAPI
    access: DatabaseAccess
    nobody: httpx.AsyncClient
    _stack: AsyncExitStack
    _people: dict[tuple[Role, int], Person] = field(default_factory=dict)
    _named: int = 0

    async def person(self, role: Role, territory: int = Land.REGION) -> Person:
        """Return the one person (or service) of a role in a territory, signed in."""
        known = self._people.get((role, territory))
        if known is None:
            login = f"{role.value}.{Land(territory).name.lower()}"
            known = self._people[role, territory] = await self.newcomer(Grant(role, territory), login=login)
        return known

    async def newcomer(self, *grants: Grant, login: str | None = None) -> Person:
        """Return somebody new with these grants, signed in. Importers and devices come with a service key."""
        self._named += 1
        login, now, database = login or f"newcomer.{self._named}", self.centre.clock.now(), self.centre.database
        if any(grant.role in SERVICE_ROLES for grant in grants):
            account_id, key = await make_service(database, login, grants, now=now)
            return await self.as_client(account_id, login, bearer(key))
        account_id = await make_person(database, login, grants, now=now)
        return await self.sign_in_again(account_id, login)

    async def overmighty(self, *grants: Grant) -> Person:
        """Return somebody new who holds an office beside other roles, as only the owner of the database can make one."""
        person = await self.newcomer()
        for grant in grants:
            await self.as_owner(
                "INSERT INTO grants VALUES ($1, $2, $3)", person.id, grant.role.value, int(grant.territory_id)
            )
        return person

    async def sign_in_again(self, account_id: UUID, login: str = "") -> Person:
        """Return a further session of an account."""
        now, life = self.centre.clock.now(), timedelta(hours=self.centre.settings.session_hours)
        token = await open_session(self.centre.database, account_id, now=now, life=life)
        return await self.as_client(account_id, login, cookie(token))

    async def as_client(self, account_id: UUID, login: str, credentials: dict[str, str]) -> Person:
        """Return a person who sends these credentials."""
        client = await self._stack.enter_async_context(_client(self.app, credentials))
        return Person(account_id, login, client, credentials)

    async def seq(self) -> int:
        """Return the number of the last event: unchanged means that nothing was written."""
        return int((await self.rows("SELECT seq FROM event_counter"))[0]["seq"])

    async def rows(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """Return rows read with the application's rights."""
        async with self.centre.database.connection() as connection:
            return await connection.fetch(sql, *arguments)

    async def as_owner(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """Run a statement with the owner's rights, past everything the application may do."""
        connection = await asyncpg.connect(self.access.owner_dsn)
        try:
            return await connection.fetch(sql, *arguments)
        finally:
            await connection.close()


def _client(app: FastAPI, headers: dict[str, str]) -> httpx.AsyncClient:
    # An unexpected error must show as the 500 that a client would see, not as an exception in the test.
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=headers)


@asynccontextmanager
async def opened_centre(
    settings: Settings, access: DatabaseAccess, clock: Clock | None = None, *, with_land: bool = True, **changes: Any
) -> AsyncIterator[RunningCentre]:
    """Run a centre on `access` while the block runs. `changes` are settings that differ, such as session_hours=1.

    `with_land=False` opens a database again that another centre made.
    """
    # No alarm comes of itself: a test that counts events looks at the clocks when it wants to.
    calm = {"rate_limit_per_s": UNHURRIED_PER_S, "watch_clocks": False, "log_checkpoints": False, "history": False}
    settings = settings.model_copy(update=calm | changes)
    if with_land:
        connection = await asyncpg.connect(access.app_dsn)
        try:
            async with connection.transaction():
                await make_land(connection)
        finally:
            await connection.close()
    centre = await open_centre(settings, access.app_dsn, clock or SystemClock())
    app = create_app(centre)
    try:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(app.router.lifespan_context(app))
            nobody = await stack.enter_async_context(_client(app, {}))
            yield RunningCentre(centre, app, access, nobody, stack)
            await check_classified(access)
    finally:
        await centre.database.close()


async def check_classified(access: DatabaseAccess) -> None:
    """Fail the test when an event of this centre has a field that nobody decided about for history (core.refusals)."""
    listed = load_history_list()
    with suppress(*LOST):  # a test may have taken its database away, or its tables
        connection = await asyncpg.connect(access.owner_dsn, timeout=2)
        try:
            rows = await connection.fetch(
                "SELECT type, array_agg(DISTINCT k) AS fields FROM (SELECT type, payload FROM events WHERE "
                "occurred_source <> 'test' LIMIT 20000) e "
                "LEFT JOIN LATERAL jsonb_object_keys(payload) k ON true GROUP BY type"
            )
        finally:
            await connection.close()
        for row in rows:
            names = listed.names_of(row["type"], [field for field in row["fields"] if field is not None])
            found = [str(problem) for problem in problems(Kind.HISTORY, names, load_lists())]
            # A type of the tests' own is no event of the product; those that the code names are closed by tests/house.
            assert not found or row["type"] not in listed.types, found
