"""What somebody with rights would try against the oversight of their looks: flood it, hide in it, outlast it."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from tests.support.canary import everything_logged
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.land import Land
from tests.support.looks import break_glass, own_incident, state_purpose
from tests.support.oversight import VERDICT, delayed, make_case, request_body
from tests.support.people import Person

from markaz.core.access.glass import OPEN_MOST
from markaz.core.identity import codes
from markaz.core.permissions import Grant, Role
from markaz.programmes.oversight.packs import store as packs

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def entries_of(centre: RunningCentre, person: Person) -> list[dict[str, Any]]:
    rows = await centre.rows(
        "SELECT action, record_kind, details::text AS details FROM audit_entries WHERE actor_id = $1 ORDER BY id",
        person.id,
    )
    return [dict(row) | {"details": orjson.loads(row["details"])} for row in rows]


async def test_a_form_begun_to_look_for_a_caller_is_always_asked_about(shared_centre: RunningCentre) -> None:
    """Also when nobody is found: that a neighbour did not call is something one may want to know."""
    taker = await shared_centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST))
    caller = {"name": "Zulfiya Ismoilova", "phone": "+998 90 700 60 50"}
    await open_incident(await shared_centre.person(Role.SUPERVISOR), caller=caller)
    form = f"/api/call-drafts/{uuid4()}"
    for question, found in (("+998 90 700 60 50", 1), ("+998 90 000 11 22", 0)):
        typed = {"fields": {"note": "hallo", "caller_phone": question}}
        assert (await taker.send("PUT", form, typed)).status_code == 200
        assert (await taker.get("/api/call-drafts")).status_code == 200
        answer = await taker.post("/api/find", {"q": question, "callers": True})
        assert len(answer.json()["items"]) == found, answer.text
    left = await entries_of(shared_centre, taker)
    searches = [one for one in left if one["action"].startswith("find.caller")]
    assert [one["record_kind"] for one in searches] == ["find", "incident", "find"]
    assert all(one["details"]["self_opened"] for one in searches)
    read = [one for one in left if one["action"] == "call_draft.read"]
    assert [one["details"]["self_opened"] for one in read] == [False, False], (
        "to read one's own form again is no such look"
    )


async def test_nobody_empties_the_desk_through_broken_glass(shared_centre: RunningCentre) -> None:
    viewer = await shared_centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST))
    opener = await shared_centre.person(Role.SUPERVISOR)
    incidents = [await open_incident(opener) for _ in range(OPEN_MOST + 1)]
    answers = [await break_glass(viewer, one["id"]) for one in incidents]
    assert [one.status_code for one in answers] == [201] * OPEN_MOST + [409]
    assert answers[-1].json()["details"].keys() == {"next_at"}
    assert (await break_glass(viewer, incidents[0]["id"])).json()["id"] == answers[0].json()["id"]
    alarms = "SELECT count(*) AS n FROM broken_glass WHERE account_id = $1"
    assert (await shared_centre.rows(alarms, viewer.id))[0]["n"] == OPEN_MOST
    colleague = await shared_centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST))
    assert (await break_glass(colleague, incidents[-1]["id"])).status_code == 201
    over = "UPDATE broken_glass SET broken_at = broken_at - interval '31 min', ends_at = ends_at - interval '31 min'"
    await shared_centre.as_owner(f"{over} WHERE id = $1", UUID(answers[0].json()["id"]))
    assert (await break_glass(viewer, incidents[-1]["id"])).status_code == 201


async def test_a_delay_is_not_begun_again_when_it_has_ended(shared_centre: RunningCentre) -> None:
    """Else those who set it would renew it themselves, for ever, a year at a time."""
    delay = await delayed(shared_centre)
    officer = await shared_centre.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    assert (await officer.post(f"/api/oversight/delays/{delay['delay_id']}/end")).status_code == 200
    body = {"entries": [delay["request"]["entry_id"]], "ground": "inquiry", "months": 12}
    again = await officer.post("/api/oversight/delays", body)
    assert (again.status_code, again.json()["details"]["field"]) == (422, "entries")


async def test_nothing_a_reviewer_is_shown_finds_the_viewer_in_another_list(shared_centre: RunningCentre) -> None:
    viewer = await shared_centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST))
    case = await make_case(shared_centre, viewer)
    reviewer = await shared_centre.newcomer(Grant(Role.DATA_PROTECTION_OFFICER, Land.ROOT))
    answer = await reviewer.get(f"/api/oversight/reviews/{case['id']}")
    shown, told = answer.json(), answer.text + (await reviewer.get("/api/oversight/reviews")).text
    assert shown["at"].endswith(":00Z")
    assert shown["incident"]["received_at"].endswith(":00Z")
    rows = await shared_centre.rows("SELECT * FROM audit_entries WHERE id = $1", case["entry_id"])
    for name in ("request_id", "actor_id", "record_id"):
        assert str(rows[0][name]) not in told, name
    for secret in (str(viewer.id), viewer.login, "duty_officer"):
        assert secret not in told, secret
    assert not {"entry_id", "leaf", "viewer_id", "roles", "record_id", "task_id"} & shown.keys()


async def test_a_pack_tells_nothing_that_the_log_has_forgotten(shared_centre: RunningCentre) -> None:
    viewer = await shared_centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST))
    own = await own_incident(viewer)
    assert (await state_purpose(viewer, own["number"])).status_code == 201
    other = await open_incident(await shared_centre.person(Role.SUPERVISOR))
    assert (await break_glass(viewer, other["id"])).status_code == 201
    now = shared_centre.centre.clock.now()
    period = now - timedelta(minutes=5), now + timedelta(minutes=5)

    async def told() -> tuple[int, int]:
        async with shared_centre.centre.database.connection() as connection:
            purposes = await packs.purposes(connection, *period)
            glass = await packs.glass(connection, *period)
        return sum(one["account_id"] == viewer.id for one in purposes), sum(
            one["account_id"] == viewer.id for one in glass
        )

    assert await told() == (1, 1)
    await shared_centre.as_owner("DELETE FROM audit_entries WHERE actor_id = $1", viewer.id)
    assert await told() == (0, 0)


async def test_no_reason_and_no_secret_stands_anywhere_in_clear(shared_centre: RunningCentre) -> None:
    """Not in a table, whichever it is, as text or as bytes; not in a log line of any level."""
    centre, said = shared_centre, [f"kalit{uuid4().hex[:10]}" for _ in range(6)]
    with everything_logged() as lines:
        viewer = await centre.newcomer(Grant(Role.SUPERVISOR, Land.WEST))
        own = await own_incident(viewer)
        for text in (f"the caller of {said[0]} asks again", "short"):
            await state_purpose(viewer, own["number"], text=text)
        await state_purpose(viewer, "no such number", text=f"the caller of {said[1]} asks again")
        other = await open_incident(await centre.person(Role.SUPERVISOR))
        glass = (await break_glass(viewer, other["id"], sentence=said[2])).json()
        judge = await centre.newcomer(Grant(Role.DATA_PROTECTION_OFFICER, Land.ROOT))
        verdict = {"verdict": "justified", "remark": said[3]}
        assert (await judge.post(f"/api/access/glass/{glass['id']}/verdict", verdict)).status_code == 200
        case = await make_case(centre, viewer)
        body = VERDICT | {"version": 1, "reason": f"they said {said[4]}"}
        assert (await judge.post(f"/api/oversight/reviews/{case['id']}/verdict", body)).status_code == 200
        person = request_body(name=f"Name {said[5]}", reach=said[5], phone="+998 90 313 23 33")
        assert (await judge.post("/api/oversight/requests", person)).status_code == 201
        secret = codes.new_secret()
        async with centre.centre.database.transaction() as connection:
            await codes.add_codes(
                connection, centre.centre.sealer, viewer.id, secret, step=0, now=centre.centre.clock.now()
            )
    words = [*said, secret, "998903132333", "90 313 23 33"]
    tables = await centre.as_owner(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    assert len(tables) > 50
    shapes = [f"%{word}%" for word in words] + [f"%{word.encode().hex()}%" for word in words]
    for table in tables:
        found = await centre.as_owner(f"SELECT 1 FROM {table['name']} t WHERE t::text LIKE ANY($1) LIMIT 1", shapes)
        assert not found, table["name"]
    assert not [word for word in words if word in lines.getvalue()]
