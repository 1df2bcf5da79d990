"""What one person does to an office on the machine of the centre stands in the open, and waits for a second person.

The very code behind `markaz accounts`, against a running centre.
"""

import json
from typing import Any

import pytest
from tests.support.centre import RunningCentre
from tests.support.land import Land
from tests.support.people import Person

from markaz.cli import accounts as cli
from markaz.core.errors import InvalidInput, NotPossibleNow
from markaz.core.permissions import OFFICES, Grant, Role

PASSWORD = "a password of the machine"


async def told(centre: RunningCentre, account_id: str) -> list[dict[str, Any]]:
    """Return the public parts of the entries about an account, in order."""
    rows = await centre.rows("SELECT convert_from(body, 'UTF8') AS body FROM log_leaves ORDER BY index")
    return [said for row in rows if (said := json.loads(row["body"])["public"]).get("account_id") == account_id]


async def tasks(centre: RunningCentre, account_id: str) -> int:
    rows = await centre.rows(
        "SELECT count(*) FROM tasks WHERE kind = 'grant_alone' AND record_id = $1::uuid AND closed_at IS NULL",
        account_id,
    )
    return int(rows[0][0])


async def held(centre: RunningCentre, account_id: str) -> list[str]:
    return [row["role"] for row in await centre.rows("SELECT role FROM grants WHERE account_id = $1::uuid", account_id)]


async def holder(centre: RunningCentre, role: Role, login: str = "holder") -> Person:
    return await centre.newcomer(Grant(role, Land.ROOT), login=login)


@pytest.mark.parametrize("role", sorted(OFFICES))
async def test_closing_an_office_holder_names_the_office_in_the_open_and_asks_for_a_second_person(
    centre: RunningCentre, role: Role
) -> None:
    person = await holder(centre, role)
    await cli._close(centre.access.app_dsn, person.login)
    assert await told(centre, str(person.id)) == [
        {
            "action": "account.closed_by_machine",
            "account_id": str(person.id),
            "roles": [f"{role.value}@{int(Land.ROOT)}"],
        }
    ]
    assert await tasks(centre, str(person.id)) == 1
    (row,) = await centre.rows(
        "SELECT territory_id, details::text AS details FROM audit_entries WHERE record_id = $1", person.id
    )
    assert (row["territory_id"], json.loads(row["details"])["held"]) == (
        int(Land.ROOT),
        [f"{role.value}@{int(Land.ROOT)}"],
    )
    watcher = await centre.newcomer(
        Grant(Role.DATA_PROTECTION_OFFICER if role is Role.AUDITOR else Role.AUDITOR, Land.ROOT)
    )
    (one,) = (await watcher.get("/api/oversight/tasks")).json()["items"]
    assert (one["kind"], one["record_id"], one["may_answer"]) == ("grant_alone", str(person.id), True)
    no = {"version": one["version"], "answer": "not_in_order", "remark": "Nobody was asked about this."}
    assert (await watcher.post(f"/api/oversight/grants/{one['id']}/answer", no)).json()["ended"] == []
    assert (await told(centre, str(person.id)))[-1]["action"] == "account.not_in_order"


async def test_a_new_password_or_no_second_factor_for_an_office_holder_is_as_public_and_leaves_the_office(
    centre: RunningCentre,
) -> None:
    person = await holder(centre, Role.DATA_PROTECTION_OFFICER)
    await centre.as_owner("UPDATE accounts SET password_hash = 'x' WHERE id = $1", person.id)
    await cli._password(centre.access.app_dsn, person.login, PASSWORD)
    await cli._reset(centre.access.app_dsn, person.login)
    assert [(one["action"], one["roles"]) for one in await told(centre, str(person.id))] == [
        ("account.password_by_machine", [f"data_protection_officer@{int(Land.ROOT)}"]),
        ("account.factors_reset_by_machine", [f"data_protection_officer@{int(Land.ROOT)}"]),
    ]
    assert await tasks(centre, str(person.id)) == 2
    assert await held(centre, str(person.id)) == ["data_protection_officer"]
    assert (await person.get("/api/me")).status_code == 401


async def test_who_leaves_a_desk_is_nobodys_news_and_who_can_no_longer_appoint_is(centre: RunningCentre) -> None:
    for role, public in ((Role.DISPATCHER, []), (Role.ADMINISTRATOR, ["account.closed_by_machine"])):
        person = await centre.newcomer(Grant(role, Land.WEST))
        await cli._close(centre.access.app_dsn, person.login)
        assert [one["action"] for one in await told(centre, str(person.id))] == public
        assert await tasks(centre, str(person.id)) == 0


async def test_the_machine_takes_no_office_that_two_people_can_take_in_the_console(centre: RunningCentre) -> None:
    person = await holder(centre, Role.APPEAL_BODY)
    dsn = centre.access.app_dsn
    one = await centre.newcomer(Grant(Role.ADMINISTRATOR, Land.ROOT))
    await centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST))  # of a part of the centre: not of this office
    two = await centre.newcomer(Grant(Role.ADMINISTRATOR, Land.ROOT))
    with pytest.raises(NotPossibleNow, match="two people take it away"):
        await cli._close(dsn, person.login)
    assert await held(centre, str(person.id)) == ["appeal_body"]
    assert await told(centre, str(person.id)) == []
    asked = await one.post(
        "/api/oversight/appointments",
        {"account_id": str(person.id), "role": "appeal_body", "territory_id": int(Land.ROOT), "change": "take"},
    )
    assert (await two.post(f"/api/oversight/appointments/{asked.json()['id']}/approval")).status_code == 200
    await cli._close(dsn, person.login)
    assert [said["action"] for said in await told(centre, str(person.id))] == ["appointment.asked", "appointment.taken"]


async def test_the_machine_gives_the_first_of_an_office_and_no_second_that_two_people_can_give(
    centre: RunningCentre,
) -> None:
    dsn = centre.access.app_dsn
    for _ in range(2):
        await centre.newcomer(Grant(Role.ADMINISTRATOR, Land.ROOT))
    first = await cli._create(dsn, "first", Role.AUDITOR, "First", None, PASSWORD)
    assert [one["action"] for one in await told(centre, first)] == ["account.made_alone"]
    assert await tasks(centre, first) == 1
    with pytest.raises(NotPossibleNow, match="two people give it"):
        await cli._create(dsn, "second", Role.AUDITOR, "Second", None, PASSWORD)
    assert await centre.rows("SELECT 1 FROM accounts WHERE login = 'second'") == []


def test_no_service_key_holds_an_office() -> None:
    for role in OFFICES:
        with pytest.raises(InvalidInput):
            cli.create_key("key", role)
