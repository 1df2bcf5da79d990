"""What a desk reads: the snapshot, lists, the incident card with its sealed fields, the timeline, and counts.

Every read carries the actor's scope into its SQL. Sealed fields are read through core.access only.
"""

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from markaz.contracts.incidents import IncidentEvent
from markaz.core import reach
from markaz.core.access.asking import require_erasure
from markaz.core.access.looking import Found, Look
from markaz.core.access.model import DataClass
from markaz.core.acts import Act, Answer, Request, entry_of
from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotFound
from markaz.core.events import last_seq, read_of
from markaz.core.log.entry import EntryKind
from markaz.core.permissions import Actor, Permission, require_seen, territory_filter
from markaz.core.sealing import Restricted, erase
from markaz.kit.clock import iso
from markaz.programmes.incidents import figures, picture_store, queries, store
from markaz.programmes.incidents.acting import Spine, check_not_shut_out, event
from markaz.programmes.incidents.contact import rules_of
from markaz.programmes.incidents.looks import standing_of
from markaz.programmes.incidents.picture import JSON
from markaz.programmes.incidents.positions import Positions
from markaz.programmes.incidents.timeline import entries_of

PAGE_LIMIT = 200
TIMELINE_PAGE = 500


@dataclass(frozen=True, slots=True)
class IncidentQuery:
    """Which incidents to list. `cursor` is the `next` of the page before."""

    status: str = "open"
    territory_id: int | None = None
    priority: str | None = None
    source: str | None = None
    received_from: datetime | None = None
    received_to: datetime | None = None
    limit: int = 50
    cursor: str | None = None
    category: str | None = None
    channel: str | None = None
    outcome: str | None = None


SnapshotPart = Callable[[Connection, Actor], Awaitable[list[JSON]]]


class Reading:
    """The reads of one centre. `parts` are what rooms add to the snapshot, by the name of their list."""

    def __init__(self, spine: Spine, positions: Positions, parts: Mapping[str, SnapshotPart] | None = None) -> None:
        self._spine = spine
        self._positions = positions
        self._parts = dict(parts or {})

    async def snapshot(self, actor: Actor) -> JSON:
        """Return the picture as this actor may see it and the number of the last event in it, of one moment."""
        tree = self._spine.territories()
        incidents_in = territory_filter(actor, Permission.INCIDENT_READ, tree)
        units_in = territory_filter(actor, Permission.UNIT_READ, tree)
        async with self._spine.database.snapshot() as connection:
            seq = await last_seq(connection)
            incidents = await picture_store.open_incidents(connection, incidents_in)
            units = await store.units_in(connection, units_in)
            parts = {name: await read(connection, actor) for name, read in self._parts.items()}
        positions_in = frozenset(territory_filter(actor, Permission.POSITION_READ, tree))
        return {
            "seq": seq,
            "at": iso(self._spine.clock.now()),
            "incidents": incidents,
            "units": units,
            "positions": self._positions.within(positions_in),
            **parts,
        }

    async def incidents(self, actor: Actor, query: IncidentQuery) -> JSON:
        """Return one page of incidents, newest first, and the cursor of the next."""
        async with self._spine.database.snapshot() as connection:
            rows = await _page(connection, query, self._territories(actor, query.territory_id))
            views = await picture_store.views_of(connection, rows)
        items = [queries.list_item(row, views[row["id"]]) for row in rows[: query.limit]]
        more = len(rows) > query.limit
        return {"items": items, "next": _cursor(rows[query.limit - 1]) if more else None}

    async def units(self, actor: Actor) -> JSON:
        """Return the units this actor may see."""
        territories = territory_filter(actor, Permission.UNIT_READ, self._spine.territories())
        async with self._spine.database.connection() as connection:
            return {"items": await store.units_in(connection, territories)}

    async def card(self, request: Request, incident_id: UUID) -> JSON:
        """Return an incident with what may be shown of its sealed fields; `access` says by what, or what is needed."""
        async with self._spine.looking.look(request) as look:
            row = await self._seen(look.connection, request.actor, incident_id)
            view = await picture_store.view_of(look.connection, row)
            standing = await standing_of(look.connection, request.actor, row, look.now)
            caller = await look.may(standing, DataClass.CALLER)
            notes = await look.may(standing, DataClass.NOTE)
            shown = [one for one in (caller, notes) if one.allowed]
            sealed, texts = await self._opened(look, row, caller, notes) if shown else (None, [])
            access = look.mark([caller, notes])
        incident = view | {"closed_at": _iso(row["closed_at"])}
        return {"incident": incident, "sealed": sealed, "notes": texts, "access": access}

    async def territory_of(self, actor: Actor, incident_id: UUID) -> int:
        """Return where an incident is. Raises NotFound when the actor may not see it."""
        async with self._spine.database.connection() as connection:
            return int((await self._seen(connection, actor, incident_id))["territory_id"])

    async def timeline(self, request: Request, incident_id: UUID, before: int | None = None) -> JSON:
        """Return a page of what was reported of an incident, the newest first page first, corrections with what they correct.

        `earlier` is the number to pass as `before` for the page before this one, null when there is none.
        """
        async with self._spine.looking.look(request) as look:
            connection = look.connection
            row = await self._seen(connection, request.actor, incident_id)
            recorded = await read_of(connection, incident_id, before=before, limit=TIMELINE_PAGE + 1)
            earlier = recorded[1].seq if len(recorded) > TIMELINE_PAGE else None
            recorded = recorded[-TIMELINE_PAGE:]
            # What corrects an entry of an old page may stand on a newer one.
            corrections = await read_of(connection, incident_id, type_=IncidentEvent.STAGE_CORRECTED)
            corrections += await read_of(connection, incident_id, type_=IncidentEvent.SENDING_STRUCK)
            names = await queries.names(connection, [r.event.actor_id for r in recorded])
            reasons: dict[UUID, dict[str, str] | None] = {}
            reason_ids = [UUID(r.event.payload["reason_id"]) for r in recorded if "reason_id" in r.event.payload]
            if reason_ids:
                standing = await standing_of(connection, request.actor, row, look.now)
                found = await look.may(standing, DataClass.REASON)
                if found.allowed:
                    reasons = await look.read([found], "incident.read_reasons", reason_ids)
        return {"entries": entries_of(recorded, corrections, names, reasons), "earlier": earlier}

    async def counts(self, actor: Actor, territory_id: int) -> JSON:
        """Return open incidents and units of a territory and of each of its children, of the part the actor may see.

        Raises NotFound when no part of it may be seen: a zero would be a false figure.
        """
        tree = self._spine.territories()
        incidents_in = territory_filter(actor, Permission.INCIDENT_READ, tree)
        units_in = territory_filter(actor, Permission.UNIT_READ, tree)
        seen = frozenset(incidents_in) | frozenset(units_in)
        whole = tree.subtree(territory_id)
        if not whole & seen:
            raise NotFound("There is no such territory among yours.", what="territory")
        async with self._spine.database.snapshot() as connection:
            opened = await queries.count_open(connection, incidents_in)
            units = await queries.count_units(connection, units_in)
        children = [
            {
                "territory_id": int(child),
                "open": _sum(opened, tree.subtree(child)),
                "units": _sum(units, tree.subtree(child)),
            }
            for child in tree.children(territory_id)
            if tree.subtree(child) & seen
        ]
        return {
            "territory_id": territory_id,
            "children": children,
            "open": _sum(opened, whole),
            "units": _sum(units, whole),
        }

    async def response_figures(self, actor: Actor, query: IncidentQuery) -> JSON:
        """Return response times by priority, each with the list that opens to its records."""
        tree = self._spine.territories()
        allowed = frozenset(territory_filter(actor, Permission.FIGURES_READ, tree))
        wanted = allowed if query.territory_id is None else allowed & tree.subtree(query.territory_id)
        async with self._spine.database.connection() as connection:
            rows = await figures.response_times(
                connection,
                source=query.source,
                territory_ids=sorted(wanted),
                received_from=query.received_from,
                received_to=query.received_to,
            )
        return {
            "definition": figures.RESPONSE_DEFINITION,
            "rows": [asdict(row) | {"records": _records(query, row.priority)} for row in rows],
        }

    async def erase(self, request: Request, incident_id: UUID) -> Answer:
        """Destroy the keys of what an incident holds of people; its times, codes and counts stay."""

        async def work(act: Act) -> Answer:
            row = await store.lock_incident(act.connection, incident_id)
            if row is None:
                raise NotFound("There is no such incident in your territory.", what="incident")
            require_seen(act.actor, Permission.PERSON_ERASE, row["territory_id"], self._spine.territories(), "incident")
            require_erasure(act.actor, incident_id, row["territory_id"], self._spine.territories(), act.now)
            async with reach.beyond(act.connection, "erasing all of it, also what was merged in from a neighbour"):
                sealed_ids = await queries.sealed_of(act.connection, incident_id)
                erased = [str(i) for i in sealed_ids if await erase(act.connection, i, act.actor.id)]
            act.entries.append(
                entry_of(
                    request,
                    EntryKind.DELETION,
                    "incident.erased",
                    "incident",
                    incident_id,
                    f"incident {row['number']}",
                    territory_id=row["territory_id"],
                    details={"erased": erased},
                )
            )
            payload = {"erased": erased}
            act.events.append(event(act, IncidentEvent.ERASED, incident_id, row["territory_id"], act.now, payload))
            return Answer(200, {"erased": len(erased)})

        return await self._spine.acts.run(request, work)

    def _territories(self, actor: Actor, territory_id: int | None) -> list[int]:
        tree = self._spine.territories()
        allowed = territory_filter(actor, Permission.INCIDENT_READ, tree)
        if territory_id is None:
            return allowed
        return sorted(tree.subtree(territory_id) & frozenset(allowed))

    async def _seen(self, connection: Connection, actor: Actor, incident_id: UUID) -> store.Record:
        row = await store.incident(connection, incident_id)
        if row is None:
            raise NotFound("There is no such incident in your territory.", what="incident")
        require_seen(actor, Permission.INCIDENT_READ, row["territory_id"], self._spine.territories(), "incident")
        await check_not_shut_out(connection, actor, incident_id)
        return row

    async def _opened(
        self, look: Look, row: store.Record, caller: Found, notes: Found
    ) -> tuple[JSON | None, list[JSON]]:
        calls = await queries.sealed_calls(look.connection, row["id"]) if caller.allowed else []
        written = await queries.notes(look.connection, row["id"]) if notes.allowed else []
        wanted = [*calls, *(note["sealed_id"] for note in written)]
        opened = await look.read([one for one in (caller, notes) if one.allowed], "incident.read_sealed", wanted)
        sealed: JSON | None = None
        if caller.allowed:
            restricted = any(isinstance(opened[call], Restricted) for call in calls)
            sealed = {"erased": any(opened[call] is None for call in calls), "restricted": restricted}
            for call in calls:
                sealed |= opened[call] or {}
            if "caller_phone" in sealed:
                rules = await rules_of(look.connection, self._spine.sealer, row)
                # Beside the number, so that none shows it without.
                sealed["safe_contact"] = rules.of_caller(sealed["caller_phone"])
        return sealed, [
            {
                "id": str(note["id"]),
                "at": iso(note["at"]),
                "by": note["by"],
                "text": (opened[note["sealed_id"]] or {}).get("note"),
                "erased": opened[note["sealed_id"]] is None,
                "via": note["via"],
                "entered_at": _iso(note["entered_at"]),
            }
            for note in written
        ]


async def _page(connection: Connection, query: IncidentQuery, territories: Sequence[int]) -> list[store.Record]:
    before_at, before_id = _parse_cursor(query.cursor)
    return await queries.list_incidents(
        connection,
        territories=territories,
        status=None if query.status == "all" else query.status,
        priority=query.priority,
        source=query.source,
        received_from=query.received_from,
        received_to=query.received_to,
        before_at=before_at,
        before_id=before_id,
        limit=query.limit + 1,
        category=query.category,
        channel=query.channel,
        outcome=query.outcome,
    )


def _records(query: IncidentQuery, priority: str) -> str:
    filters = {
        "status": "all",
        "priority": priority,
        "source": query.source,
        "territory": query.territory_id,
        "from": _iso(query.received_from),
        "to": _iso(query.received_to),
    }
    return "/api/incidents?" + urlencode({name: value for name, value in filters.items() if value is not None})


def _cursor(row: store.Record) -> str:
    return base64.urlsafe_b64encode(f"{row['received_at'].isoformat()}|{row['id']}".encode()).decode()


def _parse_cursor(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    if cursor is None:
        return None, None
    try:
        at, _, id_ = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        when = datetime.fromisoformat(at)
        if when.tzinfo is None:
            raise ValueError("a cursor of ours has a time zone")
        return when.astimezone(UTC), UUID(id_)
    except (ValueError, OverflowError) as error:
        raise InvalidInput("This page cursor is not one of ours: start from the first page.", field="cursor") from error


def _sum(counts: dict[int, int], territories: Any) -> int:
    return sum(count for territory_id, count in counts.items() if territory_id in territories)


def _iso(at: datetime | None) -> str | None:
    return None if at is None else iso(at)
