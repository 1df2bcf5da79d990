"""What persons ask about their own data: who looked, delays that leave no trace, correction, restriction and erasure."""

import asyncio
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pypdf
import pytest
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.looks import break_glass
from tests.support.operations_contents import photo_bytes
from tests.support.oversight import PHONE, delayed, look_at, near_its_end, request_body, seen_request, taken
from tests.support.people import Person

from markaz.core.permissions import Grant, Role
from markaz.core.sealing import erase
from markaz.kit.clock import FakeClock
from markaz.programmes.oversight.rights import store as rights_store
from markaz.web.oversight import Oversight

REASONS = "The words do not fit what happened."
START = datetime(2026, 3, 2, 8, tzinfo=UTC)


async def office(centre: RunningCentre) -> Person:
    return await centre.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)


async def answer(officer: Person, request: dict[str, Any], **changes: Any) -> dict[str, Any]:
    body = {"version": 1, "answer": "granted", "reasons": REASONS} | changes
    response = await officer.post(f"/api/oversight/requests/{request['id']}/answer", body)
    assert response.status_code == 200, response.text
    done: dict[str, Any] = response.json()
    return done


async def read(officer: Person, request: dict[str, Any], part: str = "") -> Any:
    response = await officer.get(f"/api/oversight/requests/{request['id']}{part}")
    assert response.status_code == 200, response.text
    return response.json()


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


async def test_who_looked_names_office_time_and_why_and_never_the_officer(
    centre: RunningCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, officer = await seen_request(centre), await office(centre)
    with monkeypatch.context() as patched:
        patched.setattr(rights_store, "LOOKS_MOST", 1)
        half = await officer.get(f"/api/oversight/requests/{request['id']}/answer")
        assert half.status_code == 409, "an answer is never cut in silence"
    await answer(officer, request, reasons=None)
    told = await read(officer, request, "/answer")
    looks = {(look["offices"][0]["role"], look["why"]) for look in told["looks"]}
    assert looks == {("duty_officer", "work"), ("data_protection_officer", "request")}
    assert told["incidents"] == [request["incident"]["number"]]
    for language, word in (
        ("uz-Latn", "navbatchi"),
        ("uz-Cyrl", "навбатчи"),
        ("ru", "дежурный"),
        ("en", "duty officer"),
    ):
        pdf = await officer.get(f"/api/oversight/requests/{request['id']}/answer.pdf", language=language)
        assert pdf.headers["content-type"] == "application/pdf"
        text = text_of(pdf.content)
        assert word in text
        assert "Dilnoza Ergasheva" in text
        assert "Officer duty" not in text
    viewer = await centre.person(Role.DUTY_OFFICER, Land.WEST)
    assert viewer.login not in str(told)


async def test_a_look_through_broken_glass_is_told_as_emergency_access_and_not_as_work(centre: RunningCentre) -> None:
    officer, taker = await office(centre), await centre.person(Role.DUTY_OFFICER, Land.WEST)
    other = await centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST))
    incident = await open_incident(taker, caller={"name": "Dilnoza Ergasheva", "phone": "+998 90 7654321"})
    assert (await break_glass(other, incident["id"])).status_code == 201
    await look_at(other, incident["id"])
    request = await taken(officer, phone="+998 90 7654321")
    told = await read(officer, request, "/answer")
    assert {look["why"] for look in told["looks"]} == {"request", "emergency"}
    looks = (await read(officer, request))["looks"]
    assert [look["why"] for look in looks] == ["request", "emergency", "emergency"], "the look through it too"


async def test_the_answer_is_byte_for_byte_the_same_with_nothing_and_with_a_delayed_look(
    open_centre_with: OpenCentre,
) -> None:
    centre = await open_centre_with(FakeClock(START))
    viewer, officer = await centre.person(Role.DUTY_OFFICER), await office(centre)
    incident = await open_incident(viewer, caller={"name": "Dilnoza Ergasheva", "phone": PHONE})
    request = await taken(officer)
    paths = [f"/api/oversight/requests/{request['id']}/answer{kind}" for kind in ("", ".pdf")]
    nothing = [await officer.get(path) for path in paths]
    await look_at(viewer, incident["id"])
    seen = [await officer.get(path) for path in paths]
    assert [one.content for one in seen] != [one.content for one in nothing]
    entry = (await centre.rows("SELECT max(id) AS id FROM audit_entries WHERE action = 'incident.read_sealed'"))[0][
        "id"
    ]
    body = {"entries": [entry], "ground": "rights_of_others", "months": 12}
    assert (await officer.post("/api/oversight/delays", body)).status_code == 201
    with_delay = [await officer.get(path) for path in paths]
    assert [one.content for one in with_delay] == [one.content for one in nothing]
    assert [one.headers["content-length"] for one in with_delay] == [one.headers["content-length"] for one in nothing]
    inside = await read(officer, request)  # the officer who decides sees it, with its end
    assert [look["delayed"]["ground"] for look in inside["looks"] if look["delayed"]] == ["rights_of_others"]
    again = await officer.post("/api/oversight/delays", body)
    assert (again.status_code, again.json()["details"]["field"]) == (422, "entries")


async def test_a_given_answer_stays_as_it_was_given(centre: RunningCentre) -> None:
    request, officer = await seen_request(centre), await office(centre)
    await answer(officer, request, reasons=None)
    before = await read(officer, request, "/answer")
    await look_at(await centre.person(Role.DUTY_OFFICER, Land.WEST), request["incident"]["id"])
    looks = (await read(officer, request))["looks"]
    newest = max(look["entry_id"] for look in looks if look["why"] == "work")
    body = {"entries": [newest], "ground": "inquiry", "months": 1}
    assert (await officer.post("/api/oversight/delays", body)).status_code == 201
    assert await read(officer, request, "/answer") == before
    assert (
        await officer.post(f"/api/oversight/requests/{request['id']}/answer", {"version": 2, "answer": "granted"})
    ).status_code == 409


async def test_a_delay_ends_by_itself_leaves_a_task_and_is_counted_without_its_looks(
    open_centre_with: OpenCentre,
) -> None:
    clock = FakeClock(START)
    centre = await open_centre_with(clock, session_hours=72)
    delay, officer = await delayed(centre), await office(centre)
    await answer(officer, delay["request"], reasons=None)
    assert (await centre.nobody.get("/api/oversight/delays")).json()["quarters"] == []  # this quarter is not over
    clock.advance(timedelta(days=190))
    assert await centre.centre.oversight.delays.end_due() == 1
    assert await centre.centre.oversight.delays.end_due() == 0
    officer = await centre.newcomer(Grant(Role.DATA_PROTECTION_OFFICER, Land.ROOT))
    waiting = (await officer.get("/api/oversight/requests")).json()["to_tell"]
    assert [(one["delay_id"], one["numbers"]) for one in waiting] == [(delay["delay_id"], [delay["request"]["number"]])]
    assert (await officer.post(f"/api/oversight/delays/{delay['delay_id']}/told")).status_code == 200
    assert (await officer.get("/api/oversight/requests")).json()["to_tell"] == []
    counts = await centre.nobody.get("/api/oversight/delays")
    assert counts.json() == {
        "before": "2026-07-01",
        "standing": 1,
        "quarters": [{"quarter": "2026-Q1", "set": 1, "renewed": 0, "ended": 0}],
    }


async def test_only_a_body_outside_the_chain_renews_and_for_twelve_months_at_most(centre: RunningCentre) -> None:
    delay = await delayed(centre)
    await near_its_end(centre, delay["delay_id"])
    path, body = f"/api/oversight/delays/{delay['delay_id']}/renewal", {"ground": "detection", "months": 12}
    both = await centre.newcomer(Grant(Role.APPEAL_BODY, Land.ROOT))  # nothing of ours gives it the second office
    await centre.as_owner("INSERT INTO grants VALUES ($1, 'data_protection_officer', $2)", both.id, int(Land.ROOT))
    refused = await both.post(path, body)
    assert (refused.status_code, refused.json()["details"]["rule"]) == (403, "outside_the_chain")
    assert (await (await office(centre)).post(path, body)).status_code == 403
    appeal = await centre.person(Role.APPEAL_BODY, Land.ROOT)
    assert (await appeal.post(path, body | {"months": 13})).status_code == 422
    renewed = await appeal.post(path, body)
    assert renewed.status_code == 201
    assert (await appeal.post(path, body)).status_code == 409
    rows = await centre.rows(
        "SELECT begins_at, ends_at FROM disclosure_delays WHERE id = $1", UUID(renewed.json()["id"])
    )
    assert timedelta(days=364) < rows[0]["ends_at"] - rows[0]["begins_at"] < timedelta(days=367)
    running = (await appeal.get("/api/oversight/delays/running")).json()["items"]
    assert [one["looks"] for one in running] == [1, 1]
    assert not any(name in one for one in running for name in ("record", "request", "incident", "actor"))


async def test_a_person_is_found_by_number_and_name_in_any_script_and_the_search_is_an_entry(
    centre: RunningCentre,
) -> None:
    viewer, officer = await centre.person(Role.DUTY_OFFICER), await office(centre)
    incident = await open_incident(viewer, caller={"name": "Dilnoza Ergasheva"})
    by_name = await taken(officer, phone=None, incident_number=incident["number"], name="Эргашева Дилноза")
    assert by_name["found"] == 1
    other = await taken(officer, phone=None, incident_number=incident["number"], name="Somebody Else")
    assert other["found"] == 0
    rows = await centre.rows("SELECT record_id FROM audit_entries WHERE action = 'right.searched' AND kind = 'look_up'")
    assert {str(row["record_id"]) for row in rows} == {by_name["id"], other["id"]}
    nowhere = await officer.post("/api/oversight/requests", request_body(phone=None))
    assert (nowhere.status_code, nowhere.json()["details"]["field"]) == (422, "phone")
    unchecked = await officer.post("/api/oversight/requests", request_body(identity_seen=False))
    assert unchecked.status_code == 422
    for table in ("events", "audit_entries", "idempotency", "right_requests", "right_records"):
        kept = await centre.rows(f"SELECT row_to_json(t)::text AS row FROM {table} t")
        assert not any("Ergasheva" in row["row"] or "Эргашева" in row["row"] or PHONE in row["row"] for row in kept)


async def test_an_erasure_destroys_the_keys_and_leaves_the_entry_of_a_deletion(centre: RunningCentre) -> None:
    request, officer = await seen_request(centre, "erasure"), await office(centre)
    refused = await officer.post(f"/api/oversight/requests/{request['id']}/answer", {"version": 1, "answer": "granted"})
    assert (refused.status_code, refused.json()["details"]["field"]) == (422, "reasons")
    assert (await answer(officer, request))["done"] == 1
    card = (
        await (await centre.person(Role.DUTY_OFFICER, Land.WEST)).get(f"/api/incidents/{request['incident']['id']}")
    ).json()
    assert card["sealed"]["erased"] is True
    entry = (await centre.rows("SELECT details::text, record_id FROM audit_entries WHERE kind = 'deletion'"))[0]
    assert str(entry["record_id"]) == request["incident"]["id"]
    assert (await read(officer, request))["records"][0]["erased"] is True


async def test_an_erasure_takes_a_photo_only_when_it_is_named(centre: RunningCentre) -> None:
    owner, officer = await centre.person(Role.DUTY_OFFICER, Land.WEST), await office(centre)
    incident = await open_incident(owner, caller={"name": "Dilnoza Ergasheva", "phone": PHONE})
    photos = f"/api/incidents/{incident['id']}/attachments"
    hers, others = [(await owner.post(photos, photo_bytes())).json()["id"] for _ in range(2)]

    request = await taken(officer, "erasure", incident_number=incident["number"])
    again = await taken(officer, "erasure", incident_number=incident["number"])
    found = (await read(officer, request))["records"]
    assert sorted(one["role"] for one in found) == ["caller", "photo", "photo"]
    assert (await answer(officer, request))["done"] == 1
    assert [(await owner.get(f"{photos}/{one}")).status_code for one in (hers, others)] == [200, 200]

    rows = await centre.rows("SELECT sealed_id FROM attachments WHERE id = $1", UUID(hers))
    assert (await answer(officer, again, records=[str(rows[0]["sealed_id"])]))["done"] == 1
    assert [(await owner.get(f"{photos}/{one}")).status_code for one in (hers, others)] == [404, 200]


async def test_a_restriction_hides_the_record_from_everybody_until_it_is_lifted(centre: RunningCentre) -> None:
    request, officer = await seen_request(centre, "restriction"), await office(centre)
    viewer = await centre.person(Role.DUTY_OFFICER, Land.WEST)
    path = f"/api/incidents/{request['incident']['id']}"
    assert (await answer(officer, request))["done"] == 1
    card = await viewer.get(path)
    assert "Ergasheva" not in card.text
    assert request["phone"] not in card.text
    search = {"q": request["phone"], "callers": True}
    assert (await viewer.post("/api/find", search)).json()["items"] == []
    again = await taken(officer, phone=request["phone"])  # the person's own rights still reach it
    assert again["found"] == 1
    assert (await officer.post(f"/api/oversight/requests/{request['id']}/lift")).status_code == 200
    assert "Ergasheva" in (await viewer.get(path)).text
    assert len((await viewer.post("/api/find", search)).json()["items"]) == 1
    assert (await officer.post(f"/api/oversight/requests/{request['id']}/lift")).status_code == 409


async def test_a_granted_correction_is_a_task_of_the_desk_that_holds_the_record(centre: RunningCentre) -> None:
    request, officer = await seen_request(centre, "correction"), await office(centre)
    assert (await answer(officer, request))["done"] == 1
    tasks = await centre.rows("SELECT kind, territory_id, closed_at FROM tasks ORDER BY id")
    ordered = [task for task in tasks if task["kind"] == "right_correction_ordered"]
    assert [(task["territory_id"], task["closed_at"]) for task in ordered] == [(int(Land.WEST_SOUTH), None)]
    given = next(task for task in tasks if task["kind"] == "right_correction")
    assert given["closed_at"] is not None
    assert (await read(officer, request, "/answer"))["reasons"] == REASONS


async def test_a_clock_that_runs_out_marks_each_task_once_and_the_list_says_so(open_centre_with: OpenCentre) -> None:
    clock = FakeClock(START)
    centre = await open_centre_with(clock, session_hours=72)
    request, oversight = await seen_request(centre), centre.centre.oversight
    tasks = oversight.tasks
    watching = oversight.settings.model_copy(update={"watch_clocks": True})
    jobs = Oversight(oversight.spine, watching, oversight.zone).jobs()
    assert "tasks.escalate" in {job.name for job in jobs}
    clock.advance(timedelta(days=14))  # ten working days: Monday the 2nd to the end of Monday the 16th
    assert await tasks.escalate_due() == 0
    clock.advance(timedelta(hours=17))
    assert [await tasks.escalate_due(), await tasks.escalate_due()] == [1, 0]
    officer = await centre.newcomer(Grant(Role.DATA_PROTECTION_OFFICER, Land.ROOT))
    (one,) = (await officer.get("/api/oversight/tasks")).json()["items"]
    assert (one["reference"], one["kind"]) == (request["number"], "right_who_looked")
    assert (one["due_at"], one["is_overdue"]) == ("2026-03-17T00:00:00Z", True)
    assert one["escalated_at"] is not None
    rows = await centre.rows("SELECT aggregate_id FROM events WHERE type = 'task.escalated/1'")
    assert [str(row["aggregate_id"]) for row in rows] == [one["id"]]


async def test_an_answer_names_only_records_that_were_found_for_it(centre: RunningCentre) -> None:
    request, officer = await seen_request(centre, "erasure"), await office(centre)
    other = await seen_request(centre, "erasure")
    foreign = (await read(officer, other))["records"][0]["sealed_id"]
    body = {"version": 1, "answer": "granted", "reasons": REASONS, "records": [foreign]}
    refused = await officer.post(f"/api/oversight/requests/{request['id']}/answer", body)
    assert (refused.status_code, refused.json()["details"]["field"]) == (422, "records")
    kept = await centre.rows("SELECT count(*) AS n FROM erasures")
    assert kept[0]["n"] == 0


@pytest.mark.parametrize("months", [0, 13])
async def test_a_delay_of_no_or_too_many_months_is_refused(centre: RunningCentre, months: int) -> None:
    request = await seen_request(centre)
    body = {"entries": [request["entry_id"]], "ground": "inquiry", "months": months}
    assert (await (await office(centre)).post("/api/oversight/delays", body)).status_code == 422


async def test_a_restriction_covers_photos_and_says_so_to_those_only_who_would_see_them(centre: RunningCentre) -> None:
    owner, officer = await centre.person(Role.DUTY_OFFICER, Land.WEST), await office(centre)
    stranger = await centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST))
    incident = await open_incident(owner, caller={"name": "Dilnoza Ergasheva", "phone": PHONE})
    path = f"/api/incidents/{incident['id']}"
    party = {"role": "victim", "name": "Dilnoza Ergasheva", "fact": "her arm hurts"}
    assert (await owner.post(f"{path}/parties", party)).status_code == 201
    photo = f"{path}/attachments/{(await owner.post(f'{path}/attachments', photo_bytes())).json()['id']}"
    pages = (path, f"{path}/contents", f"{path}/calls", f"{path}/timeline", photo)
    before = [outcome(await stranger.get(page)) for page in pages]
    shown = [outcome(await owner.get(page)) for page in pages]

    request = await taken(officer, "restriction", incident_number=incident["number"])
    assert [one["role"] for one in (await read(officer, request))["records"]].count("photo") == 1
    assert (await answer(officer, request))["done"] == request["found"] == 3
    card, held, calls = [(await owner.get(page)).json() for page in pages[:3]]
    states = [card["sealed"], held["parties"][0], held["attachments"][0], calls["items"][0]]
    assert [(one["restricted"], one["erased"]) for one in states] == [(True, False)] * 4
    assert not any("Ergasheva" in str(one) or "arm hurts" in str(one) for one in states)
    refused = await owner.get(photo)
    assert (refused.status_code, refused.json()["details"]["reason"]) == (409, "restricted")
    looks = "SELECT 1 FROM audit_entries WHERE action = 'incident.read_attachment'"
    assert len(await centre.rows(looks)) == 1  # a photo that is not shown is no look

    assert [outcome(await stranger.get(page)) for page in pages] == before
    assert before[-1][0] == 403
    elsewhere = await centre.person(Role.DUTY_OFFICER, Land.EAST)
    assert [(await elsewhere.get(page)).status_code for page in pages] == [404] * 5
    assert (await officer.post(f"/api/oversight/requests/{request['id']}/lift")).status_code == 200
    assert [outcome(await owner.get(page)) for page in pages] == shown


def outcome(response: httpx.Response) -> tuple[int, str]:
    """Return what somebody is shown, but for the moment of it and the id of the request."""
    return response.status_code, re.sub(r'"(at|request_id)":"[^"]*"', "", response.text)


async def test_a_look_at_a_handover_text_about_an_incident_is_a_look_at_who_is_in_it(centre: RunningCentre) -> None:
    first, second = await centre.person(Role.DUTY_OFFICER), await centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST))
    ours = await open_incident(first, caller={"name": "Dilnoza Ergasheva", "phone": PHONE})
    other = await open_incident(first, caller={"name": "Aziz Karimov", "phone": "+998900000009"})
    by_hand = [{"kind": "note", "text": f"№{other['number']}: the husband waits outside"}]
    offer = {"territory_id": int(Land.WEST), "shift": "night", "by_hand": by_hand}
    path = f"/api/handovers/{(await first.post('/api/handovers', offer)).json()['id']}"

    officer, request = await office(centre), await taken(await office(centre))
    await second.get(path)
    assert briefing_looks(await read(officer, request)) == []  # that text was about somebody else
    theirs = await taken(officer, phone="+998900000009")
    assert len(briefing_looks(await read(officer, theirs))) == 1
    remark = {"incident_id": ours["id"], "remark": "she moves to her sister tonight"}
    assert (await second.post(f"{path}/acknowledgements", remark)).status_code == 200
    card = (await second.get(path)).json()
    held = (await second.get(path, held=card["texts"])).json()  # the page asks again and holds the texts
    assert (held["held"], [item["text"] for item in held["items"] if item["text"]]) == (True, [])
    remark_id = (await centre.rows("SELECT remark_id FROM handover_items WHERE remark_id IS NOT NULL"))[0]["remark_id"]
    async with centre.centre.database.transaction() as connection:
        await erase(connection, remark_id, first.id)
    fresh = (await second.get(path, held=card["texts"])).json()  # what was erased does not stay on the page
    assert (fresh["held"], [item["remark"]["erased"] for item in fresh["items"] if item["remark"]]) == (False, [True])
    look, *more = briefing_looks(await read(officer, request))
    assert more == []
    assert (look["offices"], look["incident"]) == (
        [{"role": "duty_officer", "territory_id": int(Land.WEST)}],
        ours["number"],
    )
    delay = {"entries": [look["entry_id"]], "ground": "rights_of_others", "months": 1}
    assert (await officer.post("/api/oversight/delays", delay)).status_code == 201
    assert briefing_looks(await read(officer, request, "/answer")) == []
    await answer(officer, theirs, reasons=None)
    pdf = await officer.get(f"/api/oversight/requests/{theirs['id']}/answer.pdf", language="en")
    assert f"a shift handover or daily summary told of incident {other['number']}" in " ".join(
        text_of(pdf.content).split()
    )


async def test_the_figures_of_a_summary_name_nobody_and_its_sentence_is_about_its_incident(
    centre: RunningCentre,
) -> None:
    supervisor, officer = await centre.person(Role.SUPERVISOR), await office(centre)
    caller = {"name": "Dilnoza Ergasheva", "phone": PHONE}
    incident = await open_incident(supervisor, caller=caller, note="Canary of a note")
    body = {"territory_id": int(Land.WEST), "day": centre.centre.summaries.today().isoformat()}
    plain = (await supervisor.post("/api/summaries", body)).json()["id"]
    told = body | {"significant": [{"incident_id": incident["id"], "sentence": "A woman was hurt at home"}]}
    with_sentence = (await supervisor.post("/api/summaries", told)).json()["id"]
    request = await taken(officer)
    for kind in ("", "/csv"):
        shown = await supervisor.get(f"/api/summaries/{plain}{kind}")
        assert not [word for word in ("Ergasheva", PHONE[-9:], "Canary") if word in shown.text]
    assert briefing_looks(await read(officer, request)) == []
    await supervisor.get(f"/api/summaries/{with_sentence}")
    await supervisor.get(f"/api/summaries/{with_sentence}/csv")
    assert [look["what"] for look in briefing_looks(await read(officer, request))] == ["taken_out", "read"]


def briefing_looks(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [look for look in document["looks"] if look["why"] == "briefing"]


async def test_two_who_delay_the_same_looks_at_once_set_one_delay(centre: RunningCentre) -> None:
    request, officer = await seen_request(centre), await office(centre)
    body = {"entries": [request["entry_id"]], "ground": "inquiry", "months": 1}
    answers = await asyncio.gather(*(officer.post("/api/oversight/delays", body) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422, 422, 422]
    set_ = "SELECT delay_id FROM delayed_looks WHERE entry_id = $1"
    assert len(await centre.rows(set_, request["entry_id"])) == 1
