"""Delays of disclosure: a listed ground, twelve months at most, renewed near their end by a body outside the chain.

Nobody delays a look of their own, nor what a person was told. A delay that ends leaves a task: whoever asked is told. How
many there are is public; of which looks, whoever watches over use sees, in the log and in the list, and nobody else.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from markaz.contracts.rights import DelayGround, RightEvent
from markaz.core.acts import Act, Answer, Request, entry_of
from markaz.core.errors import Forbidden, InvalidInput, NotFound, NotPossibleNow
from markaz.core.log.entry import Entry, EntryKind
from markaz.core.permissions import Actor, Permission, holds, require_seen, territory_filter
from markaz.core.tasks import NewTask, answer_task, open_task, take_task
from markaz.kit.clock import iso
from markaz.kit.ids import uuid7
from markaz.programmes.oversight.ground import CENTRE, LOOKS, Ground, event
from markaz.programmes.oversight.rights import store
from markaz.programmes.oversight.rights.domain import clocks, months_after, renewable_from

JSON = dict[str, Any]
KIND = "disclosure_delay"
TOLD = "told"


class Delays:
    """The delays of one centre."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def set(self, request: Request, entry_ids: Sequence[int], ground: DelayGround, months: int) -> Answer:
        """Delay the disclosure of looks, once. Raises NotFound unless all are looks in one territory of the actor's.

        Raises Forbidden when one is the actor's own, NotPossibleNow when an answer told one, InvalidInput when one is or
        was delayed.
        """

        async def work(act: Act) -> Answer:
            territory_id = await self._territory_of(act, entry_ids)
            await _check_not_own(act, entry_ids)
            await store.lock_delays(act.connection)
            if await store.ever_told(act.connection, entry_ids):
                # The next answer would lack what the last one told: the two together would say that there is a delay.
                raise NotPossibleNow(
                    "A person was told of one of these looks already: it cannot be delayed any more.",
                    reason="delay_told",
                )
            if await store.ever_delayed(act.connection, entry_ids):
                # Set anew after its end, a delay would be renewed by those who may not renew it, and without end.
                raise InvalidInput(
                    "One of these looks is delayed, or was: only a body outside the chain goes on with a delay.",
                    field="entries",
                )
            ends_at = months_after(act.now, months)
            return await self._insert(
                act, RightEvent.DELAYED, territory_id, ground, (act.now, ends_at), entry_ids, None
            )

        return await self._ground.acts.run(request, work)

    async def renew(self, request: Request, delay_id: UUID, ground: DelayGround, months: int) -> Answer:
        """Renew a delay in its last thirty days, once it is in force: so no two are ever ahead.

        Raises Forbidden for anybody who also sets delays, or set this one; NotPossibleNow too early or too late.
        """

        async def work(act: Act) -> Answer:
            await store.lock_delays(act.connection)
            row = await self._locked(act, delay_id, Permission.RIGHT_RENEW)
            tree = self._ground.territories()
            if row["set_by"] == act.actor.id or holds(act.actor, Permission.RIGHT_HANDLE, row["territory_id"], tree):
                raise Forbidden("Only a body outside the chain renews a delay.", rule="outside_the_chain")
            if row["ended_at"] is not None or row["ends_at"] <= act.now or row["is_renewed"]:
                raise NotPossibleNow("This delay has ended or is renewed.")
            opens_at = renewable_from(row["begins_at"], row["ends_at"])
            if act.now < opens_at:
                raise NotPossibleNow(
                    f"This delay may be renewed from {iso(opens_at)}, in its last thirty days.",
                    reason="delay_too_early",
                    renewable_from=iso(opens_at),
                )
            await _check_not_own(act, row["entries"])
            span = (row["ends_at"], months_after(row["ends_at"], months))
            return await self._insert(
                act, RightEvent.RENEWED, row["territory_id"], ground, span, row["entries"], delay_id
            )

        return await self._ground.acts.run(request, work)

    async def end(self, request: Request, delay_id: UUID) -> Answer:
        """End a delay before its time, with all it renews and all that renews it; whoever asked is told once."""

        async def work(act: Act) -> Answer:
            await store.lock_delays(act.connection)
            row = await self._locked(act, delay_id, Permission.RIGHT_HANDLE)
            if row["ended_at"] is not None:
                raise NotPossibleNow("This delay has ended.")
            await self._end(act, row, goes_on=False)
            for other in await store.standing_in_chain(act.connection, delay_id):
                await self._write_end(act, other, goes_on=False)
            return Answer(200, {"id": str(delay_id)})

        return await self._ground.acts.run(request, work)

    async def told(self, request: Request, delay_id: UUID) -> Answer:
        """Close the task of an ended delay: everybody who asked was told, or nobody had asked."""

        async def work(act: Act) -> Answer:
            row = await self._locked(act, delay_id, Permission.RIGHT_HANDLE)
            task = await store.task_of_delay(act.connection, delay_id)
            if task is None:
                raise NotPossibleNow("Nobody has to be told of this delay now.")
            version = await take_task(act, task["id"], task["version"])
            await answer_task(act, task["id"], version, TOLD, None)
            act.entries.append(self._entry(act, "right.delay_told", row["id"], row["territory_id"], {}))
            return Answer(200, {"id": str(delay_id)})

        return await self._ground.acts.run(request, work)

    async def end_due(self) -> int:
        """End every delay whose time is over, and return how many."""

        async def work(act: Act) -> Answer:
            rows = await store.over(act.connection, act.now)
            for row in rows:
                await self._end(act, row, goes_on=row["goes_on"])
            return Answer(200, {"ended": len(rows)})

        return int((await self._ground.acts.run(CENTRE, work)).body["ended"])

    async def running(self, actor: Actor) -> JSON:
        """Return the delays that stand in this actor's territories: ground, times, and the numbers of the entries they cover."""
        territories = territory_filter(actor, Permission.REVIEW_READ, self._ground.territories())
        async with self._ground.database.connection() as connection:
            rows = await store.running(connection, territories)
        now = self._ground.clock.now()
        return {"items": [_view(row, now) for row in rows]}

    async def counts(self) -> JSON:
        """Return for each quarter that is over how many delays were set, renewed and ended, and how many stand at its end.

        The running quarter is left out: next to an answer of today a count of today would say too much.
        """
        zone = self._ground.zone
        today = self._ground.clock.now().astimezone(zone).date()
        start = datetime.combine(date(today.year, (today.month - 1) // 3 * 3 + 1, 1), time(), zone)
        async with self._ground.database.connection() as connection:
            rows = await store.delay_counts(connection, str(zone), start)
            standing = await store.standing_at(connection, start)
        return {
            "before": start.date().isoformat(),
            "standing": standing,
            "quarters": [{name: row[name] for name in ("quarter", "set", "renewed", "ended")} for row in rows],
        }

    async def _insert(
        self,
        act: Act,
        type_: RightEvent,
        territory_id: int,
        ground: DelayGround,
        span: tuple[datetime, datetime],
        entry_ids: Sequence[int],
        renews: UUID | None,
    ) -> Answer:
        id_, (begins_at, ends_at) = uuid7(), span
        values, covered = (id_, territory_id, ground.value, begins_at, ends_at, act.actor.id, renews), set(entry_ids)
        await store.insert_delay(act.connection, values, sorted(covered))
        payload: JSON = {"ground": ground.value, "ends_at": iso(ends_at), "looks": len(covered)}
        act.events.append(event(act, type_, id_, territory_id, payload))
        action = "right.delayed" if renews is None else "right.delay_renewed"
        act.entries.append(self._entry(act, action, id_, territory_id, payload | _private(id_, covered)))
        return Answer(201, {"id": str(id_), "ends_at": iso(ends_at)})

    async def _end(self, act: Act, row: store.Record, *, goes_on: bool) -> None:
        await self._write_end(act, row, goes_on=goes_on)
        if not goes_on:
            days = clocks()["delay_ended"]
            await open_task(act, NewTask("right_delay_ended", KIND, row["id"], row["territory_id"], days))

    async def _write_end(self, act: Act, row: store.Record, *, goes_on: bool) -> None:
        await store.end_delay(act.connection, row["id"], act.now)
        payload: JSON = {"ground": row["ground"], "goes_on": goes_on}
        act.events.append(event(act, RightEvent.DELAY_ENDED, row["id"], row["territory_id"], payload))
        details = payload | _private(row["id"], row["entries"])
        act.entries.append(self._entry(act, "right.delay_ended", row["id"], row["territory_id"], details))

    async def _territory_of(self, act: Act, entry_ids: Sequence[int]) -> int:
        rows = await store.entries(act.connection, list(set(entry_ids)), LOOKS)
        facts = await self._ground.looked_at.facts(
            act.connection, [row["record_id"] for row in rows if row["record_id"]]
        )
        places = {
            row["territory_id"]
            or (facts[row["record_id"]].territory_id if row["record_id"] in facts else self._ground.top())
            for row in rows
        }
        may = frozenset(territory_filter(act.actor, Permission.RIGHT_HANDLE, self._ground.territories()))
        if len(rows) != len(set(entry_ids)) or not places <= may:
            raise NotFound("There are no such looks in your territory.", what="look")
        if len(places) != 1:
            raise InvalidInput("These looks belong to different territories: delay each for itself.", field="entries")
        return int(places.pop())

    async def _locked(self, act: Act, delay_id: UUID, permission: Permission) -> store.Record:
        row = await store.delay(act.connection, delay_id)
        if row is None:
            raise NotFound("There is no such delay in your territory.", what="delay")
        require_seen(act.actor, permission, row["territory_id"], self._ground.territories(), "delay")
        return row

    def _entry(self, act: Act, action: str, id_: UUID, territory_id: int, details: JSON) -> Entry:
        return entry_of(
            act.request, EntryKind.RIGHT_REQUEST, action, KIND, id_, "delay", territory_id=territory_id, details=details
        )


async def _check_not_own(act: Act, entry_ids: Sequence[int]) -> None:
    if await store.any_look_of(act.connection, entry_ids, act.actor.id):
        raise Forbidden(
            "One of these looks is your own: somebody else decides whether it is told later.", rule="delay_own_look"
        )


def _private(delay_id: UUID, entry_ids: Iterable[int]) -> JSON:
    """Return what only the opening of an entry names, never an event or a public part. At most 200 looks: some 4 KB."""
    return {"delay": str(delay_id), "entries": sorted(entry_ids)}


def _view(row: store.Record, now: datetime) -> JSON:
    opens_at = renewable_from(row["begins_at"], row["ends_at"])
    return {
        "id": str(row["id"]),
        "territory_id": row["territory_id"],
        "ground": row["ground"],
        "begins_at": iso(row["begins_at"]),
        "ends_at": iso(row["ends_at"]),
        "renewable_from": iso(opens_at),
        "looks": len(row["entries"]),
        "entries": row["entries"],
        "is_renewal": row["renews"] is not None,
        "is_renewed": row["is_renewed"],
        "is_renewable": not row["is_renewed"] and opens_at <= now < row["ends_at"],
    }
