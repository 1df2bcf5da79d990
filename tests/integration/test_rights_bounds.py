"""How much an answer to "who looked at me?" may hold: never cut in silence, and never told from what is delayed."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.test_rights import REASONS, answer, office, read
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.fixtures import OpenCentre
from tests.support.oversight import PHONE, look_at, taken

from markaz.core.permissions import Role
from markaz.kit.clock import FakeClock
from markaz.programmes.oversight.rights import store as rights_store

START = datetime(2026, 3, 2, 8, tzinfo=UTC)


async def test_nobody_keeps_a_person_from_an_answer_by_looking_thousands_of_times(
    open_centre_with: OpenCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights_store, "LOOKS_MOST", 6)
    clock = FakeClock(START)
    centre = await open_centre_with(clock)
    viewer, officer = await centre.person(Role.DUTY_OFFICER), await office(centre)
    incident = await open_incident(viewer, caller={"name": "Dilnoza Ergasheva", "phone": PHONE})
    for _ in range(12):
        await look_at(viewer, incident["id"])
    request = await taken(officer)
    minute = START.replace(second=0).isoformat()[:16]
    told = (await read(officer, request, "/answer"))["looks"]
    assert {(look["at"][:16], look["why"]) for look in told} == {(minute, "work"), (minute, "request")}
    assert len(told) < 6
    for _ in range(6):
        clock.advance(timedelta(minutes=1))
        await look_at(viewer, incident["id"])
    half = await officer.get(f"/api/oversight/requests/{request['id']}/answer")
    assert half.status_code == 409, "an answer is never cut in silence"


async def test_how_much_is_too_much_to_tell_does_not_depend_on_what_is_delayed(
    open_centre_with: OpenCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looks over the bound, of which so many are delayed that the rest fits: answered as if there were only the rest."""
    clock = FakeClock(START)
    centre = await open_centre_with(clock, session_hours=200)
    viewer, officer = await centre.person(Role.DUTY_OFFICER), await office(centre)
    incident = await open_incident(viewer, caller={"name": "Dilnoza Ergasheva", "phone": PHONE})
    request = await taken(officer)
    await look_at(viewer, incident["id"])
    nothing = (await read(officer, request, "/answer"))["looks"]
    shown = (await read(officer, request))["looks"]
    for seconds in (5, 60, 60, 60, 60):  # the first within the minute of a look that is told
        clock.advance(timedelta(seconds=seconds))
        await look_at(viewer, incident["id"])
    entries = [look["entry_id"] for look in (await read(officer, request))["looks"]]
    body = {"entries": entries[: -len(shown)], "ground": "rights_of_others", "months": 12}
    assert (await officer.post("/api/oversight/delays", body)).status_code == 201
    for most in (len(shown) + 1, len(shown)):
        monkeypatch.setattr(rights_store, "LOOKS_MOST", most)
        assert (await read(officer, request, "/answer"))["looks"] == nothing
        pdf = await officer.get(f"/api/oversight/requests/{request['id']}/answer.pdf")
        assert pdf.status_code == 200
    monkeypatch.setattr(rights_store, "LOOKS_MOST", 1)
    refused = await officer.get(f"/api/oversight/requests/{request['id']}/answer")
    assert (refused.status_code, "auditor's pack" in refused.json()["message"]) == (409, True)
    opened = await read(officer, request)  # whoever decides still opens it, and is told that more stands in the log
    assert (opened["document"], opened["has_every_look"], len(opened["looks"])) == (None, False, 1)


async def test_too_much_to_tell_at_once_is_told_by_a_request_for_each_incident(
    centre: RunningCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer, officer = await centre.person(Role.DUTY_OFFICER), await office(centre)
    caller = {"name": "Dilnoza Ergasheva", "phone": PHONE}
    incidents = [await open_incident(viewer, caller=caller) for _ in range(2)]
    for incident in incidents:
        await look_at(viewer, incident["id"])
    whole = await taken(officer)
    monkeypatch.setattr(rights_store, "LOOKS_MOST", 3)
    refused = await officer.post(
        f"/api/oversight/requests/{whole['id']}/answer", {"version": 1, "answer": "in_part", "reasons": REASONS}
    )
    assert (refused.status_code, "for each incident by its number" in refused.json()["message"]) == (409, True)
    for incident in incidents:
        part = await taken(officer, phone=None, incident_number=incident["number"])
        await answer(officer, part, reasons=None)
        told = await read(officer, part, "/answer")
        assert {look["incident"] for look in told["looks"]} == {incident["number"]}
        assert "work" in {look["why"] for look in told["looks"]}
    await answer(officer, whole, answer="refused")
