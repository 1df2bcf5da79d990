"""Follows what a phone names to where it went on: an incident that was merged meanwhile, and the sending that moved with it.

It decides nothing of what is reported and writes nothing. A merge moves the sendings that are not over; one that was over
before stays with the incident it was for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from markaz.core import reach
from markaz.core.acts import Act
from markaz.core.db.pool import Connection
from markaz.core.errors import NotFound, Unavailable
from markaz.programmes.incidents import queries, store
from markaz.programmes.incidents.field import domain
from markaz.programmes.incidents.field import store as field_store
from markaz.programmes.incidents.field.domain import Named, Sending

TRIES = 3  # to lock an incident that is merged again at this moment
WHY = "what a crew reports of an incident that was merged meanwhile"


@dataclass(frozen=True, slots=True)
class Followed:
    """Where a report belongs: the incident, locked, and the sending. `told_of` numbers the incident it was told of, if another."""

    incident: store.Record
    sending: Sending | None
    told_of: str | None
    received_at: datetime


async def merges_of(connection: Connection, incident_id: UUID) -> Sequence[store.Record]:
    """Return an incident and what it was merged into, one after the other; nothing when there is no such incident."""
    async with reach.beyond(connection, WHY):
        return await field_store.merges(connection, incident_id)


async def place_of(act: Act, incident_id: UUID | None, unit_id: UUID, since: datetime) -> Followed:
    """Return the incident that goes on from the one a phone names, locked, for a note or a photo.

    Raises NotFound when the unit was sent to none of them, or had left them all before `since`.
    """
    return await _followed(act, incident_id, unit_id, since, None)


async def sending_of(
    act: Act, incident_id: UUID | None, unit_id: UUID, since: datetime, named: Named, at: datetime
) -> Followed:
    """Return the sending that a stage pressed at `at` belongs to, with its incident, locked. Raises as `place_of`."""
    return await _followed(act, incident_id, unit_id, since, (named, at))


async def incident_in_trouble(act: Act, incident_id: UUID | None, unit_id: UUID) -> UUID | None:
    """Return the incident that goes on from the one an emergency names, None for one that the unit never had.

    It refuses nothing and locks nothing: a call for help waits for nobody who works on that incident.
    """
    chain = [] if incident_id is None else await merges_of(act.connection, incident_id)
    ids = [row["id"] for row in chain]
    if not ids or not await field_store.worked_since(act.connection, ids, unit_id, None):
        return None
    last: UUID = ids[-1]
    return None if await queries.is_shut_out(act.connection, last, act.actor.id) else last


async def _followed(
    act: Act, incident_id: UUID | None, unit_id: UUID, since: datetime, stage: tuple[Named, datetime] | None
) -> Followed:
    for _ in range(TRIES):
        chain = [] if incident_id is None else await merges_of(act.connection, incident_id)
        ids = [row["id"] for row in chain]
        if not ids or not await field_store.worked_since(act.connection, ids, unit_id, since):
            break
        target, _sending = await _target(act, ids, unit_id, stage)
        async with reach.beyond(act.connection, WHY):
            row = await store.lock_incident(act.connection, target)
        # Locked it changes no more: what was merged between the look and the lock is followed once more.
        if row is None or ids != [one["id"] for one in await merges_of(act.connection, ids[0])]:
            continue
        _target_id, sending = await _target(act, ids, unit_id, stage)
        told_of = None if target == ids[0] else str(chain[0]["number"])
        received_at = min(one["received_at"] for one in chain[: ids.index(target) + 1])
        return Followed(row, sending, told_of, received_at)
    else:
        raise Unavailable("This incident is being merged: send it again.")
    raise NotFound("Your unit was not sent to such an incident.", what="incident")


async def _target(
    act: Act, ids: Sequence[UUID], unit_id: UUID, stage: tuple[Named, datetime] | None
) -> tuple[UUID, Sending | None]:
    if stage is None:
        return ids[-1], None
    return follow(ids, await field_store.sendings(act.connection, ids, unit_id), *stage)


def follow(
    ids: Sequence[UUID], sendings: Mapping[UUID, Sequence[Sending]], named: Named, at: datetime
) -> tuple[UUID, Sending | None]:
    """Return where the sending is that a stage belongs to, and that sending. Without one: the incident that goes on.

    `ids` are an incident and what it was merged into, one after the other; `sendings` are those of one unit to each.
    """
    sending = domain.sending_of(sendings.get(ids[0], ()), named, at)
    if sending is None:
        return ids[-1], None
    place = 0
    while sending.went_on and place + 1 < len(ids):
        there = sendings.get(ids[place + 1], ())
        same = [one for one in there if one.assigned_at == sending.assigned_at]
        moved = max(same or there, key=lambda one: (one.is_current, one.ordinal), default=None)
        if moved is None:
            break
        place, sending = place + 1, moved
    return ids[place], sending
