"""History as tests write and read it: a clock that is two days on, and readers that are not ours."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
from tests.support.centre import RunningCentre

from markaz.analytics.snapshots.keys import HistoryKeys
from markaz.analytics.snapshots.manifest import FOLDER, Manifest
from markaz.analytics.snapshots.verifying import Verified, verify
from markaz.analytics.snapshots.writing import Written
from markaz.kit.clock import FakeClock
from markaz.web.history import history_of

LATER = timedelta(days=2)  # every event of the test then is of a day that is over


def now_of(centre: RunningCentre) -> datetime:
    return centre.centre.clock.now() + LATER


async def write(centre: RunningCentre, *, now: datetime | None = None, rebuild: bool = False) -> Written:
    """Write history as the job does, at a later time."""
    retention, settings = centre.centre.governing.retention, centre.centre.settings
    clock = FakeClock(now or now_of(centre))
    history = history_of(settings, retention, clock, lambda: centre.centre.tree)
    async with centre.centre.database.transaction() as connection:
        return await history.run(connection, rebuild=rebuild)


async def verified(centre: RunningCentre) -> Verified:
    return await verify(centre.centre.database, centre.centre.settings.home)


def root_of(centre: RunningCentre) -> Path:
    return centre.centre.settings.home / FOLDER


def manifest_of(root: Path) -> Manifest:
    manifest = Manifest.load(root)
    assert manifest is not None
    return manifest


def rows_of(root: Path) -> list[dict[str, Any]]:
    """Every row of history as pyarrow reads it, with the day and region of its path."""
    rows = []
    for file in manifest_of(root).files():
        _, day, region, _ = file.path.split("/")
        table = pq.ParquetFile(root / file.path).read()
        rows += [row | {"day": day[4:], "region": region[7:]} for row in table.to_pylist()]
    return rows


def pseudonyms_of(centre: RunningCentre, incident_id: str) -> set[str]:
    """Every pseudonym that any key there is now makes of an incident."""
    keys = HistoryKeys.load(centre.centre.settings.home / "keys")
    in_use = [key for key in manifest_of(root_of(centre)).keys if key in keys]
    return {keys.pseudonym(key, "incident", UUID(incident_id)) for key in in_use}


def joined_in(root: Path) -> set[str]:
    """Every pseudonym of an incident in the files."""
    return {row["incident"] for row in rows_of(root) if row["incident"] is not None}


def content_of(root: Path) -> Counter[str]:
    """Every row as text, without order: equal for equal histories."""
    return Counter(repr(sorted(row.items(), key=lambda cell: cell[0])) for row in rows_of(root))


def decompressed(root: Path) -> bytes:
    """Every value of every column, and what the files say of themselves."""
    said = [str(pq.read_metadata(root / file.path).metadata) for file in manifest_of(root).files()]
    return "\n".join([*said, *content_of(root)]).encode()
