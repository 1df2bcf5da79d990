"""A small piece of land for tests: one region, two districts, two neighbourhoods in each, all of them squares.

Degrees WGS 84. The region spans 60..62 east and 40..42 north; WEST is its western half, SOUTH the southern quarter.
"""

from datetime import date
from enum import IntEnum

import shapely

from markaz.core.db.pool import Connection
from markaz.core.territories import ensure_root
from markaz.core.territories.model import Level, Territory
from markaz.core.territories.store import insert_territories, put_boundaries
from markaz.kit.ids import TerritoryId

VALID_FROM = date(2000, 1, 1)


class Land(IntEnum):
    """The territory ids. ROOT is the whole country, made by `ensure_root`."""

    ROOT = 1
    REGION = 2
    WEST = 3
    EAST = 4
    WEST_SOUTH = 31
    WEST_NORTH = 32
    EAST_SOUTH = 41
    EAST_NORTH = 42


_BOXES: dict[Land, tuple[Land, Level, tuple[float, float, float, float]]] = {
    Land.REGION: (Land.ROOT, Level.REGION, (60, 40, 62, 42)),
    Land.WEST: (Land.REGION, Level.DISTRICT, (60, 40, 61, 42)),
    Land.EAST: (Land.REGION, Level.DISTRICT, (61, 40, 62, 42)),
    Land.WEST_SOUTH: (Land.WEST, Level.NEIGHBOURHOOD, (60, 40, 61, 41)),
    Land.WEST_NORTH: (Land.WEST, Level.NEIGHBOURHOOD, (60, 41, 61, 42)),
    Land.EAST_SOUTH: (Land.EAST, Level.NEIGHBOURHOOD, (61, 40, 62, 41)),
    Land.EAST_NORTH: (Land.EAST, Level.NEIGHBOURHOOD, (61, 41, 62, 42)),
}


def place_in(territory: Land) -> dict[str, float]:
    """Return the middle of a territory as the API takes a place."""
    west, south, east, north = _BOXES[territory][2]
    return {"lon": (west + east) / 2, "lat": (south + north) / 2}


async def make_land(connection: Connection) -> None:
    """Write the land into an empty, migrated database, inside the caller's transaction."""
    assert await ensure_root(connection) == Land.ROOT
    await insert_territories(
        connection,
        [
            Territory(
                id=TerritoryId(land),
                code=land.name.lower(),
                parent_id=TerritoryId(parent),
                level=level,
                names={"en": land.name.replace("_", " ").title()},
                valid_from=VALID_FROM,
            )
            for land, (parent, level, _) in _BOXES.items()
        ],
    )
    await put_boundaries(connection, [(TerritoryId(land), shapely.box(*box)) for land, (_, _, box) in _BOXES.items()])
