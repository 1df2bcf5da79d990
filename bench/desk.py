"""A desk to measure: a synthetic region with officers and units, and the work they do with an incident."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from markaz.core.db.pool import Connection, Database
from markaz.core.events import append
from markaz.core.identity import create_account, token_hash
from markaz.core.permissions import Grant, Role
from markaz.core.settings import DemoScale
from markaz.core.territories import ROOT_ID
from markaz.demo.plan import Plan, make_plan
from markaz.demo.write import write_territories
from markaz.kit.ids import uuid7
from markaz.web.guard import SESSION_COOKIE

Post = Callable[[str, dict[str, Any]], Awaitable[Mapping[str, Any]]]

STAGES = ("en_route", "on_scene", "cleared")
COMMANDS_PER_INCIDENT = 3 + len(STAGES)  # open, assign, the stages, close


@dataclass(frozen=True, slots=True)
class Officer:
    """Somebody signed in, at home in one place, with one unit to send."""

    token: str
    unit_id: UUID
    place: dict[str, float]

    @property
    def headers(self) -> dict[str, str]:
        """Return what their browser sends along."""
        return {"cookie": f"{SESSION_COOKIE}={self.token}"}


async def make_desk(dsn: str, officers: int, scale: DemoScale = DemoScale.SMALL) -> tuple[Plan, list[Officer]]:
    """Write the territories of a synthetic region with their boundaries, and its officers, into an empty database."""
    plan = make_plan(scale)
    database = await Database.open(dsn, max_size=1)
    try:
        await write_territories(database, plan, datetime.now(UTC))
        async with database.transaction() as connection:
            return plan, [await _officer(connection, plan, number) for number in range(officers)]
    finally:
        await database.close()


async def _officer(connection: Connection, plan: Plan, number: int) -> Officer:
    now = datetime.now(UTC)
    account_id, created = await create_account(
        connection,
        login=f"officer-{number}",
        display_name=f"Officer {number}",
        password=None,
        grants=(Grant(Role.DUTY_OFFICER, ROOT_ID),),
        at=now,
    )
    token = secrets.token_urlsafe(32)
    await connection.execute(
        "INSERT INTO sessions (token_hash, account_id, expires_at, method) VALUES ($1, $2, $3, 'passkey')",
        token_hash(token),
        account_id,
        now + timedelta(hours=12),
    )
    planned = plan.units[number % len(plan.units)]
    unit_id = uuid7()
    await connection.execute(
        "INSERT INTO units (id, call_sign, kind, territory_id, status, since, updated_by) "
        "VALUES ($1, $2, 'patrol_car', $3, 'available', $4, $5)",
        unit_id,
        f"B-{number}",
        planned.territory_id,
        now,
        account_id,
    )
    await append(connection, [created])
    point = planned.place.point
    return Officer(token, unit_id, {"lon": point.lon_deg, "lat": point.lat_deg})


async def work_one_incident(post: Post, officer: Officer) -> None:
    """Open an incident with a caller, send the unit, report its stages, and close: six commands."""
    opened = await post(
        "/api/incidents",
        {
            "category": "theft",
            "priority": "3",
            "channel": "phone",
            "place": officer.place,
            "caller": {"name": "Sinov Murojaatchi", "phone": "+998 00 000 00 00"},
            "address": "Namuna koʻchasi, 1-uy",
        },
    )
    path = f"/api/incidents/{opened['id']}"
    version = opened["version"]
    unit = str(officer.unit_id)
    version = (await post(f"{path}/assignments", {"unit_id": unit, "version": version}))["version"]
    for stage in STAGES:
        answer = await post(f"{path}/assignments/{unit}/stages", {"stage": stage, "version": version})
        version = answer["version"]
    await post(f"{path}/close", {"version": version, "outcome": "resolved"})
