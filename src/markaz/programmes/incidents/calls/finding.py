"""Find: an incident by its number, a unit by its call sign, an open incident by the name of its place.

A caller's name or phone is looked for among open incidents only, by who may open what is sealed of them, when nothing
else answers the question or it is asked for; every such look leaves an audit entry. There is no index of persons: when
an incident is closed, its caller can no longer be found.
"""

import re
from dataclasses import dataclass

from markaz.core.acts import Request
from markaz.core.db.pool import Connection
from markaz.core.log.entry import EntryKind
from markaz.core.permissions import Actor, Permission, territory_filter
from markaz.core.places.fold import fold
from markaz.kit.clock import iso
from markaz.programmes.incidents import store as desk_store
from markaz.programmes.incidents.acting import Spine
from markaz.programmes.incidents.calls import store
from markaz.programmes.incidents.calls.looking import leave_trace, reason_of
from markaz.programmes.incidents.picture import JSON

HITS_MOST = 20
PHONE_DIGITS_LEAST = 7
NAME_LETTERS_LEAST = 3
WITHIN_OPEN = "caller within open incidents"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked; `callers` asks for callers even when an incident, a unit or a place answers."""

    text: str
    callers: bool = False


class Finding:
    """The one search of the desk."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def find(self, request: Request, question: Question) -> JSON:
        """Return up to 20 hits {kind, incident | unit}: by number, call sign, place, then caller."""
        text = question.text.strip()
        folded = fold(text)
        async with self._spine.database.transaction() as connection:
            hits = await self._by_number(connection, request.actor, text)
            hits += await self._units(connection, request.actor, folded)
            hits += await self._places(connection, request.actor, folded)
            if question.callers or not hits:
                hits += await self._callers(connection, request, text, folded)
        return {"items": hits[:HITS_MOST]}

    async def _by_number(self, connection: Connection, actor: Actor, text: str) -> list[JSON]:
        rows = await store.incidents_by_number(connection, self._in(actor, Permission.INCIDENT_READ), text, HITS_MOST)
        return [_incident_hit("number", row) for row in rows]

    async def _units(self, connection: Connection, actor: Actor, folded: str) -> list[JSON]:
        if not folded:
            return []
        units = await desk_store.units_in(connection, self._in(actor, Permission.UNIT_READ))
        signs = [(fold(unit["call_sign"]), unit) for unit in units]
        found = [unit for sign, unit in signs if sign == folded]
        found += [unit for sign, unit in signs if sign != folded and sign.startswith(folded)]
        shown = ("id", "call_sign", "kind", "status", "incident_id", "territory_id")
        return [{"kind": "unit", "unit": {name: unit[name] for name in shown}} for unit in found[:HITS_MOST]]

    async def _places(self, connection: Connection, actor: Actor, folded: str) -> list[JSON]:
        if len(folded) < NAME_LETTERS_LEAST:
            return []
        rows = await store.open_places(connection, self._in(actor, Permission.INCIDENT_READ))
        return [_incident_hit("place", row) for row in rows if folded in fold(row["place_label"])][:HITS_MOST]

    async def _callers(self, connection: Connection, request: Request, text: str, folded: str) -> list[JSON]:
        territories = self._in(request.actor, Permission.INCIDENT_READ_SEALED)
        digits = re.sub(r"\D", "", text)
        if not territories:
            return []
        if len(digits) >= PHONE_DIGITS_LEAST:
            keyed_hash = self._spine.sealer.keyed_hash("caller_phone", text)
            rows = await store.open_by_phone(connection, territories, keyed_hash, HITS_MOST)
            return await _looked(connection, self._spine, request, "caller_phone", rows)
        if sum(character.isalpha() for character in folded) >= NAME_LETTERS_LEAST:
            return await _looked(
                connection, self._spine, request, "caller_name", await self._by_name(connection, territories, folded)
            )
        return []

    async def _by_name(self, connection: Connection, territories: list[int], folded: str) -> list[desk_store.Record]:
        rows = await store.open_with_callers(connection, territories)
        opened = await self._spine.sealer.read(connection, [row["sealed_id"] for row in rows])
        found: dict[object, desk_store.Record] = {}
        for row in rows:
            name = (opened[row["sealed_id"]] or {}).get("caller_name")
            if name is not None and folded in fold(name):
                found.setdefault(row["id"], row)
        return list(found.values())[:HITS_MOST]

    def _in(self, actor: Actor, permission: Permission) -> list[int]:
        return territory_filter(actor, permission, self._spine.territories())


async def _looked(
    connection: Connection, spine: Spine, request: Request, kind: str, rows: list[desk_store.Record]
) -> list[JSON]:
    """Leave the audit entries of a look for a caller: one for the look, one for each incident it found."""
    look_up = EntryKind.LOOK_UP
    await leave_trace(connection, spine, request, f"find.{kind}", "find", None, WITHIN_OPEN, look_up)
    for row in rows:
        await leave_trace(connection, spine, request, f"find.{kind}", "incident", row["id"], reason_of(row), look_up)
    return [_incident_hit(kind, row) for row in rows]


def _incident_hit(kind: str, row: desk_store.Record) -> JSON:
    """Return an incident as a hit shows it: codes only, also when it was found by its caller."""
    shown = ("number", "status", "category", "priority", "territory_id", "place_label")
    incident = {"id": str(row["id"]), **{name: row[name] for name in shown}, "received_at": iso(row["received_at"])}
    return {"kind": kind, "incident": incident}
