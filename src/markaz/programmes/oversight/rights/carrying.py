"""Carries out what a request was granted: tells, erases, restricts, or orders a correction, in the act of the answer."""

from collections.abc import Sequence
from uuid import UUID

from markaz.contracts.rights import PHOTO, PersonRecord, RightEvent, RightKind, Stay
from markaz.core.access.asking import require_erasure
from markaz.core.acts import Act, entry_of
from markaz.core.errors import InvalidInput
from markaz.core.log.entry import EntryKind
from markaz.core.tasks import NewTask, open_task
from markaz.kit.ids import plain_id, uuid7
from markaz.programmes.oversight.ground import Ground, event
from markaz.programmes.oversight.rights import store
from markaz.programmes.oversight.rights.answers import looks_to_tell
from markaz.programmes.oversight.rights.domain import clocks


def chosen(kind: RightKind, records: Sequence[store.Record], sealed_ids: Sequence[UUID] | None) -> list[store.Record]:
    """Return the records an answer is about; unless they are named, an erasure takes no photos.

    Raises InvalidInput when there is none, or one of another request.
    """
    whole = [row for row in records if kind is not RightKind.ERASURE or row["role"] != PHOTO]
    wanted = {row["sealed_id"] for row in whole} if sealed_ids is None else set(sealed_ids)
    found = [row for row in records if row["sealed_id"] in wanted]
    if not found or len(found) != len(wanted):
        raise InvalidInput("Choose among the records that were found for this request.", field="records")
    return found


async def tell(act: Act, ground: Ground, row: store.Record, there: Sequence[Stay]) -> int:
    """Keep which looks the person is told of, all but those delayed now, and return how many."""
    await store.lock_delays(act.connection)  # a look is told or delayed, never both
    now = ground.clock.now()  # a delay that was set while this waited began after the act did
    records = await store.records(act.connection, row["id"])
    told = [look.entry_id for look in await looks_to_tell(act.connection, there, records, act.now, now)]
    await store.insert_told(act.connection, row["id"], told)
    for incident_id, territory_id in {one["incident_id"]: one["territory_id"] for one in records}.items():
        act.entries.append(
            entry_of(
                act.request, EntryKind.DISCLOSURE, "right.disclosed", "incident", incident_id, row["number"],
                territory_id=territory_id,
            )
        )  # fmt: skip
    return len(told)


async def erase(act: Act, ground: Ground, row: store.Record, records: Sequence[store.Record]) -> int:
    """Destroy the keys of the person's records, with one entry of the deletion for each incident."""
    persons = [
        PersonRecord(
            plain_id(one["sealed_id"]),
            plain_id(one["incident_id"]),
            one["incident_number"],
            one["territory_id"],
            one["role"],
            one["received_at"],
        )
        for one in records
    ]
    for one in persons:
        require_erasure(act.actor, one.incident_id, one.territory_id, ground.territories(), act.now)
    done = await ground.persons.erase(act, persons)
    for incident_id, territory_id in {one["incident_id"]: one["territory_id"] for one in records}.items():
        erased = [str(one["sealed_id"]) for one in records if one["incident_id"] == incident_id]
        act.entries.append(
            entry_of(
                act.request, EntryKind.DELETION, "right.erased", "incident", incident_id, row["number"],
                territory_id=territory_id, details={"erased": erased},
            )
        )  # fmt: skip
    return done


async def restrict(act: Act, row: store.Record, records: Sequence[store.Record]) -> int:
    """Forbid every further look at the person's records, whoever asks, until this and every other restriction of them is lifted."""
    done = 0
    for one in records:
        done += await store.restrict(act.connection, uuid7(), one["sealed_id"], row["id"], act.now)
    for incident_id, territory_id in {one["incident_id"]: one["territory_id"] for one in records}.items():
        act.entries.append(
            entry_of(
                act.request, EntryKind.RIGHT_REQUEST, "right.restricted", "incident", incident_id, row["number"],
                territory_id=territory_id,
            )
        )  # fmt: skip
    payload: dict[str, object] = {"number": row["number"], "records": done}
    act.events.append(event(act, RightEvent.RESTRICTED, row["id"], row["territory_id"], payload))
    return done


async def order_correction(act: Act, row: store.Record, records: Sequence[store.Record]) -> int:
    """Give the desk of each incident the task to correct: only it may write there, and the first entry stays readable."""
    incidents = {one["incident_id"]: one["territory_id"] for one in records}
    for incident_id, territory_id in incidents.items():
        task = NewTask(
            "right_correction_ordered", "incident", incident_id, territory_id, clocks()["correction_ordered"]
        )
        await store.insert_correction(act.connection, await open_task(act, task), row["id"])
        act.entries.append(
            entry_of(
                act.request, EntryKind.CORRECTION, "right.correction_ordered", "incident", incident_id, row["number"],
                territory_id=territory_id,
            )
        )  # fmt: skip
    return len(incidents)
