"""Norms as data: complete, growing with distance and with calm, and inherited from the territory around."""

import copy
import tomllib
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from markaz.core.codes import load_codes
from markaz.core.errors import InvalidInput
from markaz.core.settings import Profile
from markaz.core.territories import Level, Territory, TerritoryTree
from markaz.core.territories.terrain import Terrain, Terrains, read_terrain
from markaz.kit.ids import TerritoryId
from markaz.programmes.incidents.norms import STRICTEST, NormsInForce, load_norms, norms_of

SINCE = date(2020, 1, 1)
COUNTRY, REGION, DISTRICT, MAHALLA, OLD_DISTRICT = 1, 2, 3, 4, 5


def territory(id_: int, parent: int | None, level: Level, code: str = "", until: date | None = None) -> Territory:
    parent_id = None if parent is None else TerritoryId(parent)
    since = SINCE if until is None else date(2010, 1, 1)
    return Territory(TerritoryId(id_), code or str(id_), parent_id, level, {}, since, until)


TREE = TerritoryTree(
    [
        territory(COUNTRY, None, Level.COUNTRY),
        territory(REGION, COUNTRY, Level.REGION),
        territory(DISTRICT, REGION, Level.DISTRICT, "d"),
        territory(OLD_DISTRICT, REGION, Level.DISTRICT, "d", until=SINCE),
        territory(MAHALLA, DISTRICT, Level.NEIGHBOURHOOD),
    ],
    {},
    date(2026, 1, 1),
)


def terrains(**marks: Terrain) -> Terrains:
    return Terrains({int(name[1:]): terrain for name, terrain in marks.items()}, lambda: TREE, Terrain.URBAN)


def packaged() -> dict[str, Any]:
    return tomllib.loads(resources.files("markaz.core").joinpath("profiles", "norms.toml").read_text("utf-8"))


@pytest.mark.parametrize("profile", list(Profile))
def test_every_priority_of_the_code_table_has_a_norm_for_each_terrain(profile: Profile) -> None:
    norms = load_norms(profile)
    graded = {code.code for code in load_codes(profile).priorities.codes} - {"unknown"}
    assert {priority for priority, _ in norms.table} == graded


def test_a_priority_nobody_has_given_yet_has_the_strictest_norm() -> None:
    norms = load_norms(Profile.UZ)
    for terrain in Terrain:
        assert norms.of("unknown", terrain) == norms.of(STRICTEST, terrain)


def test_five_minutes_hold_for_danger_to_life_in_towns_and_nowhere_else() -> None:
    table = load_norms(Profile.UZ).table
    assert [key for key, norm in table.items() if norm.arrival_s <= 300] == [("1", Terrain.URBAN)]


def test_norms_never_shrink_with_distance_or_with_calm() -> None:
    norms = load_norms(Profile.UZ)
    by_terrain = [[norms.of(p, t) for t in Terrain] for p in "1234"]
    by_priority = [[norms.of(p, t) for p in "1234"] for t in Terrain]
    for row in by_terrain + by_priority:
        assert [n.arrival_s for n in row] == sorted(n.arrival_s for n in row)
        assert [n.en_route_s for n in row] == sorted(n.en_route_s for n in row)
        assert [n.welfare_s for n in row] == sorted(n.welfare_s for n in row)


def test_nothing_is_due_sooner_than_the_least_over_all_terrains() -> None:
    norms = load_norms(Profile.UZ)
    least = norms.least("arrival_s")
    assert all(norm.arrival_s >= least[priority] for (priority, _), norm in norms.table.items())
    assert least["1"] == 300


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data["norms"].pop(),
        lambda data: data["norms"].append(data["norms"][0]),
        lambda data: data["norms"][0].update(arrival_s=0),
        lambda data: data.update(amber_share=1.0),
        lambda data: data["norms"][0].update(terrain="swamp"),
    ],
)
def test_a_file_that_leaves_a_hole_is_refused(spoil: Any) -> None:
    data = copy.deepcopy(packaged())
    spoil(data)
    with pytest.raises(ValueError, match=r"."):
        norms_of(data, Profile.UZ)


def test_terrain_comes_from_the_nearest_territory_around() -> None:
    assert terrains().of(MAHALLA) is Terrain.URBAN
    assert terrains(t2=Terrain.RURAL).of(MAHALLA) is Terrain.RURAL
    assert terrains(t2=Terrain.RURAL, t3=Terrain.MOUNTAIN).of(MAHALLA) is Terrain.MOUNTAIN
    assert terrains(t2=Terrain.RURAL, t3=Terrain.MOUNTAIN).of(REGION) is Terrain.RURAL
    assert terrains(t4=Terrain.MOUNTAIN).of(DISTRICT) is Terrain.URBAN


def test_a_record_of_an_old_version_has_the_terrain_of_the_one_that_stands_now() -> None:
    assert terrains(t3=Terrain.MOUNTAIN).of(OLD_DISTRICT) is Terrain.MOUNTAIN


def test_an_unknown_territory_has_the_default() -> None:
    assert terrains(t1=Terrain.RURAL).of(99) is Terrain.URBAN


def test_norms_in_force_join_priority_and_territory() -> None:
    norms = load_norms(Profile.UZ)
    in_force = NormsInForce(norms, lambda: terrains(t2=Terrain.RURAL))
    assert in_force.of("1", MAHALLA) == norms.of("1", Terrain.RURAL)
    assert in_force.wire()["terrain"] == {"2": "rural"}
    assert len(in_force.wire()["norms"]) == 12


def test_terrain_is_read_from_a_file_and_wrong_lines_are_named(tmp_path: Path) -> None:
    file = tmp_path / "terrain.csv"
    file.write_text("\ufeffcode,terrain\nd,mountain\n2,rural\n", encoding="utf-8")
    assert read_terrain(file) == {"d": Terrain.MOUNTAIN, "2": Terrain.RURAL}
    for text in (
        "code,terrain\nd,swamp\n",
        "code,terrain\nd,rural\nd,rural\n",
        "kod,terrain\n",
        "code,terrain\n,rural\n",
    ):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(InvalidInput):
            read_terrain(file)
