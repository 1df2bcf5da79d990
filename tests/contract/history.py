"""Property, on the real desk and database: from any snapshot, frames lead to every later snapshot, for every recipient.

The same as tests/unit/test_stream_picture.py says of the rules alone; and that the model there speaks as the desk does.
"""

import re
from collections import Counter
from contextlib import asynccontextmanager
from random import Random
from typing import Any
from uuid import UUID

import orjson
import pytest
from tests.contract.acting import Officer, actor_of, caught_up
from tests.contract.busy_desk import BusyDesk
from tests.contract.console import Console, ordered
from tests.contract.desk_model import DeskModel
from tests.contract.desk_steps import play, random_steps
from tests.contract.transports import TRANSPORTS, Opener
from tests.support.centre import RunningCentre
from tests.support.land import Land
from tests.support.people import Person

from markaz.contracts.incidents import AlarmEvent
from markaz.core import identity
from markaz.core.acts import Request
from markaz.core.db.pool import Database
from markaz.core.permissions import Grant, Role
from markaz.programmes.incidents.picture import RULES

UUIDS = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Snapshots = dict[int, dict[str, Any]]  # by their number
TAKES_MINUTES = {AlarmEvent.ESCALATED}  # see tests/integration/test_alarms_watch.py, whose clock is pushed on
NEEDED = {
    "assign",
    "stage",
    "clear",
    "correct",
    "move",
    "change",
    "note",
    "close",
    "intake_stage",
    "imported",
    "emergency",
    "notice",
    "watch",
}


class Statements:
    """What each transaction of the application said to the database before its commit, in order."""

    def __init__(self) -> None:
        self.transactions: list[list[str]] = []

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Listen to every transaction from now on."""
        begin = Database.transaction

        @asynccontextmanager
        async def watched(database: Database) -> Any:
            said: list[str] = []
            async with begin(database) as connection:
                with connection.query_logger(lambda record: said.append(" ".join(record.query.split()))):
                    yield connection
            self.transactions.append(said)

        monkeypatch.setattr(Database, "transaction", watched)


async def recipients(running: RunningCentre, chance: Random) -> list[Person]:
    """Return people who see all, one branch, one leaf, nothing of incidents, and random sets of territories."""
    people = [await running.person(Role.OBSERVER, land) for land in (Land.ROOT, Land.WEST, Land.EAST_SOUTH)]
    people += [await running.person(Role.DUTY_OFFICER, land) for land in (Land.ROOT, Land.WEST)]  # alarms too
    people.append(await running.newcomer(Grant(Role.ADMINISTRATOR, Land.REGION)))  # units only
    for _ in range(3):
        lands = chance.sample(list(Land), chance.randrange(1, 4))
        roles = [chance.choice([Role.OBSERVER, Role.DUTY_OFFICER, Role.ADMINISTRATOR]) for _ in lands]
        people.append(await running.newcomer(*(Grant(r, land) for r, land in zip(roles, lands, strict=True))))
    return people


async def lead_on(opener: Opener, person: Person, states: Snapshots, begin: int) -> bytes:
    """Let a console that took the snapshot of `begin` follow the frames, and compare it at every later snapshot."""
    console = Console(states[begin])
    end = max(states)
    stream = await opener.open(person, begin)
    while console.seq < end:
        frame = (await stream.next()).data
        assert frame["after"] == console.seq
        for seq in [s for s in states if frame["after"] < s <= frame["seq"]]:
            events = [e for e in frame["events"] if console.seq < e["seq"] <= seq]
            console.take({"after": console.seq, "seq": seq, "events": events})
            assert console.shown() == ordered(states[seq]), f"{person.login}: from {begin} to {seq}"
        console.take(frame)
    await stream.close()
    return stream.raw


async def follow_random_history(running: RunningCentre, monkeypatch: pytest.MonkeyPatch, seed: int, steps: int) -> None:
    """Let anything happen for `steps` acts and see that every recipient's frames lead from snapshot to snapshot."""
    print(f"seed {seed}")
    chance = Random(seed)
    officer = await Officer.of(running)
    importer = await running.newcomer(Grant(Role.IMPORTER, Land.ROOT))
    people = await recipients(running, chance)
    actors = [await actor_of(running, person) for person in people]
    desk = BusyDesk(officer, Request(await service_actor(running, importer), "r"), chance)
    statements = Statements()
    statements.watch(monkeypatch)
    states: list[Snapshots] = [{} for _ in people]
    for step in range(steps):
        await desk.step()
        if step % 4 == 0:
            for known, actor in zip(states, actors, strict=True):
                snapshot = await running.centre.reading.snapshot(actor)
                known.setdefault(snapshot["seq"], snapshot)
    for known, actor in zip(states, actors, strict=True):
        snapshot = await running.centre.reading.snapshot(actor)
        known[snapshot["seq"]] = snapshot
    assert set(desk.done) >= NEEDED, (desk.done, desk.refused)
    await caught_up(running)
    async with TRANSPORTS["hub"](running) as opener:
        for person, known in zip(people, states, strict=True):
            for begin in chance.sample(sorted(known)[:-1], 4):
                raw = await lead_on(opener, person, known, begin)
                await nothing_foreign(running, person, raw)
    the_number_is_taken_last(statements, steps)
    await the_model_speaks_like_the_desk(running)


async def service_actor(running: RunningCentre, importer: Person) -> Any:
    key = importer.credentials["Authorization"].partition(" ")[2]
    async with running.centre.database.connection() as connection:
        return await identity.actor_of_service_key(connection, key)


async def nothing_foreign(running: RunningCentre, person: Person, raw: bytes) -> None:
    """Every incident and unit named to somebody was theirs to see, or works with one that was."""
    named = {UUID(text.decode()) for text in UUIDS.findall(raw)}
    tree = running.centre.tree
    actor = await actor_of(running, person)
    seen = {p: frozenset().union(*(tree.subtree(r) for r in actor.roots(p))) for p in running.centre.hub.permissions}
    rows = await running.rows(
        "SELECT DISTINCT type, aggregate_id, unnest(ARRAY[territory_id, from_territory_id]) AS at FROM events"
    )
    own = {
        row["aggregate_id"] for row in rows if row["type"] in RULES and row["at"] in seen[RULES[row["type"]].permission]
    }
    pairs = await running.rows("SELECT incident_id, unit_id FROM assignments")
    beside = {p["unit_id"] for p in pairs if p["incident_id"] in own} | {
        p["incident_id"] for p in pairs if p["unit_id"] in own
    }
    accounts = {row["aggregate_id"] for row in rows if row["type"].startswith("account.")}  # who acted is no secret
    others = {row["aggregate_id"] for row in rows} - own - beside - accounts
    assert not named & others
    sealed = await running.rows("SELECT sealed_id FROM sealed_fields")
    assert not named & {row["sealed_id"] for row in sealed}
    for secret in (b"998 90", b"a note", b"Secret street", b"looked again", b'"secret"'):
        assert secret not in raw


def the_number_is_taken_last(statements: Statements, steps: int) -> None:
    """Every transaction that takes a number does so once, by its last statement before the commit."""
    taking = [said for said in statements.transactions if any("event_counter SET" in one for one in said)]
    assert len(taking) > steps / 3
    for said in taking:
        assert sum("event_counter SET" in one for one in said) == 1, said
        assert "event_counter SET" in said[-1], said


async def the_model_speaks_like_the_desk(running: RunningCentre) -> None:
    """The payloads of tests/contract/desk_model.py have the fields of the real ones, event type by event type."""
    real: Counter[tuple[str, frozenset[str]]] = Counter()
    for row in await running.rows(
        "SELECT type, payload::text FROM events WHERE occurred_source IN ('officer', 'centre')"
    ):
        real[row["type"], _fields(orjson.loads(row["payload"]))] += 1
    model = DeskModel()
    play(model, random_steps(Random(1), 400))
    for recorded in model.log:
        if recorded.event.type in RULES and recorded.event.type not in TAKES_MINUTES:
            assert real[recorded.event.type, _fields(recorded.event.payload)], recorded.event.type


def _fields(payload: Any) -> frozenset[str]:
    view = payload.get("view", {})
    return frozenset([*payload, *(f"view.{name}" for name in view)])
