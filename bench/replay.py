"""replay: a city's fortnight through the public HTTP intake, at full speed, and the figures that must come out.

`markaz replay` sends the rows in their own order, one lane a call, every permission checked, every command with its
idempotency key, to `markaz serve`; both are processes of their own on the same cores. `replay.fortnight` is its time,
`replay.fortnight_commands_per_s` its rate; one run, because the run itself is the proof: afterwards counts and response
times must equal tests/golden/sffd_2020_04.json exactly, else the benchmark breaks. At the small scale it is one day,
`replay.day`, and only every command's acknowledgement is checked.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from bench.cluster import BenchDatabase, bench_cluster
from bench.figures import Figure, alone
from bench.importing import DATA, MAPPING
from bench.server import Server, serving
from bench.settings import Scale, SkippedError, say
from markaz.core.db.pool import Database
from markaz.core.events import append
from markaz.core.identity import create_service_key
from markaz.core.permissions import Grant, Role
from markaz.core.territories import ensure_root
from markaz.programmes.incidents.figures import response_times

GOLDEN = Path(__file__).parents[1] / "tests/golden/sffd_2020_04.json"
ONE_DAY = ("--from", "2020-04-10T00:00", "--to", "2020-04-11T00:00")
UNLIMITED_PER_S = 1e6

_STATED = """
SELECT count(received_at) AS received, count(entered_at) AS entered, count(assigned_at) AS assigned,
       count(en_route_at) AS en_route, count(on_scene_at) AS on_scene, count(transporting_at) AS transporting,
       count(at_hospital_at) AS at_hospital, count(cleared_at) AS cleared
FROM incidents JOIN assignments ON incident_id = id
"""


def run(scale: Scale) -> Iterable[Figure]:
    """Measure and return the figures. Raises SkippedError where the data are absent, RuntimeError on another result."""
    if not DATA.exists():
        raise SkippedError("the dispatch log is not here (shared/data/sffd-dispatch/dispatch_2020-04.parquet)")
    is_full = scale is Scale.FULL
    name = "replay.fortnight" if is_full else "replay.day"
    with bench_cluster() as cluster:
        database = cluster.empty()
        key_file = cluster.home / "key"
        key_file.write_text(asyncio.run(_importer_key(database)))
        with serving(database, cluster.home / "centre") as server:
            say("replay: sending")
            sent = _replay(server, key_file, () if is_full else ONE_DAY)
        if is_full:
            asyncio.run(_check(database))
            say("replay: counts and response times equal tests/golden/sffd_2020_04.json")
    yield alone(name, "s", [sent["seconds"]])
    yield alone(f"{name}_commands_per_s", "commands/s", [sent["commands"] / sent["seconds"]])


async def _importer_key(database: BenchDatabase) -> str:
    centre = await Database.open(database.access.app_dsn, max_size=1)
    async with centre.transaction() as connection:
        root_id = await ensure_root(connection)
        key, created = await create_service_key(
            connection,
            login="bench-importer",
            display_name="Importer",
            grants=(Grant(Role.IMPORTER, root_id),),
            rate_limit_per_s=UNLIMITED_PER_S,
            at=datetime.now(UTC),
        )
        await append(connection, [created])
    await centre.close()
    return key


def _replay(server: Server, key_file: Path, between: tuple[str, ...]) -> dict[str, Any]:
    command = [sys.executable, "-m", "markaz.cli.main", "replay", str(DATA), "--mapping", MAPPING, "--speed", "0"]
    command += ["--url", f"http://{server.host}:{server.port}", "--key-file", str(key_file), *between]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    sent: dict[str, Any] = orjson.loads(done.stdout)
    if sent["refused"]:
        raise RuntimeError(f"the centre refused commands of the replay: {sent}")
    return sent


async def _check(database: BenchDatabase) -> None:
    golden = orjson.loads(GOLDEN.read_bytes())
    centre = await Database.open(database.access.app_dsn, max_size=1)
    async with centre.connection() as connection:
        found = {
            "calls": await connection.fetchval("SELECT count(*) FROM incidents"),
            "units": await connection.fetchval("SELECT count(*) FROM units"),
            "stated": dict((await connection.fetch(_STATED))[0].items()),
            "response": [
                (f.priority, f.calls, f.with_both, f.p50_s, f.p90_s)
                for f in await response_times(connection, source=MAPPING)
            ],
        }
    await centre.close()
    wanted = {name: golden[name] for name in ("calls", "units", "stated")}
    response = [
        tuple(row[k] for k in ("priority", "calls", "with_both", "p50_s", "p90_s")) for row in golden["response"]
    ]
    if found != wanted | {"response": sorted(response)}:
        raise RuntimeError(f"the replay left {found}, the independent answer is {golden}")
