"""One owner for each incident: the opener, whoever takes it over, nobody after a sign-off; and who has it open."""

import asyncio
from datetime import timedelta
from typing import Any

from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.live import serving, streaming
from tests.support.people import Person

from markaz.core.permissions import Grant, Role
from markaz.kit.clock import FakeClock


async def card(person: Person, incident: dict[str, Any]) -> dict[str, Any]:
    view: dict[str, Any] = (await person.get(f"/api/incidents/{incident['id']}")).json()["incident"]
    return view


async def own(person: Person, incident: dict[str, Any], to: str = "me", version: int | None = None) -> Any:
    seen = (await card(person, incident))["version"] if version is None else version
    return await person.post(f"/api/incidents/{incident['id']}/owner", {"to": to, "version": seen})


async def a_colleague(centre: RunningCentre, role: Role = Role.DUTY_OFFICER, territory: Land = Land.WEST) -> Person:
    return await centre.newcomer(Grant(role, territory))


async def test_who_opens_an_incident_owns_it_and_anybody_of_the_desk_takes_it_over(centre: RunningCentre) -> None:
    first, second = await a_colleague(centre), await a_colleague(centre)
    incident = await open_incident(first)
    assert (await card(first, incident))["owner_id"] == str(first.id)
    assert (await own(second, incident)).status_code == 200
    assert (await card(first, incident))["owner_id"] == str(second.id)
    assert (await own(first, incident, str(second.id))).status_code == 422  # theirs already
    events = await centre.rows("SELECT payload FROM events WHERE type = 'incident.owner_changed/1'")
    assert len(events) == 1
    assert f'"from": "{first.id}"' in str(events[0]["payload"])
    assert f'"to": "{second.id}"' in str(events[0]["payload"])


async def test_two_take_over_at_once_and_the_slower_is_told_who_was_faster(centre: RunningCentre) -> None:
    opener = await a_colleague(centre)
    rivals = [await a_colleague(centre) for _ in range(2)]
    incident = await open_incident(opener)
    answers = await asyncio.gather(*(own(one, incident, version=incident["version"]) for one in rivals))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    lost = next(answer for answer in answers if answer.status_code == 409).json()
    assert (lost["code"], lost["details"]["what"]) == ("version_conflict", "incident.owner_changed/1")
    winner = next(one for one, answer in zip(rivals, answers, strict=True) if answer.status_code == 200)
    assert winner.login in lost["details"]["by"]


async def test_an_incident_is_handed_only_to_somebody_who_works_at_its_desk(centre: RunningCentre) -> None:
    owner = await a_colleague(centre)
    incident = await open_incident(owner)
    for role, territory in ((Role.OBSERVER, Land.WEST), (Role.DUTY_OFFICER, Land.EAST), (Role.UNIT_OFFICER, Land.WEST)):
        stranger = await a_colleague(centre, role, territory)
        refused = await own(owner, incident, str(stranger.id))
        assert (refused.status_code, refused.json()["details"]["field"]) == (422, "to")
    for role in (Role.CALL_TAKER, Role.DISPATCHER, Role.SUPERVISOR):
        colleague = await a_colleague(centre, role)
        assert (await own(owner, incident, str(colleague.id))).status_code == 200


async def test_an_owner_who_signs_off_leaves_no_incident_behind_unseen(centre: RunningCentre) -> None:
    owner, other = await a_colleague(centre), await a_colleague(centre)
    incident, theirs = await open_incident(owner), await open_incident(other)
    again = await centre.sign_in_again(owner.id)
    assert (await again.send("DELETE", "/api/session")).status_code == 204
    assert (await card(other, incident))["owner_id"] == str(owner.id)  # still signed in elsewhere
    assert (await owner.send("DELETE", "/api/session")).status_code == 204
    assert (await card(other, incident))["owner_id"] is None
    assert (await card(other, theirs))["owner_id"] == str(other.id)


async def test_a_desk_sees_who_is_there_and_who_has_an_incident_open_until_they_are_away(
    open_centre_with: OpenCentre,
) -> None:
    clock = FakeClock()
    centre = await open_centre_with(clock)
    owner, other, stranger = (
        await a_colleague(centre),
        await a_colleague(centre),
        await a_colleague(centre, territory=Land.EAST),
    )
    incident = await open_incident(owner)

    async def seen_by(person: Person) -> dict[str, str | None]:
        items = (await person.get("/api/snapshot")).json()["presence"]
        return {item["account_id"]: item["incident_id"] for item in items}

    assert (await owner.send("PUT", "/api/presence", {"incident_id": incident["id"]})).status_code == 204
    assert await seen_by(other) == {str(owner.id): incident["id"]}
    assert await seen_by(stranger) == {}
    assert (await stranger.send("PUT", "/api/presence", {"incident_id": incident["id"]})).status_code == 404
    clock.advance(timedelta(seconds=59))
    centre.centre.presence.look([])
    assert str(owner.id) in await seen_by(other)
    clock.advance(timedelta(seconds=2))
    centre.centre.presence.look([])
    assert await seen_by(other) == {}


async def test_who_has_a_moved_incident_open_is_seen_where_it_lies_now(open_centre_with: OpenCentre) -> None:
    centre = await open_centre_with(FakeClock())
    owner, east = await a_colleague(centre, territory=Land.REGION), await a_colleague(centre, territory=Land.EAST)
    incident = await open_incident(owner)

    async def seen() -> list[str | None]:
        items = (await east.get("/api/snapshot")).json()["presence"]
        return [item["incident_id"] for item in items if item["account_id"] == str(owner.id)]

    await owner.send("PUT", "/api/presence", {"incident_id": incident["id"]})
    assert await seen() in ([], [None])
    body = {"version": incident["version"], "territory_id": Land.EAST_SOUTH, "reason": "Beyond the bridge"}
    moved = await owner.post(f"/api/incidents/{incident['id']}/changes", body)
    assert moved.status_code == 200, moved.text
    await owner.send("PUT", "/api/presence", {"incident_id": incident["id"]})
    assert await seen() == [incident["id"]]


async def test_presence_travels_by_the_stream_and_a_stream_keeps_its_desk_present(centre: RunningCentre) -> None:
    owner, other = await a_colleague(centre), await a_colleague(centre, territory=Land.WEST_SOUTH)
    observer = await a_colleague(centre, Role.OBSERVER)
    incident = await open_incident(owner)
    seq = await centre.seq()
    async with serving(centre) as url, streaming(url, other, seq) as desk, streaming(url, observer, seq) as wall:
        await owner.send("PUT", "/api/presence", {"incident_id": incident["id"]})
        items: list[dict[str, Any]] = []
        while not any(item["incident_id"] for item in items):
            items += (await desk.next("presence")).data["presence"]
        assert items[-1] == {"account_id": str(owner.id), "here": True, "incident_id": incident["id"]}
        await owner.send("DELETE", "/api/session")
        gone = (await desk.next("presence")).data["presence"]
        assert gone == [{"account_id": str(owner.id), "here": False, "incident_id": None}]
        await wall.next("events")  # the owner signed off: an event the observer sees
        assert not any(line.startswith("event: presence") for line in wall.raw)
        assert other.id in centre.centre.hub.accounts


async def test_colleagues_are_told_to_desks_and_to_nobody_else(centre: RunningCentre) -> None:
    one, above = await a_colleague(centre), await a_colleague(centre, Role.SUPERVISOR, Land.REGION)
    far, officer = await a_colleague(centre, territory=Land.EAST), await a_colleague(centre, Role.UNIT_OFFICER)
    items = (await one.get("/api/colleagues")).json()["items"]
    ids = {item["id"] for item in items}
    assert {str(one.id), str(above.id)} <= ids
    assert not {str(far.id), str(officer.id)} & ids
    assert (await officer.get("/api/colleagues")).status_code == 403
    assert (await (await a_colleague(centre, Role.OBSERVER)).get("/api/colleagues")).status_code == 403
