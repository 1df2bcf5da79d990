"""Wires the unit's phone to the rooms it needs: who is in which crew, the emergency alarm, and photos. It decides nothing."""

from datetime import datetime
from uuid import UUID

from markaz.core.acts import Act
from markaz.core.db.pool import Connection
from markaz.core.errors import NotFound
from markaz.kit.geometry import Point
from markaz.kit.ids import plain_id
from markaz.programmes.incidents import store
from markaz.programmes.incidents.acting import Spine
from markaz.programmes.incidents.alarms.raising import About, Emergency, raise_emergency
from markaz.programmes.incidents.calls import hazards
from markaz.programmes.incidents.contents.attachments import prepared, store_attachment
from markaz.programmes.incidents.contents.images import CleanImage
from markaz.programmes.incidents.crews.store import logons
from markaz.programmes.incidents.field.service import Ports, Report


async def own_unit(connection: Connection, account_id: UUID) -> UUID | None:
    """Return the unit an officer is logged on to."""
    row = await logons.unit_of(connection, account_id)
    return None if row is None else plain_id(row["id"])


async def raise_from_phone(act: Act, report: Report, at: datetime, incident_id: UUID | None) -> None:
    """Raise the emergency of the unit that a phone reports; `at` is when the button was pressed, by our clock.

    `incident_id` is where the incident that the phone showed goes on, None for one that the unit never had.
    """
    unit = await store.lock_unit(act.connection, report.unit_id)
    if unit is None:
        raise NotFound("There is no such unit.", what="unit")
    place = None if report.lon is None or report.lat is None else Point(report.lon, report.lat)
    about = About.WORK
    if report.names_incident:
        about = About.NONE if report.incident_id is None else About.STATED
    await raise_emergency(act, unit, Emergency(place, report.accuracy_m, at, about, incident_id))


async def store_photo(act: Act, spine: Spine, incident: store.Record, image: CleanImage, at: datetime) -> None:
    """Add a photo from the phone to an incident."""
    await store_attachment(act, spine, incident, image, taken_at=at)


async def hazards_at(
    connection: Connection, spine: Spine, place: Point, accuracy_m: float, now: datetime
) -> list[hazards.Met]:
    """Return the hazard notes where a place is, on either side of the line between two territories."""
    tree = spine.territories()
    here = tree.locate(place)
    everywhere = () if here is None else tree.subtree(tree.path(here)[0])
    return await hazards.meeting(connection, place, accuracy_m, sorted(everywhere), now)


PORTS = Ports(
    own_unit=own_unit,
    crewed_lately=logons.was_in_crew,
    raise_emergency=raise_from_phone,
    clean_photo=prepared,
    store_photo=store_photo,
    hazards=hazards_at,
    hazard_view=hazards.hazard_view,
)
