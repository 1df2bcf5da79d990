"""Terrain in the database: set by code, all or nothing, told to a running centre, and shown with the norms."""

import asyncio

import pytest
from tests.support.centre import RunningCentre
from tests.support.land import Land

from markaz.core.errors import InvalidInput
from markaz.core.events import SYSTEM_ACTOR_ID
from markaz.core.permissions import Role
from markaz.core.territories.terrain import Terrain
from markaz.core.territories.terrain_store import set_terrain


async def put(running: RunningCentre, wanted: dict[str, Terrain]) -> int:
    centre = running.centre
    async with centre.database.transaction() as connection:
        return await set_terrain(connection, centre.tree, wanted, actor_id=SYSTEM_ACTOR_ID, at=centre.clock.now())


async def test_a_running_centre_takes_the_terrain_over(centre: RunningCentre) -> None:
    code = centre.centre.tree.get(Land.WEST).code
    norms = centre.centre.norms
    urban = norms.of("1", Land.WEST_SOUTH)
    assert await put(centre, {code: Terrain.MOUNTAIN}) == 1
    while norms.of("1", Land.WEST_SOUTH) == urban:  # noqa: ASYNC110 - the centre tells nobody that it has read them
        await asyncio.sleep(0.02)
    assert norms.of("1", Land.WEST_SOUTH) == norms.norms.of("1", Terrain.MOUNTAIN)
    assert norms.of("1", Land.EAST) == urban
    person = await centre.person(Role.OBSERVER, Land.EAST)
    body = (await person.get("/api/norms")).json()
    assert body["terrain"] == {str(int(Land.WEST)): "mountain"}
    assert {row["priority"] for row in body["norms"]} == {"1", "2", "3", "4"}


async def test_one_unknown_code_refuses_the_whole_file(centre: RunningCentre) -> None:
    code = centre.centre.tree.get(Land.WEST).code
    before = await centre.seq()
    with pytest.raises(InvalidInput, match="nowhere"):
        await put(centre, {code: Terrain.RURAL, "nowhere": Terrain.RURAL})
    assert await centre.seq() == before
    assert await centre.rows("SELECT * FROM territory_terrain") == []


async def test_a_second_word_replaces_the_first(centre: RunningCentre) -> None:
    code = centre.centre.tree.get(Land.WEST).code
    await put(centre, {code: Terrain.RURAL})
    await put(centre, {code: Terrain.URBAN})
    rows = await centre.rows("SELECT territory_id, terrain FROM territory_terrain")
    assert [(row["territory_id"], row["terrain"]) for row in rows] == [(Land.WEST, "urban")]
