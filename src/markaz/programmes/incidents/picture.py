"""How each event of the duty desk changes the picture: the one definition, for the stream and for every console.

Views are the JSON shapes a browser holds (docs/reference/stream.md). They hold no name, phone, address or free text.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from markaz.contracts.incidents import AlarmEvent, IncidentEvent, Stage
from markaz.core.permissions import Permission
from markaz.core.stream.picture import Effect, Op, PictureRule
from markaz.kit.clock import iso

JSON = dict[str, Any]


class Row(Protocol):
    """A database row: values by column name."""

    def __getitem__(self, column: str, /) -> Any:
        """Return the value of a column."""
        ...

    def get(self, column: str, default: Any, /) -> Any:
        """Return the value of a column that a new row need not have yet."""
        ...


def incident_view(row: Row, units: Mapping[str, JSON], party_rules: Iterable[str] = ()) -> JSON:
    """Return the picture of one incident from its row, the views of its current assignments and the rules of its parties.

    `safe_contact` are the incident's own rules, `binding` all that must not be done to somebody of it: codes, nobody named.
    """
    safe_contact = list(row.get("safe_contact", ()))
    return {
        "id": str(row["id"]),
        "number": row["number"],
        "status": row["status"],
        "category": row["category"],
        "priority": row["priority"],
        "channel": row["channel"],
        "territory_id": row["territory_id"],
        "place": None if row["lon"] is None else {"lon": row["lon"], "lat": row["lat"]},
        "received": {"at": iso(row["received_at"]), "precision": precision_of(row["precisions"], "received")},
        "opened_by": str(row["opened_by"]),
        "outcome": row["outcome"],
        "flags": list(row["flags"]),
        "source": row["source"],
        "version": row["version"],
        "owner_id": _text(row.get("owner_id", None)),
        "held": _held(row),
        "place_label": row.get("place_label", None),
        "confidence": row.get("place_confidence", "unknown"),
        "accuracy_m": row.get("place_accuracy_m", None),
        "covert": row.get("is_covert", False),
        "safe_contact": safe_contact,
        "binding": sorted({*safe_contact, *party_rules}),
        "entered_via": row.get("entered_via", "console"),
        "merged_into": _text(row.get("merged_into", None)),
        "calls": row.get("call_count", 1),
        "backup": _backup(row),
        "waits_from": _time(row.get("waits_from", None)),
        "units": dict(units),
    }


def assignment_view(call_sign: str, ordinal: int, stages: Iterable[tuple[Stage, datetime]]) -> JSON:
    """Return the picture of one unit's work for one incident."""
    return {"call_sign": call_sign, "ordinal": ordinal, "stages": {stage.value: iso(at) for stage, at in stages}}


def unit_view(row: Row) -> JSON:
    """Return the picture of one unit from its row."""
    return {
        "id": str(row["id"]),
        "call_sign": row["call_sign"],
        "kind": row["kind"],
        "territory_id": row["territory_id"],
        "status": row["status"],
        "since": iso(row["since"]),
        "incident_id": _text(row["incident_id"]),
        "version": row["version"],
        "skills": list(row.get("skills", ())),
        "crew_size": row.get("crew_size", 0),
        "reason": row.get("status_reason", None),
        "lent": _lent(row),
        "last_word_at": None if row.get("last_word_at", None) is None else iso(row.get("last_word_at", None)),
    }


def _held(row: Row) -> JSON | None:
    until = row.get("held_until", None)
    return None if until is None else {"until": iso(until), "reason": row["held_reason"]}


def _backup(row: Row) -> JSON | None:
    asked_at = row.get("backup_asked_at", None)
    if asked_at is None:
        return None
    return {
        "asked_at": iso(asked_at),
        "by": str(row["backup_by"]),
        "count": row["backup_count"],
        "kind": row["backup_kind"],
    }


def _lent(row: Row) -> JSON | None:
    until = row.get("lent_until", None)
    return None if until is None else {"until": iso(until), "home_territory_id": row["home_territory_id"]}


def _time(at: datetime | None) -> str | None:
    return None if at is None else iso(at)


def _text(id_: Any) -> str | None:
    return None if id_ is None else str(id_)


def precision_of(precisions: Mapping[str, str] | None, name: str) -> str:
    """Return how precisely a time was stated; only what is not to the second is stored."""
    return (precisions or {}).get(name, "second")


# What views hold that events written before migration 0003 do not; so a stream over them ends in the same picture.
_INCIDENT_SINCE: JSON = {
    "owner_id": None,
    "held": None,
    "place_label": None,
    "confidence": "unknown",
    "accuracy_m": None,
    "covert": False,
    "safe_contact": [],
    "entered_via": "console",
    "merged_into": None,
    "calls": 1,
    "backup": None,
    "waits_from": None,
}
_ALARM_SINCE: JSON = {"presses": 1}
_UNIT_SINCE: JSON = {"skills": [], "crew_size": 0, "reason": None, "lent": None, "last_word_at": None}


def _set_view(payload: Mapping[str, Any]) -> Effect:
    view = payload["view"]
    # Events from before `binding` do not say what parties bind to; the next event of the incident does.
    return Op.SET, _INCIDENT_SINCE | {"binding": view.get("safe_contact", [])} | view


def _set_if_open(payload: Mapping[str, Any]) -> Effect:
    return _set_view(payload) if payload["view"]["status"] == "open" else (Op.GONE, None)


def _set_if_told(payload: Mapping[str, Any]) -> Effect:
    # Before `binding` these events changed nothing that the picture shows and carried no view.
    return _set_if_open(payload) if "view" in payload else _version_only(payload)


def _assigned(payload: Mapping[str, Any]) -> Effect:
    if payload.get("is_past"):  # entered late, of before the sending that the picture shows
        return _version_only(payload)
    stages: JSON = {stage.value: None for stage in Stage}  # a unit sent again starts anew: its old stages go
    stages[Stage.ASSIGNED.value] = payload["at"]
    unit = {"call_sign": payload["call_sign"], "ordinal": payload["ordinal"], "stages": stages}
    return Op.PATCH, {"version": payload["version"], "units": {payload["unit_id"]: unit}}


def _stage(payload: Mapping[str, Any]) -> Effect:
    if payload.get("is_past"):
        return _version_only(payload)
    change: JSON = {"stages": {payload["stage"]: payload["at"]}}
    if "call_sign" in payload:  # an importer's first word of a unit may be a later stage
        change |= {"call_sign": payload["call_sign"], "ordinal": payload["ordinal"]}
    return Op.PATCH, {"version": payload["version"], "units": {payload["unit_id"]: change}}


def _stage_corrected(payload: Mapping[str, Any]) -> Effect:
    if payload.get("is_past"):  # of an earlier sending, which no picture shows
        return _version_only(payload)
    if not payload["is_current"]:  # nothing of the assignment is left
        return Op.PATCH, {"version": payload["version"], "units": {payload["unit_id"]: None}}
    return _stage(payload)


def _withdrawn(payload: Mapping[str, Any]) -> Effect:
    return Op.PATCH, {"version": payload["version"], "units": {payload["unit_id"]: None}}


def _version_only(payload: Mapping[str, Any]) -> Effect:
    return Op.PATCH, {"version": payload["version"]}


def _closed(_payload: Mapping[str, Any]) -> Effect:
    return Op.GONE, None


def _set_unit_view(payload: Mapping[str, Any]) -> Effect:
    # A merge patch cannot set null, so the whole view travels; it is small.
    return Op.SET, _UNIT_SINCE | payload["view"]


def _incident(effect: Any) -> PictureRule:
    return PictureRule("incident", Permission.INCIDENT_READ, effect)


def _unit(effect: Any) -> PictureRule:
    return PictureRule("unit", Permission.UNIT_READ, effect)


def _set_whole(payload: Mapping[str, Any]) -> Effect:
    return Op.SET, _ALARM_SINCE | payload["view"]


def _acknowledged(payload: Mapping[str, Any]) -> Effect:
    return Op.PATCH, {"acknowledged": {payload["account_id"]: payload["at"]}}


def _alarm(effect: Any) -> PictureRule:
    return PictureRule("alarm", Permission.ALARM_READ, effect)


# incident.imported/1, incident.erased/1 and incident.dispatch_decided/1 have no rule: history, erasure and what was
# recommended change nothing on the live picture.
RULES: dict[str, PictureRule] = {
    IncidentEvent.OPENED: _incident(_set_view),
    IncidentEvent.UNIT_ASSIGNED: _incident(_assigned),
    IncidentEvent.STAGE_REACHED: _incident(_stage),
    IncidentEvent.STAGE_CORRECTED: _incident(_stage_corrected),
    IncidentEvent.SENDING_STRUCK: _incident(_set_if_open),
    IncidentEvent.CHANGED: _incident(_set_view),
    IncidentEvent.NOTE_ADDED: _incident(_version_only),
    IncidentEvent.CLOSED: _incident(_closed),
    IncidentEvent.FIELD_REPORTED: _incident(_version_only),
    IncidentEvent.UNIT_WITHDRAWN: _incident(_withdrawn),
    IncidentEvent.HELD: _incident(_set_view),
    IncidentEvent.RELEASED: _incident(_set_view),
    IncidentEvent.BACKUP_ASKED: _incident(_set_view),
    IncidentEvent.BACKUP_ENDED: _incident(_set_view),
    IncidentEvent.PARTY_ADDED: _incident(_set_if_told),
    IncidentEvent.PARTY_CORRECTED: _incident(_set_if_told),
    IncidentEvent.VEHICLE_ADDED: _incident(_version_only),
    IncidentEvent.VEHICLE_CORRECTED: _incident(_version_only),
    IncidentEvent.ATTACHMENT_ADDED: _incident(_version_only),
    IncidentEvent.CONTACT_RULES_SET: _incident(_set_if_open),
    IncidentEvent.LINKED: _incident(_version_only),
    IncidentEvent.MERGED: _incident(_closed),
    IncidentEvent.ABSORBED: _incident(_set_view),
    IncidentEvent.SPLIT: _incident(_set_if_told),
    IncidentEvent.REOPENED: _incident(_set_view),
    IncidentEvent.SHUT_OUT: _incident(_set_if_open),
    IncidentEvent.UNIT_REGISTERED: _unit(_set_unit_view),
    IncidentEvent.UNIT_STATUS: _unit(_set_unit_view),
    IncidentEvent.CALL_ADDED: _incident(_set_view),
    IncidentEvent.UNIT_LOGGED_ON: _unit(_set_unit_view),
    IncidentEvent.UNIT_LOGGED_OFF: _unit(_set_unit_view),
    IncidentEvent.UNIT_LENT: _unit(_set_unit_view),
    IncidentEvent.UNIT_RETURNED: _unit(_set_unit_view),
    IncidentEvent.OWNER_CHANGED: _incident(_set_view),
    IncidentEvent.UNIT_WORD: _unit(_set_unit_view),
    AlarmEvent.RAISED: _alarm(_set_whole),
    AlarmEvent.PRESSED_AGAIN: _alarm(_set_whole),
    AlarmEvent.GLASS_BROKEN: PictureRule("alarm", Permission.GLASS_REVIEW, _set_whole),
    AlarmEvent.ACKNOWLEDGED: _alarm(_acknowledged),
    AlarmEvent.ESCALATED: _alarm(_set_whole),
    AlarmEvent.MOVED: _alarm(_set_whole),
    AlarmEvent.CLEARED: _alarm(_closed),
    IncidentEvent.CALLER_ADDED: _incident(_set_view),
}
