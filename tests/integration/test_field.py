"""The unit's phone against a real desk: late, twice, beside the desk's own word, and only by the crew."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.support.centre import RunningCentre
from tests.support.crews import log_on
from tests.support.desk import close, open_incident, register_unit
from tests.support.land import Land
from tests.support.operations_contents import photo_bytes
from tests.support.people import Person

from markaz.core.permissions import Grant, Role
from markaz.kit.clock import iso

CALLER = {"name": "Nozima Tursunova", "phone": "+998901234567"}


class Crew:
    """A unit at work for an incident, and the phone of its officer, whose clock may be off."""

    def __init__(self, centre: RunningCentre, desk: Person, officer: Person, unit: Any, incident: Any) -> None:
        self.centre, self.desk, self.officer, self.unit, self.incident = centre, desk, officer, unit, incident
        self.off = timedelta(0)

    def report(self, kind: str, ago: timedelta = timedelta(0), **more: Any) -> dict[str, Any]:
        phone_now = datetime.now(UTC) + self.off
        body = {"key": str(uuid4()), "kind": kind, "unit_id": self.unit["id"], "incident_id": self.incident["id"]}
        return body | {"at": iso(phone_now - ago), "device_now": iso(phone_now)} | more

    async def send(self, body: dict[str, Any]) -> dict[str, Any]:
        response = await self.officer.post("/api/field/reports", body)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def card(self) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.desk.get(f"/api/incidents/{self.incident['id']}")).json()
        return answer

    async def timeline(self) -> list[dict[str, Any]]:
        answer = (await self.desk.get(f"/api/incidents/{self.incident['id']}/timeline")).json()
        return list(answer["entries"])

    async def stages(self) -> dict[str, str]:
        return dict((await self.card())["incident"]["units"][self.unit["id"]]["stages"])


async def a_crew(centre: RunningCentre, *, received_ago: timedelta = timedelta(hours=5)) -> Crew:
    desk = await centre.person(Role.SUPERVISOR)
    officer = await centre.newcomer(Grant(Role.UNIT_OFFICER, Land.WEST))
    unit = await register_unit(desk, "F-1", Land.WEST_SOUTH, available=False)
    await log_on(officer, unit)
    received = iso(datetime.now(UTC) - received_ago)
    incident = await open_incident(desk, Land.WEST_SOUTH, caller=CALLER, occurred_at=received)
    at = iso(datetime.now(UTC) - received_ago + timedelta(minutes=1))
    sent = await desk.post(
        f"/api/incidents/{incident['id']}/assignments",
        {"unit_id": unit["id"], "version": incident["version"], "occurred_at": at},
    )
    assert sent.status_code == 201, sent.text
    incident["version"] = sent.json()["version"]
    return Crew(centre, desk, officer, unit, incident)


async def test_the_phone_shows_its_one_incident_and_leaves_one_trace_for_one_look(centre: RunningCentre) -> None:
    crew = await a_crew(centre)
    now = (await crew.officer.get("/api/field/now")).json()
    assert now["unit"]["call_sign"] == "F-1"
    assert now["incident"]["sealed"]["caller_phone"] == CALLER["phone"]
    held = {"incident": now["incident"]["id"], "version": now["incident"]["version"]}
    again = (await crew.officer.get("/api/field/now", **held)).json()
    assert again["incident"] == {"id": held["incident"], "version": held["version"], "held": True}
    looks = await centre.rows(
        "SELECT reason, details ->> 'by' AS by FROM audit_entries WHERE actor_id = $1", crew.officer.id
    )
    assert [(row["reason"], row["by"]) for row in looks] == [(f"incident {crew.incident['number']}", "crew")]


async def test_the_phone_is_told_how_nobody_of_the_incident_may_be_reached(centre: RunningCentre) -> None:
    crew = await a_crew(centre)
    path = f"/api/incidents/{crew.incident['id']}"
    phone = await crew.officer.get("/api/field/now")
    assert (phone.json()["incident"]["view"]["safe_contact"], phone.json()["incident"]["view"]["covert"]) == ([], False)
    caller = {"role": "caller", "name": CALLER["name"], "phone": CALLER["phone"], "safe_contact": ["no_call"]}
    victim = {"role": "victim", "is_unknown": True, "safe_contact": ["no_call", "no_message"]}
    added = [await crew.desk.post(f"{path}/parties", party) for party in (caller, victim)]
    assert [one.status_code for one in added] == [201, 201], [one.text for one in added]
    now = (await crew.officer.get("/api/field/now", incident=crew.incident["id"], version=1)).json()["incident"]
    assert now["view"]["safe_contact"] == ["no_call", "no_message"]
    rules = {"version": now["version"], "safe_contact": ["no_text"], "covert": True}
    assert (await crew.desk.post(f"{path}/contact-rules", rules)).status_code == 200
    now = (await crew.officer.get("/api/field/now")).json()["incident"]
    assert (now["view"]["safe_contact"], now["view"]["covert"]) == (["no_call", "no_message", "no_text"], True)
    party = added[0].json()
    calm = caller | {"safe_contact": [], "version": party["part_version"], "reason": "She said so."}
    corrected = await crew.desk.post(f"{path}/parties/{party['id']}/corrections", calm)
    assert corrected.status_code == 200, corrected.text
    now = (await crew.officer.get("/api/field/now")).json()["incident"]
    assert "no_call" in now["view"]["safe_contact"], "the victim's rule went with the caller's"


async def test_the_phone_warns_of_hazards_where_its_unit_is_sent_and_of_a_new_one(centre: RunningCentre) -> None:
    crew = await a_crew(centre)
    place = (await crew.officer.get("/api/field/now")).json()["incident"]["view"]["place"]
    ends = iso(datetime.now(UTC) + timedelta(days=9))
    note = {
        "place": {name: place[name] for name in ("lon", "lat")},
        "radius_m": 50.0,
        "source": "utility",
        "ground": "gas",
        "expires_at": ends,
    }
    far = note | {"place": {"lon": place["lon"], "lat": place["lat"] + 0.01}, "text": "CANARY-FAR"}
    assert (await crew.desk.post("/api/hazards", far)).status_code == 201
    first = (await crew.officer.get("/api/field/now")).json()["incident"]
    assert (first["hazards"], first["hazards_mark"]) == ([], "")
    held = {"incident": first["id"], "version": first["version"]}
    assert (await crew.officer.get("/api/field/now", **held)).json()["incident"]["held"] is True
    noted = await crew.desk.post("/api/hazards", note | {"text": "CANARY-GAS in the cellar."})
    assert noted.status_code == 201, noted.text
    now = (await crew.officer.get("/api/field/now", **held)).json()["incident"]
    assert [(one["ground"], one["text"]) for one in now["hazards"]] == [("gas", "CANARY-GAS in the cellar.")]
    assert "hazard" in now["access"]["classes"]
    held |= {"hazards": now["hazards_mark"]}
    assert (await crew.officer.get("/api/field/now", **held)).json()["incident"]["held"] is True
    looks = await centre.rows(
        "SELECT reason FROM audit_entries WHERE actor_id = $1 AND action = 'hazard.read'", crew.officer.id
    )
    assert [row["reason"] for row in looks] == [f"incident {crew.incident['number']}"]
    assert (await crew.desk.post(f"/api/hazards/{noted.json()['id']}/withdraw")).status_code == 200
    assert (await crew.officer.get("/api/field/now", **held)).json()["incident"]["hazards"] == []
    # Nobody else of the field reads them: not by the desk's way, and not without a unit that is sent there.
    stranger = await centre.newcomer(Grant(Role.UNIT_OFFICER, Land.WEST))
    assert (await stranger.get("/api/field/now")).json()["incident"] is None
    assert (await stranger.get("/api/hazards", incident=crew.incident["id"])).status_code == 403


async def test_stages_reported_hours_late_by_a_wrong_clock_have_their_true_times(centre: RunningCentre) -> None:
    crew = await a_crew(centre)
    crew.off = timedelta(hours=-7)
    for stage, hours_ago in (("en_route", 4.5), ("on_scene", 4), ("cleared", 3)):
        ago = timedelta(hours=hours_ago)
        assert (await crew.send(crew.report("stage", ago, stage=stage)))["kept"] == "taken"
        stated = datetime.fromisoformat((await crew.stages())[stage])
        assert abs(datetime.now(UTC) - ago - stated) < timedelta(minutes=1)
    flags = [entry["detail"]["flags"] for entry in await crew.timeline() if entry["detail"].get("stage") == "cleared"]
    assert flags == [["device_clock"]]
    units = (await crew.desk.get("/api/units")).json()["items"]
    assert next(unit for unit in units if unit["id"] == crew.unit["id"])["status"] == "available"


async def test_a_report_sent_twice_is_taken_once(centre: RunningCentre) -> None:
    crew = await a_crew(centre)
    body = crew.report("note", text="The gate is locked.")
    first = await crew.send(body)
    before = await centre.seq()
    assert await crew.send(body | {"device_now": iso(datetime.now(UTC) + timedelta(minutes=9))}) == {
        name: value for name, value in first.items() if name != "seq"
    }
    assert await centre.seq() == before
    assert [note["text"] for note in (await crew.card())["notes"]] == ["The gate is locked."]


async def test_desk_and_offline_phone_report_the_same_stage_and_neither_is_lost(centre: RunningCentre) -> None:
    crew = await a_crew(centre)
    desk_says = iso(datetime.now(UTC) - timedelta(hours=4))
    sent = await crew.desk.post(
        f"/api/incidents/{crew.incident['id']}/assignments/{crew.unit['id']}/stages",
        {"stage": "on_scene", "version": crew.incident["version"], "occurred_at": desk_says},
    )
    assert sent.status_code == 200, sent.text
    assert (await crew.send(crew.report("stage", timedelta(hours=3), stage="on_scene")))["kept"] == "beside"
    assert (await crew.send(crew.report("stage", timedelta(hours=4), stage="on_scene")))["kept"] == "same"
    assert (await crew.stages())["on_scene"] == desk_says
    kinds = [entry["type"] for entry in await crew.timeline() if entry["detail"].get("stage") == "on_scene"]
    assert kinds == ["incident.stage_reached/1", "incident.field_reported/1", "incident.field_reported/1"]


async def test_what_comes_after_the_desk_closed_is_kept(centre: RunningCentre) -> None:
    crew = await a_crew(centre)
    version = (await crew.send(crew.report("stage", timedelta(hours=3), stage="cleared")))["version"]
    await close(crew.desk, {**crew.incident, "version": version})
    assert (await crew.send(crew.report("stage", timedelta(hours=4), stage="on_scene")))["kept"] == "taken"
    assert (await crew.send(crew.report("note", timedelta(hours=4), text="Two people left.")))["kept"] == "taken"
    assert "on_scene" in await crew.stages()
    assert (await crew.card())["incident"]["status"] == "closed"


async def test_a_photo_and_an_emergency_reach_the_desk(centre: RunningCentre) -> None:
    crew = await a_crew(centre)
    now = iso(datetime.now(UTC))
    query = f"key={uuid4()}&unit_id={crew.unit['id']}&incident_id={crew.incident['id']}&at={now}&device_now={now}"
    photo = await crew.officer.send("POST", f"/api/field/photos?{query}", photo_bytes())
    assert (photo.status_code, photo.json().get("kept")) == (200, "taken"), photo.text
    contents = (await crew.desk.get(f"/api/incidents/{crew.incident['id']}/contents")).json()
    assert len(contents["attachments"]) == 1
    await crew.send(crew.report("emergency", incident_id=None, lon=60.5, lat=40.5, accuracy_m=12.0))
    alarms = (await crew.desk.get("/api/snapshot")).json()["alarms"]
    assert [(alarm["kind"], alarm["unit_id"]) for alarm in alarms if alarm["kind"] == "emergency"] == [
        ("emergency", crew.unit["id"])
    ]


async def test_a_text_file_is_no_photo(centre: RunningCentre) -> None:
    crew = await a_crew(centre)
    now = iso(datetime.now(UTC))
    query = f"key={uuid4()}&unit_id={crew.unit['id']}&incident_id={crew.incident['id']}&at={now}&device_now={now}"
    refused = await crew.officer.send("POST", f"/api/field/photos?{query}", b"<svg onload='alert(1)'/>")
    assert refused.status_code == 422


async def test_only_the_crew_speaks_for_a_unit_and_only_of_its_incidents(centre: RunningCentre) -> None:
    crew = await a_crew(centre)
    stranger = await centre.newcomer(Grant(Role.UNIT_OFFICER, Land.WEST))
    refused = await stranger.post("/api/field/reports", crew.report("stage", stage="on_scene"))
    assert refused.status_code == 404
    elsewhere = await open_incident(crew.desk, Land.WEST_SOUTH)
    refused = await crew.officer.post("/api/field/reports", crew.report("note", incident_id=elsewhere["id"], text="x"))
    assert refused.status_code == 404
    assert (await stranger.get("/api/field/now")).json()["incident"] is None


async def test_a_crew_adds_to_an_incident_for_twelve_hours_after_it_left_by_when_it_happened(
    centre: RunningCentre,
) -> None:
    crew = await a_crew(centre, received_ago=timedelta(hours=30))
    await crew.send(crew.report("stage", timedelta(hours=20), stage="cleared"))
    late = crew.report("note", timedelta(hours=7), text="A word too late.")
    assert (await crew.officer.post("/api/field/reports", late)).status_code == 404
    # Written on the phone eleven hours after leaving, and sent when there was network again.
    assert (await crew.send(crew.report("note", timedelta(hours=9), text="The witness called.")))["kept"] == "taken"
    notes = (await crew.card())["notes"]
    assert [note["text"] for note in notes] == ["The witness called."]


async def test_reports_of_a_shift_that_ended_meanwhile_are_still_taken(centre: RunningCentre) -> None:
    crew = await a_crew(centre)
    version = (await crew.send(crew.report("stage", timedelta(hours=3), stage="cleared")))["version"]
    assert version > crew.incident["version"]
    off = await crew.officer.post(f"/api/units/{crew.unit['id']}/log-off", {})
    assert off.status_code == 200, off.text
    assert (await crew.send(crew.report("stage", timedelta(hours=4), stage="on_scene")))["kept"] == "taken"


async def test_a_position_is_kept_for_the_own_unit_while_logged_on(centre: RunningCentre) -> None:
    crew = await a_crew(centre)
    fix = {"lon": 60.51, "lat": 40.51, "accuracy_m": 9.0, "age_s": 3.0}
    assert (await crew.officer.post("/api/field/position", fix)).status_code == 204
    positions = (await crew.desk.get("/api/snapshot")).json()["positions"]
    assert [p["lon"] for p in positions if p["unit_id"] == crew.unit["id"]] == [60.51]
    idle = await centre.newcomer(Grant(Role.UNIT_OFFICER, Land.WEST))
    assert (await idle.post("/api/field/position", fix)).status_code == 404


async def test_no_word_of_a_crew_is_in_clear(centre: RunningCentre) -> None:
    crew = await a_crew(centre)
    await crew.send(crew.report("note", text="CANARY-OF-THE-FIELD"))
    for table, column in (("events", "payload"), ("field_reports", "result"), ("idempotency", "response")):
        found = await centre.rows(f"SELECT count(*) AS n FROM {table} WHERE {column}::text LIKE '%CANARY%'")
        assert found[0]["n"] == 0
