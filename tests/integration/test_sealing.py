"""Sealed fields in a whole centre: nothing that names a person turns up in clear, and what is erased stays erased."""

import shutil
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
import pytest
from PIL import Image
from pydantic import SecretStr
from tests.support import history
from tests.support.canary import Canaries, dump, everything_logged, files_of
from tests.support.centre import RunningCentre, opened_centre
from tests.support.desk import assign, call_body, close, intake_body, open_incident, reach, register_unit
from tests.support.fixtures import OpenCentre
from tests.support.land import Land, place_in
from tests.support.live import serving, streaming
from tests.support.people import Person, new_key
from tests.support.saved import KEYS_DAYS

from markaz.core.db.backup import HISTORY_KEYS, backup
from markaz.core.db.folder import CentreFolder
from markaz.core.db.restore import restore
from markaz.core.permissions import Role
from markaz.core.sealing import KEY_FILE, KeysMissing, Sealer
from markaz.kit.clock import iso

if TYPE_CHECKING:
    from tests.conftest import TestCluster


async def by_every_way_in(officer: Person, importer: Person, canaries: Canaries) -> dict[str, Any]:
    """Send canaries by every command that takes words, also by ones that are refused; return the incident."""
    caller = {"name": canaries.text("name"), "phone": canaries.phone("phone")}
    words: dict[str, Any] = {"caller": caller, "address": canaries.text("address"), "note": canaries.text("first note")}
    words["priority_reason"] = canaries.text("reason of priority")
    incident = await open_incident(officer, **words)
    path = f"/api/incidents/{incident['id']}"
    unit = await register_unit(officer, new_key())
    incident = await assign(officer, incident, unit)
    incident = await reach(officer, incident, unit, "en_route")

    async def sent(path: str, body: dict[str, Any]) -> None:
        response = await officer.post(path, body)
        assert response.is_success, response.text
        incident["version"] = response.json()["version"]

    await sent(f"{path}/notes", {"text": canaries.text("note")})
    reason = canaries.text("reason of change")
    await sent(f"{path}/changes", {"version": incident["version"], "priority": "1", "reason": reason})
    at = iso((await now_of(officer)) + timedelta(seconds=5))
    further = {"name": canaries.text("further name"), "phone": canaries.phone("further phone")}
    words = {"caller": further, "address": canaries.text("further address"), "text": canaries.text("further text")}
    correction = {"version": incident["version"], "corrects_seq": incident["seq"] - 1, "unit_id": unit["id"]}
    correction |= {"stage": "en_route", "occurred_at": at, "reason": canaries.text("reason of correction")}
    await sent(f"{path}/corrections", correction)
    await sent(f"{path}/calls", {"channel": "phone", **words})
    later = {"phone": canaries.phone("later phone")}
    await sent(f"{path}/caller", {"caller": later, "address": canaries.text("later address")})
    for question in (canaries.text("name"), canaries.phone("phone"), canaries.text("nobody")):
        assert (await officer.post("/api/find", {"q": question})).status_code == 200
    body = intake_body(new_key(), await now_of(officer), address=canaries.text("address of another system"))
    assert (await importer.post("/api/intake/calls", body)).status_code == 201
    await held_by_it(officer, path, canaries)
    await refused_with_words(officer, incident["id"], canaries)
    return incident


async def held_by_it(officer: Person, path: str, canaries: Canaries) -> None:
    """Send canaries as parties, vehicles, photos and reasons; part of them is split off and merged back."""

    async def sent(where: str, body: Any) -> dict[str, Any]:
        if isinstance(body, dict) and "version" in body and not body["version"]:
            body |= {"version": (await officer.get(path)).json()["incident"]["version"]}
        response = await officer.post(where, body)
        assert response.is_success, response.text
        return dict(response.json())

    fields = {name: canaries.text(f"party {name}") for name in ("name", "address", "fact", "opinion")}
    party = await sent(f"{path}/parties", {"role": "victim", **fields, "phone": canaries.phone("phone of a party")})
    anew = {"role": "witness", "name": canaries.text("party after correction"), "version": 1}
    anew |= {"reason": canaries.text("reason of party correction")}
    await sent(f"{path}/parties/{party['id']}/corrections", anew)
    await sent(
        f"{path}/vehicles", {"role": "parked", "plate": canaries.text("plate"), "description": canaries.text("car")}
    )
    exif, photo = Image.Exif(), BytesIO()
    exif[0x010F] = canaries.text("camera")
    Image.new("RGB", (16, 16)).save(photo, "JPEG", exif=exif, comment=canaries.text("comment").encode())
    await sent(f"{path}/attachments", photo.getvalue())
    split = {"version": 0, "parties": [party["id"]], "reason": canaries.text("reason of split")}
    part = await sent(f"{path}/split", split)
    back = {"version": 1, "into_id": path.rpartition("/")[2], "reason": canaries.text("reason of merge")}
    await sent(f"/api/incidents/{part['id']}/merge", back)


async def refused_with_words(officer: Person, incident_id: str, canaries: Canaries) -> None:
    """Send words in commands that are refused: what is not taken must not be logged or kept either."""
    words: dict[str, Any] = {"caller": {"name": canaries.text("refused name")}, "note": canaries.text("refused note")}
    key = new_key()
    attempts: list[tuple[str, Any, str | None]] = [
        ("/api/incidents", call_body(category="nothing", **words), None),
        ("/api/incidents", call_body(occurred_at="2199-01-01T00:00:00Z", **words), None),
        ("/api/incidents", call_body(**words) | {canaries.text("unknown field"): 1}, None),
        ("/api/incidents", call_body(**words) | {"territory_id": 9_999}, None),
        ("/api/incidents", call_body(caller={"phone": canaries.text("not a phone")}), None),
        ("/api/incidents", b'{"note": "' + canaries.text("broken json").encode(), None),
        (f"/api/incidents/{incident_id}/changes", {"version": 1, "reason": canaries.text("stale reason")}, None),
        (f"/api/incidents/{incident_id}/notes", {"text": canaries.text("kept note")}, key),
        (f"/api/incidents/{incident_id}/notes", {"text": canaries.text("other note of the key")}, key),
        ("/api/session", {"login": "nobody", "password": canaries.text("password")}, None),
    ]
    statuses = [(await officer.post(path, body, key=key)).status_code for path, body, key in attempts]
    assert statuses == [422, 422, 422, 403, 422, 422, 409, 201, 422, 401]


async def by_ways_without_an_incident(officer: Person, canaries: Canaries) -> None:
    """Send canaries by what belongs to no incident: an unfinished form and a hazard note."""
    form = {"caller_name": canaries.text("unfinished name"), "note": canaries.text("unfinished note")}
    assert (await officer.send("PUT", f"/api/call-drafts/{uuid4()}", {"fields": form})).status_code == 200
    hazard = {"place": place_in(Land.WEST_SOUTH), "radius_m": 50.0, "source": "officer", "ground": "dog"}
    hazard |= {"text": canaries.text("hazard"), "expires_at": iso((await now_of(officer)) + timedelta(days=9))}
    assert (await officer.post("/api/hazards", hazard)).status_code == 201


async def now_of(person: Person) -> datetime:
    return datetime.fromisoformat((await person.get("/api/me")).json()["now"])


async def test_nothing_that_names_a_person_turns_up_in_clear_anywhere(
    centre: RunningCentre, cluster: "TestCluster", tmp_path: Path
) -> None:
    officer, importer = await centre.person(Role.SUPERVISOR), await centre.person(Role.IMPORTER)
    canaries, places = Canaries(), dict[str, bytes]()
    with everything_logged() as log:
        async with (
            serving(centre) as url,
            streaming(url, officer, await centre.seq()) as frames,
            httpx.AsyncClient(base_url=url, headers=officer.credentials) as wire,
        ):
            over_the_wire = Person(officer.id, officer.login, wire, officer.credentials)
            incident = await by_every_way_in(over_the_wire, importer, canaries)
            await by_ways_without_an_incident(over_the_wire, canaries)
            await officer.get(f"/api/incidents/{incident['id']}")
            await officer.get(f"/api/incidents/{incident['id']}/timeline")
            last = await open_incident(officer)
            await frames.next_event("incident.opened/1")
            while last["id"] not in "".join(frames.raw):
                await frames.next()
        places |= {"log": log.getvalue().encode(), "stream": "\n".join(frames.raw).encode()}
    for path in ("/openapi.json", "/api/snapshot", "/api/incidents?status=all", "/api/units", "/api/figures/response"):
        places[path] = (await officer.get(path)).content
    administrator = await centre.person(Role.ADMINISTRATOR, Land.ROOT)
    places["/metrics"] = (await administrator.get("/metrics")).content
    reviewer = await centre.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    places["/api/audit"] = (await reviewer.get("/api/audit", limit=200)).content
    await history.write(centre)
    root = history.root_of(centre)
    assert b"incident.note_added/1" in history.decompressed(root)
    places |= {f"history/{path.name}": path.read_bytes() for path in root.rglob("*") if path.is_file()}
    places |= {
        "history/values": history.decompressed(root),
        "history/paths": "\n".join(map(str, root.rglob("*"))).encode(),
    }
    await dump(centre, tmp_path / "dump.sql")
    cluster.execute("CHECKPOINT")
    hits, no_secret = {}, Canaries({"id": last["id"]}, {"id": UUID(last["id"]).bytes})
    known_in = {place for place, content in places.items() if no_secret.found_in(content)}
    for place, content in [*places.items(), *files_of(cluster.home, tmp_path / "dump.sql")]:
        if found := canaries.found_in(content):
            hits[place] = found
        if no_secret.found_in(content):
            known_in.add(place.partition("/")[0] if "/pg_wal/" not in place else "pg_wal")
    assert hits == {}
    # A search that could find nothing would prove nothing: an id that is no secret is found in each kind of place.
    assert known_in >= {"stream", "/api/snapshot", "dump.sql", "database", "pg_wal"}, known_in
    assert not [place for place in known_in if place.startswith("history")], "no id of a record stands in history"
    ids = await centre.rows(
        "SELECT aggregate_id AS id FROM events UNION SELECT actor_id FROM events UNION SELECT id FROM accounts UNION "
        "SELECT id FROM calls UNION SELECT sealed_id FROM keys.sealed_keys UNION SELECT id FROM units"
    )
    assert len(ids) > 20
    raw = [
        form
        for row in ids
        if row["id"].int
        for form in (str(row["id"]).encode(), row["id"].hex.encode(), row["id"].bytes)
    ]
    for place in (name for name in places if name.startswith("history")):
        assert not [form for form in raw if form in places[place]], place
    assert '"route":"/api/incidents"' in log.getvalue()
    card = (await officer.get(f"/api/incidents/{incident['id']}")).text
    assert canaries.words["name"] in card
    assert canaries.words["note"] in card


async def test_events_and_kept_answers_hold_only_ids_codes_times_and_numbers(centre: RunningCentre) -> None:
    officer, importer = await centre.person(Role.SUPERVISOR), await centre.person(Role.IMPORTER)
    canaries = Canaries()
    await by_every_way_in(officer, importer, canaries)
    for table in (
        "events",
        "idempotency",
        "audit_entries",
        "tasks",
        "calls",
        "notes",
        "incidents",
        "sealed_search",
        "parties",
        "vehicles",
        "attachments",
    ):
        rows = await centre.rows(f"SELECT to_jsonb(t)::text AS row FROM {table} t")
        assert canaries.found_in("\n".join(r["row"] for r in rows).encode()) == [], table


async def an_incident_with_people(centre: RunningCentre) -> tuple[dict[str, Any], Canaries]:
    officer, importer = await centre.person(Role.SUPERVISOR), await centre.person(Role.IMPORTER)
    canaries = Canaries()
    return await by_every_way_in(officer, importer, canaries), canaries


async def erased(centre: RunningCentre, incident: dict[str, Any]) -> int:
    protector = await centre.person(Role.DATA_PROTECTION_OFFICER)
    response = await protector.post(f"/api/incidents/{incident['id']}/erasure")
    assert response.status_code == 200, response.text
    return int(response.json()["erased"])


async def test_erasing_takes_the_person_away_and_leaves_timeline_counts_and_stream(centre: RunningCentre) -> None:
    incident, canaries = await an_incident_with_people(centre)
    officer = await centre.person(Role.SUPERVISOR)
    path = f"/api/incidents/{incident['id']}"

    async def picture() -> dict[str, Any]:
        seen = {
            "counts": (await officer.get(f"/api/territories/{int(Land.REGION)}/counts")).json(),
            "list": (await officer.get("/api/incidents", status="all")).json(),
            "units": (await officer.get("/api/units")).json(),
            "incidents": (await officer.get("/api/snapshot")).json()["incidents"],
            "figures": (await officer.get("/api/figures/response")).json(),
        }
        timeline = (await officer.get(f"{path}/timeline")).json()["entries"]
        return seen | {"timeline": [e | {"reason": None} for e in timeline if e["type"] != "incident.erased/1"]}

    before, seq = await picture(), await centre.seq()
    async with serving(centre) as url, streaming(url, officer, seq) as frames:
        assert await erased(centre, incident) >= 5  # the caller, three notes, two reasons
        after_erasure = await frames.next("events")
        assert after_erasure.data == {"after": seq, "seq": seq + 1, "events": []}
    assert await picture() == before
    card = (await officer.get(path)).json()
    assert card["sealed"] == {"erased": True, "restricted": False}
    assert [(note["text"], note["erased"]) for note in card["notes"]] == [(None, True)] * len(card["notes"])
    assert card["notes"]
    timeline = (await officer.get(f"{path}/timeline")).json()["entries"]
    assert {e["reason"] for e in timeline} == {None}
    assert canaries.found_in((await officer.get(path)).content) == []
    assert await erased(centre, incident) == 0


async def test_erasing_destroys_every_key_and_search_hash_of_the_incident_and_no_other(centre: RunningCentre) -> None:
    officer = await centre.person(Role.SUPERVISOR)
    stays = await open_incident(officer, caller={"name": "Stays", "phone": "+998 90 000"}, note="stays")
    kept = {r["sealed_id"] for r in await centre.rows("SELECT sealed_id FROM keys.sealed_keys")}
    incident, _ = await an_incident_with_people(centre)
    others = {
        r["sealed_id"]
        for r in await centre.rows(
            "SELECT sealed_id FROM calls WHERE incident_id::text <> $1 AND sealed_id IS NOT NULL", incident["id"]
        )
    }
    await erased(centre, incident)
    left = {r["sealed_id"] for r in await centre.rows("SELECT sealed_id FROM keys.sealed_keys")}
    assert left == kept | others
    hashes = {r["sealed_id"] for r in await centre.rows("SELECT sealed_id FROM sealed_search")}
    assert hashes <= left
    erasures = await centre.rows("SELECT actor_id FROM erasures")
    assert {r["actor_id"] for r in erasures} == {(await centre.person(Role.DATA_PROTECTION_OFFICER)).id}
    assert (await officer.get(f"/api/incidents/{stays['id']}")).json()["sealed"]["caller_name"] == "Stays"


async def test_an_old_copy_of_the_data_does_not_bring_an_erased_person_back(
    centre: RunningCentre, cluster: "TestCluster", tmp_path: Path
) -> None:
    incident, canaries = await an_incident_with_people(centre)
    settings = centre.centre.settings
    folder = CentreFolder.at(settings.home)
    await history.write(centre)
    shutil.copytree(history.root_of(centre), tmp_path / "parquet-before")
    stood = history.pseudonyms_of(centre, incident["id"])
    assert stood & history.joined_in(tmp_path / "parquet-before")
    await backup(centre.access, folder, tmp_path / "before", tmp_path / "keys-before", settings.postgres_bin)
    for part in ("before", "keys-before"):
        names = {path.name for path in (tmp_path / part).rglob("*")}
        assert not [name for name in names if name.endswith(".parquet") or name == HISTORY_KEYS], part
    await erased(centre, incident)
    await backup(centre.access, folder, tmp_path / "after", tmp_path / "keys-after", settings.postgres_bin)
    name = f"test_restored_{new_key()[:6]}"
    access = cluster.make(name, "template0")
    restored = settings.model_copy(
        update={
            "home": tmp_path / "restored",
            "database_url": SecretStr(access.app_dsn),
            "database_owner_url": SecretStr(access.owner_dsn),
        }
    )
    restored.home.mkdir()
    await restore(
        access,
        CentreFolder.at(restored.home),
        tmp_path / "before",
        tmp_path / "keys-after",
        settings.postgres_bin,
        keys_days=KEYS_DAYS,
        without_erased=True,
    )
    async with opened_centre(restored, access, with_land=False) as again:
        officer = await again.sign_in_again((await centre.person(Role.SUPERVISOR)).id)
        card = await officer.get(f"/api/incidents/{incident['id']}")
        assert (card.status_code, card.json()["sealed"]) == (200, {"erased": True, "restricted": False})
        assert canaries.found_in(card.content) == []
        # Yesterday's Parquet beside it: no key makes its pseudonyms, and the first run writes it again without the course.
        root = Path(shutil.copytree(tmp_path / "parquet-before", history.root_of(again)))
        assert history.pseudonyms_of(again, incident["id"]) == set()
        await history.write(again)
        assert not (stood | history.pseudonyms_of(again, incident["id"])) & history.joined_in(root)
        assert (await history.verified(again)).wrong == ()
    cluster.drop(name)


async def test_a_caller_is_found_by_any_way_of_writing_the_phone_until_erased(centre: RunningCentre) -> None:
    officer = await centre.person(Role.SUPERVISOR)
    numbers = ["+998 90 123-45-67", "998901234567", "+998 (90) 123 45 67"]
    incidents = [await open_incident(officer, caller={"phone": number}) for number in numbers]
    await open_incident(officer, caller={"phone": "+998 90 123-45-68"})
    sealer, database = centre.centre.sealer, centre.centre.database

    async def found(phone: str) -> set[str]:
        async with database.connection() as connection:
            sealed_ids = await sealer.find(connection, "caller_phone", phone)
        rows = await centre.rows("SELECT incident_id FROM calls WHERE sealed_id = ANY($1::uuid[])", sealed_ids)
        return {str(r["incident_id"]) for r in rows}

    for number in numbers:
        assert await found(number) == {i["id"] for i in incidents}
    await erased(centre, incidents[0])
    assert await found("998901234567") == {i["id"] for i in incidents[1:]}


async def test_a_ciphertext_moved_to_another_record_is_not_shown(centre: RunningCentre) -> None:
    officer = await centre.person(Role.SUPERVISOR)
    one, two = [await open_incident(officer, caller={"name": name}) for name in ("First Person", "Second Person")]
    await centre.as_owner(
        "UPDATE sealed_fields SET ciphertext = (SELECT f.ciphertext FROM sealed_fields f JOIN calls c USING (sealed_id) "
        "WHERE c.incident_id::text = $1) WHERE sealed_id = (SELECT sealed_id FROM calls WHERE incident_id::text = $2)",
        one["id"],
        two["id"],
    )
    card = await officer.get(f"/api/incidents/{two['id']}")
    assert (card.status_code, card.json()["code"]) == (500, "seal_broken")
    assert "Person" not in card.text
    assert (await officer.get(f"/api/incidents/{one['id']}")).json()["sealed"]["caller_name"] == "First Person"


async def test_a_key_file_of_another_centre_opens_nothing_and_the_rest_goes_on(
    centre: RunningCentre, open_centre_with: OpenCentre, tmp_path: Path
) -> None:
    officer = await centre.person(Role.SUPERVISOR)
    incident = await open_incident(officer, caller={"name": "Somebody"})
    Sealer.open(tmp_path / "another")
    other = await open_centre_with(with_land=False, home=tmp_path / "another")
    again = await other.sign_in_again(officer.id)
    card = await again.get(f"/api/incidents/{incident['id']}")
    assert (card.status_code, card.json()["code"]) == (503, "keys_missing")
    assert "restore the one backed up with it" in card.json()["message"]
    assert len((await again.get("/api/snapshot")).json()["incidents"]) == 1


async def test_a_centre_with_sealed_data_and_no_key_file_does_not_start_and_makes_none(
    centre: RunningCentre, open_centre_with: OpenCentre, tmp_path: Path
) -> None:
    officer = await centre.person(Role.SUPERVISOR)
    await open_incident(officer, caller={"name": "Somebody"})
    with pytest.raises(KeysMissing):
        await open_centre_with(with_land=False, home=tmp_path / "lost")
    assert not (tmp_path / "lost" / KEY_FILE).exists()


async def test_closed_incidents_keep_their_people_sealed_and_erasable(centre: RunningCentre) -> None:
    officer = await centre.person(Role.SUPERVISOR)
    incident = await close(officer, await open_incident(officer, priority="3", caller={"name": "Somebody"}))
    assert await erased(centre, incident) == 1
    assert (await officer.get(f"/api/incidents/{incident['id']}")).json()["sealed"] == {
        "erased": True,
        "restricted": False,
    }
