"""The answer to "who looked at me?": a document of codes that screen and paper put into words.

Until it is given it is what would be said now; given, it is what was said then, whatever has been delayed or ended since.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson

from markaz.contracts.rights import PersonRecords, RightKind, Stay
from markaz.core.db.pool import Connection
from markaz.kit.clock import iso
from markaz.kit.ids import plain_id
from markaz.programmes.oversight.ground import LOOKS
from markaz.programmes.oversight.rights import places_store, store
from markaz.programmes.oversight.rights.domain import SeenLook, disclosed, folded, joined, offices_of, what_of, why_of

JSON = dict[str, Any]


async def places(
    connection: Connection, persons: PersonRecords, row: store.Record, records: Iterable[store.Record]
) -> list[Stay]:
    """Return which incidents held the records of a request "who looked at me?" when, as is known now or was as answered."""
    if row["answered_at"] is not None:
        return await places_store.places(connection, row["id"])
    return await stays(connection, persons, records)


async def stays(connection: Connection, persons: PersonRecords, records: Iterable[store.Record]) -> list[Stay]:
    """Return which incidents held these records when, as is known now."""
    return joined(await persons.stays(connection, [one["sealed_id"] for one in records]))


async def every_look(
    connection: Connection, persons: PersonRecords, records: Sequence[store.Record], now: datetime
) -> tuple[list[SeenLook], bool]:
    """Return the looks at incidents while they held records of a person, or at papers that tell of them; whether all."""
    there = await stays(connection, persons, records)
    rows, is_all = await store.every_look(connection, _asked(there, records, now), now)
    return _seen(rows, there), is_all


async def looks_to_tell(
    connection: Connection, there: Sequence[Stay], records: Sequence[store.Record], until: datetime, now: datetime
) -> list[SeenLook]:
    """Return those of them up to a moment that a person is told of now. Raises NotPossibleNow when they are too many."""
    return disclosed(_seen(await store.looks_to_tell(connection, _asked(there, records, until), now), there))


def _asked(there: Sequence[Stay], records: Iterable[store.Record], until: datetime) -> store.Asked:
    since = min((stay.received_at for stay in there), default=until)
    in_parts = len({row["incident_id"] for row in records}) > 1
    return store.Asked(there, LOOKS, since, until, in_parts)


def _seen(rows: Iterable[store.Record], there: Iterable[Stay]) -> list[SeenLook]:
    numbers = {stay.incident_id: stay.number for stay in there}
    return [
        SeenLook(
            entry_id=row["id"],
            at=row["at"],
            actor_id=None if row["actor_id"] is None else plain_id(row["actor_id"]),
            offices=offices_of(orjson.loads(row["roles"])),
            what=what_of(row["kind"]),
            why=why_of(row["kind"], row["action"], row["purpose_id"] is not None, row["under_glass"]),
            incident_id=plain_id(row["incident_id"]),
            number=numbers[plain_id(row["incident_id"])],
        )
        for row in rows
    ]


async def document(
    connection: Connection, persons: PersonRecords, row: store.Record, reasons: str | None, now: datetime
) -> JSON:
    """Return the answer to a request as it stands, or as it was given. It never says whether something is delayed.

    Raises NotPossibleNow when there is more to tell than an answer holds.
    """
    records = await store.records(connection, row["id"])
    incidents, told = {record["incident_number"] for record in records}, list[SeenLook]()
    if row["kind"] == RightKind.WHO_LOOKED:
        there = await places(connection, persons, row, records)
        incidents = {stay.number for stay in there}
        if row["answered_at"] is None:
            told = await looks_to_tell(connection, there, records, now, now)
        else:
            asked = _asked(there, records, row["answered_at"])
            told = disclosed(_seen(await store.looks_given(connection, asked, row["id"]), there))
    return {
        "number": row["number"],
        "kind": row["kind"],
        "territory_id": row["territory_id"],
        "received_at": iso(row["received_at"]),
        "answered_at": None if row["answered_at"] is None else iso(row["answered_at"]),
        "as_of": iso(row["answered_at"] or now),
        "answer": row["answer"],
        "reasons": reasons,
        "incidents": sorted(incidents),
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
