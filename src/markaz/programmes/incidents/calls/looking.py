"""Looks at what tells of a home, and who may see an incident at all. What names people goes through core.access."""

from dataclasses import dataclass
from uuid import UUID

from markaz.core.access.looking import Found, Look
from markaz.core.access.model import DataClass, RecordKind
from markaz.core.access.standing import Relation, Standing
from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotFound
from markaz.core.permissions import Actor, Permission, require_seen
from markaz.kit.geometry import Point
from markaz.programmes.incidents import store
from markaz.programmes.incidents.acting import Spine, check_not_shut_out
from markaz.programmes.incidents.calls import store as calls_store
from markaz.programmes.incidents.looks import standing_of


async def seen_incident(connection: Connection, spine: Spine, actor: Actor, incident_id: UUID) -> store.Record:
    """Return an incident's row. Raises NotFound when the actor may not see it."""
    row = await store.incident(connection, incident_id)
    if row is None:
        raise NotFound("There is no such incident in your territory.", what="incident")
    require_seen(actor, Permission.INCIDENT_READ, row["territory_id"], spine.territories(), "incident")
    await check_not_shut_out(connection, actor, incident_id)
    return row


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why somebody looks at a place: an incident there, or the call being taken and where it is from."""

    incident_id: UUID | None
    draft_id: UUID | None
    place: Point | None
    accuracy_m: float


@dataclass(frozen=True, slots=True)
class AtPlace:
    """A look at a place that may be taken: where, how wrong the place may be, and what it rests on."""

    place: Point | None
    accuracy_m: float
    found: Found


async def allowed_look(look: Look, spine: Spine, purpose: Purpose, data_class: DataClass) -> AtPlace:
    """Return the look a purpose allows: at the place of an incident one may open, or at that of a call of one's own.

    Raises InvalidInput without a purpose, NotFound for an incident or a call that is not the actor's to see,
    PurposeRequired for an incident that is not assigned to them.
    """
    actor = look.request.actor
    if purpose.incident_id is not None:
        row = await seen_incident(look.connection, spine, actor, purpose.incident_id)
        require_seen(actor, Permission.INCIDENT_READ_SEALED, row["territory_id"], spine.territories(), "incident")
        standing = await standing_of(look.connection, actor, row, look.now)
        place = None if row["lon"] is None else Point(row["lon"], row["lat"])
        return AtPlace(place, row["place_accuracy_m"] or 0.0, await look.need(standing, data_class))
    if purpose.draft_id is None or purpose.place is None:
        raise InvalidInput("Say why: give the incident, or the call being taken and its place.", field="incident")
    draft = await calls_store.draft(look.connection, purpose.draft_id)
    if draft is None or draft["account_id"] != actor.id:
        raise NotFound("There is no such form among yours.", what="draft")
    at = f"{purpose.place.lat_deg:.5f},{purpose.place.lon_deg:.5f}"
    own = own_call(actor, draft, f"call being taken at {at}")
    return AtPlace(purpose.place, purpose.accuracy_m, await look.need(own, data_class))


def own_call(actor: Actor, draft: store.Record, label: str) -> Standing:
    """Return how its author stands to a call that is being taken. Nothing shows yet that anybody called."""
    territory_id = min(actor.roots(Permission.INCIDENT_READ_SEALED), default=0)
    return Standing(
        kind=RecordKind.DRAFT,
        log_kind="call_draft",
        id=draft["id"],
        territory_id=territory_id,
        label=label,
        reference="",
        is_open=True,
        recorded_at=draft["started_at"],
        relations=(Relation.OWN_CALL,),
        self_opened=True,
    )
