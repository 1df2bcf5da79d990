"""Every readable route of the API as everybody who must not see a person's data, and as those who may.

One incident holds a canary of every class of data. Each route that reads is asked about it by nobody, in the wrong
territory, by the right role without a purpose, with one, with an expired one, after the role was taken away under an open
session, and by others to whom nothing personal may open. What shows a canary must be in SHOWN: a new route that shows
person data fails here until somebody has decided on it.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from tests.support.canary import Canaries
from tests.support.centre import RunningCentre
from tests.support.desk import close, open_incident
from tests.support.land import Land, place_in
from tests.support.looks import break_glass, own_incident, state_purpose
from tests.support.operations_contents import photo_bytes
from tests.support.people import Person

from markaz.core.permissions import Grant, Role
from markaz.kit.clock import iso

pytestmark = pytest.mark.asyncio(loop_scope="module")

# What shows person data of an incident to whoever works on it, or looks with a purpose that needs all of it.
SHOWN = {
    "/api/incidents/{incident_id}",
    "/api/incidents/{incident_id}/attachments/{attachment_id}",
    "/api/incidents/{incident_id}/calls",
    "/api/incidents/{incident_id}/contents",
    "/api/incidents/{incident_id}/timeline",
    "/api/hazards",
    "/api/places/history",
}
# Codes only, or a photo: a look all the same, that opens with the rest and shows no canary.
WITHOUT_WORDS = {"/api/incidents/{incident_id}/attachments/{attachment_id}", "/api/places/history"}
ENDLESS = {"/api/stream"}  # what it carries is held to account by tests/integration/test_stream_access.py


@dataclass
class Case:
    """An incident that holds everything, and how to ask every route about it."""

    centre: RunningCentre
    taker: Person
    incident: dict[str, Any]
    canaries: Canaries
    path: dict[str, Any]
    query: dict[str, Any]
    routes: dict[str, str] = field(default_factory=dict)  # path to permission

    async def asked(self, person: Person) -> dict[str, httpx.Response]:
        """Return what every route answers."""
        return {route: await self._get(person, route) for route in self.routes}

    async def shown_to(self, person: Person) -> set[str]:
        """Return the routes that show this person anything of the people in the incident, lists and errors included."""
        answers = await self.asked(person)
        assert all(answer.status_code < 500 for answer in answers.values())
        return {route for route, answer in answers.items() if self._shows(route, answer)} | await self._found(person)

    def _shows(self, route: str, answer: httpx.Response) -> bool:
        seen = self.canaries.found_in(answer.content)
        return bool(seen) or (route in WITHOUT_WORDS and answer.status_code == 200)

    async def _get(self, person: Person, route: str) -> httpx.Response:
        path = re.sub(r"\{(\w+)\}", lambda name: str(self.path.get(name[1], uuid4())), route)
        return await person.get(path, **self.query)

    async def _found(self, person: Person) -> set[str]:
        """Return whether the search finds the incident by who called."""
        for what in ("caller", "caller phone"):
            answer = await person.post("/api/find", {"q": self.canaries.words[what], "callers": True})
            if self.incident["id"] in answer.text:
                return {"/api/find"}
        return set()


async def added(person: Person, path: str, body: Any) -> dict[str, Any]:
    answer = await person.post(path, body)
    assert answer.status_code in {200, 201}, answer.text
    return dict(answer.json())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def case(shared_centre: RunningCentre) -> Case:
    words = Canaries()
    taker = await shared_centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST))
    caller = {"name": words.text("caller"), "phone": words.phone("caller phone")}
    incident = await open_incident(taker, caller=caller, note=words.text("first note"))
    here = f"/api/incidents/{incident['id']}"
    await added(taker, f"{here}/notes", {"text": words.text("note")})
    party = {"role": "victim", "name": words.text("party"), "phone": words.phone("party phone"), "born_year": 1990}
    await added(taker, f"{here}/parties", party | {"fact": words.text("fact"), "opinion": words.text("opinion")})
    await added(taker, f"{here}/vehicles", {"role": "involved", "description": words.text("vehicle")})
    photo = await added(taker, f"{here}/attachments", photo_bytes())
    await added(taker, f"{here}/calls", {"channel": "phone", "caller": {"name": words.text("second caller")}})
    version = (await taker.get(here)).json()["incident"]["version"]
    change = {"version": version, "priority": "1", "reason": words.text("reason")}
    await added(taker, f"{here}/changes", change)
    place, now = place_in(Land.WEST_SOUTH), shared_centre.centre.clock.now()
    hazard = {"place": place, "radius_m": 50.0, "source": "utility", "ground": "gas", "text": words.text("hazard")}
    await added(taker, "/api/hazards", hazard | {"expires_at": iso(now + timedelta(days=30))})
    document = (await shared_centre.nobody.get("/openapi.json")).json()
    routes = {path: ops["get"]["x-permission"] for path, ops in document["paths"].items() if "get" in ops}
    return Case(
        shared_centre,
        taker,
        incident,
        words,
        {
            "incident_id": incident["id"],
            "attachment_id": photo["id"],
            "territory_id": int(Land.WEST_SOUTH),
            "place_id": 1,
        },
        {"incident": incident["id"], "record": incident["id"], "territory": int(Land.WEST_SOUTH), "q": "Any"} | place,
        {path: permission for path, permission in routes.items() if path not in ENDLESS},
    )


async def officer(case: Case, territory: Land = Land.WEST) -> Person:
    """Return somebody new who holds every right of the desk there, and works on nothing."""
    return await case.centre.newcomer(Grant(Role.SUPERVISOR, territory))


async def with_purpose(case: Case) -> Person:
    """Return such an officer with a purpose that needs all of it."""
    person = await officer(case)
    own = await own_incident(person)
    stated = await state_purpose(person, own["number"], incident=case.incident["id"])
    assert stated.status_code == 201, stated.text
    return person


async def test_whoever_works_on_it_sees_it_on_exactly_these_routes(case: Case) -> None:
    assert await case.shown_to(case.taker) == SHOWN | {"/api/find"}


async def test_a_purpose_opens_exactly_the_same_routes(case: Case) -> None:
    person = await with_purpose(case)
    assert await case.shown_to(person) == SHOWN | {"/api/find"}


async def test_broken_glass_opens_no_more_than_that(case: Case) -> None:
    person = await officer(case)
    broken = await break_glass(person, case.incident["id"])
    assert broken.status_code == 201, broken.text
    seen = await case.shown_to(person)
    assert seen <= SHOWN | {"/api/find"}
    assert "/api/incidents/{incident_id}" in seen


async def test_nobody_gets_401_from_every_route_that_is_not_public(case: Case) -> None:
    nobody = await case.centre.as_client(uuid4(), "nobody", {})
    answers = await case.asked(nobody)
    assert await case.shown_to(nobody) == set()
    for route, permission in case.routes.items():
        assert permission == "public" or answers[route].status_code == 401, route


# --- who sees nothing ---

Maker = Callable[[Case], Awaitable[Person]]


async def in_the_wrong_territory(case: Case) -> Person:
    """Holds a live purpose at home."""
    person = await officer(case, Land.EAST)
    own = await own_incident(person, Land.EAST_SOUTH)
    assert (await state_purpose(person, own["number"])).status_code == 201
    return person


async def without_a_purpose(case: Case) -> Person:
    return await officer(case)


async def with_an_expired_purpose(case: Case) -> Person:
    person = await with_purpose(case)
    past = "UPDATE purposes SET stated_at = stated_at - interval '30 min', ends_at = ends_at - interval '30 min'"
    await case.centre.as_owner(f"{past} WHERE account_id = $1", person.id)
    return person


async def with_a_purpose_whose_case_was_closed(case: Case) -> Person:
    person = await officer(case)
    own = await own_incident(person)
    assert (await state_purpose(person, own["number"], incident=case.incident["id"])).status_code == 201
    await close(person, own)
    return person


async def after_the_role_was_taken_away(case: Case) -> Person:
    """The session stays open; a purpose and a broken glass were under way."""
    person = await with_purpose(case)
    assert (await break_glass(person, case.incident["id"])).status_code == 201
    assert await case.shown_to(person)
    await case.centre.as_owner("DELETE FROM grants WHERE account_id = $1", person.id)
    await case.centre.as_owner("INSERT INTO grants VALUES ($1, 'observer', $2)", person.id, int(Land.WEST))
    assert (await person.get("/api/me")).status_code == 200
    return person


async def shut_out(case: Case) -> Person:
    """Named in a conflict of interest, with a purpose under way."""
    person = await with_purpose(case)
    shut = "INSERT INTO shut_out_accounts VALUES ($1, $2)"
    await case.centre.as_owner(shut, UUID(case.incident["id"]), person.id)
    return person


def in_the_role(role: Role) -> Maker:
    async def person(case: Case) -> Person:
        return await case.centre.newcomer(Grant(role, Land.ROOT))

    return person


OTHER_ROLES = [
    Role.OBSERVER,
    Role.UNIT_OFFICER,
    Role.UNIT_DEVICE,
    Role.IMPORTER,
    Role.ADMINISTRATOR,
    Role.DATA_PROTECTION_OFFICER,
    Role.AUDITOR,
    Role.APPEAL_BODY,
]
WHO: dict[str, Maker] = {
    "wrong territory": in_the_wrong_territory,
    "no purpose": without_a_purpose,
    "expired purpose": with_an_expired_purpose,
    "closed case": with_a_purpose_whose_case_was_closed,
    "role taken away": after_the_role_was_taken_away,
    "shut out": shut_out,
} | {role.value: in_the_role(role) for role in OTHER_ROLES}


@pytest.mark.parametrize("who", WHO)
async def test_no_route_shows_anything_of_a_person(case: Case, who: str) -> None:
    assert await case.shown_to(await WHO[who](case)) == set()


async def test_every_look_of_the_sweep_left_an_entry_with_its_ground(case: Case) -> None:
    """Purposes stand in the entries of looks that rested on one, and nobody who saw nothing has one."""
    person = await with_purpose(case)
    await case.shown_to(person)
    rows = await case.centre.rows(
        "SELECT action, purpose_id FROM audit_entries WHERE actor_id = $1 AND kind = 'view' AND record_id = $2",
        person.id,
        UUID(case.incident["id"]),
    )
    assert len({row["action"] for row in rows}) >= len(SHOWN) - 1
    assert all(row["purpose_id"] is not None for row in rows)
    stranger = await without_a_purpose(case)
    await case.shown_to(stranger)
    seen = await case.centre.rows("SELECT kind FROM audit_entries WHERE actor_id = $1", stranger.id)
    assert {row["kind"] for row in seen} <= {"refusal", "look_up"}
