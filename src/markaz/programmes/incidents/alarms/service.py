"""What people do with alarms: raise an emergency, notice one for themselves, end an emergency, hear from a crew.

Noticing and ending are two things. An acknowledgement silences an alarm for the one who gives it and for nobody else;
an emergency ends only when somebody with the right to says how.
"""

from uuid import UUID

from markaz.contracts.incidents import AlarmEvent, AlarmKind, ClearReason, IncidentEvent
from markaz.core.acts import Act, Answer, Request
from markaz.core.db.pool import Connection
from markaz.core.errors import NotFound, NotPossibleNow
from markaz.core.permissions import Actor, Permission, require, require_seen, territory_filter
from markaz.kit.clock import iso
from markaz.programmes.incidents import store as base
from markaz.programmes.incidents.acting import OFFICER, Spine, event, lock_unit
from markaz.programmes.incidents.alarms import store
from markaz.programmes.incidents.alarms.raising import Emergency, alarm_event, end, raise_emergency
from markaz.programmes.incidents.picture import JSON, unit_view


class Alarms:
    """The commands and reads of alarms."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def raise_emergency(self, request: Request, unit_id: UUID, press: Emergency) -> Answer:
        """Raise a unit's emergency, or press the one that is open again. Answers its id and whether it is new."""

        async def work(act: Act) -> Answer:
            unit = await base.lock_unit(act.connection, unit_id)
            if unit is None:
                raise NotFound("There is no such unit in your territory.", what="unit")
            tree = self._spine.territories()
            require_seen(act.actor, Permission.EMERGENCY_RAISE, unit["territory_id"], tree, "unit")
            row, is_new = await raise_emergency(act, unit, press)
            return Answer(201, {"id": str(row["id"]), "is_new": is_new})

        return await self._spine.acts.run(request, work)

    async def acknowledge(self, request: Request, alarm_id: UUID, press: int | None = None) -> Answer:
        """Note that this person has noticed an alarm. An alarm that has ended in the meantime needs nothing more.

        `press` is the newest press they knew of, None the newest there is. One that came after it they have not noticed.
        """

        async def work(act: Act) -> Answer:
            row = await self._locked(act, alarm_id)
            is_over = row["cleared_at"] is not None
            noticed = min(press or row["presses"], row["presses"])
            is_new = not is_over and await store.acknowledge(act.connection, alarm_id, act.actor.id, act.now, noticed)
            if is_new and noticed == row["presses"]:
                payload = {"account_id": str(act.actor.id), "at": iso(act.now)}
                act.events.append(alarm_event(act, AlarmEvent.ACKNOWLEDGED, row, payload, source=OFFICER))
            return Answer(200, {"id": str(alarm_id), "is_over": is_over})

        return await self._spine.acts.run(request, work)

    async def resolve(self, request: Request, alarm_id: UUID, reason: ClearReason) -> Answer:
        """End an emergency. Raises NotPossibleNow for one that has ended, or for a clock, which ends with its cause."""

        async def work(act: Act) -> Answer:
            row = await self._locked(act, alarm_id)
            require(act.actor, Permission.ALARM_RESOLVE, row["territory_id"], self._spine.territories())
            if row["kind"] != AlarmKind.EMERGENCY:
                raise NotPossibleNow("This alarm ends by itself when its cause has gone.")
            if row["cleared_at"] is not None:
                raise NotPossibleNow("This emergency has ended already.")
            await end(act, row, reason, source=OFFICER)
            return Answer(200, {"id": str(alarm_id)})

        return await self._spine.acts.run(request, work)

    async def hear_from(self, request: Request, unit_id: UUID) -> Answer:
        """Note that a unit's crew was heard of and is well: its welfare clock begins anew."""

        async def work(act: Act) -> Answer:
            await lock_unit(act, self._spine, unit_id, Permission.UNIT_STATUS)
            row = await store.set_word(act.connection, unit_id, act.now)
            if row is None:
                raise RuntimeError("a unit that was locked in this transaction has gone")
            payload = {"view": unit_view(row)}
            act.events.append(event(act, IncidentEvent.UNIT_WORD, unit_id, row["territory_id"], act.now, payload))
            return Answer(200, {"id": str(unit_id), "last_word_at": iso(row["last_word_at"])})

        return await self._spine.acts.run(request, work)

    async def view(self, connection: Connection, actor: Actor) -> list[JSON]:
        """Return the alarms that have not ended and that this actor may see: their part of the snapshot."""
        tree = self._spine.territories()
        glass_in = territory_filter(actor, Permission.GLASS_REVIEW, tree)
        return await store.alarms_in(connection, territory_filter(actor, Permission.ALARM_READ, tree), glass_in)

    async def listed(self, actor: Actor) -> JSON:
        """Return the same with the names of those who acknowledged; names are in no event and no snapshot."""
        async with self._spine.database.snapshot() as connection:
            items = await self.view(connection, actor)
            ids = [UUID(id_) for item in items for id_ in (*item["acknowledged"], item["raised_by"])]
            return {"items": items, "names": await store.names(connection, ids)}

    async def _locked(self, act: Act, alarm_id: UUID) -> base.Record:
        row = await store.lock_alarm(act.connection, alarm_id)
        if row is None:
            raise NotFound("There is no such alarm in your territory.", what="alarm")
        tree = self._spine.territories()
        right = Permission.GLASS_REVIEW if row["kind"] == AlarmKind.BREAK_GLASS else Permission.ALARM_READ
        require_seen(act.actor, right, row["territory_id"], tree, "alarm")
        return row
