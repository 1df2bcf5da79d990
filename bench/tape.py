"""The yardstick of commands: a tape of every statement the centre sends for them, played by the bare driver.

The centre itself is recorded, so the bare driver does the same reads, takes the same locks, writes the same rows and
appends the same events, with the same prepared SQL; what it saves is everything that is not the driver.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import httpx

from bench.desk import Officer, work_one_incident
from markaz.core import reach
from markaz.core.db.pool import Database, Session
from markaz.core.sealing import Sealer
from markaz.core.settings import Settings
from markaz.core.territories import load_tree
from markaz.kit.clock import SystemClock
from markaz.web.app import create_app
from markaz.web.centre import Centre

Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

EDGES = ("BEGIN", "COMMIT", "ROLLBACK")  # the player sets its own, one pair a command


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with its parameters; `is_many` when it runs once for each of them."""

    sql: str
    parameters: Sequence[Any]
    is_many: bool


Command: TypeAlias = tuple[Statement, ...]
Tape: TypeAlias = list[list[Command]]  # what each officer did, in order


class _Recorder:
    def __init__(self) -> None:
        self.statements: list[Statement] = []

    async def attach(self, connection: Any) -> None:
        connection.add_query_logger(self.note)

    def note(self, query: Any) -> None:
        if not query.query.startswith(EDGES):
            # Many parameter sets come as the caller's list, one set as a tuple.
            is_many = isinstance(query.args, list)
            self.statements.append(Statement(query.query, query.args, is_many))

    def take(self) -> Command:
        taken, self.statements = tuple(self.statements), []
        return taken


async def _nothing(_connection: Any) -> None:
    """Reset nothing on release, as the centre's own pool does not."""


async def record(dsn: str, home: Path, officers: Sequence[Officer], incidents: int) -> Tape:
    """Let each officer work `incidents` incidents in a centre of its own on `dsn`, and return what reached the driver.

    The centre runs in this process without a network; the database keeps what it did.
    """
    recorder = _Recorder()
    pool = await asyncpg.create_pool(
        dsn, min_size=1, max_size=1, init=recorder.attach, reset=_nothing, connection_class=Session
    )
    try:
        database = Database(pool, dsn)
        clock = SystemClock()
        async with database.connection() as connection:
            tree = await load_tree(connection, datetime.now(UTC).date())
        settings = Settings(home=home, rate_limit_per_s=1e6, database_url=None, database_owner_url=None)
        app = create_app(Centre(settings, database, clock, Sealer.open(home), tree))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            return [await _record_officer(client, recorder, officer, incidents) for officer in officers]
    finally:
        await pool.close()


async def _record_officer(
    client: httpx.AsyncClient, recorder: _Recorder, officer: Officer, incidents: int
) -> list[Command]:
    commands: list[Command] = []

    async def post(path: str, body: dict[str, Any]) -> Mapping[str, Any]:
        recorder.take()
        key = {"idempotency-key": secrets.token_hex(8)}
        answer = await client.post(path, json=body, headers=officer.headers | key)
        if answer.status_code >= 300:
            raise RuntimeError(f"{path} was answered {answer.status_code}: {answer.text[:300]}")
        commands.append(recorder.take())
        answered: Mapping[str, Any] = answer.json()
        return answered

    for _ in range(incidents):
        await work_one_incident(post, officer)
    return commands


async def play(connection: Driver, command: Command) -> None:
    """Send one command's statements in one transaction, as somebody with nothing but the driver would.

    Row policies let it meet every row; on a `Session` saying so costs no round trip.
    """
    with reach.within(reach.system("the yardstick")):
        await _play(connection, command)


async def _play(connection: Driver, command: Command) -> None:
    async with connection.transaction():
        for statement in command:
            if statement.is_many:
                await connection.executemany(statement.sql, statement.parameters)
            else:
                await connection.fetch(statement.sql, *statement.parameters)


async def play_all(connections: Sequence[Driver], tape: Tape, start: int, stop: int) -> None:
    """Play commands `start` to `stop` of every officer, each on a connection of its own, all at once."""

    async def play_one(connection: Driver, commands: list[Command]) -> None:
        for command in commands[start:stop]:
            await play(connection, command)

    await asyncio.gather(*(play_one(c, commands) for c, commands in zip(connections, tape, strict=True)))
