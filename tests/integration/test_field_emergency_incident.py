"""The emergency of a phone is tied to the incident the phone was on when the button was pressed, or to none: never to another."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from tests.integration.test_field import Crew, a_crew
from tests.integration.test_field_merged import merge
from tests.integration.test_field_sendings import ago, withdraw
from tests.support.centre import RunningCentre
from tests.support.desk import assign, open_incident, register_unit
from tests.support.land import Land

from markaz.kit.clock import iso

PATH = "/api/field/emergencies"


def pressed(crew: Crew, minutes_ago: float, **more: Any) -> dict[str, Any]:
    """A press as the phone keeps it while there is no network."""
    report = crew.report("emergency", timedelta(minutes=minutes_ago))
    return {name: report[name] for name in ("key", "unit_id", "at", "device_now")} | more


async def alarm_after(crew: Crew, body: dict[str, Any]) -> tuple[str | None, int]:
    """Let a press come in; return the number of the incident that the alarm names, and how often it was pressed."""
    taken = await crew.officer.post(PATH, body)
    assert (taken.status_code, taken.json()["kept"]) == (200, "taken"), taken.text
    alarms = (await crew.desk.get("/api/snapshot")).json()["alarms"]
    (alarm,) = [one for one in alarms if one["kind"] == "emergency"]
    return alarm["number"], alarm["presses"]


async def send_elsewhere(crew: Crew) -> dict[str, Any]:
    """Take the unit off its incident and send it to another one."""
    await withdraw(crew)
    other = await open_incident(crew.desk, Land.WEST_SOUTH)
    body = {"unit_id": crew.unit["id"], "version": other["version"]}
    sent = await crew.desk.post(f"/api/incidents/{other['id']}/assignments", body)
    assert sent.status_code == 201, sent.text
    return other


async def test_a_unit_that_was_sent_elsewhere_meanwhile_is_in_trouble_where_it_was(centre: RunningCentre) -> None:
    crew = await a_crew(centre, received_ago=timedelta(minutes=30))
    body = pressed(crew, 5, incident_id=crew.incident["id"])
    other = await send_elsewhere(crew)
    assert await alarm_after(crew, body) == (crew.incident["number"], 1)
    # Pressed again where it is now, the alarm goes with it.
    assert await alarm_after(crew, pressed(crew, 0, incident_id=other["id"])) == (other["number"], 2)
    # A phone that shows none takes no incident away; an older press of before brings none back.
    assert await alarm_after(crew, pressed(crew, 0, incident_id=None)) == (other["number"], 3)
    assert await alarm_after(crew, pressed(crew, 4, incident_id=crew.incident["id"])) == (other["number"], 3)


async def test_an_incident_that_was_merged_meanwhile_is_the_one_that_goes_on(centre: RunningCentre) -> None:
    crew = await a_crew(centre, received_ago=timedelta(minutes=30))
    body = pressed(crew, 5, incident_id=crew.incident["id"])
    into = await merge(crew, await merge(crew, crew.incident))
    assert await alarm_after(crew, body) == (into["number"], 1)


async def test_an_incident_that_the_unit_never_had_is_none_and_the_call_for_help_is_taken(
    centre: RunningCentre,
) -> None:
    crew = await a_crew(centre)
    elsewhere = await open_incident(crew.desk, Land.WEST_SOUTH)
    assert await alarm_after(crew, pressed(crew, 0, incident_id=elsewhere["id"])) == (None, 1)
    assert await alarm_after(crew, pressed(crew, 0, incident_id=str(uuid4()))) == (None, 2)


async def test_a_phone_that_showed_none_is_on_none_though_the_unit_was_sent_meanwhile(centre: RunningCentre) -> None:
    crew = await a_crew(centre)
    assert await alarm_after(crew, pressed(crew, 0, incident_id=None)) == (None, 1)


async def test_a_press_that_names_nothing_is_of_the_work_that_had_begun_by_then(centre: RunningCentre) -> None:
    crew = await a_crew(centre, received_ago=timedelta(minutes=30))
    old = pressed(crew, 5)  # an older page of the phone
    other = await send_elsewhere(crew)
    assert await alarm_after(crew, old) == (None, 1)
    assert await alarm_after(crew, pressed(crew, 0)) == (other["number"], 2)
    # So does the button of a device.
    second = await a_unit_just_sent(crew)
    late = {"occurred_at": iso(ago(40))}
    raised = await crew.desk.post(f"/api/units/{second['id']}/emergency", late)
    assert raised.status_code == 201, raised.text
    alarms = {one["unit_id"]: one["number"] for one in (await crew.desk.get("/api/snapshot")).json()["alarms"]}
    assert alarms[second["id"]] is None


async def a_unit_just_sent(crew: Crew) -> dict[str, Any]:
    """Return another unit, sent to an incident a moment ago."""
    unit = await register_unit(crew.desk, "F-2", Land.WEST_SOUTH)
    await assign(crew.desk, await open_incident(crew.desk, Land.WEST_SOUTH), unit)
    return unit
