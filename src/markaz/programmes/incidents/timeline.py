"""The timeline of an incident: what was reported, when it is said to have happened, when it was recorded, by whom.

Pure. A correction stands beside what it corrects, which stays, marked; nothing is left out. A finished sending that was
struck out is marked with all its stages and their corrections.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from markaz.contracts.incidents import EnteredVia, IncidentEvent
from markaz.core.events import Recorded
from markaz.kit.clock import iso

_DETAIL = (
    "unit_id", "call_sign", "ordinal", "stage", "at", "was", "changes", "outcome", "note_id", "flags", "erased",
    "call_id", "channel", "calls", "entered_via", "told", "category", "priority",
    "withdrawn", "held", "backup", "because", "is_finished", "why", "told_of", "stages",
    "report_number", "outcome_reason", "into_number", "other_number", "number", "kind", "role", "party_id", "vehicle_id",
    "attachment_id", "moved", "ground", "split_from",
)  # fmt: skip

# An officer who types while listening is done within this; radio reports written down first and paper are not.
LATE_ENTRY = timedelta(minutes=5)
_SAID = frozenset({"officer", *(via.value for via in EnteredVia)})
_ENTERED = frozenset(
    {
        IncidentEvent.OPENED,
        IncidentEvent.UNIT_ASSIGNED,
        IncidentEvent.STAGE_REACHED,
        IncidentEvent.NOTE_ADDED,
        IncidentEvent.CLOSED,
    }
)
_OF_SENDING = frozenset({IncidentEvent.UNIT_ASSIGNED, IncidentEvent.STAGE_REACHED, IncidentEvent.STAGE_CORRECTED})
_MANY_STAGES = frozenset({IncidentEvent.IMPORTED, IncidentEvent.ABSORBED})


def entries_of(
    recorded: Sequence[Recorded],
    corrections: Sequence[Recorded],
    names: Mapping[UUID, str],
    reasons: Mapping[UUID, Mapping[str, str] | None],
) -> list[dict[str, Any]]:
    """Return the entries of `recorded`, oldest record first.

    `corrections` are all of the incident's, also those outside `recorded`; `reasons` holds what the reader may open,
    None means erased.
    """
    direct = {r.event.payload["corrects"]: r for r in corrections}
    struck = {_sending(r): r for r in corrections if r.event.type == IncidentEvent.SENDING_STRUCK}
    entries: list[dict[str, Any]] = []
    for one in recorded:
        by = _correction_of(one, direct, struck)
        base = {
            "seq": one.seq,
            "type": one.event.type,
            "actor": {"id": str(one.event.actor_id), "name": names.get(one.event.actor_id, "centre")},
            "recorded_at": iso(one.recorded_at),
            "corrected_by": None if by is None else by.seq,
            "corrects": one.event.payload.get("corrects"),
            "void": by is not None and by.event.payload.get("at") is None,
            "late": _is_late(one),
            "reason": _reason(one, reasons),
        }
        entries.extend(base | detail for detail in _details(one))
    return entries


def _correction_of(
    one: Recorded, direct: Mapping[int, Recorded], struck: Mapping[tuple[Any, Any], Recorded]
) -> Recorded | None:
    """Return what struck the whole sending that this entry tells of, else the correction that names it.

    An import holds many stages, so it is never struck as a whole.
    """
    if one.event.type in _MANY_STAGES:
        return None
    whole = struck.get(_sending(one)) if one.event.type in _OF_SENDING else None
    return whole or direct.get(one.seq)


def _sending(one: Recorded) -> tuple[Any, Any]:
    return one.event.payload.get("unit_id"), one.event.payload.get("ordinal")


def _is_late(one: Recorded) -> bool:
    """Say whether an officer entered this long after its stated time. Another system's times are its own."""
    is_said = (
        one.event.occurred_source in _SAID and one.event.type in _ENTERED and "split_from" not in one.event.payload
    )
    return is_said and one.recorded_at - one.event.occurred_at > LATE_ENTRY


def _details(one: Recorded) -> list[dict[str, Any]]:
    event = one.event
    occurred = {"at": iso(event.occurred_at), "precision": event.occurred_precision, "source": event.occurred_source}
    detail = {name: event.payload[name] for name in _DETAIL if name in event.payload}
    if event.type == IncidentEvent.OPENED:
        view = event.payload["view"]
        detail = {name: view[name] for name in ("number", "category", "priority", "channel", "place", "flags")}
        if "proposed_priority" in event.payload:
            detail["proposed_priority"] = event.payload["proposed_priority"]
        if view.get("entered_via", "console") != "console":
            detail["entered_via"] = view["entered_via"]
        detail |= {name: event.payload[name] for name in ("split_from",) if name in event.payload}
    entries: list[dict[str, Any]] = [{"occurred": occurred, "detail": detail}]
    if event.type in _MANY_STAGES:
        for unit in event.payload.get("units", ()):
            for stage, at in unit["stages"].items():
                stated = {"at": at, "precision": unit.get("precisions", {}).get(stage, "second")}
                entries.append(
                    {
                        "occurred": stated | {"source": event.occurred_source},
                        "detail": {"unit_id": unit["unit_id"], "call_sign": unit["call_sign"], "stage": stage},
                    }
                )
    return entries


def _reason(one: Recorded, reasons: Mapping[UUID, Mapping[str, str] | None]) -> str | None:
    if "reason_id" not in one.event.payload:
        return None
    opened = reasons.get(UUID(one.event.payload["reason_id"]))
    return None if opened is None else opened.get("reason")
