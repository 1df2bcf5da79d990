"""Safe contact: under which rules each number is given out, and that a handover says so too."""

from typing import Any

import pytest
import pytest_asyncio
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.land import Land
from tests.support.people import Person

from markaz.core.permissions import Grant, Role

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
