"""What a handover looks like to whoever reads it, and which incidents its texts tell of. Pure."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from markaz.core.access.looking import Opened
from markaz.kit.clock import iso
from markaz.programmes.incidents.briefing import handover as rules

JSON = dict[str, Any]


def name_of(sealed_ids: Sequence[UUID]) -> str:
    """Return a name for a set of sealed texts, by which a page says that it holds them."""
    return hashlib.sha256(b"".join(sorted(id_.bytes for id_ in sealed_ids))).hexdigest()[:32]


def told_of(items: Sequence[Any], opened: Opened) -> set[UUID]:
    """Return the incidents that opened texts tell of: a remark of its own, and others by their number in any text.

    Only incidents of the list are known by number. A number that was meant otherwise counts too: of a look at them a
    person is told rather once too often.
    """
    told = {item["incident_id"] for item in items if item["incident_id"] is not None and opened.get(item["remark_id"])}
    words: set[str] = set()
    for fields in opened.values():
        for text in (fields or {}).values():
            words.update(re.findall(r"\w+", text))
            words.update(word.strip("-/") for word in re.findall(r"[\w/-]+", text))
    return told | {item["incident_id"] for item in items if item["number"] in words}


def incident_view(one: rules.OpenIncident) -> JSON:
    """Return an open incident, coded."""
    return {
        "id": str(one.id),
        "number": one.number,
        "category": one.category,
        "priority": one.priority,
        "territory_id": one.territory_id,
        "received_at": iso(one.received_at),
        "kind": one.kind.value,
        "version": one.version,
        "covert": one.is_covert,
        "safe_contact": list(one.safe_contact),
    }


def handover_view(row: Any) -> JSON:
    """Return a handover without its items."""
    return {
        "id": str(row["id"]),
        "territory_id": row["territory_id"],
        "shift": row["shift"],
        "state": row["state"],
        "from": {"id": str(row["from_account"]), "name": row["from_name"]},
        "to": None if row["to_account"] is None else {"id": str(row["to_account"]), "name": row["to_name"]},
        "signed_out_at": iso(row["signed_out_at"]),
        "signed_in_at": _iso(row["signed_in_at"]),
        "withdrawn_at": _iso(row["withdrawn_at"]),
        "items": row["items"],
        "acknowledged": row["acknowledged"],
    }


def item_view(row: Any, opened: Opened, is_shut: bool) -> JSON:
    """Return an item with those of its texts that were opened; of an incident that is closed to the reader nothing."""
    incident = None
    if row["incident_id"] is not None and not is_shut:
        incident = {
            "id": str(row["incident_id"]),
            "number": row["number"],
            "category": row["category"],
            "priority": row["priority"],
            "territory_id": row["territory_id"],
            "received_at": iso(row["received_at"]),
            "is_open": row["status"] == "open",
            "is_changed": row["version"] != row["incident_version"],
            "covert": row["is_covert"],
            "safe_contact": list(row["safe_contact"]),
        }
    return {
        "id": str(row["id"]),
        "kind": row["kind"],
        "incident": incident,
        "is_shut": is_shut,
        "count": row["count"],
        "since": _iso(row["since"]),
        "text": _text(row["sealed_id"], "text", opened),
        "remark": None if is_shut else _text(row["remark_id"], "remark", opened),
        "is_late": row["is_late"],
        "acknowledged_at": _iso(row["acknowledged_at"]),
    }


def _text(sealed_id: UUID | None, field: str, opened: Opened) -> JSON | None:
    if sealed_id is None or sealed_id not in opened:
        return None
    fields = opened[sealed_id]
    return {"text": None if fields is None else fields.get(field), "erased": fields is None}


def _iso(at: datetime | None) -> str | None:
    return None if at is None else iso(at)
