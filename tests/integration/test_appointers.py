"""Nobody alone makes those who may appoint fewer than two, and whoever ends as one of them ends in the open.

Over HTTP and by the very code behind `markaz accounts`, against a running centre.
"""

import asyncio
import json
from typing import Any

import pytest
from tests.support.centre import RunningCentre
from tests.support.land import Land
from tests.support.people import Person

from markaz.cli import accounts as cli
from markaz.core.errors import NotPossibleNow
from markaz.core.permissions import Grant, Role

PATH = "/api/oversight/appointments"


async def told(centre: RunningCentre, person: Person) -> list[dict[str, Any]]:
    """Return the public parts of the entries about an account, in order."""
    rows = await centre.rows("SELECT convert_from(body, 'UTF8') AS body FROM log_leaves ORDER BY index")
    every = [json.loads(row["body"])["public"] for row in rows]
    return [one for one in every if one.get("account_id") == str(person.id)]


async def held(centre: RunningCentre, person: Person) -> list[str]:
    rows = await centre.rows("SELECT role FROM grants WHERE account_id = $1 ORDER BY role", person.id)
    return [row["role"] for row in rows]


async def set_grants(by: Person, person: Person, *grants: tuple[Role, Land]) -> Any:
    body = {"grants": [{"role": role.value, "territory_id": int(land)} for role, land in grants]}
    return await by.send("PUT", f"/api/accounts/{person.id}/grants", body)


async def of_the_whole(centre: RunningCentre, *roles: Role) -> list[Person]:
    return [await centre.newcomer(Grant(role, Land.ROOT)) for role in roles]


async def test_one_administrator_cannot_end_the_appointers_and_then_an_office(centre: RunningCentre) -> None:
    adm, sup, victim, officer = await of_the_whole(
        centre, Role.ADMINISTRATOR, Role.SUPERVISOR, Role.SUPERVISOR, Role.DATA_PROTECTION_OFFICER
    )
    root = int(Land.ROOT)
    first = await set_grants(adm, sup)
    assert (first.status_code, first.json()["waiting"]) == (200, []), "of three one goes by one person"
    assert await held(centre, sup) == []
    assert await told(centre, sup) == [
        {"action": "account.appointer_ended", "account_id": str(sup.id), "roles": [f"supervisor@{root}"]}
    ]
    last = await set_grants(adm, victim)
    (waiting,) = last.json()["waiting"]
    assert (last.status_code, await held(centre, victim)) == (200, ["supervisor"])
    assert (await set_grants(adm, victim)).status_code == 409  # it waits already
    assert (await adm.post(f"{PATH}/{waiting}/approval")).status_code == 403
    for person, words in ((victim, "another"), (adm, "another"), (officer, "two people take it away")):
        with pytest.raises(NotPossibleNow, match=words):
            await cli._close(centre.access.app_dsn, person.login)
    assert await held(centre, officer) == ["data_protection_officer"]
    assert [one["action"] for one in await told(centre, victim)] == ["appointment.asked"]


async def test_the_last_but_one_ends_when_its_holder_agrees_and_not_when_it_refuses(centre: RunningCentre) -> None:
    adm, victim = await of_the_whole(centre, Role.ADMINISTRATOR, Role.SUPERVISOR)
    take = {
        "account_id": str(victim.id), "role": "supervisor", "territory_id": int(Land.ROOT), "change": "take",
    }  # fmt: skip
    for decision, after, action in (("refusal", ["supervisor"], "refused"), ("approval", [], "taken")):
        asked = await adm.post(PATH, take)
        assert asked.status_code == 201, asked.text
        (one,) = (await victim.get(PATH)).json()["waiting"]
        assert (one["may_decide"], one["may_approve"], one["role"]) == (True, True, "supervisor")
        assert (await victim.post(f"{PATH}/{asked.json()['id']}/{decision}")).status_code == 200
        assert await held(centre, victim) == after
        assert (await told(centre, victim))[-1]["action"] == f"appointment.{action}"
    ends = [one for one in await told(centre, victim) if one["action"] == "account.appointer_ended"]
    assert [one["roles"] for one in ends] == [[f"supervisor@{int(Land.ROOT)}"]]


async def test_nobody_asks_for_a_second_person_where_two_others_can_appoint(centre: RunningCentre) -> None:
    adm, _, third = await of_the_whole(centre, Role.ADMINISTRATOR, Role.SUPERVISOR, Role.SUPERVISOR)
    take = {"account_id": str(third.id), "role": "supervisor", "territory_id": int(Land.ROOT), "change": "take"}
    assert (await adm.post(PATH, take)).status_code == 422
    assert (await set_grants(adm, third, (Role.OBSERVER, Land.WEST))).json()["waiting"] == []
    assert await held(centre, third) == ["observer"]


async def test_what_leaves_somebody_able_to_appoint_there_goes_at_once(centre: RunningCentre) -> None:
    adm = (await of_the_whole(centre, Role.ADMINISTRATOR))[0]
    both = await centre.newcomer(Grant(Role.ADMINISTRATOR, Land.ROOT), Grant(Role.SUPERVISOR, Land.ROOT))
    kept = await set_grants(adm, both, (Role.SUPERVISOR, Land.ROOT))
    assert (kept.json()["waiting"], await held(centre, both)) == ([], ["supervisor"])
    of_both = await centre.newcomer(Grant(Role.ADMINISTRATOR, Land.WEST), Grant(Role.SUPERVISOR, Land.WEST))
    assert (await set_grants(adm, of_both)).json()["waiting"] == [], "two of the whole can appoint there too"


async def test_a_part_of_the_land_keeps_its_two_as_well(centre: RunningCentre) -> None:
    """One of the whole centre and one of the west can appoint in the west, and in the west alone."""
    adm = (await of_the_whole(centre, Role.ADMINISTRATOR))[0]
    region = await centre.newcomer(Grant(Role.SUPERVISOR, Land.REGION))
    alone = await set_grants(adm, region)
    assert (len(alone.json()["waiting"]), await held(centre, region)) == (1, ["supervisor"])
    west = await centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST))
    with pytest.raises(NotPossibleNow, match="Only two people may appoint"):
        await cli._close(centre.access.app_dsn, region.login)
    await cli._close(centre.access.app_dsn, west.login)
    assert [one["action"] for one in await told(centre, west)] == ["account.closed_by_machine"]


async def test_a_fresh_centre_is_set_up_and_taken_back_by_one(centre: RunningCentre) -> None:
    dsn, password = centre.access.app_dsn, "a password of the machine"
    for login in ("first", "again"):
        await cli._create(dsn, login, Role.ADMINISTRATOR, login, None, password)
        await cli._close(dsn, login)
    for login in ("one", "two"):
        await cli._create(dsn, login, Role.ADMINISTRATOR, login, None, password)
    with pytest.raises(NotPossibleNow, match="first make or appoint another"):
        await cli._close(dsn, "one")
    await cli._create(dsn, "three", Role.ADMINISTRATOR, "three", None, password)
    await cli._close(dsn, "one")  # whoever is lost is replaced on the machine, each step in the open
    rows = await centre.rows("SELECT count(*) FROM grants WHERE role = 'administrator'")
    assert rows[0][0] == 2


async def test_two_who_end_each_other_at_once_leave_two(centre: RunningCentre) -> None:
    one, two, _ = await of_the_whole(centre, Role.ADMINISTRATOR, Role.ADMINISTRATOR, Role.SUPERVISOR)
    answers = await asyncio.gather(set_grants(one, two), set_grants(two, one))
    assert 200 in {answer.status_code for answer in answers}
    rows = await centre.rows("SELECT count(*) FROM grants WHERE role IN ('administrator', 'supervisor')")
    assert rows[0][0] == 2
