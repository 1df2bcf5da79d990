"""Safe contact: under which rules each number is given out, and that a handover says so too."""

from typing import Any
from uuid import UUID

import orjson
import pytest
import pytest_asyncio
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.land import Land
from tests.support.people import Person

from markaz.core.permissions import Grant, Role
from markaz.core.stream.picture import Op
from markaz.programmes.incidents.picture import RULES

pytestmark = pytest.mark.asyncio(loop_scope="module")

Record = dict[str, Any]
NUMBER = "+998 90 000-00-00"
SAME = "90 000 00 00"  # as somebody else may write it down


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def officer(shared_centre: RunningCentre) -> Person:
    return await shared_centre.person(Role.SUPERVISOR)


async def add(officer: Person, incident: Record, **party: Any) -> Record:
    answer = await officer.post(f"/api/incidents/{incident['id']}/parties", party)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def of_caller(officer: Person, incident: Record) -> list[str]:
    return list((await officer.get(f"/api/incidents/{incident['id']}")).json()["sealed"]["safe_contact"])


async def of_parties(officer: Person, incident: Record) -> dict[str, list[str]]:
    parties = (await officer.get(f"/api/incidents/{incident['id']}/contents")).json()["parties"]
    return {party["name"]: party["binding"] for party in parties}


async def of_calls(officer: Person, incident: Record) -> list[list[str]]:
    calls = (await officer.get(f"/api/incidents/{incident['id']}/calls")).json()["items"]
    return [call["binding"] for call in calls]


async def test_the_rule_of_a_party_who_called_stands_beside_the_number_of_the_call(officer: Person) -> None:
    incident = await open_incident(officer, caller={"phone": NUMBER}, safe_contact=["no_text"])
    await add(officer, incident, role="caller", is_unknown=True, safe_contact=["no_call"])
    assert await of_caller(officer, incident) == ["no_call", "no_text"]
    assert await of_calls(officer, incident) == [["no_call", "no_text"]]


async def test_a_rule_holds_for_a_number_however_it_is_written_and_whoever_has_it(officer: Person) -> None:
    incident = await open_incident(officer, caller={"phone": NUMBER})
    await add(officer, incident, role="victim", name="One", phone=SAME, safe_contact=["no_call"])
    await add(officer, incident, role="witness", name="Two", phone=NUMBER)
    await add(officer, incident, role="witness", name="Three", phone="+998 90 111-11-11")
    assert await of_caller(officer, incident) == ["no_call"]
    assert await of_parties(officer, incident) == {"One": ["no_call"], "Two": ["no_call"], "Three": []}
    assert await of_calls(officer, incident) == [["no_call"]]


async def test_a_rule_of_another_person_and_number_binds_them_only_until_it_is_taken_back(officer: Person) -> None:
    incident = await open_incident(officer, caller={"phone": NUMBER})
    other: Record = {"role": "witness", "name": "One", "phone": "+998 90 111-11-11"}
    added = await add(officer, incident, **other, safe_contact=["no_call"])
    assert (await of_caller(officer, incident), await of_parties(officer, incident)) == ([], {"One": ["no_call"]})
    path = f"/api/incidents/{incident['id']}/parties/{added['id']}/corrections"
    answer = await officer.post(path, other | {"version": 1, "reason": "it was the other witness"})
    assert answer.status_code == 200, answer.text
    assert await of_parties(officer, incident) == {"One": []}


async def test_a_handover_says_what_must_not_be_done_before_anything_is_opened(shared_centre: RunningCentre) -> None:
    outgoing = await shared_centre.newcomer(Grant(Role.DUTY_OFFICER, Land.EAST))
    incoming = await shared_centre.newcomer(Grant(Role.DUTY_OFFICER, Land.EAST))
    covert = await open_incident(outgoing, Land.EAST, covert=True)
    bound = await open_incident(outgoing, Land.EAST, safe_contact=["no_text"])
    await add(outgoing, bound, role="victim", is_unknown=True, safe_contact=["no_call"])
    plain = await open_incident(outgoing, Land.EAST)
    expected = {
        covert["id"]: (True, []),
        bound["id"]: (False, ["no_call", "no_text"]),
        plain["id"]: (False, []),
    }

    def told(incidents: list[Record]) -> dict[str, tuple[bool, list[str]]]:
        return {one["id"]: (one["covert"], one["safe_contact"]) for one in incidents}

    draft = (await outgoing.get("/api/handovers/draft", territory=int(Land.EAST))).json()
    assert told(draft["incidents"]) == expected
    body = {"territory_id": int(Land.EAST), "shift": "night", "by_hand": []}
    offered = await outgoing.post("/api/handovers", body)
    assert offered.status_code == 201, offered.text
    late = await open_incident(outgoing, Land.EAST, covert=True, safe_contact=["no_message"])
    card = (await incoming.get(f"/api/handovers/{offered.json()['id']}")).json()
    assert told([item["incident"] for item in card["items"]]) == expected
    assert told(card["new"]) == {late["id"]: (True, ["no_message"])}


async def shown(centre: RunningCentre, officer: Person, incident: Record) -> list[str]:
    """Return what an open incident binds to, which the snapshot, the list, the card and the last event must say alike."""
    id_ = incident["id"]
    said = [
        one["binding"]
        for path in ("/api/snapshot", "/api/incidents")
        for body in [(await officer.get(path)).json()]
        for one in body.get("incidents", body.get("items"))
        if one["id"] == id_
    ]
    said.append((await officer.get(f"/api/incidents/{id_}")).json()["incident"]["binding"])
    [last] = await centre.rows(
        "SELECT type, payload::text AS payload FROM events WHERE aggregate_id = $1 ORDER BY seq DESC LIMIT 1", UUID(id_)
    )
    op, value = RULES[last["type"]].effect(orjson.loads(last["payload"]))
    assert op is Op.SET
    assert isinstance(value, dict)
    said.append(value["binding"])
    assert len(said) == 4
    assert all(one == said[0] for one in said), said
    return list(said[0])


async def test_the_picture_shows_what_binds_any_person_of_an_incident(
    shared_centre: RunningCentre, officer: Person
) -> None:
    incident = await open_incident(officer, safe_contact=["no_text"])
    assert await shown(shared_centre, officer, incident) == ["no_text"]
    party: Record = {"role": "victim", "name": "One", "phone": NUMBER}
    added = await add(officer, incident, **party, safe_contact=["no_call", "no_text"])
    assert await shown(shared_centre, officer, incident) == ["no_call", "no_text"]
    view = (await officer.get(f"/api/incidents/{incident['id']}")).json()["incident"]
    assert view["safe_contact"] == ["no_text"]  # what holds for one person is not made a rule of the incident
    assert NUMBER not in str(view)
    path = f"/api/incidents/{incident['id']}"
    rules = {"version": view["version"], "safe_contact": [], "covert": False}
    assert (await officer.post(f"{path}/contact-rules", rules)).is_success
    assert await shown(shared_centre, officer, incident) == ["no_call", "no_text"]
    again = party | {"version": 1, "reason": "she said so", "safe_contact": ["no_message"]}
    assert (await officer.post(f"{path}/parties/{added['id']}/corrections", again)).is_success
    assert await shown(shared_centre, officer, incident) == ["no_message"]


async def test_what_binds_a_person_goes_with_them_when_incidents_are_merged_and_split(
    shared_centre: RunningCentre, officer: Person
) -> None:
    one, into = await open_incident(officer), await open_incident(officer)
    added = await add(officer, one, role="victim", name="One", safe_contact=["no_call"])
    body = {"version": 2, "into_id": into["id"], "into_version": 1, "reason": "the same"}
    merged = await officer.post(f"/api/incidents/{one['id']}/merge", body)
    assert merged.is_success, merged.text
    assert await shown(shared_centre, officer, into) == ["no_call"]
    split = {"version": merged.json()["into_version"], "parties": [added["id"]], "reason": "not the same"}
    answer = await officer.post(f"/api/incidents/{into['id']}/split", split)
    assert answer.is_success, answer.text
    assert await shown(shared_centre, officer, into) == []
    assert await shown(shared_centre, officer, answer.json()) == ["no_call"]


async def test_a_rule_of_a_closed_incident_brings_it_to_no_desk(shared_centre: RunningCentre, officer: Person) -> None:
    incident = await open_incident(officer)
    closing = {"version": 1, "outcome": "resolved"}
    assert (await officer.post(f"/api/incidents/{incident['id']}/close", closing)).is_success
    await add(officer, incident, role="victim", is_unknown=True, safe_contact=["no_call"])
    [last] = await shared_centre.rows(
        "SELECT type, payload::text AS payload FROM events WHERE aggregate_id = $1 ORDER BY seq DESC LIMIT 1",
        UUID(incident["id"]),
    )
    assert RULES[last["type"]].effect(orjson.loads(last["payload"])) == (Op.GONE, None)
