"""Delays of disclosure against those who set them: never years at once, never one's own look, never what was told."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from tests.integration.test_rights import answer, office, read
from tests.support.centre import RunningCentre
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.oversight import delayed, near_its_end, seen_request, taken
from tests.support.people import Person

from markaz.core.permissions import Grant, Role
from markaz.kit.clock import FakeClock
from markaz.kit.ids import uuid7

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
YEAR = {"ground": "inquiry", "months": 12}


async def new(centre: RunningCentre, role: Role) -> Person:
    """Return somebody new in this office: sessions end while a test lets months pass."""
    return await centre.newcomer(Grant(role, Land.ROOT))


async def renewed(person: Person, delay_id: str, **changes: Any) -> Any:
    return await person.post(f"/api/oversight/delays/{delay_id}/renewal", YEAR | changes)


async def standing(centre: RunningCentre) -> list[str]:
    rows = await centre.rows("SELECT id FROM disclosure_delays WHERE ended_at IS NULL ORDER BY begins_at")
    return [str(row["id"]) for row in rows]


async def test_a_delay_is_renewed_in_its_last_thirty_days_only_and_never_two_ahead(
    open_centre_with: OpenCentre,
) -> None:
    clock = FakeClock(START)
    centre = await open_centre_with(clock)
    delay = (await delayed(centre))["delay_id"]  # six months: to the second of September
    ends_at = datetime(2026, 9, 2, 8, tzinfo=UTC)
    for moment in (START, ends_at - timedelta(days=30, seconds=1)):
        clock.advance(moment - clock.now())
        early = await renewed(await new(centre, Role.APPEAL_BODY), delay)
        assert (early.status_code, early.json()["details"]["reason"]) == (409, "delay_too_early"), early.text
    assert early.json()["details"]["renewable_from"] == "2026-08-03T08:00:00Z"
    clock.advance(timedelta(seconds=1))
    appeal, other = await new(centre, Role.APPEAL_BODY), await new(centre, Role.APPEAL_BODY)
    listed = (await appeal.get("/api/oversight/delays/running")).json()["items"]
    assert [(one["renewable_from"], one["is_renewable"]) for one in listed] == [("2026-08-03T08:00:00Z", True)]
    first = await renewed(appeal, delay)
    assert (first.status_code, first.json()["ends_at"]) == (201, "2027-09-02T08:00:00Z")
    ahead = await renewed(other, first.json()["id"])
    assert (ahead.status_code, ahead.json()["details"]["reason"]) == (409, "delay_too_early")
    assert len(await standing(centre)) == 2


async def test_a_renewal_of_a_short_month_is_not_renewed_before_it_begins(open_centre_with: OpenCentre) -> None:
    """A renewal over February has 28 days: its last thirty begin while the delay before it still is in force."""
    clock = FakeClock(START)
    centre = await open_centre_with(clock)
    delay = (await delayed(centre))["delay_id"]
    five_months = datetime(2027, 2, 2, 8, tzinfo=UTC)
    await centre.as_owner("UPDATE disclosure_delays SET ends_at = $1", five_months)
    clock.advance(five_months - timedelta(hours=2) - START)
    appeal, other = await new(centre, Role.APPEAL_BODY), await new(centre, Role.APPEAL_BODY)
    short = await renewed(appeal, delay, months=1)
    assert (short.status_code, short.json()["ends_at"]) == (201, "2027-03-02T08:00:00Z")
    assert (await renewed(other, short.json()["id"])).json()["details"]["reason"] == "delay_too_early"
    clock.advance(timedelta(hours=2))
    assert (await renewed(other, short.json()["id"])).status_code == 201


async def chain_of(centre: RunningCentre, delay_id: str, length: int) -> list[str]:
    """Put renewals of a year each after a delay, as a centre may hold them from before. Returns all ids."""
    ids = [delay_id]
    for _ in range(length):
        ids.append(str(uuid7()))
        await centre.as_owner(
            "INSERT INTO disclosure_delays (id, territory_id, ground, begins_at, ends_at, set_by, renews) "
            "SELECT $2, territory_id, ground, ends_at, ends_at + interval '12 months', set_by, id "
            "FROM disclosure_delays WHERE id = $1",
            UUID(ids[-2]),
            UUID(ids[-1]),
        )
        await centre.as_owner(
            "INSERT INTO delayed_looks SELECT $2, entry_id FROM delayed_looks WHERE delay_id = $1",
            UUID(ids[-2]),
            UUID(ids[-1]),
        )
    return ids


@pytest.mark.parametrize("named", [0, 2], ids=["in_force", "not_begun"])
async def test_ending_one_delay_ends_its_whole_chain_of_renewals(open_centre_with: OpenCentre, named: int) -> None:
    clock = FakeClock(START)
    centre = await open_centre_with(clock)
    delay = await delayed(centre)
    ids = await chain_of(centre, delay["delay_id"], 4)
    officer = await new(centre, Role.DATA_PROTECTION_OFFICER)
    assert (await officer.post(f"/api/oversight/delays/{ids[named]}/end")).status_code == 200
    assert await standing(centre) == []
    waiting = (await officer.get("/api/oversight/requests")).json()["to_tell"]
    assert [one["delay_id"] for one in waiting] == [ids[named]], "whoever asked is told once"
    entries = await centre.rows("SELECT record_id FROM audit_entries WHERE action = 'right.delay_ended'")
    assert sorted(str(row["record_id"]) for row in entries) == sorted(ids)
    assert (await officer.post(f"/api/oversight/delays/{ids[-1]}/end")).status_code == 409
    clock.advance(timedelta(days=2000))
    quarters = (await centre.nobody.get("/api/oversight/delays")).json()["quarters"]
    assert quarters == [{"quarter": "2026-Q1", "set": 1, "renewed": 0, "ended": 1}], "no renewal that never began"
    clock.advance(timedelta(days=-2000))
    officer = await new(centre, Role.DATA_PROTECTION_OFFICER)
    for _ in range(2):
        asked = await taken(officer, phone=delay["request"]["phone"])
        told = await read(officer, asked, "/answer")
        assert "work" in {look["why"] for look in told["looks"]}
        clock.advance(timedelta(days=800))  # into what a renewal would have covered
        officer = await new(centre, Role.DATA_PROTECTION_OFFICER)


async def test_a_delay_whose_renewal_has_ended_does_not_go_on(open_centre_with: OpenCentre) -> None:
    clock = FakeClock(START)
    centre = await open_centre_with(clock)
    delay = (await delayed(centre))["delay_id"]
    await chain_of(centre, delay, 1)
    await centre.as_owner("UPDATE disclosure_delays SET ended_at = now() WHERE renews IS NOT NULL")
    clock.advance(timedelta(days=190))
    await centre.centre.oversight.delays.end_due()
    officer = await new(centre, Role.DATA_PROTECTION_OFFICER)
    waiting = (await officer.get("/api/oversight/requests")).json()["to_tell"]
    assert [one["delay_id"] for one in waiting] == [delay]


async def entry_of_own_look(centre: RunningCentre, officer: Person) -> int:
    rows = await centre.rows(
        "SELECT max(id) AS id FROM audit_entries WHERE actor_id = $1 AND action = 'right.found'", officer.id
    )
    return int(rows[0]["id"])


async def test_nobody_delays_a_look_of_their_own(centre: RunningCentre) -> None:
    request = await seen_request(centre)
    officer, colleague = await office(centre), await new(centre, Role.DATA_PROTECTION_OFFICER)
    own = await entry_of_own_look(centre, officer)
    for entries in ([own], [request["entry_id"], own]):
        refused = await officer.post("/api/oversight/delays", YEAR | {"entries": entries})
        assert (refused.status_code, refused.json()["details"]["rule"]) == (403, "delay_own_look")
    assert await standing(centre) == []
    assert (await colleague.post("/api/oversight/delays", YEAR | {"entries": [own]})).status_code == 201


async def test_nobody_renews_the_delay_of_a_look_of_their_own(centre: RunningCentre) -> None:
    delay = await delayed(centre)
    await near_its_end(centre, delay["delay_id"])
    appeal, other = await new(centre, Role.APPEAL_BODY), await new(centre, Role.APPEAL_BODY)
    # As if they had sat at a desk before they held that office.
    entry_id = delay["request"]["entry_id"]
    await centre.as_owner("UPDATE audit_entries SET actor_id = $2 WHERE id = $1", entry_id, appeal.id)
    refused = await renewed(appeal, delay["delay_id"])
    assert (refused.status_code, refused.json()["details"]["rule"]) == (403, "delay_own_look")
    assert (await renewed(other, delay["delay_id"])).status_code == 201


async def test_a_look_that_an_answer_told_is_not_delayed_any_more(centre: RunningCentre) -> None:
    request, officer = await seen_request(centre), await office(centre)
    again = await taken(officer, phone=request["phone"])
    await answer(officer, request, reasons=None)
    before = (await read(officer, again, "/answer"))["looks"]
    refused = await officer.post("/api/oversight/delays", YEAR | {"entries": [request["entry_id"]]})
    assert (refused.status_code, refused.json()["details"]["reason"]) == (409, "delay_told")
    assert (await read(officer, again, "/answer"))["looks"] == before
    unanswered = await seen_request(centre)
    await answer(officer, unanswered, answer="refused")  # which told nothing
    allowed = await officer.post("/api/oversight/delays", YEAR | {"entries": [unanswered["entry_id"]]})
    assert allowed.status_code == 201


async def test_a_look_is_told_or_delayed_never_both_whoever_is_first(centre: RunningCentre) -> None:
    officer, requests = await office(centre), [await seen_request(centre) for _ in range(4)]
    given = [
        sent
        for request in requests
        for sent in (
            officer.post(f"/api/oversight/requests/{request['id']}/answer", {"version": 1, "answer": "granted"}),
            officer.post("/api/oversight/delays", YEAR | {"entries": [request["entry_id"]]}),
        )
    ]
    outcomes = [one.status_code for one in await asyncio.gather(*given)]
    assert outcomes[::2] == [200] * 4
    assert set(outcomes[1::2]) <= {201, 409}
    both = "SELECT 1 FROM disclosed_looks t JOIN delayed_looks d ON d.entry_id = t.entry_id"
    assert await centre.rows(both) == []


async def test_a_delay_that_was_set_while_an_answer_waited_for_it_is_kept_by_that_answer(
    open_centre_with: OpenCentre,
) -> None:
    clock = FakeClock(START)
    centre = await open_centre_with(clock)
    request, officer = await seen_request(centre), await office(centre)
    owner = await asyncpg.connect(centre.access.owner_dsn)
    await owner.execute("SELECT pg_advisory_lock(hashtextextended('right.delays', 119))")
    waiting = asyncio.create_task(answer(officer, request, reasons=None))
    is_waiting = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    while not await owner.fetchval(is_waiting):
        assert not waiting.done()
    clock.advance(timedelta(seconds=1))
    delay_id = uuid7()
    await owner.execute(
        "INSERT INTO disclosure_delays (id, territory_id, ground, begins_at, ends_at, set_by) "
        "VALUES ($1, $2, 'inquiry', $3, $4, $5)",
        delay_id, int(Land.WEST_SOUTH), clock.now(), clock.now() + timedelta(days=30), officer.id,
    )  # fmt: skip
    await owner.execute("INSERT INTO delayed_looks VALUES ($1, $2)", delay_id, request["entry_id"])
    await owner.close()  # and with it the lock
    await waiting
    both = "SELECT 1 FROM disclosed_looks t JOIN delayed_looks d ON d.entry_id = t.entry_id"
    assert await centre.rows(both) == []
    assert len(await centre.rows("SELECT 1 FROM disclosed_looks")) > 0


async def test_whoever_watches_sees_which_looks_are_delayed_and_nobody_else_does(centre: RunningCentre) -> None:
    delay = await delayed(centre)
    await near_its_end(centre, delay["delay_id"])
    officer, appeal = await office(centre), await new(centre, Role.APPEAL_BODY)
    auditor = await new(centre, Role.AUDITOR)
    further = (await renewed(appeal, delay["delay_id"])).json()["id"]
    listed = (await appeal.get("/api/oversight/delays/running")).json()["items"]
    covered = [delay["request"]["entry_id"]]
    assert [(one["id"], one["entries"]) for one in listed] == [(delay["delay_id"], covered), (further, covered)]
    assert (await officer.post(f"/api/oversight/delays/{further}/end")).status_code == 200

    seen = (await auditor.get("/api/audit", kind="right_request")).json()["items"]
    told = [(one["action"], one["record_id"], one["details"]["entries"]) for one in seen if "delay" in one["action"]]
    assert told == [
        ("right.delay_ended", delay["delay_id"], covered),
        ("right.delay_ended", further, covered),
        ("right.delay_renewed", further, covered),
        ("right.delayed", delay["delay_id"], covered),
    ]
    assert {one["details"]["delay"] for one in seen if "delay" in one["action"]} == {delay["delay_id"], further}

    rows = await centre.rows("SELECT body FROM log_leaves")
    bodies = [orjson.loads(row["body"]) for row in rows]
    rights = [body for body in bodies if body["kind"] == "right_request"]
    assert len(rights) >= 4
    assert all(body["public"] == {} for body in rights), "the public part of these entries says nothing"
    for table in ("events", "idempotency"):
        kept = await centre.rows(f"SELECT row_to_json(t) AS row FROM {table} t")
        assert not any("entries" in str(row["row"]) and delay["delay_id"] in str(row["row"]) for row in kept)
    counts = (await centre.nobody.get("/api/oversight/delays")).json()
    assert counts.keys() == {"before", "standing", "quarters"}
    person = await taken(officer, phone=delay["request"]["phone"])
    looks = (await read(officer, person, "/answer"))["looks"]
    assert {look["why"] for look in looks} == {"work", "request"}, "what was done about a delay is no look"
    assert all(look.keys() == {"at", "offices", "what", "why", "incident"} for look in looks)
