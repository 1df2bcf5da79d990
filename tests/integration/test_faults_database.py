"""What the API says while the database is lost or full: one clear error, nothing half written, recovery without hands."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from tests.contract.transports import Refused, Stream, stream_of
from tests.contract.wire import get
from tests.faults.ledger import nothing_half_done
from tests.faults.load import ERROR_FIELDS
from tests.faults.served import ServedCentre
from tests.support.database import server_pid, status_of, wait_for
from tests.support.land import Land
from tests.support.people import cookie, make_person, open_session

from markaz.core.db.cluster import is_alive
from markaz.core.db.embedded import superuser_dsn
from markaz.core.db.os_user import database_user
from markaz.core.db.pool import Database
from markaz.core.permissions import Grant, Role
from markaz.core.settings import Settings

DISK_BYTES = 160_000_000
FILE_BYTES = "20000000"  # more than one 16 MB file of PostgreSQL's own log, so that tables meet the limit first
HEAL_S = 45.0
CALL = {"category": "theft", "priority": "3", "channel": "phone", "place": {"lon": 60.5, "lat": 40.5}}
FILL_TABLE = (
    "INSERT INTO sealed_fields SELECT gen_random_uuid(), 'filler', "
    "decode(repeat(md5(n::text), 50), 'hex') FROM generate_series(1, $1) n"
)


class Desk:
    """One officer of a served centre, and the way into its database."""

    def __init__(self, served: ServedCentre, database: Database, credentials: dict[str, str]) -> None:
        self.served = served
        self.database = database
        self.credentials = credentials
        self.client = httpx.AsyncClient(base_url=served.base_url, headers=credentials, timeout=20)
        self.incident = ""

    async def open(self) -> None:
        """Open the incident that the notes belong to."""
        answer = await self.post("/api/incidents", CALL)
        assert answer.status_code == 201, answer.text
        self.incident = f"/api/incidents/{answer.json()['id']}"

    async def post(self, path: str, body: dict[str, Any], key: str | None = None) -> httpx.Response:
        """Send one command, once."""
        return await self.client.post(path, json=body, headers={"Idempotency-Key": key or uuid4().hex})

    async def note(self, key: str | None = None, text: str = "a note") -> httpx.Response:
        """Add a note, once."""
        return await self.post(f"{self.incident}/notes", {"text": text}, key)

    async def note_until_taken(self, key: str, text: str = "a note") -> int:
        """Send the same note again until it is taken, as a console does, and return its number."""
        async with asyncio.timeout(HEAL_S):
            while True:
                answer = await self.note(key, text)
                if answer.status_code == 201:
                    return int(answer.json()["seq"])
                refused_as_agreed(answer)
                await asyncio.sleep(0.1)

    async def stream(self, after: int) -> Stream:
        """Open the stream."""
        answer = await get(self.served.port, f"/api/stream?after={after}", self.credentials)
        if answer.status != 200:
            raise Refused(answer.status, "")
        return stream_of(answer)

    async def notes(self) -> int:
        """Return how many notes the database holds, once it answers."""
        async with asyncio.timeout(HEAL_S):
            while True:
                try:
                    async with self.database.connection() as connection:
                        return int(await connection.fetchval("SELECT count(*) FROM notes"))
                except Exception as error:
                    # Whatever a database says on its way up; anything else is shown by the time running out.
                    print(f"waiting: {error!r}")
                    await asyncio.sleep(0.2)


def refused_as_agreed(answer: httpx.Response) -> None:
    """See that an answer is the one error shape for "not now"."""
    assert answer.status_code == 503, f"{answer.status_code} {answer.text}"
    assert set(answer.json()) == ERROR_FIELDS
    assert answer.json()["code"] == "unavailable"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert int(answer.headers["retry-after"]) >= 1
    assert "/" not in answer.json()["message"], "a path of the machine is nobody's business"


async def desk_at(home_settings: Settings) -> AsyncIterator[Desk]:
    served = ServedCentre(home_settings)
    database = await served.prepare()
    try:
        now = datetime.now(UTC)
        id_ = await make_person(database, "officer", (Grant(Role.SUPERVISOR, Land.ROOT),), now=now)
        token = await open_session(database, id_, now=now, life=timedelta(hours=1))
        await asyncio.to_thread(served.start)
        desk = Desk(served, database, cookie(token))
        await desk.open()
        yield desk
        await desk.client.aclose()
    finally:
        await database.close()
        await asyncio.to_thread(served.stop)


@pytest.fixture
async def desk(embedded_settings: Settings) -> AsyncIterator[Desk]:
    async for one in desk_at(embedded_settings):
        yield one


@pytest.fixture
def small_disk(fresh_home: Path) -> Iterator[Path]:
    disk = fresh_home / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0755", "tmpfs", str(disk)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount command here; the limit on file sizes is tested instead")
    if done.returncode != 0:
        pytest.skip(f"mounting is not allowed here ({done.stderr.strip()}); file size limits are tested instead")
    yield disk
    pid = status_of(disk / "home").pid
    if pid > 0:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not is_alive(pid))
    subprocess.run(["umount", str(disk)], check=True)


@pytest.fixture
async def desk_on_small_disk(small_disk: Path, embedded_settings: Settings) -> AsyncIterator[Desk]:
    async for one in desk_at(embedded_settings.model_copy(update={"home": small_disk / "home"})):
        yield one


async def test_lost_database_is_said_in_the_one_error_shape_and_heals_by_itself(desk: Desk) -> None:
    key = uuid4().hex
    stream = await desk.stream((await desk.client.get("/api/snapshot")).json()["seq"])
    await stream.until(await desk.note_until_taken(uuid4().hex))
    seen_unavailable: set[str] = set()
    for _ in range(3):
        desk.served.kill_database()
        asked = {
            "snapshot": desk.client.get("/api/snapshot"),
            "list": desk.client.get("/api/incidents"),
            "me": desk.client.get("/api/me"),
            "note": desk.note(),
            "sign in": desk.client.post("/api/session", json={"login": "officer", "password": "wrong password"}),
            "health": desk.client.get("/healthz"),
            "ready": desk.client.get("/readyz"),
        }
        answers = dict(zip(asked, await asyncio.gather(*asked.values()), strict=True))
        assert answers.pop("health").status_code == 200
        ready = answers.pop("ready")
        assert ready.status_code in (200, 503)
        assert ready.status_code == 200 or ready.json()["problems"]
        for what, answer in answers.items():
            if answer.status_code not in (200, 201, 401, 429):  # it may have healed before this one was asked
                refused_as_agreed(answer)
                seen_unavailable.add(what)
        await desk.note_until_taken(uuid4().hex)
    assert {"snapshot", "list", "me", "note"} & seen_unavailable
    seq = await desk.note_until_taken(key)
    assert await desk.note_until_taken(key) == seq, "the same key is the same act"
    frames = await stream.until(seq, patience_s=HEAL_S)
    numbers = [event["seq"] for frame in frames for event in frame["events"]]
    assert numbers == sorted(set(numbers)), "the stream lived through it without a gap or a repeat"
    assert numbers[-1] == seq
    await nothing_half_done(desk.database)


async def test_full_disk_is_said_so_and_ends_when_there_is_room(desk_on_small_disk: Desk, small_disk: Path) -> None:
    desk = desk_on_small_disk
    taken = 0
    filler = small_disk / "filler"
    _fill(filler)
    async with asyncio.timeout(60):
        while (answer := await desk.note(key := uuid4().hex, "ё" * 4_000)).status_code == 201:
            taken += 1
    refused_as_agreed(answer)
    for _ in range(5):
        refused_as_agreed(await desk.note(key, "ё" * 4_000))
    assert (await desk.client.get("/healthz")).status_code == 200
    filler.unlink()
    async with asyncio.timeout(HEAL_S):
        while (answer := await desk.note(key, "ё" * 4_000)).status_code != 201:
            refused_as_agreed(answer)
            await asyncio.sleep(0.1)
    assert await desk.notes() == taken + 1
    await nothing_half_done(desk.database)


async def test_limit_on_file_sizes_is_said_as_no_room_and_reading_goes_on(desk: Desk) -> None:
    """RLIMIT_FSIZE: a file may grow no further although the disk has room; a quota looks the same."""
    home = desk.served.home
    await _fill_table(home)
    before = await desk.notes()
    key, text = uuid4().hex, "x" * 1_500  # more than is free on any page the table has, and not stored elsewhere
    refused_as_agreed(answer := await desk.note(key, text))
    assert "room" in answer.json()["message"]
    for path in ("/api/snapshot", "/api/incidents", desk.incident + "/timeline"):
        assert (await desk.client.get(path)).status_code == 200, path
    status = await desk.client.get("/readyz")
    assert status.status_code == 200, "it can still be read"
    _limit(home, "unlimited")
    await desk.note_until_taken(key, text)
    assert await desk.notes() == before + 1
    async with desk.database.transaction() as connection:
        await connection.execute("DELETE FROM sealed_fields WHERE field = 'filler'")
    await nothing_half_done(desk.database)


def _fill(filler: Path) -> None:
    """Take every free byte of a disk."""
    with filler.open("ab", buffering=0) as file:
        for size in (1_000_000, 4_096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


async def _fill_table(home: Path) -> None:
    """Let the table of sealed fields reach the limit on file sizes, which every process of PostgreSQL gets."""
    connection = await asyncpg.connect(superuser_dsn(home, "markaz"))
    try:
        _limit(home, FILE_BYTES)
        for rows in (40_000, 500, 50, 1):  # ever smaller, until not even the pages it took ahead have room
            with suppress(asyncpg.PostgresError):
                while True:
                    await connection.execute(FILL_TABLE, rows)
    finally:
        connection.terminate()


def _limit(home: Path, soft_bytes: str) -> None:
    """Set the soft limit of every process of PostgreSQL, as its own user: even root may lack the right to do it."""
    prlimit = shutil.which("prlimit")
    if prlimit is None:
        pytest.skip("prlimit is not installed")
    first = server_pid(home)
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    for pid in [str(first), *children]:
        command = [prlimit, "--pid", pid, f"--fsize={soft_bytes}:"]
        ended = database_user().start(command, stdin=subprocess.DEVNULL, output=subprocess.DEVNULL).wait()
        assert ended == 0 or pid != str(first)  # a child may have ended meanwhile
