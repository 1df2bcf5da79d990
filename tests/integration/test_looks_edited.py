"""Whose own act may have served a look: every way to make a stranger's incident one's own is marked, the plain night is not."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from tests.support.centre import RunningCentre
from tests.support.crews import log_on
from tests.support.desk import assign, close, open_incident, reach, register_unit
from tests.support.land import Land
from tests.support.looks import own_incident, state_purpose, take_over
from tests.support.people import Person, new_key

from markaz.core.access.standing import Relation
from markaz.core.permissions import Grant, Role
from markaz.kit.clock import iso

pytestmark = pytest.mark.asyncio(loop_scope="module")

Record = dict[str, Any]
Way = Callable[["Night", Record], Awaitable[None]]
CALLER = {"name": "Zebo Karimova", "phone": "+998 90 111 22 33"}


class Night:
    """A centre with a desk and somebody who looks; both may do what a duty officer and a crew may."""

    def __init__(self, centre: RunningCentre, desk: Person, viewer: Person) -> None:
        self.centre, self.desk, self.viewer = centre, desk, viewer

    async def now(self, incident: Record) -> Record:
        row = (await self.centre.rows("SELECT version FROM incidents WHERE id = $1", UUID(incident["id"])))[0]
        return incident | {"version": row["version"]}

    async def act(self, person: Person, incident: Record, what: str, **body: Any) -> Record:
        """Send a command about an incident as it is now; it must succeed."""
        version = {} if what == "parties" else {"version": (await self.now(incident))["version"]}
        answer = await person.post(f"/api/incidents/{incident['id']}/{what}", version | body)
        assert answer.is_success, f"{what}: {answer.text}"
        return dict(answer.json())

    async def unit(self, *, available: bool = True) -> Record:
        supervisor = await self.centre.person(Role.SUPERVISOR)
        return await register_unit(supervisor, f"ed-{new_key()}", available=available)

    async def sent(self, by: Person, incident: Record, *, available: bool = True) -> Record:
        unit = await self.unit(available=available)
        await assign(by, await self.now(incident), unit)
        return unit

    async def half_an_hour_later(self, incident: Record) -> None:
        """Let everything done on an incident be half an hour old; the log itself stays as it is."""
        id_ = UUID(incident["id"])
        for later in (
            "UPDATE events SET recorded_at = recorded_at - interval '31 min' WHERE aggregate_id = $1",
            "UPDATE incidents SET entered_at = entered_at - interval '31 min' WHERE id = $1",
            "UPDATE acknowledgements SET at = at - interval '31 min' WHERE alarm_id IN "
            "(SELECT id FROM alarms WHERE incident_id = $1)",
            "UPDATE unit_logons SET logged_on_at = logged_on_at - interval '31 min' WHERE unit_id IN "
            "(SELECT unit_id FROM assignments WHERE incident_id = $1)",
        ):
            await self.centre.as_owner(later, id_)

    async def looks(self, incident: Record) -> tuple[str | None, bool]:
        """Open the card as the viewer; return by what it was open and whether the entry says *edited before*."""
        card = (await self.viewer.get(f"/api/incidents/{incident['id']}")).json()
        if card["sealed"] is None:
            return None, False
        rows = await self.centre.rows(
            "SELECT details ->> 'by' AS by, (details ->> 'edited_before')::boolean AS edited FROM audit_entries WHERE "
            "actor_id = $1 AND record_id = $2 AND action = 'incident.read_sealed' ORDER BY id DESC LIMIT 1",
            self.viewer.id,
            UUID(incident["id"]),
        )
        assert rows[0]["by"] == card["access"]["by"]
        return rows[0]["by"], rows[0]["edited"]


@pytest_asyncio.fixture(loop_scope="module")
async def night(shared_centre: RunningCentre) -> Night:
    grants = (Grant(Role.DUTY_OFFICER, Land.WEST), Grant(Role.UNIT_OFFICER, Land.WEST))
    return Night(shared_centre, await shared_centre.newcomer(*grants), await shared_centre.newcomer(*grants))


async def takes_over(night: Night, incident: Record) -> None:
    await take_over(night.viewer, incident["id"])


async def writes_a_call_down(night: Night, incident: Record) -> None:
    body = {"channel": "phone", "text": "says it is still burning"}
    assert (await night.viewer.post(f"/api/incidents/{incident['id']}/calls", body)).status_code == 201


async def holds(night: Night, incident: Record) -> None:
    until = iso(night.centre.centre.spine.clock.now() + timedelta(hours=1))
    await night.act(night.viewer, incident, "hold", until=until, reason="no_unit")


async def releases(night: Night, incident: Record) -> None:
    until = iso(night.centre.centre.spine.clock.now() + timedelta(hours=1))
    await night.act(night.desk, incident, "hold", until=until, reason="no_unit")
    await night.act(night.viewer, incident, "release")


async def asks_backup(night: Night, incident: Record) -> None:
    await night.act(night.viewer, incident, "backup", count=1)


async def ends_backup(night: Night, incident: Record) -> None:
    await night.act(night.desk, incident, "backup", count=1)
    await night.act(night.viewer, incident, "backup/withdrawal")


async def sends(night: Night, incident: Record) -> None:
    await night.sent(night.viewer, incident)


async def decides(night: Night, incident: Record) -> None:
    unit = await night.unit()
    await night.act(night.viewer, incident, "dispatches", unit_ids=[unit["id"]])


async def withdraws(night: Night, incident: Record) -> None:
    unit = await night.sent(night.desk, incident)
    await night.act(night.viewer, incident, f"assignments/{unit['id']}/withdrawal", reason="not_needed")


async def reports_a_stage(night: Night, incident: Record) -> None:
    unit = await night.sent(night.desk, incident)
    await reach(night.viewer, await night.now(incident), unit, "en_route")


async def reopens(night: Night, incident: Record) -> None:
    await close(night.desk, await night.now(incident))
    await night.act(night.viewer, incident, "reopen", reason="it is not over")


async def merges_another_into_it(night: Night, incident: Record) -> None:
    other = await open_incident(night.desk)
    await night.act(night.viewer, other, "merge", into_id=incident["id"], reason="the same")


async def joins_a_crew_at_work(night: Night, incident: Record) -> None:
    unit = await night.sent(night.desk, incident)
    await log_on(night.viewer, unit, night.viewer)


async def takes_an_alarm(night: Night, incident: Record) -> None:
    alarm_id = uuid4()
    await night.centre.as_owner(
        "INSERT INTO alarms (id, kind, cause, incident_id, territory_id, due_at, raised_at, raised_by, occurred_at) "
        "SELECT $1, 'unassigned', $3, id, territory_id, now(), now(), $2, now() FROM incidents WHERE id = $2",
        alarm_id,
        UUID(incident["id"]),
        f"test {alarm_id}",
    )
    assert (await night.viewer.post(f"/api/alarms/{alarm_id}/acknowledgements", {})).is_success


async def works_and_it_is_closed(night: Night, incident: Record) -> None:
    await asks_backup(night, incident)
    await close(night.desk, await night.now(incident))


WAYS: dict[Way, Relation] = {
    takes_over: Relation.OWNER,
    writes_a_call_down: Relation.OPENED,
    holds: Relation.DISPATCHER,
    releases: Relation.DISPATCHER,
    asks_backup: Relation.DISPATCHER,
    ends_backup: Relation.DISPATCHER,
    sends: Relation.DISPATCHER,
    decides: Relation.DISPATCHER,
    withdraws: Relation.DISPATCHER,
    reports_a_stage: Relation.DISPATCHER,
    reopens: Relation.DISPATCHER,
    merges_another_into_it: Relation.DISPATCHER,
    joins_a_crew_at_work: Relation.CREW,
    takes_an_alarm: Relation.ALARM,
    works_and_it_is_closed: Relation.WRAP_UP,
}
OF_OTHER_RECORDS = {Relation.OWN_CALL, Relation.HANDOVER, Relation.AUTHOR, Relation.HOLDER}


async def test_every_relation_to_an_incident_has_a_way_here() -> None:
    assert set(WAYS.values()) | OF_OTHER_RECORDS == set(Relation)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_whoever_makes_a_strangers_incident_their_own_is_asked_about_that_look(night: Night, way: Way) -> None:
    incident = await open_incident(night.desk, caller=CALLER)
    assert await night.looks(incident) == (None, False)
    await way(night, incident)
    assert await night.looks(incident) == (WAYS[way].value, True)
    if WAYS[way] is not Relation.WRAP_UP:
        assert (await state_purpose(night.viewer, incident["number"])).status_code == 201
        stated = "SELECT edited_before FROM purposes WHERE account_id = $1"
        assert [row["edited_before"] for row in await night.centre.rows(stated, night.viewer.id)] == [True]
    await night.half_an_hour_later(incident)
    assert await night.looks(incident) == (WAYS[way].value, False), "it was not just before"


async def test_a_further_call_in_which_nothing_was_said_makes_nothing_ones_own(night: Night) -> None:
    incident = await open_incident(night.desk, caller=CALLER)
    path = f"/api/incidents/{incident['id']}/calls"
    nothing_said: list[Record] = [{}, {"caller": {}}, {"address": "Navoiy 5"}, {"covert": True}]
    for empty in nothing_said:
        assert (await night.viewer.post(path, {"channel": "phone"} | empty)).status_code == 201
        assert await night.looks(incident) == (None, False)
    refused = await state_purpose(night.viewer, incident["number"])
    assert refused.json()["details"]["reason"] == "not_yours"
    assert await night.centre.rows("SELECT 1 FROM purposes WHERE account_id = $1", night.viewer.id) == []


@pytest.mark.parametrize("way", [way for way in WAYS if way not in {takes_over, reopens, merges_another_into_it}])
async def test_whoever_took_the_first_call_works_it_on_unmarked(night: Night, way: Way) -> None:
    incident = await own_incident(night.viewer)
    party = {"role": "witness", "name": "Malika"}
    await night.act(night.viewer, incident, "parties", **party)
    await night.act(night.viewer, incident, "changes", category="fire", reason="it burns")
    await way(night, incident)
    assert (await night.looks(incident))[1] is False


@pytest.mark.parametrize("way", [reopens, merges_another_into_it])
async def test_what_was_over_or_anothers_is_asked_about_whoever_took_the_call(night: Night, way: Way) -> None:
    incident = await own_incident(night.viewer)
    await way(night, incident)
    assert (await night.looks(incident))[1] is True


async def test_a_call_that_is_written_down_since_half_an_hour_is_changed_like_any_other(night: Night) -> None:
    incident = await own_incident(night.viewer)
    await night.half_an_hour_later(incident)
    assert (await night.looks(incident)) == ("owner", False)
    await night.act(night.viewer, incident, "changes", category="fire", reason="it burns")
    assert (await night.looks(incident)) == ("owner", True)


async def test_what_nobody_called_about_and_what_was_split_off_is_no_first_call(night: Night) -> None:
    made_up = await open_incident(night.viewer, channel="phone")
    assert await night.looks(made_up) == ("owner", True)
    source = await open_incident(night.desk, caller=CALLER)
    await night.act(night.desk, source, "parties", role="witness", name="Malika")
    calls = (await night.desk.get(f"/api/incidents/{source['id']}/calls")).json()["items"]
    split = await night.act(night.viewer, source, "split", calls=[calls[0]["id"]], reason="another matter")
    assert await night.looks(split) == ("opened", True)


async def test_what_a_colleague_gave_is_worked_on_unmarked_until_it_is_changed(night: Night) -> None:
    given = await open_incident(night.desk, caller=CALLER)
    await night.act(night.desk, given, "owner", to=str(night.viewer.id))
    for way in (asks_backup, writes_a_call_down, takes_an_alarm, sends):
        await way(night, given)
        assert await night.looks(given) == ("owner", False)
    await night.act(night.viewer, given, "changes", category="fire", reason="it burns")
    assert await night.looks(given) == ("owner", True)
    back = await open_incident(night.desk, caller=CALLER)
    await night.act(night.desk, back, "owner", to=str(night.viewer.id))
    await night.act(night.viewer, back, "owner", to=str(night.desk.id))
    await night.act(night.viewer, back, "owner", to="me")
    assert await night.looks(back) == ("owner", True), "handed on, and taken back by themselves"


async def test_what_a_handover_gave_is_worked_on_unmarked(shared_centre: RunningCentre) -> None:
    grant = Grant(Role.DUTY_OFFICER, Land.EAST_NORTH)
    night = Night(shared_centre, await shared_centre.newcomer(grant), await shared_centre.newcomer(grant))
    incident = await open_incident(night.desk, Land.EAST_NORTH, caller=CALLER)
    body = {"territory_id": int(Land.EAST_NORTH), "shift": "night", "by_hand": []}
    path = f"/api/handovers/{(await night.desk.post('/api/handovers', body)).json()['id']}"
    for item in (await night.viewer.get(path)).json()["items"]:
        assert (await night.viewer.post(f"{path}/acknowledgements", {"item_id": item["id"]})).is_success
    assert (await night.viewer.post(f"{path}/acceptance")).is_success
    assert await night.looks(incident) == ("owner", False)
    await asks_backup(night, incident)
    assert await night.looks(incident) == ("owner", False)


async def test_a_crew_that_somebody_else_sent_reads_and_reports_unmarked(night: Night) -> None:
    unit = await night.unit(available=False)
    await log_on(night.viewer, unit, night.viewer)
    incident = await open_incident(night.desk, caller=CALLER)
    await assign(night.desk, incident, unit)
    assert await night.looks(incident) == ("crew", False)
    await reach(night.viewer, await night.now(incident), unit, "en_route")
    assert await night.looks(incident) == ("dispatcher", False)
    for stage in ("on_scene", "cleared"):
        await reach(night.viewer, await night.now(incident), unit, stage)
    assert await night.looks(incident) == ("dispatcher", False), "what is left to write down after it"


async def test_a_crew_that_the_desk_logged_on_joins_unmarked_and_one_that_sent_itself_does_not(night: Night) -> None:
    incident = await open_incident(night.desk, caller=CALLER)
    unit = await night.sent(night.desk, incident)
    await log_on(night.desk, unit, night.viewer)
    assert await night.looks(incident) == ("crew", False)
    another = await open_incident(night.desk, caller=CALLER)
    await night.act(night.desk, incident, f"assignments/{unit['id']}/withdrawal", reason="not_needed")
    await assign(night.viewer, another, unit)
    assert await night.looks(another) == ("dispatcher", True)
