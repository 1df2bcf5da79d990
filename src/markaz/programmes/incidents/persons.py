"""What oversight asks of the duty desk: whose data an incident holds, found by what a person states of themselves.

Found are callers by their telephone, and callers and parties by the number of the incident and their name. There is no
way from a name alone to an incident. Whoever asks leaves the entry of the look; nothing here decides who may ask.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from markaz.contracts.incidents import IncidentEvent
from markaz.contracts.reviews import Facts, NamedPerson
from markaz.contracts.rights import PersonRecord, Stay
from markaz.core.acts import Act
from markaz.core.db.pool import Connection
from markaz.core.places.fold import tokens
from markaz.core.reach import beyond
from markaz.core.sealing import Sealer, erase
from markaz.kit.ids import plain_id
from markaz.programmes.incidents.acting import event
from markaz.programmes.incidents.stays import HELD, in_incidents, moved_from, of_records
from markaz.programmes.incidents.store import Record

RECORDS_MOST = 500

_COLUMNS = "SELECT DISTINCT r.sealed_id, i.id AS incident_id, i.number, i.territory_id, r.role, i.received_at"
_OF_PHONE = f"""
{_COLUMNS}
FROM sealed_search s
JOIN (SELECT id AS item_id, incident_id, sealed_id, 'caller' AS role FROM calls
      UNION ALL SELECT id, incident_id, sealed_id, 'caller' FROM call_details) r ON r.sealed_id = s.sealed_id
JOIN incidents i ON i.id = r.incident_id
WHERE s.field = 'caller_phone' AND s.keyed_hash = $1 AND (i.territory_id = ANY($2::int[]) OR EXISTS (
    SELECT FROM record_moves m JOIN incidents f ON f.id = m.from_id
    WHERE m.item_id = r.item_id AND f.territory_id = ANY($2::int[])))
ORDER BY i.received_at DESC, r.sealed_id LIMIT $3
"""  # noqa: S608 - joins constants of this file
_NUMBERED = "SELECT id FROM incidents WHERE number = $1 AND territory_id = ANY($2::int[])"
_OF_NUMBERED = f"""
{_COLUMNS} FROM {HELD} JOIN incidents i ON i.id = r.incident_id
WHERE r.incident_id = ANY($1::uuid[]) OR r.item_id = ANY($2::uuid[]) ORDER BY i.received_at DESC, r.sealed_id LIMIT $3
"""
_PHOTOS = """
SELECT t.sealed_id, i.id AS incident_id, i.number, i.territory_id, 'photo' AS role, t.at AS received_at
FROM attachments t JOIN incidents i ON i.id = t.incident_id WHERE i.id = ANY($1::uuid[])
ORDER BY t.at DESC, t.sealed_id LIMIT $2
"""


class Persons:
    """Finds, compares and erases what incidents hold of persons."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def facts(self, connection: Connection, record_ids: Iterable[UUID]) -> Mapping[UUID, Facts]:
        """Return the facts of those records that are incidents."""
        rows = await connection.fetch(
            "SELECT id, category, priority, status, received_at, territory_id FROM incidents WHERE id = ANY($1::uuid[])",
            list(record_ids),
        )
        return {
            row["id"]: Facts(row["category"], row["priority"], row["status"], row["received_at"], row["territory_id"])
            for row in rows
        }

    async def people(self, connection: Connection, record_ids: Iterable[UUID]) -> Mapping[UUID, Sequence[NamedPerson]]:
        """Return the persons whom incidents name, or named until they were moved to another, opened to be compared."""
        spans = await in_incidents(connection, set(record_ids))
        opened = await self._sealer.read(connection, {span.sealed_id for span in spans}, even_restricted=True)
        people: dict[UUID, list[NamedPerson]] = defaultdict(list)
        for span in spans:
            fields = opened[span.sealed_id]
            if fields:
                one = NamedPerson(_name(fields), fields.get("address", ""), span.since, span.until)
                people[span.incident_id].append(one)
        return people

    async def of_phone(self, connection: Connection, phone: str, territory_ids: Iterable[int]) -> list[PersonRecord]:
        """Return the records of callers with this telephone number, the newest first, up to five hundred.

        Among them is what an incident of these territories held before it was moved to one elsewhere.
        """
        keyed_hash = self._sealer.keyed_hash("caller_phone", phone)
        async with beyond(connection, "a person asks for what is known of them, wherever it was moved"):
            rows = await connection.fetch(_OF_PHONE, keyed_hash, list(territory_ids), RECORDS_MOST)
        return [_record(row) for row in rows]

    async def of_name(
        self, connection: Connection, number: str, name: str, territory_ids: Iterable[int]
    ) -> list[PersonRecord]:
        """Return the records that the incident of that number holds or held, and in which this name stands, in any script
        and order."""
        async with beyond(connection, "a person asks for what is known of them, wherever it was moved"):
            asked_of = [row["id"] for row in await connection.fetch(_NUMBERED, number, list(territory_ids))]
            moved = await moved_from(connection, asked_of)
            rows = await connection.fetch(_OF_NUMBERED, asked_of, moved, RECORDS_MOST)
            opened = await self._sealer.read(connection, {row["sealed_id"] for row in rows}, even_restricted=True)
        asked = frozenset(tokens(name))
        return [
            _record(row) for row in rows if asked and asked == frozenset(tokens(_name(opened[row["sealed_id"]] or {})))
        ]

    async def stays(self, connection: Connection, sealed_ids: Iterable[UUID]) -> list[Stay]:
        """Return which incidents held these records when, wherever these are."""
        async with beyond(connection, "a person is told of looks wherever their record stood"):
            return await of_records(connection, sealed_ids)

    async def photos(self, connection: Connection, incident_ids: Iterable[UUID]) -> list[PersonRecord]:
        """Return the photos of these incidents, the newest first, up to five hundred."""
        rows = await connection.fetch(_PHOTOS, list(incident_ids), RECORDS_MOST)
        return [_record(row) for row in rows]

    async def erase(self, act: Act, records: Sequence[PersonRecord]) -> int:
        """Destroy the keys of these records, with one event for each incident."""
        done: dict[UUID, list[PersonRecord]] = defaultdict(list)
        for record in records:
            if await erase(act.connection, record.sealed_id, act.actor.id):
                done[record.incident_id].append(record)
        for incident_id, erased in done.items():
            payload = {"erased": [str(record.sealed_id) for record in erased]}
            territory_id = erased[0].territory_id
            act.events.append(event(act, IncidentEvent.ERASED, incident_id, territory_id, act.now, payload))
        return sum(len(erased) for erased in done.values())


def _name(fields: Mapping[str, str]) -> str:
    return fields.get("caller_name") or fields.get("name") or ""


def _record(row: Record) -> PersonRecord:
    return PersonRecord(
        sealed_id=plain_id(row["sealed_id"]),
        incident_id=plain_id(row["incident_id"]),
        number=row["number"],
        territory_id=row["territory_id"],
        role=row["role"],
        received_at=row["received_at"],
    )
