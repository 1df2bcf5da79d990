"""What a phone reports of an incident that was merged meanwhile is of the one that goes on, and says of which it was told."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.integration.test_field import Crew, a_crew
from tests.integration.test_field_sendings import ago, status, told
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.land import Land
from tests.support.operations_contents import photo_bytes

from markaz.kit.clock import iso


async def merge(crew: Crew, one: dict[str, Any]) -> dict[str, Any]:
    """Merge an incident into a new one and return that."""
    into = await open_incident(crew.desk, Land.WEST_SOUTH)
    card = (await crew.desk.get(f"/api/incidents/{one['id']}")).json()["incident"]
    body = {"version": card["version"], "into_id": into["id"], "reason": "the same"}
    merged = await crew.desk.post(f"/api/incidents/{one['id']}/merge", body)
    assert merged.status_code == 200, merged.text
    return into


async def card_of(crew: Crew, incident: dict[str, Any]) -> dict[str, Any]:
    return dict((await crew.desk.get(f"/api/incidents/{incident['id']}")).json())


async def entries_of(crew: Crew, incident: dict[str, Any], source: str = "unit_phone") -> list[dict[str, Any]]:
    entries = (await crew.desk.get(f"/api/incidents/{incident['id']}/timeline")).json()["entries"]
    return [entry["detail"] for entry in entries if entry["occurred"]["source"] == source]


async def test_stages_note_and_photo_of_a_merged_incident_are_of_the_one_that_goes_on(centre: RunningCentre) -> None:
    crew = await a_crew(centre, received_ago=timedelta(minutes=30))
    sending = await told(crew)
    pressed = [
        crew.report("stage", timedelta(minutes=20 - n), stage=stage, **sending)
        for n, stage in enumerate(["en_route", "on_scene"])
    ]
    pressed.append(crew.report("note", timedelta(minutes=10), text="Two injured, send an ambulance."))
    into = await merge(crew, crew.incident)
    for body in pressed:
        answer = await crew.send(body)
        assert (answer["kept"], answer["into"]) == ("taken", into["number"])
    now = iso(datetime.now(UTC))
    query = f"key={uuid4()}&unit_id={crew.unit['id']}&incident_id={crew.incident['id']}&at={now}&device_now={now}"
    photo = await crew.officer.send("POST", f"/api/field/photos?{query}", photo_bytes())
    assert (photo.status_code, photo.json().get("into")) == (200, into["number"]), photo.text
    card = await card_of(crew, into)
    assert set(card["incident"]["units"][crew.unit["id"]]["stages"]) == {"assigned", "en_route", "on_scene"}
    assert [note["text"] for note in card["notes"]] == ["Two injured, send an ambulance."]
    assert len((await crew.desk.get(f"/api/incidents/{into['id']}/contents")).json()["attachments"]) == 1
    assert await status(crew) == "on_scene"
    details = await entries_of(crew, into)
    assert [detail.get("told_of") for detail in details] == [crew.incident["number"]] * 3
    assert all("stage_order" not in detail.get("flags", []) for detail in details)
    (shown,) = [one for one in await entries_of(crew, into, "officer") if "attachment_id" in one]
    assert shown["told_of"] == crew.incident["number"]
    assert await entries_of(crew, crew.incident) == []


async def test_a_chain_of_merges_is_followed_to_its_end(centre: RunningCentre) -> None:
    crew = await a_crew(centre, received_ago=timedelta(minutes=30))
    stage = crew.report("stage", timedelta(minutes=20), stage="en_route")  # of an older phone
    note = crew.report("note", timedelta(minutes=10), text="The gate is locked.")
    last = await merge(crew, await merge(crew, await merge(crew, crew.incident)))
    for body in (stage, note):
        assert (await crew.send(body))["into"] == last["number"]
    card = await card_of(crew, last)
    assert set(card["incident"]["units"][crew.unit["id"]]["stages"]) == {"assigned", "en_route"}
    assert len(card["notes"]) == 1


async def test_a_sending_that_was_over_before_the_merge_keeps_its_own_late_facts(centre: RunningCentre) -> None:
    crew = await a_crew(centre, received_ago=timedelta(minutes=60))
    arrived = crew.report("stage", timedelta(minutes=40), stage="on_scene", **await told(crew))
    note = crew.report("note", timedelta(minutes=35), text="Nobody is there.")
    card = (await crew.card())["incident"]
    path = f"/api/incidents/{card['id']}/assignments/{crew.unit['id']}/stages"
    done = await crew.desk.post(path, {"stage": "cleared", "version": card["version"], "occurred_at": iso(ago(20))})
    assert done.status_code == 200, done.text
    into = await merge(crew, crew.incident)
    assert (await crew.send(arrived))["kept"] == "taken"
    assert (await crew.send(note))["into"] == into["number"]
    (row,) = await centre.rows(
        "SELECT incident_id FROM assignments WHERE unit_id = $1 AND on_scene_at IS NOT NULL", crew.unit["id"]
    )
    assert str(row["incident_id"]) == crew.incident["id"]
    assert [one["text"] for one in (await card_of(crew, into))["notes"]] == ["Nobody is there."]


async def test_who_was_sent_to_neither_adds_to_neither(centre: RunningCentre) -> None:
    crew = await a_crew(centre)
    elsewhere = await open_incident(crew.desk, Land.WEST_SOUTH)
    into = await merge(crew, elsewhere)
    for incident in (elsewhere, into):
        refused = await crew.officer.post(
            "/api/field/reports", crew.report("note", incident_id=incident["id"], text="x")
        )
        assert refused.status_code == 404
    assert (await card_of(crew, into))["notes"] == []
