"""Short ways to act in a running centre, for tests of what follows from the acts. Straight through the services."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID, uuid4

from tests.support.centre import RunningCentre
from tests.support.land import Land
from tests.support.people import Person

from markaz.contracts.incidents import UnitStatus
from markaz.core import identity
from markaz.core.acts import Request
from markaz.core.events import Event, append
from markaz.core.permissions import Actor, Grant, Role
from markaz.programmes.incidents import commands


async def actor_of(running: RunningCentre, person: Person) -> Actor:
    """Return who a signed-in person is to the services."""
    token = person.credentials["Cookie"].partition("=")[2]
    async with running.centre.database.connection() as connection:
        actor, _ = await identity.actor_of_session(connection, token, now=running.centre.clock.now())
    return actor


async def change_grants(running: RunningCentre, person: Person, *grants: Grant) -> int:
    """Replace what an account may do, as an administrator's command does, and return the event's number."""
    async with running.centre.database.transaction() as connection:
        event = await identity.set_grants(connection, person.id, grants, by=uuid4(), at=datetime.now(UTC))
        return await append(connection, [event])


async def append_events(running: RunningCentre, *events: Event) -> int:
    """Append events by themselves and return the number of the last."""
    async with running.centre.database.transaction() as connection:
        return await append(connection, events)


async def caught_up(running: RunningCentre) -> int:
    """Wait until the hub has read the whole log and return the last number."""
    end = await running.seq()
    async with asyncio.timeout(60):
        while running.centre.hub.seq < end:  # noqa: ASYNC110 - the hub tells nobody how far it is
            await asyncio.sleep(0.005)
    return end


def stranger(type_: str = "roads.plate_seen/1", territory_id: int = Land.ROOT, **payload: Any) -> Event:
    """Return an event that has no rule for the picture unless its type has one."""
    return Event(
        type=type_,
        aggregate_id=uuid4(),
        territory_id=territory_id,
        actor_id=uuid4(),
        occurred_at=datetime.now(UTC),
        occurred_source="test",
        payload=payload,
    )


@dataclass(frozen=True)
class Officer:
    """A supervisor of the whole centre, at work."""

    running: RunningCentre
    actor: Actor

    @classmethod
    async def of(cls, running: RunningCentre) -> Self:
        """Return the one supervisor of the root."""
        return cls(running, await actor_of(running, await running.person(Role.SUPERVISOR, Land.ROOT)))

    def request(self, key: str | None = None) -> Request:
        """Return the request of a new act."""
        return Request(self.actor, uuid4().hex, key or uuid4().hex, b"hash")

    async def open(self, territory: Land = Land.WEST_SOUTH) -> UUID:
        """Open an incident."""
        command = commands.OpenIncident("theft", "2", "phone_102", None, territory_id=territory)
        answer = await self.running.centre.desk.open_incident(self.request(), command)
        return UUID(answer.body["id"])

    async def note(self, incident_id: UUID) -> int:
        """Add a note and return its number: the shortest act there is."""
        answer = await self.running.centre.desk.add_note(self.request(), incident_id, "a note")
        return int(answer.body["seq"])

    async def move(self, incident_id: UUID, territory: Land) -> int:
        """Move an incident and return the number of the event."""
        version = (await self.running.rows("SELECT version FROM incidents WHERE id = $1", incident_id))[0]["version"]
        command = commands.ChangeIncident(version, "moved", territory_id=territory)
        answer = await self.running.centre.desk.change_incident(self.request(), incident_id, command)
        return int(answer.body["seq"])

    async def unit(self, territory: Land = Land.WEST_SOUTH) -> UUID:
        """Register a unit and let it be available."""
        command = commands.RegisterUnit(f"N-{uuid4().hex[:8]}", "patrol", territory)
        answer = await self.running.centre.desk.register_unit(self.request(), command)
        unit_id = UUID(answer.body["id"])
        status = commands.SetUnitStatus(UnitStatus.AVAILABLE, 1)
        await self.running.centre.desk.set_unit_status(self.request(), unit_id, status)
        return unit_id
