"""What the desk's services share: the spine they stand on, their events, and the refusal that names who was faster."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from markaz.contracts.incidents import EnteredVia, IncidentEvent, Stage, UnitStatus
from markaz.core.access.decision import decider
from markaz.core.access.looking import Looking
from markaz.core.acts import Act, Acts
from markaz.core.db.pool import Connection, Database
from markaz.core.errors import InvalidInput, NotFound, NotPossibleNow, VersionConflict
from markaz.core.events import Event
from markaz.core.log.grouping import Group
from markaz.core.permissions import Actor, Permission, require, require_seen
from markaz.core.sealing import Sealer
from markaz.core.territories import TerritoryTree
from markaz.kit.clock import Clock, Precision, iso
from markaz.programmes.incidents import commands, picture_store, queries, store
from markaz.programmes.incidents.looks import IncidentStandings
from markaz.programmes.incidents.picture import JSON, unit_view

OFFICER = "officer"
_MANY_STAGES = [IncidentEvent.IMPORTED.value, IncidentEvent.ABSORBED.value]  # one event holds stages of several units


@dataclass(frozen=True, slots=True)
class Spine:
    """What the desk stands on. `territories` returns the tree as it is now."""

    database: Database
    acts: Acts
    sealer: Sealer
    clock: Clock
    territories: Callable[[], TerritoryTree]
    group: Group

    @property
    def standings(self) -> IncidentStandings:
        """How people stand to incidents."""
        return IncidentStandings(self.territories, self.clock)

    @property
    def looking(self) -> Looking:
        """The one way to a person's data."""
        return Looking(self.database, self.sealer, self.clock, self.territories, self.standings, decider(), self.group)


async def lock_incident(
    act: Act, spine: Spine, incident_id: UUID, permission: Permission, version: int | None
) -> store.Record:
    """Return an incident's row, locked, for an actor who holds `permission` there. Lock it before any unit, always.

    Raises NotFound when the actor may not see it, Forbidden without the right, VersionConflict naming who was faster
    unless `version` is the current one; None is for what only adds.
    """
    row = await store.lock_incident(act.connection, incident_id)
    if row is None:
        raise NotFound("There is no such incident in your territory.", what="incident")
    tree = spine.territories()
    require_seen(act.actor, Permission.INCIDENT_READ, row["territory_id"], tree, "incident")
    await check_not_shut_out(act.connection, act.actor, incident_id)
    require(act.actor, permission, row["territory_id"], tree)
    if differs(version, row["version"]):
        raise await conflict(act.connection, row, f"Incident {row['number']}")
    return row


async def lock_open_incident(
    act: Act, spine: Spine, incident_id: UUID, permission: Permission, version: int | None
) -> store.Record:
    """Do the same as `lock_incident`. Raises NotPossibleNow when it is closed."""
    row = await lock_incident(act, spine, incident_id, permission, version)
    if row["status"] != "open":
        raise NotPossibleNow(f"Incident {row['number']} is closed.")
    return row


async def lock_unit(act: Act, spine: Spine, unit_id: UUID, permission: Permission) -> store.Record:
    """Return a unit's row, locked, for an actor who holds `permission` there. Raises NotFound or Forbidden."""
    row = await store.lock_unit(act.connection, unit_id)
    if row is None:
        raise NotFound("There is no such unit in your territory.", what="unit")
    tree = spine.territories()
    require_seen(act.actor, Permission.UNIT_READ, row["territory_id"], tree, "unit")
    require(act.actor, permission, row["territory_id"], tree)
    return row


async def fresh_view(act: Act, incident_id: UUID) -> JSON:
    """Return the view of an incident after what this act has written; call `store.touch_incident` before."""
    row = await store.incident(act.connection, incident_id)
    if row is None:
        raise RuntimeError("an incident that was locked in this transaction has gone")
    return await picture_store.view_of(act.connection, row)


async def set_unit(
    act: Act, unit_id: UUID, status: UnitStatus, at: datetime, incident_id: UUID | None, reason: str | None = None
) -> Any:
    """Write a unit's status, add its event and return its view."""
    view = await store.set_unit(act.connection, unit_id, act.actor.id, status.value, at, incident_id, reason)
    act.events.append(event(act, IncidentEvent.UNIT_STATUS, unit_id, view["territory_id"], at, {"view": view}))
    return view


def unit_versions(act: Act) -> JSON:
    """Return the version to which this act has moved each unit, by its id: so that who acts fast can name it next."""
    moved = [event_ for event_ in act.events if event_.type == IncidentEvent.UNIT_STATUS.value]
    return {str(event_.aggregate_id): event_.payload["view"]["version"] for event_ in moved}


async def insert_unit(act: Act, unit_id: UUID, command: commands.RegisterUnit, *, source: str | None) -> Any:
    """Insert a unit and add its event; return its view, or None when it is there already."""
    status = UnitStatus.OFF_DUTY if source is None else UnitStatus.AVAILABLE
    row = await store.insert_unit(
        act.connection,
        {
            "id": unit_id,
            "call_sign": command.call_sign,
            "kind": command.kind,
            "source": source,
            "territory_id": command.territory_id,
            "status": status.value,
            "since": act.now,
            "actor_id": act.actor.id,
        },
    )
    if row is None:
        return None
    view = unit_view(row)
    act.events.append(event(act, IncidentEvent.UNIT_REGISTERED, unit_id, command.territory_id, act.now, {"view": view}))
    return view


async def check_not_shut_out(connection: Connection, actor: Actor, incident_id: UUID) -> None:
    """Raise NotFound when this person was named in a conflict of interest: for them there is no such incident."""
    if await queries.is_shut_out(connection, incident_id, actor.id):
        raise NotFound("There is no such incident in your territory.", what="incident")


async def check_not_to_shut_out(connection: Connection, tree: TerritoryTree, incident_id: UUID, to: int) -> None:
    """Raise NotPossibleNow when an incident would go to a post that it is closed to."""
    if any(tree.is_within(to, post) for post in await queries.shut_out_posts(connection, incident_id)):
        raise NotPossibleNow("The post of that territory is shut out of this incident: name a territory above it.")


def said(via: EnteredVia) -> str:
    """Return who stated a time that came in this way: an event's `source`."""
    return OFFICER if via is EnteredVia.CONSOLE else via.value


def differs(seen: int | None, current: int) -> bool:
    """Say whether the version seen is not the current one; None sees any."""
    return seen is not None and seen != current


async def conflict(connection: Connection, row: store.Record, what: str) -> VersionConflict:
    """Return the refusal that names who changed `what`, when and how."""
    by = await store.who(connection, row["updated_by"])
    return VersionConflict(
        f"{what} was changed by {by} at {iso(row['updated_at'])}: look again, then decide.",
        by=by,
        at=iso(row["updated_at"]),
        what=await store.last_act(connection, row["id"]),
        current_version=row["version"],
    )


async def corrected_ordinal(connection: Connection, incident_id: UUID, command: commands.CorrectStage) -> int | None:
    """Return which sending of the unit is corrected, None for the current one.

    Raises InvalidInput unless the corrected number is a report of that stage of that unit in this incident.
    """
    found = await connection.fetchrow(
        "SELECT (payload ->> 'ordinal')::int AS ordinal FROM events WHERE seq = $1 AND aggregate_id = $2 AND type = ANY($3::text[]) "
        "AND (type = ANY($4::text[]) OR payload ->> 'unit_id' = $5 AND coalesce(payload ->> 'stage', $6) = $7)",
        command.corrects_seq,
        incident_id,
        [
            IncidentEvent.UNIT_ASSIGNED.value,
            IncidentEvent.STAGE_REACHED.value,
            IncidentEvent.STAGE_CORRECTED.value,
            *_MANY_STAGES,
        ],
        _MANY_STAGES,
        str(command.unit_id),
        Stage.ASSIGNED.value,  # a sending is the report of that stage and does not name it
        command.stage.value,
    )
    if found is None:
        raise InvalidInput("There is no such report of this unit in this incident.", field="corrects_seq")
    ordinal: int | None = found["ordinal"]
    return ordinal


def event(
    act: Act,
    type_: IncidentEvent,
    aggregate_id: UUID,
    territory_id: int,
    at: datetime,
    payload: JSON,
    *,
    source: str = OFFICER,
    precision: Precision = Precision.SECOND,
) -> Event:
    """Return an event of this act. `at` is the stated time, `source` who stated it."""
    return Event(
        type=type_.value,
        aggregate_id=aggregate_id,
        territory_id=territory_id,
        actor_id=act.actor.id,
        occurred_at=at,
        occurred_source=source,
        occurred_precision=precision.value,
        payload=payload,
        request_id=act.request.request_id,
    )


def moved_from(event_: Event, territory_id: int) -> Event:
    """Return the event with the territory the aggregate came from, when it moved."""
    return event_ if event_.territory_id == territory_id else replace(event_, from_territory_id=territory_id)
