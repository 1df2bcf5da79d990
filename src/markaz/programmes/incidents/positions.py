"""Unit positions: telemetry, not business events. Last known in memory, in bulk to a table of their own.

They never touch the event log or its counter, so they cannot slow an incident down. After a restart the last known
position of each unit is read back; what was reported in the second before a crash may be lost, and its age shows it.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from markaz.contracts.incidents import UnitStatus
from markaz.core.db.pool import Connection, Database
from markaz.core.errors import InvalidInput, NotFound
from markaz.core.events import Recorded
from markaz.core.permissions import Actor, Hierarchy, Permission, holds
from markaz.kit.clock import iso
from markaz.kit.geometry import Point
from markaz.kit.ids import plain_id

STALE_AFTER_S = 90  # three missed fixes of a device that reports every 30 s
KEEP_DAYS = 30  # docs: raw positions go after 30 days unless an incident holds them
PARTITIONS_AHEAD = 3  # days, so that a job that fails for a day costs nothing
FUTURE_TOLERANCE = timedelta(minutes=2)
UNIT_EVENTS = "unit."
FLUSH_LIMIT = 20_000  # rows waiting to be written; beyond it the oldest are dropped, the last known stays


# One index look-up a unit: the day's positions of a country are many millions.
_LAST_KNOWN = """
SELECT u.id AS unit_id, p.fix_at, p.received_at, p.lon, p.lat, p.accuracy_m
FROM units u CROSS JOIN LATERAL (
    SELECT fix_at, received_at, lon, lat, accuracy_m FROM unit_positions
    WHERE unit_id = u.id AND fix_at > now() - interval '1 day' ORDER BY fix_at DESC LIMIT 1
) p
WHERE u.status <> 'off_duty'
"""


@dataclass(frozen=True, slots=True)
class Fix:
    """One reported position. `fix_at` is the device's time, `received_at` ours."""

    unit_id: UUID
    point: Point
    fix_at: datetime
    received_at: datetime
    accuracy_m: float | None

    def view(self) -> dict[str, Any]:
        """Return the JSON shape a browser holds."""
        return {
            "unit_id": str(self.unit_id),
            "lon": self.point.lon_deg,
            "lat": self.point.lat_deg,
            "fix_at": iso(self.fix_at),
            "accuracy_m": self.accuracy_m,
        }


class Positions:
    """The last known position of every unit, and what waits to be sent and written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last: dict[UUID, Fix] = {}
        self._territory: dict[UUID, int] = {}
        self._off_duty: set[UUID] = set()
        self._version: dict[UUID, int] = {}
        self._unsent: dict[UUID, Fix] = {}
        self._unwritten: list[Fix] = []
        self._writing = asyncio.Lock()
        self.dropped = 0

    async def load(self) -> None:
        """Read the units' territories and the last positions of the past day."""
        async with self._database.connection() as connection:
            units = await connection.fetch("SELECT id, territory_id, status, version FROM units")
            rows = await connection.fetch(_LAST_KNOWN)
        for unit in units:
            self._learn(plain_id(unit["id"]), unit["territory_id"], unit["status"], unit["version"])
        for row in rows:
            fix = Fix(
                plain_id(row["unit_id"]),
                Point(row["lon"], row["lat"]),
                row["fix_at"],
                row["received_at"],
                row["accuracy_m"],
            )
            self._last.setdefault(fix.unit_id, fix)

    def on_event(self, recorded: Recorded) -> None:
        """Learn from the log which units there are, and forget where one is that went off duty."""
        event = recorded.event
        if event.type.startswith(UNIT_EVENTS) and "view" in event.payload:
            view = event.payload["view"]
            self._learn(event.aggregate_id, event.territory_id, view["status"], view["version"])

    def _learn(self, unit_id: UUID, territory_id: int, status: str, version: int) -> None:
        if version < self._version.get(unit_id, 0):
            return  # `learn` read the table, which is ahead of the log as this process hears it
        self._version[unit_id] = version
        self._territory[unit_id] = territory_id
        if status == UnitStatus.OFF_DUTY:
            self._off_duty.add(unit_id)
            self._last.pop(unit_id, None)
            self._unsent.pop(unit_id, None)
        else:
            self._off_duty.discard(unit_id)

    async def learn(self, unit_ids: Iterable[UUID]) -> None:
        """Look up units whose event was not heard yet: new ones, and those that may just have come on duty."""
        wanted = set(unit_ids)
        unknown = (wanted - self._territory.keys()) | (wanted & self._off_duty)
        if not unknown:
            return
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT id, territory_id, status, version FROM units WHERE id = ANY($1::uuid[])", unknown
            )
        for row in rows:
            self._learn(plain_id(row["id"]), row["territory_id"], row["status"], row["version"])

    def report(self, actor: Actor, fixes: Sequence[Fix], hierarchy: Hierarchy, now: datetime) -> int:
        """Take fixes in and return how many were newer than what was known; those of units off duty are not kept.

        Raises NotFound for a unit outside the actor's right to report, InvalidInput for a time in the future; then
        none of the batch is taken.
        """
        for index, fix in enumerate(fixes):
            territory_id = self._territory.get(fix.unit_id)
            if territory_id is None or not holds(actor, Permission.POSITION_REPORT, territory_id, hierarchy):
                raise NotFound(f"positions[{index}]: there is no such unit in your territory.", what="unit")
            if fix.fix_at > now + FUTURE_TOLERANCE:
                raise InvalidInput(
                    f"positions[{index}]: the fix is in the future: check the clock of this device.",
                    field=f"positions[{index}].fix_at",
                )
        return self.take(fixes)

    def take(self, fixes: Iterable[Fix]) -> int:
        """Do the same for fixes whose sender has been seen to."""
        newer = 0
        for fix in fixes:
            if fix.unit_id in self._off_duty:
                continue
            known = self._last.get(fix.unit_id)
            if known is None or fix.fix_at > known.fix_at:
                self._last[fix.unit_id] = self._unsent[fix.unit_id] = fix
                newer += 1
            self._unwritten.append(fix)
        if len(self._unwritten) > FLUSH_LIMIT:
            self.dropped += len(self._unwritten) - FLUSH_LIMIT
            del self._unwritten[: len(self._unwritten) - FLUSH_LIMIT]
        return newer

    def take_unsent(self) -> list[tuple[int, dict[str, Any]]]:
        """Return what changed since the last call, each with its unit's territory."""
        unsent, self._unsent = self._unsent, {}
        return [(self._territory[unit_id], fix.view()) for unit_id, fix in unsent.items()]

    async def flush(self) -> int:
        """Write what waits to the table; on failure it keeps waiting. Returns how many rows.

        Whatever waited when this was called stands in the table when it returns, whoever wrote it.
        """
        async with self._writing:
            waiting, self._unwritten = self._unwritten, []
            if not waiting:
                return 0
            try:
                async with self._database.transaction() as connection:
                    await _copy(connection, waiting)
            except BaseException:  # cancelled or failed: what was not written waits for the next turn
                self._unwritten = waiting + self._unwritten
                raise
            return len(waiting)

    def last_known(self, unit_ids: Iterable[UUID]) -> dict[UUID, Fix]:
        """Return the last known fix of each of these units that has one."""
        return {unit_id: fix for unit_id in unit_ids if (fix := self._last.get(unit_id)) is not None}

    def within(self, territory_ids: frozenset[int]) -> list[dict[str, Any]]:
        """Return the last known positions of units that belong to these territories."""
        return [fix.view() for unit_id, fix in self._last.items() if self._territory.get(unit_id) in territory_ids]


async def _copy(connection: Connection, fixes: Iterable[Fix]) -> None:
    await connection.copy_records_to_table(
        "unit_positions",
        records=[(f.unit_id, f.fix_at, f.received_at, f.point.lon_deg, f.point.lat_deg, f.accuracy_m) for f in fixes],
        columns=["unit_id", "fix_at", "received_at", "lon", "lat", "accuracy_m"],
    )


async def make_partitions(connection: Connection, now: datetime) -> int:
    """Make today's partition and those of the next two days; return how many were made."""
    days = [now.date() + timedelta(days=ahead) for ahead in range(PARTITIONS_AHEAD)]
    return sum([await connection.fetchval("SELECT ensure_position_partition($1)", day) for day in days])


async def forget_old(connection: Connection, now: datetime) -> int:
    """Drop and delete positions older than 30 days; return how many partitions and rows."""
    dropped = int(await connection.fetchval("SELECT drop_position_partitions($1)", KEEP_DAYS))
    done = await connection.execute("DELETE FROM unit_positions WHERE fix_at < $1", now - timedelta(days=KEEP_DAYS))
    return dropped + int(done.split()[-1])
