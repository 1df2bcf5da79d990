"""A centre for San Francisco as an operator would set it up, and a piece of one day's dispatch log to replay into it.

Territories and gazetteer come in by the commands, the log by `markaz replay` in a process of its own. Nothing is kept.
"""

import asyncio
import csv
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import httpx
from tests.faults.served import ServedCentre
from tests.support.crews import log_on
from tests.support.desk import register_unit
from tests.support.exports import DATA, SFFD
from tests.support.land import Land
from tests.support.people import Person, cookie, make_person, make_service, new_key, open_session

from markaz.core.db.embedded import running_database
from markaz.core.db.pool import Database
from markaz.core.permissions import Grant, Role
from markaz.kit.clock import iso

EXPORT = SFFD / "dispatch_2020-04.parquet"
AREAS = DATA / "sf-neighborhoods" / "analysis_neighborhoods.geojson"
FROM = datetime(2020, 4, 9, 17)  # noqa: DTZ001 - local time of the export: the busiest hour of its fortnight
HEAD = ("key", "kind", "name_en", "house", "lon", "lat")
UNITS = 12
FIX_EVERY_S = 5.0
MIDDLE = (-122.43, 37.77)  # of the city; units begin around it
SPREAD = 0.03  # degrees
STEP = 0.0004  # degrees a fix may move: a car in a city
COMMAND_S = 120
SHIFT_LIFE = timedelta(hours=12)
STAGES = ("response", "on_scene", "transport", "hospital", "available")


@dataclass(frozen=True)
class Address:
    """A place of the gazetteer, as a caller would say it: `name` a street, crossing or landmark, `house` may be empty."""

    name: str
    house: str
    lon: float
    lat: float


@dataclass(frozen=True)
class Piece:
    """The log as it stood `minutes` after its start, and what a replay of it must leave."""

    file: Path
    calls: int
    sendings: int
    commands: int


def cut_piece(folder: Path, minutes: float) -> Piece:
    """Write the rows of calls of those minutes; what happened later was not known yet, so it is not there."""
    until = FROM + timedelta(minutes=minutes)
    file = folder / "piece.parquet"
    known = ", ".join(f"CASE WHEN {stage} <= $until THEN {stage} END AS {stage}" for stage in STAGES)
    rows = f"""
        SELECT * REPLACE ({known}) FROM read_parquet($export)
        WHERE received >= $from AND received < $until AND dispatch <= $until ORDER BY received, row_id
    """
    with duckdb.connect() as log:
        given = {"export": str(EXPORT), "from": FROM, "until": until}
        log.execute(f"CREATE TABLE piece AS {rows}", given)
        log.execute(f"COPY piece TO '{file}' (FORMAT parquet)")
        counted = " + ".join(f"count({stage})" for stage in ("dispatch", *STAGES))
        calls, sendings, stages = log.execute(
            f"SELECT count(DISTINCT call_number), count(*), {counted} FROM piece"
        ).fetchone() or (0, 0, 0)
        (ended,) = log.execute(
            "SELECT count(*) FROM (SELECT call_number FROM piece GROUP BY 1 HAVING count(available) = count(*))"
        ).fetchone() or (0,)
    return Piece(file, calls, sendings, calls + stages + ended)


def write_gazetteer(file: Path) -> list[Address]:
    """Write every address of the export once, as places; return those of the day that is replayed."""
    with duckdb.connect() as log:
        rows = log.execute(
            "SELECT address_block, any_value(lon), any_value(lat), bool_or(received::date = $day) FROM read_parquet($export) "
            "WHERE NOT starts_with(address_block, 'CALL BOX') AND lon IS NOT NULL GROUP BY 1 ORDER BY 1",
            {"day": FROM.date(), "export": str(EXPORT)},
        ).fetchall()
    known = []
    with file.open("w", newline="", encoding="utf-8") as out:
        lines = csv.writer(out)
        lines.writerow(HEAD)
        for block, lon, lat, is_of_day in rows:
            house, word, street = block.partition(" Block of ")
            kind, name, number = (
                ("house", street, house) if word else ("crossing" if "/" in block else "landmark", block, "")
            )
            lines.writerow((block, kind, name, number, lon, lat))
            if is_of_day:
                known.append(Address(name, number, lon, lat))
    return known


class City:
    """The centre, its people and its units. `prepare`, then `start`, and `stop` whatever happened."""

    def __init__(self, served: ServedCentre, folder: Path) -> None:
        self.served = served
        self._folder = folder
        self._clients: list[httpx.AsyncClient] = []
        self.database: Database
        self.units: dict[str, str] = {}  # call sign -> id
        self.addresses: list[Address] = []
        self._chance = Random(102)
        self._at: dict[str, tuple[float, float]] = {}

    async def prepare(self) -> None:
        """Import territories and gazetteer by the commands of an operator, and start the server."""
        self.addresses = write_gazetteer(self._folder / "addresses.csv")
        area = ["--code-property", "neighborhood", "--name", "en=neighborhood"]
        await self._command("territories", "import", str(AREAS), "--level", "neighbourhood", *area)
        hoods = ["--source", "hoods", "--kind", "neighbourhood", "--column", "key=neighborhood"]
        await self._command("places", "import", str(AREAS), *hoods, "--column", "name_en=neighborhood")
        await self._command("places", "import", str(self._folder / "addresses.csv"))
        with running_database(self.served.settings) as access:
            self.served.access = access
        await asyncio.to_thread(self.served.start)
        self.database = await Database.open(self.served.access.app_dsn)

    async def person(self, login: str, role: Role) -> Person:
        """Make somebody with a role in the whole city, signed in."""
        now, grants = datetime.now(UTC), (Grant(role, Land.ROOT),)
        if role in (Role.IMPORTER, Role.UNIT_DEVICE):
            id_, key = await make_service(self.database, login, grants, now=now)
            credentials = {"Authorization": f"Bearer {key}"}
        else:
            id_ = await make_person(self.database, login, grants, now=now)
            credentials = cookie(await open_session(self.database, id_, now=now, life=SHIFT_LIFE))
        client = httpx.AsyncClient(base_url=self.served.base_url, headers=credentials, timeout=30)
        self._clients.append(client)
        return Person(id_, login, client, credentials)

    async def man_units(self) -> None:
        """Register the units and let a crew log on to each."""
        supervisor = await self.person("supervisor", Role.SUPERVISOR)
        for number in range(1, UNITS + 1):
            sign = f"P-{number:02}"
            officer = await self.person(f"crew.{number}", Role.UNIT_OFFICER)
            unit = await register_unit(supervisor, sign, Land.ROOT, available=False)
            await log_on(officer, unit, crew_size=2)
            self.units[sign] = unit["id"]
            self._at[sign] = tuple(m + self._chance.uniform(-SPREAD, SPREAD) for m in MIDDLE)  # type: ignore[assignment]

    async def drive(self, device: Person) -> None:
        """Report where the units are, again and again, until cancelled."""
        while True:
            at = iso(datetime.now(UTC))
            for sign, (lon, lat) in self._at.items():
                self._at[sign] = (lon + self._chance.uniform(-STEP, STEP), lat + self._chance.uniform(-STEP, STEP))
            fixes = [
                {"unit_id": self.units[sign], "lon": lon, "lat": lat, "fix_at": at}
                for sign, (lon, lat) in self._at.items()
            ]
            answer = await device.post("/api/units/positions", {"positions": fixes})
            assert answer.is_success, answer.text
            await asyncio.sleep(FIX_EVERY_S)

    async def press_emergency(self, device: Person, sign: str) -> None:
        """Press the red button of a unit, as its radio does."""
        lon, lat = self._at[sign]
        answer = await device.post(f"/api/units/{self.units[sign]}/emergency", {"lon": lon, "lat": lat}, key=new_key())
        assert answer.status_code == 201, answer.text

    async def stop(self) -> None:
        """Stop the server; the home goes with the test."""
        for client in self._clients:
            await client.aclose()
        if hasattr(self, "database"):
            await self.database.close()
        await asyncio.to_thread(self.served.stop)

    async def _command(self, *words: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MARKAZ_")}
        environment["MARKAZ_HOME"] = str(self.served.home)
        if self.served.settings.postgres_bin is not None:
            environment["MARKAZ_POSTGRES_BIN"] = str(self.served.settings.postgres_bin)
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "markaz.cli.main", *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"


class Replay:
    """`markaz replay --shift-to-now --speed 1` as a child process."""

    def __init__(self, base_url: str, key: str, piece: Piece) -> None:
        command = ["replay", str(piece.file), "--mapping", "sffd", "--shift-to-now", "--speed", "1", "--url", base_url]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "markaz.cli.main", *command],
            env=os.environ | {"MARKAZ_IMPORTER_KEY": key},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    async def end(self, patience_s: float) -> dict[str, Any]:
        """Wait until it has sent everything and return what it printed; `refusals` is what it said on standard error."""
        out, said = await asyncio.to_thread(self._process.communicate, timeout=patience_s)
        assert self._process.returncode == 0, said[-3000:]
        summary: dict[str, Any] = json.loads(out)
        return summary | {"refusals": [line.strip() for line in said.splitlines() if "refused:" in line]}

    def kill(self) -> None:
        """End it if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()
