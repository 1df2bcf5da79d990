"""What anybody may fetch of the log: whole and partial tiles, bundles, checkpoints; bounded, and nothing that tells of work."""

import asyncio
import secrets
from datetime import timedelta

import httpx
import pytest
from tests.support.centre import RunningCentre
from tests.support.fixtures import OpenCentre
from tests.support.transparency import entry

from markaz.core.errors import RateLimited
from markaz.core.log import tree
from markaz.core.log.appending import append
from markaz.core.log.note import Checkpoint, Note
from markaz.core.log.tiles import split_hashes
from markaz.kit.clock import FakeClock
from markaz.web import outsiders
from markaz.web.outsiders import Outsiders

SIZE = 600


@pytest.fixture
async def published(open_centre_with: OpenCentre) -> RunningCentre:
    """A log of 600 intervals, of which one was busy."""
    clock = FakeClock()
    running = await open_centre_with(clock)
    await running.centre.checkpointer.tick()
    clock.advance(timedelta(seconds=SIZE - 1))
    async with running.centre.database.transaction() as connection:
        await append(connection, clock.now(), [entry(n) for n in range(40)])
    await running.centre.checkpointer.tick()
    return running


async def test_tiles_and_bundles_lead_to_the_signed_root(published: RunningCentre) -> None:
    get = published.nobody.get
    answer = await get("/api/log/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    checkpoint = Checkpoint.parse(Note.parse(answer.text).text)
    assert checkpoint.size == SIZE
    assert (await get(f"/api/log/checkpoints/{SIZE}")).text == answer.text
    leaves, bundled = [], []
    for name in ("000", "001", f"002.p/{SIZE % 256}"):
        tile = await get(f"/api/log/tile/0/{name}")
        assert "immutable" in tile.headers["cache-control"]
        assert (await get(f"/api/log/tile/0/{name}")).content == tile.content
        leaves += split_hashes(tile.content)
        bundle = (await get(f"/api/log/tile/entries/{name}")).content
        bundled += [tree.leaf_hash(bundle[at + 2 : at + 34]) for at in range(0, len(bundle), 34)]
    assert tree.root_of(leaves) == checkpoint.root
    assert bundled == leaves
    above = split_hashes((await get("/api/log/tile/1/000.p/2")).content)
    assert above == [tree.perfect_root(leaves[:256]), tree.perfect_root(leaves[256:512])]


async def test_nothing_is_served_that_no_checkpoint_covers(published: RunningCentre) -> None:
    for path in ("0/002", f"0/002.p/{SIZE % 256 + 1}", "0/003", "1/000", "2/000.p/1", "9/000", "0/x000/000", "0/..%2f"):
        assert (await published.nobody.get(f"/api/log/tile/{path}")).status_code == 404, path
    assert (await published.nobody.get(f"/api/log/checkpoints/{SIZE + 1}")).status_code == 404


async def test_a_busy_second_looks_like_an_idle_one(published: RunningCentre) -> None:
    """The leaves of one more busy and one more idle interval are of one size and share nothing."""
    tile = (await published.nobody.get(f"/api/log/tile/0/002.p/{SIZE % 256}")).content
    leaves = split_hashes(tile)
    assert len(set(leaves)) == len(leaves)
    (rows,) = await published.rows("SELECT count(*) AS said FROM log_intervals")
    assert rows["said"] == 2, "one for the beginning, one for the busy interval"
    entries = [row["body"] for row in await published.rows("SELECT body FROM log_leaves")]
    assert not any(body in tile for body in entries)


async def asked_from(published: RunningCentre, address: str, count: int) -> list[int]:
    """Ask that often from an address; return how each was answered."""
    transport = httpx.ASGITransport(published.app, client=(address, 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return [(await client.get("/api/log/keys")).status_code for _ in range(count)]


async def test_who_floods_the_log_keeps_neither_the_others_nor_the_desk_waiting(
    published: RunningCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rate in ("PER_PLACE_PER_S", "OWN_PER_S", "SHARED_PER_S"):
        monkeypatch.setattr(outsiders, rate, 1e-6)  # five, and no more while the test runs
    assert await asked_from(published, "203.0.113.1", 7) == [200] * 5 + [429] * 2
    monkeypatch.setattr(outsiders, "PER_PLACE_PER_S", 1e6)
    assert await asked_from(published, "203.0.113.2", 12) == [200] * 10 + [429] * 2, "five of its own, five of all"
    assert await asked_from(published, "2001:db8::1", 5) == [200] * 5, "which takes nothing from what another has"
    assert await asked_from(published, "2001:db8::2", 1) == [429], "one line is one place, whatever address it takes"
    people = published.centre.guard.limiter
    assert not people._buckets, "a flood of addresses makes nobody's account forgotten"


async def test_outsiders_hold_few_connections_and_wait_in_a_bounded_line(
    published: RunningCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outsiders, "WAITING_MOST", 3)
    lending, held = Outsiders(published.centre.database), asyncio.Event()

    async def hold() -> None:
        async with lending.connection():
            await held.wait()

    lent = [asyncio.create_task(hold()) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(RateLimited):
        async with lending.connection():
            pass
    held.set()
    await asyncio.gather(*lent)
    async with lending.connection() as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_who_sends_a_made_up_cosignature_learns_nothing_and_leaves_nothing(published: RunningCentre) -> None:
    for line in ("", "x", "— a " + "A" * 20, "— witness.example/w " + secrets.token_hex(60), "— a\x00b AAAAAAAA"):
        answer = await published.nobody.post("/api/log/cosignatures", json={"size": SIZE, "cosignature": line})
        assert answer.status_code in (404, 422)
    assert (await published.rows("SELECT size FROM log_state"))[0]["size"] == 40
