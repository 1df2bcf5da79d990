"""Delays of disclosure against those who set them: never years at once, never one's own look, never what was told."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.integration.test_rights import read
from tests.support.centre import RunningCentre
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.oversight import delayed, taken
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
