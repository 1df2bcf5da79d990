"""Linked, merged, split, reopened: what goes where, what is refused in plain words, and who is first in a race."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tests.support.centre import RunningCentre
from tests.support.desk import assign, close, open_incident, reach, register_unit
from tests.support.land import Land
from tests.support.operations_contents import photo_bytes
from tests.support.people import Person, new_key

from markaz.core.permissions import Role
from markaz.kit.clock import iso

pytestmark = pytest.mark.asyncio(loop_scope="module")

Record = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def officer(shared_centre: RunningCentre) -> Person:
    return await shared_centre.person(Role.SUPERVISOR)


async def now(officer: Person, incident: Record) -> Record:
    return dict((await officer.get(f"/api/incidents/{incident['id']}")).json()["incident"])


async def contents(officer: Person, incident: Record) -> Record:
    return dict((await officer.get(f"/api/incidents/{incident['id']}/contents")).json())


async def timeline(officer: Person, incident: Record) -> list[Record]:
    return list((await officer.get(f"/api/incidents/{incident['id']}/timeline")).json()["entries"])


async def act(officer: Person, incident: Record, what: str, **body: Any) -> httpx.Response:
    """Send a command about an incident as it is now."""
    version = (await now(officer, incident))["version"]
    return await officer.post(
        f"/api/incidents/{incident['id']}/{what}", {"version": version, "reason": "said so", **body}
    )


async def filled(officer: Person) -> Record:
    """Open an incident with a caller, a note, a party, a vehicle and a photo."""
    incident = await open_incident(officer, caller={"name": "Caller of it"}, note="first words")
    for path, body in (
        ("parties", {"role": "witness", "name": "Somebody"}),
        ("vehicles", {"role": "parked", "plate": "01 A 001 AA"}),
        ("attachments", photo_bytes()),
    ):
        answer = await officer.post(f"/api/incidents/{incident['id']}/{path}", body)
        assert answer.status_code == 201, answer.text
        incident |= {path: answer.json()["id"], "version": answer.json()["version"]}
    return incident


def refused(answer: httpx.Response, *words: str) -> bool:
    problem = answer.json()
    return (answer.status_code, problem["code"]) == (409, "not_possible_now") and all(
        w in problem["message"] for w in words
    )


async def test_a_merge_takes_over_everything_and_the_units_at_work(officer: Person) -> None:
    one, into = await filled(officer), await open_incident(officer, caller={"name": "Caller of the other"})
    unit = await register_unit(officer, new_key())
    one |= {"version": (await now(officer, one))["version"]}
    await reach(officer, await assign(officer, one, unit), unit, "en_route")
    rules = await act(officer, one, "contact-rules", safe_contact=["no_call"], covert=True)
    assert rules.status_code == 422  # it takes no reason
    version = (await now(officer, one))["version"]
    body = {"version": version, "safe_contact": ["no_call"], "covert": True}
    assert (await officer.post(f"/api/incidents/{one['id']}/contact-rules", body)).status_code == 200
    merged = await act(officer, one, "merge", into_id=into["id"])
    assert merged.status_code == 200, merged.text
    gone, stays = await now(officer, one), await now(officer, into)
    assert (gone["status"], gone["outcome"], gone["merged_into"]) == ("closed", "duplicate", into["id"])
    assert gone["units"] == {}
    assert set(stays["units"][unit["id"]]["stages"]) == {"assigned", "en_route"}
    assert (stays["covert"], stays["safe_contact"], stays["calls"]) == (True, ["no_call"], 2)
    units = (await officer.get("/api/units")).json()["items"]
    assert next(u for u in units if u["id"] == unit["id"])["incident_id"] == into["id"]
    held = await contents(officer, into)
    assert [len(held[kind]) for kind in ("parties", "vehicles", "attachments")] == [1, 1, 1]
    assert held["merged_here"] == [{"id": one["id"], "number": one["number"]}]
    card = (await officer.get(f"/api/incidents/{into['id']}")).json()
    assert [note["text"] for note in card["notes"]] == ["first words"]
    assert card["sealed"]["caller_name"] == "Caller of the other"
    calls = (await officer.get(f"/api/incidents/{into['id']}/calls")).text
    assert "Caller of it" in calls
    assert "Caller of the other" in calls
    left = await contents(officer, one)
    assert [left[kind] for kind in ("parties", "vehicles", "attachments")] == [[], [], []]
    last = (await timeline(officer, one))[-1]
    assert (last["type"], last["detail"]["into_number"], last["reason"]) == (
        "incident.merged/1",
        into["number"],
        "said so",
    )
    await reach(officer, into | {"version": stays["version"]}, unit, "on_scene")


@pytest.mark.parametrize(
    ("gone", "stays", "after"), [("1", "3", "1"), ("3", "2", "2"), ("unknown", "4", "4"), ("2", "unknown", "2")]
)
async def test_a_merge_keeps_the_more_urgent_priority_and_its_event_says_when_it_was_raised(
    officer: Person, gone: str, stays: str, after: str
) -> None:
    one, into = await open_incident(officer, priority=gone), await open_incident(officer, priority=stays)
    assert (await act(officer, one, "merge", into_id=into["id"])).status_code == 200
    assert (await now(officer, into))["priority"] == after
    detail = (await timeline(officer, into))[-1]["detail"]
    raised = {"priority": {"from": stays, "to": after}}
    assert detail.get("changes") == (raised if after != stays else None)


async def test_merging_twice_crosswise_or_with_itself_is_answered_in_plain_words(officer: Person) -> None:
    one, into, third = [await open_incident(officer) for _ in range(3)]
    assert (await act(officer, one, "merge", into_id=into["id"])).status_code == 200
    assert refused(await act(officer, one, "merge", into_id=into["id"]), f"was merged into {into['number']} already")
    stale = {"version": 1, "reason": "again", "into_id": into["id"]}
    assert refused(await officer.post(f"/api/incidents/{one['id']}/merge", stale), "already")
    assert refused(await act(officer, into, "merge", into_id=one["id"]), "merge into that one")
    assert refused(await act(officer, third, "merge", into_id=one["id"]), f"merged into {into['number']}")
    assert (await act(officer, third, "merge", into_id=third["id"])).status_code == 422
    ended = await close(officer, await open_incident(officer))
    assert refused(await act(officer, third, "merge", into_id=ended["id"]), "reopen it first")
    assert refused(await act(officer, one, "reopen"), "split off")


async def test_of_two_who_merge_crosswise_at_once_one_is_told_so_and_nobody_waits_for_ever(officer: Person) -> None:
    for _ in range(4):
        one, other = await open_incident(officer), await open_incident(officer)

        def merge(of: Record, into: Record) -> Awaitable[httpx.Response]:
            body = {"version": 1, "into_id": into["id"], "reason": "the same"}
            return officer.post(f"/api/incidents/{of['id']}/merge", body)

        answers = await asyncio.gather(merge(one, other), merge(other, one), merge(one, other))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        states = {(await now(officer, incident))["status"] for incident in (one, other)}
        assert states == {"open", "closed"}


@pytest.mark.parametrize("after", ["open", "closed"])
async def test_a_split_takes_what_is_chosen_from_an_open_or_closed_incident(officer: Person, after: str) -> None:
    source = await filled(officer)
    if after == "closed":
        source = await close(officer, source)
    calls = (await officer.get(f"/api/incidents/{source['id']}/calls")).json()["items"]
    chosen = {"calls": [calls[0]["id"]], "parties": [source["parties"]], "attachments": [source["attachments"]]}
    split = await act(officer, source, "split", **chosen, category="fire", priority="1")
    assert split.status_code == 201, split.text
    new = split.json()
    assert new["number"] != source["number"]
    opened = await now(officer, new)
    assert (opened["status"], opened["category"], opened["priority"]) == ("open", "fire", "1")
    assert (await now(officer, source))["status"] == after
    there, here = await contents(officer, new), await contents(officer, source)
    assert [len(there[kind]) for kind in ("parties", "vehicles", "attachments")] == [1, 0, 1]
    assert [len(here[kind]) for kind in ("parties", "vehicles", "attachments")] == [0, 1, 0]
    card = (await officer.get(f"/api/incidents/{new['id']}")).json()
    assert card["sealed"]["caller_name"] == "Caller of it"
    (link,) = there["links"]
    assert (link["id"], link["kind"], link["is_from"]) == (source["id"], "split", True)
    assert (await timeline(officer, new))[0]["detail"]["split_from"] == source["number"]
    snapshot = (await officer.get("/api/snapshot")).json()["incidents"]
    assert new["id"] in {one["id"] for one in snapshot}


async def test_a_split_of_nothing_or_of_what_is_elsewhere_changes_nothing(
    shared_centre: RunningCentre, officer: Person
) -> None:
    source, other = await filled(officer), await filled(officer)
    before = await shared_centre.seq()
    assert (await act(officer, source, "split")).status_code == 422
    mixed = await act(officer, source, "split", parties=[source["parties"], other["parties"]])
    assert mixed.status_code == 404
    assert await shared_centre.seq() == before
    assert len((await contents(officer, source))["parties"]) == 1


async def test_a_reopened_incident_comes_back_and_its_event_says_what_the_closing_said(
    shared_centre: RunningCentre, officer: Person
) -> None:
    incident = await open_incident(officer)
    body = {"version": 1, "outcome": "crime_recorded", "report_number": "77/2026"}
    assert (await officer.post(f"/api/incidents/{incident['id']}/close", body)).status_code == 200
    dispatcher = await shared_centre.person(Role.DISPATCHER)
    assert (await act(dispatcher, incident, "reopen")).status_code == 403
    duty = await shared_centre.person(Role.DUTY_OFFICER)
    assert (await act(duty, incident, "reopen")).status_code == 200
    again = await now(officer, incident)
    assert (again["status"], again["outcome"]) == ("open", None)
    assert incident["id"] in {one["id"] for one in (await officer.get("/api/snapshot")).json()["incidents"]}
    entry = (await timeline(officer, incident))[-1]
    was = entry["detail"]["was"]
    assert (entry["type"], was["outcome"], was["report_number"]) == ("incident.reopened/1", "crime_recorded", "77/2026")
    assert was["closed_at"]
    assert refused(await act(duty, incident, "reopen"), "is open")
    await close(officer, again, "unfounded")


async def test_a_link_is_made_once_in_either_direction_and_shows_nothing_of_another_territory(
    shared_centre: RunningCentre, officer: Person
) -> None:
    west, east = await open_incident(officer, Land.WEST_SOUTH), await open_incident(officer, Land.EAST_SOUTH)
    path = f"/api/incidents/{west['id']}/links"
    assert (await officer.post(path, {"other_id": east["id"], "kind": "related"})).status_code == 201
    assert refused(await officer.post(path, {"other_id": east["id"], "kind": "related"}), "already")
    back = {"other_id": west["id"], "kind": "related"}
    assert refused(await officer.post(f"/api/incidents/{east['id']}/links", back), "already")
    assert (await officer.post(path, {"other_id": east["id"], "kind": "split"})).status_code == 422
    for incident, other in ((west, east), (east, west)):
        assert (await timeline(officer, incident))[-1]["detail"]["other_number"] == other["number"]
    local = await shared_centre.person(Role.DUTY_OFFICER, Land.WEST)
    (link,) = (await contents(local, west))["links"]
    assert (link["number"], link["seen"], link["category"], link["status"]) == (east["number"], False, None, None)


async def held(officer: Person, **body: Any) -> Record:
    incident = await open_incident(officer, **body)
    until = iso(datetime.now(UTC) + timedelta(hours=2))
    answer = await officer.post(
        f"/api/incidents/{incident['id']}/hold", {"version": 1, "until": until, "reason": "appointment"}
    )
    assert answer.status_code == 200, answer.text
    return incident


async def test_what_waits_longest_and_what_was_asked_for_outlive_a_merge(officer: Person) -> None:
    came_at = iso(datetime.now(UTC) - timedelta(minutes=40))
    one, into = (
        await open_incident(officer, priority="1", occurred_at=came_at, entered_via="paper"),
        await held(officer),
    )
    asked = await officer.post(f"/api/incidents/{one['id']}/backup", {"version": 1, "count": 3})
    assert asked.status_code == 200, asked.text
    before = await now(officer, one)
    assert (await act(officer, one, "merge", into_id=into["id"])).status_code == 200
    gone, stays = await now(officer, one), await now(officer, into)
    assert (stays["held"], stays["waits_from"], stays["received"]) == (None, None, before["received"])
    assert (stays["backup"]["count"], gone["backup"]) == (3, None)
    assert [entry["type"] for entry in await timeline(officer, into)][-2:] == [
        "incident.released/1",
        "incident.absorbed/1",
    ]


async def test_two_that_are_held_stay_held_until_the_earlier_hour(officer: Person) -> None:
    one, into = await held(officer), await held(officer)
    until = [(await now(officer, incident))["held"]["until"] for incident in (one, into)]
    assert (await act(officer, one, "merge", into_id=into["id"])).status_code == 200
    assert (await now(officer, into))["held"]["until"] == min(until)


@pytest.mark.parametrize(("after", "stays_held"), [("1", False), ("4", True)])
async def test_what_was_held_as_it_was_is_held_no_more_once_it_is_more_urgent(
    officer: Person, after: str, stays_held: bool
) -> None:
    incident = await held(officer, priority="3")
    body = {"version": 2, "priority": after, "reason": "he has a knife now"}
    changed = await officer.post(f"/api/incidents/{incident['id']}/changes", body)
    assert changed.status_code == 200, changed.text
    assert ((await now(officer, incident))["held"] is not None) is stays_held


async def test_neither_half_of_a_split_forgets_what_must_not_be_done_to_a_caller(officer: Person) -> None:
    number = "+998 90 555 22 33"
    incident = await open_incident(officer, caller={"phone": number})
    party = {"role": "victim", "name": "Somebody", "phone": "90 555 22 33", "safe_contact": ["no_call"]}
    assert (await officer.post(f"/api/incidents/{incident['id']}/parties", party)).status_code == 201
    (call,) = (await officer.get(f"/api/incidents/{incident['id']}/calls")).json()["items"]
    split = await act(officer, incident, "split", calls=[call["id"]])
    assert split.status_code == 201, split.text
    for half in (split.json(), incident):
        assert (await now(officer, half))["safe_contact"] == ["no_call"]
    assert (await now(officer, split.json()))["owner_id"] == str(officer.id)
