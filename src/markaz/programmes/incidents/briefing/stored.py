"""The inputs of a summary as JSON and back, and the bytes by which two contents are held against each other. Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import orjson

from markaz.kit.clock import iso
from markaz.programmes.incidents.briefing.domain import Earlier, Inputs

JSON = dict[str, Any]


def to_json(inputs: Inputs) -> JSON:
    """Return inputs JSON-ready; `from_json` gives back equal ones."""
    return {
        "territory_id": inputs.territory_id,
        "day": inputs.day.isoformat(),
        "begins_at": iso(inputs.begins_at),
        "ends_at": iso(inputs.ends_at),
        "counted_to": iso(inputs.counted_to),
        "time_zone": inputs.time_zone,
        "areas": {str(area): sorted(ids) for area, ids in inputs.areas.items()},
        "rest": sorted(inputs.rest),
        "default_terrain": inputs.default_terrain,
        "terrains": {str(id_): terrain for id_, terrain in inputs.terrains.items()},
        "norms_s": {priority: dict(norms) for priority, norms in inputs.norms_s.items()},
        "earlier": [
            {
                "day": earlier.day.isoformat(),
                "begins_at": iso(earlier.begins_at),
                "ends_at": iso(earlier.ends_at),
                "as_of_seq": earlier.as_of_seq,
            }
            for earlier in inputs.earlier
        ],
        "significant": list(inputs.significant),
        "by_hand": dict(inputs.by_hand),
    }


def from_json(stored: Mapping[str, Any]) -> Inputs:
    """Return the inputs that were stored."""
    return Inputs(
        territory_id=stored["territory_id"],
        day=date.fromisoformat(stored["day"]),
        begins_at=datetime.fromisoformat(stored["begins_at"]),
        ends_at=datetime.fromisoformat(stored["ends_at"]),
        counted_to=datetime.fromisoformat(stored["counted_to"]),
        time_zone=stored["time_zone"],
        areas={int(area): ids for area, ids in stored["areas"].items()},
        rest=stored["rest"],
        default_terrain=stored["default_terrain"],
        terrains={int(id_): terrain for id_, terrain in stored["terrains"].items()},
        norms_s=stored["norms_s"],
        earlier=tuple(
            Earlier(
                date.fromisoformat(one["day"]),
                datetime.fromisoformat(one["begins_at"]),
                datetime.fromisoformat(one["ends_at"]),
                one["as_of_seq"],
            )
            for one in stored["earlier"]
        ),
        significant=tuple(stored["significant"]),
        by_hand=stored["by_hand"],
    )


def canonical(content: Mapping[str, Any]) -> bytes:
    """Return the one byte form of a content: two summaries are the same when these are equal."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
