"""What an officer did last and may take back by a correcting event. A read: taking back is the ordinary command.

A sending is withdrawn, a stage corrected to "did not happen", a hold released; the log keeps both. What others have
built on since, or what is older than a quarter of an hour, is not offered: then one corrects on purpose.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from markaz.contracts.incidents import IncidentEvent
from markaz.core.permissions import Actor, Permission, holds
from markaz.kit.clock import iso
from markaz.programmes.incidents.acting import Spine
from markaz.programmes.incidents.dispatch import store
from markaz.programmes.incidents.dispatch.domain import DIVERTIBLE
from markaz.programmes.incidents.store import Record

JSON = dict[str, Any]
OFFERED_FOR = timedelta(minutes=15)
TYPES = (IncidentEvent.UNIT_ASSIGNED, IncidentEvent.STAGE_REACHED, IncidentEvent.HELD)


class Undoing:
    """Finds the last act of an officer that can be taken back."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def last(self, actor: Actor) -> JSON:
        """Return {"act": ...} of the newest own act that still stands, or {"act": None}."""
        since = self._spine.clock.now() - OFFERED_FOR
        async with self._spine.database.snapshot() as connection:
            rows = await store.own_acts(connection, actor.id, [type_.value for type_ in TYPES], since)
        tree = self._spine.territories()
        for row in rows:
            if holds(actor, Permission.INCIDENT_DISPATCH, row["territory_id"], tree):
                found = _act(row, rows)
                if found is not None:
                    return {"act": found}
        return {"act": None}


def _act(row: Record, rows: list[Record]) -> JSON | None:
    """Return what taking this act back means, None when it does not stand any more."""
    base: JSON = {
        "seq": row["seq"],
        "incident_id": str(row["aggregate_id"]),
        "number": row["number"],
        "version": row["version"],
        "at": iso(row["recorded_at"]),
    }
    payload = orjson.loads(row["payload"])
    if payload.get("is_finished"):  # entered from paper at leisure: corrected on purpose, not by a last key
        return None
    match IncidentEvent(row["type"]):
        case IncidentEvent.UNIT_ASSIGNED:
            same = [r for r in rows if _is_same_sending(r, row) and _is_withdrawable(r)]
            units = [{"unit_id": str(r["unit_id"]), "call_sign": r["call_sign"]} for r in same]
            return base | {"kind": "sending", "units": units} if units else None
        case IncidentEvent.STAGE_REACHED:
            if not row["is_current"] or row["last_stage"] != payload["stage"]:
                return None
            unit = {"unit_id": str(row["unit_id"]), "call_sign": row["call_sign"]}
            return base | {"kind": "stage", "stage": payload["stage"], "units": [unit]}
        case IncidentEvent.HELD:
            is_held = row["held_until"] is not None and iso(row["held_until"]) == payload["held"]["until"]
            return base | {"kind": "hold", "units": []} if is_held else None
        case _:
            return None


def _is_same_sending(one: Record, other: Record) -> bool:
    same: tuple[UUID, str | None] = (other["aggregate_id"], other["request_id"])
    return one["type"] == IncidentEvent.UNIT_ASSIGNED and (one["aggregate_id"], one["request_id"]) == same


def _is_withdrawable(row: Record) -> bool:
    return bool(row["is_current"]) and row["unit_incident_id"] == row["aggregate_id"] and row["status"] in DIVERTIBLE
