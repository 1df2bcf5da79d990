"""Who looked at me, after my call was moved: told is every look at the incident where it stood when somebody looked."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from alembic.script import ScriptDirectory
from tests.integration.test_rights import answer, office, read
from tests.support.centre import RunningCentre
from tests.support.database import populate
from tests.support.desk import open_incident
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.looks import break_glass
from tests.support.oversight import PHONE, look_at, taken
from tests.support.people import Person

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.migrate import MIGRATIONS, migrate, upgrade_to
from markaz.core.permissions import Grant, Role
from markaz.kit.clock import FakeClock
from markaz.kit.ids import uuid7
from markaz.programmes.incidents.contents import domain

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
NAME, OTHER_PHONE = "Dilnoza Ergasheva", "+998 90 777 33 44"
LATER = timedelta(minutes=10)
Record = dict[str, Any]


class Desk:
    """A desk whose clock goes on ten minutes with each thing done."""

    def __init__(self, centre: RunningCentre, clock: FakeClock, officer: Person, viewer: Person) -> None:
        self.centre, self.clock, self.officer, self.viewer = centre, clock, officer, viewer

    async def opened(self, phone: str = PHONE, name: str = NAME) -> Record:
        self.clock.advance(LATER)
        return await open_incident(self.viewer, caller={"name": name, "phone": phone})

    async def act(self, incident: Record, what: str, **body: Any) -> Record:
        self.clock.advance(LATER)
        path = f"/api/incidents/{incident['id']}"
        version = (await self.viewer.get(path)).json()["incident"]["version"]
        self.clock.advance(LATER)
        done = await self.viewer.post(f"{path}/{what}", {"version": version, "reason": "said so", **body})
        assert done.is_success, done.text
        return dict(done.json())

    async def merged(self, one: Record, into: Record) -> None:
        version = (await self.viewer.get(f"/api/incidents/{into['id']}")).json()["incident"]["version"]
        await self.act(one, "merge", into_id=into["id"], into_version=version)

    async def split(self, incident: Record, name: str = NAME) -> Record:
        calls = (await self.viewer.get(f"/api/incidents/{incident['id']}/calls")).json()["items"]
        return await self.act(incident, "split", calls=[one["id"] for one in calls if name in str(one)])

    async def look(self, incident: Record) -> tuple[str, str]:
        """Look, and return when and where."""
        self.clock.advance(LATER)
        at = self.clock.now().replace(second=0, microsecond=0)
        await look_at(self.viewer, incident["id"])
        return f"{at:%Y-%m-%dT%H:%M:%SZ}", incident["number"]

    async def told(self, **changes: Any) -> list[Record]:
        """Take a request and return the looks of its answer."""
        self.clock.advance(LATER)
        request = await taken(self.officer, **changes)
        return list((await read(self.officer, request, "/answer"))["looks"])


@pytest.fixture
async def desk(open_centre_with: OpenCentre) -> Desk:
    clock = FakeClock(START)
    centre = await open_centre_with(clock, session_hours=72)
    return Desk(centre, clock, await office(centre), await centre.person(Role.DUTY_OFFICER, Land.WEST))


async def test_nothing_is_moved_so_often_that_nobody_could_be_told_of_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain, "MOVES_MAX", 1)
    first = await desk.opened()
    second = await desk.split(first)
    into = await desk.opened(OTHER_PHONE, "Somebody Else")
    path = f"/api/incidents/{second['id']}"
    card = (await desk.viewer.get(path)).json()["incident"]
    body = {"version": card["version"], "reason": "said so", "into_id": into["id"], "into_version": into["version"]}
    refused = await desk.viewer.post(f"{path}/merge", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_possible_now")
    assert len((await desk.viewer.get(f"{path}/calls")).json()["items"]) == 1


async def test_moves_made_before_they_were_kept_are_filled_from_their_events(empty_database: DatabaseAccess) -> None:
    revisions = [one.revision for one in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]
    for revision in revisions[: revisions.index("0032")]:
        await upgrade_to(empty_database.owner_dsn, revision)
        await populate(empty_database.owner_dsn, [revision])
    one, two, three = (UUID(f"00000000-0000-7000-8000-00000000000{end}") for end in "2ab")
    call, party, account = uuid7(), uuid7(), UUID("00000000-0000-7000-8000-000000000001")
    owner = await asyncpg.connect(empty_database.owner_dsn)
    for at, (type_, from_id, payload) in enumerate(
        (
            ("incident.merged/1", one, {"into_id": str(two), "moved": {"calls": [str(call)], "notes": []}}),
            ("incident.absorbed/1", two, {"other_id": str(one), "moved": {"calls": [str(call)], "notes": []}}),
            (
                "incident.split/1",
                two,
                {"other_id": str(three), "moved": {"calls": [str(call)], "parties": [str(party)]}},
            ),
        )
    ):
        await owner.execute(
            "INSERT INTO incidents (id, number, status, category, priority, initial_priority, channel, territory_id, "
            "received_at, opened_by, updated_by) VALUES ($1, $2, 'open', 'fire', '1', '1', 'phone', 1, now(), $3, $3) "
            "ON CONFLICT DO NOTHING",
            (one, two, three)[at], f"moved {at}", account,
        )  # fmt: skip
        await owner.execute(
            "INSERT INTO events (seq, type, aggregate_id, territory_id, actor_id, occurred_at, occurred_source, payload) "
            "VALUES ($1, $2, $3, 1, $4, $5, 'console', $6)",
            1_000 + at, type_, from_id, account, START + at * LATER, json.dumps(payload),
        )  # fmt: skip
    await owner.execute("UPDATE right_requests SET answer = 'refused', answered_at = now(), answered_by = $1", account)
    migrate(empty_database)
    rows = await owner.fetch("SELECT kind, item_id, from_id, to_id, at, was_first FROM record_moves ORDER BY id")
    given = await owner.fetch("SELECT incident_id, since, until FROM right_places")
    await owner.close()
    later = START + 2 * LATER
    assert [tuple(row) for row in rows][:1] == [("calls", call, one, two, START, True)]
    assert {tuple(row) for row in rows[1:]} == {
        ("calls", call, two, three, later, True),
        ("parties", party, two, three, later, False),
    }
    assert [tuple(row) for row in given] == [(one, None, None)]


def when(looks: list[Record]) -> set[tuple[str, str]]:
    """Return when and at which incident, without the looks of those who handle requests."""
    return {(look["at"], look["incident"]) for look in looks if look["why"] != "request"}


async def test_after_a_merge_every_look_is_told_where_the_call_stood_then(desk: Desk) -> None:
    one, into = await desk.opened(), await desk.opened(OTHER_PHONE, "Somebody Else")
    stranger = await desk.centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST))
    assert (await break_glass(stranger, one["id"])).status_code == 201
    await look_at(stranger, one["id"])
    ours, not_ours = await desk.look(one), await desk.look(into)
    await desk.merged(one, into)
    after = await desk.look(into)
    looks = await desk.told()
    assert "emergency" in {look["why"] for look in looks}
    assert {ours, after} <= when(looks)
    assert not_ours not in when(looks)
    for number in (one["number"], into["number"]):
        assert when(await desk.told(phone=None, incident_number=number)) == when(looks)
    theirs = when(await desk.told(phone=OTHER_PHONE))
    assert {not_ours, after} <= theirs
    assert one["number"] not in {number for _, number in theirs}
    nobody = await taken(desk.officer, phone=None, incident_number=one["number"], name="Somebody Else")
    assert nobody["found"] == 0


async def test_after_a_split_every_look_is_told_where_the_call_stood_then(desk: Desk) -> None:
    incident = await desk.opened()
    stranger = await desk.centre.newcomer(Grant(Role.DUTY_OFFICER, Land.WEST))
    assert (await break_glass(stranger, incident["id"])).status_code == 201
    await look_at(stranger, incident["id"])
    before = await desk.look(incident)
    new = await desk.split(incident)
    left, after = await desk.look(incident), await desk.look(new)
    looks = await desk.told()
    assert "emergency" in {look["why"] for look in looks}
    assert {before, after} <= when(looks)
    assert left not in when(looks)
    for number in (incident["number"], new["number"]):
        assert when(await desk.told(phone=None, incident_number=number)) == when(looks)


async def test_a_call_that_was_merged_and_split_off_again_is_followed_through_every_incident(desk: Desk) -> None:
    one, into = await desk.opened(), await desk.opened(OTHER_PHONE, "Somebody Else")
    party = {"role": "victim", "name": NAME, "fact": "her arm hurts"}
    assert (await desk.viewer.post(f"/api/incidents/{one['id']}/parties", party)).status_code == 201
    seen = [await desk.look(one)]
    await desk.merged(one, into)
    seen.append(await desk.look(into))
    third = await desk.split(into)
    stays, seen_there = await desk.look(into), await desk.look(third)
    await desk.merged(third, into)
    seen += [seen_there, await desk.look(into)]
    looks = when(await desk.told())
    assert set(seen) <= looks
    assert stays not in looks
    # By name the party is found too, which stayed in the second incident all the time.
    for number in (one["number"], into["number"]):
        assert {*seen, stays} <= when(await desk.told(phone=None, incident_number=number))


async def test_what_was_moved_to_another_territory_is_told_where_it_was_and_changed_where_it_is(
    open_centre_with: OpenCentre,
) -> None:
    clock = FakeClock(START)
    centre = await open_centre_with(clock, session_hours=72)
    west = await centre.person(Role.DATA_PROTECTION_OFFICER, Land.WEST)
    desk = Desk(centre, clock, west, await centre.person(Role.DUTY_OFFICER, Land.REGION))
    one = await desk.opened()
    into = await open_incident(desk.viewer, Land.EAST_SOUTH, caller={"name": "Somebody Else", "phone": OTHER_PHONE})
    before = await desk.look(one)
    await desk.merged(one, into)
    after = await desk.look(into)
    assert {before, after} <= when(await desk.told())
    assert {before, after} <= when(await desk.told(phone=None, incident_number=one["number"]))
    assert (await taken(west, phone=OTHER_PHONE))["found"] == 0
    assert (await taken(west, phone=None, incident_number=into["number"]))["found"] == 0
    assert (await taken(west, "erasure", incident_number=one["number"]))["found"] == 0
    whole = await office(centre)
    assert (await taken(whole, "erasure", incident_number=one["number"]))["found"] == 1


async def test_a_request_follows_what_is_moved_before_its_answer_and_a_given_answer_stays(desk: Desk) -> None:
    one, into = await desk.opened(), await desk.opened(OTHER_PHONE, "Somebody Else")
    first = await desk.look(one)
    request = await taken(desk.officer)
    await desk.merged(one, into)
    second = await desk.look(into)
    before = await read(desk.officer, request, "/answer")
    assert {first, second} <= when(before["looks"])
    assert before["incidents"] == sorted([one["number"], into["number"]])
    await answer(desk.officer, request, reasons=None)
    given = await read(desk.officer, request, "/answer")
    assert given["looks"] == before["looks"]
    new = await desk.split(into)
    await desk.look(new)
    assert await read(desk.officer, request, "/answer") == given


async def test_a_delayed_look_at_the_incident_that_was_merged_changes_no_byte_of_the_answer(desk: Desk) -> None:
    one, into = await desk.opened(), await desk.opened(OTHER_PHONE, "Somebody Else")
    learnt = await desk.viewer.post(f"/api/incidents/{one['id']}/caller", {"caller": {"name": NAME}})
    assert learnt.status_code == 201, learnt.text
    await desk.merged(one, into)
    request = await taken(desk.officer)
    paths = [f"/api/oversight/requests/{request['id']}/answer{kind}" for kind in ("", ".pdf")]
    nothing = [await desk.officer.get(path) for path in paths]
    await look_at(desk.viewer, one["id"])  # what was learnt of the caller later stayed there
    seen = [await desk.officer.get(path) for path in paths]
    assert [one.content for one in seen] != [one.content for one in nothing]
    looks = (await read(desk.officer, request))["looks"]
    body = {"entries": [looks[0]["entry_id"]], "ground": "inquiry", "months": 1}
    assert looks[0]["incident"] == one["number"]
    assert (await desk.officer.post("/api/oversight/delays", body)).status_code == 201
    assert [(await desk.officer.get(path)).content for path in paths] == [one.content for one in nothing]


async def test_what_was_learnt_of_a_caller_later_stays_behind_and_leads_to_their_call(desk: Desk) -> None:
    one, into = await desk.opened(OTHER_PHONE), await desk.opened("+998 90 111 00 22", "Somebody Else")
    learnt = await desk.viewer.post(f"/api/incidents/{one['id']}/caller", {"caller": {"phone": PHONE}})
    assert learnt.status_code == 201, learnt.text
    await desk.merged(one, into)
    left, moved = await desk.look(one), await desk.look(into)
    assert {left, moved} <= when(await desk.told())
    assert {left, moved} <= when(await desk.told(phone=OTHER_PHONE))
    assert left not in when(await desk.told(phone="+998 90 111 00 22"))
