"""Every operation of the API as nobody, in the wrong role, from another territory, and as the right person.

The rows are tests/support/operations.py; the first test holds them against the application's own OpenAPI document, so
a new route without a row fails here. One centre serves the whole file: every row makes fresh records of its own.
"""

import secrets

import pytest
import pytest_asyncio
from tests.support.centre import RunningCentre
from tests.support.land import Land
from tests.support.operations import OPERATIONS, Elsewhere, Operation, World, make_world
from tests.support.people import Person

from markaz.core.permissions import ROLE_PERMISSIONS, Grant, Permission, Role

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Rights that open part of an answer instead of a route: see test_permissions_scope.py.
WITHOUT_A_ROUTE = {Permission.POSITION_READ}

GUARDED = [o for o in OPERATIONS if o.permission is not Permission.PUBLIC]
RIGHTED = [o for o in GUARDED if o.permission is not Permission.SIGNED_IN]


def each(operations: list[Operation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", operations, ids=[o.name for o in operations])


def holders(permission: Permission) -> list[Role]:
    return [role for role in Role if permission in ROLE_PERMISSIONS[role]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(shared_centre: RunningCentre) -> World:
    return await make_world(shared_centre)


async def nothing_happens(world: World, operation: Operation, person: Person, status: int) -> None:
    call = await operation.prepare(world)
    before = await world.running.seq()
    response = await operation.send(person, call)
    assert response.status_code == status, response.text
    assert set(response.json()) == {"code", "message", "details", "request_id"}
    assert await world.running.seq() == before


async def test_every_operation_of_the_api_has_a_row_that_names_its_permission(world: World) -> None:
    document = (await world.running.nobody.get("/openapi.json")).json()
    described = {
        f"{method.upper()} {path}": operation["x-permission"]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert described == {o.name: o.permission.value for o in OPERATIONS}


async def test_every_permission_guards_a_route_or_is_known_to_have_none() -> None:
    assert {o.permission for o in OPERATIONS} == set(Permission) - WITHOUT_A_ROUTE


@each(GUARDED)
async def test_nobody_gets_401(world: World, operation: Operation) -> None:
    nobody = await world.running.as_client(world.supervisor.id, "nobody", {})
    await nothing_happens(world, operation, nobody, 401)


@each(GUARDED)
async def test_a_made_up_session_or_key_gets_401(world: World, operation: Operation) -> None:
    for credentials in (
        {"Cookie": "markaz_session=" + secrets.token_urlsafe(32)},
        {"Authorization": f"Bearer mk_{world.supervisor.id.hex}_{secrets.token_urlsafe(32)}"},
        {"Authorization": f"Bearer mk_{world.importer.id.hex}_"},
    ):
        stranger = await world.running.as_client(world.supervisor.id, "stranger", credentials)
        await nothing_happens(world, operation, stranger, 401)


@each(RIGHTED)
async def test_the_right_person_gets_403_once_the_role_is_taken_away_under_an_open_session(
    world: World, operation: Operation
) -> None:
    centre = world.running
    person = await centre.overmighty(*(Grant(role, Land.ROOT) for role in holders(operation.permission)))
    assert (await person.get("/api/me")).status_code == 200
    await centre.as_owner("DELETE FROM grants WHERE account_id = $1", person.id)
    await nothing_happens(world, operation, person, 403)
    assert (await person.get("/api/me")).status_code == 200  # signed in all the while


@each(RIGHTED)
async def test_a_role_without_the_right_gets_403(world: World, operation: Operation) -> None:
    for role in set(Role) - set(holders(operation.permission)):
        await nothing_happens(world, operation, await world.running.person(role, Land.REGION), 403)


@each(GUARDED)
async def test_an_account_without_any_grant_gets_403_or_what_everybody_gets(world: World, operation: Operation) -> None:
    person = await world.running.newcomer()
    call = await operation.prepare(world)
    if call.ready is not None and operation.permission is Permission.SIGNED_IN:
        await call.ready(person)
    response = await operation.send(person, call)
    assert response.status_code == (operation.served if operation.permission is Permission.SIGNED_IN else 403)


@each(list(OPERATIONS))
@pytest.mark.parametrize("territory", [Land.ROOT, Land.REGION, Land.WEST])
async def test_the_right_person_is_served_there_and_above(world: World, operation: Operation, territory: Land) -> None:
    for role in holders(operation.permission) or [Role.OBSERVER]:
        person = await world.running.person(role, territory)
        if operation.name in {"POST /api/session", "DELETE /api/session"}:  # either ends the session one came with
            person = await world.running.sign_in_again(person.id)
        call = await operation.prepare(world)
        if call.ready is not None:
            await call.ready(person)
        response = await operation.send(person, call)
        served = 403 if operation.is_central and territory is not Land.ROOT else operation.served
        assert response.status_code == served, f"{role}: {response.text}"
        if call.marks and operation.name.startswith("GET"):
            assert any(mark in response.text for mark in call.marks)


@each([o for o in RIGHTED if o.elsewhere in {Elsewhere.REFUSED, Elsewhere.FILTERED}])
@pytest.mark.parametrize("territory", [Land.EAST, Land.WEST_NORTH])
async def test_the_right_role_elsewhere_changes_nothing_and_learns_nothing(
    world: World, operation: Operation, territory: Land
) -> None:
    for role in holders(operation.permission):
        person = await world.running.person(role, territory)
        call = await operation.prepare(world)
        before = await world.running.seq()
        response = await operation.send(person, call)
        assert not any(mark in response.text for mark in call.marks), response.text
        assert await world.running.seq() == before
        if operation.elsewhere is Elsewhere.FILTERED:
            assert response.status_code == 200
            continue
        assert response.status_code in {403, 404}, response.text
        if call.ids:
            ghost = await operation.send(person, call.for_ghosts())
            assert_same_refusal(response.json(), ghost.json(), response.status_code, ghost.status_code)


def assert_same_refusal(real: dict[str, object], ghost: dict[str, object], status: int, ghost_status: int) -> None:
    """A stranger must not learn from the refusal whether the record exists."""
    assert (status, real["code"], real["message"], real["details"]) == (
        ghost_status,
        ghost["code"],
        ghost["message"],
        ghost["details"],
    )
