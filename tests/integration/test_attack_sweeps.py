"""Every operation of the API under three attacks, made from the application's own OpenAPI document.

Somebody names another's records (IDOR), adds fields that are not theirs to set (mass assignment), or lets a browser send a
command from a foreign page (CSRF). A new route that takes an id must be put under one of the headings below.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident, register_unit
from tests.support.land import Land
from tests.support.operation import Call, Elsewhere, Operation, World, make_world
from tests.support.operations import OPERATIONS
from tests.support.people import SERVICE_ROLES, Person, new_key

from markaz.core.permissions import ROLE_PERMISSIONS, Grant, Role

pytestmark = pytest.mark.asyncio(loop_scope="module")

BY_NAME = {operation.name: operation for operation in OPERATIONS}

# An id that belongs to one account: a colleague with the same role in the same territory gets what a stranger gets.
OWN = {
    "POST /api/access/purposes/{purpose_id}/end",
    "DELETE /api/me/passkeys/{passkey_id}",
    "DELETE /api/me/sessions/{session_id}",
    "PUT /api/call-drafts/{draft_id}",
    "DELETE /api/call-drafts/{draft_id}",
    "POST /api/oversight/appointments/{request_id}/withdrawal",
}
LISTED_TO_COLLEAGUES = {"POST /api/oversight/appointments/{request_id}/withdrawal"}  # who may know, and may not do it
DRAFTS = {"PUT /api/call-drafts/{draft_id}", "DELETE /api/call-drafts/{draft_id}"}
# An id of what everybody signed in, or everybody at all, may read.
EVERYBODYS = {
    "GET /api/places/{place_id}",
    "GET /api/territories/{territory_id}/boundaries",
    "GET /api/public/alerts/{alert_id}/cap",
    "GET /api/log/checkpoints/{size}",
    "GET /api/log/tile/{path}",
}
# Fields by which a sender would make themselves somebody else, or say what only the centre says.
NOT_THEIRS = (
    *("owner_id", "actor_id", "account_id", "judged_by", "asked_by", "verdict", "role", "grants", "territory_id"),
    *("is_service", "id", "seq", "recorded_at", "made_up"),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(shared_centre: RunningCentre) -> World:
    return await make_world(shared_centre)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def document(shared_centre: RunningCentre) -> dict[str, Any]:
    return dict((await shared_centre.nobody.get("/openapi.json")).json())


def described(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def takes_an_id(operation: dict[str, Any]) -> bool:
    return any(one["in"] == "path" or one["schema"].get("format") == "uuid" for one in operation.get("parameters", []))


async def holder(world: World, operation: Operation, territory: Land = Land.WEST) -> Person:
    """Return somebody new who holds every right of a desk or office that this operation needs there."""
    role = next((r for r in Role if operation.permission in ROLE_PERMISSIONS[r]), Role.OBSERVER)
    return await world.running.newcomer(Grant(role, territory))


async def everything_owned(running: RunningCentre) -> list[Any]:
    """Return what the records are that belong to one account, as they stand."""
    return [
        await running.rows(f"SELECT {columns} FROM {table} ORDER BY 1")
        for table, columns in (
            ("purposes", "id, account_id, ended_at"),
            ("passkeys", "id, account_id"),
            ("sessions", "id, account_id"),
            ("call_drafts", "id, account_id, sealed_id"),
            ("review_cases", "id, verdict, version"),
            ("two_person_requests", "id, state"),
        )
    ]


# --- another's records ---


async def test_every_operation_that_takes_an_id_says_whose_it_is(document: dict[str, Any]) -> None:
    asked = {name for name, operation in described(document) if takes_an_id(operation)}
    of_a_territory = {name for name in asked if BY_NAME[name].elsewhere is Elsewhere.REFUSED}  # test_permissions_table
    assert asked - of_a_territory - EVERYBODYS <= OWN
    assert asked >= OWN | EVERYBODYS


@pytest.mark.parametrize("name", sorted(OWN - DRAFTS))
async def test_a_colleague_of_the_same_rank_gets_what_a_stranger_gets(world: World, name: str) -> None:
    operation = BY_NAME[name]
    owner, colleague = await holder(world, operation), await holder(world, operation)
    call = await operation.prepare(world)
    assert call.ready is not None
    await call.ready(owner)
    before = (await world.running.seq(), await everything_owned(world.running))
    answer = await operation.send(colleague, call)
    assert answer.status_code in {403, 404}, answer.text
    assert (await world.running.seq(), await everything_owned(world.running)) == before
    ghost = await operation.send(colleague, replace(call, path=dict.fromkeys(call.path, str(uuid4()))))
    if name not in LISTED_TO_COLLEAGUES:
        told = [{**one.json(), "request_id": None} for one in (answer, ghost)]
        assert told[0] == told[1]
        assert answer.headers["content-length"] == ghost.headers["content-length"]
    assert (await operation.send(owner, call)).status_code == operation.served


async def test_nobody_reads_overwrites_or_discards_the_form_of_another(world: World) -> None:
    writes = BY_NAME["PUT /api/call-drafts/{draft_id}"]
    author, colleague = await holder(world, writes), await holder(world, writes)
    here = f"/api/call-drafts/{uuid4()}"
    assert (await author.send("PUT", here, {"fields": {"note": "she whispers"}})).status_code == 200
    before = await everything_owned(world.running)
    taken = await colleague.send("PUT", here, {"fields": {"note": "nothing"}})
    assert taken.status_code == 404, taken.text
    # To discard what is not there is no error, so the answer says nothing; and nothing is discarded.
    assert (await colleague.send("DELETE", here)).status_code == 204
    assert (await colleague.get("/api/call-drafts")).json() == {"items": []}
    assert await everything_owned(world.running) == before


CHILDREN = [o for o in OPERATIONS if "{incident_id}" in o.name and o.elsewhere is Elsewhere.REFUSED]


@pytest.mark.parametrize("operation", CHILDREN, ids=[o.name for o in CHILDREN])
async def test_an_incident_of_ones_own_opens_nothing_that_belongs_to_another(
    world: World, operation: Operation
) -> None:
    """The parent in the address is the sender's own, what hangs below it is from another district."""
    role = next(r for r in Role if operation.permission in ROLE_PERMISSIONS[r])
    call = await operation.prepare(world)
    foreign = [id_ for id_ in call.ids if id_ != call.path["incident_id"]]
    foreign += [str(id_) for key, id_ in call.path.items() if key != "incident_id" and str(id_) not in foreign]
    if not foreign:
        return  # names nothing but the incident
    person = await world.running.overmighty(*{Grant(role, Land.EAST), Grant(Role.SUPERVISOR, Land.EAST)})
    own = await open_incident(person, Land.EAST_SOUTH)
    body = (
        call.body | {"version": own["version"]} if isinstance(call.body, dict) and "version" in call.body else call.body
    )
    before = await world.running.seq()
    answer = await operation.send(person, replace(call, path=call.path | {"incident_id": own["id"]}, body=body))
    assert 400 <= answer.status_code < 500, answer.text
    assert not any(mark in answer.text for mark in call.marks)
    assert await world.running.seq() == before


async def test_a_unit_of_ones_own_is_not_sent_to_the_incident_of_another(world: World) -> None:
    person = await world.running.newcomer(Grant(Role.SUPERVISOR, Land.EAST))
    unit = await register_unit(person, new_key(), Land.EAST_SOUTH)
    incident = await world.incident()
    before = await world.running.seq()
    body = {"unit_id": unit["id"], "version": incident["version"]}
    answer = await person.post(f"/api/incidents/{incident['id']}/assignments", body)
    assert answer.status_code == 404, answer.text
    assert await world.running.seq() == before


# --- fields that are not the sender's to set ---


async def test_no_body_of_the_api_takes_a_field_it_does_not_name(document: dict[str, Any]) -> None:
    """In the description, at every depth; what is described is what is validated (test_api_fuzz)."""
    schemas, seen, bodies = (
        document["components"]["schemas"],
        set(),
        [operation["requestBody"] for _, operation in described(document) if "requestBody" in operation],
    )
    while bodies:
        for name in refs_of(bodies.pop()):
            if name not in seen:
                seen.add(name)
                bodies.append(schemas[name])
    objects = {name for name in seen if schemas[name].get("type") == "object"}
    assert len(objects) > 50
    assert [name for name in sorted(objects) if schemas[name].get("additionalProperties") is not False] == []


def refs_of(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].rpartition("/")[2]
        for inner in schema.values():
            yield from refs_of(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from refs_of(inner)


WITH_A_BODY = [o for o in OPERATIONS if not o.name.startswith("GET")]


@pytest.mark.parametrize("operation", WITH_A_BODY, ids=[o.name for o in WITH_A_BODY])
async def test_fields_that_only_the_centre_sets_are_refused_one_by_one(
    world: World, document: dict[str, Any], operation: Operation
) -> None:
    method, path = operation.name.split()
    told = document["paths"][path][method.lower()].get("requestBody")
    call = await operation.prepare(world)
    if told is None or not isinstance(call.body, dict):
        return  # takes no JSON object
    person = await rightful(world, operation, call)
    (name,) = set(refs_of(told)) or {""}
    known = document["components"]["schemas"][name]["properties"]
    before = await world.running.seq()
    for extra in (one for one in NOT_THEIRS if one not in known):
        answer = await operation.send(person, replace(call, body=call.body | {extra: str(person.id)}))
        assert answer.status_code == 422, f"{extra}: {answer.status_code} {answer.text}"
        assert extra in answer.text
    assert await world.running.seq() == before


async def rightful(world: World, operation: Operation, call: Call) -> Person:
    """Return who may send this call."""
    roles = [r for r in Role if operation.permission in ROLE_PERMISSIONS[r]] or [Role.OBSERVER]
    person = await world.running.newcomer(Grant(roles[0], Land.ROOT))
    if call.ready is not None:
        await call.ready(person)
    return person


# --- a page of another site ---

FOREIGN = (
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)


@pytest.mark.parametrize("operation", WITH_A_BODY, ids=[o.name for o in WITH_A_BODY])
async def test_no_command_is_taken_from_a_page_of_another_site(world: World, operation: Operation) -> None:
    call = await operation.prepare(world)
    roles = [r for r in Role if operation.permission in ROLE_PERMISSIONS[r] and r not in SERVICE_ROLES]
    person = await world.running.newcomer(Grant(roles[0] if roles else Role.OBSERVER, Land.ROOT))
    if call.ready is not None:
        await call.ready(person)
    before = (await world.running.seq(), await everything_owned(world.running))
    path = operation.name.split()[1].format(**call.path)
    for headers in FOREIGN:
        answer = await person.send(operation.name.split()[0], path, call.body, headers=headers)
        assert answer.status_code == 403, f"{headers}: {answer.status_code} {answer.text}"
        assert "set-cookie" not in answer.headers
        assert json.loads(answer.text)["code"] == "forbidden"
    assert (await world.running.seq(), await everything_owned(world.running)) == before
