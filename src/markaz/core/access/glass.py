"""Breaking the glass: one record, at once, for half an hour; loudly, and judged afterwards by somebody else.

Nothing stops it but having no part in the work at all, or being shut out of that incident by name. Its alarm stands on the
consoles of supervisors until it is judged; so does its task. The judge is never the one who broke it, nor anybody who
answers to them (core.access.line).
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from markaz.core import tasks
from markaz.core.access import store
from markaz.core.access.asking import Tree, may_review, require_allowed, require_review
from markaz.core.access.line import is_subordinate
from markaz.core.access.looking import question_of
from markaz.core.access.mark import mark
from markaz.core.access.model import Action, DataClass
from markaz.core.access.standing import Incidents, Standing
from markaz.core.acts import Act, Acts, Answer, Request, entry_of, officer_event
from markaz.core.db.pool import Connection, Database
from markaz.core.errors import NotFound, NotPossibleNow
from markaz.core.log.appending import append
from markaz.core.log.entry import Entry, EntryKind
from markaz.core.permissions import Actor, Grant, Hierarchy, Permission, Role, require, require_seen, territory_filter
from markaz.core.sealing import Sealer
from markaz.kit.clock import Clock, iso
from markaz.kit.ids import uuid7

BROKEN = "glass.broken/1"
JUDGED = "glass.judged/1"
TASK = "break_glass_review"

LIFE = timedelta(minutes=30)
OPEN_MOST = 10  # at once, of one person: more than anybody works on; beyond it somebody empties the desk
JUDGED_WITHIN = 3  # working days: while those who were there still remember


class Ground(StrEnum):
    """Why there was no time to be assigned or to state a purpose."""

    LIFE = "life"  # somebody's life or health
    CREW = "crew"  # a crew in danger
    OWNER_AWAY = "owner_away"  # nobody who has the incident can be reached
    WRONGLY_CLOSED = "wrongly_closed"  # closed or moved by mistake, and it is not over


class Verdict(StrEnum):
    """What the judge says of it."""

    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not_justified"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """Which incident, on what ground, and one sentence, which is sealed."""

    incident_id: UUID
    ground: Ground
    sentence: str


@dataclass(frozen=True, slots=True)
class Alarms:
    """What breaking the glass needs of alarms: raise one for the record of a glass and return its id; end it."""

    raise_for: Callable[[Act, Standing, UUID], Awaitable[UUID]]
    end: Callable[[Act, UUID], Awaitable[None]]


class Glass:
    """Breaking the glass, and judging it."""

    def __init__(
        self,
        database: Database,
        acts: Acts,
        sealer: Sealer,
        clock: Clock,
        territories: Callable[[], Tree],
        incidents: Incidents,
        alarms: Alarms,
    ) -> None:
        self._database = database
        self._acts = acts
        self._sealer = sealer
        self._clock = clock
        self._territories = territories
        self._incidents = incidents
        self._alarms = alarms

    async def break_glass(self, request: Request, command: BreakGlass) -> Answer:
        """Open one incident for half an hour, now. While it is open, a further break finds that one.

        Raises NotFound where the actor may not know of the incident, Forbidden where they have no part in such work,
        NotPossibleNow while ten others are open for them.
        """

        async def work(act: Act) -> Answer:
            standing = await self._incidents.by_id(act.connection, act.actor, command.incident_id)
            if standing is None:
                raise NotFound("There is no such incident in your territory.", what="incident")
            require(act.actor, Permission.INCIDENT_READ_SEALED, standing.territory_id, self._territories())
            kind = standing.log_kind
            asked = question_of(act.actor, standing, DataClass.CALLER, Action.BREAK_GLASS, self._territories(), act.now)
            require_allowed(asked)
            await store.lock_purposes(act.connection, act.actor.id)
            known = await store.open_glass(act.connection, act.actor.id, kind, standing.id, act.now)
            if known is not None:
                return Answer(201, {"id": str(known["id"]), "ends_at": iso(known["ends_at"])})
            await _check_bound(act, kind)
            glass_id, sealed_id = uuid7(), uuid7()
            await self._sealer.store(act.connection, sealed_id, {"sentence": command.sentence})
            task = tasks.NewTask(TASK, "broken_glass", glass_id, standing.territory_id, JUDGED_WITHIN)
            task_id = await tasks.open_task(act, task)
            alarm_id = await self._alarms.raise_for(act, standing, glass_id)
            ends_at = act.now + LIFE
            await store.insert_glass(
                act.connection,
                {
                    "id": glass_id,
                    "account_id": act.actor.id,
                    "record_kind": kind,
                    "record_id": standing.id,
                    "reference": standing.reference,
                    "territory_id": standing.territory_id,
                    "ground": command.ground.value,
                    "sealed_id": sealed_id,
                    "task_id": task_id,
                    "alarm_id": alarm_id,
                    "broken_at": act.now,
                    "ends_at": ends_at,
                },
            )
            codes = {"record_kind": kind, "record_id": str(standing.id), "ground": command.ground.value}
            act.events.append(officer_event(act, BROKEN, glass_id, standing.territory_id, codes))
            details = {"glass_id": str(glass_id), "ground": command.ground.value, "self_opened": standing.self_opened}
            act.entries.append(
                entry_of(
                    request,
                    EntryKind.BREAK_GLASS,
                    "glass.broken",
                    kind,
                    standing.id,
                    standing.label,
                    territory_id=standing.territory_id,
                    details=details,
                )
            )
            return Answer(201, {"id": str(glass_id), "ends_at": iso(ends_at)})

        return await self._acts.run(request, work)

    async def listed(self, actor: Actor, *, only_waiting: bool, before: datetime | None) -> dict[str, Any]:
        """Return broken glass of the actor's territories with how many wait for a verdict; no sentence is in it."""
        tree = self._territories()
        territories = territory_filter(actor, Permission.GLASS_REVIEW, tree)
        async with self._database.connection() as connection:
            rows = await store.list_glass(connection, territories, only_waiting=only_waiting, before=before)
            grants = await _grants_of(connection, {row["account_id"] for row in rows})
        items = [_view(row) | {"may_judge": self._may_judge(actor, row, grants[row["account_id"]])} for row in rows]
        return {"items": items, "waiting": sum(item["verdict"] is None for item in items)}

    async def read(self, request: Request, glass_id: UUID) -> dict[str, Any]:
        """Return one with its sentence and what was looked at under it, and leave an entry of the review."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            row = _seen(request.actor, await store.glass(connection, glass_id), self._territories())
            wanted = [id_ for id_ in (row["sealed_id"], row["verdict_sealed_id"]) if id_ is not None]
            opened = await self._sealer.read(connection, wanted)
            looks = await store.looks_under(connection, glass_id)
            grants = await _grants_of(connection, [row["account_id"]])
            may_judge = self._may_judge(request.actor, row, grants[row["account_id"]])
            await append(connection, now, [_review(request, "glass.read", row)])
        words = opened.get(row["verdict_sealed_id"]) or {}
        return _view(row) | {
            "may_judge": may_judge,
            "sentence": (opened[row["sealed_id"]] or {}).get("sentence"),
            "remark": words.get("remark"),
            "looks": [
                {"at": iso(one["at"]), "action": one["action"], "classes": (one["classes"] or "").split(",")}
                for one in looks
            ],
            "access": mark(request.actor.display_name, now, by="review"),
        }

    async def take(self, request: Request, glass_id: UUID, version: int) -> Answer:
        """Take the task of judging one, on the version of the task seen, from whoever had it; answers its new version.

        So a purpose can be tied to it. Raises as `judge` does, and VersionConflict.
        """

        async def work(act: Act) -> Answer:
            row = await self._to_judge(act, glass_id)
            taken = await tasks.take_task(act, row["task_id"], version)
            act.entries.append(_review(request, "glass.taken", row))
            return Answer(200, {"id": str(glass_id), "version": taken})

        return await self._acts.run(request, work)

    async def judge(self, request: Request, glass_id: UUID, verdict: Verdict, remark: str | None) -> Answer:
        """Judge one; its task and its alarm end. Raises Forbidden for the viewer and those who answer to the viewer.

        Raises NotPossibleNow for one that was judged: a verdict is given once.
        """

        async def work(act: Act) -> Answer:
            row = await self._to_judge(act, glass_id)
            sealed_id = None
            if remark:
                sealed_id = uuid7()
                await self._sealer.store(act.connection, sealed_id, {"remark": remark})
            await store.judge(act.connection, glass_id, verdict.value, act.actor.id, act.now, sealed_id)
            version = row["task_version"]
            if row["owner_id"] != act.actor.id:
                version = await tasks.take_task(act, row["task_id"], version)
            await tasks.answer_task(act, row["task_id"], version, verdict.value, sealed_id)
            await self._alarms.end(act, row["alarm_id"])
            act.events.append(officer_event(act, JUDGED, glass_id, row["territory_id"], {"verdict": verdict.value}))
            act.entries.append(_review(request, "glass.judged", row, {"verdict": verdict.value}))
            return Answer(200, {"id": str(glass_id), "verdict": verdict.value})

        return await self._acts.run(request, work)

    async def _to_judge(self, act: Act, glass_id: UUID) -> store.Record:
        """Return one that this actor may judge now, locked."""
        row = _seen(act.actor, await store.lock_glass(act.connection, glass_id), self._territories())
        require(act.actor, Permission.GLASS_REVIEW, row["territory_id"], self._territories())
        grants = await _grants_of(act.connection, [row["account_id"]])
        in_line = self._in_line(act.actor, row, grants[row["account_id"]])
        require_review(act.actor, glass_id, row["territory_id"], self._territories(), act.now, in_line=in_line)
        if row["verdict"] is not None:
            raise NotPossibleNow("This was judged already.", verdict=row["verdict"])
        return row

    def _may_judge(self, actor: Actor, row: store.Record, viewer: Sequence[Grant]) -> bool:
        in_line, now = self._in_line(actor, row, viewer), self._clock.now()
        return may_review(actor, row["id"], row["territory_id"], self._territories(), now, in_line=in_line)

    def _in_line(self, actor: Actor, row: store.Record, viewer: Sequence[Grant]) -> bool:
        return row["account_id"] == actor.id or is_subordinate(actor.grants, viewer, self._territories())


def _review(request: Request, action: str, row: store.Record, details: dict[str, Any] | None = None) -> Entry:
    return entry_of(
        request,
        EntryKind.REVIEW,
        action,
        "broken_glass",
        row["id"],
        row["reference"],
        territory_id=row["territory_id"],
        details=details,
    )


async def _grants_of(connection: Connection, account_ids: Iterable[UUID]) -> dict[UUID, list[Grant]]:
    """Return what each of these accounts holds now; nothing for one that holds nothing."""
    held: dict[UUID, list[Grant]] = {id_: [] for id_ in account_ids}
    for row in await store.grants_of(connection, list(held)):
        held[row["account_id"]].append(Grant(Role(row["role"]), row["territory_id"]))
    return held


async def _check_bound(act: Act, kind: str) -> None:
    """Raise NotPossibleNow while as many are open for this person as anybody can work on."""
    broken = await store.open_glasses(act.connection, act.actor.id, kind, act.now)
    if len(broken) >= OPEN_MOST:
        soonest = min(one["ends_at"] for one in broken)
        raise NotPossibleNow(
            f"{OPEN_MOST} incidents are open to you by broken glass: take this one over, or wait until one has ended.",
            next_at=iso(soonest),
        )


def _seen(actor: Actor, row: store.Record | None, tree: Hierarchy) -> store.Record:
    if row is None:
        raise NotFound("There is no such record in your territory.", what="record")
    require_seen(actor, Permission.GLASS_REVIEW, row["territory_id"], tree, "record")
    return row


def _view(row: store.Record) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "by": {"id": str(row["account_id"]), "name": row["by"]},
        "record_kind": row["record_kind"],
        "record_id": str(row["record_id"]),
        "reference": row["reference"],
        "territory_id": row["territory_id"],
        "ground": row["ground"],
        "broken_at": iso(row["broken_at"]),
        "ends_at": iso(row["ends_at"]),
        "due_at": iso(row["due_at"]),
        "owner": None if row["owner_id"] is None else {"id": str(row["owner_id"]), "name": row["owner"]},
        "version": row["task_version"],
        "verdict": row["verdict"],
        "judged_by": row["judge"],
        "judged_at": None if row["judged_at"] is None else iso(row["judged_at"]),
    }
