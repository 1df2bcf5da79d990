"""Among real incidents a query finds exactly those that the card would open: the two forms of the rules, where they are used."""

from typing import Any
from uuid import UUID

import pytest
from tests.support.centre import RunningCentre
from tests.support.crews import log_on
from tests.support.desk import assign, close, open_incident, register_unit
from tests.support.land import Land
from tests.support.looks import break_glass, own_incident, state_purpose, take_over
from tests.support.people import Person

from markaz.core.access.model import Action, DataClass, RecordKind
from markaz.core.acts import Request
from markaz.core.permissions import Actor, Grant, Role
from markaz.programmes.incidents import store
from markaz.programmes.incidents.listed import OPEN_INCIDENTS
from markaz.programmes.incidents.looks import standing_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def some_night(centre: RunningCentre, officer: Person) -> list[dict[str, Any]]:
    """Open incidents of both districts, one of them closed; `officer` stands to each in another way or in none."""
    desk = await centre.newcomer(Grant(Role.SUPERVISOR, Land.REGION))
    opened = [await open_incident(desk, Land.WEST_SOUTH) for _ in range(6)]
    opened += [await open_incident(desk, land) for land in (Land.WEST_NORTH, Land.EAST_SOUTH)]
    owned, taken, sent, noted, shut, glass, *_ = opened
    await take_over(officer, owned["id"])
    call = {"channel": "phone", "caller": {"name": "Somebody"}}
    assert (await officer.post(f"/api/incidents/{taken['id']}/calls", call)).status_code == 201
    await assign(officer, sent, await register_unit(desk, f"listed-{officer.login}"))
    assert (await officer.post(f"/api/incidents/{noted['id']}/notes", {"text": "no work"})).status_code == 201
    await take_over(officer, shut["id"])
    await centre.as_owner("INSERT INTO shut_out_accounts VALUES ($1, $2)", UUID(shut["id"]), officer.id)
    assert (await break_glass(officer, glass["id"])).status_code == 201
    await close(desk, await open_incident(desk, Land.WEST_SOUTH))
    return opened


async def both_forms(centre: RunningCentre, person: Person, *grants: Grant) -> tuple[set[UUID], set[UUID]]:
    """Return the open incidents whose callers this person may look up: by one query, and one by one."""
    actor = Actor(person.id, person.login, person.login, False, grants, 1)
    looking = centre.centre.spine.looking
    listing = looking.decider.listing(RecordKind.INCIDENT, [Action.LOOK_UP], OPEN_INCIDENTS)
    async with looking.look(Request(actor, "test")) as look:
        where = await look.where(listing, DataClass.CALLER, Action.LOOK_UP, first=1)
        sql = f"SELECT i.id FROM incidents i WHERE i.status = 'open' AND {where.sql}"
        listed = {row["id"] for row in await look.connection.fetch(sql, *where.parameters)}
        single = set()
        for row in await look.connection.fetch(f"{store.INCIDENT} WHERE status = 'open'"):
            standing = await standing_of(look.connection, actor, row, look.now)
            if (await look.may(standing, DataClass.CALLER, Action.LOOK_UP)).allowed:
                single.add(row["id"])
    return listed, single


async def test_a_query_finds_what_the_card_would_open(shared_centre: RunningCentre) -> None:
    grant = Grant(Role.SUPERVISOR, Land.WEST)
    officer = await shared_centre.newcomer(grant)
    night = await some_night(shared_centre, officer)
    owned, taken, sent, noted, shut, glass, north, east = (UUID(one["id"]) for one in night)
    listed, single = await both_forms(shared_centre, officer, grant)
    assert listed == single == {owned, taken, sent, glass}
    own = await own_incident(officer)
    stated = await state_purpose(officer, own["number"], need="call_back", incident=str(noted))
    assert stated.status_code == 201, stated.text
    listed, single = await both_forms(shared_centre, officer, grant)
    assert listed == single == {owned, taken, sent, glass, noted, UUID(own["id"])}
    assert not listed & {shut, north, east}


async def test_a_crew_a_stranger_and_those_without_a_desk_get_the_same_from_both(shared_centre: RunningCentre) -> None:
    desk = await shared_centre.newcomer(Grant(Role.SUPERVISOR, Land.REGION))
    await some_night(shared_centre, await shared_centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST)))
    unit = await register_unit(desk, "listed-crew", available=False)
    both = (Grant(Role.UNIT_OFFICER, Land.WEST), Grant(Role.CALL_TAKER, Land.WEST))
    crew = await shared_centre.newcomer(*both)
    await log_on(crew, unit)
    incident = await assign(desk, await open_incident(desk), unit)
    listed, single = await both_forms(shared_centre, crew, *both)
    assert listed == single == {UUID(incident["id"])}
    for role in (Role.CALL_TAKER, Role.OBSERVER, Role.ADMINISTRATOR, Role.AUDITOR):
        grant = Grant(role, Land.ROOT)
        listed, single = await both_forms(shared_centre, await shared_centre.newcomer(grant), grant)
        assert listed == single == set()
