"""Who loses a right loses the stream: at once, and nothing that happens afterwards reaches it."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.contract.acting import Officer, actor_of, append_events, caught_up, change_grants, stranger
from tests.contract.transports import TRANSPORTS, SseOpener, Stream
from tests.support.fixtures import OpenCentre
from tests.support.land import Land
from tests.support.people import Person

from markaz.core import identity
from markaz.core.events import append
from markaz.core.permissions import Grant, Role
from markaz.core.stream import hub as hub_module
from markaz.core.territories.importing import IMPORTED
from markaz.kit.clock import FakeClock

AT_ONCE_S = 10.0  # sooner than any heartbeat; a loaded machine is no fault of the stream
GONE = {"code": "access_changed", "status": 403}


@pytest.fixture
async def sse(open_centre_with: OpenCentre) -> AsyncIterator[SseOpener]:
    async with TRANSPORTS["sse"](await open_centre_with()) as made:
        assert isinstance(made, SseOpener)
        yield made


async def open_now(sse: SseOpener, person: Person) -> Stream:
    """Open a stream at the end of the log and wait until it stands."""
    stream = await sse.open(person, await caught_up(sse.running))
    await stream.next("heartbeat")
    return stream


async def test_removed_role_ends_the_stream_at_once_and_nothing_later_reaches_it(sse: SseOpener) -> None:
    running = sse.running
    officer = await Officer.of(running)
    incident = await officer.open()
    person = await running.newcomer(Grant(Role.OBSERVER, Land.WEST))
    stream = await open_now(sse, person)
    stop = asyncio.Event()

    async def go_on() -> None:
        while not stop.is_set():
            await officer.note(incident)

    writers = [asyncio.create_task(go_on()) for _ in range(4)]
    await stream.next("events")
    removed = await change_grants(running, person)
    began = time.monotonic()
    assert await stream.end() == GONE
    assert time.monotonic() - began < AT_ONCE_S
    stop.set()
    await asyncio.gather(*writers)
    assert await running.seq() > removed
    assert _last_seq(stream) < removed
    answer = await sse.ask(person, f"/api/stream?after={removed}")
    assert answer.status == 403


async def test_event_committed_together_with_the_removal_does_not_reach_it(sse: SseOpener) -> None:
    """The reader takes them from the log in one batch and makes one frame of them."""
    running = sse.running
    officer = await Officer.of(running)
    incident = await officer.open()
    person = await running.newcomer(Grant(Role.OBSERVER, Land.WEST))
    stream = await open_now(sse, person)
    view = {"id": str(incident), "territory_id": Land.WEST_SOUTH}
    secret = stranger("incident.opened/1", Land.WEST_SOUTH, view=view | {"number": "secret-number"})
    async with running.centre.database.transaction() as connection:
        now = running.centre.clock.now()
        changed = await identity.set_grants(connection, person.id, (), by=officer.actor.id, at=now)
        await append(connection, [stranger(), changed, secret])
    assert await stream.end() == GONE
    assert b"secret-number" not in stream.raw


async def test_stream_opened_with_rights_that_were_just_lost_gets_nothing(sse: SseOpener) -> None:
    """Between reading the rights and standing in the channel they may change; the log must not be read for them."""
    running = sse.running
    officer = await Officer.of(running)
    incident = await officer.open()
    person = await running.newcomer(Grant(Role.OBSERVER, Land.WEST))
    stale = await actor_of(running, person)
    after = await caught_up(running)
    frames = await running.centre.hub.open(stale, after)  # its checks are over
    await change_grants(running, person)
    await officer.note(incident)
    await caught_up(running)
    received = b"".join([frame async for frame in frames])
    assert b"note_added" not in received
    assert b"access_changed" in received


async def test_session_that_ended_before_its_stream_stood_gets_nothing(sse: SseOpener) -> None:
    running = sse.running
    officer = await Officer.of(running)
    incident = await officer.open()
    person = await running.newcomer(Grant(Role.OBSERVER, Land.WEST))
    token = person.credentials["Cookie"].partition("=")[2]
    actor = await actor_of(running, person)
    after = await caught_up(running)
    frames = await running.centre.hub.open(actor, after, session_key=identity.token_hash(token))
    async with running.centre.database.transaction() as connection:
        await identity.sign_out(connection, token)
    await officer.note(incident)
    await caught_up(running)
    assert b"note_added" not in b"".join([frame async for frame in frames])


async def test_sign_out_ends_the_streams_of_that_session_alone(sse: SseOpener) -> None:
    running = sse.running
    person = await running.newcomer(Grant(Role.OBSERVER, Land.WEST))
    elsewhere = await running.sign_in_again(person.id)
    one, two = await open_now(sse, person), await open_now(sse, elsewhere)
    began = time.monotonic()
    assert (await person.send("DELETE", "/api/session")).status_code == 204
    assert await one.end() == GONE
    assert time.monotonic() - began < AT_ONCE_S
    seq = await append_events(running, stranger())
    assert (await two.until(seq))[-1]["seq"] == seq
    assert (await sse.ask(person, f"/api/stream?after={seq}")).status == 401


async def test_stream_does_not_outlive_its_session(
    open_centre_with: OpenCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "HEARTBEAT_S", 0.1)
    clock = FakeClock()
    running = await open_centre_with(clock, session_hours=1)
    async with TRANSPORTS["sse"](running) as opener:
        assert isinstance(opener, SseOpener)
        person = await running.newcomer(Grant(Role.OBSERVER, Land.WEST))
        stream = await open_now(opener, person)
        clock.advance(timedelta(minutes=59))
        await stream.next("heartbeat")
        await stream.next("heartbeat")
        clock.advance(timedelta(minutes=2))
        assert await stream.end() == GONE
        assert (await opener.ask(person, "/api/stream?after=1")).status == 401


async def test_changed_territories_end_every_stream(sse: SseOpener) -> None:
    running = sse.running
    streams = [
        await open_now(sse, await running.person(role, land))
        for role, land in ((Role.OBSERVER, Land.WEST), (Role.SUPERVISOR, Land.ROOT))
    ]
    began = time.monotonic()
    await append_events(running, stranger(IMPORTED))
    assert [await stream.end() for stream in streams] == [GONE, GONE]
    assert time.monotonic() - began < AT_ONCE_S


async def test_change_of_access_that_the_cursor_knows_does_not_end_the_stream(sse: SseOpener) -> None:
    """Somebody signs in the moment their account is made: the reader may meet the news of it after them."""
    running = sse.running
    for _ in range(5):
        person = await running.newcomer(Grant(Role.OBSERVER, Land.WEST))
        stream = await sse.open(person, await running.seq())
        seq = await append_events(running, stranger())
        assert (await stream.until(seq))[-1]["seq"] == seq


async def test_nobody_is_left_behind_in_the_hub_when_clients_go(sse: SseOpener) -> None:
    running = sse.running
    person = await running.person(Role.OBSERVER, Land.WEST)
    for _ in range(3):
        streams = [await sse.open(person, await running.seq()) for _ in range(10)]
        for stream in streams:
            await stream.close()
    unread = await running.centre.hub.open(await actor_of(running, person), await running.seq())
    del unread
    async with asyncio.timeout(12):
        while running.centre.hub.recipients:  # noqa: ASYNC110 - the hub tells nobody who left
            await asyncio.sleep(0.01)


def _last_seq(stream: Stream) -> int:
    """Return the last number among all bytes that came."""
    return max(int(line.removeprefix(b"id: ")) for line in stream.raw.split(b"\n") if line.startswith(b"id: "))
