"""Positions an incident holds: the one way in which a position outlives 30 days, and the one past period that is read.

A supervisor says why; each look leaves an audit entry. Nothing reads positions by officer, or by unit without an incident.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from markaz.contracts.incidents import IncidentEvent
from markaz.core.access.model import DataClass
from markaz.core.access.standing import Relation
from markaz.core.acts import Act, Answer, Request
from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotFound
from markaz.core.permissions import Permission, require_seen
from markaz.kit.clock import iso
from markaz.kit.ids import uuid7
from markaz.programmes.incidents import positions
from markaz.programmes.incidents import store as base
from markaz.programmes.incidents.acting import Spine, check_not_shut_out, event, lock_incident
from markaz.programmes.incidents.crews.store import holds as store
from markaz.programmes.incidents.looks import standing_of
from markaz.programmes.incidents.picture import JSON

P = Permission
LONGEST = timedelta(days=366)


class Holds:
    """Holding positions, and looking at what is held."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def hold(self, request: Request, incident_id: UUID, until: datetime, reason: str) -> Answer:
        """Hold the positions of an incident's units, at most a year. Answers how many are held so far."""

        async def work(act: Act) -> Answer:
            row = await lock_incident(act, self._spine, incident_id, P.POSITION_HOLD, None)
            if not act.now < until <= act.now + LONGEST:
                raise InvalidInput("until must lie ahead, and within a year.", field="until")
            reason_id = uuid7()
            await self._spine.sealer.store(act.connection, reason_id, {"reason": reason})
            await store.hold(act.connection, incident_id, until, reason_id, act.actor.id, act.now)
            copied = await store.copy(act.connection, act.now, incident_id)
            payload = {"until": iso(until), "reason_id": str(reason_id)}
            happened = IncidentEvent.POSITIONS_HELD
            act.events.append(event(act, happened, incident_id, row["territory_id"], act.now, payload))
            return Answer(200, {"positions": copied})

        return await self._spine.acts.run(request, work)

    async def held(self, request: Request, incident_id: UUID) -> JSON:
        """Return the held positions of an incident. Raises NotFound when none are held, PurposeRequired."""
        async with self._spine.looking.look(request) as look:
            connection = look.connection
            row = await base.incident(connection, incident_id)
            if row is None:
                raise NotFound("There is no such incident in your territory.", what="incident")
            require_seen(request.actor, P.POSITION_HOLD, row["territory_id"], self._spine.territories(), "incident")
            await check_not_shut_out(connection, request.actor, incident_id)
            set_by = await store.held_by(connection, incident_id, look.now)
            if set_by is None:
                raise NotFound("The positions of this incident are not held.", what="position_hold")
            standing = await standing_of(connection, request.actor, row, look.now)
            if set_by == request.actor.id:
                # Whoever had them held works on why, also when the incident is long closed.
                standing = replace(standing, relations=(*standing.relations, Relation.HOLDER), is_open=True)
            found = await look.need(standing, DataClass.HELD_POSITIONS)
            look.note([found], "incident.read_held_positions")
            access = look.mark([found])
            rows = await store.held(connection, incident_id)
        return {
            "items": [
                {
                    "unit_id": str(one["unit_id"]),
                    "call_sign": one["call_sign"],
                    "fix_at": iso(one["fix_at"]),
                    "lon": one["lon"],
                    "lat": one["lat"],
                    "accuracy_m": one["accuracy_m"],
                }
                for one in rows
            ],
            "access": access,
        }


async def forget(connection: Connection, now: datetime) -> int:
    """Copy what holds name, then let positions go after 30 days, and held ones when their hold ends; say how many went."""
    await store.copy(connection, now)
    return await store.forget(connection, now) + await positions.forget_old(connection, now)
