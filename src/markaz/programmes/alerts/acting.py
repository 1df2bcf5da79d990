"""What the services of warnings share: what they stand on, their events, and the refusal that names who was faster."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import orjson

from markaz.contracts.alerts import AlertEvent, AlertState
from markaz.core.acts import Act, Acts
from markaz.core.db.pool import Database
from markaz.core.errors import NotFound, NotPossibleNow, VersionConflict
from markaz.core.events import Event
from markaz.core.permissions import Permission, require, require_seen
from markaz.core.territories import TerritoryTree
from markaz.kit.clock import Clock, iso
from markaz.programmes.alerts import store
from markaz.programmes.alerts.domain import Draft
from markaz.programmes.alerts.drafts import from_json
from markaz.programmes.alerts.picture import JSON, Row, alert_view
from markaz.programmes.alerts.signing import Signer

WORKING = (AlertState.DRAFT, AlertState.SUBMITTED)


@dataclass(frozen=True, slots=True)
class Ground:
    """What warnings stand on. Without `sender` nothing Actual goes out; `known_senders` is a folder of certificates."""

    database: Database
    acts: Acts
    clock: Clock
    territories: Callable[[], TerritoryTree]
    signer: Signer
    sender: str | None
    sender_name: str | None
    is_training: bool
    known_senders: Path


def draft_of(row: store.Record) -> Draft:
    """Return the draft of a warning of ours."""
    return from_json(orjson.loads(row["draft"]))


async def locked(act: Act, alert_id: UUID, permission: Permission, version: int, tree: TerritoryTree) -> store.Record:
    """Return a warning of ours for an act, locked. Raises NotFound, Forbidden or VersionConflict."""
    row = await store.lock_alert(act.connection, alert_id)
    if row is None or row["state"] == AlertState.RECEIVED:
        raise NotFound("There is no such alert in your territory.", what="alert")
    require_seen(act.actor, Permission.ALERT_READ, row["territory_id"], tree, "alert")
    require(act.actor, permission, row["territory_id"], tree)
    if row["version"] != version:
        raise await conflict(act, row)
    return row


async def conflict(act: Act, row: store.Record) -> VersionConflict:
    """Return the refusal that names who changed the warning, and when."""
    by = (await store.names(act.connection, [row["updated_by"]])).get(row["updated_by"])
    at = iso(row["updated_at"])
    return VersionConflict(
        f"The alert was changed by {by} at {at}: look again, then decide.",
        by=by,
        at=at,
        what=f"alert.{row['state']}",
        current_version=row["version"],
    )


def must_be(row: Row, *states: AlertState) -> None:
    """Raise NotPossibleNow unless the warning is in one of the states."""
    if row["state"] not in states:
        raise NotPossibleNow(f"The alert is {row['state']}: this cannot be done with it now.", state=row["state"])


def event(act: Act, type_: AlertEvent, row: Row, *, at: datetime | None = None, source: str = "officer") -> Event:
    """Return an event about a warning, with its coded view."""
    view: JSON = alert_view(row)
    return Event(
        type=type_.value,
        aggregate_id=row["id"],
        territory_id=row["territory_id"],
        actor_id=act.actor.id,
        occurred_at=at or act.now,
        occurred_source=source,
        payload={"view": view},
        request_id=act.request.request_id,
    )
