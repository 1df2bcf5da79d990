"""A task that somebody took is a reason to look: at the one incident it is about, by nobody else, until it is answered."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.support.centre import RunningCentre
from tests.support.desk import close, open_incident
from tests.support.land import Land
from tests.support.looks import break_glass, state_purpose
from tests.support.oversight import correction_ordered
from tests.support.people import Person

from markaz.core.permissions import Grant, Role

pytestmark = pytest.mark.asyncio(loop_scope="module")

Record = dict[str, Any]
CALLER = {"name": "Zebo Karimova", "phone": "+998 90 111 22 33"}


async def take(person: Person, task_id: str, version: int = 1) -> httpx.Response:
    return await person.post(f"/api/oversight/tasks/{task_id}/take", {"version": version})


async def take_glass(person: Person, glass_id: str, version: int = 1) -> httpx.Response:
    return await person.post(f"/api/access/glass/{glass_id}/take", {"version": version})


async def shown(person: Person, incident_id: str) -> str | None:
    """Return by what the card and its contents are open to this person, None where they are closed."""
    card = (await person.get(f"/api/incidents/{incident_id}")).json()
    contents = (await person.get(f"/api/incidents/{incident_id}/contents")).json()
    assert contents["sealed"] is (card["sealed"] is not None)
    return card["access"]["by"] if card["sealed"] is not None else None


async def line(person: Person, task_id: str) -> Record:
    items = (await person.get("/api/oversight/tasks")).json()["items"]
    return next(one for one in items if one["id"] == task_id)


async def offered(person: Person) -> list[Record]:
    references = (await person.get("/api/access/purpose")).json()["references"]
    return [one for one in references if one["kind"] != "incident"]


async def to_correct(centre: RunningCentre) -> tuple[str, str]:
    """Return a task to correct and the closed incident of somebody else that it is about, with a party."""
    task_id = await correction_ordered(centre)
    rows = await centre.rows(
        "SELECT i.id::text, i.version FROM tasks t JOIN incidents i ON i.id = t.record_id WHERE t.id = $1::uuid",
        task_id,
    )
    taker, incident = await centre.person(Role.DUTY_OFFICER, Land.WEST), dict(rows[0])
    party = {"role": "caller", "name": "Malika Ergasheva"}
    added = await taker.post(f"/api/incidents/{incident['id']}/parties", party)
    assert added.status_code == 201, added.text
    await close(taker, incident | {"version": added.json()["version"]})
    return task_id, incident["id"]


async def broken(centre: RunningCentre, viewer: Person) -> tuple[str, str, str]:
    """Break the glass over a stranger's incident; return the glass, its task and the incident."""
    incident = await open_incident(await centre.person(Role.CALL_TAKER), caller=CALLER)
    answer = await break_glass(viewer, incident["id"])
    assert answer.status_code == 201, answer.text
    rows = await centre.rows("SELECT task_id::text FROM broken_glass WHERE id = $1::uuid", answer.json()["id"])
    return answer.json()["id"], rows[0]["task_id"], incident["id"]


async def test_a_desk_takes_a_correction_reads_what_it_must_mend_and_no_longer_once_it_said_so(
    shared_centre: RunningCentre,
) -> None:
    task_id, incident_id = await to_correct(shared_centre)
    other = await open_incident(await shared_centre.person(Role.DUTY_OFFICER, Land.WEST), caller=CALLER)
    desk = await shared_centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST))
    refused = await state_purpose(desk, task_id, kind="request", need="answer", incident=incident_id)
    assert (refused.status_code, refused.json()["details"]["reason"]) == (403, "not_yours"), "nobody took it yet"
    assert (await offered(desk), (await line(desk, task_id))["owner"]) == ([], None)
    assert await shown(desk, incident_id) is None
    taken = await take(desk, task_id)
    assert (taken.status_code, taken.json()["version"]) == (200, 2), taken.text
    assert (await line(desk, task_id))["owner"]["id"] == str(desk.id)
    [reference] = await offered(desk)
    assert (reference["kind"], reference["reference"], reference["incident"], reference["needs"]) == (
        "request", task_id, incident_id, ["answer"],
    )  # fmt: skip
    assert await shown(desk, incident_id) is None, "to have taken it is not yet to have said why"
    for kind, need, incident, reason in (
        ("request", "answer", other["id"], "elsewhere"),
        ("request", "joint_work", incident_id, "need_unfit"),
        ("case", "answer", incident_id, "not_yours"),
    ):
        refused = await state_purpose(desk, task_id, kind=kind, need=need, incident=incident)
        assert refused.json()["details"]["reason"] == reason
    stated = await state_purpose(desk, task_id, kind="request", need="answer", incident=incident_id)
    assert stated.status_code == 201, stated.text
    assert stated.json()["reference"] == reference["number"], "a number that people know, not the task's id"
    assert await shown(desk, incident_id) == "purpose"
    assert "Malika Ergasheva" in (await desk.get(f"/api/incidents/{incident_id}/contents")).text
    assert await shown(desk, other["id"]) is None, "the one incident of the task and no other"
    rows = await shared_centre.rows(
        "SELECT action, purpose_id::text FROM audit_entries WHERE actor_id = $1 AND record_id = $2::uuid AND "
        "(kind = 'view' OR action = 'right.correction_taken') ORDER BY id",
        desk.id,
        incident_id,
    )
    assert rows[0]["action"] == "right.correction_taken"
    assert {(row["action"], row["purpose_id"]) for row in rows[1:]} == {
        (action, stated.json()["id"]) for action in ("incident.read_sealed", "incident.read_contents")
    }
    answer = {"version": 2, "answer": "done"}
    done = await desk.post(f"/api/oversight/corrections/{task_id}/answer", answer)
    assert (done.status_code, done.json()["version"]) == (200, 3)
    assert (await shown(desk, incident_id), await offered(desk)) == (None, [])
    refused = await state_purpose(desk, task_id, kind="request", need="answer")
    assert refused.json()["details"]["reason"] == "closed"
    assert (await take(desk, task_id, 3)).status_code == 409


async def test_who_may_not_make_a_correction_does_not_take_it(shared_centre: RunningCentre) -> None:
    task_id, incident_id = await to_correct(shared_centre)
    nobody = await shared_centre.as_client(UUID(int=1), "nobody", {})
    assert (await take(nobody, task_id)).status_code == 401
    elsewhere = await shared_centre.person(Role.SUPERVISOR, Land.EAST)
    assert (await take(elsewhere, task_id)).status_code == 404
    for role in (Role.DISPATCHER, Role.CALL_TAKER, Role.DATA_PROTECTION_OFFICER, Role.ADMINISTRATOR, Role.AUDITOR):
        assert (await take(await shared_centre.person(role, Land.REGION), task_id)).status_code == 403
    shut = await shared_centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST))
    await shared_centre.as_owner("INSERT INTO shut_out_accounts VALUES ($1::uuid, $2)", incident_id, shut.id)
    assert (await take(shut, task_id)).status_code == 404
    owners = await shared_centre.rows("SELECT owner_id FROM tasks WHERE id = $1::uuid", task_id)
    assert owners[0]["owner_id"] is None


async def test_a_colleague_takes_it_over_and_the_purpose_of_the_first_ends(shared_centre: RunningCentre) -> None:
    task_id, incident_id = await to_correct(shared_centre)
    one, two = [await shared_centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST)) for _ in range(2)]
    assert (await take(one, task_id)).status_code == 200
    stated = await state_purpose(one, task_id, kind="request", need="answer", incident=incident_id)
    assert (stated.status_code, await shown(one, incident_id)) == (201, "purpose")
    stale = await take(two, task_id, 1)
    assert (stale.status_code, stale.json()["code"]) == (409, "version_conflict")
    assert (await take(two, task_id, 2)).status_code == 200
    assert (await line(one, task_id))["owner"]["id"] == str(two.id)
    assert (await shown(one, incident_id), await offered(one)) == (None, [])
    taken = (
        "SELECT payload ->> 'owner_id' AS owner FROM events WHERE aggregate_id = $1::uuid AND type = $2 ORDER BY seq"
    )
    rows = await shared_centre.rows(taken, task_id, "task.taken/1")
    assert [row["owner"] for row in rows] == [str(one.id), str(two.id)]
    answer = {"version": 3, "answer": "done"}
    assert (await one.post(f"/api/oversight/corrections/{task_id}/answer", answer)).status_code == 200
    rows = await shared_centre.rows(taken, task_id, "task.taken/1")
    assert rows[-1]["owner"] == str(one.id), "whoever answers what another took takes it over by that"


@pytest.mark.parametrize("loses", ["role", "sight"])
async def test_whoever_loses_the_role_or_is_shut_out_loses_the_look(shared_centre: RunningCentre, loses: str) -> None:
    task_id, incident_id = await to_correct(shared_centre)
    desk = await shared_centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST), Grant(Role.DISPATCHER, Land.WEST))
    assert (await take(desk, task_id)).status_code == 200
    stated = await state_purpose(desk, task_id, kind="request", need="answer", incident=incident_id)
    assert (stated.status_code, await shown(desk, incident_id)) == (201, "purpose")
    if loses == "role":
        await shared_centre.as_owner("DELETE FROM grants WHERE account_id = $1 AND role = 'supervisor'", desk.id)
        assert await shown(desk, incident_id) is None
    else:
        await shared_centre.as_owner("INSERT INTO shut_out_accounts VALUES ($1::uuid, $2)", incident_id, desk.id)
        assert (await desk.get(f"/api/incidents/{incident_id}")).status_code == 404
    assert await offered(desk) == []
    again = await state_purpose(desk, task_id, kind="request", need="answer")
    assert again.json()["details"]["reason"] == "not_yours"


async def test_whoever_judges_broken_glass_takes_it_and_reads_that_incident_until_the_verdict(
    shared_centre: RunningCentre,
) -> None:
    viewer = await shared_centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST))
    glass_id, task_id, incident_id = await broken(shared_centre, viewer)
    judge = await shared_centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST))
    assert await shown(judge, incident_id) is None
    taken = await take_glass(judge, glass_id)
    assert (taken.status_code, taken.json()["version"]) == (200, 2), taken.text
    whole = (await judge.get(f"/api/access/glass/{glass_id}")).json()
    assert (whole["owner"]["id"], whole["version"]) == (str(judge.id), 2)
    [reference] = await offered(judge)
    assert (reference["kind"], reference["incident"]) == ("case", incident_id)
    stated = await state_purpose(judge, task_id, kind="case", need="answer", incident=incident_id)
    assert (stated.status_code, await shown(judge, incident_id)) == (201, "purpose"), stated.text
    verdict = await judge.post(f"/api/access/glass/{glass_id}/verdict", {"verdict": "justified"})
    assert (verdict.status_code, await shown(judge, incident_id)) == (200, None)
    assert (await take_glass(judge, glass_id, 3)).status_code == 409
    rows = await shared_centre.rows(
        "SELECT action FROM audit_entries WHERE record_id = $1::uuid AND actor_id = $2 ORDER BY id", glass_id, judge.id
    )
    assert [row["action"] for row in rows] == ["glass.taken", "glass.read", "glass.judged"]


async def test_who_may_not_judge_does_not_take_it_and_an_office_that_does_reads_no_incident(
    shared_centre: RunningCentre,
) -> None:
    viewer = await shared_centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST))
    glass_id, task_id, incident_id = await broken(shared_centre, viewer)
    nobody = await shared_centre.as_client(UUID(int=1), "nobody", {})
    assert (await take_glass(nobody, glass_id)).status_code == 401
    answers_to_them = await shared_centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST_SOUTH))
    duty = await shared_centre.person(Role.DUTY_OFFICER, Land.WEST)
    for person in (viewer, answers_to_them, duty):
        assert (await take_glass(person, glass_id)).status_code == 403
    assert (await take_glass(await shared_centre.person(Role.SUPERVISOR, Land.EAST), glass_id)).status_code == 404
    rows = await shared_centre.rows("SELECT owner_id FROM tasks WHERE id = $1::uuid", task_id)
    assert rows[0]["owner_id"] is None
    officer = await shared_centre.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    assert (await take_glass(officer, glass_id)).status_code == 200
    assert (await state_purpose(officer, task_id, kind="case", need="answer")).status_code == 403
    assert (await officer.get(f"/api/incidents/{incident_id}")).status_code in {403, 404}
