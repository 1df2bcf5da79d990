"""Reviews and requests as tests use them: cases that wait for a verdict, and bodies that are right."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.land import Land
from tests.support.people import Person, new_key

from markaz.core import events, identity
from markaz.core.acts import Act
from markaz.core.log import appending
from markaz.core.permissions import Grant, Role
from markaz.programmes.oversight.ground import CENTRE
from markaz.programmes.oversight.tasks.machine import Alone, note_by_machine

DAY = date(2026, 2, 3)
VERDICT = {"verdict": "in_order", "reason": "Worked on this incident that night."}


async def look_at(person: Person, incident_id: str) -> None:
    """Open the card of an incident, which leaves an entry."""
    response = await person.get(f"/api/incidents/{incident_id}")
    assert response.status_code == 200, response.text


async def make_case(
    running: RunningCentre,
    viewer: Person,
    territory: Land = Land.WEST_SOUTH,
    *,
    day: date = DAY,
    probability: float | None = 0.5,
    questions: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Let somebody look at an incident and put that look into the sample of a past day. Returns the case's id and label."""
    incident = await open_incident(viewer, territory)
    await look_at(viewer, incident["id"])
    case_id, task_id, label = uuid4(), uuid4(), new_key()[:8].upper()
    await running.as_owner(
        "INSERT INTO review_samples VALUES ($1, now(), 'random/1', 1, decode(repeat('00', 32), 'hex'), 2, 1, 0, 0) "
        "ON CONFLICT DO NOTHING",
        day,
    )
    await running.as_owner(
        "INSERT INTO tasks (id, kind, record_kind, record_id, territory_id, opened_at, due_at) "
        "VALUES ($1, 'review', 'review_case', $2, $3, now(), now() + interval '14 days')",
        task_id,
        case_id,
        int(territory),
    )
    entry_id = (
        await running.rows(
            "SELECT max(id) AS id FROM audit_entries WHERE record_id = $1 AND actor_id = $2",
            UUID(incident["id"]),
            viewer.id,
        )
    )[0]["id"]
    await running.as_owner(
        "INSERT INTO review_cases (id, label, day, entry_id, territory_id, viewer_id, probability, questions, task_id) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        case_id,
        label,
        day,
        entry_id,
        int(territory),
        viewer.id,
        probability,
        list(questions),
        task_id,
    )
    return {"id": str(case_id), "label": label, "entry_id": entry_id, "incident": incident}


async def hand_to(running: RunningCentre, case: dict[str, Any], reviewer: Person) -> None:
    """Make a case one that this reviewer may judge: the appeal body judges looks of data-protection officers only."""
    if reviewer.login.startswith(Role.APPEAL_BODY.value):
        officer = await running.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
        await running.as_owner("UPDATE review_cases SET viewer_id = $2 WHERE id = $1", UUID(case["id"]), officer.id)


async def judged(running: RunningCentre, case: dict[str, Any], verdict: str = "in_order") -> None:
    """Have a case judged by the data-protection officer of the whole centre."""
    officer = await running.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    body = VERDICT | {"version": 1, "verdict": verdict}
    response = await officer.post(f"/api/oversight/reviews/{case['id']}/verdict", body)
    assert response.status_code == 200, response.text


PHONE = "+998 90 555 44 33"


def request_body(kind: str = "who_looked", territory: Land = Land.WEST_SOUTH, **changes: Any) -> dict[str, Any]:
    """Return the body of a person's request, found by telephone."""
    body = {
        "kind": kind,
        "territory_id": int(territory),
        "language": "en",
        "identity_document": "passport",
        "identity_seen": True,
        "name": "Dilnoza Ergasheva",
        "reach": "by letter",
        "phone": PHONE,
    }
    return body | changes


async def taken(officer: Person, kind: str = "who_looked", **changes: Any) -> dict[str, Any]:
    """Take a request and return its {id, number, found, seq}."""
    response = await officer.post("/api/oversight/requests", request_body(kind, **changes))
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def seen_request(running: RunningCentre, kind: str = "who_looked", text: str = "") -> dict[str, Any]:
    """Take a request about an incident that a duty officer looked at. Returns it with the entry of that look."""
    phone = f"+998 90 {uuid4().int % 10**7:07d}"
    viewer = await running.person(Role.DUTY_OFFICER, Land.WEST)
    incident = await open_incident(viewer, caller={"name": "Dilnoza Ergasheva", "phone": phone})
    await look_at(viewer, incident["id"])
    rows = await running.rows("SELECT max(id) AS id FROM audit_entries WHERE record_id = $1", UUID(incident["id"]))
    request = await taken(await running.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT), kind, phone=phone, text=text)
    return request | {"entry_id": rows[0]["id"], "incident": incident, "phone": phone}


async def correction_ordered(running: RunningCentre) -> str:
    """Have a correction granted, and return the id of the task that the desk of the incident is given."""
    request = await seen_request(running, "correction", "It was not me who called.")
    officer = await running.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    body = {"version": 1, "answer": "granted", "reasons": "The person is right about it."}
    response = await officer.post(f"/api/oversight/requests/{request['id']}/answer", body)
    assert response.status_code == 200, response.text
    rows = await running.rows("SELECT id FROM tasks WHERE record_id = $1", UUID(request["incident"]["id"]))
    return str(rows[0]["id"])


async def made_alone(running: RunningCentre, role: Role = Role.DISPATCHER, land: Land = Land.WEST_SOUTH) -> str:
    """Make an account as the command line does, and return the id of the task to confirm it."""
    now, grants = running.centre.clock.now(), (Grant(role, int(land)),)
    async with running.centre.database.transaction() as connection:
        account_id, event = await identity.create_account(
            connection,
            login=f"machine.{uuid4().hex}",
            display_name="Made Alone",
            password=None,
            grants=grants,
            at=now,
        )
        act = Act(connection, CENTRE, now)
        await note_by_machine(act, event, Alone.MADE, grants)
        await events.append(connection, act.events)
        await appending.append(connection, now, act.entries)
    rows = await running.rows("SELECT id FROM tasks WHERE record_id = $1", account_id)
    return str(rows[0]["id"])


async def delayed(running: RunningCentre) -> dict[str, Any]:
    """Delay the disclosure of a look. Returns the delay's id and the request it touches."""
    request = await seen_request(running)
    officer = await running.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    body = {"entries": [request["entry_id"]], "ground": "inquiry", "months": 6}
    response = await officer.post("/api/oversight/delays", body)
    assert response.status_code == 201, response.text
    return {"delay_id": response.json()["id"], "request": request}


async def near_its_end(running: RunningCentre, delay_id: str) -> None:
    """Let a delay of six months (181 to 184 days) have begun 170 days ago, so that it may be renewed."""
    earlier = "begins_at = begins_at - interval '170 days', ends_at = ends_at - interval '170 days'"
    await running.as_owner(f"UPDATE disclosure_delays SET {earlier} WHERE id = $1", UUID(delay_id))
