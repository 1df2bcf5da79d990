"""Find: an incident by its number, a unit by its call sign, an open incident by the name of its place.

A caller's name or phone is looked for among open incidents only, when nothing else answers the question or it is asked
for: among one's own; among all of them for a purpose that shows callers, and for the very number that one's own form of
a call under way holds. Every such look leaves an entry. There is no index of persons: when an incident is closed, its
caller can no longer be found.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

from markaz.core.access.looking import Found, Look
from markaz.core.access.model import Action, DataClass, RecordKind
from markaz.core.access.residual import Where
from markaz.core.acts import Request
from markaz.core.db.pool import Connection
from markaz.core.permissions import Actor, Permission, territory_filter
from markaz.core.places.fold import fold
from markaz.kit.clock import iso
from markaz.programmes.incidents import store as desk_store
from markaz.programmes.incidents.acting import Spine
from markaz.programmes.incidents.calls import store
from markaz.programmes.incidents.calls.drafts import fields_of
from markaz.programmes.incidents.calls.looking import own_call
from markaz.programmes.incidents.listed import OPEN_INCIDENTS
from markaz.programmes.incidents.looks import standings_of
from markaz.programmes.incidents.picture import JSON

HITS_MOST = 20
PHONE_DIGITS_LEAST = 7
NAME_LETTERS_LEAST = 3
WITHIN_OPEN = "caller within open incidents"
EVERYWHERE = Where("TRUE", ())
AT_THE_EAR = timedelta(hours=1)  # since the form of a call was last written in


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked; `callers` asks for callers even when an incident, a unit or a place answers."""

    text: str
    callers: bool = False


class Finding:
    """The one search of the desk."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine
        self._listing = spine.looking.decider.listing(RecordKind.INCIDENT, [Action.LOOK_UP], OPEN_INCIDENTS)

    async def find(self, request: Request, question: Question) -> JSON:
        """Return up to 20 hits {kind, incident | unit}: by number, call sign, place, then caller.

        `purpose_needed`: among callers only incidents of one's own were looked at, since no call from that number is
        being taken and no purpose holds that shows callers. `access` marks hits that were found by their caller.
        """
        text = question.text.strip()
        folded = fold(text)
        narrowed, access = False, None
        async with self._spine.looking.look(request) as look:
            hits = await self._by_number(look.connection, request.actor, text)
            hits += await self._units(look.connection, request.actor, folded)
            hits += await self._places(look.connection, request.actor, folded)
            if question.callers or not hits:
                callers, narrowed, rests_on = await self._callers(look, text, folded)
                hits += callers
                access = look.mark(rests_on) if rests_on else None
        return {"items": hits[:HITS_MOST], "purpose_needed": narrowed, "access": access}

    async def _by_number(self, connection: Connection, actor: Actor, text: str) -> list[JSON]:
        rows = await store.incidents_by_number(
            connection, self._in(actor, Permission.INCIDENT_READ), text, HITS_MOST, actor.id
        )
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
        rows = await store.open_places(connection, self._in(actor, Permission.INCIDENT_READ), actor.id)
        return [_incident_hit("place", row) for row in rows if folded in fold(row["place_label"])][:HITS_MOST]

    async def _callers(self, look: Look, text: str, folded: str) -> tuple[list[JSON], bool, list[Found]]:
        actor = look.request.actor
        territories = self._in(actor, Permission.INCIDENT_READ_SEALED)
        is_phone = len(re.sub(r"\D", "", text)) >= PHONE_DIGITS_LEAST
        is_name = sum(character.isalpha() for character in folded) >= NAME_LETTERS_LEAST
        if not territories or not (is_phone or is_name):
            return [], False, []
        kind = "caller_phone" if is_phone else "caller_name"
        call = await self._call_under_way(look, text) if is_phone else None
        purpose = None if call is not None else await look.purpose()
        if purpose is not None:
            below = self._spine.territories().subtree(purpose.territory_id)
            territories = [one for one in territories if one in below]
        look.trace_search(f"find.{kind}", WITHIN_OPEN, purpose, call)
        if is_phone:
            keyed_hash = self._spine.sealer.keyed_hash("caller_phone", text)
            where = await self._where(look, call, store.PHONE_FIRST)
            rows = await store.open_by_phone(look.connection, territories, keyed_hash, HITS_MOST, actor.id, where)
        else:
            where = await self._where(look, call, store.CALLERS_FIRST)
            rows = await self._by_name(look, territories, folded, where)
        hits, rests_on = [], []
        for row, standing in zip(rows, await standings_of(look.connection, actor, rows, look.now), strict=True):
            found = call or await look.may(standing, DataClass.CALLER, Action.LOOK_UP)
            if found.allowed:
                look.note_found(found, row["id"], f"incident {row['number']}", row["territory_id"], f"find.{kind}")
                hits.append(_incident_hit(kind, row))
                rests_on.append(found)
        return hits, call is None and purpose is None, rests_on

    async def _call_under_way(self, look: Look, phone: str) -> Found | None:
        """Return the decision that rests on a call from this very number: who calls again is looked for without a word.

        A form opens no other search: no name, and no number but the one that stands in it.
        """
        actor, sealer = look.request.actor, self._spine.sealer
        rows = await store.drafts_under_way(look.connection, actor.id, look.now - AT_THE_EAR)
        wanted = sealer.keyed_hash("caller_phone", phone)
        # What its author typed is compared here and shown to nobody.
        opened = await sealer.read(look.connection, [row["sealed_id"] for row in rows])
        for row in rows:
            typed = fields_of(opened[row["sealed_id"]]).get("caller_phone", "")
            if sealer.keyed_hash("caller_phone", typed) == wanted:
                own = own_call(actor, row, "call being taken")
                found = await look.may(own, DataClass.CALLER, Action.LOOK_UP)
                return found if found.allowed else None
        return None

    async def _where(self, look: Look, call: Found | None, first: int) -> Where:
        """Return among which incidents callers are looked for: all with that call at the ear, else where one may."""
        if call is not None:
            return EVERYWHERE
        return await look.where(self._listing, DataClass.CALLER, Action.LOOK_UP, first=first)

    async def _by_name(self, look: Look, territories: list[int], folded: str, where: Where) -> list[desk_store.Record]:
        rows = await store.open_with_callers(look.connection, territories, look.request.actor.id, where)
        opened = await self._spine.sealer.read(look.connection, [row["sealed_id"] for row in rows])
        found: dict[object, desk_store.Record] = {}
        for row in rows:
            name = (opened[row["sealed_id"]] or {}).get("caller_name")
            if name is not None and folded in fold(name):
                found.setdefault(row["id"], row)
        return list(found.values())[:HITS_MOST]

    def _in(self, actor: Actor, permission: Permission) -> list[int]:
        return territory_filter(actor, permission, self._spine.territories())


def _incident_hit(kind: str, row: desk_store.Record) -> JSON:
    """Return an incident as a hit shows it: codes only, also when it was found by its caller."""
    shown = ("number", "status", "category", "priority", "territory_id", "place_label")
    incident = {"id": str(row["id"]), **{name: row[name] for name in shown}, "received_at": iso(row["received_at"])}
    return {"kind": kind, "incident": incident}
