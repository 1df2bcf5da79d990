"""Looking at person data: the own incident is its own purpose, elsewhere one is stated, and what that opens and for how long."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from tests.support.centre import RunningCentre
from tests.support.crews import log_on
from tests.support.desk import assign, close, open_incident, register_unit
from tests.support.land import Land
from tests.support.looks import break_glass, own_incident, state_purpose, take_over
from tests.support.people import Person

from markaz.core.access.purpose_rules import Need, PurposeKind
from markaz.core.acts import Request
from markaz.core.permissions import Actor, Grant, Role

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLER = {"name": "Zebo Karimova", "phone": "+998 90 111 22 33"}


async def card(person: Person, incident: dict[str, Any]) -> dict[str, Any]:
    return dict((await person.get(f"/api/incidents/{incident['id']}")).json())


async def details(centre: RunningCentre, actor: UUID, action: str) -> list[dict[str, Any]]:
    rows = await centre.rows(
        "SELECT details ->> 'by' AS by, details ->> 'self_opened' AS self_opened, "
        "details ->> 'edited_before' AS edited_before, purpose_id FROM audit_entries "
        "WHERE actor_id = $1 AND action = $2 ORDER BY id",
        actor,
        action,
    )
    return [dict(row) for row in rows]


@pytest_asyncio.fixture(loop_scope="module")
async def taker(shared_centre: RunningCentre) -> Person:
    return await shared_centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST))


@pytest_asyncio.fixture(loop_scope="module")
async def other(shared_centre: RunningCentre) -> Person:
    return await shared_centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST))


async def test_who_takes_a_call_owns_dispatches_or_takes_over_sees_it_without_a_word(
    shared_centre: RunningCentre, taker: Person, other: Person
) -> None:
    incident = await open_incident(taker, caller=CALLER, note="hears voices in the yard")
    mine = await card(taker, incident)
    assert (mine["sealed"]["caller_name"], mine["access"]["by"], mine["access"]["needed"]) == (
        CALLER["name"],
        "owner",
        None,
    )
    theirs = await card(other, incident)
    assert (theirs["sealed"], theirs["notes"], theirs["access"]["needed"]) == (None, [], "purpose")
    supervisor = await shared_centre.person(Role.SUPERVISOR)
    await assign(other, incident, await register_unit(supervisor, "looks-1"))
    sent = await card(other, incident)
    assert (sent["sealed"]["caller_name"], sent["access"]["by"]) == (CALLER["name"], "dispatcher")
    third = await shared_centre.newcomer(Grant(Role.CALL_TAKER, Land.WEST))
    assert (await card(third, incident))["sealed"] is None
    await take_over(third, incident["id"])
    assert (await card(third, incident))["access"]["by"] == "owner"
    assert (await card(taker, incident))["access"]["by"] == "opened"  # who took the call may still be asked about it


async def test_what_cannot_be_entered_into_the_log_is_not_shown(
    shared_centre: RunningCentre, taker: Person, other: Person
) -> None:
    incident = await open_incident(taker, caller=CALLER)
    await shared_centre.as_owner("ALTER TABLE log_leaves ADD CONSTRAINT full_disk CHECK (index < 0) NOT VALID")
    shown = [
        await taker.get(f"/api/incidents/{incident['id']}"),
        await taker.get(f"/api/incidents/{incident['id']}/calls"),
    ]
    refused = await other.get("/api/hazards", incident=incident["id"])
    await shared_centre.as_owner("ALTER TABLE log_leaves DROP CONSTRAINT full_disk")
    assert not any(answer.is_success or CALLER["name"] in answer.text for answer in [*shown, refused])
    assert await details(shared_centre, taker.id, "incident.read_sealed") == []
    assert (await card(taker, incident))["sealed"]["caller_name"] == CALLER["name"]


async def test_looks_at_once_share_commits_and_each_has_its_entry(shared_centre: RunningCentre) -> None:
    taker = await shared_centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST))
    incident = await open_incident(taker, caller=CALLER)
    shown = await asyncio.gather(*(card(taker, incident) for _ in range(30)))
    assert all(one["sealed"]["caller_name"] == CALLER["name"] for one in shown)
    rows = await shared_centre.rows(
        "SELECT l.xmin::text AS commit FROM audit_entries e JOIN log_leaves l ON l.index = e.leaf WHERE e.actor_id = $1 "
        "AND e.action = 'incident.read_sealed'",
        taker.id,
    )
    assert len(rows) == 30
    assert len({row["commit"] for row in rows}) < 30


async def test_a_look_reads_and_cannot_write(shared_centre: RunningCentre, taker: Person) -> None:
    actor = Actor(taker.id, taker.login, "Taker", False, (Grant(Role.DUTY_OFFICER, Land.WEST),), 1)
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with shared_centre.centre.spine.looking.look(Request(actor, "r")) as look:
            await look.connection.execute("UPDATE purposes SET ended_at = now()")


async def test_a_note_opens_nothing(taker: Person, other: Person) -> None:
    incident = await open_incident(taker, caller=CALLER)
    assert (await other.post(f"/api/incidents/{incident['id']}/notes", {"text": "so it opens"})).status_code == 201
    assert (await card(other, incident))["sealed"] is None


@pytest.mark.parametrize(
    "path", ["/contents", "/calls", "/timeline", "/attachments/00000000-0000-7000-8000-000000000001"]
)
async def test_every_other_part_of_an_incident_of_others_is_closed_too(taker: Person, other: Person, path: str) -> None:
    incident = await open_incident(taker, caller=CALLER)
    party = {"role": "witness", "name": "Malika", "version": incident["version"]}
    await taker.post(f"/api/incidents/{incident['id']}/parties", party)
    answer = await other.get(f"/api/incidents/{incident['id']}{path}")
    assert "Malika" not in answer.text
    assert CALLER["name"] not in answer.text
    if "attachments" in path:
        assert (answer.status_code, answer.json()["code"]) == (403, "purpose_required")


async def test_the_place_of_an_incident_of_others_asks_for_a_purpose_and_the_refusal_is_entered(
    shared_centre: RunningCentre, taker: Person, other: Person
) -> None:
    incident = await open_incident(taker)
    for path in ("/api/places/history", "/api/hazards"):
        assert (await taker.get(path, incident=incident["id"])).status_code == 200
        refused = await other.get(path, incident=incident["id"])
        assert (refused.status_code, refused.json()["code"]) == (403, "purpose_required")
        assert refused.json()["details"]["record_id"] == incident["id"]
    rows = await shared_centre.rows(
        "SELECT kind FROM audit_entries WHERE actor_id = $1 AND action = 'look.refused'", other.id
    )
    assert [row["kind"] for row in rows] == ["refusal", "refusal"]


async def test_a_purpose_opens_what_it_needs_and_nothing_else(
    shared_centre: RunningCentre, taker: Person, other: Person
) -> None:
    incident, own = await open_incident(taker, caller=CALLER, note="a note"), await own_incident(other)
    stated = await state_purpose(other, own["number"], need="call_back", incident=incident["id"])
    assert stated.status_code == 201, stated.text
    seen = await card(other, incident)
    assert (seen["sealed"]["caller_name"], seen["access"]["by"]) == (CALLER["name"], "purpose")
    assert seen["access"]["viewer"].startswith("Officer")
    assert (await other.get(f"/api/incidents/{incident['id']}/contents")).json()["sealed"] is False
    assert (await other.get("/api/places/history", incident=incident["id"])).status_code == 403
    [look] = await details(shared_centre, other.id, "incident.read_sealed")
    assert (str(look["purpose_id"]), look["self_opened"]) == (stated.json()["id"], "false")
    elsewhere = await shared_centre.newcomer(Grant(Role.DUTY_OFFICER, Land.REGION))
    east = await open_incident(elsewhere, Land.EAST, caller=CALLER)
    wide = await shared_centre.newcomer(Grant(Role.DUTY_OFFICER, Land.REGION))
    mine = await own_incident(wide)
    assert (await state_purpose(wide, mine["number"])).status_code == 201  # holds in the south-west
    assert (await card(wide, incident))["sealed"] is not None
    assert (await card(wide, east))["sealed"] is None


async def test_a_purpose_ends_when_it_is_ended_replaced_or_its_incident_is_closed(taker: Person, other: Person) -> None:
    incident, own = await open_incident(taker, caller=CALLER), await own_incident(other)
    first = (await state_purpose(other, own["number"])).json()
    assert (await other.post(f"/api/access/purposes/{first['id']}/end")).status_code == 200
    assert (await card(other, incident))["sealed"] is None
    await state_purpose(other, own["number"])
    assert (await card(other, incident))["sealed"] is not None
    await close(other, own)
    assert (await card(other, incident))["sealed"] is None
    refused = await state_purpose(other, own["number"])
    assert (refused.status_code, refused.json()["details"]["reason"]) == (422, "closed")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("too short", "too_short"),
        (" . . . . . . . . . . . . . . . . ", "too_short"),
        ("WHETHER the second-caller means the same fire!", "same_as_before"),
        ("whether  the second caller\tmeans the same fire", "same_as_before"),
    ],
)
async def test_a_reason_too_short_or_given_before_is_refused_and_entered(
    shared_centre: RunningCentre, other: Person, text: str, reason: str
) -> None:
    own = await own_incident(other)
    given = "Whether the second caller means the same fire"
    assert (await state_purpose(other, own["number"], text=given)).status_code == 201
    refused = await state_purpose(other, own["number"], text=text)
    assert (refused.status_code, refused.json()["details"]["reason"]) == (422, reason)
    [entry] = await shared_centre.rows(
        "SELECT reason FROM audit_entries WHERE kind = 'refusal' AND actor_id = $1", other.id
    )
    assert entry["reason"] == reason
    assert given not in str(await shared_centre.rows("SELECT * FROM purposes"))


async def test_cyrillic_letters_do_not_make_a_reason_new(other: Person) -> None:
    own = await own_incident(other)
    assert (await state_purpose(other, own["number"], text="Qoʻshni uydagi yongʻin boʻyicha")).status_code == 201
    refused = await state_purpose(other, own["number"], text="Қўшни уйдаги ёнғин бўйича")
    assert refused.json()["details"]["reason"] == "same_as_before"


async def test_a_purpose_tied_to_what_is_not_theirs_learns_nothing(taker: Person, other: Person) -> None:
    incident = await open_incident(taker)
    answers = [await state_purpose(other, number) for number in (incident["number"], "no such number")]
    answers += [await state_purpose(other, incident["id"], kind=kind) for kind in ("case", "request")]
    assert {(a.status_code, a.json()["code"], a.json()["details"]["reason"]) for a in answers} == {
        (403, "purpose_refused", "not_yours")
    }


@pytest.mark.parametrize("kind", PurposeKind)
@pytest.mark.parametrize("need", Need)
async def test_only_a_task_is_there_to_answer_somebody(
    shared_centre: RunningCentre, taker: Person, other: Person, kind: PurposeKind, need: Need
) -> None:
    """Else anybody with one incident of their own reads all there is of a territory, ten years back."""
    old, own = await open_incident(taker, caller=CALLER), await own_incident(other)
    long_ago = "UPDATE incidents SET received_at = received_at - interval '9 years' WHERE id = $1"
    await shared_centre.as_owner(long_ago, UUID(old["id"]))
    offered = (await other.get("/api/access/purpose")).json()["references"]
    assert [one["needs"] for one in offered if one["reference"] == own["number"]] == [
        ["same_event", "call_back", "joint_work"]
    ]
    stated = await state_purpose(other, own["number"], kind=kind.value, need=need.value, incident=old["id"])
    if kind is not PurposeKind.INCIDENT:
        assert (stated.status_code, stated.json()["details"]["reason"]) == (403, "not_yours")
    elif need is Need.ANSWER:
        told = stated.json()["details"]
        assert (stated.status_code, told["reason"], told["field"]) == (422, "need_unfit", "need")
        left = "SELECT reason, details ->> 'need' AS need FROM audit_entries WHERE kind = 'refusal' AND actor_id = $1"
        assert [tuple(row) for row in await shared_centre.rows(left, other.id)] == [("need_unfit", "answer")]
    else:
        assert stated.status_code == 201
    assert (await card(other, old))["sealed"] is None


async def test_a_purpose_stated_before_its_need_was_bound_shows_nothing(
    shared_centre: RunningCentre, taker: Person, other: Person
) -> None:
    incident, own = await open_incident(taker, caller=CALLER), await own_incident(other)
    assert (await state_purpose(other, own["number"], incident=incident["id"])).status_code == 201
    assert (await card(other, incident))["sealed"] is not None
    await shared_centre.as_owner("UPDATE purposes SET need = 'answer' WHERE account_id = $1", other.id)
    assert (await card(other, incident))["sealed"] is None


async def test_a_purpose_is_over_after_half_an_hour_and_an_incident_an_hour_after_its_closing(
    shared_centre: RunningCentre, taker: Person, other: Person
) -> None:
    incident, own = await open_incident(taker, caller=CALLER), await own_incident(other)
    purpose = (await state_purpose(other, own["number"])).json()
    assert (await card(other, incident))["sealed"] is not None
    past = "UPDATE purposes SET stated_at = stated_at - interval '30 min', ends_at = ends_at - interval '30 min'"
    await shared_centre.as_owner(past + " WHERE id = $1", UUID(purpose["id"]))
    assert (await card(other, incident))["sealed"] is None
    await close(taker, incident)
    assert (await card(taker, incident))["access"]["by"] == "wrap_up"
    later = "UPDATE incidents SET closed_at = closed_at - interval '1 hour' WHERE id = $1"
    await shared_centre.as_owner(later, UUID(incident["id"]))
    assert (await card(taker, incident))["sealed"] is None


async def test_a_look_by_whoever_made_the_incident_up_or_changed_it_just_before_is_marked(
    shared_centre: RunningCentre, taker: Person, other: Person
) -> None:
    made_up = await open_incident(taker, channel="officer")
    await card(taker, made_up)
    reported = await open_incident(taker, caller=CALLER)
    await card(taker, reported)
    assert [look["self_opened"] for look in await details(shared_centre, taker.id, "incident.read_sealed")] == [
        "true",
        "false",
    ]
    await take_over(other, reported["id"])
    await card(other, reported)
    [look] = await details(shared_centre, other.id, "incident.read_sealed")
    assert (look["by"], look["self_opened"], look["edited_before"]) == ("owner", "false", "true")
    target = await open_incident(taker, caller=CALLER)
    own = await open_incident(other, channel="officer")
    assert (await state_purpose(other, own["number"], incident=target["id"])).status_code == 201
    await card(other, target)
    assert (await details(shared_centre, other.id, "incident.read_sealed"))[-1]["self_opened"] == "true"


async def test_a_crew_sees_its_incident_and_not_another(shared_centre: RunningCentre, taker: Person) -> None:
    supervisor = await shared_centre.person(Role.SUPERVISOR)
    officer = await shared_centre.newcomer(Grant(Role.UNIT_OFFICER, Land.WEST))
    unit = await register_unit(supervisor, "looks-2", available=False)
    await log_on(officer, unit)
    incident = await open_incident(taker, caller=CALLER)
    sent = await assign(taker, incident, unit)
    assert (await officer.get("/api/field/now")).json()["incident"]["sealed"]["caller_name"] == CALLER["name"]
    assert sent["version"] > incident["version"]


async def test_a_removed_role_ends_a_purpose_that_is_under_way(
    shared_centre: RunningCentre, taker: Person, other: Person
) -> None:
    incident, own = await open_incident(taker, caller=CALLER), await own_incident(other)
    await state_purpose(other, own["number"])
    await break_glass(other, incident["id"])
    await shared_centre.as_owner("DELETE FROM grants WHERE account_id = $1", other.id)
    await shared_centre.as_owner("INSERT INTO grants VALUES ($1, 'observer', $2)", other.id, int(Land.WEST))
    seen = await card(other, incident)
    assert (seen["sealed"], seen["access"]["needed"]) == (None, "right")


async def test_why_names_the_rule_in_every_language(taker: Person, other: Person) -> None:
    incident = await open_incident(taker)
    mine = (await taker.get("/api/access/why", incident=incident["id"])).json()
    assert (mine["allowed"], mine["policy_ids"], mine["relations"][0]) == (True, ["assigned"], "owner")
    assert set(mine["words"]) == {"en", "ru", "uz-Cyrl", "uz-Latn"}
    theirs = (await other.get("/api/access/why", incident=incident["id"])).json()
    assert (theirs["allowed"], theirs["asks_purpose"], theirs["policy_ids"]) == (False, True, [])
    assert all(theirs["words"].values())


async def test_find_tells_a_person_who_is_shut_out_nothing_however_they_ask(
    shared_centre: RunningCentre, taker: Person, other: Person
) -> None:
    incident = await open_incident(
        taker, caller={"name": "Shut Caller", "phone": "+998 93 555 44 33"}, place_label="Old mill"
    )
    await take_over(other, incident["id"])
    await shared_centre.as_owner("INSERT INTO shut_out_accounts VALUES ($1, $2)", UUID(incident["id"]), other.id)
    for q in ("Shut Caller", "+998 93 555 44 33", incident["number"], "Old mill"):
        found = (await other.post("/api/find", {"q": q, "callers": True})).json()
        assert found["items"] == [], q
        assert [
            hit["incident"]["id"] for hit in (await taker.post("/api/find", {"q": q, "callers": True})).json()["items"]
        ]


async def test_a_caller_is_looked_for_among_ones_own_until_a_purpose_holds(
    shared_centre: RunningCentre, taker: Person, other: Person
) -> None:
    phone = "+998 91 765 43 21"
    await open_incident(taker, caller={"name": "Oygul", "phone": phone})
    asked = {"q": phone, "callers": True}
    assert len((await taker.post("/api/find", asked)).json()["items"]) == 1
    closed = (await other.post("/api/find", asked)).json()
    assert (closed["items"], closed["purpose_needed"]) == ([], True)
    own = await own_incident(other)
    await state_purpose(other, own["number"], need="call_back")
    assert len((await other.post("/api/find", asked)).json()["items"]) == 1
    named = {"q": "Oygul", "callers": True}
    assert [len((await one.post("/api/find", named)).json()["items"]) for one in (taker, other)] == [1, 1]


async def test_a_form_of_ones_own_opens_the_search_for_the_number_typed_in_it_and_for_nothing_else(
    shared_centre: RunningCentre, taker: Person
) -> None:
    phone, another = "+998 91 765 43 22", "+998 91 765 43 23"
    await open_incident(taker, caller={"name": "Zuhra", "phone": phone})
    await open_incident(taker, caller={"name": "Fotima", "phone": another})

    async def found(person: Person, q: str) -> tuple[int, bool]:
        answer = (await person.post("/api/find", {"q": q, "callers": True})).json()
        return len(answer["items"]), answer["purpose_needed"]

    async def typed(person: Person, form: str, **fields: str | None) -> None:
        saved = await person.send("PUT", f"/api/call-drafts/{form}", {"fields": fields})
        assert saved.is_success, saved.text

    person, form = await shared_centre.newcomer(Grant(Role.CALL_TAKER, Land.WEST)), str(uuid4())
    await typed(person, form, note=f"calls from {phone}", caller_name="Zuhra")
    assert await found(person, phone) == (0, True), "a number in the notes is not the caller's"
    await typed(person, form, caller_phone="998917654322")
    assert await found(person, phone) == (1, False)
    assert [await found(person, q) for q in (another, "Zuhra", "Fotima")] == [(0, True)] * 3
    await typed(person, form, caller_phone=None)
    assert await found(person, phone) == (0, True)
    east = await shared_centre.newcomer(Grant(Role.CALL_TAKER, Land.EAST))
    await typed(east, str(uuid4()), caller_phone=phone)
    assert await found(east, phone) == (0, False), "another territory: not there, whatever is typed"
    nobody = await shared_centre.as_client(uuid4(), "nobody", {})
    assert (await nobody.post("/api/find", {"q": phone, "callers": True})).status_code == 401
    bystander = await shared_centre.newcomer(Grant(Role.CALL_TAKER, Land.WEST))
    await typed(person, form, caller_phone=phone)
    assert await found(bystander, phone) == (0, True), "the form is another's"
    await shared_centre.as_owner(
        "UPDATE call_drafts SET saved_at = saved_at - interval '61 min' WHERE account_id = $1", person.id
    )
    assert await found(person, phone) == (0, True), "an hour old"
