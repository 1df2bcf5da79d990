"""A draft as JSON, for its row and for the form that edits it. It checks nothing: shapes.py does, at the edge."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from markaz.contracts.alerts import (
    Category,
    Certainty,
    ResponseType,
    Severity,
    Status,
    UntranslatedReason,
    Urgency,
)
from markaz.kit.clock import iso
from markaz.kit.geometry import Point
from markaz.programmes.alerts.domain import Circle, Draft, Text

JSON = dict[str, Any]


def to_json(draft: Draft) -> JSON:
    """Return the draft as the API takes it."""
    circle = draft.circle
    return {
        "status": draft.status.value,
        "category": draft.category.value,
        "urgency": draft.urgency.value,
        "severity": draft.severity.value,
        "certainty": draft.certainty.value,
        "response_type": None if draft.response_type is None else draft.response_type.value,
        "effective": _time(draft.effective),
        "onset": _time(draft.onset),
        "expires": _time(draft.expires),
        "untranslated": None if draft.untranslated is None else draft.untranslated.value,
        "texts": {language: asdict(text) for language, text in draft.texts.items()},
        "territory_ids": list(draft.territory_ids),
        "circle": None if circle is None else _place(circle.centre) | {"radius_km": circle.radius_km},
        "polygon": [_place(point) for point in draft.polygon],
    }


def from_json(value: Mapping[str, Any]) -> Draft:
    """Return the draft of a row. Raises KeyError or ValueError when the row is not one of ours."""
    circle, response, untranslated = value["circle"], value["response_type"], value["untranslated"]
    return Draft(
        status=Status(value["status"]),
        category=Category(value["category"]),
        urgency=Urgency(value["urgency"]),
        severity=Severity(value["severity"]),
        certainty=Certainty(value["certainty"]),
        texts={language: Text(**text) for language, text in value["texts"].items()},
        response_type=None if response is None else ResponseType(response),
        effective=_read_time(value["effective"]),
        onset=_read_time(value["onset"]),
        expires=_read_time(value["expires"]),
        untranslated=None if untranslated is None else UntranslatedReason(untranslated),
        territory_ids=tuple(value["territory_ids"]),
        circle=None if circle is None else Circle(_point(circle), circle["radius_km"]),
        polygon=tuple(_point(place) for place in value["polygon"]),
    )


def _time(at: datetime | None) -> str | None:
    return None if at is None else iso(at)


def _read_time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _place(point: Point) -> JSON:
    return {"lon": point.lon_deg, "lat": point.lat_deg}


def _point(place: Mapping[str, Any]) -> Point:
    return Point(place["lon"], place["lat"])
