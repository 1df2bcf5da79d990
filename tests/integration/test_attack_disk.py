"""The log of use on a disk that fails, with a key file that is broken or another's, and under a clock that is set back."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.transparency import SECOND, START, Ticking

from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.pool import Database
from markaz.core.log import keys, rotation
from markaz.core.sealing import KeysMissing


@pytest.fixture
async def log(database: DatabaseAccess, tmp_path: Path) -> AsyncIterator[Ticking]:
    opened = await Database.open(database.app_dsn, max_size=2)
    yield Ticking(opened, tmp_path)
    await opened.close()


def _full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _read_only(*_: object, **__: object) -> None:
    raise OSError(errno.EROFS, "Read-only file system")


async def _published(log: Ticking) -> list[tuple[int, str]]:
    async with log.database.connection() as connection:
        rows = await connection.fetch("SELECT size, body || signatures AS note FROM log_checkpoints ORDER BY size")
    return [(row["size"], row["note"]) for row in rows]


async def _stops_and_goes_on(log: Ticking) -> None:
    """With keys that are not there, nothing is signed and entries are still taken; with them, the log goes on."""
    before, path = await _published(log), log.home / keys.KEY_FILE
    broken = path.read_bytes() if path.is_file() else None
    for process in (log.checkpointer, log.process()):
        log.clock.advance(SECOND)
        with pytest.raises(KeysMissing):
            await process.tick()
    await log.enter(2)
    assert await _published(log) == before
    assert (path.read_bytes() if path.is_file() else None) == broken, "the file is left for whoever mends it"


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"{}", b'{"version": 1, "origin": "x"}', b"\xff\xfe", "half"])
async def test_a_broken_key_file_stops_the_checkpoints_and_is_never_replaced(
    log: Ticking, content: bytes | str
) -> None:
    await log.checkpointer.tick()
    await log.tick()
    path = log.home / keys.KEY_FILE
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if isinstance(content, str) else content)
    await _stops_and_goes_on(log)
    path.write_bytes(whole)
    assert await log.tick() == 3
    await log.is_whole()


async def test_a_broken_key_file_is_refused_even_before_the_first_checkpoint(log: Ticking) -> None:
    path = log.home / keys.KEY_FILE
    path.parent.mkdir()
    path.write_bytes(b"")
    await _stops_and_goes_on(log)


async def test_the_key_file_of_another_log_signs_nothing_here(log: Ticking) -> None:
    """Its checkpoints would contradict those that witnesses hold: a second history out of a wrong restore."""
    await log.checkpointer.tick()
    await log.enter()
    await log.tick()
    own = keys.load(log.home)
    assert own is not None
    keys.replace(log.home, keys.new_ring(START))
    await _stops_and_goes_on(log)
    keys.replace(log.home, own)
    assert await log.tick() == 3
    await log.is_whole()


@pytest.mark.parametrize("trouble", [_full, _read_only])
async def test_the_first_key_waits_for_a_disk_that_can_keep_it(
    log: Ticking, monkeypatch: pytest.MonkeyPatch, trouble: object
) -> None:
    with monkeypatch.context() as failing:
        failing.setattr(os, "fsync", trouble)
        with pytest.raises(KeysMissing):
            await log.checkpointer.tick()
    assert keys.load(log.home) is None, "no key that a crash could lose has signed"
    assert await _published(log) == []
    await log.tick()
    assert [size for size, _ in await _published(log)] == [1]
    await log.is_whole()


async def test_a_rotation_that_the_disk_refuses_leaves_the_old_key_signing(
    log: Ticking, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.checkpointer.tick()
    ring = keys.load(log.home)
    assert ring is not None
    before = (log.home / keys.KEY_FILE).read_bytes()
    with monkeypatch.context() as failing:
        failing.setattr(os, "fsync", _full)
        with pytest.raises(OSError, match="No space"):
            keys.replace(log.home, ring.rotated(log.clock.now()))
    assert (log.home / keys.KEY_FILE).read_bytes() == before
    await log.tick()
    await log.is_whole()
    keys.replace(log.home, ring.rotated(log.clock.now()))
    await log.tick()
    assert (await log.is_whole()).size == 3
    assert {path.name for path in (log.home / "keys").iterdir()} == {"log.json"}, "no half-written key lies about"


async def test_a_key_whose_entry_the_disk_refused_gets_it_with_the_next_checkpoint(log: Ticking) -> None:
    await log.checkpointer.tick()
    ring = keys.load(log.home)
    assert ring is not None
    twice = ring.rotated(log.clock.now()).rotated(log.clock.now())
    keys.replace(log.home, twice)  # and there the command died, twice
    await log.tick()
    await log.process().tick()
    await log.is_whole()
    async with log.database.connection() as connection:
        rows = await connection.fetch("SELECT reason FROM audit_entries WHERE action = 'log.key_rotated' ORDER BY leaf")
    assert [row["reason"] for row in rows] == [key.signer.verifier.key_id.hex() for key in twice.keys[1:]]


async def test_two_rotations_at_once_lose_no_key(log: Ticking) -> None:
    await log.checkpointer.tick()
    both = asyncio.Barrier(2)

    async def rotate() -> None:
        async with log.database.transaction() as connection:
            await both.wait()
            await rotation.rotate(connection, log.clock.now(), log.home)

    await asyncio.gather(rotate(), rotate())
    ring = keys.load(log.home)
    assert ring is not None
    assert len(ring.keys) == 3
    await log.tick()
    await log.is_whole()


async def test_a_key_file_from_before_a_rotation_signs_nothing(log: Ticking) -> None:
    """Restored from an old key backup, it would seem to take the new key back."""
    await log.checkpointer.tick()
    old = keys.load(log.home)
    assert old is not None
    new = old.rotated(log.clock.now())
    keys.replace(log.home, new)
    await log.tick()
    keys.replace(log.home, old)
    await _stops_and_goes_on(log)
    async with log.database.connection() as connection:
        with pytest.raises(KeysMissing, match="from before"):
            await rotation.check(connection, old)
    keys.replace(log.home, new)
    assert await log.tick() == 3
    await log.is_whole()


async def test_signing_needs_no_disk_but_the_database(log: Ticking, monkeypatch: pytest.MonkeyPatch) -> None:
    await log.checkpointer.tick()
    monkeypatch.setattr(os, "fsync", _read_only)
    await log.enter()
    assert await log.tick() == 1
    await log.is_whole()


async def test_a_clock_set_back_between_commit_and_publication_changes_nothing(log: Ticking) -> None:
    await log.checkpointer.tick()
    await log.enter()
    log.clock.advance(SECOND)
    async with log.database.transaction() as connection:
        ring = keys.load(log.home)
        assert ring is not None
        _, pending = await log.checkpointer._extend(connection, ring)
    assert pending is not None
    log.clock.advance(timedelta(hours=-1))
    await log.process().tick()
    assert (await log.newest()).text() == pending.text
    await log.process().tick()
    await log.is_whole()
