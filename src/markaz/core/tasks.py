"""The one mechanism for human work with a clock: what, which record, whose, due when, escalated, answered, closed.

Due dates count working days (core.working_days) of a calendar kept as data.
The answer's text is sealed; its code is not. Programmes open tasks inside their own act.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from markaz.core.acts import Act
from markaz.core.db.pool import Connection
from markaz.core.errors import NotFound, NotPossibleNow, VersionConflict
from markaz.core.events import Event
from markaz.core.working_days import due_after
from markaz.kit.clock import iso
from markaz.kit.ids import uuid7

OPENED = "task.opened/1"
TAKEN = "task.taken/1"
ESCALATED = "task.escalated/1"
ANSWERED = "task.answered/1"

ESCALATE_BATCH = 500


@dataclass(frozen=True, slots=True)
class NewTask:
    """Work for a person: `kind` and `record_kind` are codes, `working_days` the time allowed."""

    kind: str
    record_kind: str
    record_id: UUID | None
    territory_id: int
    working_days: int
    owner_id: UUID | None = None


async def open_task(act: Act, task: NewTask) -> UUID:
    """Add a task to the act under way and return its id."""
    rows = await act.connection.fetch("SELECT day, is_working FROM working_calendar WHERE day > $1", act.now.date())
    due_on = due_after(act.now.date(), task.working_days, {row["day"]: row["is_working"] for row in rows})
    due_at = datetime.combine(due_on + timedelta(days=1), datetime.min.time(), act.now.tzinfo)
    task_id = uuid7()
    await act.connection.execute(
        "INSERT INTO tasks (id, kind, record_kind, record_id, territory_id, owner_id, opened_at, due_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        task_id,
        task.kind,
        task.record_kind,
        task.record_id,
        task.territory_id,
        task.owner_id,
        act.now,
        due_at,
    )
    payload = {"kind": task.kind, "record_kind": task.record_kind, "due_at": iso(due_at)}
    act.events.append(_event(act, OPENED, task_id, task.territory_id, payload))
    return task_id


async def take_task(act: Act, task_id: UUID, version: int) -> int:
    """Make the actor its owner and return the new version. Raises VersionConflict when somebody was faster."""
    row = await _locked(act.connection, task_id, version)
    await act.connection.execute(
        "UPDATE tasks SET owner_id = $2, version = version + 1 WHERE id = $1", task_id, act.actor.id
    )
    act.events.append(_event(act, TAKEN, task_id, row["territory_id"], {"owner_id": str(act.actor.id)}))
    return version + 1


async def answer_task(act: Act, task_id: UUID, version: int, code: str, sealed_id: UUID | None) -> int:
    """Close a task with a coded answer, its text sealed by the caller. Only the owner answers."""
    row = await _locked(act.connection, task_id, version)
    if row["owner_id"] != act.actor.id:
        raise NotPossibleNow("Take the task first: only its owner answers it.")
    await act.connection.execute(
        "UPDATE tasks SET answer_code = $2, answer_sealed_id = $3, closed_at = $4, version = version + 1 WHERE id = $1",
        task_id,
        code,
        sealed_id,
        act.now,
    )
    act.events.append(_event(act, ANSWERED, task_id, row["territory_id"], {"code": code}))
    return version + 1


async def escalate_overdue(act: Act) -> int:
    """Mark open tasks past their due time, once each, and return how many; a supervisor's list shows them first."""
    rows = await act.connection.fetch(
        "UPDATE tasks SET escalated_at = $1, version = version + 1 WHERE id IN (SELECT id FROM tasks "
        "WHERE closed_at IS NULL AND escalated_at IS NULL AND due_at < $1 ORDER BY due_at LIMIT $2 "
        "FOR UPDATE SKIP LOCKED) RETURNING id, territory_id, due_at",
        act.now,
        ESCALATE_BATCH,
    )
    for row in rows:
        act.events.append(_event(act, ESCALATED, row["id"], row["territory_id"], {"due_at": iso(row["due_at"])}))
    return len(rows)


async def _locked(connection: Connection, task_id: UUID, version: int) -> asyncpg.Record:
    row = await connection.fetchrow(
        "SELECT territory_id, owner_id, closed_at, version FROM tasks WHERE id = $1 FOR UPDATE", task_id
    )
    if row is None:
        raise NotFound("There is no such task.", what="task")
    if row["version"] != version:
        raise VersionConflict("Somebody changed this task first: look again.", current_version=row["version"])
    if row["closed_at"] is not None:
        raise NotPossibleNow("This task is closed.")
    return row


def _event(act: Act, type_: str, task_id: UUID, territory_id: int, payload: dict[str, str]) -> Event:
    return Event(
        type=type_,
        aggregate_id=task_id,
        territory_id=territory_id,
        actor_id=act.actor.id,
        occurred_at=act.now,
        occurred_source="system",
        payload=payload,
        request_id=act.request.request_id,
    )
