"""The audit trail: every look at a person leaves who, what, when and why, durable before it is shown.

Each entry is a leaf of the log (core.log); what is read here are the openings of those leaves.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from markaz.core.db.pool import Connection
from markaz.core.events import Event
from markaz.core.log.entry import Entry, EntryKind, roles_of
from markaz.core.permissions import APPOINTING, Grant, Role
from markaz.kit.clock import iso

APPOINTER_ENDED = "account.appointer_ended"


def access_entry(event: Event, roles: tuple[str, ...] = (), held: Sequence[Grant] = ()) -> Entry:
    """Return the log entry of a change of what an account may do, beside the event of that change.

    `held` is what it held before: where somebody can no longer appoint by one of these grants, everybody is told.
    """
    return Entry(
        kind=EntryKind.ACCESS_CHANGE,
        action=event.type.partition("/")[0],
        actor_id=event.actor_id,
        record_kind="account",
        record_id=event.aggregate_id,
        reason=event.occurred_source,
        territory_id=event.territory_id or None,
        details=event.payload,
        public=end_of_appointer(event.aggregate_id, held, _grants_of(event)) if held else {},
        roles=roles,
        request_id=event.request_id,
    )


def end_of_appointer(account_id: UUID, held: Iterable[Grant], now: Iterable[Grant]) -> dict[str, Any]:
    """Return what everybody is told when grants by which somebody could appoint end; nothing when none does."""
    stays = frozenset(now)
    ended = [grant for grant in held if grant.role in APPOINTING and grant not in stays]
    if not ended:
        return {}
    return {"action": APPOINTER_ENDED, "account_id": str(account_id), "roles": list(roles_of(ended))}


def _grants_of(event: Event) -> list[Grant]:
    return [Grant(Role(one["role"]), one["territory_id"]) for one in event.payload["grants"]]


@dataclass(frozen=True, slots=True)
class Sought:
    """Which entries are read; None asks for all. `office` is a role that was held then, `territories` where it was."""

    record_id: UUID | None = None
    actor_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    kind: EntryKind | None = None
    office: Role | None = None
    territories: Sequence[int] | None = None


_ENTRIES = """
SELECT e.id, e.at, e.actor_id, a.display_name AS actor, e.action, e.record_kind, e.record_id, e.reason, e.request_id, e.leaf,
       e.kind, e.territory_id, e.purpose_id, e.details::text AS details, e.roles::text AS roles
FROM audit_entries e LEFT JOIN accounts a ON a.id = e.actor_id
WHERE ($1::uuid IS NULL OR e.record_id = $1) AND ($2::uuid IS NULL OR e.actor_id = $2) AND ($3::bigint IS NULL OR e.id < $3)
  AND ($5::timestamptz IS NULL OR e.at >= $5) AND ($6::timestamptz IS NULL OR e.at < $6) AND ($7::text IS NULL OR e.kind = $7)
  AND ($8::text IS NULL OR EXISTS (SELECT FROM jsonb_array_elements_text(e.roles) r WHERE split_part(r, '@', 1) = $8))
  AND ($9::int[] IS NULL OR e.territory_id = ANY($9))
ORDER BY e.id DESC LIMIT $4
"""


async def entries(connection: Connection, sought: Sought, *, before: int | None, limit: int) -> list[dict[str, Any]]:
    """Return the entries sought, newest first, before the entry `before`."""
    rows = await connection.fetch(
        _ENTRIES,
        sought.record_id,
        sought.actor_id,
        before,
        limit,
        sought.since,
        sought.until,
        None if sought.kind is None else sought.kind.value,
        None if sought.office is None else sought.office.value,
        None if sought.territories is None else list(sought.territories),
    )
    return [
        {
            "id": row["id"],
            "at": iso(row["at"]),
            "actor": {"id": str(row["actor_id"]), "name": row["actor"]},
            "action": row["action"],
            "record_kind": row["record_kind"],
            "record_id": None if row["record_id"] is None else str(row["record_id"]),
            "reason": row["reason"],
            "request_id": row["request_id"],
            "leaf": row["leaf"],
            "kind": row["kind"],
            "territory_id": row["territory_id"],
            "purpose_id": None if row["purpose_id"] is None else str(row["purpose_id"]),
            "details": orjson.loads(row["details"]),
            "roles": orjson.loads(row["roles"]),
        }
        for row in rows
    ]
