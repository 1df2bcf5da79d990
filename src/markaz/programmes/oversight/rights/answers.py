"""The answer to "who looked at me?": a document of codes that screen and paper put into words.

Until it is given it is what would be said now; given, it is what was said then, whatever has been delayed or ended since.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson

from markaz.contracts.rights import RightKind
from markaz.core.db.pool import Connection
from markaz.kit.clock import iso
from markaz.kit.ids import plain_id
from markaz.programmes.oversight.ground import LOOKS
from markaz.programmes.oversight.rights import store
from markaz.programmes.oversight.rights.domain import SeenLook, disclosed, folded, offices_of, what_of, why_of

JSON = dict[str, Any]


async def every_look(
    connection: Connection, records: Sequence[store.Record], now: datetime
) -> tuple[list[SeenLook], bool]:
    """Return the looks at the incidents in which a person was found, or at papers that tell of them, and whether all."""
    rows, is_all = await store.every_look(connection, _asked(records, now), now)
    return _seen(rows, records), is_all


async def looks_to_tell(connection: Connection, records: Sequence[store.Record], now: datetime) -> list[SeenLook]:
    """Return those of them that a person is told of now. Raises NotPossibleNow when they are too many."""
    return disclosed(_seen(await store.looks_to_tell(connection, _asked(records, now), now), records))


def _asked(records: Sequence[store.Record], until: datetime) -> store.Asked:
    since = min((row["received_at"] for row in records), default=until)
    return store.Asked(sorted({row["incident_id"] for row in records}), LOOKS, since, until)


def _seen(rows: Iterable[store.Record], records: Iterable[store.Record]) -> list[SeenLook]:
    numbers = {row["incident_id"]: row["incident_number"] for row in records}
    return [
        SeenLook(
            entry_id=row["id"],
            at=row["at"],
            actor_id=None if row["actor_id"] is None else plain_id(row["actor_id"]),
            offices=offices_of(orjson.loads(row["roles"])),
            what=what_of(row["kind"]),
            why=why_of(row["kind"], row["action"], row["purpose_id"] is not None, row["under_glass"]),
            incident_id=plain_id(row["incident_id"]),
            number=numbers[row["incident_id"]],
        )
        for row in rows
    ]


async def document(connection: Connection, row: store.Record, reasons: str | None, now: datetime) -> JSON:
    """Return the answer to a request as it stands, or as it was given. It never says whether something is delayed.

    Raises NotPossibleNow when there is more to tell than an answer holds.
    """
    records = await store.records(connection, row["id"])
    told: list[SeenLook] = []
    if row["kind"] == RightKind.WHO_LOOKED:
        if row["answered_at"] is None:
            told = await looks_to_tell(connection, records, now)
        else:
            asked = _asked(records, row["answered_at"])
            told = disclosed(_seen(await store.looks_given(connection, asked, row["id"]), records))
    return {
        "number": row["number"],
        "kind": row["kind"],
        "territory_id": row["territory_id"],
        "received_at": iso(row["received_at"]),
        "answered_at": None if row["answered_at"] is None else iso(row["answered_at"]),
        "as_of": iso(row["answered_at"] or now),
        "answer": row["answer"],
        "reasons": reasons,
        "incidents": sorted({record["incident_number"] for record in records}),
        "looks": [look_view(look) for look in folded(told)],
    }


def look_view(look: SeenLook) -> JSON:
    """Return a look as a person is told of it: offices, never an officer."""
    return {
        "at": iso(look.at.replace(second=0, microsecond=0)),
        "offices": [{"role": office.role, "territory_id": office.territory_id} for office in look.offices],
        "what": look.what.value,
        "why": look.why.value,
        "incident": look.number,
    }
