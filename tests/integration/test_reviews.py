"""Reviews of looks: drawn from the log by a rule anybody can follow, judged blind, published with what is not known."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.centre import RunningCentre
from tests.support.desk import open_incident
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.looks import break_glass
from tests.support.oversight import VERDICT, hand_to, judged, look_at, make_case
from tests.support.people import Person

from markaz.core.permissions import Grant, Role
from markaz.kit.clock import FakeClock
from markaz.programmes.oversight.reviews import store as review_store
from markaz.programmes.oversight.reviews.domain import seed_of, ticket

MORNING = datetime(2026, 3, 2, 4, tzinfo=UTC)  # nine o'clock at Tashkent, so the first of March is over
DAY = date(2026, 3, 1)
Named = Callable[..., Awaitable[Person]]


def tree_root(hashes: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, as the text has it."""
    if len(hashes) < 2:
        return hashes[0] if hashes else hashlib.sha256(b"").digest()
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + tree_root(hashes[:split]) + tree_root(hashes[split:])).digest()


@pytest.fixture
async def yesterday(open_centre_with: OpenCentre) -> RunningCentre:
    """A centre on the first of March."""
    return await open_centre_with(FakeClock(MORNING - timedelta(days=1)), review_drawn_per_day=3, session_hours=72)


async def named(centre: RunningCentre, name: str, role: Role = Role.DUTY_OFFICER) -> Person:
    person = await centre.newcomer(Grant(role, Land.REGION))
    await centre.as_owner("UPDATE accounts SET display_name = $2 WHERE id = $1", person.id, name)
    return person


async def next_day(centre: RunningCentre) -> int:
    clock = centre.centre.clock
    assert isinstance(clock, FakeClock)
    clock.advance(timedelta(days=1))
    return await centre.centre.oversight.sampling.draw_due()


async def queue(reviewer: Person) -> list[dict[str, Any]]:
    response = await reviewer.get("/api/oversight/reviews")
    assert response.status_code == 200
    items: list[dict[str, Any]] = response.json()["items"]
    return items


@pytest.mark.parametrize("most", [review_store.LOOKS_MOST, 5], ids=["whole", "flooded"])
async def test_a_day_is_drawn_once_and_anybody_with_the_log_draws_the_same(
    yesterday: RunningCentre, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(review_store, "LOOKS_MOST", most)
    centre = yesterday
    officer = await named(centre, "Bekzod Rustamov")
    incident = await open_incident(officer)
    for _ in range(12):
        await look_at(officer, incident["id"])
    assert await next_day(centre) == 1
    assert await centre.centre.oversight.sampling.draw_due() == 0

    sample = (await centre.rows("SELECT * FROM review_samples"))[0]
    assert (sample["day"], sample["looks"], sample["drawn"]) == (DAY, 12, 3)
    leaves = await centre.rows("SELECT hash FROM log_leaves WHERE index < $1 ORDER BY index", sample["log_size"])
    root = tree_root([bytes(row["hash"]) for row in leaves])
    assert bytes(sample["log_root"]) == root
    looks = await centre.rows(
        "SELECT id, leaf FROM audit_entries WHERE kind = 'view' AND leaf < $1", sample["log_size"]
    )
    seed = seed_of(DAY, root, sample["log_size"])
    again = sorted(looks, key=lambda row: ticket(seed, row["leaf"]))[:3]
    cases = await centre.rows("SELECT entry_id, probability FROM review_cases WHERE probability IS NOT NULL")
    assert {row["entry_id"] for row in cases} == {row["id"] for row in again}
    assert {row["probability"] for row in cases} == {0.25}

    entry = (await centre.rows("SELECT leaf, details::text FROM audit_entries WHERE action = 'review.sampled'"))[0]
    body = (await centre.rows("SELECT body FROM log_leaves WHERE index = $1", entry["leaf"]))[0]["body"]
    assert root.hex().encode() in bytes(body)  # public: a witness can hold it against its checkpoint


async def test_a_clock_set_back_takes_no_look_out_of_the_sample(yesterday: RunningCentre) -> None:
    """A look that says it was yesterday, made when yesterday was drawn already, is drawn with today's."""
    centre = yesterday
    clock, viewer = centre.centre.clock, await named(centre, "Bekzod Rustamov")
    assert isinstance(clock, FakeClock)
    incident = await open_incident(viewer)
    await look_at(viewer, incident["id"])
    assert await next_day(centre) == 1
    clock.advance(timedelta(hours=-20))
    await look_at(viewer, incident["id"])
    clock.advance(timedelta(hours=20))
    assert await next_day(centre) == 1
    looks = await centre.rows("SELECT looks, drawn FROM review_samples ORDER BY day")
    assert [(row["looks"], row["drawn"]) for row in looks] == [(1, 1), (1, 1)]


async def test_looks_that_raise_a_question_are_asked_about_and_keep_no_name(yesterday: RunningCentre) -> None:
    centre = yesterday
    karimov = await named(centre, "Olim Karimov")
    await named(centre, "Bekzod Aliyev")
    one = await open_incident(karimov, caller={"name": "Каримова Нодира", "phone": "+998901112233"})
    other = await open_incident(
        karimov, caller={"name": "Алиев Бекзод Тоҳирович", "phone": "+998901112244"}, address="12, Amir Temur"
    )
    home = {"home_territory_id": int(Land.EAST_NORTH), "home_address": "Amir Temur 12"}
    assert (await karimov.send("PUT", "/api/oversight/declared", home)).status_code == 204
    far = await open_incident(karimov, Land.EAST_NORTH, caller={"name": "Somebody Else", "phone": "+998901112255"})
    for incident in (one, other, far):
        await look_at(karimov, incident["id"])
        await look_at(karimov, incident["id"])  # twice: one question about it, not two
    await next_day(centre)
    rows = await centre.rows(
        "SELECT c.questions, e.record_id FROM review_cases c JOIN audit_entries e ON e.id = c.entry_id "
        "WHERE cardinality(c.questions) > 0"
    )
    asked = {str(row["record_id"]): row["questions"] for row in rows}
    assert asked == {
        one["id"]: ["own_family_name"],
        other["id"]: ["colleague", "own_address"],
        far["id"]: ["own_neighbourhood"],
    }
    kept = await centre.rows("SELECT row_to_json(d)::text AS kept FROM declared_facts d")
    assert "Temur" not in kept[0]["kept"]
    payloads = await centre.rows("SELECT payload::text AS payload FROM events WHERE type LIKE 'review.%'")
    assert not any("Karim" in row["payload"] for row in payloads)


async def test_what_is_always_asked_about_is_asked_about_on_a_day_flooded_by_the_same_viewer(
    yesterday: RunningCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review_store, "LOOKS_MOST", 5)
    centre, viewer = yesterday, await yesterday.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST_SOUTH))
    taker, other = await centre.person(Role.CALL_TAKER), await centre.person(Role.SUPERVISOR, Land.WEST)
    for _ in range(8):  # more than anybody's share of what is read, and all of it before
        await look_at(viewer, (await open_incident(viewer, caller={"name": "A", "phone": "+998901112233"}))["id"])
    await look_at(other, (await open_incident(other, caller={"name": "B", "phone": "+998901112234"}))["id"])
    invented = await open_incident(viewer)  # nobody called
    foreign = await open_incident(taker, caller={"name": "C", "phone": "+998901112235"})
    for _ in range(2):
        await look_at(viewer, invented["id"])
    assert (await break_glass(viewer, foreign["id"])).status_code == 201
    await next_day(centre)
    rows = await centre.rows(
        "SELECT e.record_id, c.questions FROM review_cases c JOIN audit_entries e ON e.id = c.entry_id "
        "WHERE e.actor_id = $1 AND c.questions && ARRAY['self_opened', 'edited_before', 'broken_glass']",
        viewer.id,
    )
    asked = {str(row["record_id"]): set(row["questions"]) for row in rows}
    assert (len(rows), "self_opened" in asked[invented["id"]]) == (2, True)
    assert "broken_glass" in asked[foreign["id"]]


async def test_a_reviewer_sees_neither_name_nor_rank_and_every_opened_case_is_an_entry(
    centre: RunningCentre,
) -> None:
    viewer = await centre.person(Role.SUPERVISOR, Land.WEST)
    officer = await centre.person(Role.DATA_PROTECTION_OFFICER, Land.REGION)
    case = await make_case(centre, viewer, questions=("colleague",))
    listed = await officer.get("/api/oversight/reviews")
    opened = await officer.get(f"/api/oversight/reviews/{case['id']}")
    said = opened.text.partition('"access"')[0]  # the mark of the page names the reviewer
    for text in (listed.text, said):
        assert case["label"] in text
        for blind in (str(viewer.id), viewer.login, "Officer", "supervisor", case["incident"]["id"]):
            assert blind not in text
    shown = opened.json()
    assert shown["incident"]["category"] == "theft"
    assert shown["questions"] == ["colleague"]
    entry = (await centre.rows("SELECT kind, action, record_id FROM audit_entries ORDER BY id DESC LIMIT 1"))[0]
    assert (entry["kind"], entry["action"], str(entry["record_id"])) == ("review", "review.opened", case["id"])


async def test_a_verdict_is_given_once_with_a_reason_that_is_sealed_and_closes_its_task(centre: RunningCentre) -> None:
    officer = await centre.person(Role.DATA_PROTECTION_OFFICER, Land.REGION)
    case = await make_case(centre, await centre.person(Role.DUTY_OFFICER))
    path, body = f"/api/oversight/reviews/{case['id']}/verdict", VERDICT | {"version": 1}
    short = await officer.post(path, body | {"reason": "ok"})
    assert (short.status_code, short.json()["details"]["field"]) == (422, "reason")
    assert (await officer.post(path, body)).status_code == 200
    assert (await officer.post(path, body)).status_code == 409
    assert (await officer.post(path, body | {"version": 2})).status_code == 409
    task = (
        await centre.rows("SELECT answer_code, closed_at, owner_id FROM tasks WHERE record_id = $1", UUID(case["id"]))
    )[0]
    assert (task["answer_code"], task["owner_id"]) == ("in_order", officer.id)
    assert task["closed_at"] is not None
    assert await queue(officer) == []
    for table in ("events", "audit_entries", "idempotency", "review_cases"):
        rows = await centre.rows(f"SELECT row_to_json(t)::text AS row FROM {table} t")
        assert not any("Worked on" in row["row"] for row in rows)


async def test_nobody_judges_a_look_of_their_superior_their_subordinate_or_their_own(centre: RunningCentre) -> None:
    chief = await centre.person(Role.SUPERVISOR, Land.REGION)
    case = await make_case(centre, chief)
    office, body = Role.DATA_PROTECTION_OFFICER, VERDICT | {"version": 1}
    subordinate = await centre.overmighty(Grant(office, Land.ROOT), Grant(Role.CALL_TAKER, Land.WEST))
    superior = await centre.overmighty(Grant(office, Land.ROOT), Grant(Role.SUPERVISOR, Land.ROOT))
    appeal = await centre.person(Role.APPEAL_BODY, Land.ROOT)
    for reviewer in (subordinate, superior, appeal):
        assert await queue(reviewer) == []
        for response in (
            await reviewer.get(f"/api/oversight/reviews/{case['id']}"),
            await reviewer.post(f"/api/oversight/reviews/{case['id']}/verdict", body),
        ):
            assert response.status_code == 404
    free = await centre.newcomer(Grant(office, Land.ROOT))
    assert [item["label"] for item in await queue(free)] == [case["label"]]
    await hand_to(centre, case, appeal)  # now it is the look of a data-protection officer
    assert await queue(free) == []
    assert [item["label"] for item in await queue(appeal)] == [case["label"]]


async def test_a_published_rate_says_what_is_not_known_and_a_later_one_is_a_further_version(
    centre: RunningCentre,
) -> None:
    viewer, officer = (
        await centre.person(Role.DUTY_OFFICER),
        await centre.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT),
    )
    cases = [await make_case(centre, viewer, probability=0.5) for _ in range(3)]
    await make_case(centre, viewer, probability=None, questions=("colleague",))
    refused = await officer.post("/api/oversight/misuse-rate", {"quarter": "2026-Q1"})
    assert refused.status_code == 422  # nothing judged: there is no rate
    await judged(centre, cases[0])
    await judged(centre, cases[1], "misuse")
    for version in (1, 2):
        answer = await officer.post("/api/oversight/misuse-rate", {"quarter": "2026-Q1"})
        assert (answer.status_code, answer.json()["version"]) == (201, version)
    assert (await officer.post("/api/oversight/misuse-rate", {"quarter": "2099-Q4"})).status_code == 409
    seen = await (await centre.person(Role.AUDITOR, Land.ROOT)).get(
        "/api/oversight/misuse-rate/preview", quarter="2026-Q1"
    )
    assert seen.json()["figures"]["drawn"] == 3
    response = await centre.nobody.get("/api/oversight/misuse-rate")
    (quarter,) = response.json()["quarters"]
    figures = quarter["figures"]
    assert (quarter["version"], figures["drawn"], figures["misuse"], figures["not_judged"]) == (2, 3, 1, 1)
    assert (figures["rate"], figures["rate_if_missing_misuse"]) == (0.5, pytest.approx(2 / 3))
    assert quarter["asked"] == {"in_order": 0, "misuse": 0, "cannot_tell": 0, "not_judged": 1}
    assert len(quarter["days_without_sample"]) == 89
    for language, word in (
        ("uz-Latn", "Suisteʼmol"),
        ("uz-Cyrl", "Суистеъмол"),
        ("ru", "злоупотреблений"),
        ("en", "misuse"),
    ):
        page = await centre.nobody.get("/api/oversight/misuse-rate/page", params={"language": language})
        assert page.status_code == 200
        assert word in page.text
        assert "50.00 %" in page.text


async def test_a_stated_purpose_is_read_in_its_own_words_by_the_reviewer_alone(centre: RunningCentre) -> None:
    owner, viewer = await centre.person(Role.DUTY_OFFICER), await centre.person(Role.DISPATCHER, Land.WEST)
    words = "Comparing the plates of two thefts on this street"
    theirs, mine = await open_incident(owner), await open_incident(await centre.person(Role.SUPERVISOR))
    officer = await centre.person(Role.DATA_PROTECTION_OFFICER, Land.REGION)
    case = await make_case(centre, owner)
    purpose_id, sealed_id = UUID(int=7), UUID(int=8)
    async with centre.centre.database.transaction() as connection:
        await centre.centre.sealer.store(connection, sealed_id, {"purpose": words})
    await centre.as_owner(
        "INSERT INTO purposes (id, account_id, kind, reference_id, reference, need, territory_id, sealed_id, text_hash, "
        "self_opened, edited_before, stated_at, ends_at) VALUES ($1, $2, 'incident', $3, $4, 'same_event', 31, $5, '\\x01', "
        "true, false, now(), now() + interval '30 minutes')",
        purpose_id,
        viewer.id,
        UUID(mine["id"]),
        theirs["number"],
        sealed_id,
    )
    await centre.as_owner("UPDATE audit_entries SET purpose_id = $2 WHERE id = $1", case["entry_id"], purpose_id)
    shown = (await officer.get(f"/api/oversight/reviews/{case['id']}")).json()
    assert shown["purpose"] == {"text": words, "erased": False}
    appeal = await centre.person(Role.APPEAL_BODY, Land.ROOT)
    await hand_to(centre, case, appeal)  # it reaches no incident by itself, and sees the same of this one look
    theirs_too = (await appeal.get(f"/api/oversight/reviews/{case['id']}")).json()
    assert [theirs_too[name] for name in ("purpose", "incident")] == [shown[name] for name in ("purpose", "incident")]
    assert words not in (await officer.get("/api/oversight/reviews")).text
