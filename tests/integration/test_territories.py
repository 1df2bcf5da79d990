"""Territories in the database: imports, versions, and the real boundaries where they are at hand."""

import json
import os
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
import shapely
from typer.testing import CliRunner

from markaz.cli import territories
from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.pool import Database
from markaz.core.errors import InvalidInput
from markaz.core.events import SYSTEM_ACTOR_ID, read_after
from markaz.core.settings import Settings
from markaz.core.territories import Level, TerritoryTree, ensure_root, load_tree
from markaz.core.territories.geojson import Feature, read_features
from markaz.core.territories.importing import Counts, ImportOptions, ImportResult, import_boundaries
from markaz.kit.geometry import Point

DATA = Path(os.environ.get("MARKAZ_TEST_DATA", Path(__file__).resolve().parents[2].parent / "shared" / "data"))
FIRST, LATER = date(2026, 1, 1), date(2026, 6, 1)
SOATO: dict[str, Any] = {"code_property": "soato", "parent_property": "region_soato"}


def data_file(name: str) -> Path:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"the test data are not there: {path}")
    return path


def square(west: float, south: float, size: float = 1.0, **properties: Any) -> Feature:
    return Feature(1, properties, shapely.box(west, south, west + size, south + size))


async def bring(
    db: Database, features: Iterable[Feature], level: Level, since: date = FIRST, **options: Any
) -> ImportResult:
    async with db.transaction() as connection:
        return await import_boundaries(
            connection,
            features,
            ImportOptions(level, since, **options),
            actor_id=SYSTEM_ACTOR_ID,
            at=datetime.now(UTC),
        )


async def tree_at(db: Database, at: date) -> TerritoryTree:
    async with db.snapshot() as connection:
        return await load_tree(connection, at)


@pytest.fixture
async def db(database: DatabaseAccess) -> Any:
    opened = await Database.open(database.app_dsn)
    yield opened
    await opened.close()


async def test_root_is_made_once(db: Database) -> None:
    for _ in range(2):
        async with db.transaction() as connection:
            assert await ensure_root(connection) == 1
    tree = await tree_at(db, FIRST)
    assert tree.root_id == 1
    assert tree.get(1).name("en") == "Centre"


async def test_import_finds_parents_on_the_map_and_appends_one_event(db: Database) -> None:
    await bring(db, [square(0, 0, 4, code="R", name_en="Region")], Level.REGION)
    districts = [square(0, 0, 2, code="D1", name_en="One"), square(2, 0, 2, code="D2", name_en="Two")]
    result = await bring(db, districts, Level.DISTRICT)
    assert result == ImportResult(Counts(added=2), seq=2)
    tree = await tree_at(db, FIRST)
    assert [tree.get(id_).code for id_ in tree.path(tree.locate(Point(3, 1)) or 0)] == ["centre", "R", "D2"]
    async with db.connection() as connection:
        events = await read_after(connection, 0, limit=10)
    assert [recorded.event.type for recorded in events] == ["territory.imported/1"] * 2
    assert events[1].event.payload == {
        "level": "district",
        "valid_from": "2026-01-01",
        "added": 2,
        "changed": 0,
        "renamed": 0,
        "unchanged": 0,
    }


async def test_same_file_twice_changes_nothing(db: Database) -> None:
    regions = [square(0, 0, 4, code="R", name_en="Region")]
    await bring(db, regions, Level.REGION)
    assert (await bring(db, regions, Level.REGION)).counts == Counts(added=0, unchanged=1)
    assert (await bring(db, regions, Level.REGION, LATER)).counts == Counts(added=0, unchanged=1)


async def test_changed_boundary_closes_the_old_version_and_children_follow(db: Database) -> None:
    await bring(db, [square(0, 0, 4, code="R", name_en="Region")], Level.REGION)
    await bring(db, [square(0, 0, 2, code="D", name_en="District")], Level.DISTRICT)
    result = await bring(db, [square(0, 0, 5, code="R", name_en="Region")], Level.REGION, LATER)
    assert result.counts == Counts(added=0, changed=1)
    before, after = await tree_at(db, date(2026, 5, 31)), await tree_at(db, LATER)
    assert before.locate(Point(4.5, 4.5)) is None
    region = after.locate(Point(4.5, 4.5))
    district = after.locate(Point(1, 1))
    assert region is not None
    assert district is not None
    assert after.path(district) == (1, region, district)
    assert after.current(2) == region
    assert after.is_within(district, 2)


async def test_boundary_corrected_for_the_same_day_keeps_its_version(db: Database) -> None:
    await bring(db, [square(0, 0, 4, code="R", name_en="Region")], Level.REGION)
    result = await bring(db, [square(0, 0, 5, code="R", name_en="Region")], Level.REGION)
    assert result.counts == Counts(added=0, changed=1)
    tree = await tree_at(db, FIRST)
    assert tree.locate(Point(4.5, 4.5)) == 2
    assert len(tree) == 2


async def test_corrected_name_keeps_the_version(db: Database) -> None:
    await bring(db, [square(0, 0, 4, code="R", name_en="Regoin")], Level.REGION)
    result = await bring(db, [square(0, 0, 4, code="R", name_en="Region", name_ru="Область")], Level.REGION, LATER)
    assert result.counts == Counts(added=0, renamed=1)
    assert dict((await tree_at(db, LATER)).get(2).names) == {"en": "Region", "ru": "Область"}


@pytest.mark.parametrize(
    ("properties", "options", "field"),
    [
        ({"name_en": "No code"}, {}, "code"),
        ({"code": "D"}, {}, "name"),
        ({"code": "R", "name_en": "x"}, {}, "code"),
        ({"code": "D", "name_en": "x", "in": "nowhere"}, {"parent_property": "in"}, "in"),
        ({"code": "D", "name_en": "x"}, {"parent_property": "in"}, "in"),
        ({"code": "D", "name_en": "x", "far": 1}, {}, "geometry"),
    ],
)
async def test_feature_without_its_place_is_refused_and_nothing_is_kept(
    db: Database, properties: dict[str, Any], options: dict[str, Any], field: str
) -> None:
    await bring(db, [square(0, 0, 4, code="R", name_en="Region")], Level.REGION)
    good, bad = square(0, 0, 2, code="D0", name_en="Good"), square(9 if "far" in properties else 0, 0, **properties)
    if "parent_property" in options:
        good.properties["in"] = "R"
    with pytest.raises(InvalidInput) as refused:
        await bring(db, [good, bad], Level.DISTRICT, **options)
    assert refused.value.details["field"] == field
    assert len(await tree_at(db, FIRST)) == 2


async def test_version_before_an_existing_one_is_refused(db: Database) -> None:
    await bring(db, [square(0, 0, 4, code="R", name_en="Region")], Level.REGION, LATER)
    with pytest.raises(InvalidInput, match="has a version from 2026-06-01"):
        await bring(db, [square(0, 0, 5, code="R", name_en="Region")], Level.REGION, FIRST)


async def test_code_twice_in_one_file_and_an_empty_file_are_refused(db: Database) -> None:
    twice = [square(0, 0, code="R", name_en="x"), square(2, 0, code="R", name_en="y")]
    with pytest.raises(InvalidInput, match="stands twice"):
        await bring(db, twice, Level.REGION)
    with pytest.raises(InvalidInput, match="no feature"):
        await bring(db, [], Level.REGION)


def test_command_imports_a_file_and_names_what_is_wrong(
    centre_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert centre_settings.database_url is not None
    assert centre_settings.database_owner_url is not None
    monkeypatch.setenv("MARKAZ_HOME", str(centre_settings.home))
    monkeypatch.setenv("MARKAZ_DATABASE_URL", centre_settings.database_url.get_secret_value())
    monkeypatch.setenv("MARKAZ_DATABASE_OWNER_URL", centre_settings.database_owner_url.get_secret_value())
    file = tmp_path / "regions.geojson"
    shape = json.loads(shapely.to_geojson(shapely.box(0, 0, 1, 1)))
    one = {"type": "Feature", "properties": {"no": 7, "title": "Seven"}, "geometry": shape}
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [one]}))
    command = ["import", str(file), "--level", "region", "--code-property", "no", "--valid-from", "2026-01-01"]

    done = CliRunner().invoke(territories.app, [*command, "--name", "en=title"])
    assert done.output == "regions.geojson: 1 added, 0 changed, 0 renamed, 0 unchanged as region from 2026-01-01\n"
    unnamed = CliRunner().invoke(territories.app, command)
    assert isinstance(unnamed.exception, InvalidInput)
    assert unnamed.exception.details == {"feature": 1, "field": "name"}
    malformed = CliRunner().invoke(territories.app, [*command, "--name", "title"])
    assert isinstance(malformed.exception, InvalidInput)


async def test_real_regions_and_districts_of_uzbekistan(db: Database) -> None:
    regions = data_file("uz-boundaries/regions.geojson")
    districts = data_file("uz-boundaries/districts.geojson")
    assert (await bring(db, read_features(regions), Level.REGION, code_property="soato")).counts == Counts(14)
    assert (await bring(db, read_features(districts), Level.DISTRICT, **SOATO)).counts == Counts(206)
    again = await bring(db, read_features(districts), Level.DISTRICT, LATER, **SOATO)
    assert again.counts == Counts(added=0, unchanged=206)

    tree = await tree_at(db, FIRST)
    assert len(tree) == 1 + 14 + 206
    raw = json.loads(districts.read_bytes())["features"]
    for feature in raw:
        inside = shapely.point_on_surface(shapely.from_geojson(json.dumps(feature["geometry"])))
        found = tree.locate(Point(inside.x, inside.y))
        assert found is not None
        codes = [tree.get(id_).code for id_ in tree.path(found)]
        assert codes == ["centre", feature["properties"]["region_soato"], feature["properties"]["soato"]]
        assert tree.get(found).names["uz-Cyrl"] == feature["properties"]["name_uz_cyrl"]


async def test_parents_found_on_the_real_map_are_those_in_the_register(db: Database) -> None:
    regions = data_file("uz-boundaries/regions.geojson")
    districts = data_file("uz-boundaries/districts.geojson")
    await bring(db, read_features(regions), Level.REGION, code_property="soato")
    await bring(db, read_features(districts), Level.DISTRICT, code_property="soato")
    tree = await tree_at(db, FIRST)
    wrong = [
        feature.text("soato")
        for feature in read_features(districts)
        if tree.find(feature.text("region_soato") or "") != tree.parent(tree.find(feature.text("soato") or "") or 0)
    ]
    assert wrong == []


async def test_locate_equals_brute_force_over_real_neighbourhoods(db: Database) -> None:
    """41 neighbourhoods directly under the centre; 4,000 random points and every corner of one boundary."""
    file = data_file("sf-neighborhoods/analysis_neighborhoods.geojson")
    options: dict[str, Any] = {"code_property": "neighborhood", "name_properties": {"en": "neighborhood"}}
    assert (await bring(db, read_features(file), Level.NEIGHBOURHOOD, **options)).counts == Counts(41)
    tree = await tree_at(db, FIRST)
    shapes = {id_: geometry for id_ in tree.children(1) if (geometry := tree.geometry(id_)) is not None}
    west, south, east, north = tree.bbox(1) or (0, 0, 0, 0)
    random = Random(102)
    points = [(random.uniform(west, east), random.uniform(south, north)) for _ in range(4_000)]
    points += [(float(x), float(y)) for x, y in shapely.get_coordinates(tree.geometry(2))]
    found = 0
    for x, y in points:
        expected = min((id_ for id_, shape in shapes.items() if shape.covers(shapely.Point(x, y))), default=None)
        assert tree.locate(Point(x, y)) == expected
        found += expected is not None
    assert found > 1_000
