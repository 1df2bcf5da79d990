"""A crew whose session is over still calls for help while it is logged on; nobody else does, and it does nothing else."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.support.centre import RunningCentre
from tests.support.crews import log_on
from tests.support.desk import open_incident, register_unit
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.people import Person, cookie, new_key

from markaz.core.identity import forget_ended_sessions, mark_ended_sessions
from markaz.core.identity.accounts import close_account
from markaz.core.permissions import Grant, Role
from markaz.kit.clock import FakeClock, iso

LIFE = timedelta(hours=12)
JUST = timedelta(minutes=1)
PATH = "/api/field/emergencies"


@dataclass
class Shift:
    """An officer who is logged on to a unit, and whose phone has looked once while the session lived."""

    centre: RunningCentre
    clock: FakeClock
    desk: Person
    officer: Person
    unit: dict[str, Any]
    late: str

    def body(self, **more: Any) -> dict[str, Any]:
        now = iso(self.clock.now())
        return {"key": str(uuid4()), "unit_id": self.unit["id"], "at": now, "device_now": now} | more

    async def press(self, cookies: str | None = None, body: Any = None, **headers: str) -> httpx.Response:
        """Send the button as the phone does once the browser has let the session's own cookie go."""
        cookies = f"markaz_late={self.late}" if cookies is None else cookies
        all_headers = {"Cookie": cookies, "Idempotency-Key": new_key()} | headers
        return await self.centre.nobody.post(PATH, json=body or self.body(), headers=all_headers)

    async def alarms(self) -> list[Any]:
        """Return the units that call for help, as a desk sees them."""
        desk = await self.centre.sign_in_again(self.desk.id)
        return [one["unit_id"] for one in (await desk.get("/api/snapshot")).json()["alarms"]]

    async def is_refused(self, answer: httpx.Response) -> bool:
        """Say whether an answer refuses as for nobody, and nothing came of it."""
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in"), answer.text
        return await self.alarms() == []


@pytest.fixture
async def shift(open_centre_with: OpenCentre) -> Shift:
    clock = FakeClock(datetime.now(UTC))
    centre = await open_centre_with(clock)
    desk = await centre.person(Role.SUPERVISOR)
    officer = await centre.newcomer(Grant(Role.UNIT_OFFICER, Land.WEST))
    unit = await register_unit(desk, "F-1", Land.WEST_SOUTH, available=False)
    assert "markaz_late" not in (await officer.get("/api/field/now")).cookies, "given to somebody without a unit"
    await log_on(officer, unit)
    late = (await officer.get("/api/field/now")).cookies["markaz_late"]
    return Shift(centre, clock, desk, officer, unit, late)


async def test_a_crew_whose_session_is_over_by_time_still_calls_for_help(shift: Shift) -> None:
    shift.clock.advance(LIFE + JUST)
    body = shift.body(lon=60.5, lat=40.5, accuracy_m=9.0)
    first = await shift.press(body=body)
    assert (first.status_code, first.json()["kept"]) == (200, "taken"), first.text
    again = await shift.press(body=body)
    assert (again.status_code, again.json()["kept"]) == (200, "taken"), again.text
    assert await shift.alarms() == [shift.unit["id"]]
    entries = await shift.centre.rows(
        "SELECT actor_id, action, reason, kind FROM audit_entries WHERE action = 'field.emergency_after_session'"
    )
    assert [(row["actor_id"], row["reason"]) for row in entries] == [(shift.officer.id, "session_ended")]


async def test_it_does_also_once_the_session_was_marked_as_over_and_swept(shift: Shift) -> None:
    shift.clock.advance(LIFE + JUST)
    async with shift.centre.centre.database.transaction() as connection:
        await mark_ended_sessions(connection, shift.clock.now())  # or the centre's own round was faster
        assert await forget_ended_sessions(connection, shift.clock.now()) == 1, "the desk's, and no officer's"
    marked = await shift.centre.rows("SELECT ended_at = expires_at AS is_so FROM sessions")
    assert [row["is_so"] for row in marked] == [True]
    assert (await shift.press()).status_code == 200
    shift.clock.advance(LIFE)
    async with shift.centre.centre.database.transaction() as connection:
        assert await forget_ended_sessions(connection, shift.clock.now()) >= 1
    held = await shift.centre.rows("SELECT account_id FROM sessions WHERE account_id = $1", shift.officer.id)
    assert held == []


async def test_while_the_session_lives_the_button_is_taken_as_any_report_and_leaves_no_mark(shift: Shift) -> None:
    taken = await shift.officer.post(PATH, shift.body())
    assert (taken.status_code, taken.json()["kept"]) == (200, "taken"), taken.text
    assert await shift.alarms() == [shift.unit["id"]]
    assert await shift.centre.rows("SELECT 1 FROM audit_entries WHERE action LIKE 'field.emergency%'") == []


@pytest.mark.parametrize("cookies", ["", "markaz_late=", "markaz_late=guessed", "markaz_session=guessed"])
async def test_nobody_calls_for_help_in_anothers_name(shift: Shift, cookies: str) -> None:
    shift.clock.advance(LIFE + JUST)
    assert await shift.is_refused(await shift.press(cookies))


async def test_a_late_call_is_for_the_own_unit_only(shift: Shift) -> None:
    other = await register_unit(shift.desk, "F-2", Land.WEST_SOUTH, available=False)
    idle = await shift.centre.newcomer(Grant(Role.UNIT_OFFICER, Land.WEST))
    shift.clock.advance(LIFE + JUST)
    assert await shift.is_refused(await shift.press(body=shift.body(unit_id=other["id"])))
    assert await shift.is_refused(await shift.press(idle.credentials["Cookie"]))


async def test_who_logged_off_calls_from_no_unit(shift: Shift) -> None:
    off = await shift.officer.post(f"/api/units/{shift.unit['id']}/log-off", {})
    assert off.status_code == 200, off.text
    shift.clock.advance(LIFE + JUST)
    assert await shift.is_refused(await shift.press())


async def test_who_signed_out_has_nothing_left(shift: Shift) -> None:
    out = await shift.officer.send("DELETE", "/api/session")
    assert any("markaz_late=" in one and "Max-Age=0" in one for one in out.headers.get_list("set-cookie"))
    for passed in (JUST, LIFE):
        shift.clock.advance(passed)
        assert await shift.is_refused(await shift.press())


async def test_an_account_that_was_closed_or_lost_its_role_is_refused(shift: Shift) -> None:
    shift.clock.advance(LIFE + JUST)
    await shift.centre.as_owner("DELETE FROM grants WHERE account_id = $1", shift.officer.id)
    assert (await shift.press()).status_code == 403
    async with shift.centre.centre.database.transaction() as connection:
        await close_account(connection, shift.officer.login, at=shift.clock.now())
    assert await shift.is_refused(await shift.press())


async def test_a_day_after_signing_in_it_is_over(shift: Shift) -> None:
    shift.clock.advance(timedelta(hours=24) + JUST)
    assert await shift.is_refused(await shift.press())


async def test_a_session_that_is_over_does_nothing_else(shift: Shift) -> None:
    incident = await open_incident(shift.desk, Land.WEST_SOUTH)
    shift.clock.advance(LIFE + JUST)
    cookies = f"{cookie(shift.late)['Cookie']}; markaz_late={shift.late}"
    headers = {"Cookie": cookies, "Idempotency-Key": new_key()}
    report = shift.body(kind="emergency")
    note = shift.body(kind="note", incident_id=str(incident["id"]), text="x")
    for path, body in (("/api/field/reports", report), ("/api/field/reports", note), ("/api/field/position", {})):
        refused = await shift.centre.nobody.post(path, json=body, headers=headers)
        assert await shift.is_refused(refused), path
    for path in ("/api/field/now", "/api/me", "/api/snapshot", "/api/units/loggable"):
        assert (await shift.centre.nobody.get(path, headers=headers)).status_code == 401, path


async def test_another_site_cannot_press_the_button(shift: Shift) -> None:
    shift.clock.advance(LIFE + JUST)
    refused = await shift.press(**{"Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 403
    assert await shift.alarms() == []
