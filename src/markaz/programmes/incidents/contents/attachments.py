"""Photos of an incident: drawn anew, sealed under a key of their own, opened only with an audit entry.

`store_attachment` is the one way in, for a desk and for a unit's phone alike; who may add one is its caller's to decide.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from markaz.contracts.incidents import IncidentEvent
from markaz.core.access.model import DataClass
from markaz.core.acts import Act, Answer, Request
from markaz.core.errors import InvalidInput, NotFound, NotPossibleNow
from markaz.core.permissions import Permission, require, require_seen
from markaz.kit.ids import uuid7
from markaz.programmes.incidents.acting import Spine, check_not_shut_out, event, lock_incident
from markaz.programmes.incidents.contents import domain, store
from markaz.programmes.incidents.contents.images import CleanImage, clean_image
from markaz.programmes.incidents.looks import standing_of
from markaz.programmes.incidents.store import Record, incident, touch_incident


@dataclass(frozen=True, slots=True)
class OpenedAttachment:
    """A photo as it is sent out. `name` is made of the incident's number: it names nobody."""

    name: str
    media_type: str
    data: bytes


async def prepared(data: bytes) -> CleanImage:
    """Return the photo drawn anew, off the event loop. Raises InvalidInput for what is no photo that can be taken."""
    if not data:
        raise InvalidInput("There is no photo in this request.", field="body")
    return await asyncio.to_thread(clean_image, data)


async def store_attachment(
    act: Act, spine: Spine, row: Record, image: CleanImage, *, taken_at: datetime | None = None
) -> tuple[UUID, int]:
    """Seal a prepared photo into an incident that the caller has locked; return its id and the incident's version.

    `taken_at` is when the sender says it was taken. Raises NotPossibleNow when the incident holds as many as it may.
    """
    count = await store.count(act.connection, "attachments", row["id"])
    domain.check_room(count, domain.ATTACHMENTS_MAX, "photos")
    attachment_id, sealed_id, at = uuid7(), uuid7(), taken_at or act.now
    await spine.sealer.store_blob(act.connection, sealed_id, image.data)
    size = (len(image.data), image.width_px, image.height_px)
    values = (attachment_id, row["id"], image.media_type, *size, sealed_id, at, act.actor.id)
    await store.insert_attachment(act.connection, values)
    version = await touch_incident(act.connection, row["id"], act.actor.id)
    payload = {"attachment_id": str(attachment_id), "kind": image.media_type, "version": version}
    act.events.append(event(act, IncidentEvent.ATTACHMENT_ADDED, row["id"], row["territory_id"], at, payload))
    return attachment_id, version


class Attachments:
    """The commands and reads about photos."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def add(self, request: Request, incident_id: UUID, data: bytes) -> Answer:
        """Add a photo. The right is checked before anything is decoded."""
        async with self._spine.database.connection() as connection:
            row = await incident(connection, incident_id)
            if row is None:
                raise NotFound("There is no such incident in your territory.", what="incident")
            tree = self._spine.territories()
            require_seen(request.actor, Permission.INCIDENT_READ, row["territory_id"], tree, "incident")
            await check_not_shut_out(connection, request.actor, incident_id)
            require(request.actor, Permission.INCIDENT_CHANGE, row["territory_id"], tree)
        image = await prepared(data)

        async def work(act: Act) -> Answer:
            locked = await lock_incident(act, self._spine, incident_id, Permission.INCIDENT_CHANGE, None)
            attachment_id, version = await store_attachment(act, self._spine, locked, image)
            return Answer(201, {"id": str(attachment_id), "version": version})

        return await self._spine.acts.run(request, work)

    async def open(self, request: Request, incident_id: UUID, attachment_id: UUID) -> OpenedAttachment:
        """Return a photo. Raises PurposeRequired where it may not be shown, NotFound when it was erased.

        Raises NotPossibleNow while it is under restriction: said to those only who could see it otherwise.
        """
        async with self._spine.looking.look(request) as look:
            row = await incident(look.connection, incident_id)
            if row is None:
                raise NotFound("There is no such incident in your territory.", what="incident")
            tree = self._spine.territories()
            require_seen(request.actor, Permission.INCIDENT_READ_SEALED, row["territory_id"], tree, "incident")
            await check_not_shut_out(look.connection, request.actor, incident_id)
            standing = await standing_of(look.connection, request.actor, row, look.now)
            allowed = await look.need(standing, DataClass.ATTACHMENT)
            found = await store.attachment(look.connection, incident_id, attachment_id)
            data = None
            if found is not None and found["is_restricted"]:
                raise NotPossibleNow("This photo is under restriction: it is shown to nobody.", reason="restricted")
            if found is not None:
                data = await look.read_file(allowed, "incident.read_attachment", found["sealed_id"])
            if found is None or data is None:
                raise NotFound("There is no such photo in this incident, or it was erased.", what="attachment")
        ending = found["media_type"].removeprefix("image/")
        name = f"incident-{row['number']}-{attachment_id.hex[-6:]}.{ending}"
        return OpenedAttachment(
            "".join(c for c in name if c.isascii() and (c.isalnum() or c in "-.")), found["media_type"], data
        )
