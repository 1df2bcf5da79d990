"""Each restriction stands by its own request: lifting one gives back nothing that another person's still hides."""

import asyncpg
import pytest
from tests.integration.test_rights import answer, office, read
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.land import Land
from tests.support.operations_contents import photo_bytes
from tests.support.oversight import PHONE, seen_request, taken
from tests.support.people import Person

from markaz.core.permissions import Role
from markaz.kit.ids import uuid7


async def lift(officer: Person, request: dict[str, object]) -> int:
    return (await officer.post(f"/api/oversight/requests/{request['id']}/lift")).status_code


async def test_a_record_is_shown_again_only_when_no_restriction_of_any_request_stands(centre: RunningCentre) -> None:
    first, officer = await seen_request(centre, "restriction"), await office(centre)
    second = await taken(officer, "restriction", phone=first["phone"])
    viewer, path = await centre.person(Role.DUTY_OFFICER, Land.WEST), f"/api/incidents/{first['incident']['id']}"
    assert [(await answer(officer, one))["done"] for one in (first, second)] == [1, 1]
    search = {"q": first["phone"], "callers": True}

    assert await lift(officer, first) == 200
    card = await viewer.get(path)
    assert (card.json()["sealed"]["restricted"], "Ergasheva" in card.text) == (True, False)
    assert (await viewer.post("/api/find", search)).json()["items"] == []
    states = [(await read(officer, one))["records"][0] for one in (first, second)]
    assert [(one["restricted"], one["restricted_by_this"]) for one in states] == [(True, False), (True, True)]
    assert await lift(officer, first) == 409

    assert await lift(officer, second) == 200
    card = await viewer.get(path)
    assert (card.json()["sealed"]["restricted"], "Ergasheva" in card.text) == (False, True)
    assert len((await viewer.post("/api/find", search)).json()["items"]) == 1


async def test_one_persons_restriction_is_not_lifted_with_anothers(centre: RunningCentre) -> None:
    """Two people of one incident: the photo may show either, so it waits for both; the names are each their own."""
    owner, officer = await centre.person(Role.DUTY_OFFICER, Land.WEST), await office(centre)
    incident = await open_incident(owner, caller={"name": "Dilnoza Ergasheva", "phone": PHONE})
    path = f"/api/incidents/{incident['id']}"
    assert (await owner.post(f"{path}/parties", {"role": "victim", "name": "Aziz Karimov"})).status_code == 201
    photo = f"{path}/attachments/{(await owner.post(f'{path}/attachments', photo_bytes())).json()['id']}"

    hers = await taken(officer, "restriction")
    his = await taken(officer, "restriction", phone=None, incident_number=incident["number"], name="Aziz Karimov")
    assert [(await answer(officer, one))["done"] for one in (hers, his)] == [2, 2]
    assert await lift(officer, hers) == 200
    assert "Dilnoza" in (await owner.get(path)).text
    assert (await owner.get(photo)).status_code == 409
    contents = (await owner.get(f"{path}/contents")).json()
    assert [contents[part][0]["restricted"] for part in ("parties", "attachments")] == [True, True]
    assert await lift(officer, his) == 200
    assert (await owner.get(photo)).status_code == 200
    assert "Aziz Karimov" in (await owner.get(f"{path}/contents")).text


async def test_one_request_restricts_a_record_once(centre: RunningCentre) -> None:
    request, officer = await seen_request(centre, "restriction"), await office(centre)
    await answer(officer, request)
    again = "INSERT INTO restrictions SELECT $1, sealed_id, request_id, restricted_at, NULL FROM restrictions"
    with pytest.raises(asyncpg.UniqueViolationError):
        await centre.as_owner(again, uuid7())
