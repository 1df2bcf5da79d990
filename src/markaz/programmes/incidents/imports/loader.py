"""Writes understood rows into the centre, batch by batch, each in one transaction with its events.

A batch that was cut off, by a crash or a lost database, left nothing; run again, it is found missing and written. Rows
that are there already are counted and left alone.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from markaz.contracts.incidents import Flag
from markaz.core.db.pool import Connection, Database
from markaz.core.errors import InvalidInput, NotFound, Unavailable
from markaz.core.events import append
from markaz.core.sealing import Sealer
from markaz.core.territories import TerritoryTree, ensure_root, load_tree
from markaz.kit.geometry import Point
from markaz.programmes.incidents.imports import statements
from markaz.programmes.incidents.imports.records import Batch, Context, Locate, build, group_by_call, unit_id
from markaz.programmes.incidents.imports.report import Report
from markaz.programmes.incidents.imports.rows import CallFacts, DispatchRow, Rejected

BATCH_ROWS = 1_000  # its events hold the counter row for about 20 ms; writers may wait 100 ms at most
RETRY_AFTER_S = (0.5, 1.0, 2.0, 4.0, 8.0)  # a supervisor that restarts the database needs a few seconds
ONE_AT_A_TIME = 0x696D7074  # "impt": the first half of the advisory lock of a source


@dataclass(frozen=True, slots=True)
class Target:
    """Where an import goes. `territory_id` is where calls without a known place, and new units, belong."""

    database: Database
    sealer: Sealer
    tree: TerritoryTree
    territory_id: int


async def open_target(database: Database, sealer: Sealer, territory_code: str | None, now: datetime) -> Target:
    """Return the target, making the root territory in an empty centre.

    Raises NotFound when no territory has the code.
    """
    async with database.transaction() as connection:
        root_id = await ensure_root(connection)
        tree = await load_tree(connection, now.date())
    if territory_code is None:
        return Target(database, sealer, tree, root_id)
    for territory in tree:
        if territory.code == territory_code:
            return Target(database, sealer, tree, territory.id)
    raise NotFound(f"There is no territory with the code {territory_code!r}.", field="territory")


def locator(target: Target) -> Locate:
    """Return how the territory of a call is found: by its place, else by its code, else the import's own."""
    tree = target.tree
    by_code = {territory.code: int(territory.id) for territory in tree}
    has_boundaries = any(tree.geometry(territory.id) is not None for territory in tree)

    def locate(call: CallFacts) -> tuple[int, str | None]:
        if has_boundaries and call.lon is not None and call.lat is not None:
            found = tree.locate(Point(call.lon, call.lat))
            if found is not None:
                return int(found), None
        if call.territory_code is None:
            return target.territory_id, None
        code_id = by_code.get(call.territory_code)
        if code_id is None:
            return target.territory_id, Flag.TERRITORY_UNKNOWN.value
        return code_id, None

    return locate


class Loader:
    """Loads the rows of one source into one centre and counts in `report` what was committed."""

    def __init__(self, target: Target, source: str, *, now: datetime, report: Report) -> None:
        self._target = target
        self._source = source
        self._report = report
        self._units: set[UUID] = set()
        self._context = Context(source, now, target.territory_id, locator(target))

    async def load(self, rows: Iterable[DispatchRow | Rejected], progress: Callable[[], None] = lambda: None) -> None:
        """Write every row, calling `progress` after each batch.

        Raises Unavailable when the database stays away, InvalidInput when a call sign is taken; what was committed
        stays, and running the import again adds the rest.
        """
        for batch in _batches(rows, self._report):
            await self._load_with_patience(batch)
            progress()

    async def _load_with_patience(self, rows: Sequence[DispatchRow]) -> None:
        for wait_s in RETRY_AFTER_S:
            try:
                return await self._load(rows)
            except Unavailable:
                await asyncio.sleep(wait_s)
        return await self._load(rows)

    async def _load(self, rows: Sequence[DispatchRow]) -> None:
        async with self._target.database.transaction() as connection:
            # Two imports of one source would both find a row missing and both add it: they take turns, by batches.
            await connection.execute("SELECT pg_advisory_xact_lock($1, hashtext($2))", ONE_AT_A_TIME, self._source)
            fresh = await self._fresh(connection, rows)
            batch = await self._build(connection, fresh) if fresh else Batch()
            batch.already_present = len(rows) - len(fresh)
            if batch.rows:
                await self._write(connection, batch)
        self._count(batch)

    async def _fresh(self, connection: Connection, rows: Sequence[DispatchRow]) -> list[DispatchRow]:
        seen = await statements.present_rows(connection, self._source, [row.row_key for row in rows])
        fresh = []
        for row in rows:
            if row.row_key not in seen:
                seen.add(row.row_key)
                fresh.append(row)
        return fresh

    async def _build(self, connection: Connection, rows: Sequence[DispatchRow]) -> Batch:
        groups = group_by_call(rows, self._source)
        known = await statements.known_calls(connection, list(groups))
        await self._meet_units(connection, rows)
        return build(groups, known, self._units, self._context)

    async def _meet_units(self, connection: Connection, rows: Sequence[DispatchRow]) -> None:
        """Learn which units of these rows the centre holds. Raises InvalidInput when another one has the call sign."""
        named = {
            unit_id(self._source, row.unit.call_sign)[0]: row.unit.call_sign for row in rows if row.unit is not None
        }
        strangers = [id_ for id_ in named if id_ not in self._units]
        if not strangers:
            return
        self._units |= await statements.present_units(connection, strangers)
        call_signs = [named[id_] for id_ in strangers if id_ not in self._units]
        taken = await statements.taken_call_signs(connection, self._target.territory_id, call_signs)
        if taken:
            raise InvalidInput(
                f"In this territory {', '.join(taken[:10])} is the call sign of another unit already: give the import a "
                "territory of its own with --territory.",
                field="unit.call_sign",
            )

    async def _write(self, connection: Connection, batch: Batch) -> None:
        await statements.write(connection, batch)
        if batch.sealed:
            await statements.write_sealed(connection, *self._target.sealer.seal_many(batch.sealed))
        # The counter row is held from here to the commit.
        await append(connection, [*batch.unit_events, *batch.call_events])

    def _count(self, batch: Batch) -> None:
        """Count what was committed; a batch that was rolled back is not counted."""
        self._units.update(row[0] for row in batch.units)
        report = self._report
        report.calls += len(batch.incidents)
        report.units += len(batch.units)
        report.already_present += batch.already_present
        for flags in batch.flagged:
            report.flag(flags)
        for rejected in batch.rejected:
            report.reject(rejected)


def _batches(rows: Iterable[DispatchRow | Rejected], report: Report) -> Iterator[list[DispatchRow]]:
    """Yield batches that end between two calls where they can, counting every row of the file."""
    batch: list[DispatchRow] = []
    for row in rows:
        report.rows += 1
        if isinstance(row, Rejected):
            report.reject(row)
            continue
        if len(batch) >= BATCH_ROWS and (row.call.key != batch[-1].call.key or len(batch) >= 2 * BATCH_ROWS):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
