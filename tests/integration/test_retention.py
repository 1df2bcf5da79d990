"""Records end by the schedule: keys are destroyed, a certificate stands in the log, holds and open incidents are kept."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from tests.support.centre import RunningCentre
from tests.support.desk import assign, close, open_incident, register_unit
from tests.support.land import Land
from tests.support.looks import break_glass, own_incident, state_purpose
from tests.support.people import Person

from markaz.core.permissions import Grant, Role
from markaz.kit.clock import iso

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLER = {"name": "Olim (synthetic)", "phone": "+998 90 000-00-11"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def officer(shared_centre: RunningCentre) -> Person:
    return await shared_centre.person(Role.SUPERVISOR, Land.REGION)


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def jobs_have_run(shared_centre: RunningCentre) -> None:
    """Wait until the centre's own jobs ran for today: they would end what a test has aged before the test does."""
    names = {job.name for job in shared_centre.centre.governing.retention.jobs()}
    for _ in range(600):
        if names <= {row["job"] for row in await shared_centre.rows("SELECT job FROM job_runs")}:
            return
        await asyncio.sleep(0.1)
    pytest.fail("the centre's own jobs did not run within a minute")


async def an_incident(officer: Person, **changes: Any) -> dict[str, Any]:
    """An incident with a caller, a note, a party and a vehicle."""
    incident = await open_incident(officer, caller=CALLER, note="a synthetic note", **changes)
    party = {"role": "witness", "name": "Vali (synthetic)"}
    for what, body in (("parties", party), ("vehicles", {"role": "parked", "plate": "01 A 111 AA"})):
        assert (await officer.post(f"/api/incidents/{incident['id']}/{what}", body)).status_code == 201
    return incident


async def closed(centre: RunningCentre, officer: Person, incident: dict[str, Any]) -> dict[str, Any]:
    """Close an incident as it stands now."""
    rows = await centre.rows("SELECT version FROM incidents WHERE id = $1::uuid", incident["id"])
    return await close(officer, incident | {"version": rows[0]["version"]})


async def aged(centre: RunningCentre, incident: dict[str, Any], days: int = 2000) -> None:
    """Let an incident have been closed that long ago."""
    await centre.as_owner(
        "UPDATE incidents SET closed_at = now() - make_interval(days => $2), received_at = now() - "
        "make_interval(days => $2 + 1) WHERE id = $1::uuid",
        incident["id"],
        days,
    )


async def run_all(centre: RunningCentre) -> dict[str, int]:
    """Run every class of the schedule once, as the jobs do."""
    retention, ended = centre.centre.governing.retention, {}
    for each in retention.mine:
        async with centre.centre.database.transaction() as connection:
            ended[each.id] = await retention.end(connection, each)
    return {name: records for name, records in ended.items() if records}


async def keys_of(centre: RunningCentre, incident: dict[str, Any]) -> int:
    rows = await centre.as_owner(
        "SELECT count(*) FROM keys.sealed_keys WHERE sealed_id IN (SELECT sealed_id FROM calls WHERE incident_id = $1 "
        "UNION ALL SELECT sealed_id FROM notes WHERE incident_id = $1 UNION ALL SELECT sealed_id FROM parties WHERE "
        "incident_id = $1 UNION ALL SELECT sealed_id FROM vehicles WHERE incident_id = $1)",
        incident["id"],
    )
    return int(rows[0][0])


async def certify_three(centre: RunningCentre) -> None:
    """Let a programme's own work end three unfinished calls."""

    async def work(_connection: Any) -> int:
        return 3

    async with centre.centre.database.transaction() as connection:
        assert await centre.centre.governing.retention.certified("drafts", work)(connection) == 3


async def test_what_is_over_ends_with_a_certificate_and_what_is_not_stays(
    shared_centre: RunningCentre, officer: Person
) -> None:
    old, recent, still_open = [await an_incident(officer) for _ in range(3)]
    for incident in (old, recent):
        await closed(shared_centre, officer, incident)
    await aged(shared_centre, old)
    assert await run_all(shared_centre) == {"callers": 1, "notes": 1, "parties": 1, "vehicles": 1}
    assert [await keys_of(shared_centre, one) for one in (old, recent, still_open)] == [0, 4, 4]
    assert await run_all(shared_centre) == {}
    found = await shared_centre.as_owner("SELECT * FROM sealed_search s WHERE NOT EXISTS (SELECT FROM keys.sealed_keys "
                                         "k WHERE k.sealed_id = s.sealed_id)")  # fmt: skip
    assert found == []
    auditor = await shared_centre.person(Role.AUDITOR, Land.ROOT)
    listed = (await auditor.get("/api/oversight/certificates", **{"class": "callers"})).json()["items"]
    (certificate,) = listed
    assert (certificate["records"], certificate["class"]) == (1, "callers")
    assert certificate["schedule"] == shared_centre.centre.governing.retention.governance.version
    leaf = await shared_centre.rows("SELECT body FROM log_leaves WHERE index = $1", certificate["leaf"])
    body = bytes(leaf[0]["body"]).decode()
    assert '"kind":"deletion"' in body
    assert '"records":1' in body
    assert str(old["id"]) not in body


async def test_a_hold_a_link_to_an_open_incident_and_a_reopening_keep_everything(
    shared_centre: RunningCentre, officer: Person
) -> None:
    held, linked, reopened, open_one = [await an_incident(officer) for _ in range(4)]
    until = iso(shared_centre.centre.clock.now() + timedelta(days=30))
    path = f"/api/incidents/{held['id']}/position-hold"
    done = await officer.post(path, {"until": until, "reason": "court case 12"})
    assert done.is_success, done.text
    link = {"other_id": open_one["id"], "kind": "related"}
    await shared_centre.as_owner(
        "INSERT INTO incident_links VALUES ($1::uuid, $2::uuid, 'related', now(), $3)",
        linked["id"],
        link["other_id"],
        officer.id,
    )
    for incident in (held, linked, reopened):
        await closed(shared_centre, officer, incident)
        await aged(shared_centre, incident)
    await shared_centre.as_owner("UPDATE incidents SET status = 'open' WHERE id = $1::uuid", reopened["id"])
    assert await run_all(shared_centre) == {}
    await shared_centre.as_owner("UPDATE position_holds SET until = now() WHERE incident_id = $1::uuid", held["id"])
    await shared_centre.as_owner("DELETE FROM incident_links WHERE from_id = $1::uuid", linked["id"])
    assert (await run_all(shared_centre))["parties"] == 2
    assert [await keys_of(shared_centre, one) for one in (held, linked, reopened)] == [0, 0, 4]


async def test_a_text_entered_by_hand_into_a_handover_ends_too(shared_centre: RunningCentre) -> None:
    giver = await shared_centre.newcomer(Grant(Role.DUTY_OFFICER, Land.EAST))
    body = {"territory_id": int(Land.EAST), "shift": "night", "by_hand": [{"kind": "fault", "text": "the east radio"}]}
    offered = await giver.post("/api/handovers", body)
    assert offered.status_code == 201, offered.text
    handover = offered.json()["id"]
    assert (await run_all(shared_centre)).get("handover_texts") is None
    await giver.post(f"/api/handovers/{handover}/withdrawal")
    await shared_centre.as_owner(
        "UPDATE handovers SET withdrawn_at = now() - interval '366 days' WHERE id = $1::uuid", handover
    )
    assert await run_all(shared_centre) == {"handover_texts": 1}
    text = (await giver.get(f"/api/handovers/{handover}")).json()["items"][-1]["text"]
    assert text == {"text": None, "erased": True}


async def test_crew_lists_end_and_the_log_on_stays_without_names(shared_centre: RunningCentre, officer: Person) -> None:
    unit = await register_unit(officer, "crew-1", Land.WEST)
    incident = await assign(officer, await open_incident(officer), unit)
    for on, off in (("800 days", "799 days"), ("700 days", "699 days")):
        await shared_centre.as_owner(
            "WITH l AS (INSERT INTO unit_logons (unit_id, logged_on_at, logged_on_by, logged_off_at) VALUES ($1::uuid, "
            f"now() - interval '{on}', $2, now() - interval '{off}') RETURNING id) "
            "INSERT INTO unit_crews SELECT id, $2, false FROM l",
            unit["id"],
            officer.id,
        )
    await shared_centre.as_owner(
        "UPDATE assignments SET assigned_at = now() - interval '699.5 days' WHERE incident_id = $1::uuid",
        incident["id"],
    )
    assert await run_all(shared_centre) == {"crew_lists": 1}  # the other one was at work on what is still open
    rows = await shared_centre.rows("SELECT count(*) FROM unit_logons WHERE unit_id = $1::uuid", unit["id"])
    assert rows[0][0] == 3  # with the one by which the unit came on duty


async def test_openings_of_the_log_end_but_never_within_a_year(shared_centre: RunningCentre) -> None:
    await certify_three(shared_centre)
    size = (await shared_centre.rows("SELECT size FROM log_state"))[0][0]
    await shared_centre.as_owner("UPDATE audit_entries SET at = now() - interval '6 years' WHERE leaf = 0")
    assert await run_all(shared_centre) == {"audit_openings": 1}
    assert await shared_centre.rows("SELECT id FROM audit_entries WHERE leaf = 0") == []
    assert (await shared_centre.rows("SELECT size FROM log_state"))[0][0] == size + 1
    assert len(await shared_centre.rows("SELECT index FROM log_leaves WHERE index = 0")) == 1
    for before in ("now()", "now() - interval '364 days'"):
        with pytest.raises(asyncpg.CheckViolationError, match="for a year at least"):
            await shared_centre.rows(f"SELECT * FROM log_forget_openings({before}, 10)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await shared_centre.rows("DELETE FROM audit_entries")


async def test_a_purpose_and_a_broken_glass_go_with_the_openings_of_what_they_opened(
    shared_centre: RunningCentre,
) -> None:
    taker = await shared_centre.person(Role.CALL_TAKER)
    viewer = await shared_centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST))
    own = await own_incident(viewer)
    one, other = [await open_incident(taker, caller=CALLER) for _ in range(2)]
    judged, waiting = [(await break_glass(viewer, each["id"])).json()["id"] for each in (one, other)]
    assert (await state_purpose(viewer, own["number"])).status_code == 201
    above = await shared_centre.newcomer(Grant(Role.SUPERVISOR, Land.REGION))
    verdict = {"verdict": "justified", "remark": "a synthetic remark"}
    assert (await above.post(f"/api/access/glass/{judged}/verdict", verdict)).status_code == 200
    past = "- interval '6 years'"
    await shared_centre.as_owner(f"UPDATE audit_entries SET at = at {past} WHERE actor_id = $1", viewer.id)
    await shared_centre.as_owner(
        f"UPDATE purposes SET stated_at = stated_at {past}, ends_at = ends_at {past} WHERE account_id = $1", viewer.id
    )
    await shared_centre.as_owner(
        f"UPDATE broken_glass SET broken_at = broken_at {past}, ends_at = ends_at {past}, judged_at = judged_at {past} "
        "WHERE account_id = $1",
        viewer.id,
    )
    await shared_centre.as_owner(
        f"UPDATE tasks SET opened_at = opened_at {past}, closed_at = closed_at {past} WHERE record_id = $1",
        UUID(judged),
    )
    sealed = await shared_centre.rows(
        "SELECT sealed_id, verdict_sealed_id FROM broken_glass WHERE id = $1", UUID(judged)
    )
    left = "SELECT (SELECT count(*) FROM purposes WHERE account_id = $1), array_agg(id) FROM broken_glass WHERE account_id = $1"
    # A row waits for its texts, and the schedule lists openings first: so it takes two runs.
    first = await run_all(shared_centre)
    assert (first["purposes"], first["task_answers"]) == (2, 1)
    assert first["audit_openings"] >= 3
    assert [tuple(row) for row in await shared_centre.rows(left, viewer.id)] == [(1, [UUID(judged), UUID(waiting)])]
    assert await run_all(shared_centre) == {"audit_openings": 2}
    assert [tuple(row) for row in await shared_centre.rows(left, viewer.id)] == [(0, [UUID(waiting)])]
    texts = "SELECT count(*) FROM sealed_fields WHERE sealed_id = ANY($1::uuid[])"
    assert (await shared_centre.as_owner(texts, list(sealed[0].values())))[0][0] == 0
    assert await run_all(shared_centre) == {}


async def test_a_record_that_somebody_had_restricted_stays_until_that_is_lifted(
    shared_centre: RunningCentre, officer: Person
) -> None:
    incident = await close(officer, await open_incident(officer, caller=CALLER))
    await aged(shared_centre, incident)
    await shared_centre.as_owner(
        "ALTER TABLE restrictions DROP CONSTRAINT restrictions_request_id_fkey"
    )  # the request itself is not what is asked here
    await shared_centre.as_owner(
        "INSERT INTO restrictions (id, sealed_id, request_id, restricted_at) SELECT gen_random_uuid(), sealed_id, "
        "gen_random_uuid(), now() FROM calls WHERE incident_id = $1::uuid",
        incident["id"],
    )
    assert await run_all(shared_centre) == {}
    await shared_centre.as_owner("UPDATE restrictions SET lifted_at = now()")
    assert await run_all(shared_centre) == {"callers": 1}


async def test_two_runs_at_once_end_a_record_once(shared_centre: RunningCentre, officer: Person) -> None:
    incident = await close(officer, await open_incident(officer, caller=CALLER))
    await aged(shared_centre, incident)
    retention = shared_centre.centre.governing.retention

    async def run() -> int:
        async with shared_centre.centre.database.transaction() as connection:
            return await retention.end(connection, retention.governance.of("callers"))

    assert sorted(await asyncio.gather(run(), run())) == [0, 1]


async def test_a_job_that_a_programme_does_itself_is_certified(shared_centre: RunningCentre) -> None:
    before = datetime.now().astimezone()
    await certify_three(shared_centre)
    rows = await shared_centre.rows("SELECT class, records FROM deletion_certificates WHERE made_at >= $1", before)
    assert [tuple(row) for row in rows] == [("drafts", 3)]
