"""The hub when something around it breaks: a lost notification, a lost database, a hole, an event that cannot be shown."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from tests.contract.acting import Officer, append_events, caught_up, stranger
from tests.contract.transports import TRANSPORTS, SseOpener
from tests.support.centre import RunningCentre
from tests.support.fixtures import OpenCentre
from tests.support.land import Land

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.errors import Unavailable
from markaz.core.permissions import Role
from markaz.core.stream.picture import Op
from markaz.programmes.incidents.picture import RULES

SuperDsn = Callable[[DatabaseAccess], str]


@pytest.fixture
async def sse(open_centre_with: OpenCentre) -> AsyncIterator[SseOpener]:
    async with TRANSPORTS["sse"](await open_centre_with()) as made:
        assert isinstance(made, SseOpener)
        yield made


async def cut(running: RunningCentre, super_dsn: SuperDsn, *, only_listener: bool) -> int:
    """End connections of the centre to its database as a crash would, and return how many."""
    connection = await asyncpg.connect(super_dsn(running.access))
    try:
        ended = await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND (NOT $1 OR query ILIKE 'LISTEN%')",
            only_listener,
        )
        return len(ended)
    finally:
        await connection.close()


async def test_stream_goes_on_when_the_listening_connection_is_cut_again_and_again(
    sse: SseOpener, super_dsn: SuperDsn
) -> None:
    running = sse.running
    stream = await sse.open(await running.person(Role.OBSERVER, Land.ROOT), await running.seq())
    for _ in range(4):
        async with asyncio.timeout(30):
            while not await cut(running, super_dsn, only_listener=True):  # noqa: ASYNC110 - the hub does not tell
                await asyncio.sleep(0.05)
        seq = await append_events(running, stranger())
        assert (await stream.until(seq, patience_s=10))[-1]["seq"] == seq
    tasks = {task.get_name(): task.done() for task in asyncio.all_tasks()}
    assert {name for name in tasks if name.startswith("stream-")} == {"stream-follow", "stream-listen", "stream-beat"}


async def test_stream_goes_on_when_every_connection_is_cut(sse: SseOpener, super_dsn: SuperDsn) -> None:
    running = sse.running
    officer = await Officer.of(running)
    incident = await officer.open()
    stream = await sse.open(await running.person(Role.OBSERVER, Land.ROOT), await running.seq())
    noted = []
    for _ in range(3):
        assert await cut(running, super_dsn, only_listener=False) >= 1
        noted.append(await patiently(officer, incident))
    seen = [event["seq"] for frame in await stream.until(noted[-1]) for event in frame["events"]]
    assert seen == noted


async def patiently(officer: Officer, incident: Any) -> int:
    """Add a note as a client does: the same request again until it is answered."""
    request = officer.request()
    async with asyncio.timeout(60):
        while True:
            try:
                answer = await officer.running.centre.desk.add_note(request, incident, "a note")
            except Unavailable:
                await asyncio.sleep(0.02)
            else:
                return int(answer.body["seq"])


async def test_missed_notifications_cost_a_second_and_nothing_else(
    sse: SseOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = sse.running
    stream = await sse.open(await running.person(Role.OBSERVER, Land.ROOT), await caught_up(running))
    monkeypatch.setattr(running.centre.hub, "wake", lambda: None)
    seq = await append_events(running, stranger())
    assert (await stream.until(seq, patience_s=10))[-1]["seq"] == seq


async def test_event_that_cannot_be_shown_sends_its_recipients_to_a_new_snapshot_and_stops_nobody(
    sse: SseOpener,
) -> None:
    running = sse.running
    officer = await Officer.of(running)
    west = await running.person(Role.OBSERVER, Land.WEST)
    east = await running.person(Role.OBSERVER, Land.EAST)
    after = await caught_up(running)
    harmed, other = await sse.open(west, after), await sse.open(east, after)
    await append_events(running, stranger("incident.stage_reached/1", Land.WEST, nothing="of what its rule reads"))
    assert await harmed.end() == {"code": "cursor_too_old", "status": 410}
    incident = await officer.open(Land.EAST)
    end = await running.seq()
    seen = [event["id"] for frame in await other.until(end) for event in frame["events"]]
    assert seen == [str(incident)]
    resumed = await sse.open(west, after)  # the same from the log, for one who comes with the old cursor
    assert await resumed.end() == {"code": "cursor_too_old", "status": 410}
    fresh = await sse.open(west, (await west.get("/api/snapshot")).json()["seq"])
    note = await officer.note(await officer.open(Land.WEST))
    assert (await fresh.until(note))[-1]["seq"] == note
    assert running.centre.hub.unreadable == 2


async def test_fault_in_what_follows_an_event_does_not_stop_the_stream(
    sse: SseOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = sse.running
    stream = await sse.open(await running.person(Role.OBSERVER, Land.ROOT), await caught_up(running))
    faults = iter([KeyError("a fault of ours")])

    def fails_once(_recorded: object) -> None:
        for fault in faults:
            raise fault

    monkeypatch.setattr(running.centre.hub, "_on_event", fails_once)
    await append_events(running, stranger())
    seq = await append_events(running, stranger())
    assert (await stream.until(seq, patience_s=10))[-1]["seq"] == seq


async def test_rule_that_was_forgotten_sends_nothing(sse: SseOpener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deny by default: without its rule even an incident reaches nobody; with another permission, only its holders."""
    running = sse.running
    officer = await Officer.of(running)
    stream = await sse.open(await running.person(Role.OBSERVER, Land.ROOT), await caught_up(running))
    rule = RULES["incident.note_added/1"]
    monkeypatch.delitem(RULES, "incident.opened/1")
    monkeypatch.setitem(RULES, "incident.note_added/1", replace(rule, effect=lambda _payload: (Op.PATCH, {})))
    incident = await officer.open()
    seq = await officer.note(incident)
    events = [event for frame in await stream.until(seq) for event in frame["events"]]
    assert [(event["type"], event["value"]) for event in events] == [("incident.note_added/1", {})]


async def test_hole_in_the_log_is_seen_and_reported(sse: SseOpener) -> None:
    running = sse.running
    stream = await sse.open(await running.person(Role.OBSERVER, Land.ROOT), await caught_up(running))
    assert (await running.nobody.get("/readyz")).status_code == 200
    async with running.centre.database.transaction() as connection:
        await connection.execute("UPDATE event_counter SET seq = seq + 1")
    seq = await append_events(running, stranger())
    assert (await stream.until(seq))[-1]["seq"] == seq
    ready = await running.nobody.get("/readyz")
    assert ready.status_code == 503
    assert "hole" in ready.text
    assert running.centre.hub.holes == 1


async def test_stream_that_cannot_read_its_backlog_ends_and_its_cursor_stays_good(
    sse: SseOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = sse.running
    officer = await Officer.of(running)
    person = await running.person(Role.OBSERVER, Land.ROOT)
    after = await running.seq()
    incident = await officer.open()
    await caught_up(running)

    async def away(*_arguments: object, **_more: object) -> Any:
        raise Unavailable("The database is not reachable.")

    with monkeypatch.context() as broken:
        broken.setattr("markaz.core.stream.hub.read_after", away)
        stream = await sse.open(person, after)
        assert await stream.end() == {"code": "shutdown", "status": 503}
    again = await sse.open(person, after)
    assert (await again.next()).data["events"][0]["id"] == str(incident)
