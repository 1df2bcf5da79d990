"""A witness outside the centre: its one file against a real server, and against everything that may be done to the log."""

import ast
import json
import random
import re
import secrets
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.support.land import Land
from tests.support.transparency import SECOND, entry
from tests.support.witnessing import Day, Outside, day_of

import markaz
from markaz.core.db.embedded import DatabaseAccess
from markaz.core.log import exporting, keys
from markaz.core.log.appending import append
from markaz.core.log.note import Note
from markaz.core.permissions import Role
from markaz.core.settings import Settings
from markaz.kit.clock import FakeClock

if TYPE_CHECKING:
    from tests.conftest import TestCluster

FILE = Path(markaz.__file__).parent / "witness.py"
NAME = "ombudsman.example/w1"
NO_ANSWER = 2
ALARM = 3
BACK_DATED = 4
FROZEN = 5
SEED = 20_261_122


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime.now(UTC))


@pytest.fixture
def outside(tmp_path: Path, clock: FakeClock) -> Outside:
    return Outside(tmp_path / "witness", FILE, clock)


@pytest.fixture
async def day(centre_settings: Settings, database: DatabaseAccess, clock: FakeClock) -> AsyncIterator[Day]:
    async with day_of(centre_settings, database, clock) as opened:
        yield opened


def test_the_witness_is_one_file_of_the_standard_library_and_cryptography() -> None:
    tree = ast.parse(FILE.read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert {str(name).partition(".")[0] for name in imported} - set(sys.stdlib_module_names) == {"cryptography"}


async def test_a_witness_fetches_its_program_remembers_cosigns_and_is_seen(day: Day, tmp_path: Path) -> None:
    await day.passes(300, entries=2)
    async with httpx.AsyncClient(base_url=day.url) as client:
        program = tmp_path / "fetched.py"
        program.write_bytes((await client.get("/api/log/witness.py")).content)
        outside = Outside(tmp_path / "witness", program, day.clock)
        assert await outside.run("keygen", outside.folder, NAME) == 0
        vkey = outside.said.strip()
        assert await outside.look(day.url) == ALARM, "which key the log has must be known from elsewhere"
        assert day.vkey in outside.said
        assert await outside.look(day.url, day.vkey) == 2, "a stranger's cosignature is refused"
        await day.register(vkey)
        await day.passes(1)
        assert await outside.look(day.url) == 0
        await day.passes(70_000, entries=1)
        assert await outside.look(day.url) == 0
        note = (await client.get("/api/log/checkpoint")).text
        assert note.count("\n— ") == 2
        officer = await day.running.person(Role.OBSERVER, Land.EAST)
        status = (await officer.get("/api/log/status")).json()
        assert status["witnesses"][0]["last_size"] == status["checkpoint"]["size"]
        assert status["unwitnessed"] is False
        await day.passes(2)
        assert "unwitnessed" not in (await client.get("/api/log/checkpoint")).text
    actions = [row["action"] for row in await day.running.rows("SELECT action FROM audit_entries ORDER BY leaf")]
    assert actions.count("log.cosigned") == 2
    assert actions.count("log.witness_added") == 1


async def test_a_witness_that_lost_its_state_says_so_and_never_begins_anew_by_itself(
    day: Day, outside: Outside
) -> None:
    await day.passes(5)
    assert await outside.run("keygen", outside.folder, NAME) == 0
    await day.register(outside.said.strip())
    assert await outside.look(day.url, day.vkey) == 0
    state = outside.folder / "state.json"
    whole = state.read_text()
    await day.passes(5)
    for content in ("", whole[: len(whole) // 2]):
        state.write_text(content)
        assert await outside.look(day.url, day.vkey) == 2, "it proves nothing, and nothing is cosigned"
    state.unlink()
    assert await outside.look(day.url, day.vkey) == ALARM
    assert not state.exists()
    state.write_text(whole)
    assert await outside.look(day.url, day.vkey) == 0


async def test_a_log_that_stands_still_or_is_switched_off_is_an_alarm(
    centre_settings: Settings, database: DatabaseAccess, clock: FakeClock, outside: Outside
) -> None:
    async with day_of(centre_settings, database, clock) as day:
        await day.passes(5)
        await outside.run("keygen", outside.folder, NAME)
        await day.register(outside.said.strip())
        assert await outside.look(day.url, day.vkey) == 0
        clock.advance(timedelta(minutes=9))  # the same checkpoint, for nine minutes and for eleven
        assert await outside.look(day.url) == 0
        clock.advance(timedelta(minutes=2))
        assert await outside.look(day.url) == FROZEN
        assert "the log has not grown since " in outside.said
        await day.passes(1)
        assert await outside.look(day.url) == 0, "the missed seconds were made up for"
        clock.advance(timedelta(minutes=9))
    assert await outside.look(day.url) == NO_ANSWER
    clock.advance(timedelta(minutes=2))
    assert await outside.look(day.url) == FROZEN
    assert "ask why" in outside.said


async def test_the_log_keeps_no_cosignature_of_another_checkpoint_key_or_time(day: Day, outside: Outside) -> None:
    await day.passes()
    await day.passes()
    await outside.run("keygen", outside.folder, NAME)
    await day.register(outside.said.strip())
    assert await outside.look(day.url, day.vkey) == 0
    row = (await day.running.rows("SELECT size, line FROM log_cosignatures"))[0]

    async def sent(size: int, line: str) -> int:
        async with httpx.AsyncClient(base_url=day.url) as client:
            body = {"size": size, "cosignature": line}
            return (await client.post("/api/log/cosignatures", json=body)).status_code

    line = row["line"].strip()
    assert await sent(row["size"], line) == 200, "the same again changes nothing"
    assert await sent(row["size"] - 1, line) == 422
    assert await sent(row["size"] + 9, line) == 404
    assert await sent(row["size"], line.replace(NAME, "another.example")) == 404
    assert await sent(row["size"], "— " + "x" * 90) == 422
    assert len(await day.running.rows("SELECT FROM log_cosignatures")) == 1


async def test_yesterdays_log_restored_is_seen_by_the_witness(
    centre_settings: Settings, database: DatabaseAccess, cluster: "TestCluster", clock: FakeClock, outside: Outside
) -> None:
    async with day_of(centre_settings, database, clock) as day:
        await day.passes(10, entries=3)
        await outside.run("keygen", outside.folder, NAME)
        await day.register(outside.said.strip())
        assert await outside.look(day.url, day.vkey) == 0
    name = database.app_dsn.rpartition("@/")[2].partition("?")[0]
    yesterday = cluster.make(f"test_{secrets.token_hex(6)}", name)
    async with day_of(centre_settings, database, clock, is_new=False) as day:
        await day.passes(10, entries=1)
        assert await outside.look(day.url) == 0
    async with day_of(centre_settings, yesterday, clock, is_new=False) as day:
        assert await outside.look(day.url) == ALARM
        assert "ROLLBACK" in outside.said
        await day.passes(0)
        assert await outside.look(day.url) == ALARM
        assert "SPLIT VIEW" in outside.said, "the missed seconds were made up for, but the entry is gone"
        await day.passes(30, entries=1)
        assert await outside.look(day.url) == ALARM
        assert "FORK" in outside.said
    alarms = [json.loads(line) for line in (outside.folder / "alarms.jsonl").read_text().splitlines()]
    assert len(alarms) == 3
    assert alarms[0]["seen"] != alarms[0]["shown"], "both signed notes are kept: they convict the log"
    cluster.drop(yesterday.app_dsn.rpartition("@/")[2].partition("?")[0])


async def test_a_rotated_key_is_trusted_when_the_old_one_introduced_it_and_no_other(day: Day, outside: Outside) -> None:
    await day.passes()
    await outside.run("keygen", outside.folder, NAME)
    await day.register(outside.said.strip())
    assert await outside.look(day.url, day.vkey) == 0
    home = day.running.centre.settings.home
    before = day.ring
    keys.replace(home, before.rotated(day.clock.now()))
    await day.passes()
    assert await outside.look(day.url) == 0
    # Whoever owns the database makes it forget which key it had: then only the witness is left.
    await day.running.as_owner("UPDATE log_public SET vkey = NULL")
    keys.replace(home, keys.KeyRing(before.origin, keys.new_ring(day.clock.now(), before.origin).keys, before.salts))
    await day.passes()
    assert await outside.look(day.url) == ALARM
    assert "no key that is trusted" in outside.said


async def test_a_proof_of_an_entry_verifies_offline_and_a_changed_one_does_not(
    day: Day, outside: Outside, tmp_path: Path
) -> None:
    await day.passes(5, entries=3)
    await day.passes(5, entries=300)
    officer = await day.running.person(Role.DATA_PROTECTION_OFFICER, Land.ROOT)
    early = await officer.get("/api/log/proofs/303")
    assert early.status_code == 404
    proof = (await officer.get("/api/log/proofs/2")).json()
    assert proof["entry"]["opening"]["reason"] == "incident 2"
    file = tmp_path / "proof.json"

    async def verdict(changed: dict[str, Any]) -> int:
        file.write_text(json.dumps(changed))
        return await outside.run("verify", file, "--key", day.vkey)

    assert await verdict(proof) == 0
    assert "entry 2 (view" in outside.said
    for path, value in (
        (("entry", "opening", "reason"), "incident 9"),
        (("entry", "opening", "actor_id"), "01a20000-0000-7000-8000-000000000009"),
        (("entry", "body"), proof["entry"]["body"].replace('"view"', '"export"')),
        (("entry", "index"), 1),
        (("interval", "opening", "at"), "2020-01-01T00:00:00Z"),
        (("checkpoint",), proof["checkpoint"].replace("markaz/", "kazmar/")),
    ):
        forged = json.loads(json.dumps(proof))
        where = forged
        for step in path[:-1]:
            where = where[step]
        where[path[-1]] = value
        assert await verdict(forged) == ALARM, path


@pytest.fixture
async def exported(day: Day, outside: Outside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder between two checkpoints, with entries before, in and after it, of which one interval is idle."""
    await day.passes(2, entries=3)
    await outside.run("keygen", outside.folder, NAME)
    await day.register(outside.said.strip())
    for entries in (1, 0, 0, 2):
        await day.passes(entries=entries)
        assert await outside.look(day.url, day.vkey) == 0
    monkeypatch.setattr(exporting, "LEAVES_AT_ONCE", 2)  # so that so small a log is read in pieces, too
    monkeypatch.setattr(exporting, "ENTRIES_AT_ONCE", 2)
    end = day.clock.now()
    await day.passes(entries=1)
    async with day.running.centre.database.snapshot() as connection:
        made = await exporting.export(
            connection, day.ring, tmp_path / "log", end - 3 * SECOND, end, day.clock.now(), with_openings=True
        )
    assert made.first_size > 1
    return tmp_path / "log"


def _mutations(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield copies of the folder, each with one thing done to it."""

    def copy(name: str) -> Path:
        made = folder.with_name(name)
        shutil.copytree(folder, made)
        return made

    lines = (folder / "entries.jsonl").read_text().splitlines(keepends=True)
    first = json.loads(lines[0])
    back_dated = first | {"body": first["body"].replace('"at":"20', '"at":"19')}
    for name, changed in (
        ("removed", lines[:-1]),
        ("removed-first", lines[1:]),
        ("reordered", [lines[1], lines[0], *lines[2:]]),
        ("back-dated", [json.dumps(back_dated) + "\n", *lines[1:]]),
        ("added", [*lines, lines[-1]]),
        ("opening", [line.replace("incident 0", "incident 7") for line in lines]),
    ):
        assert changed != lines, name
        made = copy(name)
        (made / "entries.jsonl").write_text("".join(changed))
        yield name, made
    made = copy("leaf")
    leaves = bytearray((made / "leaves.bin").read_bytes())
    leaves[40] ^= 1
    (made / "leaves.bin").write_bytes(leaves)
    yield "leaf", made
    made = copy("short")
    (made / "leaves.bin").write_bytes((made / "leaves.bin").read_bytes()[:-32])
    yield "short", made
    made = copy("interval")
    intervals = (made / "intervals.jsonl").read_text().splitlines(keepends=True)
    (made / "intervals.jsonl").write_text("".join(intervals[:-1]))
    yield "interval", made
    made = copy("base")
    manifest = json.loads((made / "manifest.json").read_text())
    manifest["entries"]["edge"][0] = "00" * 32
    (made / "manifest.json").write_text(json.dumps(manifest))
    yield "base", made
    made = copy("closed")
    bare = [json.dumps(json.loads(line) | {"salt": None, "opening": None}) + "\n" for line in lines]
    (made / "entries.jsonl").write_text("".join([bare[0], *lines[1:]]))
    yield "closed", made


async def test_an_exported_folder_verifies_offline_and_nothing_in_it_may_be_changed(
    day: Day, outside: Outside, exported: Path
) -> None:
    witness = json.loads((outside.folder / "key.json").read_text())["name"]
    registered = (await day.running.rows("SELECT vkey FROM log_witnesses"))[0]["vkey"]
    arguments = ("--key", day.vkey, "--witness", registered, "--dir", outside.folder)
    assert await outside.run("verify", exported, *arguments) == 0, outside.said
    assert f"cosigned by {witness}" in outside.said
    assert "complete and unchanged" in outside.said
    assert "note" not in outside.said
    for name, changed in _mutations(exported):
        assert await outside.run("verify", changed, "--key", day.vkey) == ALARM, (name, outside.said)
        exporting.sign_folder(changed, day.ring)
        assert await outside.run("verify", changed, "--key", day.vkey) == ALARM, (name, "signed anew", outside.said)
    history = outside.folder / "history.jsonl"
    seen = [json.loads(line) for line in history.read_text().splitlines()]
    late = [one | {"note": re.sub("time .*", "time 2999-01-01T00:00:00Z", one["note"])} for one in seen]
    history.write_text("".join(json.dumps(one) + "\n" for one in late))
    assert await outside.run("verify", exported, *arguments) == ALARM
    assert "contradict each other" in outside.said, "the log told the witness another time than it now shows"
    note = Note.parse((at_end := max((exported / "checkpoints").glob("*.txt"))).read_text())
    text = re.sub("time .*", "time 2020-01-01T00:00:00Z", note.text)
    other = shutil.copytree(exported, exported.with_name("another-time"))
    (other / "checkpoints" / at_end.name).write_text(str(Note(text, (day.ring.signer.sign(text),))))
    exporting.sign_folder(other, day.ring)
    assert await outside.run("verify", other, "--key", day.vkey) == ALARM
    assert "contradict each other" in outside.said, "a checkpoint states another time than its leaf"
    history.write_text("".join(json.dumps(one | {"root": "00" * 32}) + "\n" for one in seen))
    assert await outside.run("verify", exported, *arguments) == ALARM, "what the witness saw must be in the folder"
    assert await outside.run("verify", exported.parent / "nothing") == 1


async def of_the_last(day: Day, outside: Outside, folder: Path, since: datetime) -> int:
    """Export the log since a moment and verify it."""
    await day.passes()
    async with day.running.centre.database.snapshot() as connection:
        until = max(since, day.clock.now()) + timedelta(hours=2)
        await exporting.export(connection, day.ring, folder, since, until, day.clock.now())
    return await outside.run("verify", folder, "--key", day.vkey)


async def test_an_entry_that_states_a_time_before_the_last_one_or_outside_its_interval_breaks_verification(
    day: Day, outside: Outside, tmp_path: Path
) -> None:
    await day.passes(2, entries=2)
    dice = random.Random(SEED)
    for turn in range(12):
        await day.passes(dice.choice((1, 3, 400)), entries=dice.choice((0, 1, 3)))
        since = day.clock.now()
        ago_s = dice.choice((-1, 1)) * dice.choice((61, 62, 300, 86_400, dice.randrange(62, 10**7)))
        await day.passes(dice.choice((1, 300)))
        await day.passes(entries=1, stated_ago=timedelta(seconds=ago_s + (1 if ago_s > 0 else -1)))
        assert await of_the_last(day, outside, tmp_path / f"bad-{turn}", since) == BACK_DATED, (ago_s, outside.said)
        assert "ALARM: BACK-DATED: entry " in outside.said
        since = day.clock.now()
        await day.passes(120)
        await day.passes(dice.choice((1, 500)))
        await day.passes(entries=2, stated_ago=timedelta(seconds=dice.randrange(0, 58)))
        assert await of_the_last(day, outside, tmp_path / f"good-{turn}", since + 90 * SECOND) == 0, outside.said


async def test_a_clock_that_the_log_itself_says_was_set_back_is_told_apart(
    day: Day, outside: Outside, tmp_path: Path
) -> None:
    since = day.clock.now()
    await day.passes(2, entries=2)
    await day.passes(-1800, entries=1)
    for _ in range(3):
        await day.passes(20, entries=2)
    assert await of_the_last(day, outside, tmp_path / "back", since) == 0, outside.said
    assert outside.said.count("the log states that its clock was set back between ") == 1
    standing = day.clock.now()
    await day.passes(20, entries=1)
    assert await of_the_last(day, outside, tmp_path / "standing", standing + timedelta(hours=1)) == 0, outside.said
    assert "set back" in outside.said, "a folder that begins while time stands still holds what says so"
    await day.passes(5, entries=1, stated_ago=timedelta(hours=1))
    assert await of_the_last(day, outside, tmp_path / "further", since) == BACK_DATED
    await day.passes(3600, entries=1)
    after = day.clock.now()
    await day.passes(5, entries=1, stated_ago=timedelta(hours=1))
    assert await of_the_last(day, outside, tmp_path / "later", after) == BACK_DATED, (
        "when time goes on again, it is over"
    )


async def test_entries_made_while_no_leaf_was_are_told_apart(day: Day, outside: Outside, tmp_path: Path) -> None:
    since = day.clock.now()
    await day.passes(2, entries=2)
    for hours in (1, 2):
        day.clock.advance(timedelta(hours=hours))
        async with day.running.centre.database.transaction() as connection:
            await append(connection, day.clock.now(), [entry(hours)])
    day.clock.advance(timedelta(hours=1))
    while await day.running.centre.checkpointer.tick():
        pass
    assert await of_the_last(day, outside, tmp_path / "paused", since) == 0, outside.said
    assert outside.said.count("the log states that no leaf was made between ") == 1
    hidden = tmp_path / "hidden"
    shutil.copytree(tmp_path / "paused", hidden)
    lines = (hidden / "intervals.jsonl").read_text().splitlines(keepends=True)
    (hidden / "intervals.jsonl").write_text("".join([*lines[:-2], lines[-1]]))
    assert await outside.run("verify", hidden, "--key", day.vkey) == ALARM, (
        "the leaf before the entries shows when they came"
    )
