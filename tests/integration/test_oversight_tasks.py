"""The tasks of oversight: who sees which, with what clock, and how corrections and lonely grants are answered."""

import json
from typing import Any
from uuid import UUID

import pytest
from tests.support.centre import RunningCentre
from tests.support.land import Land
from tests.support.oversight import correction_ordered, made_alone
from tests.support.people import Person

from markaz.cli import accounts as cli
from markaz.core.permissions import Grant, Role

pytestmark = pytest.mark.asyncio(loop_scope="module")

REMARK = "The record was closed before it could be mended."


async def waiting(person: Person) -> dict[str, dict[str, Any]]:
    answer = await person.get("/api/oversight/tasks")
    assert answer.status_code == 200, answer.text
    return {one["id"]: one for one in answer.json()["items"]}


async def actions(centre: RunningCentre, record_id: str) -> list[str]:
    rows = await centre.rows("SELECT action FROM audit_entries WHERE record_id = $1 ORDER BY id", UUID(record_id))
    return [row["action"] for row in rows]


async def test_a_correction_waits_in_the_list_of_the_desk_and_shows_what_is_wrong(shared_centre: RunningCentre) -> None:
    task_id = await correction_ordered(shared_centre)
    desk = [await shared_centre.newcomer(Grant(role, Land.WEST)) for role in (Role.DUTY_OFFICER, Role.SUPERVISOR)]
    officer = await shared_centre.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    for person, may in ((desk[0], True), (desk[1], True), (officer, False)):
        one = (await waiting(person))[task_id]
        assert (one["kind"], one["may_answer"], one["is_overdue"]) == ("right_correction_ordered", may, False)
        assert one["reference"]
        assert one["request_number"].startswith("R-")
    for stranger in (
        await shared_centre.person(Role.SUPERVISOR, Land.EAST),
        await shared_centre.person(Role.DISPATCHER, Land.WEST),
        await shared_centre.person(Role.ADMINISTRATOR, Land.ROOT),
    ):
        assert task_id not in await waiting(stranger)
    await shared_centre.as_owner(
        "INSERT INTO shut_out_accounts SELECT record_id, $2 FROM tasks WHERE id = $1", UUID(task_id), desk[0].id
    )
    assert task_id not in await waiting(desk[0]), "shut out of the incident: it is not there"
    assert (await desk[0].get(f"/api/oversight/corrections/{task_id}")).status_code == 404
    assert (await officer.get(f"/api/oversight/corrections/{task_id}")).status_code == 403
    path = f"/api/oversight/corrections/{task_id}"
    read = (await desk[1].get(path)).json()
    assert read["words"] == "It was not me who called."
    assert "Ergasheva" not in str(read)
    nothing = {"version": 1, "answer": "not_possible"}
    assert (await desk[1].post(f"{path}/answer", nothing)).json()["details"]["field"] == "remark"
    assert (await desk[1].post(f"{path}/answer", nothing | {"remark": REMARK})).status_code == 200
    assert (await desk[1].post(f"{path}/answer", nothing | {"remark": REMARK})).status_code == 409
    assert task_id not in await waiting(desk[1])
    assert (await desk[1].get(path)).status_code == 409, "what was answered shows nobody the words again"
    left = await actions(shared_centre, read["record_id"])
    assert left[-2:] == ["right.correction_read", "right.correction_not_possible"]


async def test_what_one_person_gave_on_the_machine_is_public_and_waits_for_somebody_to_confirm_it(
    shared_centre: RunningCentre,
) -> None:
    auditor = await shared_centre.newcomer(Grant(Role.AUDITOR, Land.ROOT))
    officer = await shared_centre.newcomer(Grant(Role.DATA_PROTECTION_OFFICER, Land.WEST))
    task_id = await made_alone(shared_centre)
    one = (await waiting(auditor))[task_id]
    assert (one["kind"], one["reference"], one["may_answer"]) == ("grant_alone", "Made Alone", True)
    assert task_id in await waiting(officer)
    assert task_id not in await waiting(await shared_centre.person(Role.ADMINISTRATOR, Land.ROOT))
    body = {"version": 1, "answer": "not_in_order", "remark": "Nobody at the desk knows this person."}
    path = f"/api/oversight/grants/{task_id}/answer"
    assert (await auditor.post(path, body | {"remark": None})).status_code == 422
    done = await auditor.post(path, body)
    assert (done.status_code, done.json()["ended"]) == (200, [f"dispatcher@{int(Land.WEST_SOUTH)}"])
    assert await shared_centre.rows("SELECT 1 FROM grants WHERE account_id = $1::uuid", one["record_id"]) == []
    rows = await shared_centre.rows("SELECT convert_from(body, 'UTF8') AS body FROM log_leaves ORDER BY index")
    public = [json.loads(row["body"])["public"] for row in rows]
    assert [said["action"] for said in public if said.get("account_id") == one["record_id"]] == [
        "account.made_alone",
        "account.not_in_order",
    ]


async def test_an_office_that_is_not_in_order_still_takes_two_to_end_and_nobody_confirms_their_own(
    shared_centre: RunningCentre,
) -> None:
    auditor = await shared_centre.newcomer(Grant(Role.AUDITOR, Land.ROOT))
    task_id = await made_alone(shared_centre, Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    own_id = UUID((await waiting(auditor))[task_id]["record_id"])
    own = await shared_centre.sign_in_again(own_id)
    assert not (await waiting(own))[task_id]["may_answer"]
    path, yes = f"/api/oversight/grants/{task_id}/answer", {"version": 1, "answer": "in_order"}
    assert (await own.post(path, yes)).status_code == 403
    no = {"version": 1, "answer": "not_in_order", "remark": "Who asked for this office?"}
    assert (await auditor.post(path, no)).json()["ended"] == []
    held = await shared_centre.rows("SELECT role FROM grants WHERE account_id = $1", own_id)
    assert [row["role"] for row in held] == ["data_protection_officer"]


async def test_the_command_line_leaves_such_a_task_and_none_for_what_one_person_may_give(
    shared_centre: RunningCentre,
) -> None:
    """The very code behind `markaz accounts create` and `create-key`, against a running centre."""
    dsn = shared_centre.access.app_dsn
    made = [
        await cli._create(dsn, "by.hand", Role.SUPERVISOR, "By Hand", None, "a password of the machine"),
        await cli._create(dsn, "by.hand.too", Role.OBSERVER, "By Hand", None, "a password of the machine"),
    ]
    rows = await shared_centre.rows(
        "SELECT record_id::text AS id FROM tasks WHERE kind = 'grant_alone' AND record_id = ANY($1::uuid[])", made
    )
    assert [row["id"] for row in rows] == made[:1]
    assert await actions(shared_centre, made[0]) == ["account.made_alone"]
    assert await actions(shared_centre, made[1]) == ["account.access_changed"]
