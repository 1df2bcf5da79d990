"""What the policies are asked: everything in the list, by acts of the API; and nobody corrects, judges or erases past them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.land import Land
from tests.support.looks import break_glass, own_incident, state_purpose
from tests.support.operations import OPERATIONS, make_world
from tests.support.people import Person

from markaz.core.access.decision import Decider
from markaz.core.access.model import ASKED, Action, Question, RecordKind
from markaz.core.permissions import ROLE_PERMISSIONS, Grant, Role

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLER = {"name": "Zebo Karimova", "phone": "+998 90 321 22 33"}
ACTS = {
    "GET /api/incidents/{incident_id}",
    "GET /api/summaries/{summary_id}",
    "GET /api/audit",
    "POST /api/incidents/{incident_id}/parties/{party_id}/corrections",
    "POST /api/incidents/{incident_id}/erasure",
    "POST /api/access/glass",
    "POST /api/access/glass/{glass_id}/verdict",
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[tuple[Action, RecordKind]]:
    """Every pair that somebody asks the port about from now on."""
    seen: set[tuple[Action, RecordKind]] = set()
    decide: Callable[[Decider, Question], Any] = Decider.decide

    def noted(self: Decider, question: Question) -> Any:
        seen.add((question.action, question.resource.kind))
        return decide(self, question)

    monkeypatch.setattr(Decider, "decide", noted)
    return seen


async def test_everything_in_the_list_is_asked_by_some_act(
    shared_centre: RunningCentre, asked: set[tuple[Action, RecordKind]]
) -> None:
    world = await make_world(shared_centre)
    for operation in (one for one in OPERATIONS if one.name in ACTS):
        role = next(role for role in Role if operation.permission in ROLE_PERMISSIONS[role])
        person = await shared_centre.person(role, Land.ROOT)
        call = await operation.prepare(world)
        if call.ready is not None:
            await call.ready(person)
        answer = await operation.send(person, call)
        assert answer.status_code == operation.served, (operation.name, answer.text)
    taker = await shared_centre.person(Role.CALL_TAKER)
    await own_incident(taker)
    draft = "01a20000-0000-7000-8000-00000000d7af"
    fields = {"caller_phone": CALLER["phone"]}
    assert (await taker.send("PUT", f"/api/call-drafts/{draft}", {"fields": fields})).status_code == 200
    assert (await taker.get("/api/call-drafts")).json()["items"]
    await open_incident(taker, caller=CALLER)
    assert (await taker.post("/api/find", {"q": CALLER["phone"], "callers": True})).status_code == 200
    assert (await taker.post("/api/find", {"q": CALLER["name"], "callers": True})).status_code == 200
    assert asked == ASKED


@pytest.mark.parametrize(("what", "first", "anew"), [
    ("parties", {"role": "witness", "name": "Vali"}, {"role": "victim", "name": "Ali", "version": 1, "reason": "heard"}),
    ("vehicles", {"role": "parked", "plate": "01 A 1"}, {"role": "parked", "plate": "01 A 2", "version": 1, "reason": "x"}),
])  # fmt: skip
async def test_somebody_elses_people_are_corrected_for_a_purpose_and_as_an_entry(
    shared_centre: RunningCentre, what: str, first: dict[str, Any], anew: dict[str, Any]
) -> None:
    taker = await shared_centre.person(Role.CALL_TAKER)
    other = await shared_centre.newcomer(Grant(Role.DUTY_OFFICER, Land.REGION))
    incident = await open_incident(taker, caller=CALLER)
    added = await taker.post(f"/api/incidents/{incident['id']}/{what}", first)
    path = f"/api/incidents/{incident['id']}/{what}/{added.json()['id']}/corrections"
    refused = await other.post(path, anew)
    assert (refused.status_code, refused.json()["code"]) == (403, "purpose_required")
    assert (await break_glass(other, incident["id"])).status_code == 201
    assert (await other.post(path, anew)).status_code == 403, "the glass shows, it does not write"
    mine = await own_incident(other)
    stated = await state_purpose(other, mine["number"], need="joint_work", incident=incident["id"])
    assert (await other.post(path, anew)).status_code == 200
    assert await entries(shared_centre, other, incident["id"]) == [
        ("refusal", "look.refused", None),
        ("break_glass", "glass.broken", None),
        ("refusal", "look.refused", None),
        ("correction", f"{'party' if what == 'parties' else 'vehicle'}.corrected", stated.json()["id"]),
    ]
    assert (await taker.post(path, anew | {"version": 2})).status_code == 200


async def entries(centre: RunningCentre, person: Person, record_id: str) -> list[tuple[str, str, str | None]]:
    rows = await centre.rows(
        "SELECT kind, action, purpose_id::text FROM audit_entries WHERE actor_id = $1 AND record_id = $2 ORDER BY id",
        person.id,
        UUID(record_id),
    )
    return [tuple(row) for row in rows]


async def test_whoever_is_an_administrator_too_breaks_judges_reads_and_erases_nothing(
    shared_centre: RunningCentre,
) -> None:
    """The permission is there by the other role: it is the policy that refuses, and it says which."""
    taker = await shared_centre.person(Role.CALL_TAKER)
    viewer = await shared_centre.newcomer(Grant(Role.DUTY_OFFICER, Land.REGION))
    both = await shared_centre.overmighty(
        Grant(Role.ADMINISTRATOR, Land.ROOT),
        Grant(Role.DATA_PROTECTION_OFFICER, Land.ROOT),
        Grant(Role.SUPERVISOR, Land.ROOT),
    )
    incident = await open_incident(taker, caller=CALLER)
    glass = (await break_glass(viewer, incident["id"])).json()["id"]
    for answer in (
        await break_glass(both, incident["id"]),
        await both.post(f"/api/access/glass/{glass}/verdict", {"verdict": "justified"}),
        await both.get("/api/audit"),
        await both.post(f"/api/incidents/{incident['id']}/erasure"),
    ):
        assert answer.status_code == 403, answer.text
        assert "never-administrator" in answer.json()["details"]["rules"]
