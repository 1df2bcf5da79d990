"""Breaking the glass: at once, one record, half an hour, loudly, and judged by somebody who does not answer to the viewer."""

from datetime import timedelta
from uuid import UUID

import pytest
import pytest_asyncio
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.land import Land
from tests.support.looks import break_glass, own_incident, state_purpose
from tests.support.people import Person

from markaz.core.access import store, two_people
from markaz.core.acts import Act, Answer, Request
from markaz.core.errors import Forbidden, NotPossibleNow
from markaz.core.permissions import Actor, Grant, Role

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLER = {"name": "Zebo Karimova", "phone": "+998 90 111 22 33"}


@pytest_asyncio.fixture(loop_scope="module")
async def viewer(shared_centre: RunningCentre) -> Person:
    return await shared_centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST_SOUTH))


async def broken_by(centre: RunningCentre, person: Person) -> tuple[str, str]:
    taker = await centre.person(Role.CALL_TAKER)
    incident = await open_incident(taker, caller=CALLER)
    answer = await break_glass(person, incident["id"])
    assert answer.status_code == 201, answer.text
    return incident["id"], answer.json()["id"]


async def test_it_opens_that_record_at_once_and_no_other(shared_centre: RunningCentre, viewer: Person) -> None:
    taker = await shared_centre.person(Role.CALL_TAKER)
    one, two = await open_incident(taker, caller=CALLER), await open_incident(taker, caller=CALLER)
    assert (await viewer.get(f"/api/incidents/{one['id']}")).json()["sealed"] is None
    first = await break_glass(viewer, one["id"])
    again = await break_glass(viewer, one["id"])
    assert (first.status_code, again.json()["id"]) == (201, first.json()["id"])
    seen = (await viewer.get(f"/api/incidents/{one['id']}")).json()
    assert (seen["sealed"]["caller_name"], seen["access"]["by"]) == (CALLER["name"], "glass")
    assert seen["access"]["until"] == first.json()["ends_at"]
    assert (await viewer.get(f"/api/incidents/{two['id']}")).json()["sealed"] is None
    await shared_centre.as_owner(
        "UPDATE broken_glass SET broken_at = broken_at - interval '30 min', ends_at = ends_at - interval '30 min' "
        "WHERE id = $1",
        UUID(first.json()["id"]),
    )
    assert (await viewer.get(f"/api/incidents/{one['id']}")).json()["sealed"] is None


async def test_supervisors_of_the_place_and_above_get_the_alarm_and_nobody_else_at_a_desk(
    shared_centre: RunningCentre, viewer: Person
) -> None:
    incident_id, _ = await broken_by(shared_centre, viewer)
    for role, territory, hears in (
        (Role.SUPERVISOR, Land.WEST, True),
        (Role.SUPERVISOR, Land.REGION, True),
        (Role.SUPERVISOR, Land.EAST, False),
        (Role.DUTY_OFFICER, Land.WEST, False),
    ):
        person = await shared_centre.person(role, territory)
        for path, part in (("/api/snapshot", "alarms"), ("/api/alarms", "items")):
            alarms = (await person.get(path)).json()[part]
            assert any(a["kind"] == "break_glass" and a["incident_id"] == incident_id for a in alarms) is hears
    colleague = await shared_centre.person(Role.DUTY_OFFICER, Land.WEST)
    [alarm] = await shared_centre.rows("SELECT id FROM alarms WHERE incident_id = $1", UUID(incident_id))
    assert (await colleague.post(f"/api/alarms/{alarm['id']}/acknowledgements")).status_code == 404
    assert await shared_centre.centre.watcher.look() == 0  # it runs by no clock and goes to nobody further


async def test_the_officers_who_have_no_alarms_may_ask_what_waits_as_often_as_they_like_and_it_leaves_no_entry(
    shared_centre: RunningCentre, viewer: Person
) -> None:
    incident_id, glass_id = await broken_by(shared_centre, viewer)
    officer = await shared_centre.newcomer(Grant(Role.DATA_PROTECTION_OFFICER, Land.ROOT))
    elsewhere = await shared_centre.newcomer(Grant(Role.DATA_PROTECTION_OFFICER, Land.EAST))
    for person, hears in ((officer, True), (elsewhere, False)):
        for _ in range(3):
            waiting = (await person.get("/api/access/glass", waiting="true")).json()["items"]
            assert any(one["id"] == glass_id and one["record_id"] == incident_id for one in waiting) is hears
        tasks = (await person.get("/api/oversight/tasks")).json()["items"]
        assert any(one["record_id"] == glass_id for one in tasks) is hears
        assert [(await person.get(path)).status_code for path in ("/api/alarms", "/api/snapshot")] == [403, 403]
    entries = await shared_centre.rows(
        "SELECT action FROM audit_entries WHERE actor_id = ANY($1::uuid[]) AND kind <> 'refusal'",
        [officer.id, elsewhere.id],
    )
    assert entries == []
    for role in (Role.AUDITOR, Role.APPEAL_BODY, Role.DUTY_OFFICER):
        person = await shared_centre.person(role, Land.ROOT)
        assert (await person.get("/api/access/glass", waiting="true")).status_code == 403


async def test_it_waits_until_somebody_who_does_not_answer_to_the_viewer_has_judged_it(
    shared_centre: RunningCentre,
) -> None:
    boss = await shared_centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST))
    incident_id, glass_id = await broken_by(shared_centre, boss)
    await boss.get(f"/api/incidents/{incident_id}")
    below = await shared_centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST_SOUTH))
    path = f"/api/access/glass/{glass_id}"
    for person in (boss, below):
        refused = await person.post(f"{path}/verdict", {"verdict": "justified"})
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    officer = await shared_centre.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    waiting = (await officer.get("/api/access/glass", waiting="true")).json()
    assert any(item["id"] == glass_id and item["may_judge"] for item in waiting["items"])
    assert waiting["waiting"] >= 1
    read = (await officer.get(path)).json()
    assert (read["sentence"], read["ground"]) == ("she does not answer any more", "life")
    assert [look["action"] for look in read["looks"]] == ["incident.read_sealed"]
    judged = await officer.post(f"{path}/verdict", {"verdict": "not_justified", "remark": "he could have asked"})
    assert judged.status_code == 200, judged.text
    assert (await officer.post(f"{path}/verdict", {"verdict": "justified"})).status_code == 409
    [task] = await shared_centre.rows("SELECT answer_code, closed_at FROM tasks WHERE record_id = $1", UUID(glass_id))
    assert (task["answer_code"], task["closed_at"] is None) == ("not_justified", False)
    alarms = (await boss.get("/api/alarms")).json()["items"]
    assert incident_id not in [alarm["incident_id"] for alarm in alarms]
    kinds = await shared_centre.rows(
        "SELECT kind, action FROM audit_entries WHERE actor_id = $1 ORDER BY id", officer.id
    )
    assert [row["action"] for row in kinds][-2:] == ["glass.read", "glass.judged"]


async def test_whoever_judges_sees_each_sort_of_look_however_many_there_were(
    shared_centre: RunningCentre, viewer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "LOOKS_SHOWN", 3)
    incident_id, glass_id = await broken_by(shared_centre, viewer)
    for path in (*[f"/api/incidents/{incident_id}"] * 4, f"/api/incidents/{incident_id}/contents"):
        assert (await viewer.get(path)).status_code == 200
    officer = await shared_centre.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    looks = (await officer.get(f"/api/access/glass/{glass_id}")).json()["looks"]
    assert [one["action"] for one in looks] == [*["incident.read_sealed"] * 2, "incident.read_contents"]


async def test_what_the_glass_shows_beside_a_purpose_has_an_entry_of_its_own(
    shared_centre: RunningCentre, viewer: Person
) -> None:
    mine = await own_incident(viewer)
    incident_id, glass_id = await broken_by(shared_centre, viewer)
    stated = await state_purpose(viewer, mine["number"], need="same_event", incident=incident_id)
    assert stated.status_code == 201, stated.text
    assert (await viewer.get(f"/api/incidents/{incident_id}/contents")).json()["sealed"]
    rows = await shared_centre.rows(
        "SELECT purpose_id::text, details ->> 'by' AS by, details ->> 'classes' AS classes, "
        "details ->> 'glass_id' AS glass_id FROM audit_entries WHERE actor_id = $1 AND record_id = $2 "
        "AND action = 'incident.read_contents' ORDER BY id",
        viewer.id,
        UUID(incident_id),
    )
    assert [tuple(row) for row in rows] == [
        (None, "glass", "attachment,party", glass_id),
        (stated.json()["id"], "purpose", "vehicle", None),
    ]


async def test_peers_and_those_above_may_judge(shared_centre: RunningCentre) -> None:
    for territory in (Land.WEST, Land.REGION):
        boss = await shared_centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST))
        _, glass_id = await broken_by(shared_centre, boss)
        judge = await shared_centre.newcomer(Grant(Role.SUPERVISOR, territory))
        answer = await judge.post(f"/api/access/glass/{glass_id}/verdict", {"verdict": "unclear"})
        assert answer.status_code == 200, answer.text


async def test_whoever_is_shut_out_breaks_nothing(shared_centre: RunningCentre, viewer: Person) -> None:
    taker = await shared_centre.person(Role.CALL_TAKER)
    incident = await open_incident(taker, caller=CALLER)
    await shared_centre.as_owner("INSERT INTO shut_out_accounts VALUES ($1, $2)", UUID(incident["id"]), viewer.id)
    assert (await break_glass(viewer, incident["id"])).status_code == 404


async def test_what_needs_two_people_is_never_done_by_one(shared_centre: RunningCentre) -> None:
    acts = shared_centre.centre.spine.acts
    one, two = [await shared_centre.newcomer(Grant(Role.ADMINISTRATOR, Land.ROOT)) for _ in range(2)]

    def request(person: Person) -> Request:
        return Request(Actor(person.id, person.login, person.login, False, (), 1), "test")

    async def ask(act: Act) -> Answer:
        asked = await two_people.ask(act, "appointment", {"role": "auditor"}, int(Land.ROOT), timedelta(days=1))
        return Answer(201, {"id": str(asked)})

    async def approve(act: Act) -> Answer:
        asked = await two_people.approve(act, UUID(str(id_)), "appointment")
        return Answer(200, dict(asked.what))

    id_ = (await acts.run(request(one), ask)).body["id"]
    with pytest.raises(Forbidden, match="Two different people"):
        await acts.run(request(one), approve)
    done = await acts.run(request(two), approve)
    assert done.body["role"] == "auditor"
    with pytest.raises(NotPossibleNow, match="approved already"):
        await acts.run(request(two), approve)
    id_ = (await acts.run(request(one), ask)).body["id"]
    await shared_centre.as_owner(
        "UPDATE two_person_requests SET asked_at = asked_at - interval '2 days', ends_at = now() - interval '1 s'"
    )
    with pytest.raises(NotPossibleNow, match="over"):
        await acts.run(request(two), approve)
