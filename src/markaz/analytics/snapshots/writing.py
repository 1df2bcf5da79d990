"""Writes history: what is new in the log, and again what an erasure, age or a changed list reached.

One period at a time: its files, then the manifest, then what they replace is removed and its key destroyed. A kill anywhere leaves
either the old or the new history whole, and the next run goes on. It decides nothing about people; it reads the list of erasures.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

from markaz.analytics.snapshots import store
from markaz.analytics.snapshots.files import DayFiles, HistoryStopped, check_room, is_there, sweep
from markaz.analytics.snapshots.keys import HistoryKeys
from markaz.analytics.snapshots.manifest import FOLDER, Day, Manifest, Owed, PeriodEntry
from markaz.analytics.snapshots.rows import CountKey, Logged, Row, Rows, began, day_of, period_of
from markaz.analytics.snapshots.store import Span
from markaz.core.db.folder import CentreFolder
from markaz.core.db.pool import Connection
from markaz.core.errors import NotFound, NotPossibleNow
from markaz.core.territories import Level, TerritoryTree
from markaz.kit.ids import uuid7

NOWHERE = "none"  # the region of what lies in no region: the centre's own acts
# A transaction that erases may commit this much after the time it states.
LATE = timedelta(hours=1)
_SUM = 1 << 128

Certified = Callable[[UUID], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Written:
    """What a run did: days written, days among them that were there before, up to which event; what is to be certified."""

    days: int
    again: int
    seq: int
    owed: Owed | None


@dataclass(slots=True)
class _Run:
    """One run: the transaction it reads in, what is known at its beginning, and the manifest as far as it got."""

    connection: Connection
    now: datetime
    tree: TerritoryTree
    keys: HistoryKeys
    manifest: Manifest
    days: int = 0
    again: int = 0


class Snapshots:
    """The history of one centre."""

    def __init__(self, home: Path, rows: Rows, life: timedelta) -> None:
        self._keys_folder = CentreFolder.at(home).keys
        self.root = CentreFolder.at(home).home / FOLDER
        self._rows = rows
        self._life = life

    async def write(
        self, connection: Connection, now: datetime, tree: TerritoryTree, certified: Certified, *, rebuild: bool = False
    ) -> Written:
        """Write what is over (whole days, in UTC) and not written yet, and again what must change; all of it with `rebuild`.

        `certified` says whether a certificate exists. Raises NotPossibleNow when another process writes, HistoryStopped when
        the disk is full, KeysMissing for a damaged key file; what was written before stands.
        """
        if not await store.try_lock(connection):
            raise NotPossibleNow("History is being written by another process: wait for it to end.")
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            manifest = await self._beginning(connection, certified)
            run = _Run(connection, now, tree, HistoryKeys.load(self._keys_folder), manifest)
            # What a kill left; before the disk is asked for room, since an erasure that got this far waits for none.
            await asyncio.to_thread(run.keys.destroy_all_but, manifest.keys)
            await asyncio.to_thread(sweep, self.root, list(manifest.files()))
            check_room(self.root)
            await self._go(run, rebuild=rebuild)
        except OSError as error:
            raise HistoryStopped(
                f"History could not be written ({error.strerror}); what was written before stands, the next run goes on."
            ) from error
        return Written(run.days, run.again, run.manifest.seq, run.manifest.owed)

    async def _go(self, run: _Run, *, rebuild: bool) -> None:
        seen = await run.connection.fetchval("SELECT now()") - LATE
        midnight = datetime.combine(day_of(run.now), time(), UTC)
        last = await store.horizon(run.connection, run.manifest.seq, midnight)
        new = await store.spans(run.connection, run.manifest.seq, last)
        reached = await store.days_reached(
            run.connection, run.manifest.erasures_until, run.manifest.seq, run.manifest.seq
        )
        by_period: dict[str, dict[date, Span]] = {name: {} for name in run.manifest.periods}
        for day, span in new.items():
            by_period.setdefault(self._period(day), {})[day] = span
        stale_lists = run.manifest.lists != self._lists()
        for name in sorted(by_period):
            days = {day for day in reached if self._period(day) == name}
            is_stale = rebuild or stale_lists or await self._is_stale(run, name, days)
            await self._period_written(run, name, by_period[name], is_stale=is_stale, is_same=rebuild and not days)
        tip = await self._tip(run.connection, last)
        run.manifest = replace(run.manifest, seq=last, tip=tip, lists=self._lists(), erasures_until=seen)
        await self._commit(run, ())

    async def _beginning(self, connection: Connection, certified: Certified) -> Manifest:
        """Return the manifest to go on from: an empty one when there is none, or when it is of another log."""
        known = await asyncio.to_thread(Manifest.load, self.root)
        if known is None or known.tip != await self._tip(connection, known.seq):
            return Manifest()
        if known.owed is not None and await certified(known.owed.id):
            return replace(known, owed=None)
        return known

    async def _is_stale(self, run: _Run, name: str, reached: set[date]) -> bool:
        """Say whether a period must be written again: its key or a file is gone, it is over, or an erasure reached it."""
        entry = run.manifest.periods.get(name)
        if entry is None:
            return False
        if not all(is_there(self.root, file) for day in entry.days.values() for file in day.files):
            return True
        if entry.key is None:
            return False
        if entry.key not in run.keys or self._is_over(run, name):
            return True
        for day in sorted(reached):
            known = entry.days.get(day.isoformat())
            if known is not None and known.cut != await self._cut_digest(run, entry.key, day, known):
                return True
        return False

    async def _period_written(
        self, run: _Run, name: str, new: dict[date, Span], *, is_stale: bool, is_same: bool
    ) -> None:
        """Write the new days of a period, or all of it. Written again it has a new key, unless only a rebuild was asked."""
        entry = run.manifest.periods.get(name, PeriodEntry(None, {}))
        known = {date.fromisoformat(day): one for day, one in entry.days.items()}
        wanted = {
            day: span.joined(Span(known[day].first, known[day].last)) if day in known else span
            for day, span in new.items()
        }
        if is_stale:
            wanted |= {day: Span(one.first, one.last) for day, one in known.items() if day not in wanted}
        if not wanted:
            return
        is_over = self._is_over(run, name) or (bool(known) and entry.key is None)
        key = None if is_over else self._key_for(run, entry, is_new=is_stale and not is_same)
        days = dict(entry.days)
        for day in sorted(wanted):
            days[day.isoformat()] = await self._day_written(run, day, wanted[day], key)
        run.days += len(wanted)
        run.again += len(wanted.keys() & known.keys())
        owed = _owed(run.manifest.owed, entry.days, days)
        run.manifest = replace(run.manifest.with_period(name, PeriodEntry(key, days)), owed=owed)
        await self._commit(run, days)

    def _key_for(self, run: _Run, entry: PeriodEntry, *, is_new: bool) -> str:
        if entry.key is not None and entry.key in run.keys and not is_new:
            return entry.key
        return run.keys.make()

    async def _day_written(self, run: _Run, day: date, span: Span, key: str | None) -> Day:
        """Write the files of one day, under a key or as counts alone."""
        regions: dict[int, str] = {}
        files = await asyncio.to_thread(DayFiles, self.root, day, self._rows)
        digest = ended = 0
        try:
            async for page in store.pages(run.connection, day, span):
                about = self._incidents(page) if key is not None else set()
                cut = await store.cut(run.connection, about)
                digest += 0 if key is None else run.keys.digest_of(key, cut)
                for logged in page:
                    if logged.territory_id not in regions:
                        regions[logged.territory_id] = _region(run.tree, logged.territory_id)
                ended += await asyncio.to_thread(self._add, files, page, cut, regions, run.keys, key)
            done = await asyncio.to_thread(files.close)
        except BaseException:  # a cancelled run too must leave nothing of a day that is not whole
            files.abort()
            raise
        return Day(span.first, span.last, f"{digest % _SUM:032x}", ended, done)

    def _add(
        self,
        files: DayFiles,
        page: Iterable[Logged],
        cut: set[UUID],
        regions: dict[int, str],
        keys: HistoryKeys,
        key: str | None,
    ) -> int:
        """Add a page to the files; return how many events lost their detail by an erasure or by age."""
        detailed: list[tuple[str, Row]] = []
        counted: list[tuple[str, CountKey]] = []
        ended = 0
        for logged in page:
            region, is_counted = regions[logged.territory_id], self._rows.is_counted(logged.type)
            has_ended = key is None or self._rows.incident_of(logged) in cut
            if is_counted or has_ended or key is None:
                counted.append((region, self._rows.count_key(logged)))
                ended += not is_counted
            else:
                detailed.append(
                    (region, self._rows.in_detail(logged, lambda kind, id_: keys.pseudonym(key, kind, id_)))
                )
        files.add(detailed, counted)
        return ended

    async def _cut_digest(self, run: _Run, key: str, day: date, known: Day) -> str:
        digest = 0
        async for page in store.pages(run.connection, day, Span(known.first, known.last)):
            digest += run.keys.digest_of(key, await store.cut(run.connection, self._incidents(page)))
        return f"{digest % _SUM:032x}"

    async def _commit(self, run: _Run, days: Collection[str]) -> None:
        """Let the manifest take over, then end what it does not name: keys first, so that old files are noise at once."""
        await asyncio.to_thread(run.manifest.store, self.root)
        await asyncio.to_thread(run.keys.destroy_all_but, run.manifest.keys)
        await asyncio.to_thread(sweep, self.root, list(run.manifest.files()), days)

    def _incidents(self, page: Iterable[Logged]) -> set[UUID]:
        return {about for logged in page if (about := self._rows.incident_of(logged)) is not None}

    def _period(self, day: date) -> str:
        return period_of(day, self._rows.listed.period)

    def _is_over(self, run: _Run, period: str) -> bool:
        return began(period) + self._life <= run.now

    def _lists(self) -> str:
        return hashlib.sha256(self._rows.fingerprint.encode()).hexdigest()

    async def _tip(self, connection: Connection, seq: int) -> str:
        what = await store.tip_of(connection, seq)
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()


def _region(tree: TerritoryTree, territory_id: int) -> str:
    """Return the code of the region a territory lies in, which all its versions share."""
    try:
        path = [tree.get(id_) for id_ in tree.path(territory_id)]
    except NotFound:
        return NOWHERE
    return next((each.code for each in path if each.level is Level.REGION), NOWHERE)


def _owed(before: Owed | None, old: Mapping[str, Day], new: Mapping[str, Day]) -> Owed | None:
    """Return what is to be certified: events that stood in detail in old files and do not in the new ones."""
    lost = {day: new[day].ended - one.ended for day, one in old.items() if new[day].ended > one.ended}
    if not lost:
        return before
    times = [datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (min(lost), max(lost))]
    if before is None:
        return Owed(uuid7(), sum(lost.values()), times[0], times[1])
    return replace(
        before,
        events=before.events + sum(lost.values()),
        first_at=min(before.first_at, times[0]),
        last_at=max(before.last_at, times[1]),
    )
