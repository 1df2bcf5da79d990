"""Why somebody looks beyond what is assigned to them: in words, tied to a record of theirs, for half an hour.

An incident that is assigned to somebody is its own purpose; nothing is asked. Elsewhere one purpose at a time holds: it
shows the classes of data that it needs, in one territory and below, while what it is tied to is open and theirs.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any, NoReturn
from uuid import UUID

from markaz.core.access import store
from markaz.core.access.model import DataClass, PurposeHeld, RecordKind
from markaz.core.access.standing import Incidents, Standing
from markaz.core.acts import Act, Acts, Answer, Request, entry_of, officer_event
from markaz.core.db.pool import Connection, Database
from markaz.core.errors import Forbidden, InvalidInput, MarkazError, NotFound
from markaz.core.log.appending import append
from markaz.core.log.entry import EntryKind
from markaz.core.permissions import Actor
from markaz.core.places.fold import fold
from markaz.core.sealing import Sealer
from markaz.kit.clock import Clock, iso
from markaz.kit.ids import uuid7

STATED = "purpose.stated/1"
ENDED = "purpose.ended/1"

LIFE = timedelta(minutes=30)  # about as long as one matter takes; a longer one is stated again
SHORTEST = 15  # characters
LONGEST = 300
LEAST_SIGNS = 10  # letters and digits among them, so that fifteen full stops are not a reason
LEAST_DIFFERENT = 5  # so that one key held down is not a reason either
LAST = 20  # of the same person's purposes that a new one must differ from


class PurposeKind(StrEnum):
    """What a purpose is tied to."""

    INCIDENT = "incident"  # an open incident that is assigned to whoever states it
    CASE = "case"  # an open task of theirs: a review, an appeal, a release
    REQUEST = "request"  # an open request of a person about their own data, in their hands


class Need(StrEnum):
    """What the look is for. It decides which classes of data are shown."""

    SAME_EVENT = "same_event"  # whether it is the event I work on
    CALL_BACK = "call_back"  # somebody asks again, or must be reached
    JOINT_WORK = "joint_work"  # my incident and this one are worked on together
    ANSWER = "answer"  # a complaint, a review or a request must be answered


# Hazards are in each of them: a danger that is not told hurts whoever goes there.
SHOWS: Mapping[Need, frozenset[DataClass]] = {
    Need.SAME_EVENT: frozenset({DataClass.CALLER, DataClass.NOTE, DataClass.VEHICLE, DataClass.HAZARD}),
    Need.CALL_BACK: frozenset({DataClass.CALLER, DataClass.NOTE, DataClass.HAZARD}),
    Need.JOINT_WORK: frozenset(
        {DataClass.CALLER, DataClass.NOTE, DataClass.REASON, DataClass.PARTY, DataClass.VEHICLE, DataClass.ATTACHMENT}
        | {DataClass.PLACE_HISTORY, DataClass.HAZARD}
    ),
    Need.ANSWER: frozenset(
        {DataClass.CALLER, DataClass.NOTE, DataClass.REASON, DataClass.PARTY, DataClass.VEHICLE, DataClass.ATTACHMENT}
        | {DataClass.HELD_POSITIONS, DataClass.HANDOVER_TEXT, DataClass.SUMMARY_SENTENCE, DataClass.HAZARD}
    ),
}
# What it may be for by what it is tied to: one's own work does not answer complaints, and a task is for nothing else.
FITS: Mapping[PurposeKind, tuple[Need, ...]] = {
    PurposeKind.INCIDENT: (Need.SAME_EVENT, Need.CALL_BACK, Need.JOINT_WORK),
    PurposeKind.CASE: (Need.ANSWER,),
    PurposeKind.REQUEST: (Need.ANSWER,),
}
# How far back the records may lie that a purpose opens.
REACH: Mapping[Need, timedelta] = {
    Need.SAME_EVENT: timedelta(days=2),
    Need.CALL_BACK: timedelta(days=31),
    Need.JOINT_WORK: timedelta(days=31),
    Need.ANSWER: timedelta(days=3_660),
}


class PurposeRefused(InvalidInput):
    """A purpose does not hold; `details.reason` is too_short, same_as_before, closed or need_unfit."""

    code = "purpose_refused"


class PurposeNotTheirs(Forbidden):
    """A purpose is tied to what is not theirs, or not there; `details.reason` is not_yours."""

    code = "purpose_refused"


_WHY = {
    "too_short": f"Say in at least {SHORTEST} characters what you need to know and why.",
    "same_as_before": f"You gave the same reason among your last {LAST}: say what this look is for.",
    "closed": "What this is tied to is closed: name one that is open.",
    "need_unfit": "What it is tied to is not for that: choose another reason to look, or tie it to a task of yours.",
    "not_yours": "There is no such record assigned to you: take it over, or name one of yours.",
}


@dataclass(frozen=True, slots=True)
class StatePurpose:
    """A purpose to be stated. `reference` is an incident's number or a task's id; `text` is sealed.

    `record_id` is the incident that shall be looked at, if it is known: the purpose then holds in its territory.
    """

    kind: PurposeKind
    reference: str
    need: Need
    text: str
    record_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Purpose:
    """A purpose that holds. `self_opened` and `edited_before` are those of the incident it is tied to."""

    id: UUID
    kind: PurposeKind
    reference_id: UUID
    reference: str
    need: Need
    territory_id: int
    self_opened: bool
    edited_before: bool
    stated_at: datetime
    ends_at: datetime

    def held(self, holder: UUID, territories: frozenset[int]) -> PurposeHeld:
        """Return it as a decision sees it; `territories` is where it holds, its own and all below."""
        return PurposeHeld(
            holder=holder,
            basis_open=True,
            data_classes=SHOWS[self.need],
            territories=territories,
            recorded_from=self.stated_at - REACH[self.need],
            recorded_to=self.ends_at,
            expires_at=self.ends_at,
        )

    def wire(self) -> dict[str, Any]:
        """Return it as its owner is shown it."""
        return {
            "id": str(self.id),
            "kind": self.kind.value,
            "reference": self.reference,
            "need": self.need.value,
            "shows": sorted(one.value for one in SHOWS[self.need]),
            "territory_id": self.territory_id,
            "stated_at": iso(self.stated_at),
            "ends_at": iso(self.ends_at),
        }


def normalised(text: str) -> str:
    """Return the text as it is compared: no case, blanks, punctuation or script, and no letter twice in a row."""
    return "".join(sign for sign, _ in groupby(sign for sign in fold(text) if sign.isalnum()))


def check_words(text: str) -> str:
    """Return the text trimmed. Raises PurposeRefused for one that is too short to be a reason."""
    trimmed = " ".join(text.split())
    signs = [sign for sign in trimmed.casefold() if sign.isalnum()]
    if len(trimmed) < SHORTEST or len(signs) < LEAST_SIGNS or len(set(signs)) < LEAST_DIFFERENT:
        _refuse("too_short")
    return trimmed


class Purposes:
    """Stating, ending and finding purposes."""

    def __init__(self, database: Database, acts: Acts, sealer: Sealer, clock: Clock, incidents: Incidents) -> None:
        self._database = database
        self._acts = acts
        self._sealer = sealer
        self._clock = clock
        self._incidents = incidents

    async def state(self, request: Request, command: StatePurpose) -> Answer:
        """State a purpose; it takes the place of the one before. Raises PurposeRefused or PurposeNotTheirs.

        A refusal leaves an entry.
        """

        async def work(act: Act) -> Answer:
            text = check_words(command.text)
            await store.lock_purposes(act.connection, act.actor.id)
            reference = await reference_of(act.connection, self._incidents, act.actor, command.kind, command.reference)
            text_hash = self._sealer.body_hash(b"purpose\x1f" + normalised(text).encode())
            if text_hash in await store.last_hashes(act.connection, act.actor.id, LAST):
                _refuse("same_as_before")
            if command.need not in FITS[command.kind]:
                _refuse("need_unfit")
            territory_id = await self._territory(act, command, reference)
            sealed_id = uuid7()
            await self._sealer.store(act.connection, sealed_id, {"purpose": text})
            await store.end_purposes(act.connection, act.actor.id, act.now)
            purpose = Purpose(
                uuid7(),
                command.kind,
                reference.id,
                reference.reference,
                command.need,
                territory_id,
                reference.self_opened,
                reference.edited_before,
                act.now,
                act.now + LIFE,
            )
            kept = {"account_id": act.actor.id, "sealed_id": sealed_id, "text_hash": text_hash}
            await store.insert_purpose(act.connection, asdict(purpose) | kept)
            codes = {"kind": purpose.kind.value, "need": purpose.need.value, "reference_id": str(purpose.reference_id)}
            act.events.append(officer_event(act, STATED, purpose.id, territory_id, codes))
            act.entries.append(
                entry_of(
                    request,
                    EntryKind.PURPOSE,
                    "purpose.stated",
                    command.kind.value,
                    purpose.reference_id,
                    reference.label,
                    territory_id=territory_id,
                    purpose_id=purpose.id,
                    details={
                        "need": purpose.need.value,
                        "self_opened": purpose.self_opened,
                        "edited_before": purpose.edited_before,
                    },
                )
            )
            return Answer(201, purpose.wire())

        try:
            return await self._acts.run(request, work)
        except (PurposeRefused, PurposeNotTheirs) as refused:
            await self._leave_refusal(request, command, refused)
            raise

    async def end(self, request: Request, purpose_id: UUID) -> Answer:
        """End a purpose of one's own; one that is over already stays as it was."""

        async def work(act: Act) -> Answer:
            row = await store.purpose_of(act.connection, act.actor.id, purpose_id)
            if row is None:
                raise NotFound("There is no such purpose among yours.", what="purpose")
            if await store.end_purposes(act.connection, act.actor.id, act.now, purpose_id):
                act.events.append(officer_event(act, ENDED, purpose_id, row["territory_id"], {}))
            return Answer(200, {"id": str(purpose_id)})

        return await self._acts.run(request, work)

    async def mine(self, request: Request) -> dict[str, Any]:
        """Return the purpose that holds now, if any, and the open records a new one could be tied to."""
        actor = request.actor
        async with self._database.transaction() as connection:
            active = await active_purpose(connection, self._incidents, actor, self._clock.now())
            incidents = await self._incidents.mine(connection, actor)
            tasks = await store.open_tasks(connection, actor.id)
        return {
            "active": None if active is None else active.wire(),
            "references": [_offer(PurposeKind.INCIDENT) | {"reference": one.reference} for one in incidents]
            + [
                _offer(_kind_of_task(row))
                | {
                    "reference": str(row["id"]),
                    "task": row["kind"],
                    "at": iso(row["due_at"]),
                }
                for row in tasks
            ],
            "shortest": SHORTEST,
        }

    async def _territory(self, act: Act, command: StatePurpose, reference: Standing) -> int:
        """Return where the purpose holds: where the record to be looked at is, else where its own reference is."""
        if command.record_id is None:
            return reference.territory_id
        record = await self._incidents.by_id(act.connection, act.actor, command.record_id)
        if record is None:
            raise NotFound("There is no such incident in your territory.", what="incident")
        return record.territory_id

    async def _leave_refusal(self, request: Request, command: StatePurpose, refused: MarkazError) -> None:
        entry = entry_of(
            request,
            EntryKind.REFUSAL,
            "purpose.refused",
            command.kind.value,
            None,
            str(refused.details["reason"]),
            details={"need": command.need.value},
        )
        async with self._database.transaction() as connection:
            await append(connection, self._clock.now(), [entry])


async def active_purpose(connection: Connection, incidents: Incidents, actor: Actor, now: datetime) -> Purpose | None:
    """Return the purpose of this actor that holds now: stated, not over, and tied to what is still open and theirs."""
    row = await store.open_purpose(connection, actor.id, now)
    if row is None:
        return None
    purpose = Purpose(
        row["id"],
        PurposeKind(row["kind"]),
        row["reference_id"],
        row["reference"],
        Need(row["need"]),
        row["territory_id"],
        row["self_opened"],
        row["edited_before"],
        row["stated_at"],
        row["ends_at"],
    )
    if purpose.need not in FITS[purpose.kind]:
        return None  # it was stated when that was not asked yet
    try:
        await reference_of(connection, incidents, actor, purpose.kind, str(purpose.reference_id))
    except (PurposeRefused, PurposeNotTheirs):
        return None
    return purpose


async def reference_of(
    connection: Connection, incidents: Incidents, actor: Actor, kind: PurposeKind, reference: str
) -> Standing:
    """Return the record a purpose is tied to.

    Raises PurposeRefused when it is closed, PurposeNotTheirs when it is not theirs; what does not exist is not theirs
    either, so nothing is learnt.
    """
    found = (
        await _incident(connection, incidents, actor, reference)
        if kind is PurposeKind.INCIDENT
        else await _task(connection, actor, kind, reference)
    )
    if found is None or not (found.relations or kind is not PurposeKind.INCIDENT):
        _refuse("not_yours")
    if not found.is_open:
        _refuse("closed")
    return found


async def _incident(connection: Connection, incidents: Incidents, actor: Actor, reference: str) -> Standing | None:
    id_ = _uuid(reference)
    found = (
        await incidents.by_number(connection, actor, reference.strip())
        if id_ is None
        else [one for one in [await incidents.by_id(connection, actor, id_)] if one is not None]
    )
    theirs = [one for one in found if one.relations]
    return next((one for one in theirs if one.is_open), next(iter(theirs), None))


async def _task(connection: Connection, actor: Actor, kind: PurposeKind, reference: str) -> Standing | None:
    id_ = _uuid(reference)
    row = None if id_ is None else await store.task_of(connection, id_, actor.id)
    if row is None or _kind_of_task(row) is not kind:
        return None
    label = f"{row['kind']} {id_}"
    is_open = row["closed_at"] is None
    reference = str(row["id"])
    return Standing(
        RecordKind.ENTRY, "task", row["id"], row["territory_id"], label, reference, is_open, row["opened_at"]
    )


def _kind_of_task(row: store.Record) -> PurposeKind:
    return PurposeKind.REQUEST if row["record_kind"] == "right_request" else PurposeKind.CASE


def _offer(kind: PurposeKind) -> dict[str, Any]:
    return {"kind": kind.value, "needs": [need.value for need in FITS[kind]]}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _refuse(reason: str) -> NoReturn:
    field = {"too_short": "text", "same_as_before": "text", "need_unfit": "need"}.get(reason, "reference")
    error = PurposeNotTheirs if reason == "not_yours" else PurposeRefused
    raise error(_WHY[reason], field=field, reason=reason)


class PurposeRequired(Forbidden):
    """Nobody assigned this record to the one who looks: it is shown for a stated purpose, or with broken glass."""

    code = "purpose_required"
