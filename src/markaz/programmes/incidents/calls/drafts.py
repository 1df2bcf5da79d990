"""Unfinished call forms: each field is kept, sealed, as it is typed, so that a dead browser loses nothing.

A draft belongs to one account, is no record of anything and leaves no event; its key goes when its incident is opened,
when it is thrown away, and a day after it was last saved. The id of one that ended is kept for that day without its
words: a field that was sent before and comes after does not bring it back.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from markaz.core.access.model import DataClass
from markaz.core.acts import Act, Request
from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotFound, NotPossibleNow
from markaz.core.sealing import discard
from markaz.kit.clock import iso
from markaz.kit.ids import uuid7
from markaz.programmes.incidents.acting import Spine
from markaz.programmes.incidents.calls import store
from markaz.programmes.incidents.calls.looking import own_call
from markaz.programmes.incidents.picture import JSON

OPEN_MOST = 5  # more calls than one person can have waiting
LIFE = timedelta(hours=24)
BYTES_MOST = 20_000
FIELD = "draft"


class Drafts:
    """The unfinished forms of every account; nobody reads another's."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def save(self, request: Request, draft_id: UUID, fields: Mapping[str, str | None]) -> JSON:
        """Write these fields over what is kept of them; None takes one away. Answers when it was saved.

        Raises NotFound for another's draft and one that has ended, NotPossibleNow for one too many, InvalidInput when it holds too much.
        """
        now = self._spine.clock.now()
        async with self._spine.database.transaction() as connection:
            await store.lock_drafts(connection, request.actor.id)
            row = await store.draft(connection, draft_id)
            if row is not None and row["account_id"] != request.actor.id:
                raise NotFound("There is no such form among yours.", what="draft")
            if row is None and await store.count_drafts(connection, request.actor.id) >= OPEN_MOST:
                raise NotPossibleNow(f"{OPEN_MOST} calls are unfinished: open or discard one of them first.")
            kept = {} if row is None else await self._opened(connection, row["sealed_id"])
            merged = {name: text for name, text in {**kept, **fields}.items() if text is not None}
            packed = orjson.dumps(merged)
            if len(packed) > BYTES_MOST:
                raise InvalidInput("This form holds too much: shorten the notes.", field="fields")
            sealed_id = uuid7()
            await self._spine.sealer.store(connection, sealed_id, {FIELD: packed.decode()})
            if row is not None:
                await discard(connection, row["sealed_id"])
                await store.update_draft(connection, draft_id, sealed_id, now)
            elif not await store.insert_draft(connection, draft_id, request.actor.id, sealed_id, now):
                raise NotFound("There is no such form among yours.", what="draft")
        return {"id": str(draft_id), "saved_at": iso(now)}

    async def own(self, request: Request) -> JSON:
        """Return the actor's unfinished forms, the newest first."""
        async with self._spine.looking.look(request) as look:
            rows = await store.drafts_of(look.connection, request.actor.id)
            items = []
            for row in rows:
                # One's own words, in a form: nothing to ask about, whether anybody called or not.
                own = replace(own_call(request.actor, row, "own unfinished call"), self_opened=False)
                found = await look.need(own, DataClass.DRAFT)
                opened = await look.read([found], "call_draft.read", [row["sealed_id"]])
                items.append(
                    {
                        "id": str(row["id"]),
                        "started_at": iso(row["started_at"]),
                        "saved_at": iso(row["saved_at"]),
                        "fields": fields_of(opened[row["sealed_id"]]),
                    }
                )
        return {"items": items}

    async def drop(self, request: Request, draft_id: UUID) -> None:
        """Throw a form of one's own away; one that is not there is gone already."""
        async with self._spine.database.transaction() as connection:
            if await store.draft(connection, draft_id) is not None:  # else anybody could fill the table with ids
                await _end(connection, draft_id, request.actor.id, self._spine.clock.now())

    async def _opened(self, connection: Connection, sealed_id: UUID) -> dict[str, str]:
        # What its author goes on writing is not shown to anybody here.
        return fields_of((await self._spine.sealer.read(connection, [sealed_id]))[sealed_id])


def fields_of(opened: Mapping[str, str] | None) -> dict[str, str]:
    """Return the fields of an opened draft by name; none of one that was destroyed."""
    kept: dict[str, str] = orjson.loads((opened or {}).get(FIELD, "{}"))
    return kept


async def consume(act: Act, draft_id: UUID | None) -> None:
    """Destroy the draft that became this call, in the same act."""
    if draft_id is not None:
        await _end(act.connection, draft_id, act.actor.id, act.now)


async def _end(connection: Connection, draft_id: UUID, account_id: UUID, now: datetime) -> None:
    await store.lock_drafts(connection, account_id)
    row = await store.draft(connection, draft_id)
    if row is None or row["account_id"] == account_id:
        if row is not None:
            await discard(connection, row["sealed_id"])
        await store.end_draft(connection, draft_id, account_id, now)


async def forget_old(connection: Connection, now: datetime) -> int:
    """Destroy drafts that were not saved for a day; return how many."""
    sealed_ids = await store.delete_drafts_before(connection, now - LIFE)
    for sealed_id in sealed_ids:
        await discard(connection, sealed_id)
    return len(sealed_ids)
