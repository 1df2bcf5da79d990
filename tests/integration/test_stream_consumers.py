"""Slow, dead and very many consumers: each pays for itself, nobody else is slowed, and memory stays bounded."""

import asyncio
import socket
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from tests.contract.acting import Officer, append_events, caught_up, stranger
from tests.contract.transports import TRANSPORTS, SseOpener, Stream, stream_of
from tests.contract.wire import get
from tests.support.centre import RunningCentre
from tests.support.fixtures import OpenCentre
from tests.support.land import Land

from markaz.core.permissions import Role
from markaz.core.stream import channel as channel_module
from markaz.core.stream.channel import Channel
from markaz.web.stream import drop_stalled

FILL = "x" * 100_000  # a frame that soon fills what the kernel holds for a peer that does not read
SMALL_BUFFER = 4_096


@pytest.fixture
async def sse(open_centre_with: OpenCentre) -> AsyncIterator[SseOpener]:
    async with TRANSPORTS["sse"](await open_centre_with()) as made:
        assert isinstance(made, SseOpener)
        yield made


def channel_of(running: RunningCentre) -> Channel:
    (channel,) = running.centre.hub._channels.values()
    return channel


async def stalled(port: int, person: Any, after: int) -> Stream:
    """Open a stream with a client that takes nothing by itself and has little room."""
    answer = await get(port, f"/api/stream?after={after}", person.credentials, receive_buffer=SMALL_BUFFER)
    assert answer.status == 200
    return stream_of(answer)


async def test_client_that_stops_reading_is_ended_and_slows_nobody(
    sse: SseOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_module, "RING_FRAMES", 40)
    running = sse.running
    officer = await Officer.of(running)
    person = await running.person(Role.OBSERVER, Land.ROOT)
    incident = await officer.open()
    after = await caught_up(running)
    stuck = await stalled(_port(sse), person, after)
    others = [await sse.open(person, after) for _ in range(5)]
    channel = channel_of(running)
    noted: list[int] = []
    delays: list[float] = []
    for _ in range(100):  # 10 MB: far more than the kernel keeps for the one who does not read
        running.centre.hub.broadcast("clock", {"fill": FILL})
        noted.append(await officer.note(incident))
        began = time.monotonic()
        for other in others:
            frame = await other.next("events")
            assert frame.data["seq"] == noted[-1]
            assert [event["seq"] for event in frame.data["events"]] == noted[-1:]
        delays.append(time.monotonic() - began)
        assert len(channel.frames) <= 40
    assert sorted(delays)[len(delays) // 2] < 1.0, "the others were slowed"
    received = await _read_to_the_end(stuck)
    assert received[-1] == ("end", {"code": "slow_consumer", "status": 410})
    numbers = [data["seq"] for kind, data in received if kind == "events"]
    assert numbers == noted[: len(numbers)], "what it got before must be without a gap"
    assert len(numbers) < len(noted)
    assert running.centre.hub.ended_slow == 1
    fresh = (await person.get("/api/snapshot")).json()
    again = await sse.open(person, fresh["seq"])
    seq = await officer.note(incident)
    assert (await again.until(seq))[-1]["seq"] == seq


async def _read_to_the_end(stream: Stream) -> list[tuple[str, Any]]:
    received: list[tuple[str, Any]] = []
    while True:
        try:
            frame = await stream.next("events", "end")
        except EOFError:
            return received
        received.append((frame.kind, frame.data))


async def test_peer_that_never_reads_again_is_dropped_with_what_waits_for_it(
    open_centre_with: OpenCentre,
) -> None:
    """Closing a full connection waits for ever; the kernel is told to give up instead (`drop_stalled`)."""
    running = await open_centre_with()
    person = await running.person(Role.OBSERVER, Land.ROOT)
    async with _serving_with_patience_of(running, 1.0) as port:
        stuck = await stalled(port, person, await caught_up(running))
        assert running.centre.hub.recipients == 1
        began = time.monotonic()
        for _ in range(100):
            running.centre.hub.broadcast("clock", {"fill": FILL})
            await asyncio.sleep(0)
        async with asyncio.timeout(45):
            while running.centre.hub.recipients:  # noqa: ASYNC110 - the hub tells nobody who left
                await asyncio.sleep(0.05)
        assert time.monotonic() - began < 45
        await stuck.close()


async def test_served_listener_drops_peers_that_take_nothing() -> None:
    """`markaz serve` uses the option, and connections accepted from it have it."""
    from markaz.cli.serve import _listen
    from markaz.core.settings import Settings

    listener = _listen(Settings(port=0))
    try:
        client = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000
        client.close()
        accepted.close()
    finally:
        listener.close()


async def test_what_a_stalled_client_costs_is_bounded(sse: SseOpener, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ring is shared; each stalled client holds one piece and its transport's buffer, however far it is behind."""
    monkeypatch.setattr(channel_module, "RING_BYTES", 4_000_000)
    running = sse.running
    person = await running.person(Role.OBSERVER, Land.ROOT)
    after = await caught_up(running)
    stuck = [await stalled(_port(sse), person, after) for _ in range(10)]
    channel = channel_of(running)
    for _ in range(40):  # until the kernel's buffers are full, so that what is measured is ours
        running.centre.hub.broadcast("clock", {"fill": FILL})
        await asyncio.sleep(0.005)
    tracemalloc.start()
    try:
        for _ in range(60):
            running.centre.hub.broadcast("clock", {"fill": FILL})
            await asyncio.sleep(0.005)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert channel.size_bytes <= 4_000_000
    assert held < 4_000_000 + 10 * 2 * channel_module.PIECE_BYTES
    for stream in stuck:
        await stream.close()


def test_piece_is_bounded_and_in_order() -> None:
    channel = Channel(audience=None, scopes={})  # type: ignore[arg-type]
    for number in range(2_500):
        channel.push(b"%06d" % number * 200)
    assert len(channel.frames) == channel_module.RING_FRAMES
    assert channel.size_bytes == sum(map(len, channel.frames))
    assert channel.since(channel.first - 1) is None
    at, whole = channel.first, b""
    while at < channel.next:
        found = channel.since(at)
        assert found is not None
        piece, to = found
        assert len(piece) < channel_module.PIECE_BYTES + 2_000
        assert to > at
        whole, at = whole + piece, to
    assert whole == b"".join(channel.frames)


def test_one_frame_larger_than_the_ring_is_kept_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "RING_BYTES", 1_000)
    channel = Channel(audience=None, scopes={})  # type: ignore[arg-type]
    for size in (10, 5_000):
        channel.push(b"x" * size)
    assert [len(frame) for frame in channel.frames] == [5_000]
    assert channel.size_bytes == 5_000


async def test_two_hundred_idle_consumers_get_every_event_and_cost_one_channel(sse: SseOpener) -> None:
    running = sse.running
    officer = await Officer.of(running)
    person = await running.person(Role.OBSERVER, Land.ROOT)
    incident = await officer.open()
    after = await caught_up(running)
    streams = await asyncio.gather(*(sse.open(person, after) for _ in range(200)))
    await asyncio.gather(*(stream.next("heartbeat") for stream in streams))
    assert running.centre.hub.recipients == 200
    assert channel_of(running).recipients
    noted = [await officer.note(incident) for _ in range(10)]
    seen = await asyncio.gather(*(stream.until(noted[-1]) for stream in streams))
    for frames in seen:
        assert [event["seq"] for frame in frames for event in frame["events"]] == noted
    for stream in streams:
        await stream.close()
    async with asyncio.timeout(12):
        while running.centre.hub.recipients:  # noqa: ASYNC110 - the hub tells nobody who left
            await asyncio.sleep(0.02)
    assert not running.centre.hub._channels


async def test_client_that_vanishes_within_the_backlog_leaves_nothing_behind(sse: SseOpener) -> None:
    running = sse.running
    person = await running.person(Role.OBSERVER, Land.ROOT)
    after = await caught_up(running)
    await append_events(running, *(stranger("incident.opened/1", view={"fill": FILL}) for _ in range(100)))
    await caught_up(running)
    for _ in range(5):
        stream = await stalled(_port(sse), person, after)
        await asyncio.sleep(0.05)
        await stream.close()
    async with asyncio.timeout(12):
        while running.centre.hub.recipients:  # noqa: ASYNC110 - the hub tells nobody who left
            await asyncio.sleep(0.02)


def _port(sse: SseOpener) -> int:
    return int(sse.base_url.rpartition(":")[2])


@asynccontextmanager
async def _serving_with_patience_of(running: RunningCentre, patience_s: float) -> AsyncIterator[int]:
    """Serve as `markaz serve` does, but give a stalled peer less time."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    drop_stalled(listener, patience_s)
    config = uvicorn.Config(
        running.app, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False, server_header=False
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        async with asyncio.timeout(60):
            while not server.started:  # noqa: ASYNC110 - uvicorn tells by a flag only
                await asyncio.sleep(0.005)
        yield listener.getsockname()[1]
    finally:
        running.centre.hub.shut()
        server.should_exit = True
        await task
        listener.close()
