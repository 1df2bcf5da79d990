"""How incidents belong together: linked, merged, split, reopened. Two incidents are locked in the order of their ids."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from markaz.contracts.incidents import IncidentEvent, LinkKind, UnitStatus
from markaz.core.acts import Act, Answer, Request
from markaz.core.errors import InvalidInput, NotFound, NotPossibleNow
from markaz.core.permissions import Permission, require
from markaz.core.sealing import Restricted
from markaz.kit.clock import iso
from markaz.kit.ids import uuid7
from markaz.programmes.incidents import waiting
from markaz.programmes.incidents.acting import (
    Spine,
    conflict,
    differs,
    event,
    fresh_view,
    lock_incident,
    set_unit,
)
from markaz.programmes.incidents.contact import rules_of
from markaz.programmes.incidents.contents import commands, domain, store
from markaz.programmes.incidents.domain import more_urgent
from markaz.programmes.incidents.picture import JSON
from markaz.programmes.incidents.queries import shut_out_people, shut_out_posts
from markaz.programmes.incidents.store import Record, incident, lock_unit, next_number, set_priority, touch_incident


class Relations:
    """The commands about several incidents, and about the end of one."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def link(self, request: Request, incident_id: UUID, command: commands.Link) -> Answer:
        """Link two incidents that the actor sees. Linked so already: says so and writes nothing."""
        if command.kind is LinkKind.SPLIT:
            raise InvalidInput("Such a link is written by a split only.", field="kind")

        async def work(act: Act) -> Answer:
            one, other = await self._lock_two(
                act,
                (incident_id, Permission.INCIDENT_CHANGE, None),
                (command.other_id, Permission.INCIDENT_READ, None),
            )
            for row in (one, other):
                domain.check_room(await store.count_links(act.connection, row["id"]), domain.LINKS_MAX, "links")
            await self._link(act, one, other, command.kind)
            version = await touch_incident(act.connection, incident_id, act.actor.id)
            other_version = await touch_incident(act.connection, command.other_id, act.actor.id)
            for row, there, at_version in ((one, other, version), (other, one, other_version)):
                payload = {"other_id": str(there["id"]), "other_number": there["number"], "kind": command.kind.value}
                payload |= {"version": at_version}
                act.events.append(event(act, IncidentEvent.LINKED, row["id"], row["territory_id"], act.now, payload))
            return Answer(201, {"version": version})

        return await self._spine.acts.run(request, work)

    async def merge(self, request: Request, incident_id: UUID, command: commands.Merge) -> Answer:
        """Close an incident as a duplicate of another, which takes over all it holds and the units at work for it.

        Raises NotPossibleNow, saying what to do instead, for one that is closed or merged already.
        """

        async def work(act: Act) -> Answer:
            one, into = await self._lock_two(
                act,
                (incident_id, Permission.INCIDENT_CLOSE, None),
                (command.into_id, Permission.INCIDENT_CHANGE, None),
            )
            numbers = {row["id"]: await self._merged_into(act, row) for row in (one, into)}
            domain.check_merge(*({**row, "merged_into_number": numbers[row["id"]]} for row in (one, into)))
            # Asked after what was merged: who merges twice is told so, and not that somebody was faster.
            for row, seen in ((one, command.version), (into, command.into_version)):
                if differs(seen, row["version"]):
                    raise await conflict(act.connection, row, f"Incident {row['number']}")
            await self._same_posts(act, one, into)
            is_released = await waiting.join(act.connection, one, into, act.now)
            moved = {
                table: await store.move_all(act.connection, table, incident_id, command.into_id, act.now)
                for table in store.HELD
            }
            await self._check_moves(act, moved)
            for table, most in (
                ("parties", domain.PARTIES_MAX),
                ("vehicles", domain.VEHICLES_MAX),
                ("attachments", domain.ATTACHMENTS_MAX),
            ):
                domain.check_room(await store.count(act.connection, table, command.into_id) - 1, most, table)
            await store.recount_calls(act.connection, command.into_id)
            units = await self._move_units(act, incident_id, command.into_id)
            await store.close_as_merged(act.connection, incident_id, command.into_id, act.now)
            rules = {*one["safe_contact"], *into["safe_contact"]}  # whoever could be harmed by a call still could
            is_covert = one["is_covert"] or into["is_covert"]
            await store.set_contact_rules(act.connection, command.into_id, rules, is_covert)
            raised = await self._raise_priority(act, one, into)
            reason_id = uuid7()
            await self._spine.sealer.store(act.connection, reason_id, {"reason": command.reason})
            version = await touch_incident(act.connection, incident_id, act.actor.id)
            gone: JSON = {"into_id": str(into["id"]), "into_number": into["number"], "outcome": "duplicate"}
            gone |= {"at": iso(act.now), "moved": moved, "reason_id": str(reason_id), "version": version}
            act.events.append(event(act, IncidentEvent.MERGED, incident_id, one["territory_id"], act.now, gone))
            into_version = await touch_incident(act.connection, command.into_id, act.actor.id)
            view = await fresh_view(act, command.into_id)
            absorbed: JSON = {"other_id": str(one["id"]), "other_number": one["number"], "moved": moved}
            absorbed |= {"units": units, "view": view, "version": into_version, **raised}
            if is_released:
                waiting.released(act, command.into_id, into["territory_id"], view, "merged")
            act.events.append(
                event(act, IncidentEvent.ABSORBED, command.into_id, into["territory_id"], act.now, absorbed)
            )
            return Answer(200, {"version": version, "into_id": str(into["id"]), "into_version": into_version})

        return await self._spine.acts.run(request, work)

    async def split(self, request: Request, incident_id: UUID, command: commands.Split) -> Answer:
        """Make what is chosen of an incident, open or closed, an incident of its own, linked to where it came from."""

        async def work(act: Act) -> Answer:
            row = await lock_incident(act, self._spine, incident_id, Permission.INCIDENT_CHANGE, command.version)
            require(act.actor, Permission.INCIDENT_CHANGE, row["territory_id"], self._spine.territories())
            chosen = command.chosen()
            domain.check_split(chosen)
            rules = set(await self._rules_of_callers(act, row))
            at = await store.first_received(act.connection, incident_id, command.calls) or row["received_at"]
            new_id, number = uuid7(), await next_number(act.connection)
            values = (number, command.category or row["category"], command.priority or row["priority"], at)
            await store.insert_split(act.connection, incident_id, new_id, (*values, act.now, act.actor.id))
            # Whose call goes one way and whose word binds it the other: neither half may forget it.
            for half in (incident_id, new_id):
                await store.set_contact_rules(act.connection, half, {*row["safe_contact"], *rules}, row["is_covert"])
            moved = {}
            for table, ids in chosen.items():
                moved[table] = await store.move(act.connection, table, incident_id, new_id, act.now, ids)
                if len(moved[table]) != len(ids):
                    raise NotFound("Part of what was chosen is not in this incident any more.", what=table)
            await self._check_moves(act, moved)
            for id_ in (incident_id, new_id):
                await store.recount_calls(act.connection, id_)
            reason_id = uuid7()
            await self._spine.sealer.store(act.connection, reason_id, {"reason": command.reason})
            await store.insert_link(act.connection, new_id, incident_id, LinkKind.SPLIT, act.now, act.actor.id)
            version = await touch_incident(act.connection, incident_id, act.actor.id)
            payload: JSON = {"other_id": str(new_id), "other_number": number, "moved": moved}
            payload |= {"reason_id": str(reason_id), "version": version}
            payload["view"] = await fresh_view(act, incident_id)  # what bound a party that went binds it no more
            territory_id = row["territory_id"]
            act.events.append(event(act, IncidentEvent.SPLIT, incident_id, territory_id, act.now, payload))
            opened = {"view": await fresh_view(act, new_id), "split_from": row["number"], "moved": moved}
            act.events.append(event(act, IncidentEvent.OPENED, new_id, territory_id, at, opened))
            return Answer(201, {"id": str(new_id), "number": number, "version": version})

        return await self._spine.acts.run(request, work)

    async def reopen(self, request: Request, incident_id: UUID, command: commands.Reopen) -> Answer:
        """Let a closed incident go on. The event keeps what the closing said, so that a daily summary can correct itself."""

        async def work(act: Act) -> Answer:
            row = await lock_incident(act, self._spine, incident_id, Permission.INCIDENT_REOPEN, command.version)
            merged_into = await self._merged_into(act, row)
            if merged_into is not None:
                raise NotPossibleNow(
                    f"Incident {row['number']} was merged into {merged_into}: split off from that one what is not the same."
                )
            if row["status"] != "closed":
                raise NotPossibleNow(f"Incident {row['number']} is open.")
            await store.reopen(act.connection, incident_id, act.now)
            reason_id = uuid7()
            await self._spine.sealer.store(act.connection, reason_id, {"reason": command.reason})
            version = await touch_incident(act.connection, incident_id, act.actor.id)
            was = {name: row[name] for name in ("outcome", "report_number", "outcome_reason")}
            was["closed_at"] = None if row["closed_at"] is None else iso(row["closed_at"])
            payload = {"was": was, "reason_id": str(reason_id), "version": version}
            payload["view"] = await fresh_view(act, incident_id)
            act.events.append(event(act, IncidentEvent.REOPENED, incident_id, row["territory_id"], act.now, payload))
            return Answer(200, {"version": version})

        return await self._spine.acts.run(request, work)

    # --- what the commands share ---

    async def _lock_two(
        self, act: Act, one: tuple[UUID, Permission, int | None], other: tuple[UUID, Permission, int | None]
    ) -> tuple[Record, Record]:
        """Lock both in the order of their ids, so that two who merge them crosswise never wait for each other."""
        if one[0] == other[0]:
            raise InvalidInput("These are the same incident.", field="other_id")
        rows = {}
        for id_, permission, version in sorted((one, other), key=lambda wanted: wanted[0]):
            rows[id_] = await lock_incident(act, self._spine, id_, permission, version)
        return rows[one[0]], rows[other[0]]

    async def _link(self, act: Act, one: Record, other: Record, kind: LinkKind) -> None:
        if not await store.insert_link(act.connection, one["id"], other["id"], kind, act.now, act.actor.id):
            raise NotPossibleNow(f"Incidents {one['number']} and {other['number']} are linked so already.")

    async def _merged_into(self, act: Act, row: Record) -> str | None:
        if row["merged_into"] is None:
            return None
        into = await incident(act.connection, row["merged_into"])
        return None if into is None else str(into["number"])

    async def _check_moves(self, act: Act, moved: Mapping[str, Iterable[str]]) -> None:
        ids = [UUID(id_) for table in moved.values() for id_ in table]
        domain.check_moves(await store.most_moved(act.connection, ids))

    async def _same_posts(self, act: Act, one: Record, into: Record) -> None:
        """A conflict of interest goes with an incident: what is closed to some never moves to where they see it."""
        posts = [sorted(await shut_out_posts(act.connection, row["id"])) for row in (one, into)]
        people = [set(await shut_out_people(act.connection, row["id"])) for row in (one, into)]
        if posts[0] != posts[1] or people[0] != people[1]:
            raise NotPossibleNow(
                "One of these incidents is closed to a post or a person and the other is not: link them instead."
            )

    async def _rules_of_callers(self, act: Act, row: Record) -> list[str]:
        """Return what the parties of an incident say must not be done to any of its callers."""
        rules = await rules_of(act.connection, self._spine.sealer, row)
        if not rules.parties:
            return []
        opened = await self._spine.sealer.read(act.connection, await store.sealed_of_callers(act.connection, row["id"]))
        if any(isinstance(call, Restricted) for call in opened.values()):
            return sorted(
                {rule for party in rules.parties for rule in party.rules}
            )  # whose number it is nobody may read
        return sorted({rule for call in opened.values() for rule in rules.of_caller((call or {}).get("caller_phone"))})

    async def _raise_priority(self, act: Act, one: Record, into: Record) -> JSON:
        """Let the one that stays be as urgent as the more urgent of both, and say so when it was not."""
        priority = more_urgent(one["priority"], into["priority"])
        if priority == into["priority"]:
            return {}
        await set_priority(act.connection, into["id"], priority)
        return {"changes": {"priority": {"from": into["priority"], "to": priority}}}

    async def _move_units(self, act: Act, from_id: UUID, to_id: UUID) -> list[dict[str, Any]]:
        """Let the units at work for one incident work for the other, and return what each has done so far."""
        moved = []
        for unit_id in await store.working_units(act.connection, from_id):
            unit = await lock_unit(act.connection, unit_id)
            if unit is None:
                raise RuntimeError("a unit with an assignment has gone")
            ordinal = await store.move_assignment(act.connection, unit_id, from_id, to_id)
            if unit["incident_id"] == from_id:
                await set_unit(act, unit_id, UnitStatus(unit["status"]), unit["since"], to_id)
            moved.append({"unit_id": str(unit_id), "call_sign": unit["call_sign"], "ordinal": ordinal, "stages": {}})
        views = (await fresh_view(act, to_id))["units"]
        return [unit | {"stages": views[unit["unit_id"]]["stages"]} for unit in moved]
