"""One act, once: the same sending again, ten twins at once, two officers at one unit, and how long answers are kept."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from tests.support.centre import RunningCentre
from tests.support.desk import call_body, intake_body, open_incident, register_unit
from tests.support.land import Land
from tests.support.operations import OPERATIONS, Operation, make_world
from tests.support.people import new_key

from markaz.core.acts import KEEP_ANSWERS_DAYS, Act, Answer, Request, forget_old_answers
from markaz.core.jobs import Jobs
from markaz.core.permissions import ROLE_PERMISSIONS, Actor, Grant, Permission, Role
from markaz.kit.clock import FakeClock
from markaz.web.background import jobs_of

TWINS = 10
ROUNDS = 25

# Commands that are no acts: they may be sent any number of times and change nothing the second time.
NOT_ACTS = {
    "POST /api/session",
    "DELETE /api/session",
    "POST /api/session/code",
    "POST /api/session/passkey/options",
    "POST /api/session/passkey",
    "POST /api/session/provider",
    "POST /api/me/proof",
    "POST /api/me/passkeys/options",
    "POST /api/me/codes/secret",
    "DELETE /api/me/sessions/{session_id}",
    "DELETE /api/me/sessions",
    "PUT /api/intake/clock",
    "DELETE /api/intake/clock",
    "POST /api/units/positions",
    "POST /api/field/position",
    "PUT /api/presence",
    "PUT /api/call-drafts/{draft_id}",
    "DELETE /api/call-drafts/{draft_id}",
    "PUT /api/oversight/declared",
    "DELETE /api/oversight/declared",
    "POST /api/log/cosignatures",  # sent again it is known, and answers 200
}
# Acts whose answer holds what is shown once and never kept, so that a twin does not get it, or that a cookie begins: test_codes.py and test_passkeys.py have them.
SHOWN_ONCE = {"POST /api/me/passkeys", "POST /api/me/codes", "POST /api/me/recovery-codes"}
# Acts that cannot be done twice in a row by one person, as the test below does; tests/integration/test_handovers.py has them.
ONCE_A_PERSON = {"POST /api/handovers", "POST /api/handovers/{handover_id}/acceptance"}
ACTS = [o for o in OPERATIONS if not o.name.startswith("GET ") and o.name not in NOT_ACTS | ONCE_A_PERSON | SHOWN_ONCE]


async def is_dense(centre: RunningCentre) -> bool:
    row = (await centre.rows("SELECT count(*) AS n, max(seq) AS last FROM events"))[0]
    return bool(row["n"] == row["last"] == await centre.seq())


async def in_role_of(centre: RunningCentre, operation: Operation, territory: Land = Land.REGION) -> Any:
    role = next((r for r in Role if operation.permission in ROLE_PERMISSIONS[r]), Role.OBSERVER)
    return await centre.person(role, territory)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("operation", ACTS, ids=[o.name for o in ACTS])
async def test_ten_twins_at_once_are_one_act_with_one_answer(
    shared_centre: RunningCentre, operation: Operation
) -> None:
    centre, world = shared_centre, await make_world(shared_centre)
    person = await in_role_of(centre, operation, Land.ROOT if operation.is_central else Land.REGION)
    single, call = await operation.prepare(world), await operation.prepare(world)
    if single.ready is not None:
        await single.ready(person)
    start = await centre.seq()
    assert (await operation.send(person, single)).status_code == operation.served
    events_of_one = await centre.seq() - start
    if call.ready is not None:
        await call.ready(person)
    start = await centre.seq() - events_of_one
    method, path = operation.name.split()
    path, key = path.format(**call.path), new_key()
    path += f"?{urlencode(call.query)}" if call.query else ""
    twins = await asyncio.gather(*(person.send(method, path, call.body, key=key) for _ in range(TWINS)))
    assert [t.status_code for t in twins] == [operation.served] * TWINS, [t.text for t in twins]
    assert all(t.json() == twins[0].json() for t in twins), [t.json() for t in twins]
    assert await centre.seq() == start + 2 * events_of_one
    later = await person.send(method, path, call.body, key=key)
    assert (later.status_code, later.json()) == (twins[0].status_code, twins[0].json())
    assert await centre.seq() == start + 2 * events_of_one
    assert await is_dense(centre)


async def test_the_same_key_with_another_body_or_path_is_refused(centre: RunningCentre) -> None:
    officer = await centre.person(Role.DUTY_OFFICER)
    incident, other = await open_incident(officer), await open_incident(officer)
    key, notes = new_key(), f"/api/incidents/{incident['id']}/notes"
    assert (await officer.post(notes, {"text": "first"}, key=key)).status_code == 201
    before = await centre.seq()
    for path, body in ((notes, {"text": "second"}), (f"/api/incidents/{other['id']}/notes", {"text": "first"})):
        refused = await officer.post(path, body, key=key)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_mismatch")
    assert await centre.seq() == before


async def test_twins_with_different_bodies_under_one_key_are_one_act_and_refusals(centre: RunningCentre) -> None:
    officer = await centre.person(Role.DUTY_OFFICER)
    before, key = await centre.seq(), new_key()
    answers = await asyncio.gather(
        *(officer.post("/api/incidents", call_body(priority=str(n % 4 + 1)), key=key) for n in range(8))
    )
    by_status: dict[int, list[httpx.Response]] = {201: [], 422: []}
    for answer in answers:
        by_status[answer.status_code].append(answer)
    assert len({a.json()["id"] for a in by_status[201]}) == 1
    assert {a.json()["code"] for a in by_status[422]} == {"idempotency_mismatch"}
    assert await centre.seq() == before + 1


async def test_the_same_key_of_two_people_is_two_acts(centre: RunningCentre) -> None:
    one, two = await centre.person(Role.DUTY_OFFICER, Land.WEST), await centre.person(Role.SUPERVISOR, Land.WEST)
    key = new_key()
    first, second = [await p.post("/api/incidents", call_body(), key=key) for p in (one, two)]
    assert first.status_code == second.status_code == 201
    assert first.json()["id"] != second.json()["id"]


async def test_a_refused_command_may_be_mended_and_sent_under_the_same_key(centre: RunningCentre) -> None:
    officer = await centre.person(Role.DUTY_OFFICER)
    incident, key = await open_incident(officer), new_key()
    path = f"/api/incidents/{incident['id']}/close"
    assert (await officer.post(path, {"version": 7, "outcome": "resolved"}, key=key)).status_code == 409
    assert (await officer.post(path, {"version": 1, "outcome": "resolved"}, key=key)).status_code == 200


@pytest.mark.parametrize("key", ["", "x" * 101, "tab\there", "\x7f"], ids=["none", "long", "tab", "delete"])
async def test_a_command_without_a_proper_key_is_refused_naming_the_header(centre: RunningCentre, key: str) -> None:
    officer = await centre.person(Role.DUTY_OFFICER)
    response = await officer.client.post("/api/incidents", json=call_body(), headers={"Idempotency-Key": key})
    assert (response.status_code, response.json()["details"]["field"]) == (422, "Idempotency-Key")
    assert await centre.rows("SELECT 1 FROM incidents") == []


@pytest.mark.parametrize("officers", [2, 5])
async def test_officers_sending_one_unit_at_once_one_wins_and_the_others_learn_who_and_when(
    centre: RunningCentre, officers: int
) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    people = [await centre.newcomer(Grant(Role.DUTY_OFFICER, Land.REGION)) for _ in range(officers)]
    winners = set()
    for number in range(ROUNDS):
        people.append(people.pop(0))  # who is first in line changes with every round
        unit = await register_unit(supervisor, f"race {number}")
        incidents = [await open_incident(supervisor) for _ in people]
        before = datetime.now(UTC)
        answers = await asyncio.gather(
            *(
                person.post(
                    f"/api/incidents/{incident['id']}/assignments",
                    {"unit_id": unit["id"], "version": 1, "unit_version": unit["version"]},
                )
                for person, incident in zip(people, incidents, strict=True)
            )
        )
        won = [person for person, answer in zip(people, answers, strict=True) if answer.status_code == 201]
        assert len(won) == 1, [a.text for a in answers]
        winners.add(won[0].login)
        for answer in answers:
            if answer.status_code != 201:
                assert_names_the_winner(answer, f"Officer {won[0].login}", before)
                assert answer.json()["details"]["current_version"] == unit["version"] + 1
    assert len(winners) > 1
    assert await is_dense(centre)
    working = await centre.rows("SELECT unit_id FROM assignments GROUP BY unit_id HAVING count(*) > 1")
    assert working == []


async def test_two_officers_at_one_incident_with_different_units_one_wins(centre: RunningCentre) -> None:
    supervisor = await centre.person(Role.SUPERVISOR)
    people = [await centre.newcomer(Grant(Role.DUTY_OFFICER, Land.REGION)) for _ in range(2)]
    for number in range(ROUNDS):
        units = [await register_unit(supervisor, f"{number}-{side}") for side in "ab"]
        incident, before = await open_incident(supervisor), datetime.now(UTC)
        answers = await asyncio.gather(
            *(
                person.post(f"/api/incidents/{incident['id']}/assignments", {"unit_id": unit["id"], "version": 1})
                for person, unit in zip(people, units, strict=True)
            )
        )
        assert sorted(a.status_code for a in answers) == [201, 409]
        lost = next(a for a in answers if a.status_code == 409)
        winner = next(p for p, a in zip(people, answers, strict=True) if a.status_code == 201)
        assert_names_the_winner(lost, f"Officer {winner.login}", before)
        assert lost.json()["details"]["what"] == "incident.unit_assigned/1"


def assert_names_the_winner(refused: httpx.Response, name: str, before: datetime) -> None:
    error = refused.json()
    assert (refused.status_code, error["code"], error["details"]["by"]) == (409, "version_conflict", name)
    assert before <= datetime.fromisoformat(error["details"]["at"]) <= datetime.now(UTC)
    assert name in error["message"]


async def test_two_importers_with_the_same_call_at_once_make_one_incident(centre: RunningCentre) -> None:
    importers = [await centre.newcomer(Grant(Role.IMPORTER, Land.REGION)) for _ in range(4)]
    for number in range(ROUNDS):
        body = intake_body(f"call {number}", centre.centre.clock.now())
        answers = await asyncio.gather(*(i.post("/api/intake/calls", body) for i in importers))
        assert sorted(a.status_code for a in answers) == [200, 200, 200, 201], [a.text for a in answers]
        assert len({a.json()["id"] for a in answers}) == 1
    assert len(await centre.rows("SELECT 1 FROM incidents")) == ROUNDS


async def test_stages_of_one_unit_from_many_calls_at_once_register_it_once(centre: RunningCentre) -> None:
    importer = await centre.person(Role.IMPORTER)
    now = centre.centre.clock.now()
    for number in range(ROUNDS):
        assert (await importer.post("/api/intake/calls", intake_body(str(number), now))).status_code == 201

    def stage(call: int) -> dict[str, Any]:
        unit = {"call_sign": "E1", "kind": "fire_engine"}
        row = {"source": "other", "call_key": str(call), "row_key": str(call), "unit": unit}
        return row | {"stage": "assigned", "at": now.isoformat()}

    answers = await asyncio.gather(*(importer.post("/api/intake/stages", stage(n)) for n in range(ROUNDS)))
    assert {a.status_code for a in answers} == {201}, [a.text for a in answers]
    assert len(await centre.rows("SELECT 1 FROM units")) == 1


async def test_answers_are_forgotten_after_seven_days_and_not_before(centre: RunningCentre) -> None:
    officer = await centre.person(Role.DUTY_OFFICER)
    old, young = new_key(), new_key()
    first = {key: await officer.post("/api/incidents", call_body(), key=key) for key in (old, young)}
    age = "UPDATE idempotency SET created_at = now() - make_interval(days => 7, secs => $1) WHERE key = $2"
    await centre.as_owner(age, 60.0, old)
    await centre.as_owner(age, -60.0, young)
    clock = FakeClock(datetime.now(UTC))
    job = next(j for j in jobs_of(centre.centre) if j.name == "idempotency.forget")
    assert await Jobs(centre.centre.database, clock, []).run_if_due(job) in {
        True,
        False,
    }  # it may have run at the start
    async with centre.centre.database.transaction() as connection:
        await forget_old_answers(connection, clock.now())
    assert [r["key"] for r in await centre.rows("SELECT key FROM idempotency")] == [young]
    again = {key: await officer.post("/api/incidents", call_body(), key=key) for key in (old, young)}
    assert again[young].json() == first[young].json()
    assert again[old].json()["id"] != first[old].json()["id"]
    assert KEEP_ANSWERS_DAYS == 7


async def test_an_act_that_fails_in_the_middle_leaves_nothing(centre: RunningCentre) -> None:
    officer = await centre.person(Role.DUTY_OFFICER)
    incident = await open_incident(officer)
    before = await centre.rows("SELECT * FROM incidents")
    seq = await centre.seq()
    actor = Actor(officer.id, officer.login, "Officer", False, (), 1)
    request = Request(actor, "a-request-id", new_key(), b"hash")

    async def work(act: Act) -> Answer:
        await act.connection.execute("UPDATE incidents SET status = 'closed' WHERE id::text = $1", incident["id"])
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        await centre.centre.spine.acts.run(request, work)
    assert await centre.rows("SELECT * FROM incidents") == before
    assert await centre.seq() == seq
    assert len(await centre.rows("SELECT 1 FROM idempotency")) == 1


def test_every_command_is_an_act_or_named_as_none() -> None:
    assert {o.name for o in OPERATIONS} >= NOT_ACTS
    assert all(o.permission is not Permission.PUBLIC for o in ACTS)
    assert timedelta(days=KEEP_ANSWERS_DAYS) == timedelta(weeks=1)
