"""Handovers: offered by the officer who goes, acknowledged item by item and signed by the one who comes.

The signature of each is an act in a session of their own. With the second one the open incidents of the officer who
goes pass to the one who comes. Remarks and texts are sealed; counts by hand say that they are by hand.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from markaz.contracts.incidents import BriefingEvent, IncidentEvent
from markaz.core.access.looking import Opened
from markaz.core.access.model import DataClass
from markaz.core.acts import Act, Answer, Request
from markaz.core.db.pool import Connection
from markaz.core.errors import NotFound, NotPossibleNow
from markaz.core.events import Event, hold_counter, last_seq
from markaz.core.permissions import Actor, Permission, require_seen, territory_filter
from markaz.kit.ids import uuid7
from markaz.programmes.incidents import store as desk_store
from markaz.programmes.incidents.acting import OFFICER, Spine, event, fresh_view
from markaz.programmes.incidents.briefing import handover as rules
from markaz.programmes.incidents.briefing import handover_store as store
from markaz.programmes.incidents.briefing.handover_views import (
    handover_view,
    incident_view,
    item_view,
    name_of,
    told_of,
)
from markaz.programmes.incidents.briefing.standings import of_handover

JSON = dict[str, Any]
SIGN = Permission.HANDOVER_SIGN
LIST_LIMIT = 100
READ = "handover.read_sealed"
OverdueAmong = Callable[[Connection, Sequence[UUID]], Awaitable[frozenset[UUID]]]  # which have a clock that ran out


@dataclass(frozen=True, slots=True)
class HandItem:
    """Something entered by hand. `since` is for persons held: the earliest. The text is sealed."""

    kind: rules.ItemKind
    count: int | None = None
    since: datetime | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """Sign a shift out. The open incidents are collected at that moment."""

    territory_id: int
    shift: rules.Shift
    by_hand: Sequence[HandItem]


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Acknowledge an item by its id, or an incident that came after the offer by its own. The remark is sealed."""

    item_id: UUID | None = None
    incident_id: UUID | None = None
    remark: str | None = None


class Handovers:
    """The handovers of one centre."""

    def __init__(self, spine: Spine, overdue: OverdueAmong) -> None:
        self._spine = spine
        self._overdue = overdue

    async def draft(self, actor: Actor, territory_id: int) -> JSON:
        """Return what would be handed over now."""
        self._see(actor, territory_id, "territory")
        async with self._spine.database.snapshot() as connection:
            incidents = await self._open(connection, territory_id)
            offered = await store.offered_by(connection, actor.id)
        return {
            "incidents": [incident_view(one) for one in rules.in_order(incidents)],
            "offered_id": None if offered is None else str(offered),
        }

    async def offer(self, request: Request, command: Offer) -> Answer:
        """Sign out. Raises NotPossibleNow while an earlier handover of the same person is still offered."""

        async def work(act: Act) -> Answer:
            self._see(act.actor, command.territory_id, "territory")
            if await store.offered_by(act.connection, act.actor.id) is not None:
                raise NotPossibleNow("You have offered a handover already: withdraw it first.", reason="offered")
            incidents = await self._open(act.connection, command.territory_id)
            rules.check_offer(len(incidents), len(command.by_hand))
            values: JSON = {
                "id": uuid7(),
                "territory_id": command.territory_id,
                "shift": command.shift.value,
                "from_account": act.actor.id,
                "signed_out_at": act.now,
                "as_of_seq": await last_seq(act.connection),
            }
            items = [_collected(one) for one in rules.in_order(incidents)]
            for one in sorted(command.by_hand, key=lambda item: rules.ORDER[item.kind]):
                items.append(await self._by_hand(act, one))
            await store.insert_handover(act.connection, values)
            await store.insert_items(act.connection, values["id"], items)
            payload = {"shift": values["shift"], "items": len(items), "incidents": len(incidents)}
            act.events.append(_event(act, BriefingEvent.HANDOVER_OFFERED, values, payload))
            return Answer(201, {"id": str(values["id"]), "items": len(items)})

        return await self._spine.acts.run(request, work)

    async def acknowledge(self, request: Request, handover_id: UUID, command: Acknowledge) -> Answer:
        """Acknowledge one item; the first acknowledgement says who is taking over. Said twice it stays as it was."""

        async def work(act: Act) -> Answer:
            row = await self._lock_for_incoming(act, handover_id)
            item = await store.item(act.connection, handover_id, command.item_id, command.incident_id)
            if item is None:
                item = await self._late_item(act, row, command.incident_id)
            if item["acknowledged_at"] is not None:
                return Answer(200, {"id": str(item["id"])})
            if row["to_account"] is None:
                await store.claim(act.connection, handover_id, act.actor.id)
            remark_id = await self._sealed(act, "remark", command.remark)
            await store.acknowledge(act.connection, item["id"], act.actor.id, act.now, remark_id)
            payload = {"item_id": str(item["id"]), "kind": item["kind"]}
            if item["incident_id"] is not None:
                payload["incident_id"] = str(item["incident_id"])
            act.events.append(_event(act, BriefingEvent.HANDOVER_ITEM_ACKNOWLEDGED, row, payload))
            return Answer(200, {"id": str(item["id"])})

        return await self._spine.acts.run(request, work)

    async def accept(self, request: Request, handover_id: UUID) -> Answer:
        """Sign in. Raises NotPossibleNow naming what is not acknowledged yet, also what came in since the offer."""

        async def work(act: Act) -> Answer:
            row = await self._lock_for_incoming(act, handover_id)
            waiting = await store.unacknowledged(act.connection, handover_id)
            rules.check_complete(waiting, await self._new(act.connection, row))
            passed = await self._pass_on(act, row)
            await store.sign_in(act.connection, handover_id, act.actor.id, act.now)
            # From here to the commit no other act can commit its events: what is not among the open incidents now
            # comes after this signature, and so to the officer who signs.
            await hold_counter(act.connection)
            rules.check_complete(0, await self._new(act.connection, row))
            payload = {"from": str(row["from_account"]), "to": str(act.actor.id), "incidents_passed": passed}
            act.events.append(_event(act, BriefingEvent.HANDOVER_ACCEPTED, row, payload))
            return Answer(200, {"state": rules.State.ACCEPTED.value, "incidents_passed": passed})

        return await self._spine.acts.run(request, work)

    async def withdraw(self, request: Request, handover_id: UUID) -> Answer:
        """Take an offered handover back; anybody with the right may, so that one left behind blocks nobody."""

        async def work(act: Act) -> Answer:
            row = await self._locked(act, handover_id)
            if row["state"] != rules.State.OFFERED:
                raise NotPossibleNow(f"This handover is {row['state']}.", state=row["state"])
            await store.withdraw(act.connection, handover_id, act.now)
            act.events.append(_event(act, BriefingEvent.HANDOVER_WITHDRAWN, row, {}))
            return Answer(200, {"state": rules.State.WITHDRAWN.value})

        return await self._spine.acts.run(request, work)

    async def listed(self, actor: Actor, state: str | None, before: datetime | None, limit: int) -> JSON:
        """Return the handovers the actor may see, the newest first."""
        territories = territory_filter(actor, SIGN, self._spine.territories())
        async with self._spine.database.connection() as connection:
            rows = await store.list_handovers(connection, territories, state, before, limit)
        return {"items": [handover_view(row) for row in rows]}

    async def read(self, request: Request, handover_id: UUID, held: str | None = None) -> JSON:
        """Return a handover with its items, and while it is offered the incidents that came since; texts are audited.

        `texts` names the sealed texts it shows. Who holds them still (`held`) gets them no second time: that is no look.
        """
        async with self._spine.looking.look(request) as look:
            connection = look.connection
            row = await store.handover(connection, handover_id)
            if row is None:
                raise NotFound("There is no such handover in your territory.", what="handover")
            self._see(request.actor, row["territory_id"], "handover")
            items = await store.items(connection, handover_id)
            offered = row["state"] == rules.State.OFFERED
            incidents = await self._since(connection, row) if offered else []
            shut = {item["id"]: self._is_shut(request.actor, row, item) for item in items}
            texts = [item["sealed_id"] for item in items] + [
                item["remark_id"] for item in items if not shut[item["id"]]
            ]
            wanted = [id_ for id_ in texts if id_ is not None]
            found = await look.may(of_handover(request.actor, row, look.now), DataClass.HANDOVER_TEXT)
            opened: Opened = {}
            shown = None
            if wanted and found.allowed:
                # What was erased meanwhile must not stay on a page that holds it.
                erased = await store.erased_among(connection, wanted)
                shown = name_of([id_ for id_ in wanted if id_ not in erased])
            is_held = shown is not None and shown == held
            if shown is not None and not is_held:
                opened = await look.read([found], READ, wanted, about=partial(told_of, items))
            access = look.mark([found])
        return {
            "handover": handover_view(row),
            "items": [item_view(item, opened, shut[item["id"]]) for item in items],
            "texts": shown,
            "held": is_held,
            "access": access,
            "new": [incident_view(one) for one in rules.in_order(incidents)],
        }

    # --- what they share ---

    def _see(self, actor: Actor, territory_id: int, what: str) -> None:
        require_seen(actor, SIGN, territory_id, self._spine.territories(), what)

    def _is_shut(self, actor: Actor, handover: Any, item: Any) -> bool:
        """Whether an incident was closed to the post of this handover, or to this reader, after it was listed."""
        tree = self._spine.territories()
        is_ours = any(tree.is_within(handover["territory_id"], post) for post in item["shut_posts"])
        return is_ours or actor.id in item["shut_accounts"]

    async def _locked(self, act: Act, handover_id: UUID) -> Any:
        row = await store.lock_handover(act.connection, handover_id)
        if row is None:
            raise NotFound("There is no such handover in your territory.", what="handover")
        self._see(act.actor, row["territory_id"], "handover")
        return row

    async def _lock_for_incoming(self, act: Act, handover_id: UUID) -> Any:
        row = await self._locked(act, handover_id)
        rules.check_incoming(rules.State(row["state"]), row["from_account"], row["to_account"], act.actor.id)
        return row

    async def _open(self, connection: Connection, territory_id: int) -> list[rules.OpenIncident]:
        territories = list(self._spine.territories().subtree(territory_id))
        rows = await store.open_incidents(connection, territories, rules.MAX_ITEMS + 1)
        rules.check_offer(len(rows), 0)
        overdue = await self._overdue(connection, [row["id"] for row in rows])
        return [
            rules.OpenIncident(
                id=row["id"],
                number=row["number"],
                category=row["category"],
                priority=row["priority"],
                territory_id=row["territory_id"],
                received_at=row["received_at"],
                is_overdue=row["id"] in overdue,
                is_held=row["held_until"] is not None,
                version=row["version"],
                is_covert=row["is_covert"],
                safe_contact=tuple(row["safe_contact"]),
            )
            for row in rows
        ]

    async def _since(self, connection: Connection, row: Any) -> list[rules.OpenIncident]:
        """Return the open incidents that are not among the items of a handover."""
        listed = {item["incident_id"] for item in await store.items(connection, row["id"])}
        return [one for one in await self._open(connection, row["territory_id"]) if one.id not in listed]

    async def _new(self, connection: Connection, row: Any) -> dict[UUID, str]:
        return {one.id: one.number for one in await self._since(connection, row)}

    async def _late_item(self, act: Act, row: Any, incident_id: UUID | None) -> Any:
        late = next((one for one in await self._since(act.connection, row) if one.id == incident_id), None)
        if late is None:
            raise NotFound("There is no such item in this handover.", what="item")
        values = _collected(late)
        await store.add_late_item(act.connection, row["id"], values)
        return values | {"acknowledged_at": None}

    async def _by_hand(self, act: Act, item: HandItem) -> JSON:
        return {
            "id": uuid7(),
            "kind": item.kind.value,
            "incident_id": None,
            "incident_version": None,
            "count": item.count,
            "since": item.since,
            "sealed_id": await self._sealed(act, "text", item.text),
        }

    async def _sealed(self, act: Act, field: str, text: str | None) -> UUID | None:
        if not text:
            return None
        sealed_id = uuid7()
        await self._spine.sealer.store(act.connection, sealed_id, {field: text})
        return sealed_id

    async def _pass_on(self, act: Act, row: Any) -> int:
        """Give the open incidents of the officer who goes to the one who comes, each with its event.

        One that is closed to whoever comes goes to nobody: for them there is no such incident.
        """
        territories = list(self._spine.territories().subtree(row["territory_id"]))
        owned = await store.lock_owned(act.connection, row["from_account"], territories)
        shut = await store.shut_out_among(act.connection, owned, act.actor.id)
        await store.set_owner(act.connection, [id_ for id_ in owned if id_ not in shut], act.actor.id)
        await store.set_owner(act.connection, sorted(shut), None)
        for incident_id in owned:
            await desk_store.touch_incident(act.connection, incident_id, act.actor.id)
            view = await fresh_view(act, incident_id)
            payload = {
                "view": view,
                "version": view["version"],
                "from": str(row["from_account"]),
                "to": None if incident_id in shut else str(act.actor.id),
                "via": "handover",
            }
            territory_id = view["territory_id"]
            act.events.append(event(act, IncidentEvent.OWNER_CHANGED, incident_id, territory_id, act.now, payload))
        return len(owned) - len(shut)


def _event(act: Act, type_: BriefingEvent, row: Any, payload: JSON) -> Event:
    return Event(
        type=type_.value,
        aggregate_id=row["id"],
        territory_id=row["territory_id"],
        actor_id=act.actor.id,
        occurred_at=act.now,
        occurred_source=OFFICER,
        payload=payload,
        request_id=act.request.request_id,
    )


def _collected(one: rules.OpenIncident) -> JSON:
    return {
        "id": uuid7(),
        "kind": one.kind.value,
        "incident_id": one.id,
        "incident_version": one.version,
        "count": None,
        "since": None,
        "sealed_id": None,
    }
