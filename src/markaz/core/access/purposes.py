"""Why somebody looks beyond what is assigned to them: in words, tied to a record of theirs, for half an hour.

An incident that is assigned to somebody is its own purpose; nothing is asked. Elsewhere one purpose at a time holds: it
shows the classes of data that it needs, in one territory and below, while what it is tied to is open and theirs. Tied to a
task it shows the one incident that the task is about, and papers of its territory since that was received.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from markaz.core.access import store
from markaz.core.access.model import PurposeHeld, RecordKind
from markaz.core.access.purpose_rules import (
    FITS,
    LAST,
    REACH,
    SHORTEST,
    SHOWS,
    TASKS,
    Need,
    PurposeKind,
    PurposeNotTheirs,
    PurposeRefused,
    check_words,
    normalised,
    refuse,
)
from markaz.core.access.standing import Incidents, Standing
from markaz.core.acts import Act, Acts, Answer, Request, entry_of, officer_event
from markaz.core.db.pool import Connection, Database
from markaz.core.errors import Forbidden, MarkazError, NotFound
from markaz.core.log.appending import append
from markaz.core.log.entry import EntryKind
from markaz.core.permissions import Actor
from markaz.core.sealing import Sealer
from markaz.kit.clock import Clock, iso
from markaz.kit.ids import plain_id, uuid7

STATED = "purpose.stated/1"
ENDED = "purpose.ended/1"

LIFE = timedelta(minutes=30)  # about as long as one matter takes; a longer one is stated again


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
    """A purpose that holds. `self_opened` and `edited_before` are those of the incident it is tied to.

    `about`: the one incident that it opens, received at `since`; both None for one that is tied to an incident.
    """

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
    about: UUID | None = None
    since: datetime | None = None

    def held(self, holder: UUID, territories: frozenset[int], kind: RecordKind) -> PurposeHeld:
        """Return it as a decision about a record of that kind sees it; `territories` is where it holds, with all below."""
        reach = self.stated_at - REACH[self.need]
        is_one = self.about is not None and kind is RecordKind.INCIDENT
        return PurposeHeld(
            holder=holder,
            basis_open=True,
            data_classes=SHOWS[self.need],
            territories=territories,
            recorded_from=reach if self.since is None else max(reach, self.since),
            recorded_to=self.ends_at,
            expires_at=self.ends_at,
            records=frozenset({plain_id(self.about)}) if is_one and self.about is not None else None,
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
                refuse("same_as_before")
            if command.need not in FITS[command.kind]:
                refuse("need_unfit")
            if reference.about is not None and command.record_id not in (None, reference.about):
                refuse("elsewhere")
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
                **_limits(reference),
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
            tasks = [
                (row, task)
                for row in await store.open_tasks(connection, actor.id, list(TASKS))
                if (task := await _standing_of(connection, self._incidents, actor, row)) is not None
            ]
        return {
            "active": None if active is None else active.wire(),
            "references": [_offer(PurposeKind.INCIDENT) | {"reference": one.reference} for one in incidents]
            + [
                _offer(TASKS[row["kind"]][0])
                | {
                    "reference": str(task.id),
                    "task": row["kind"],
                    "at": iso(row["due_at"]),
                    "incident": str(task.about),
                    "number": task.reference,
                }
                for row, task in tasks
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
        reference = await reference_of(connection, incidents, actor, purpose.kind, str(purpose.reference_id))
    except (PurposeRefused, PurposeNotTheirs):
        return None
    return replace(purpose, **_limits(reference))


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
        else await _task(connection, incidents, actor, kind, reference)
    )
    if found is None or not (found.relations or kind is not PurposeKind.INCIDENT):
        refuse("not_yours")
    if not found.is_open:
        refuse("closed")
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


async def _task(
    connection: Connection, incidents: Incidents, actor: Actor, kind: PurposeKind, reference: str
) -> Standing | None:
    id_ = _uuid(reference)
    row = None if id_ is None else await store.task_of(connection, id_, actor.id, list(TASKS))
    if row is None or TASKS[row["kind"]][0] is not kind:
        return None
    return await _standing_of(connection, incidents, actor, row)


async def _standing_of(
    connection: Connection, incidents: Incidents, actor: Actor, row: store.Record
) -> Standing | None:
    """Return a task that this actor took, None once they may not do it or may not know of its incident."""
    about = await incidents.by_id(connection, actor, row["incident_id"])
    if about is None or not actor.roots(TASKS[row["kind"]][1]):
        return None
    return Standing(
        RecordKind.ENTRY,
        "task",
        row["id"],
        about.territory_id,
        f"{row['kind']} {row['id']}",
        about.reference,
        row["closed_at"] is None,
        about.recorded_at,
        about=about.id,
    )


def _limits(reference: Standing) -> dict[str, Any]:
    """Return what a purpose tied to a task is limited to; nothing for one that is tied to an incident."""
    return {} if reference.about is None else {"about": reference.about, "since": reference.recorded_at}


def _offer(kind: PurposeKind) -> dict[str, Any]:
    return {"kind": kind.value, "needs": [need.value for need in FITS[kind]]}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


class PurposeRequired(Forbidden):
    """Nobody assigned this record to the one who looks: it is shown for a stated purpose, or with broken glass."""

    code = "purpose_required"
