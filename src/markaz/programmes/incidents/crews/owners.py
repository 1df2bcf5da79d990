"""One owner for each open incident: taken over, handed over, or let go when the owner signs off.

Nobody needs the owner's leave to take an incident over: the owner's browser may have died. The event names both, so the
timeline shows it, and whoever was faster is told to the other by the version.
"""

from dataclasses import dataclass
from uuid import UUID

from markaz.contracts.incidents import IncidentEvent
from markaz.core.acts import Act, Answer, Request
from markaz.core.errors import InvalidInput
from markaz.core.permissions import ROLE_PERMISSIONS, Actor, Permission, Role, territory_filter
from markaz.programmes.incidents import queries
from markaz.programmes.incidents import store as base
from markaz.programmes.incidents.acting import Spine, event, fresh_view, lock_open_incident
from markaz.programmes.incidents.crews.store import owners as store
from markaz.programmes.incidents.picture import JSON

P = Permission
OWNING = frozenset({P.INCIDENT_DISPATCH, P.INCIDENT_OPEN})
DESK_ROLES = tuple(role for role in Role if P.CREW_READ in ROLE_PERMISSIONS[role])
MOST_OWNED = 500  # open incidents one officer can own; more is a fault of the desk, not of the query


@dataclass(frozen=True, slots=True)
class SetOwner:
    """Who shall own an incident; None is the one who sends it. `version` is the incident's as seen."""

    to: UUID | None
    version: int


class Ownership:
    """Owners of incidents, and the colleagues who may be."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def set_owner(self, request: Request, incident_id: UUID, command: SetOwner) -> Answer:
        """Take an incident over or hand it on. Raises InvalidInput for one who may not work there, VersionConflict."""

        async def work(act: Act) -> Answer:
            row = await lock_open_incident(act, self._spine, incident_id, P.INCIDENT_CHANGE, command.version)
            to = command.to or act.actor.id
            await self._check_owner(act, incident_id, to, row["territory_id"])
            if row["owner_id"] == to:
                raise InvalidInput("This incident is theirs already.", field="to")
            version = await _give(act, incident_id, row["owner_id"], to)
            return Answer(200, {"version": version})

        return await self._spine.acts.run(request, work)

    async def let_go(self, request: Request) -> Answer:
        """Leave every open incident of somebody who has signed off everywhere without an owner; answers how many."""

        async def work(act: Act) -> Answer:
            if await store.has_session(act.connection, act.actor.id):
                return Answer(200, {"incidents": 0})
            owned = await store.owned_by(act.connection, act.actor.id, MOST_OWNED)
            for incident_id in owned:
                await _give(act, incident_id, act.actor.id, None)
            return Answer(200, {"incidents": len(owned)})

        return await self._spine.acts.run(request, work)

    async def colleagues(self, actor: Actor) -> JSON:
        """Return the desk people of the actor's territories and of those above, with names and roles."""
        tree = self._spine.territories()
        mine = territory_filter(actor, P.CREW_READ, tree)
        above = {parent for root in actor.roots(P.CREW_READ) for parent in tree.path(root)}
        async with self._spine.database.connection() as connection:
            rows = await store.colleagues(connection, sorted(above | set(mine)), DESK_ROLES)
        items = [{"id": str(row["id"]), "display_name": row["display_name"], "roles": row["roles"]} for row in rows]
        return {"items": items}

    async def _check_owner(self, act: Act, incident_id: UUID, account_id: UUID, territory_id: int) -> None:
        tree = self._spine.territories()
        is_out = await queries.is_shut_out(act.connection, incident_id, account_id)
        for grant in [] if is_out else await store.grants_of(act.connection, account_id):
            if OWNING & ROLE_PERMISSIONS[Role(grant["role"])] and territory_id in tree.subtree(grant["territory_id"]):
                return
        raise InvalidInput("Only somebody who works at the desk of this territory can own its incident.", field="to")


async def _give(act: Act, incident_id: UUID, owner_id: UUID | None, to: UUID | None) -> int:
    await store.set_owner(act.connection, incident_id, to)
    version = await base.touch_incident(act.connection, incident_id, act.actor.id)
    view = await fresh_view(act, incident_id)
    payload = {
        "view": view,
        "version": version,
        "from": None if owner_id is None else str(owner_id),
        "to": None if to is None else str(to),
    }
    happened = IncidentEvent.OWNER_CHANGED
    act.events.append(event(act, happened, incident_id, view["territory_id"], act.now, payload))
    return version
