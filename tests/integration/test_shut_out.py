"""Conflict of interest: the post whose own people are in an incident loses it everywhere, and the post above takes it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from tests.support.centre import RunningCentre
from tests.support.crews import log_on
from tests.support.desk import assign, close, open_incident, register_unit
from tests.support.land import Land, place_in
from tests.support.live import serving, streaming
from tests.support.people import Person

from markaz.core.permissions import Grant, Role
from markaz.kit.clock import iso

Record = dict[str, Any]


async def shut_out(person: Person, incident: Record, **body: Any) -> Any:
    said = {"version": incident["version"], "ground": "household", **body}
    return await person.post(f"/api/incidents/{incident['id']}/shut-out", said)


async def seen(person: Person, incident: Record) -> dict[str, bool]:
    """Say by which ways somebody still sees an incident."""
    id_ = incident["id"]
    pages = {
        path: (await person.get(f"/api/incidents/{id_}{path}")).status_code for path in ("", "/timeline", "/contents")
    }
    listed = (await person.get("/api/incidents", status="all")).text
    picture = (await person.get("/api/snapshot")).json()["incidents"]
    note = await person.post(f"/api/incidents/{id_}/notes", {"text": "a try"})
    ways = {path: status == 200 for path, status in pages.items()}
    return ways | {
        "list": id_ in listed,
        "picture": id_ in {one["id"] for one in picture},
        "note": note.status_code == 201,
    }


async def test_the_post_loses_the_incident_by_every_way_and_the_post_above_takes_it(centre: RunningCentre) -> None:
    post = await centre.person(Role.DUTY_OFFICER, Land.WEST_SOUTH)
    district = await centre.person(Role.DUTY_OFFICER, Land.WEST)
    elsewhere = await centre.person(Role.DUTY_OFFICER, Land.WEST_NORTH)
    incident = await open_incident(post)
    assert set((await seen(post, incident)).values()) == {True}
    incident["version"] = (await post.get(f"/api/incidents/{incident['id']}")).json()["incident"]["version"]
    done = await shut_out(post, incident)
    assert (done.status_code, done.json()["territory_id"]) == (200, Land.WEST), done.text
    assert set((await seen(post, incident)).values()) == {False}
    assert set((await seen(elsewhere, incident)).values()) == {False}
    assert set((await seen(district, incident)).values()) == {True}
    held = (await district.get(f"/api/incidents/{incident['id']}/contents")).json()
    assert [(one["territory_id"], one["ground"]) for one in held["shut_out"]] == [(Land.WEST_SOUTH, "household")]


async def test_the_stream_of_the_post_drops_it_without_content_and_says_no_more(centre: RunningCentre) -> None:
    post = await centre.person(Role.DUTY_OFFICER, Land.WEST_SOUTH)
    district = await centre.person(Role.DUTY_OFFICER, Land.WEST)
    incident = await open_incident(post)
    async with serving(centre) as url, streaming(url, post, await centre.seq()) as frames:
        assert (await shut_out(post, incident)).status_code == 200
        left = await frames.next_event("left")
        assert left == {key: left[key] for key in ("seq", "type", "kind", "id", "op")}
        assert (left["id"], left["op"]) == (incident["id"], "gone")
        assert (await district.post(f"/api/incidents/{incident['id']}/notes", {"text": "taken"})).status_code == 201
        last = await open_incident(post)
        while last["id"] not in "".join(frames.raw):
            await frames.next()
        told = "".join(frames.raw)
    assert told.count(incident["id"]) == 1


async def test_a_named_colleague_with_rights_above_is_passed_over_and_kept_out(centre: RunningCentre) -> None:
    colleague = await centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST))
    region = await centre.person(Role.SUPERVISOR, Land.REGION)
    incident = await open_incident(region)
    done = await shut_out(region, incident, account_ids=[str(colleague.id)], ground="staff_party")
    assert done.json()["territory_id"] == Land.REGION
    assert set((await seen(colleague, incident)).values()) == {False}
    # A right given later does not open it either: card, timeline, contents and commands ask for the person, too.
    await centre.as_owner("INSERT INTO grants VALUES ($1, 'supervisor', $2)", colleague.id, int(Land.REGION))
    later = await seen(await centre.sign_in_again(colleague.id), incident)
    assert not any(later[way] for way in ("", "/timeline", "/contents", "note"))


async def test_nobody_above_means_no_change_and_plain_words(centre: RunningCentre) -> None:
    region = await centre.person(Role.SUPERVISOR, Land.REGION)
    incident = await open_incident(region)
    before = await centre.seq()
    refused = await shut_out(region, incident, account_ids=[str(region.id)])
    assert (refused.status_code, refused.json()["code"]) == (409, "not_possible_now")
    assert (await shut_out(region, incident, territory_id=int(Land.EAST))).status_code == 422
    assert await centre.seq() == before


async def test_it_is_not_moved_or_merged_back_and_a_part_of_it_stays_shut(centre: RunningCentre) -> None:
    post = await centre.person(Role.DUTY_OFFICER, Land.WEST_SOUTH)
    region = await centre.person(Role.SUPERVISOR, Land.REGION)
    incident, other = await open_incident(region, caller={"name": "Household"}), await open_incident(region)
    assert (await shut_out(region, incident)).status_code == 200
    version = (await region.get(f"/api/incidents/{incident['id']}")).json()["incident"]["version"]
    path = f"/api/incidents/{incident['id']}"
    moved = await region.post(
        f"{path}/changes", {"version": version, "reason": "x", "place": place_in(Land.WEST_SOUTH)}
    )
    assert (moved.status_code, moved.json()["code"]) == (409, "not_possible_now")
    merged = await region.post(f"{path}/merge", {"version": version, "reason": "x", "into_id": other["id"]})
    assert (merged.status_code, merged.json()["code"]) == (409, "not_possible_now")
    call = (await region.get(f"{path}/calls")).json()["items"][0]["id"]
    part = await region.post(f"{path}/split", {"version": version, "reason": "x", "calls": [call]})
    assert part.status_code == 201, part.text
    assert set((await seen(post, part.json())).values()) == {False}
    assert set((await seen(region, part.json())).values()) == {True}


async def test_no_alarm_handover_or_draft_of_the_post_names_it(centre: RunningCentre) -> None:
    """An emergency of its own unit stays with the post, for life's sake, but does not say for what the unit was sent."""
    post = await centre.person(Role.SUPERVISOR, Land.WEST_SOUTH)
    district = await centre.person(Role.SUPERVISOR, Land.WEST)
    long_ago = iso(centre.centre.clock.now() - timedelta(hours=3))
    incident = await open_incident(post, priority="1", occurred_at=long_ago)
    working = await open_incident(post, priority="1", occurred_at=long_ago)
    unit = await register_unit(post, "P-7", Land.WEST_SOUTH)
    working = await assign(post, working, unit)
    assert await centre.centre.watcher.look() > 0
    offer = {"territory_id": int(Land.WEST_SOUTH), "shift": "night", "by_hand": []}
    handover = (await post.post("/api/handovers", offer)).json()["id"]
    pages = [
        ("/api/alarms", {}),
        ("/api/snapshot", {}),
        ("/api/handovers/draft", {"territory": Land.WEST_SOUTH}),
        (f"/api/handovers/{handover}", {}),
        ("/api/summaries/draft", {"territory": Land.WEST_SOUTH}),
    ]
    for one in (incident, working):
        one["version"] = (await post.get(f"/api/incidents/{one['id']}")).json()["incident"]["version"]
        assert (await shut_out(post, one)).status_code == 200
    press = await post.post(f"/api/units/{unit['id']}/emergency", {})
    assert press.status_code == 201, press.text

    async def told(person: Person) -> dict[str, str]:
        answers = {path: await person.get(path, **query) for path, query in pages}
        assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(answers, 200)
        return {path: answer.text for path, answer in answers.items()}

    for _ in range(2):  # before the watcher's next look, and after it
        seen_by_post = await told(post)
        for path, text in seen_by_post.items():
            assert f'"number":"{incident["number"]}"' not in text.replace(" ", ""), path
            assert f'"number":"{working["number"]}"' not in text.replace(" ", ""), path
            assert incident["id"] not in text, path
        alarms = (await post.get("/api/alarms")).json()["items"]
        assert [(one["kind"], one["call_sign"], one["number"]) for one in alarms] == [("emergency", "P-7", None)]
        await centre.centre.watcher.look()
    numbers = {one["number"] for one in (await district.get("/api/alarms")).json()["items"]}
    assert numbers >= {incident["number"], working["number"]}
    items = (await post.get(f"/api/handovers/{handover}")).json()["items"]
    assert [(one["incident"], one["is_shut"]) for one in items] == [(None, True)] * 2


async def test_a_closed_incident_is_shut_too_and_comes_back_into_no_console(centre: RunningCentre) -> None:
    post = await centre.person(Role.DUTY_OFFICER, Land.WEST_SOUTH)
    region = await centre.person(Role.SUPERVISOR, Land.REGION)
    incident = await close(region, await open_incident(region))
    async with serving(centre) as url, streaming(url, region, await centre.seq()) as frames:
        assert (await shut_out(region, incident, ground="own_report")).status_code == 200
        event = await frames.next_event("incident.shut_out/1")
        assert event["op"] == "gone"
    assert set((await seen(post, incident)).values()) == {False}


async def test_a_named_officer_reads_nothing_of_it_by_phone_from_the_unit_that_was_sent(centre: RunningCentre) -> None:
    officer = await centre.newcomer(Grant(Role.UNIT_OFFICER, Land.WEST))
    region = await centre.person(Role.SUPERVISOR, Land.REGION)
    unit = await register_unit(region, "P-9", Land.WEST_SOUTH, available=False)
    await log_on(officer, unit)
    incident = await assign(region, await open_incident(region, caller={"name": "Household"}), unit)
    assert (await officer.get("/api/field/now")).json()["incident"]["sealed"]["caller_name"] == "Household"
    assert (await shut_out(region, incident, account_ids=[str(officer.id)])).status_code == 200
    assert (await officer.get("/api/field/now")).json()["incident"] is None
    now = iso(centre.centre.clock.now())
    said = {"key": str(uuid4()), "unit_id": unit["id"], "incident_id": incident["id"], "at": now, "device_now": now}
    note = await officer.post("/api/field/reports", said | {"kind": "note", "text": "a try"})
    assert note.status_code == 404, note.text
    press = await officer.post("/api/field/reports", said | {"kind": "emergency"})
    assert press.status_code == 200, press.text


async def test_it_is_not_merged_to_where_a_named_person_reads_it(centre: RunningCentre) -> None:
    region = await centre.person(Role.SUPERVISOR, Land.REGION)
    named = await centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST_SOUTH))
    one = await open_incident(region, caller={"name": "Household"})
    other = await open_incident(region)
    shut = (await shut_out(region, one, account_ids=[str(named.id)])).json()
    assert (await shut_out(region, other)).status_code == 200
    merge = {"version": shut["version"], "reason": "x", "into_id": other["id"]}
    refused = await region.post(f"/api/incidents/{one['id']}/merge", merge)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_possible_now")


async def test_what_was_written_of_it_before_is_closed_to_the_post_too(centre: RunningCentre) -> None:
    post = await centre.person(Role.SUPERVISOR, Land.WEST_SOUTH)
    second = await centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST_SOUTH))
    await centre.person(Role.DUTY_OFFICER, Land.WEST)
    incident = await open_incident(post)
    offer = {"territory_id": int(Land.WEST_SOUTH), "shift": "night", "by_hand": []}
    handover = (await post.post("/api/handovers", offer)).json()["id"]
    told = {"incident_id": incident["id"], "remark": "Canary remark"}
    assert (await second.post(f"/api/handovers/{handover}/acknowledgements", told)).status_code == 200
    day = (await post.get("/api/summaries/draft", territory=Land.WEST_SOUTH)).json()["today"]
    made = await post.post(
        "/api/summaries",
        {
            "territory_id": int(Land.WEST_SOUTH),
            "day": day,
            "by_hand": {},
            "significant": [{"incident_id": incident["id"], "sentence": "Canary sentence"}],
        },
    )
    assert made.status_code == 201, made.text
    pages = [f"/api/handovers/{handover}", f"/api/summaries/{made.json()['id']}"]
    assert ["Canary" in (await second.get(page)).text for page in pages] == [True, True]
    assert (await shut_out(post, incident)).status_code == 200
    assert ["Canary" in (await second.get(page)).text for page in pages] == [False, False]
