"""Rights to person data and offices are given by two people, offices taken by two, and each step stands in the log."""

import asyncio
import json
from typing import Any

import pytest
import pytest_asyncio
from tests.support.centre import RunningCentre
from tests.support.land import Land
from tests.support.people import Person, new_key

from markaz.core.permissions import Grant, Role, takes_two_people

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/api/oversight/appointments"
PASSWORD = "correct horse battery staple"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def two(shared_centre: RunningCentre) -> tuple[Person, Person]:
    """Two administrators of the whole centre."""
    return (
        await shared_centre.newcomer(Grant(Role.ADMINISTRATOR, Land.ROOT)),
        await shared_centre.newcomer(Grant(Role.ADMINISTRATOR, Land.ROOT)),
    )


def body(person: Person, role: Role, land: Land = Land.ROOT, change: str = "give") -> dict[str, Any]:
    return {"account_id": str(person.id), "role": role.value, "territory_id": int(land), "change": change}


async def held(centre: RunningCentre, person: Person) -> set[tuple[str, int]]:
    rows = await centre.rows("SELECT role, territory_id FROM grants WHERE account_id = $1", person.id)
    return {(row["role"], row["territory_id"]) for row in rows}


async def public_bodies(centre: RunningCentre, person: Person) -> list[dict[str, Any]]:
    rows = await centre.rows("SELECT convert_from(body, 'UTF8') AS body FROM log_leaves ORDER BY index")
    every = [json.loads(row["body"])["public"] for row in rows]
    return [one for one in every if one.get("account_id") == str(person.id)]


async def test_an_office_is_given_and_taken_by_two_people_as_a_public_entry(
    shared_centre: RunningCentre, two: tuple[Person, Person]
) -> None:
    first, second = two
    chosen = await shared_centre.newcomer()
    for change, action in (("give", "appointment.given"), ("take", "appointment.taken")):
        asked = await first.post(PATH, body(chosen, Role.AUDITOR, change=change))
        assert asked.status_code == 201, asked.text
        request_id = asked.json()["id"]
        before = await held(shared_centre, chosen)
        alone = await first.post(f"{PATH}/{request_id}/approval")
        assert (alone.status_code, alone.json()["code"]) == (403, "forbidden")
        assert await held(shared_centre, chosen) == before
        listed = (await second.get(PATH)).json()["waiting"]
        (waiting,) = [one for one in listed if one["id"] == request_id]
        assert (waiting["change"], waiting["role"], waiting["may_decide"]) == (change, "auditor", True)
        assert (await second.post(f"{PATH}/{request_id}/approval")).status_code == 200
        assert await held(shared_centre, chosen) == ({("auditor", Land.ROOT)} if change == "give" else set())
        assert (await public_bodies(shared_centre, chosen))[-1] == {
            "account_id": str(chosen.id),
            "action": action,
            "change": change,
            "role": "auditor",
            "territory_id": int(Land.ROOT),
        }
        again = await second.post(f"{PATH}/{request_id}/approval")
        assert again.status_code == 409


async def test_an_administrator_cannot_make_a_second_self_with_a_desk_role(
    shared_centre: RunningCentre, two: tuple[Person, Person]
) -> None:
    """Neither at once, nor by a second account that approves: whoever could approve takes two people as well."""
    first, _ = two
    for role in [role for role in Role if takes_two_people(role)]:
        grants = [{"role": role.value, "territory_id": int(Land.ROOT)}]
        login = f"self.{role.value}"
        made = await first.post(
            "/api/accounts", {"login": login, "display_name": "Self", "password": PASSWORD, "grants": grants}
        )
        assert made.status_code == 201, made.text
        account_id, waiting = made.json()["id"], made.json()["waiting"]
        assert len(waiting) == 1
        rows = await shared_centre.rows("SELECT role FROM grants WHERE account_id = $1::uuid", account_id)
        assert rows == []
        changed = await first.send("PUT", f"/api/accounts/{account_id}/grants", {"grants": grants})
        assert changed.status_code == 409  # it waits already
        assert (await first.post(f"{PATH}/{waiting[0]}/approval")).status_code == 403
    observer = [{"role": "observer", "territory_id": int(Land.ROOT)}]
    plain = {"login": "plain", "display_name": "Plain", "password": PASSWORD, "grants": observer}
    assert (await first.post("/api/accounts", plain)).json()["waiting"] == []


async def test_whoever_is_concerned_asks_and_decides_nothing(
    shared_centre: RunningCentre, two: tuple[Person, Person]
) -> None:
    first, second = two
    own = await first.post(PATH, body(first, Role.SUPERVISOR))
    assert own.status_code == 403
    asked = await first.post(PATH, body(second, Role.DUTY_OFFICER, Land.WEST))
    own_approval = await second.post(f"{PATH}/{asked.json()['id']}/approval")
    assert (own_approval.status_code, "own appointment" in own_approval.json()["message"]) == (403, True)
    assert await held(shared_centre, second) == {("administrator", Land.ROOT)}


async def test_the_second_person_is_of_that_territory_and_no_service(
    shared_centre: RunningCentre, two: tuple[Person, Person]
) -> None:
    first, _ = two
    chosen = await shared_centre.newcomer()
    request_id = (await first.post(PATH, body(chosen, Role.DUTY_OFFICER, Land.WEST_SOUTH))).json()["id"]
    elsewhere = await shared_centre.person(Role.SUPERVISOR, Land.EAST)
    assert (await elsewhere.post(f"{PATH}/{request_id}/approval")).status_code == 404
    assert request_id not in (await elsewhere.get(PATH)).text
    officer = await shared_centre.person(Role.DUTY_OFFICER, Land.WEST)
    assert (await officer.post(f"{PATH}/{request_id}/approval")).status_code == 403
    supervisor = await shared_centre.person(Role.SUPERVISOR, Land.WEST)
    assert (await supervisor.post(f"{PATH}/{request_id}/approval")).status_code == 200
    assert await held(shared_centre, chosen) == {("duty_officer", Land.WEST_SOUTH)}
    assert await public_bodies(shared_centre, chosen) == []  # no office: who works at a desk is nobody's news


async def test_an_office_does_not_go_by_a_change_of_the_account(
    shared_centre: RunningCentre, two: tuple[Person, Person]
) -> None:
    first, second = two
    guard = await shared_centre.newcomer(Grant(Role.DATA_PROTECTION_OFFICER, Land.ROOT))
    changed = await first.send("PUT", f"/api/accounts/{guard.id}/grants", {"grants": []})
    assert changed.status_code == 200
    assert await held(shared_centre, guard) == {("data_protection_officer", Land.ROOT)}
    (waiting,) = changed.json()["waiting"]
    assert (await second.post(f"{PATH}/{waiting}/refusal")).status_code == 200
    assert await held(shared_centre, guard) == {("data_protection_officer", Land.ROOT)}
    assert (await public_bodies(shared_centre, guard))[-1]["action"] == "appointment.refused"


async def test_a_request_is_taken_back_by_whoever_asked_and_nobody_else(
    shared_centre: RunningCentre, two: tuple[Person, Person]
) -> None:
    first, second = two
    chosen = await shared_centre.newcomer()
    request_id = (await first.post(PATH, body(chosen, Role.APPEAL_BODY))).json()["id"]
    assert (await first.post(PATH, body(chosen, Role.APPEAL_BODY))).status_code == 409
    assert (await second.post(f"{PATH}/{request_id}/withdrawal")).status_code == 403
    assert (await first.post(f"{PATH}/{request_id}/withdrawal")).status_code == 200
    assert (await second.post(f"{PATH}/{request_id}/approval")).status_code == 409


async def test_wrong_questions_are_refused(shared_centre: RunningCentre, two: tuple[Person, Person]) -> None:
    first, _ = two
    chosen = await shared_centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST))
    for wrong, status in (
        (body(chosen, Role.OBSERVER), 422),
        (body(chosen, Role.DUTY_OFFICER, Land.WEST, "take"), 422),
        (body(chosen, Role.DUTY_OFFICER, Land.WEST), 409),
        (body(chosen, Role.AUDITOR, change="take"), 409),
        (body(chosen, Role.AUDITOR) | {"territory_id": 9_999}, 422),
        (body(chosen, Role.AUDITOR) | {"change": "steal"}, 422),
        (body(chosen, Role.AUDITOR) | {"reason": "x"}, 422),
        (body(await shared_centre.person(Role.IMPORTER, Land.ROOT), Role.AUDITOR), 404),
    ):
        answer = await first.post(PATH, wrong)
        assert answer.status_code == status, f"{wrong}: {answer.text}"


async def test_two_approvals_at_once_and_a_repeated_one_do_it_once(
    shared_centre: RunningCentre, two: tuple[Person, Person]
) -> None:
    first, second = two
    third = await shared_centre.newcomer(Grant(Role.ADMINISTRATOR, Land.ROOT))
    chosen = await shared_centre.newcomer()
    path = f"{PATH}/{(await first.post(PATH, body(chosen, Role.AUDITOR))).json()['id']}/approval"
    key = new_key()
    answers = await asyncio.gather(
        second.post(path, key=key), second.post(path, key=key), third.post(path), return_exceptions=False
    )
    assert sorted({answer.status_code for answer in answers}) in ([200, 409], [200])
    count = "SELECT count(*) FROM audit_entries WHERE record_id = $1 AND action = 'appointment.given'"
    assert (await shared_centre.rows(count, chosen.id))[0][0] == 1


async def test_what_became_pointless_meanwhile_is_not_entered_as_done(
    shared_centre: RunningCentre, two: tuple[Person, Person]
) -> None:
    first, second = two
    held, closed = [await shared_centre.newcomer() for _ in range(2)]
    asked = [(await first.post(PATH, body(one, Role.AUDITOR))).json()["id"] for one in (held, closed)]
    await shared_centre.as_owner("INSERT INTO grants VALUES ($1, 'auditor', $2)", held.id, int(Land.ROOT))
    await shared_centre.as_owner("UPDATE accounts SET is_active = false WHERE id = $1", closed.id)
    for request_id in asked:
        assert (await second.post(f"{PATH}/{request_id}/approval")).status_code == 409
        assert (await second.post(f"{PATH}/{request_id}/refusal")).status_code == 200
    given = "SELECT count(*) FROM audit_entries WHERE record_id = ANY($1::uuid[]) AND action = 'appointment.given'"
    assert (await shared_centre.rows(given, [held.id, closed.id]))[0][0] == 0


async def test_offices_are_listed_to_those_who_watch_and_to_nobody_at_the_desk(
    shared_centre: RunningCentre, two: tuple[Person, Person]
) -> None:
    first, _ = two
    appeal = await shared_centre.person(Role.APPEAL_BODY, Land.ROOT)
    for reader in (first, appeal, await shared_centre.person(Role.AUDITOR, Land.ROOT)):
        offices = (await reader.get(PATH)).json()["offices"]
        assert str(appeal.id) in {one["account"]["id"] for one in offices}
    assert (await (await shared_centre.person(Role.DUTY_OFFICER, Land.ROOT)).get(PATH)).status_code == 403
    assert (await appeal.post(PATH, body(first, Role.AUDITOR))).status_code == 403


@pytest.mark.parametrize("beside", [Role.DUTY_OFFICER, Role.ADMINISTRATOR, Role.OBSERVER, Role.APPEAL_BODY])
async def test_an_office_is_held_with_no_other_role_whichever_comes_first(
    shared_centre: RunningCentre, two: tuple[Person, Person], beside: Role
) -> None:
    first, second = two
    for held_now, wanted in ((beside, Role.AUDITOR), (Role.AUDITOR, beside)):
        person = await shared_centre.newcomer(Grant(held_now, Land.WEST))
        asked = await first.post(PATH, body(person, wanted))
        if takes_two_people(wanted):
            assert (asked.status_code, "holds nothing else" in asked.json()["message"]) == (409, True)
        both = [{"role": role.value, "territory_id": int(Land.WEST)} for role in (held_now, wanted)]
        changed = await first.send("PUT", f"/api/accounts/{person.id}/grants", {"grants": both})
        assert (changed.status_code, "holds nothing else" in changed.json()["message"]) == (409, True)
        alone = {"grants": [{"role": "observer", "territory_id": int(Land.WEST)}]}
        if held_now is Role.AUDITOR:
            assert (await first.send("PUT", f"/api/accounts/{person.id}/grants", alone)).status_code == 409
        assert await held(shared_centre, person) == {(held_now.value, int(Land.WEST))}
    chosen = await shared_centre.newcomer()
    requests = [
        (await first.post(PATH, body(chosen, role))).json()["id"]
        for role in (Role.AUDITOR, beside)
        if takes_two_people(role)
    ]
    assert (await second.post(f"{PATH}/{requests[0]}/approval")).status_code == 200
    for request_id in requests[1:]:
        assert (await second.post(f"{PATH}/{request_id}/approval")).status_code == 409
    assert await held(shared_centre, chosen) == {("auditor", int(Land.ROOT))}
    login = f"made.{beside.value}"
    account = {"login": login, "display_name": "Made", "password": PASSWORD, "grants": both}
    assert (await first.post("/api/accounts", account)).status_code == 409
    assert await shared_centre.rows("SELECT 1 FROM accounts WHERE login = $1", login) == []


async def test_who_holds_nothing_is_listed_to_the_administrator_of_the_whole_centre_to_be_given_an_office(
    shared_centre: RunningCentre, two: tuple[Person, Person]
) -> None:
    free = await shared_centre.newcomer(login="a.free")
    below = await shared_centre.newcomer(Grant(Role.ADMINISTRATOR, Land.WEST))
    for reader, is_shown in ((two[0], True), (below, False)):
        items = (await reader.get("/api/accounts", limit=200)).json()["items"]
        assert (str(free.id) in {one["id"] for one in items}) is is_shown
