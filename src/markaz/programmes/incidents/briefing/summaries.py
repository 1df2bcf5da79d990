"""Daily summaries: drafted, made, read, held against the log, and told how they differ from what is known now.

A summary is never changed. It is made from the event log up to a number and from inputs that are stored with it, so
`check` can make it again at any later time; erasing a person's fields changes no figure and lets a sentence read *erased*.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from markaz.contracts.incidents import BriefingEvent
from markaz.core import reach
from markaz.core.access.looking import Opened
from markaz.core.access.model import DataClass
from markaz.core.acts import Act, Answer, Request
from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotFound, NotPossibleNow
from markaz.core.events import Event, last_seq
from markaz.core.log.entry import EntryKind
from markaz.core.permissions import Actor, Permission, require, require_seen, territory_filter
from markaz.kit.clock import iso
from markaz.kit.ids import uuid7
from markaz.programmes.incidents.acting import OFFICER, Spine
from markaz.programmes.incidents.briefing import store
from markaz.programmes.incidents.briefing.domain import (
    MAX_DAY_INCIDENTS,
    Earlier,
    Inputs,
    bounds_of,
    content_of,
    corrections_of,
    day_of,
)
from markaz.programmes.incidents.briefing.facts import Fact
from markaz.programmes.incidents.briefing.naming import names_somebody
from markaz.programmes.incidents.briefing.standings import of_summary
from markaz.programmes.incidents.briefing.stored import canonical, from_json, to_json
from markaz.programmes.incidents.norms import NormsInForce

JSON = dict[str, Any]
CORRECTED_DAYS = 7  # [assumption] earlier days each summary looks back on; `changes` looks at any past one when asked
AT_ONCE = 2  # a country's day is some seconds of work: the desk must not wait for a third
LIST_LIMIT = 100
READ = "summary.read_sealed"


@dataclass(frozen=True, slots=True)
class MakeSummary:
    """Make the next version of a day's summary. `significant` gives incidents and a sentence each, which is sealed."""

    territory_id: int
    day: date
    by_hand: Mapping[str, int | None]
    significant: Mapping[UUID, str | None]


class Summaries:
    """The daily summaries of one centre. A day begins at `starts_at_h` o'clock in `zone`."""

    def __init__(self, spine: Spine, norms: NormsInForce, zone: ZoneInfo, starts_at_h: int) -> None:
        self._spine = spine
        self._norms = norms
        self._zone = zone
        self._starts_at_h = starts_at_h
        self._making = asyncio.Semaphore(AT_ONCE)

    def today(self) -> date:
        """Return the local day that is running."""
        return day_of(self._spine.clock.now(), self._starts_at_h, self._zone)

    async def draft(self, actor: Actor, territory_id: int, day: date | None) -> JSON:
        """Return the summary of a day as it would be made now, without keeping it."""
        self._see(actor, Permission.SUMMARY_READ, territory_id)
        async with self._making, self._spine.database.snapshot() as connection:
            inputs = await self._inputs(connection, territory_id, day or self.today(), self._spine.clock.now())
            seq = await last_seq(connection)
            content = await self._generate(connection, inputs, seq)
        return {"content": content, "as_of_seq": seq, "today": self.today().isoformat()}

    async def make(self, request: Request, command: MakeSummary) -> Answer:
        """Make a summary.

        Raises InvalidInput when a significant incident is not of that day and territory, or its sentence names somebody.
        """

        async def work(act: Act) -> Answer:
            self._see(act.actor, Permission.SUMMARY_MAKE, command.territory_id)
            seq = await last_seq(act.connection)
            inputs = await self._inputs(act.connection, command.territory_id, command.day, act.now)
            inputs = replace(
                inputs, significant=tuple(str(id_) for id_ in command.significant), by_hand=dict(command.by_hand)
            )
            content = await self._generate(act.connection, inputs, seq)
            if len(content["significant"]) != len(command.significant):
                raise InvalidInput("A significant incident is not of that day and territory.", field="significant")
            numbers = {UUID(one["incident_id"]): one["number"] for one in content["significant"]}
            await self._check_sentences(act.connection, command, numbers)
            return await self._keep(act, command, inputs, content, seq)

        async with self._making:
            return await self._spine.acts.run(request, work)

    async def read(self, request: Request, summary_id: UUID, action: str = READ) -> JSON:
        """Return a stored summary with its sentences; a look at sentences leaves an entry named `action`."""
        async with self._spine.looking.look(request) as look:
            row = await self._seen(look.connection, request.actor, summary_id)
            posts = [int(post) for post in self._spine.territories().path(row["territory_id"])]
            sealed = await store.sentences(look.connection, summary_id, posts, request.actor.id)
            wanted = [id_ for id_ in sealed.values() if id_ is not None]
            found = await look.may(of_summary(request.actor, row, look.now), DataClass.SUMMARY_SENTENCE)
            opened: Opened = {}
            if wanted and found.allowed:
                kind = EntryKind.VIEW if action == READ else EntryKind.EXPORT
                # Figures name nobody. A sentence is about one incident, and so about who is in it, whatever it says.
                opened = await look.read([found], action, wanted, kind, partial(_told_of, sealed))
            access = look.mark([found])
        sentences = {
            incident_id: None if id_ is None or id_ not in opened else _sentence(opened[id_])
            for incident_id, id_ in sealed.items()
        }
        content = orjson.loads(row["content"])
        told = {"as_of_seq": row["as_of_seq"], "content": content, "sentences": sentences, "access": access}
        return _listed(row) | told

    async def listed(self, actor: Actor, territory_id: int | None, before: date | None, limit: int) -> JSON:
        """Return the summaries the actor may see, newest day and version first."""
        territories = territory_filter(actor, Permission.SUMMARY_READ, self._spine.territories())
        async with self._spine.database.connection() as connection:
            rows = await store.list_summaries(connection, territories, territory_id, before, limit)
        items = [_listed(row) | {"incidents": row["incidents"]} for row in rows]
        return {"items": items, "today": self.today().isoformat()}

    async def check(self, actor: Actor, summary_id: UUID) -> JSON:
        """Make a stored summary again from the log and say whether it is the same to the byte."""
        async with self._making, self._spine.database.snapshot() as connection:
            row = await self._seen(connection, actor, summary_id)
            again = await self._generate(connection, from_json(orjson.loads(row["inputs"])), row["as_of_seq"])
        return {"same": canonical(again) == canonical(orjson.loads(row["content"])), "as_of_seq": row["as_of_seq"]}

    async def changes(self, actor: Actor, summary_id: UUID) -> JSON:
        """Return how what is known now differs from a stored summary, by figure."""
        async with self._making, self._spine.database.snapshot() as connection:
            row = await self._seen(connection, actor, summary_id)
            inputs = from_json(orjson.loads(row["inputs"]))
            told = Earlier(inputs.day, inputs.begins_at, inputs.ends_at, row["as_of_seq"])
            seq = await last_seq(connection)
            return {"as_of_seq": seq, "items": await self._corrections(connection, told, inputs, seq)}

    # --- what they share ---

    def _see(self, actor: Actor, permission: Permission, territory_id: int) -> None:
        tree = self._spine.territories()
        require_seen(actor, Permission.SUMMARY_READ, territory_id, tree, "territory")
        require(actor, permission, territory_id, tree)

    async def _seen(self, connection: Connection, actor: Actor, summary_id: UUID) -> Any:
        row = await store.summary(connection, summary_id)
        if row is None:
            raise NotFound("There is no such summary in your territory.", what="summary")
        require_seen(actor, Permission.SUMMARY_READ, row["territory_id"], self._spine.territories(), "summary")
        return row

    async def _inputs(self, connection: Connection, territory_id: int, day: date, now: datetime) -> Inputs:
        begins_at, ends_at = bounds_of(day, self._starts_at_h, self._zone)
        if begins_at > now:
            raise InvalidInput("That day has not begun.", field="day")
        tree = self._spine.territories()
        areas = {int(child): sorted(tree.subtree(child)) for child in tree.children(territory_id)}
        placed = {id_ for ids in areas.values() for id_ in ids}
        rows = await store.latest_of_days(
            connection, territory_id, day - timedelta(days=CORRECTED_DAYS), day - timedelta(days=1)
        )
        earlier = tuple(
            Earlier(
                row["day"],
                datetime.fromisoformat(row["begins_at"]),
                datetime.fromisoformat(row["ends_at"]),
                row["as_of_seq"],
            )
            for row in rows
        )
        return Inputs(
            territory_id=territory_id,
            day=day,
            begins_at=begins_at,
            ends_at=ends_at,
            counted_to=min(now, ends_at),
            time_zone=self._zone.key,
            areas=areas,
            rest=sorted(tree.subtree(territory_id) - placed),
            default_terrain=self._norms.norms.default_terrain.value,
            terrains=self._terrains(tree.subtree(territory_id)),
            norms_s=self._arrival_norms(),
            earlier=earlier,
        )

    def _terrains(self, territory_ids: Iterable[int]) -> dict[int, str]:
        terrains, default = self._norms.terrains(), self._norms.norms.default_terrain
        found = {id_: terrains.of(id_) for id_ in sorted(territory_ids)}
        return {id_: terrain.value for id_, terrain in found.items() if terrain is not default}

    def _arrival_norms(self) -> dict[str, dict[str, int]]:
        """Return the norm of arrival by priority and terrain; a priority without a norm of its own is not judged."""
        norms_s: dict[str, dict[str, int]] = {}
        for (priority, terrain), norm in self._norms.norms.table.items():
            norms_s.setdefault(priority, {})[terrain.value] = norm.arrival_s
        return norms_s

    async def _generate(self, connection: Connection, inputs: Inputs, as_of_seq: int) -> JSON:
        """The one way from the log to a content; making and checking both come through here."""
        facts = await self._facts(connection, inputs.begins_at, inputs.ends_at, inputs, as_of_seq)
        corrections: list[JSON] = []
        for earlier in inputs.earlier:
            corrections += await self._corrections(connection, earlier, inputs, as_of_seq)
        return content_of(facts.values(), inputs, corrections)

    async def _corrections(
        self, connection: Connection, earlier: Earlier, inputs: Inputs, as_of_seq: int
    ) -> list[JSON]:
        times = (earlier.begins_at, earlier.ends_at)
        after = await self._facts(connection, *times, inputs, as_of_seq, changed_after_seq=earlier.as_of_seq)
        ids = [UUID(id_) for id_ in after]
        before = {fact.id: fact async for fact in store.facts(connection, ids, earlier.as_of_seq)}
        return corrections_of(earlier.day, before, after, inputs.area_of())

    async def _facts(
        self,
        connection: Connection,
        begins_at: datetime,
        ends_at: datetime,
        inputs: Inputs,
        as_of_seq: int,
        *,
        changed_after_seq: int | None = None,
    ) -> dict[str, Fact]:
        ids = await store.incidents_of_day(
            connection, begins_at, ends_at, list(inputs.area_of()), as_of_seq, changed_after_seq=changed_after_seq
        )
        if len(ids) > MAX_DAY_INCIDENTS:
            raise NotPossibleNow(
                f"That day has more than {MAX_DAY_INCIDENTS} incidents: make the summary of each part of the territory."
            )
        return {fact.id: fact async for fact in store.facts(connection, ids, as_of_seq)}

    async def _check_sentences(self, connection: Connection, command: MakeSummary, numbers: Mapping[UUID, str]) -> None:
        """Raise InvalidInput where a sentence holds the name of a caller or party of its incident.

        The names are compared here and shown to nobody. One that is erased or under restriction is not opened.
        """
        sentences = {id_: sentence for id_, sentence in command.significant.items() if sentence}
        if not sentences:
            return
        async with reach.beyond(connection, "names that no sentence may hold, also where the incident moved away"):
            persons = await store.sealed_persons(connection, list(sentences))
            opened = await self._spine.sealer.read(connection, {id_ for ids in persons.values() for id_ in ids})
        for incident_id, sealed_ids in persons.items():
            fields = [opened[id_] or {} for id_ in sealed_ids]
            names = [one[field] for one in fields for field in ("caller_name", "name") if field in one]
            if names_somebody(sentences[incident_id], names):
                raise InvalidInput(
                    f"The sentence about incident {numbers[incident_id]} holds the name of a person of it: name nobody, it goes onto paper.",
                    field="significant",
                    incident_id=str(incident_id),
                )

    async def _keep(self, act: Act, command: MakeSummary, inputs: Inputs, content: JSON, seq: int) -> Answer:
        summary_id = uuid7()
        values = {
            "id": summary_id,
            "territory_id": command.territory_id,
            "day": command.day,
            "made_at": act.now,
            "made_by": act.actor.id,
            "as_of_seq": seq,
            "inputs": to_json(inputs),
            "content": content,
        }
        version = await store.insert_summary(act.connection, values)
        rows: list[tuple[UUID, UUID | None]] = []
        for incident_id, sentence in command.significant.items():
            sealed_id = None
            if sentence:
                sealed_id = uuid7()
                await self._spine.sealer.store(act.connection, sealed_id, {"sentence": sentence})
            rows.append((incident_id, sealed_id))
        await store.insert_sentences(act.connection, summary_id, rows)
        act.events.append(
            Event(
                type=BriefingEvent.SUMMARY_MADE.value,
                aggregate_id=summary_id,
                territory_id=command.territory_id,
                actor_id=act.actor.id,
                occurred_at=act.now,
                occurred_source=OFFICER,
                payload={"day": command.day.isoformat(), "version": version, "as_of_seq": seq},
                request_id=act.request.request_id,
            )
        )
        return Answer(201, {"id": str(summary_id), "version": version, "as_of_seq": seq})


def _told_of(sealed: Mapping[str, UUID | None], opened: Opened) -> list[UUID]:
    return [UUID(incident_id) for incident_id, id_ in sealed.items() if id_ is not None and opened[id_]]


def _sentence(opened: Mapping[str, str] | None) -> JSON:
    return {"text": None if opened is None else opened.get("sentence"), "erased": opened is None}


def _listed(row: Any) -> JSON:
    return {
        "id": str(row["id"]),
        "territory_id": row["territory_id"],
        "day": row["day"].isoformat(),
        "version": row["version"],
        "made_at": iso(row["made_at"]),
        "made_by": row["made_by_name"],
    }
