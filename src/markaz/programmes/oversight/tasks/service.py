"""The open tasks of whoever watches over use or answers for a desk, with their clocks; and answers to two kinds of them.

Whoever is shut out of an incident does not meet its task. Nobody confirms rights of their own.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from markaz.core import identity, reach
from markaz.core.access.mark import mark
from markaz.core.access.standing import Incidents
from markaz.core.acts import Act, Answer, Request, entry_of
from markaz.core.audit import access_entry
from markaz.core.db.pool import Connection
from markaz.core.errors import Forbidden, InvalidInput, NotFound, NotPossibleNow
from markaz.core.log.appending import append
from markaz.core.log.entry import EntryKind, roles_of
from markaz.core.permissions import Actor, Permission, holds, require_seen, territory_filter
from markaz.core.tasks import ESCALATE_BATCH, answer_task, escalate_overdue, take_task
from markaz.kit.clock import iso
from markaz.kit.ids import uuid7
from markaz.programmes.oversight.ground import CENTRE, Ground
from markaz.programmes.oversight.tasks import store
from markaz.programmes.oversight.tasks.domain import (
    ANSWERED_HERE,
    CORRECTION,
    GRANT_ALONE,
    WAITS_FOR,
    Carried,
    Confirmation,
    what_ends,
)

P = Permission
JSON = dict[str, Any]
ROUNDS_MOST = 20  # of 500 tasks; what is left is marked by the next run


class Tasks:
    """The tasks of one centre. `incidents` says who is shut out of one."""

    def __init__(self, ground: Ground, incidents: Incidents) -> None:
        self._ground = ground
        self._incidents = incidents

    async def escalate_due(self) -> int:
        """Mark tasks whose time is over, once each, and return how many."""

        async def work(act: Act) -> Answer:
            return Answer(200, {"escalated": await escalate_overdue(act)})

        done = 0
        for _ in range(ROUNDS_MOST):
            marked = int((await self._ground.acts.run(CENTRE, work)).body["escalated"])
            done += marked
            if marked < ESCALATE_BATCH:
                break
        return done

    async def waiting(self, actor: Actor) -> JSON:
        """Return what waits for this actor, what is due first first; no name and no words but those of staff accounts."""
        tree, now = self._ground.territories(), self._ground.clock.now()
        found: dict[UUID, Any] = {}
        async with (
            self._ground.database.transaction() as connection,
            reach.beyond(connection, "tasks of the actor's own kinds and territories"),
        ):
            for permission, kinds in WAITS_FOR.items():
                territories = territory_filter(actor, permission, tree)
                if territories:
                    rows = await store.waiting(connection, kinds, territories)
                    found |= {row["id"]: row for row in await self._not_shut_out(connection, actor, rows)}
        rows = sorted(found.values(), key=lambda row: (row["due_at"], row["id"]))[: store.SHOWN_MOST]
        return {"items": [self._line(row, actor) | {"is_overdue": row["due_at"] < now} for row in rows]}

    async def correction(self, request: Request, task_id: UUID) -> JSON:
        """Return a correction to be made with the words of the person who asked for it, and leave an entry.

        Raises NotPossibleNow once it was answered: nobody needs the words any more.
        """
        now = self._ground.clock.now()
        async with self._ground.database.transaction() as connection:
            row = await self._correction(connection, request.actor, task_id)
            if row["closed_at"] is not None:
                raise NotPossibleNow("This correction was answered already.", state="closed")
            words = None
            if row["request_sealed_id"] is not None:
                async with reach.beyond(connection, "what the person said is wrong, for the desk that must mend it"):
                    opened = await self._ground.sealer.read(connection, [row["request_sealed_id"]])
                words = (opened[row["request_sealed_id"]] or {}).get("text")
            await append(connection, now, [_entry(request, row, "right.correction_read")])
        access = mark(request.actor.display_name, now, by="request")
        return self._line(row, request.actor) | {"words": words, "access": access}

    async def take(self, request: Request, task_id: UUID, version: int) -> Answer:
        """Take a correction, from whoever had it. Raises NotFound, Forbidden, VersionConflict or NotPossibleNow.

        So a purpose can be tied to it, by somebody who must read a closed incident to correct it.
        """

        async def work(act: Act) -> Answer:
            row = await self._correction(act.connection, act.actor, task_id)
            taken = await take_task(act, task_id, version)
            act.entries.append(_entry(request, row, "right.correction_taken", EntryKind.CORRECTION))
            return Answer(200, {"id": str(task_id), "version": taken})

        return await self._ground.acts.run(request, work)

    async def carry_out(
        self, request: Request, task_id: UUID, version: int, answer: Carried, remark: str | None
    ) -> Answer:
        """Say that a correction was made, or why not. Raises InvalidInput, NotFound, VersionConflict, NotPossibleNow."""
        if answer is Carried.NOT_POSSIBLE and remark is None:
            raise InvalidInput("Say why it cannot be corrected.", field="remark")

        async def work(act: Act) -> Answer:
            row = await self._correction(act.connection, act.actor, task_id)
            closed = await self._answer(act, row, version, answer.value, remark)
            action = f"right.correction_{answer.value}"
            act.entries.append(_entry(request, row, action, EntryKind.CORRECTION))
            return Answer(200, {"id": str(task_id), "version": closed})

        return await self._ground.acts.run(request, work)

    async def confirm(
        self, request: Request, task_id: UUID, version: int, answer: Confirmation, remark: str | None
    ) -> Answer:
        """Say whether rights that one person gave on the machine are in order; if not, they end now, but for offices.

        Raises Forbidden for one's own, InvalidInput, NotFound, VersionConflict or NotPossibleNow.
        """
        if answer is Confirmation.NOT_IN_ORDER and remark is None:
            raise InvalidInput("Say what is not in order.", field="remark")

        async def work(act: Act) -> Answer:
            row = await store.task(act.connection, task_id, GRANT_ALONE)
            if row is None:
                raise _no_task()
            require_seen(act.actor, P.AUDIT_READ, row["territory_id"], self._ground.territories(), "task")
            if row["record_id"] == act.actor.id:
                raise Forbidden("Nobody confirms rights of their own.")
            closed = await self._answer(act, row, version, answer.value, remark)
            ended = [] if answer is Confirmation.IN_ORDER else await _end_rights(act, row["record_id"])
            details = {"answer": answer.value, "ended": ended}
            act.entries.append(
                entry_of(
                    request, EntryKind.ACCESS_CHANGE, f"account.{answer.value}", "account", row["record_id"],
                    GRANT_ALONE, territory_id=row["territory_id"], details=details,
                    public={"action": f"account.{answer.value}", "account_id": str(row["record_id"]), "ended": ended},
                )
            )  # fmt: skip
            return Answer(200, {"id": str(task_id), "version": closed, "ended": ended})

        return await self._ground.acts.run(request, work)

    async def _answer(self, act: Act, row: Any, version: int, code: str, remark: str | None) -> int:
        """Close a task with an answer and return its version; whoever answers what another took takes it over by that."""
        sealed_id = None
        if remark is not None:
            sealed_id = uuid7()
            await self._ground.sealer.store(act.connection, sealed_id, {"remark": remark})
        if row["owner_id"] != act.actor.id:
            version = await take_task(act, row["id"], version)
        return await answer_task(act, row["id"], version, code, sealed_id)

    async def _correction(self, connection: Connection, actor: Actor, task_id: UUID) -> Any:
        async with reach.beyond(connection, "the request behind a correction"):
            row = await store.task(connection, task_id, CORRECTION)
        if row is None:
            raise _no_task()
        require_seen(actor, P.RIGHT_CARRY_OUT, row["territory_id"], self._ground.territories(), "task")
        if not await self._not_shut_out(connection, actor, [row]):
            raise _no_task()
        return row

    async def _not_shut_out(self, connection: Connection, actor: Actor, rows: Sequence[Any]) -> list[Any]:
        """Return the tasks of which this actor may know: not those of an incident they are shut out of."""
        kept = []
        for row in rows:
            at_desk = row["kind"] == CORRECTION and not self._holds(actor, P.RIGHT_HANDLE, row)
            if not at_desk or await self._incidents.by_id(connection, actor, row["record_id"]) is not None:
                kept.append(row)
        return kept

    def _line(self, row: Any, actor: Actor) -> JSON:
        needed = ANSWERED_HERE.get(row["kind"])
        return {
            "id": str(row["id"]),
            "kind": row["kind"],
            "record_kind": row["record_kind"],
            "record_id": None if row["record_id"] is None else str(row["record_id"]),
            "reference": row["reference"],
            "request_number": row["request_number"],
            "territory_id": row["territory_id"],
            "opened_at": iso(row["opened_at"]),
            "due_at": iso(row["due_at"]),
            "escalated_at": None if row["escalated_at"] is None else iso(row["escalated_at"]),
            "version": row["version"],
            "owner": None if row["owner_id"] is None else {"id": str(row["owner_id"]), "name": row["owner"]},
            "roles": row["roles"],
            "may_answer": needed is not None and self._holds(actor, needed, row) and row["record_id"] != actor.id,
        }

    def _holds(self, actor: Actor, permission: Permission, row: Any) -> bool:
        return holds(actor, permission, row["territory_id"], self._ground.territories())


async def _end_rights(act: Act, account_id: UUID) -> list[str]:
    """End what one person alone gave to this account, and return it as role@territory."""
    held = await identity.locked_grants(act.connection, account_id)
    ended = what_ends(held)
    if ended:
        rest = tuple(grant for grant in held if grant not in ended)
        event = await identity.set_grants(act.connection, account_id, rest, by=act.actor.id, at=act.now)
        act.events.append(event)
        act.entries.append(access_entry(event, roles_of(act.actor.grants), held))
    return list(roles_of(ended))


def _no_task() -> NotFound:
    return NotFound("There is no such task in your territory.", what="task")


def _entry(request: Request, row: Any, action: str, kind: EntryKind = EntryKind.VIEW) -> Any:
    return entry_of(
        request, kind, action, "incident", row["record_id"], row["request_number"] or CORRECTION,
        territory_id=row["territory_id"],
    )  # fmt: skip
