"""Parties and vehicles of an incident: added and corrected, never searched. What names somebody is sealed.

A correction keeps what was there before, under its own key; events say that there was one and hold codes only.
"""

from uuid import UUID

from markaz.contracts.incidents import IncidentEvent
from markaz.core.access.model import DataClass
from markaz.core.acts import Act, Answer, Request
from markaz.core.errors import NotFound, VersionConflict
from markaz.core.permissions import Permission
from markaz.kit.clock import iso
from markaz.kit.ids import uuid7
from markaz.programmes.incidents.acting import Spine, event, fresh_view, lock_incident
from markaz.programmes.incidents.contents import commands, domain, store
from markaz.programmes.incidents.picture import JSON
from markaz.programmes.incidents.store import Record, touch_incident, who


class People:
    """The commands about who and what was there."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def add_party(self, request: Request, incident_id: UUID, party: commands.Party) -> Answer:
        """Add a person to an incident. It takes nothing away, so it needs no version and works after the end too."""

        async def work(act: Act) -> Answer:
            incident = await lock_incident(act, self._spine, incident_id, Permission.INCIDENT_CHANGE, None)
            domain.check_party(party.is_unknown, party.sealed())
            count = await store.count(act.connection, "parties", incident_id)
            domain.check_room(count, domain.PARTIES_MAX, "parties")
            party_id, sealed_id = uuid7(), await self._seal(act, party.sealed())
            await store.insert_party(act.connection, party_id, incident_id, party, sealed_id, act.now, act.actor.id)
            payload = {"party_id": str(party_id), "role": party.role.value}
            return await self._done(act, incident, IncidentEvent.PARTY_ADDED, payload, 201)

        return await self._spine.acts.run(request, work)

    async def correct_party(
        self, request: Request, incident_id: UUID, party_id: UUID, version: int, party: commands.Party, reason: str
    ) -> Answer:
        """Write a party anew; what it was stays readable. Raises VersionConflict naming who was faster."""

        async def work(act: Act) -> Answer:
            incident = await lock_incident(act, self._spine, incident_id, Permission.INCIDENT_CHANGE, None)
            row = await store.lock_party(act.connection, incident_id, party_id)
            before = await _current(act, row, version, "party", IncidentEvent.PARTY_CORRECTED)
            await self._may_correct(act, incident_id, DataClass.PARTY, "party.corrected")
            domain.check_party(party.is_unknown, party.sealed())
            sealed_id = await self._seal(act, party.sealed())
            after = await store.correct_party(act.connection, before, party, sealed_id, act.now, act.actor.id)
            payload = {
                "party_id": str(party_id),
                "role": party.role.value,
                "was": before["role"],
                "part_version": after,
            }
            payload["reason_id"] = str(await self._seal(act, {"reason": reason}))
            return await self._done(act, incident, IncidentEvent.PARTY_CORRECTED, payload, 200)

        async with self._spine.looking.refusing(request):
            return await self._spine.acts.run(request, work)

    async def add_vehicle(self, request: Request, incident_id: UUID, vehicle: commands.Vehicle) -> Answer:
        """Add a vehicle to an incident."""

        async def work(act: Act) -> Answer:
            incident = await lock_incident(act, self._spine, incident_id, Permission.INCIDENT_CHANGE, None)
            count = await store.count(act.connection, "vehicles", incident_id)
            domain.check_room(count, domain.VEHICLES_MAX, "vehicles")
            vehicle_id, sealed_id = uuid7(), uuid7()
            await self._spine.sealer.store(act.connection, sealed_id, vehicle.sealed())
            await store.insert_vehicle(
                act.connection, vehicle_id, incident_id, vehicle, sealed_id, act.now, act.actor.id
            )
            payload = {"vehicle_id": str(vehicle_id), "role": vehicle.role.value}
            return await self._done(act, incident, IncidentEvent.VEHICLE_ADDED, payload, 201)

        return await self._spine.acts.run(request, work)

    async def correct_vehicle(
        self,
        request: Request,
        incident_id: UUID,
        vehicle_id: UUID,
        version: int,
        vehicle: commands.Vehicle,
        reason: str,
    ) -> Answer:
        """Write a vehicle anew; what it was stays readable. Raises VersionConflict naming who was faster."""

        async def work(act: Act) -> Answer:
            incident = await lock_incident(act, self._spine, incident_id, Permission.INCIDENT_CHANGE, None)
            row = await store.lock_vehicle(act.connection, incident_id, vehicle_id)
            before = await _current(act, row, version, "vehicle", IncidentEvent.VEHICLE_CORRECTED)
            await self._may_correct(act, incident_id, DataClass.VEHICLE, "vehicle.corrected")
            sealed_id = uuid7()
            await self._spine.sealer.store(act.connection, sealed_id, vehicle.sealed())
            after = await store.correct_vehicle(act.connection, before, vehicle, sealed_id, act.now, act.actor.id)
            payload = {"vehicle_id": str(vehicle_id), "role": vehicle.role.value, "was": before["role"]}
            payload |= {"part_version": after, "reason_id": str(await self._seal(act, {"reason": reason}))}
            return await self._done(act, incident, IncidentEvent.VEHICLE_CORRECTED, payload, 200)

        async with self._spine.looking.refusing(request):
            return await self._spine.acts.run(request, work)

    async def set_contact_rules(self, request: Request, incident_id: UUID, command: commands.SetContactRules) -> Answer:
        """Say how the people of an incident may be reached, and whether it is covert; also after its end."""

        async def work(act: Act) -> Answer:
            incident = await lock_incident(act, self._spine, incident_id, Permission.INCIDENT_CHANGE, command.version)
            rules = [rule.value for rule in command.safe_contact]
            await store.set_contact_rules(act.connection, incident_id, rules, command.is_covert)
            version = await touch_incident(act.connection, incident_id, act.actor.id)
            view = await fresh_view(act, incident_id)
            payload: JSON = {"view": view, "version": version}
            payload["changes"] = {
                "safe_contact": {"from": list(incident["safe_contact"]), "to": view["safe_contact"]},
                "covert": {"from": incident["is_covert"], "to": command.is_covert},
            }
            territory_id = incident["territory_id"]
            act.events.append(event(act, IncidentEvent.CONTACT_RULES_SET, incident_id, territory_id, act.now, payload))
            return Answer(200, {"version": version})

        return await self._spine.acts.run(request, work)

    async def _may_correct(self, act: Act, incident_id: UUID, data_class: DataClass, action: str) -> None:
        standing = await self._spine.standings.by_id(act.connection, act.actor, incident_id)
        if standing is None:
            raise NotFound("There is no such incident in your territory.", what="incident")
        await self._spine.looking.correct(act, standing, data_class, action)

    async def _seal(self, act: Act, fields: dict[str, str]) -> UUID | None:
        if not fields:
            return None
        sealed_id = uuid7()
        await self._spine.sealer.store(act.connection, sealed_id, fields)
        return sealed_id

    async def _done(self, act: Act, incident: Record, kind: IncidentEvent, payload: JSON, status: int) -> Answer:
        version = await touch_incident(act.connection, incident["id"], act.actor.id)
        payload |= {"version": version}
        if "party_id" in payload:  # what binds a party shows in the picture of the incident, before anybody opens it
            payload["view"] = await fresh_view(act, incident["id"])
        act.events.append(event(act, kind, incident["id"], incident["territory_id"], act.now, payload))
        part_id = payload.get("party_id") or payload.get("vehicle_id")
        return Answer(status, {"id": part_id, "version": version, "part_version": payload.get("part_version", 1)})


async def _current(act: Act, row: Record | None, version: int, what: str, kind: IncidentEvent) -> Record:
    if row is None:
        raise NotFound(f"There is no such {what} in this incident.", what=what)
    if row["version"] != version:
        by = await who(act.connection, row["by_id"])
        raise VersionConflict(
            f"This {what} was changed by {by} at {iso(row['at'])}: look again, then decide.",
            by=by,
            at=iso(row["at"]),
            what=kind.value,
            current_version=row["version"],
        )
    return row
