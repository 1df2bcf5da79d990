"""Requests of persons about their own data: taken with an identity check, searched once, answered with reasons.

The search, every opening of a request, the answer and what it carries out are entries of the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from markaz.contracts.rights import IdentityDocument, PersonRecord, RightAnswer, RightEvent, RightKind
from markaz.core.access.mark import mark
from markaz.core.acts import Act, Answer, Request, entry_of
from markaz.core.db.pool import Connection
from markaz.core.errors import InvalidInput, NotFound, NotPossibleNow, VersionConflict
from markaz.core.log.appending import append
from markaz.core.log.entry import Entry, EntryKind
from markaz.core.permissions import Actor, Permission, require, require_seen, territory_filter
from markaz.core.tasks import NewTask, answer_task, open_task, take_task
from markaz.kit.clock import iso
from markaz.kit.ids import uuid7
from markaz.programmes.oversight.ground import Ground, event
from markaz.programmes.oversight.rights import carrying, places_store, store
from markaz.programmes.oversight.rights.answers import document, every_look, look_view, stays
from markaz.programmes.oversight.rights.domain import clocks

JSON = dict[str, Any]
KIND = "right_request"
PERSON = ("name", "phone", "reach", "text")


@dataclass(frozen=True, slots=True)
class NewRequest:
    """What a person asks. Sealed: name, phone, how to reach them, and their words."""

    kind: RightKind
    territory_id: int
    language: str
    document: IdentityDocument
    name: str
    reach: str
    text: str = ""
    phone: str | None = None
    incident_number: str | None = None


class Rights:
    """The requests of one centre."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def take(self, request: Request, new: NewRequest) -> Answer:
        """Take a request, look for the person once, and start its clock. Answers id, number and how much was found.

        Raises InvalidInput unless a phone or the number of an incident says where to look.
        """
        if new.phone is None and new.incident_number is None:
            raise InvalidInput("Give the person's telephone, or the number of an incident.", field="phone")

        async def work(act: Act) -> Answer:
            tree = self._ground.territories()
            require(act.actor, Permission.RIGHT_HANDLE, new.territory_id, tree)
            territories = territory_filter(act.actor, Permission.RIGHT_HANDLE, tree)
            found = await self._found(act.connection, new, territories)
            id_ = uuid7()
            number = f"R-{act.now.year}-{await store.next_number(act.connection)}"
            await self._keep(act, id_, number, new, found)
            payload: JSON = {"number": number, "kind": new.kind.value, "records": len(found)}
            act.events.append(event(act, RightEvent.REQUESTED, id_, new.territory_id, payload))
            by = [name for name, given in (("phone", new.phone), ("number", new.incident_number)) if given is not None]
            act.entries.append(
                entry_of(
                    request, EntryKind.LOOK_UP, "right.searched", KIND, id_, number,
                    territory_id=new.territory_id, details={"by": by, "found": len(found)},
                )
            )  # fmt: skip
            for incident_id, territory_id in {one.incident_id: one.territory_id for one in found}.items():
                act.entries.append(
                    entry_of(
                        request, EntryKind.LOOK_UP, "right.found", "incident", incident_id, number,
                        territory_id=territory_id,
                    )
                )  # fmt: skip
            return Answer(201, {"id": str(id_), "number": number, "found": len(found)})

        return await self._ground.acts.run(request, work)

    async def requests(self, actor: Actor) -> JSON:
        """Return the requests of this actor's territories, open ones first; they name nobody."""
        territories = territory_filter(actor, Permission.RIGHT_HANDLE, self._ground.territories())
        now = self._ground.clock.now()
        async with self._ground.database.connection() as connection:
            rows = await store.requests(connection, territories)
            waiting = await places_store.to_tell(connection, territories)
        return {
            "items": [_line(row, now) for row in rows],
            "to_tell": [
                {
                    "delay_id": str(row["delay_id"]),
                    "due_at": iso(row["due_at"]),
                    "numbers": sorted(row["numbers"]),
                }
                for row in waiting
            ],
        }

    async def request(self, request: Request, request_id: UUID) -> JSON:
        """Return one request with its person, what was found, every look and which are delayed. Leaves an entry.

        `document` is None where there is more to tell than an answer holds; `has_every_look` is false where older looks
        are not among those shown.
        """
        now = self._ground.clock.now()
        async with self._ground.database.transaction() as connection:
            row = self._seen(request.actor, await store.request(connection, request_id))
            opened = await self._opened(connection, row)
            records = await store.records(connection, request_id)
            is_list = row["kind"] == RightKind.WHO_LOOKED
            persons = self._ground.persons
            looks, is_all = await every_look(connection, persons, records, now) if is_list else ([], True)
            delays = await store.delayed(connection, [look.entry_id for look in looks], now)
            try:
                answer = await document(connection, persons, row, opened["reasons"], now)
            except NotPossibleNow:
                answer = None  # too much to tell: whoever answers must see that, and everything else
            await append(connection, now, [self._entry(request, EntryKind.VIEW, "right.opened", row)])
        return _line(row, now) | {
            "language": row["language"],
            "identity_document": row["identity_document"],
            "person": opened["person"],
            "records": [_record(one) for one in records],
            "looks": [
                look_view(look)
                | {
                    "entry_id": look.entry_id,
                    "delayed": _delayed(delays[look.entry_id]) if look.entry_id in delays else None,
                }
                for look in looks
            ],
            "has_every_look": is_all,
            "document": answer,
            "access": mark(request.actor.display_name, now, by="request"),
        }

    async def answer_document(self, request: Request, request_id: UUID) -> tuple[JSON, str]:
        """Return the answer as the person gets it, and the language they asked for. Leaves an entry."""
        now = self._ground.clock.now()
        async with self._ground.database.transaction() as connection:
            row = self._seen(request.actor, await store.request(connection, request_id))
            opened = await self._opened(connection, row)
            answer = await document(connection, self._ground.persons, row, opened["reasons"], now)
            await append(connection, now, [self._entry(request, EntryKind.EXPORT, "right.answer_read", row)])
        return answer | {"person": (opened["person"] or {}).get("name")}, row["language"]

    async def answer(
        self,
        request: Request,
        request_id: UUID,
        version: int,
        answer: RightAnswer,
        reasons: str | None,
        sealed_ids: Sequence[UUID] | None,
    ) -> Answer:
        """Answer a request and carry it out. `sealed_ids` are the records it is granted for; None means all found.

        None erases no photo: one may show somebody else, and nothing brings it back. Such a photo is named.

        Raises InvalidInput without reasons, unless all looks are named; VersionConflict, NotPossibleNow when answered.
        """

        async def work(act: Act) -> Answer:
            row = self._seen(act.actor, await store.lock_request(act.connection, request_id))
            if row["version"] != version:
                raise VersionConflict(
                    "Somebody changed this request first: look again.", current_version=row["version"]
                )
            if row["answer"] is not None:
                raise NotPossibleNow("This request is answered.")
            if reasons is None and (answer is not RightAnswer.GRANTED or row["kind"] != RightKind.WHO_LOOKED):
                raise InvalidInput("Give the reasons of this answer.", field="reasons")
            done = await self._carry_out(act, row, answer, sealed_ids)
            answer_id = None if reasons is None else uuid7()
            if answer_id is not None and reasons is not None:
                await self._ground.sealer.store(act.connection, answer_id, {"reasons": reasons})
            after = await store.write_answer(act.connection, request_id, answer, answer_id, act.actor.id, act.now)
            task_version = await take_task(act, row["task_id"], row["task_version"])
            await answer_task(act, row["task_id"], task_version, answer.value, answer_id)
            payload: JSON = {"number": row["number"], "kind": row["kind"], "answer": answer.value, "done": done}
            act.events.append(event(act, RightEvent.ANSWERED, request_id, row["territory_id"], payload))
            details = {"answer": answer.value, "done": done}
            act.entries.append(self._entry(request, EntryKind.RIGHT_REQUEST, "right.answered", row, details))
            return Answer(200, {"id": str(request_id), "version": after, "done": done})

        return await self._ground.acts.run(request, work)

    async def lift(self, request: Request, request_id: UUID) -> Answer:
        """Lift the restriction that a request brought, and no other's over the same records.

        Raises NotPossibleNow when none stands.
        """

        async def work(act: Act) -> Answer:
            row = self._seen(act.actor, await store.lock_request(act.connection, request_id))
            lifted = await store.lift(act.connection, request_id, act.now)
            if not lifted:
                raise NotPossibleNow("No restriction of this request stands.")
            payload: JSON = {"number": row["number"], "records": lifted}
            act.events.append(event(act, RightEvent.RESTRICTION_LIFTED, request_id, row["territory_id"], payload))
            act.entries.append(self._entry(request, EntryKind.RIGHT_REQUEST, "right.restriction_lifted", row))
            return Answer(200, {"id": str(request_id), "lifted": lifted})

        return await self._ground.acts.run(request, work)

    async def _found(self, connection: Connection, new: NewRequest, territories: list[int]) -> list[PersonRecord]:
        found: dict[UUID, PersonRecord] = {}
        if new.phone is not None:
            found |= {
                one.sealed_id: one for one in await self._ground.persons.of_phone(connection, new.phone, territories)
            }
        if new.incident_number is not None:
            named = await self._ground.persons.of_name(connection, new.incident_number, new.name, territories)
            found |= {one.sealed_id: one for one in named}
        if new.kind is not RightKind.WHO_LOOKED:  # what lies elsewhere now is for the officer there to change
            found = {id_: one for id_, one in found.items() if one.territory_id in territories}
        if new.kind in (RightKind.RESTRICTION, RightKind.ERASURE) and found:
            # Whoever answers chooses among them: a photo of an incident shows one of its people, or none.
            photos = await self._ground.persons.photos(connection, {one.incident_id for one in found.values()})
            found |= {one.sealed_id: one for one in photos}
        return list(found.values())

    async def _keep(self, act: Act, id_: UUID, number: str, new: NewRequest, found: list[PersonRecord]) -> None:
        sealed_id = uuid7()
        told = {"name": new.name, "phone": new.phone, "reach": new.reach, "text": new.text}
        await self._ground.sealer.store(act.connection, sealed_id, {name: text for name, text in told.items() if text})
        days = clocks()[new.kind.value]
        task_id = await open_task(act, NewTask(f"right_{new.kind.value}", KIND, id_, new.territory_id, days))
        values = {
            "id": id_,
            "number": number,
            "kind": new.kind.value,
            "territory_id": new.territory_id,
            "language": new.language,
            "received_at": act.now,
            "sealed_id": sealed_id,
            "identity_document": new.document.value,
            "identity_checked_by": act.actor.id,
            "task_id": task_id,
        }
        await store.insert_request(act.connection, values)
        await store.insert_records(act.connection, id_, found)

    async def _carry_out(
        self, act: Act, row: store.Record, answer: RightAnswer, sealed_ids: Sequence[UUID] | None
    ) -> int:
        records = await store.records(act.connection, row["id"])
        if row["kind"] == RightKind.WHO_LOOKED:
            there = await stays(act.connection, self._ground.persons, records)
            await places_store.insert_places(act.connection, row["id"], there)
            return 0 if answer is RightAnswer.REFUSED else await carrying.tell(act, self._ground, row, there)
        if answer is RightAnswer.REFUSED:
            return 0
        records = carrying.chosen(RightKind(row["kind"]), records, sealed_ids)
        match RightKind(row["kind"]):
            case RightKind.ERASURE:
                return await carrying.erase(act, self._ground, row, records)
            case RightKind.RESTRICTION:
                return await carrying.restrict(act, row, records)
            case _:
                return await carrying.order_correction(act, row, records)

    async def _opened(self, connection: Connection, row: store.Record) -> JSON:
        wanted = [row["sealed_id"], *([row["answer_id"]] if row["answer_id"] is not None else [])]
        opened = await self._ground.sealer.read(connection, wanted)
        person = opened[row["sealed_id"]]
        reasons = (opened[row["answer_id"]] or {}).get("reasons") if row["answer_id"] is not None else None
        return {"person": None if person is None else {name: person.get(name) for name in PERSON}, "reasons": reasons}

    def _seen(self, actor: Actor, row: store.Record | None) -> store.Record:
        if row is None:
            raise NotFound("There is no such request in your territory.", what="request")
        require_seen(actor, Permission.RIGHT_HANDLE, row["territory_id"], self._ground.territories(), "request")
        return row

    def _entry(
        self, request: Request, kind: EntryKind, action: str, row: store.Record, details: JSON | None = None
    ) -> Entry:
        return entry_of(
            request, kind, action, KIND, row["id"], row["number"], territory_id=row["territory_id"], details=details
        )


def _line(row: store.Record, now: datetime) -> JSON:
    return {
        "id": str(row["id"]),
        "number": row["number"],
        "kind": row["kind"],
        "territory_id": row["territory_id"],
        "received_at": iso(row["received_at"]),
        "due_at": iso(row["due_at"]),
        "is_overdue": row["answered_at"] is None and row["due_at"] < now,
        "answer": row["answer"],
        "answered_at": None if row["answered_at"] is None else iso(row["answered_at"]),
        "found": row["records"],
        "version": row["version"],
    }


def _record(row: store.Record) -> JSON:
    return {
        "sealed_id": str(row["sealed_id"]),
        "incident": row["incident_number"],
        "territory_id": row["territory_id"],
        "role": row["role"],
        "received_at": iso(row["received_at"]),
        "restricted": row["is_restricted"],
        "restricted_by_this": row["is_restricted_by_this"],
        "erased": row["is_erased"],
    }


def _delayed(row: store.Record) -> JSON:
    return {"id": str(row["id"]), "ground": row["ground"], "ends_at": iso(row["ends_at"])}
