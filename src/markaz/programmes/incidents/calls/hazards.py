"""Hazard notes: what endangers whoever goes to a place, with who told it, the ground, and an end within six months.

A note is about a place, never about a person: it is found by where it is and by nothing else. Its text is sealed, and
the key goes when the note ends or is withdrawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from markaz.contracts.incidents import IncidentEvent
from markaz.core.access.looking import Opened
from markaz.core.access.model import DataClass
from markaz.core.acts import Act, Answer, Request
from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotFound, NotPossibleNow
from markaz.core.events import SYSTEM_ACTOR_ID
from markaz.core.permissions import Permission, require, require_seen, territory_filter
from markaz.core.sealing import erase
from markaz.kit.clock import iso
from markaz.kit.geometry import Point, distance_m
from markaz.kit.ids import uuid7
from markaz.programmes.incidents.acting import Spine, event
from markaz.programmes.incidents.calls import store
from markaz.programmes.incidents.calls.looking import Purpose, allowed_look
from markaz.programmes.incidents.picture import JSON
from markaz.programmes.incidents.store import Record

LIFE_MOST = timedelta(days=183)  # six months; whoever still knows of the danger writes it down again
RADIUS_MOST_M = 100.0
ACCURACY_MOST_M = 300.0  # of the place that is looked at
SHOWN_MOST = 20


@dataclass(frozen=True, slots=True)
class NoteHazard:
    """A new note. Sealed: text."""

    place: Point
    radius_m: float
    source: str
    ground: str
    text: str
    expires_at: datetime


class Hazards:
    """The hazard notes of places."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def note(self, request: Request, command: NoteHazard) -> Answer:
        """Write a note down. Raises InvalidInput for a place outside every territory or an end beyond six months."""

        async def work(act: Act) -> Answer:
            tree = self._spine.territories()
            territory_id = tree.locate(command.place)
            if territory_id is None:
                raise InvalidInput("This place lies in no territory of this centre.", field="place")
            require(act.actor, Permission.HAZARD_WRITE, territory_id, tree)
            if not act.now < command.expires_at <= act.now + LIFE_MOST:
                raise InvalidInput("A note ends within six months from now.", field="expires_at")
            note_id, sealed_id = uuid7(), uuid7()
            await self._spine.sealer.store(act.connection, sealed_id, {"text": command.text})
            codes = {
                "place": {"lon": command.place.lon_deg, "lat": command.place.lat_deg},
                "radius_m": command.radius_m,
                "source": command.source,
                "ground": command.ground,
                "expires_at": iso(command.expires_at),
            }
            await store.insert_hazard(
                act.connection,
                {
                    "id": note_id,
                    "territory_id": territory_id,
                    "lon": command.place.lon_deg,
                    "lat": command.place.lat_deg,
                    "radius_m": command.radius_m,
                    "source": command.source,
                    "ground": command.ground,
                    "sealed_id": sealed_id,
                    "written_by": act.actor.id,
                    "written_at": act.now,
                    "expires_at": command.expires_at,
                },
            )
            act.events.append(event(act, IncidentEvent.HAZARD_NOTED, note_id, territory_id, act.now, codes))
            return Answer(201, {"id": str(note_id)})

        return await self._spine.acts.run(request, work)

    async def withdraw(self, request: Request, note_id: UUID) -> Answer:
        """End a note now; its text is destroyed. Raises NotPossibleNow when it was withdrawn or is over."""

        async def work(act: Act) -> Answer:
            tree = self._spine.territories()
            row = await store.lock_hazard(act.connection, note_id)
            if row is None:
                raise NotFound("There is no such hazard note in your territory.", what="hazard note")
            require_seen(act.actor, Permission.INCIDENT_READ, row["territory_id"], tree, "hazard note")
            require(act.actor, Permission.HAZARD_WRITE, row["territory_id"], tree)
            if row["is_erased"] or row["withdrawn_at"] is not None:
                raise NotPossibleNow("This note is over already.")
            await store.withdraw_hazard(act.connection, note_id, act.actor.id, act.now)
            await erase(act.connection, row["sealed_id"], act.actor.id)
            payload = {"ground": row["ground"], "place": {"lon": row["lon"], "lat": row["lat"]}}
            territory_id = row["territory_id"]
            act.events.append(event(act, IncidentEvent.HAZARD_WITHDRAWN, note_id, territory_id, act.now, payload))
            return Answer(200, {"id": str(note_id)})

        return await self._spine.acts.run(request, work)

    async def near(self, request: Request, purpose: Purpose) -> JSON:
        """Return up to 20 notes whose circle meets that of the place, the nearest first. The look leaves an audit entry."""
        territories = territory_filter(request.actor, Permission.INCIDENT_READ_SEALED, self._spine.territories())
        async with self._spine.looking.look(request) as look:
            at = await allowed_look(look, self._spine, purpose, DataClass.HAZARD)
            access = look.mark([at.found])
            if at.place is None:
                look.note([at.found], "hazard.read")
                return {"items": [], "access": access}
            met = await meeting(look.connection, at.place, at.accuracy_m, territories, look.now)
            opened = await look.read([at.found], "hazard.read", [one.row["sealed_id"] for one in met])
        return {"items": [hazard_view(one, opened) for one in met], "access": access}


@dataclass(frozen=True, slots=True)
class Met:
    """A note whose circle meets that of a place, and how far its middle lies from it."""

    row: Record
    distance_m: float


async def meeting(
    connection: Connection, place: Point, accuracy_m: float, territories: Sequence[int], now: datetime
) -> list[Met]:
    """Return up to 20 notes of these territories that stand now and whose circle meets that of the place, the nearest first."""
    reach_m = min(accuracy_m, ACCURACY_MOST_M)
    rows = await store.hazards_in(connection, store.box_around(place, reach_m + RADIUS_MOST_M), territories, now)
    apart = [Met(row, distance_m(place, Point(row["lon"], row["lat"]))) for row in rows]
    met = [one for one in apart if one.distance_m <= one.row["radius_m"] + reach_m]
    return sorted(met, key=lambda one: (one.distance_m, str(one.row["id"])))[:SHOWN_MOST]


def hazard_view(met: Met, opened: Opened) -> JSON:
    """Return a note as it is shown; `opened` holds its text."""
    row = met.row
    return {
        "id": str(row["id"]),
        "place": {"lon": row["lon"], "lat": row["lat"]},
        "radius_m": row["radius_m"],
        "distance_m": round(met.distance_m),
        "source": row["source"],
        "ground": row["ground"],
        "text": (opened[row["sealed_id"]] or {}).get("text"),
        "by": row["by"],
        "written_at": iso(row["written_at"]),
        "expires_at": iso(row["expires_at"]),
    }


async def forget_ended(connection: Connection, now: datetime) -> int:
    """Destroy the text of notes that are over; where and when they were, and on which ground, stays. Return how many."""
    rows = await store.ended_hazards(connection, now)
    for row in rows:
        await erase(connection, row["sealed_id"], SYSTEM_ACTOR_ID)
    await store.mark_hazards_erased(connection, [row["id"] for row in rows])
    return len(rows)
