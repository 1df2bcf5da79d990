"""What an incident holds, end to end: parties, vehicles, rules of contact, outcomes, late entries, photos."""

from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image
from tests.support.centre import RunningCentre
from tests.support.desk import close, open_incident
from tests.support.land import Land
from tests.support.operations_contents import photo_bytes
from tests.support.people import Person
from tests.support.refusals import assert_refused

from markaz.core.permissions import Role
from markaz.core.sealing import SEARCHABLE
from markaz.kit.clock import iso

pytestmark = pytest.mark.asyncio(loop_scope="module")

Record = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def officer(shared_centre: RunningCentre) -> Person:
    return await shared_centre.person(Role.SUPERVISOR)


async def contents(officer: Person, incident: Record) -> Record:
    answer = await officer.get(f"/api/incidents/{incident['id']}/contents")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def do(officer: Person, incident: Record, path: str, body: Any, status: int = 201) -> Record:
    answer = await officer.post(f"/api/incidents/{incident['id']}/{path}", body)
    assert answer.status_code == status, answer.text
    incident["version"] = answer.json()["version"]
    return dict(answer.json())


async def timeline(officer: Person, incident: Record) -> list[Record]:
    return list((await officer.get(f"/api/incidents/{incident['id']}/timeline")).json()["entries"])


async def test_a_party_keeps_fact_and_opinion_apart_and_its_rules_beside_the_number(officer: Person) -> None:
    incident = await open_incident(officer)
    body = {
        "role": "victim",
        "is_minor": True,
        "name": "Zuhra (synthetic)",
        "phone": "+998 90 000-00-00",
        "born_year": 2012,
    }
    body |= {
        "fact": "says her arm hurts",
        "opinion": "seems afraid of the caller",
        "safe_contact": ["no_text", "no_call"],
    }
    await do(officer, incident, "parties", body)
    (party,) = (await contents(officer, incident))["parties"]
    assert (party["fact"], party["opinion"]) == ("says her arm hurts", "seems afraid of the caller")
    assert (party["phone"], party["safe_contact"]) == ("+998 90 000-00-00", ["no_call", "no_text"])
    assert (party["is_minor"], party["born_year"], party["earlier"]) == (True, "2012", [])


async def test_an_unknown_party_is_allowed_and_an_empty_one_is_not(officer: Person) -> None:
    incident = await open_incident(officer)
    path = f"/api/incidents/{incident['id']}/parties"
    assert (await officer.post(path, {"role": "suspected", "is_unknown": True})).status_code == 201
    assert_refused(await officer.post(path, {"role": "witness"}), 422, "is_unknown")
    assert_refused(
        await officer.post(path, {"role": "witness", "is_unknown": True, "name": "Known"}), 422, "is_unknown"
    )
    assert_refused(await officer.post(path, {"role": "likely_offender", "is_unknown": True}), 422, "role")
    assert_refused(await officer.post(path, {"role": "victim", "name": "A", "religion": "x"}), 422, "religion")


async def test_a_correction_of_a_party_keeps_what_was_there_and_names_who_was_faster(officer: Person) -> None:
    incident = await open_incident(officer)
    party = await do(officer, incident, "parties", {"role": "witness", "name": "Anvar (synthetic)"})
    path = f"parties/{party['id']}/corrections"
    right = {"role": "caller", "name": "Anvar Aliyev (synthetic)", "version": 1, "reason": "spelt out"}
    done = await do(officer, incident, path, right, 200)
    assert done["part_version"] == 2
    late = await officer.post(f"/api/incidents/{incident['id']}/{path}", right | {"name": "Other"})
    assert (late.status_code, late.json()["code"]) == (409, "version_conflict")
    assert late.json()["details"]["by"] == f"Officer {officer.login}"
    (now,) = (await contents(officer, incident))["parties"]
    assert (now["name"], now["role"], now["version"]) == ("Anvar Aliyev (synthetic)", "caller", 2)
    assert [(e["name"], e["role"], e["version"]) for e in now["earlier"]] == [("Anvar (synthetic)", "witness", 1)]
    entry = (await timeline(officer, incident))[-1]
    assert (entry["type"], entry["reason"]) == ("incident.party_corrected/1", "spelt out")
    assert (entry["detail"]["role"], entry["detail"]["was"]) == ("caller", "witness")


async def test_a_vehicle_is_corrected_in_the_same_way(officer: Person) -> None:
    incident = await open_incident(officer)
    vehicle = await do(officer, incident, "vehicles", {"role": "left_scene", "description": "white, old"})
    body = {"role": "left_scene", "plate": "01 A 777 AA", "version": 1, "reason": "a witness read it"}
    await do(officer, incident, f"vehicles/{vehicle['id']}/corrections", body, 200)
    (now,) = (await contents(officer, incident))["vehicles"]
    assert (now["plate"], now["earlier"][0]["description"]) == ("01 A 777 AA", "white, old")
    assert_refused(await officer.post(f"/api/incidents/{incident['id']}/vehicles", {"role": "parked"}), 422, None)


async def test_no_table_index_route_or_keyed_hash_finds_an_incident_by_a_person_or_vehicle(
    shared_centre: RunningCentre, officer: Person
) -> None:
    indexes = await shared_centre.rows(
        "SELECT indexdef FROM pg_indexes WHERE tablename IN ('parties','parties_before','vehicles','vehicles_before')"
    )
    columns = {row["indexdef"].partition("USING btree ")[2] for row in indexes}
    sealed = "(sealed_id) WHERE (sealed_id IS NOT NULL)"  # a random id, by which row policies find the incident
    assert columns == {"(id)", "(incident_id)", "(party_id, version)", "(vehicle_id, version)", sealed}
    incident = await open_incident(officer)
    await do(
        officer, incident, "parties", {"role": "caller", "name": "A", "phone": "+998 90 111-11-11", "address": "B"}
    )
    fields = {row["field"] for row in await shared_centre.rows("SELECT DISTINCT field FROM sealed_search")}
    assert fields <= SEARCHABLE == {"caller_phone"}
    document = (await officer.get("/openapi.json")).json()
    asked = {
        parameter["name"]
        for path, operations in document["paths"].items()
        for operation in operations.values()
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query" and "parties" not in path
    }
    assert not asked & {"name", "plate", "party", "person", "born_year", "vehicle", "caller"}


async def test_rules_of_contact_stand_beside_every_number_and_in_the_picture(officer: Person) -> None:
    incident = await open_incident(officer, caller={"name": "Silent", "phone": "+998 90 222-22-22"})
    body = {"version": incident["version"], "safe_contact": ["no_call", "no_message"], "covert": True}
    await do(officer, incident, "contact-rules", body, 200)
    card = (await officer.get(f"/api/incidents/{incident['id']}")).json()
    assert (card["sealed"]["caller_phone"], card["sealed"]["safe_contact"]) == (
        "+998 90 222-22-22",
        ["no_call", "no_message"],
    )
    assert (card["incident"]["safe_contact"], card["incident"]["covert"]) == (["no_call", "no_message"], True)
    stale = await officer.post(f"/api/incidents/{incident['id']}/contact-rules", body)
    assert stale.json()["code"] == "version_conflict"


OUTCOMES = [
    ({"outcome": "crime_recorded"}, "report_number"),
    ({"outcome": "crime_recorded", "report_number": "no digits"}, "report_number"),
    ({"outcome": "crime_recorded", "report_number": "17", "reason": "no_event"}, "reason"),
    ({"outcome": "no_offence"}, "reason"),
    ({"outcome": "no_offence", "reason": "because"}, "reason"),
    ({"outcome": "referred"}, "referred_to"),
    ({"outcome": "referred", "referred_to": "somebody"}, "referred_to"),
    ({"outcome": "resolved", "report_number": "17"}, "report_number"),
    ({"outcome": "false_call"}, "outcome"),
]


@pytest.mark.parametrize(("said", "field"), OUTCOMES)
async def test_a_closing_without_what_its_outcome_needs_is_refused(officer: Person, said: Record, field: str) -> None:
    incident = await open_incident(officer)
    refused = await officer.post(f"/api/incidents/{incident['id']}/close", {"version": 1, **said})
    assert_refused(refused, 422, field)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"outcome": "crime_recorded", "report_number": "12-345/2026"}, ("12-345/2026", None)),
        ({"outcome": "no_offence", "reason": "civil_matter"}, (None, "civil_matter")),
        ({"outcome": "referred", "referred_to": "prosecutor"}, (None, "prosecutor")),
        ({"outcome": "unfounded"}, (None, None)),
        ({"outcome": "malicious"}, (None, None)),
    ],
)
async def test_a_closing_keeps_what_its_outcome_needs(officer: Person, said: Record, kept: tuple[Any, Any]) -> None:
    incident = await open_incident(officer)
    done = await officer.post(f"/api/incidents/{incident['id']}/close", {"version": 1, **said})
    assert done.status_code == 200, done.text
    held = await contents(officer, incident)
    assert (held["report_number"], held["outcome_reason"]) == kept
    assert (await timeline(officer, incident))[-1]["detail"]["outcome"] == said["outcome"]


async def test_malicious_is_said_of_an_incident_and_never_of_a_caller_number_or_place(
    shared_centre: RunningCentre, officer: Person
) -> None:
    first = await open_incident(officer, caller={"phone": "+998 90 333-33-33"})
    await close(officer, first, "malicious")
    again = await open_incident(officer, caller={"phone": "+998 90 333-33-33"})
    card = (await officer.get(f"/api/incidents/{again['id']}")).text
    assert "malicious" not in card
    assert first["id"] not in card
    columns = await shared_centre.rows(
        "SELECT table_name || '.' || column_name AS name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND (column_name ~ 'malicious|nuisance|false_call' OR column_name = 'outcome')"
    )
    assert {row["name"] for row in columns} <= {"incidents.outcome", "summary_incidents.outcome"}


async def test_a_note_from_paper_is_entered_late_and_marked(officer: Person) -> None:
    now = datetime.fromisoformat((await officer.get("/api/me")).json()["now"])
    stated = iso(now - timedelta(minutes=88))
    incident = await open_incident(officer, occurred_at=iso(now - timedelta(hours=2)))
    await do(officer, incident, "notes", {"text": "by radio at once", "via": "radio"})
    await do(officer, incident, "notes", {"text": "from the paper log", "occurred_at": stated, "via": "paper"})
    at_once, late = (await timeline(officer, incident))[-2:]
    assert (at_once["occurred"]["source"], at_once["late"]) == ("radio", False)
    assert (late["occurred"]["source"], late["occurred"]["at"], late["late"]) == ("paper", stated, True)
    assert late["recorded_at"] > stated
    notes = (await officer.get(f"/api/incidents/{incident['id']}")).json()["notes"]
    assert {(note["text"], note["via"]) for note in notes} == {
        ("from the paper log", "paper"),
        ("by radio at once", "radio"),
    }
    assert all(note["entered_at"] >= iso(now) for note in notes)


async def test_a_photo_is_sealed_cleaned_audited_and_sent_as_a_file_that_runs_nothing(
    shared_centre: RunningCentre, officer: Person
) -> None:
    incident = await open_incident(officer)
    exif = Image.Exif()
    exif[0x010F] = "CanaryCamera"
    out = BytesIO()
    Image.new("RGB", (40, 30), "green").save(out, "JPEG", exif=exif)
    added = await do(officer, incident, "attachments", out.getvalue())
    looked = await officer.get(f"/api/incidents/{incident['id']}/attachments/{added['id']}")
    assert looked.status_code == 200
    assert b"CanaryCamera" not in looked.content
    assert looked.headers["content-type"] == "image/jpeg"
    assert looked.headers["content-disposition"].startswith('attachment; filename="incident-')
    assert "sandbox" in looked.headers["content-security-policy"]
    assert (looked.headers["x-content-type-options"], looked.headers["cache-control"]) == ("nosniff", "no-store")
    sealed = await shared_centre.rows("SELECT ciphertext FROM sealed_blobs")
    assert not any(looked.content[:64] in bytes(row["ciphertext"]) for row in sealed)
    audited = await shared_centre.rows(
        "SELECT actor_id FROM audit_entries WHERE action = 'incident.read_attachment' AND record_id::text = $1",
        incident["id"],
    )
    assert [row["actor_id"] for row in audited] == [officer.id]


async def test_an_incident_takes_twenty_photos_and_no_more(officer: Person) -> None:
    incident = await open_incident(officer)
    for _ in range(20):
        await do(officer, incident, "attachments", photo_bytes())
    refused = await officer.post(f"/api/incidents/{incident['id']}/attachments", photo_bytes())
    assert (refused.status_code, refused.json()["code"]) == (409, "not_possible_now")


async def test_the_name_and_type_a_sender_claims_decide_nothing(officer: Person) -> None:
    incident = await open_incident(officer)
    script = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    path = f"/api/incidents/{incident['id']}/attachments"
    assert_refused(await officer.post(path, script, headers={"Content-Type": "image/png"}), 422, "body")
    assert_refused(await officer.post(path, b"", headers={"Content-Type": "image/png"}), 422, "body")
    taken = await officer.post(path, photo_bytes(), headers={"Content-Type": "image/svg+xml"})
    assert taken.status_code == 201


async def test_two_gigabytes_are_cut_off_before_they_are_read(shared_centre: RunningCentre, officer: Person) -> None:
    incident = await open_incident(officer)
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while sent < 2 * 10**9:
            sent += 65_536
            yield b"\xff\xd8\xff" + b"\0" * 65_533

    path = f"/api/incidents/{incident['id']}/attachments"
    headers = {"Idempotency-Key": "two gigabytes"}
    refused = await officer.client.post(path, content=endless(), headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    limit = shared_centre.centre.settings.attachment_limit_bytes
    assert sent <= limit + 2 * 65_536
    said = await officer.client.post(path, content=b"", headers=headers | {"Content-Length": str(2 * 10**9)})
    assert said.status_code == 413
    too_long = await officer.post(f"/api/incidents/{incident['id']}/notes", b"0" * 1_500_000)
    assert too_long.status_code == 413  # the wider limit is of photos alone


async def test_erasing_an_incident_takes_parties_vehicles_and_photos_too(
    shared_centre: RunningCentre, officer: Person
) -> None:
    incident = await open_incident(officer, priority="3")
    party = await do(officer, incident, "parties", {"role": "witness", "name": "First"})
    body = {"role": "witness", "name": "Second", "version": 1, "reason": "misheard"}
    await do(officer, incident, f"parties/{party['id']}/corrections", body, 200)
    await do(officer, incident, "vehicles", {"role": "parked", "plate": "01 A 001 AA"})
    photo = await do(officer, incident, "attachments", photo_bytes())
    protector = await shared_centre.person(Role.DATA_PROTECTION_OFFICER, Land.REGION)
    erased = await protector.post(f"/api/incidents/{incident['id']}/erasure")
    assert erased.json()["erased"] == 5  # two versions of the party, a reason, a vehicle, a photo
    held = await contents(officer, incident)
    (now,) = held["parties"]
    assert (now["name"], now["erased"], now["earlier"][0]["name"], now["role"]) == (None, True, None, "witness")
    assert (held["vehicles"][0]["plate"], held["vehicles"][0]["erased"], held["attachments"][0]["erased"]) == (
        None,
        True,
        True,
    )
    gone = await officer.get(f"/api/incidents/{incident['id']}/attachments/{photo['id']}")
    assert gone.status_code == 404


async def test_who_may_not_read_names_sees_links_and_no_people(shared_centre: RunningCentre, officer: Person) -> None:
    incident = await open_incident(officer)
    await do(officer, incident, "parties", {"role": "witness", "name": "Somebody"})
    observer = await shared_centre.person(Role.OBSERVER)
    held = await contents(observer, incident)
    assert (held["sealed"], held["parties"], held["attachments"], held["links"]) == (False, [], [], [])
