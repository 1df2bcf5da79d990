"""Ends what is over by the schedule, one class in one transaction, and certifies it in the log.

Work that a programme does itself (an unfinished call after a day, positions after thirty) is certified here too; how
long those last is built in, and the schedule says the same.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from markaz.core.db.pool import Connection, Database
from markaz.core.events import SYSTEM_ACTOR_ID
from markaz.core.jobs import Job
from markaz.core.log.appending import append
from markaz.core.log.entry import Entry, EntryKind
from markaz.core.retention import DataClass, Governance
from markaz.core.sealing import erase_many
from markaz.kit.clock import Clock, iso
from markaz.kit.ids import uuid7
from markaz.programmes.oversight.retention import store
from markaz.programmes.oversight.retention.store import Ended

EVERY = timedelta(hours=1)
HISTORY = "history"  # files, not rows: web.history ends their detail and has it certified here
JSON = dict[str, Any]


class Retention:
    """The schedule at work."""

    def __init__(self, database: Database, clock: Clock, governance: Governance) -> None:
        self._database = database
        self._clock = clock
        self.governance = governance

    def jobs(self) -> list[Job]:
        """Return one job for each class that nothing else ends."""
        return [Job(f"retention.{each.id}", EVERY, self._work(each)) for each in self.mine]

    @property
    def mine(self) -> list[DataClass]:
        """The classes that nothing else ends."""
        return [each for each in self.governance.classes if not each.fixed and each.id != HISTORY]

    def certified(self, class_id: str, work: Callable[[Connection], Awaitable[int]]) -> Callable[..., Awaitable[int]]:
        """Return `work` with a certificate of what it ended; its answer is that number."""

        async def both(connection: Connection) -> int:
            records = await work(connection)
            await self.certify(connection, self.governance.of(class_id), Ended(records))
            return records

        return both

    async def end(self, connection: Connection, each: DataClass) -> int:
        """End what is over of one class and certify it; return how many records. The log comes last."""
        now = self._clock.now()
        before = now - each.life
        if each.id == "crew_lists":
            ended = await store.end_crew_lists(connection, before, now)
        elif each.id == "audit_openings":
            ended = await store.end_openings(connection, before)
        else:
            ended = await self._destroy_keys(connection, each, before, now)
        await self.certify(connection, each, ended)
        return ended.records

    async def is_certified(self, connection: Connection, certificate_id: UUID) -> bool:
        """Say whether a certificate of this id is kept."""
        return await store.has_certificate(connection, certificate_id)

    async def certify(
        self, connection: Connection, each: DataClass, ended: Ended, certificate_id: UUID | None = None
    ) -> None:
        """Keep the certificate and append its entry: class, count and schedule are public, nothing else is known.

        Whoever ended something outside the database names the certificate beforehand, so that a crash loses or doubles none.
        """
        if ended.records == 0:
            return
        now, certificate_id, schedule = self._clock.now(), certificate_id or uuid7(), self.governance.version
        await store.insert_certificate(connection, certificate_id, each.id, schedule, ended, now)
        stated = {
            "class": each.id,
            "from": None if ended.first_at is None else iso(ended.first_at),
            "records": ended.records,
            "schedule": schedule,
            "to": None if ended.last_at is None else iso(ended.last_at),
        }
        entry = Entry(
            kind=EntryKind.DELETION,
            action="retention.ended",
            actor_id=SYSTEM_ACTOR_ID,
            record_kind="deletion_certificate",
            record_id=certificate_id,
            reason=f"schedule {schedule}",
            details={"class": each.id},
            public=stated,
        )
        await append(connection, now, [entry])

    async def view(self) -> JSON:
        """Return the schedule in force with what it ended so far."""
        now = self._clock.now()
        async with self._database.connection() as connection:
            done = await store.totals(connection)
            held = await store.holds(connection, now)
        return {
            "version": self.governance.version,
            "backup_keys_days": self.governance.backup_keys_days,
            "incidents_held": held,
            "classes": [self._class(each, done.get(each.id)) for each in self.governance.classes],
        }

    async def certificates(self, class_id: str | None, before: datetime | None, limit: int) -> JSON:
        """Return certificates of deletion, the newest first."""
        async with self._database.connection() as connection:
            rows = await store.certificates(connection, class_id, before, limit)
        return {"items": [_certificate(row) for row in rows]}

    def _work(self, each: DataClass) -> Callable[[Connection], Awaitable[int]]:
        return lambda connection: self.end(connection, each)

    async def _destroy_keys(self, connection: Connection, each: DataClass, before: datetime, now: datetime) -> Ended:
        rows = await store.sealed_over(connection, each.id, before, now)
        if not rows:
            return Ended(0)
        erased = await erase_many(connection, [row["sealed_id"] for row in rows], SYSTEM_ACTOR_ID)
        over = [row["over_at"] for row in rows]
        return Ended(erased, min(over), max(over))

    def _class(self, each: DataClass, done: JSON | None) -> JSON:
        today = self._clock.now().date()
        return {
            "id": each.id,
            "names": dict(each.names),
            "purpose": dict(each.purpose),
            "legal_ground": each.legal_ground,
            "review_on": None if each.review_on is None else each.review_on.isoformat(),
            "review_overdue": each.review_on is not None and each.review_on < today,
            "ends_after_days": each.ends_after_days,
            "counted_from": each.counted_from,
            "action": each.action.value,
            "fixed": each.fixed,
            "ended": 0 if done is None else done["records"],
            "last_at": None if done is None else iso(done["last_at"]),
        }


def _certificate(row: JSON) -> JSON:
    return {
        "id": str(row["id"]),
        "class": row["class"],
        "made_at": iso(row["made_at"]),
        "schedule": row["schedule"],
        "records": row["records"],
        "ended_from": None if row["ended_from"] is None else iso(row["ended_from"]),
        "ended_to": None if row["ended_to"] is None else iso(row["ended_to"]),
        "leaf": row["leaf"],
    }


def unended(governance: Governance, also: Sequence[str]) -> list[str]:
    """Return the classes that nobody ends: neither this room nor one of `also`; an empty list is what must be."""
    here = {*store.SEALED, "crew_lists", "audit_openings", *also}
    return [each.id for each in governance.classes if each.action != "keep" and each.id not in here]
