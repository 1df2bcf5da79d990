"""Unfinished calls: each field is kept for its own account only, sealed, until the incident is opened or a day is over."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.support.centre import RunningCentre
from tests.support.desk import call_body, open_incident
from tests.support.land import Land
from tests.support.people import Person

from markaz.core.permissions import Grant, Role
from markaz.programmes.incidents.calls import drafts

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def taker_of(centre: RunningCentre) -> Person:
    return await centre.newcomer(Grant(Role.CALL_TAKER, Land.WEST))


async def save(person: Person, draft_id: str, **fields: str | None) -> int:
    return (await person.send("PUT", f"/api/call-drafts/{draft_id}", {"fields": fields})).status_code


async def own(person: Person) -> list[dict[str, Any]]:
    return list((await person.get("/api/call-drafts")).json()["items"])


async def keys(centre: RunningCentre) -> int:
    return int((await centre.rows("SELECT count(*) FROM keys.sealed_keys"))[0]["count"])


async def test_the_last_write_of_each_field_stands_and_makes_no_event(shared_centre: RunningCentre) -> None:
    taker, draft_id = await taker_of(shared_centre), str(uuid4())
    before = await shared_centre.seq()
    assert await save(taker, draft_id, category="fire", caller_name="Somebody") == 200
    assert await save(taker, draft_id, note="smoke") == 200
    assert await save(taker, draft_id, note="much smoke", caller_name=None) == 200
    [draft] = await own(taker)
    assert (draft["id"], draft["fields"]) == (draft_id, {"category": "fire", "note": "much smoke"})
    assert await shared_centre.seq() == before


async def test_nothing_of_a_draft_is_kept_in_clear(shared_centre: RunningCentre) -> None:
    taker = await taker_of(shared_centre)
    await save(taker, str(uuid4()), caller_name="Canary Draft")
    for table in ("call_drafts", "sealed_fields", "sealed_search", "idempotency", "audit_entries", "events"):
        rows = await shared_centre.rows(f"SELECT t::text AS row FROM {table} t")
        assert not [row for row in rows if "Canary Draft" in row["row"] or b"Canary Draft".hex() in row["row"]], table


async def test_nobody_reads_writes_or_drops_anothers_draft(shared_centre: RunningCentre) -> None:
    mine, other = await taker_of(shared_centre), await taker_of(shared_centre)
    draft_id = str(uuid4())
    await save(mine, draft_id, note="mine")
    assert await own(other) == []
    assert await save(other, draft_id, note="theirs") == 404
    assert (await other.send("DELETE", f"/api/call-drafts/{draft_id}")).status_code == 204
    assert (await other.post("/api/incidents", call_body(draft_id=draft_id))).status_code == 201
    assert [d["fields"] for d in await own(mine)] == [{"note": "mine"}]


async def test_opening_the_incident_or_joining_one_takes_the_draft_and_its_key(shared_centre: RunningCentre) -> None:
    taker = await taker_of(shared_centre)
    first, second = str(uuid4()), str(uuid4())
    incident = await open_incident(taker)
    held = await keys(shared_centre)
    await save(taker, first, note="a fire")
    await save(taker, second, note="the same fire")
    assert await keys(shared_centre) == held + 2
    assert (await taker.post("/api/incidents", call_body(draft_id=first, priority="3"))).status_code == 201
    joined = await taker.post(f"/api/incidents/{incident['id']}/calls", {"channel": "phone", "draft_id": second})
    assert joined.status_code == 201
    assert (await own(taker), await keys(shared_centre)) == ([], held)


async def test_a_field_saved_too_late_does_not_bring_an_ended_call_back(shared_centre: RunningCentre) -> None:
    taker, other = await taker_of(shared_centre), await taker_of(shared_centre)
    kept, never_kept, thrown_away = str(uuid4()), str(uuid4()), str(uuid4())
    for draft_id in (kept, thrown_away):
        await save(taker, draft_id, note="a fire")
    for draft_id in (kept, never_kept):
        assert (await taker.post("/api/incidents", call_body(draft_id=draft_id))).status_code == 201
    assert (await taker.send("DELETE", f"/api/call-drafts/{thrown_away}")).status_code == 204
    held = await keys(shared_centre)
    for draft_id in (kept, never_kept, thrown_away):
        assert [await save(person, draft_id, note="a fire there") for person in (taker, other)] == [404, 404]
    assert (await own(taker), await own(other), await keys(shared_centre)) == ([], [], held)
    assert await save(taker, str(uuid4()), note="the next call") == 200
    ended = "SELECT count(*) FROM call_drafts WHERE account_id = $1 AND sealed_id IS NULL"
    assert (await shared_centre.rows(ended, taker.id))[0]["count"] == 3
    async with shared_centre.centre.database.transaction() as connection:
        await drafts.forget_old(connection, shared_centre.centre.clock.now() + timedelta(hours=25))
    assert (await shared_centre.rows(ended, taker.id))[0]["count"] == 0


async def test_a_refused_call_leaves_its_draft(shared_centre: RunningCentre) -> None:
    taker, draft_id = await taker_of(shared_centre), str(uuid4())
    await save(taker, draft_id, note="a fire")
    assert (await taker.post("/api/incidents", call_body(draft_id=draft_id, territory_id=9_999))).status_code == 403
    assert [d["id"] for d in await own(taker)] == [draft_id]


async def test_a_sixth_call_at_once_is_refused_and_the_five_stay(shared_centre: RunningCentre) -> None:
    taker = await taker_of(shared_centre)
    answers = await asyncio.gather(*(save(taker, str(uuid4()), note=str(n)) for n in range(8)))
    assert sorted(answers) == [200] * 5 + [409] * 3
    assert len(await own(taker)) == 5


async def test_a_draft_that_holds_too_much_is_refused(shared_centre: RunningCentre) -> None:
    taker, draft_id = await taker_of(shared_centre), str(uuid4())
    assert await save(taker, draft_id, note="x" * 4_001) == 422
    for name in ("a", "b", "c", "d"):
        assert await save(taker, draft_id, **{name: "x" * 4_000}) == 200
    assert await save(taker, draft_id, e="x" * 4_000) == 422
    assert await save(taker, draft_id, **{"No Field": "x"}) == 422
    assert await save(taker, draft_id) == 422


async def test_a_draft_is_destroyed_a_day_after_it_was_last_saved(shared_centre: RunningCentre) -> None:
    taker = await taker_of(shared_centre)
    held = await keys(shared_centre)
    await save(taker, str(uuid4()), note="a fire")
    now = shared_centre.centre.clock.now()
    for later in (timedelta(hours=23), timedelta(hours=25)):
        async with shared_centre.centre.database.transaction() as connection:
            gone = await drafts.forget_old(connection, now + later)
        assert (gone > 0) == (later > drafts.LIFE)
    assert await own(taker) == []
    assert await keys(shared_centre) < held + 1


async def test_what_is_learnt_of_the_caller_later_stands_on_the_card_and_adds_its_caution(
    shared_centre: RunningCentre,
) -> None:
    officer = await shared_centre.person(Role.DUTY_OFFICER, Land.WEST)
    incident = await open_incident(officer, caller={"phone": "+998 90 111"}, safe_contact=["no_text"])
    path = f"/api/incidents/{incident['id']}/caller"
    added = await officer.post(path, {"caller": {"name": "Somebody"}, "address": "flat 9", "safe_contact": ["no_call"]})
    assert (added.status_code, added.json()["version"]) == (201, 2)
    silent = await officer.post(path, {"covert": True})
    assert silent.status_code == 201
    assert (await officer.post(path, {})).status_code == 422
    card = (await officer.get(f"/api/incidents/{incident['id']}")).json()
    told = {name: text for name, text in card["sealed"].items() if name != "safe_contact"}
    assert told == {
        "caller_phone": "+998 90 111",
        "caller_name": "Somebody",
        "address": "flat 9",
        "erased": False,
        "restricted": False,
    }
    assert (card["incident"]["safe_contact"], card["incident"]["covert"]) == (["no_call", "no_text"], True)
    entries = (await officer.get(f"/api/incidents/{incident['id']}/timeline")).json()["entries"]
    assert entries[1]["detail"]["told"] == ["address", "caller_name"]
