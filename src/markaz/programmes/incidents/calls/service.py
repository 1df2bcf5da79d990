"""Further calls of one incident, and which incidents a new call may be about.

A further call takes nothing away, so it names no version: two hundred people who report one fire are all written down.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from markaz.contracts.incidents import EnteredVia, IncidentEvent, SafeContact
from markaz.core.access.model import DataClass
from markaz.core.acts import Act, Answer, Request
from markaz.core.codes import CodeTables
from markaz.core.errors import InvalidInput
from markaz.core.permissions import Actor, Permission, territory_filter
from markaz.core.sealing import Restricted
from markaz.kit.clock import iso
from markaz.kit.geometry import Point
from markaz.kit.ids import uuid7
from markaz.programmes.incidents import commands, opening, picture_store, queries, store, waiting
from markaz.programmes.incidents import domain as desk_domain
from markaz.programmes.incidents.acting import Spine, event, fresh_view, lock_open_incident
from markaz.programmes.incidents.calls import domain, drafts
from markaz.programmes.incidents.calls import store as calls_store
from markaz.programmes.incidents.calls.looking import seen_incident
from markaz.programmes.incidents.contact import ContactRules, rules_of
from markaz.programmes.incidents.looks import standing_of
from markaz.programmes.incidents.picture import JSON


@dataclass(frozen=True, slots=True)
class AddCall:
    """A further call. Sealed: caller_name, caller_phone, address, text.

    `category` and `priority` are what this caller told of, when it was graded by itself.
    """

    channel: str
    occurred_at: datetime | None = None
    caller_name: str | None = None
    caller_phone: str | None = None
    address: str | None = None
    text: str | None = None
    is_covert: bool = False
    safe_contact: tuple[SafeContact, ...] = ()
    entered_via: EnteredVia = EnteredVia.CONSOLE
    reference: str | None = None
    category: str | None = None
    priority: str | None = None
    draft_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AddCaller:
    """What is learnt of a caller after the incident was opened. Sealed: caller_name, caller_phone, address."""

    caller_name: str | None = None
    caller_phone: str | None = None
    address: str | None = None
    is_covert: bool = False
    safe_contact: tuple[SafeContact, ...] = ()


@dataclass(frozen=True, slots=True)
class NearbyQuery:
    """Where a call is from, when it came and what it is about. `accuracy_m` is how wrong the place may be."""

    place: Point
    accuracy_m: float
    category: str
    received_at: datetime | None


class Calls:
    """What a call-taker does with a call."""

    def __init__(self, spine: Spine, codes: CodeTables) -> None:
        self._spine = spine
        self._codes = codes

    async def open_incident(self, request: Request, command: commands.OpenIncident) -> Answer:
        """Register a call and open its incident, as `opening.open_incident` says; its draft goes in the same act."""

        async def work(act: Act) -> Answer:
            answer = await opening.open_incident(act, self._spine, command)
            await drafts.consume(act, command.draft_id)
            return answer

        return await self._spine.acts.run(request, work)

    async def add_call(self, request: Request, incident_id: UUID, command: AddCall) -> Answer:
        """Write a further call down on an open incident. Answers the call's id, the version and how many calls it has.

        An incident is as urgent as the most urgent of its calls: one that tells of worse raises it, and ends a hold.
        What it told of stays with it in the log. Raises NotPossibleNow when the incident was closed meanwhile.
        """

        async def work(act: Act) -> Answer:
            row = await lock_open_incident(act, self._spine, incident_id, Permission.INCIDENT_OPEN, None)
            at = desk_domain.check_time(command.occurred_at or act.now, act.now)
            call_id = await self._insert_call(act, incident_id, command, at)
            priority = command.priority or row["priority"]
            is_worse = desk_domain.is_more_urgent(priority, row["priority"])
            if is_worse:
                await store.set_priority(act.connection, incident_id, priority)
            is_released = is_worse and row["held_until"] is not None
            if is_released:
                await waiting.end_hold(act.connection, incident_id, act.now)
            view = await self._grown(act, row, 1, command.safe_contact, is_covert=command.is_covert)
            await drafts.consume(act, command.draft_id)
            payload = {
                "call_id": str(call_id),
                "channel": command.channel,
                "entered_via": command.entered_via.value,
                "calls": view["calls"],
                "version": view["version"],
                "view": view,
            }
            told = {"category": command.category, "priority": command.priority}
            payload |= {name: code for name, code in told.items() if code not in (None, row[name])}
            if is_worse:
                payload["changes"] = {"priority": {"from": row["priority"], "to": priority}}
            territory_id = row["territory_id"]
            act.events.append(event(act, IncidentEvent.CALL_ADDED, incident_id, territory_id, at, payload))
            if is_released:
                waiting.released(act, incident_id, territory_id, view, "raised")
            body = {"id": str(call_id), "number": row["number"], "version": view["version"], "calls": view["calls"]}
            return Answer(201, body)

        return await self._spine.acts.run(request, work)

    async def add_caller(self, request: Request, incident_id: UUID, command: AddCaller) -> Answer:
        """Add what is learnt of the first caller later. It adds to what is known, so it names no version.

        A caution is only ever added here: two people who write at once must not talk a caller into danger.
        """

        async def work(act: Act) -> Answer:
            row = await lock_open_incident(act, self._spine, incident_id, Permission.INCIDENT_CHANGE, None)
            sealed = opening.caller_fields(command.caller_name, command.caller_phone, command.address)
            if not (sealed or command.safe_contact or command.is_covert):
                raise InvalidInput("Say something of the caller.", field="caller")
            if sealed:
                detail_id, sealed_id = uuid7(), uuid7()
                await self._spine.sealer.store(act.connection, sealed_id, sealed)
                await calls_store.insert_detail(
                    act.connection, detail_id, incident_id, act.now, act.actor.id, sealed_id
                )
            view = await self._grown(act, row, 0, command.safe_contact, is_covert=command.is_covert)
            payload = {"told": sorted(sealed), "version": view["version"], "view": view}
            territory_id = row["territory_id"]
            act.events.append(event(act, IncidentEvent.CALLER_ADDED, incident_id, territory_id, act.now, payload))
            return Answer(201, {"version": view["version"]})

        return await self._spine.acts.run(request, work)

    async def nearby(self, actor: Actor, query: NearbyQuery) -> JSON:
        """Return up to nine incidents the call may be about, the likeliest first, each with why.

        Everything counts from the time that is stated: what was open when the call came is offered however late it is
        entered, also when it was closed since.
        """
        now = self._spine.clock.now()
        at = min(query.received_at or now, now)
        territories = territory_filter(actor, Permission.INCIDENT_READ, self._spine.territories())
        radius_m = domain.NEAR_M + min(query.accuracy_m, domain.ACCURACY_MOST_M) + domain.ACCURACY_MOST_M
        async with self._spine.database.snapshot() as connection:
            rows = await calls_store.incidents_in(
                connection,
                calls_store.box_around(query.place, radius_m),
                territories,
                received_from=at - domain.WINDOW,
                received_to=at + domain.WINDOW,
                closed_from=at - domain.CLOSED_SINCE,
            )
            views = await picture_store.views_of(connection, rows)
        by_id = {row["id"]: row for row in rows}
        call = domain.Known(query.place, query.accuracy_m, at, query.category, self._group(query.category))
        likely = domain.likely_duplicates(call, [(id_, self._known(row)) for id_, row in by_id.items()])
        return {
            "items": [
                {
                    "incident": queries.list_item(by_id[id_], views[id_]),
                    "distance_m": round(like.distance_m),
                    "minutes": round(like.apart.total_seconds() / 60),
                    "same_category": like.same_category,
                    "same_group": like.same_group,
                    "within_accuracy": like.gap_m == 0.0,
                }
                for id_, like in likely
            ]
        }

    def _known(self, row: store.Record) -> domain.Known:
        place, accuracy_m = Point(row["lon"], row["lat"]), row["place_accuracy_m"] or 0.0
        return domain.Known(place, accuracy_m, row["received_at"], row["category"], self._group(row["category"]))

    def _group(self, category: str) -> str | None:
        code = self._codes.categories.get(category)
        return None if code is None else code.group

    async def _grown(
        self, act: Act, row: store.Record, calls: int, cautions: tuple[SafeContact, ...], *, is_covert: bool
    ) -> JSON:
        """Write what a call or a detail adds to its incident and return the new view."""
        safe_contact = sorted({*row["safe_contact"], *(one.value for one in cautions)})
        is_covert = row["is_covert"] or is_covert
        await calls_store.count_call(act.connection, row["id"], act.actor.id, calls, safe_contact, is_covert=is_covert)
        return await fresh_view(act, row["id"])

    async def _insert_call(self, act: Act, incident_id: UUID, command: AddCall, at: datetime) -> UUID:
        sealed = opening.caller_fields(command.caller_name, command.caller_phone, command.address)
        if command.text:
            sealed["text"] = command.text
        sealed_id = uuid7() if sealed else None
        if sealed_id is not None:
            await self._spine.sealer.store(act.connection, sealed_id, sealed)
        call_id = uuid7()
        await calls_store.insert_call(
            act.connection,
            {
                "id": call_id,
                "incident_id": incident_id,
                "channel": command.channel,
                "received_at": at,
                "sealed_id": sealed_id,
                "by_id": act.actor.id,
                "entered_via": command.entered_via.value,
                "reference": command.reference,
                "safe_contact": [one.value for one in command.safe_contact],
            },
        )
        return call_id

    async def calls(self, request: Request, incident_id: UUID) -> JSON:
        """Return the calls of an incident, with what names the callers only where it may be shown."""
        async with self._spine.looking.look(request) as look:
            row = await seen_incident(look.connection, self._spine, request.actor, incident_id)
            calls = await calls_store.calls_of(look.connection, incident_id)
            found = await look.may(await standing_of(look.connection, request.actor, row, look.now), DataClass.CALLER)
            opened, rules = None, None
            if found.allowed:
                rules = await rules_of(look.connection, self._spine.sealer, row)
                sealed_ids = [call["sealed_id"] for call in calls if call["sealed_id"] is not None]
                opened = await look.read([found], "incident.read_calls", sealed_ids)
            access = look.mark([found])
        items = [_call_view(call, opened, rules) for call in calls]
        return {"items": items, "may_open": opened is not None, "access": access}


def _call_view(
    call: store.Record, opened: dict[UUID, dict[str, str] | None] | None, rules: ContactRules | None
) -> JSON:
    sealed = None
    is_erased = is_restricted = False
    if opened is not None and call["sealed_id"] is not None:
        sealed = opened[call["sealed_id"]]
        is_erased = sealed is None
        is_restricted = isinstance(sealed, Restricted)
    own = list(call["safe_contact"])
    binding = own if rules is None else sorted({*own, *rules.of_caller((sealed or {}).get("caller_phone"))})
    return {
        "id": str(call["id"]),
        "received_at": iso(call["received_at"]),
        "channel": call["channel"],
        "is_first": call["is_first"],
        "by": call["by"],
        "entered_via": call["entered_via"],
        "reference": call["reference"],
        "safe_contact": own,
        "binding": binding,
        "caller": sealed,
        "erased": is_erased,
        "restricted": is_restricted,
    }
