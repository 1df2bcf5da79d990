"""The contract of the stream, which every transport must keep: frames, cursor, refusals, ends, and what is for whom."""

import asyncio
import json
import random
from contextlib import suppress
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from tests.contract.acting import Officer, append_events, caught_up, change_grants, stranger
from tests.contract.console import Console, ordered
from tests.contract.transports import Opener, Refused, SseOpener, stream_of
from tests.support.land import Land

from markaz.core.errors import InvalidInput
from markaz.core.permissions import Grant, Role
from markaz.core.stream import hub as hub_module
from markaz.core.territories.importing import IMPORTED

SEED = 102
WRITERS = 16


async def observer(opener: Opener, territory: Land = Land.ROOT) -> Any:
    return await opener.running.person(Role.OBSERVER, territory)


async def test_first_bytes_come_at_once_and_are_a_heartbeat(opener: Opener) -> None:
    person = await observer(opener)
    stream = await opener.open(person, await opener.running.seq())
    assert (await stream.next("heartbeat", "events", patience_s=10)).kind == "heartbeat"
    assert stream.raw == b":\n\n"


async def test_frame_is_id_event_and_one_line_of_json(opener: Opener) -> None:
    officer = await Officer.of(opener.running)
    person = await observer(opener)
    after = await opener.running.seq()
    stream = await opener.open(person, after)
    await stream.next("heartbeat")
    assert (await stream.next("clock")).data is None  # every stream begins by saying whether this is a replay
    incident = await officer.open()
    await stream.next()
    frame = stream.raw.removeprefix(b":\n\nevent: clock\ndata: null\n\n")
    seq = after + 1
    head = b'id: %d\nevent: events\ndata: {"after":%d,"seq":%d,"events":[' % (seq, after, seq)
    assert frame.startswith(head)
    assert frame.endswith(b"]}\n\n")
    assert frame.count(b"\n") == 4
    event = json.loads(frame.removeprefix(head).removesuffix(b"]}\n\n"))
    assert {k: event[k] for k in ("seq", "type", "kind", "id", "op", "actor")} == {
        "seq": seq,
        "type": "incident.opened/1",
        "kind": "incident",
        "id": str(incident),
        "op": "set",
        "actor": str(officer.actor.id),
    }
    assert set(event) == {"seq", "type", "kind", "id", "op", "value", "actor", "occurred_at", "recorded_at"}
    assert event["value"]["id"] == str(incident)


async def test_frames_are_a_chain_from_any_cursor_while_others_write(opener: Opener) -> None:
    """(after, seq] of one frame begins where the one before ended: no gap, no overlap, wherever one begins."""
    chance = random.Random(SEED)
    officer = await Officer.of(opener.running)
    person = await observer(opener)
    incident = await officer.open()
    await append_events(opener.running, *(stranger() for _ in range(1_200)))  # more than the hub reads at once
    for _ in range(6):
        end = await opener.running.seq()
        cursor = chance.randrange(max(0, end - 1_900), end)
        stream = await opener.open(person, cursor)
        noted = [await officer.note(incident) for _ in range(3)]
        frames = await stream.until(noted[-1])
        assert frames[0]["after"] == cursor, f"seed {SEED}"
        for one, next_one in pairwise(frames):
            assert one["seq"] == next_one["after"], f"seed {SEED}"
        seen = [event["seq"] for frame in frames for event in frame["events"]]
        assert seen == sorted(set(seen))
        assert set(noted) <= set(seen)
        await stream.close()


async def test_reconnecting_at_every_frame_misses_and_repeats_nothing(opener: Opener) -> None:
    officer = await Officer.of(opener.running)
    person = await observer(opener)
    incident = await officer.open()
    cursor = await opener.running.seq()
    noted: list[int] = []
    seen: list[int] = []
    for _ in range(12):
        stream = await opener.open(person, cursor)
        noted.append(await officer.note(incident))
        frame = (await stream.next()).data
        assert frame["after"] == cursor
        cursor = frame["seq"]
        seen += [event["seq"] for event in frame["events"]]
        noted.append(await officer.note(incident))  # while this client is away, or on its way out
        await stream.close()
    stream = await opener.open(person, cursor)
    seen += [event["seq"] for frame in await stream.until(noted[-1]) for event in frame["events"]]
    assert seen == noted


async def test_cursor_that_is_too_old_or_ahead_of_the_log_is_refused_with_410(opener: Opener) -> None:
    person = await observer(opener)
    await append_events(opener.running, *(stranger() for _ in range(2_010)))
    end = await caught_up(opener.running)
    fresh = await opener.open(person, end)
    await fresh.next("heartbeat")
    for cursor in (0, end - 2_001, end + 1, 2**62):
        with pytest.raises(Refused) as refused:
            await opener.open(person, cursor)
        assert (refused.value.status, refused.value.code) == (410, "cursor_too_old"), cursor


async def test_cursor_that_this_process_has_not_heard_of_yet_is_taken(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may have told the client of an event that this one reads a moment later."""
    person = await observer(opener)
    monkeypatch.setattr(opener.running.centre.hub, "wake", lambda: None)  # deaf, but for its look every second
    end = await append_events(opener.running, stranger())
    stream = await opener.open(person, end)
    after = await append_events(opener.running, stranger())
    frames = await stream.until(after)
    assert [frames[0]["after"], frames[-1]["seq"]] == [end, after]


async def test_cursor_from_before_a_change_of_access_is_refused_with_410(opener: Opener) -> None:
    """The picture held by such a client was of another scope: frames of the new one would not mend it."""
    running = opener.running
    person = await running.newcomer(Grant(Role.OBSERVER, Land.WEST))
    before = await running.seq()
    changed = await change_grants(running, person, Grant(Role.OBSERVER, Land.EAST))
    with pytest.raises(Refused) as refused:
        await opener.open(person, before)
    assert refused.value.status == 410
    await (await opener.open(person, changed)).next("heartbeat")


async def test_cursor_from_before_a_change_of_territories_is_refused_with_410(opener: Opener) -> None:
    person = await observer(opener)
    before = await opener.running.seq()
    changed = await append_events(opener.running, stranger(IMPORTED))
    with pytest.raises(Refused) as refused:
        await opener.open(person, before)
    assert refused.value.status == 410
    await (await opener.open(person, changed)).next("heartbeat")


async def test_event_without_a_rule_reaches_nobody_but_moves_the_cursor(opener: Opener) -> None:
    running = opener.running
    person = await running.person(Role.SUPERVISOR, Land.ROOT)
    stream = await opener.open(person, await running.seq())
    seq = await append_events(running, stranger("roads.plate_seen/1", plate="01A123BC", view={"id": "x"}))
    assert (await stream.next()).data == {"after": seq - 1, "seq": seq, "events": []}
    assert b"01A123BC" not in stream.raw


async def test_events_are_for_those_who_may_see_them(opener: Opener) -> None:
    running = opener.running
    officer = await Officer.of(running)
    west, east = await observer(opener, Land.WEST), await observer(opener, Land.EAST_SOUTH)
    keeper = await running.person(Role.ADMINISTRATOR, Land.ROOT)  # sees units, no incident
    after = await running.seq()
    streams = [await opener.open(west, after), await opener.open(east, after)]
    incident = await officer.open(Land.WEST_NORTH)
    unit = await officer.unit(Land.EAST_SOUTH)
    end = await running.seq()
    west_sees, east_sees = [_ids(await stream.until(end)) for stream in streams]
    assert west_sees == {str(incident)}
    assert east_sees == {str(unit)}
    if isinstance(opener, SseOpener):  # the route itself asks for the right to incidents
        with pytest.raises(Refused) as refused:
            await opener.open(keeper, end)
        assert refused.value.status == 403
    else:
        assert _ids(await (await opener.open(keeper, after)).until(end)) == {str(unit)}


async def test_incident_leaves_without_content_and_enters_with_all_of_it(opener: Opener) -> None:
    running = opener.running
    officer = await Officer.of(running)
    incident = await officer.open(Land.WEST_SOUTH)
    west, east = await observer(opener, Land.WEST), await observer(opener, Land.EAST)
    after = await running.seq()
    left, entered = await opener.open(west, after), await opener.open(east, after)
    seq = await officer.move(incident, Land.EAST_NORTH)
    assert (await left.next()).data["events"] == [
        {"seq": seq, "type": "left", "kind": "incident", "id": str(incident), "op": "gone"}
    ]
    (event,) = (await entered.next()).data["events"]
    assert (event["type"], event["op"]) == ("entered", "set")
    assert event["value"] == (await running.centre.reading.snapshot(officer.actor))["incidents"][0]
    assert (await officer.note(incident)) == seq + 1
    assert (await left.next()).data["events"] == []


async def test_positions_have_no_number_and_go_where_they_may_be_seen(opener: Opener) -> None:
    running = opener.running
    officer = await Officer.of(running)
    unit = await officer.unit(Land.WEST_SOUTH)
    device = await running.newcomer(Grant(Role.UNIT_DEVICE, Land.WEST))
    people = [await observer(opener, land) for land in (Land.WEST, Land.EAST)]
    after = await running.seq()
    west, east = [await opener.open(person, after) for person in people]
    for stream in (west, east):
        await stream.next("clock")  # it listens: a position that went before it did stands in no log to be read later
    fix = {"unit_id": str(unit), "lon": 60.5, "lat": 40.5, "fix_at": running.centre.clock.now().isoformat()}
    answer = await device.post("/api/units/positions", {"positions": [fix]})
    assert answer.status_code == 200, answer.text
    frame = await west.next("positions")
    assert [p["unit_id"] for p in frame.data["positions"]] == [str(unit)]
    assert set(frame.data["positions"][0]) == {"unit_id", "lon", "lat", "fix_at", "accuracy_m"}
    seq = await append_events(running, stranger())
    await east.until(seq)
    assert b"positions" not in east.raw
    assert (await west.next()).data["after"] == after, "a position took a number"


async def test_label_of_a_replay_reaches_everybody_and_whoever_comes_later(opener: Opener) -> None:
    """It may be set, or taken away, between a client's snapshot and its stream, or while it is cut off."""
    running = opener.running
    importer = await running.newcomer(Grant(Role.IMPORTER, Land.ROOT))
    person = await observer(opener)
    after = await running.seq()
    there = await opener.open(person, after)
    assert (await there.next("clock")).data is None
    label = {"source": "sffd", "at": "2020-04-10T00:00:00Z", "speed": 60.0}
    assert (await importer.send("PUT", "/api/intake/clock", label)).status_code == 204
    assert (await there.next("clock")).data == label
    later = await opener.open(person, after)
    assert (await later.next("clock")).data == label
    assert (await importer.send("DELETE", "/api/intake/clock")).status_code == 204
    for stream in (there, later, await opener.open(person, after)):
        assert (await stream.next("clock")).data is None
    assert b"id:" not in there.raw


async def test_heartbeats_keep_an_idle_stream_alive(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "HEARTBEAT_S", 0.1)
    await opener.running.centre.hub.stop()
    await opener.running.centre.hub.start()
    stream = await opener.open(await observer(opener), await opener.running.seq())
    for _ in range(4):
        await stream.next("heartbeat", patience_s=10)


async def test_end_says_why(opener: Opener) -> None:
    running = opener.running
    person = await running.newcomer(Grant(Role.OBSERVER, Land.WEST))
    one = await opener.open(person, await running.seq())
    await one.next("heartbeat")
    await change_grants(running, person)
    assert await one.end() == {"code": "access_changed", "status": 403}
    two = await opener.open(await observer(opener), await running.seq())
    await two.next("heartbeat")
    running.centre.hub.shut()
    assert await two.end() == {"code": "shutdown", "status": 503}
    assert running.centre.hub.recipients == 0


async def test_snapshot_and_stream_from_its_number_give_the_final_picture(opener: Opener) -> None:
    """The race of every console: snapshots are taken while others write, each is then led on by frames alone."""
    running = opener.running
    officer = await Officer.of(running)
    people = [await observer(opener, land) for land in (Land.ROOT, Land.WEST, Land.EAST_SOUTH)]
    incidents = [await officer.open(land) for land in (Land.WEST_SOUTH, Land.EAST_SOUTH) for _ in range(WRITERS // 2)]
    consoles: list[tuple[Any, Console, Any]] = []

    async def write(number: int) -> None:
        chance = random.Random(SEED + number)
        for _ in range(6):
            await officer.move(incidents[number], chance.choice([Land.WEST_NORTH, Land.EAST_SOUTH, Land.WEST_SOUTH]))
            await officer.note(incidents[number])
            await officer.open(chance.choice(list(Land)))

    async def look() -> None:
        for _ in range(3):
            for person in people:
                console = Console((await person.get("/api/snapshot")).json())
                consoles.append((person, console, await opener.open(person, console.seq)))
                await asyncio.sleep(0.02)

    written = asyncio.gather(*(_tolerating_unchanged(write, number) for number in range(WRITERS)))
    await look()
    await written
    end = await running.seq()
    for person, console, stream in consoles:
        while console.seq < end:
            console.take((await stream.next()).data)
        assert console.shown() == ordered((await person.get("/api/snapshot")).json()), f"seed {SEED}"
        assert console.seen == sorted(set(console.seen))


async def test_last_event_id_counts_before_the_query_and_must_be_a_number(sse_opener: SseOpener) -> None:
    opener, running = sse_opener, sse_opener.running
    officer = await Officer.of(running)
    person = await observer(opener)
    incident = await officer.open()
    after = await running.seq()
    noted = await officer.note(incident)
    answer = await opener.ask(person, "/api/stream?after=0", **{"Last-Event-ID": str(after)})
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    frame = (await stream_of(answer).next()).data
    assert (frame["after"], frame["seq"]) == (after, noted)
    for wrong in ("", "abc", "-1", "1e3", "9" * 19, "1 2", uuid4().hex):
        answer = await opener.ask(person, "/api/stream?after=0", **{"Last-Event-ID": wrong})
        assert answer.status == 422, wrong
        assert json.loads(await answer.chunk())["details"]["field"] == "Last-Event-ID"
    for path, field in (("/api/stream", "after"), ("/api/stream?after=-1", "after"), ("/api/stream?after=x", "after")):
        answer = await opener.ask(person, path)
        assert answer.status == 422
        assert json.loads(await answer.chunk())["details"]["field"] == field


async def _tolerating_unchanged(write: Any, number: int) -> None:
    with suppress(InvalidInput):  # a move to where it is already
        await write(number)


def _ids(frames: list[dict[str, Any]]) -> set[str]:
    return {event["id"] for frame in frames for event in frame["events"]}
