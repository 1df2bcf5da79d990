"""The gazetteer of a centre: imported, searched over HTTP, changed under way, removed."""

import asyncio
import csv
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from tests.support.centre import RunningCentre
from tests.support.database import ask
from tests.support.land import Land
from typer.testing import CliRunner

from markaz.cli import places as command
from markaz.core.db.embedded import DatabaseAccess
from markaz.core.db.pool import Database
from markaz.core.errors import InvalidInput, NotFound
from markaz.core.events import SYSTEM_ACTOR_ID, read_after
from markaz.core.permissions import Role
from markaz.core.places import importing, store
from markaz.core.places.checking import Reading
from markaz.core.places.importing import Counts, import_places, remove_source
from markaz.core.places.index import build_index
from markaz.core.places.model import PlaceKind
from markaz.core.places.reading import Broken, RawRow, read_rows
from markaz.core.places.search import Around, search
from markaz.core.settings import Settings

DATA = Path(os.environ.get("MARKAZ_TEST_DATA", Path(__file__).resolve().parents[2].parent / "shared" / "data"))
HEAD = ("key", "kind", "name_en", "house", "lon", "lat")
LOADED_S = 60.0
SAMPLE = 500
# West holds 60..61 east, East 61..62; both have a Bog street.
ROWS = [
    ("1", "street", "Bog street", "", "60.5", "40.5"),
    ("2", "street", "Bog street", "", "61.5", "40.5"),
    ("3", "house", "Bog street", "12", "60.5001", "40.5"),
    ("4", "landmark", "Chorsu market", "", "61.5", "41.5"),
    ("5", "street", "Far street", "", "10", "10"),
]


def raw(rows: Iterable[Sequence[str]]) -> list[RawRow | Broken]:
    return [RawRow(number, dict(zip(HEAD, row, strict=True))) for number, row in enumerate(rows, start=1)]


async def bring(db: Database, rows: Iterable[RawRow | Broken], source: str = "test") -> Counts:
    async with db.transaction() as connection:
        done = await import_places(connection, rows, source, Reading(), actor_id=SYSTEM_ACTOR_ID, at=datetime.now(UTC))
    return done.counts


@pytest.fixture
async def db(database: DatabaseAccess) -> AsyncIterator[Database]:
    opened = await Database.open(database.app_dsn)
    yield opened
    await opened.close()


async def test_importing_again_changes_only_what_changed(db: Database) -> None:
    assert await bring(db, raw(ROWS)) == Counts(added=5)
    assert await bring(db, raw(ROWS)) == Counts(unchanged=5)
    moved = [*ROWS[:4], ("5", "street", "Far street", "", "11", "10")]
    assert await bring(db, raw(moved)) == Counts(changed=1, unchanged=4)
    assert await bring(db, raw(ROWS), "another") == Counts(added=5)
    async with db.connection() as connection:
        events = await read_after(connection, 0, limit=10)
        incoming = await connection.fetchval("SELECT count(*) FROM places_incoming")
    assert [event.event.type for event in events] == ["places.imported/1"] * 4
    assert events[0].event.payload == {"source": "test", "added": 5, "changed": 0, "unchanged": 0, "broken": 0}
    assert incoming == 0


async def test_many_batches_are_one_import(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 7)
    rows = [(str(n), "street", f"Street {n}", "", "60.5", "40.5") for n in range(50)]
    assert await bring(db, raw(rows)) == Counts(added=50)
    assert await bring(db, raw(rows)) == Counts(unchanged=50)


def test_with_a_tenth_of_its_rows_broken_the_rest_is_taken(
    database: DatabaseAccess, tmp_path: Path, centre_settings: Settings
) -> None:
    draw, lines, broken = Random(1), [",".join(HEAD)], []
    for number in range(1, 1_001):
        if draw.random() < 0.1:
            broken.append(number)
            lines.append(draw.choice(BROKEN).format(n=number))
        else:
            lines.append(f"{number},street,Street {number},,60.5,40.5")
    file = tmp_path / "streets.csv"
    file.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    result = CliRunner().invoke(command.app, ["import", str(file)], env=environment(centre_settings))
    assert result.exit_code == 0, result.output
    assert f"{1_000 - len(broken)} added, 0 changed, 0 unchanged, {len(broken)} broken, as streets" in result.output
    named = [int(line.split()[1].rstrip(",:")) for line in result.stderr.splitlines() if line.startswith("row ")]
    assert named == broken
    keys = ask(database.app_dsn, "SELECT array_agg(source_key::int ORDER BY source_key::int) FROM places")
    assert keys == [number for number in range(1, 1_001) if number not in broken]
    assert CliRunner().invoke(command.app, ["remove", "streets"], env=environment(centre_settings)).exit_code == 0
    assert ask(database.app_dsn, "SELECT count(*) FROM places WHERE valid") == 0


BROKEN = [
    "{n},street,Street {n},,60.5",
    "{n},street,,,60.5,40.5",
    "{n},highway,Street {n},,60.5,40.5",
    '{n},street,"Street {n},,60.5,40.5',
    "{n},street,Street {n},,60.5,140.5",
    "{n},street,Street {n},,here,40.5",
    "{n},street,Street \udcff {n},,60.5,40.5",
    ",street,Street {n},,60.5,40.5",
    "{n},house,Street {n},,60.5,40.5",
]


def environment(settings: Settings) -> dict[str, str]:
    assert settings.database_url is not None
    assert settings.database_owner_url is not None
    return {
        "MARKAZ_HOME": str(settings.home),
        "MARKAZ_DATABASE_URL": settings.database_url.get_secret_value(),
        "MARKAZ_DATABASE_OWNER_URL": settings.database_owner_url.get_secret_value(),
    }


async def test_with_more_than_a_quarter_broken_nothing_is_taken(db: Database) -> None:
    await bring(db, raw(ROWS))
    wrong = [(f"x{n}", "street", "A", "", "690.5" if n % 3 else "60.5", "40.5") for n in range(30)]
    with pytest.raises(InvalidInput, match="20 of 30 rows are broken"):
        await bring(db, raw(wrong))
    with pytest.raises(InvalidInput, match="Nothing could be taken"):
        await bring(db, [])
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM places") == 5
        assert await connection.fetchval("SELECT count(*) FROM events") == 1


async def test_a_key_that_stands_twice_counts_once(db: Database) -> None:
    twice = [*ROWS, ("1", "street", "Other street", "", "60.5", "40.5")]
    assert await bring(db, raw(twice)) == Counts(added=5, broken=1)
    async with db.connection() as connection:
        names = await connection.fetchval("SELECT names->>'en' FROM places WHERE source_key = '1'")
    assert names == "Bog street"


@pytest.mark.parametrize("name", ["", "A", "a b", "../x", "x" * 65, "ў"])
async def test_a_source_is_named_by_a_code(db: Database, name: str) -> None:
    with pytest.raises(InvalidInput, match="cannot name a source"):
        await bring(db, raw(ROWS), name)


async def put(running: RunningCentre, rows: Iterable[RawRow | Broken], source: str = "test") -> None:
    """Import and wait until the centre searches the new gazetteer."""
    before = await running.centre.gazetteer._ready()
    await bring(running.centre.database, rows, source)
    await _reloaded(running, before)


async def _reloaded(running: RunningCentre, before: Any) -> None:
    async with asyncio.timeout(LOADED_S):
        while running.centre.gazetteer._loaded is before:  # noqa: ASYNC110 - there is no event for the outside
            await asyncio.sleep(0.02)


async def find(running: RunningCentre, q: str, territory: Land = Land.REGION, **query: Any) -> list[dict[str, Any]]:
    officer = await running.person(Role.DUTY_OFFICER, territory)
    response = await officer.get("/api/places", q=q, **query)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def test_a_place_is_found_with_all_that_the_desk_shows(centre: RunningCentre) -> None:
    await put(centre, raw(ROWS))
    first = (await find(centre, "bog 12"))[0]
    place_id = first.pop("id")
    assert first == {
        "kind": "house",
        "label": {"en": "Bog street"},
        "house": "12",
        "detail": [Land.ROOT, Land.REGION, Land.WEST, Land.WEST_SOUTH],
        "place": {"lon": 60.5001, "lat": 40.5},
        "territory_id": Land.WEST_SOUTH,
        "confidence": "exact",
        "accuracy_m": 30,
        "score": first["score"],
        "matched": "name",
    }
    officer = await centre.person(Role.DUTY_OFFICER)
    one = (await officer.get(f"/api/places/{place_id}")).json()
    assert one == {key: value for key, value in (first | {"id": place_id}).items() if key not in ("score", "matched")}
    assert (await officer.get("/api/places/999999")).status_code == 404


async def test_ones_own_territory_comes_first_and_no_other_is_hidden(centre: RunningCentre) -> None:
    await put(centre, raw(ROWS))
    for territory, key in ((Land.WEST, Land.WEST_SOUTH), (Land.EAST, Land.EAST_SOUTH)):
        streets = [item for item in await find(centre, "bog street", territory) if item["kind"] == "street"]
        assert streets[0]["territory_id"] == key
        assert len(streets) == 2
    near = await find(centre, "bog street", Land.WEST, near_lon=61.5, near_lat=40.5)
    assert near[0]["territory_id"] == Land.EAST_SOUTH
    assert (await find(centre, "far"))[0]["territory_id"] is None


async def test_a_house_that_is_missing_is_the_street_with_less_confidence(centre: RunningCentre) -> None:
    await put(centre, raw(ROWS))
    first = (await find(centre, "bog 77"))[0]
    assert (first["kind"], first["matched"], first["confidence"]) == ("street", "street_only", "street")


async def test_coordinates_are_a_hit_even_in_an_empty_gazetteer(centre: RunningCentre) -> None:
    (first,) = await find(centre, "40.5, 60.5")
    assert (first["kind"], first["id"], first["territory_id"]) == ("coordinates", None, Land.WEST_SOUTH)
    assert first["place"] == {"lon": 60.5, "lat": 40.5}


async def test_what_is_nearest_never_has_a_house_number(centre: RunningCentre) -> None:
    await put(centre, raw(ROWS))
    officer = await centre.person(Role.DUTY_OFFICER)
    answer = (await officer.get("/api/places/nearest", lon=60.5001, lat=40.5001)).json()
    assert answer["territory_id"] == Land.WEST_SOUTH
    assert (answer["item"]["label"], answer["item"]["house"], answer["item"]["kind"]) == (
        {"en": "Bog street"},
        None,
        "street",
    )
    assert answer["item"]["distance_m"] < 50
    assert (await officer.get("/api/places/nearest", lon=-20, lat=-20)).json() == {"item": None, "territory_id": None}


async def test_a_removed_source_is_not_found_but_its_ids_still_mean_the_place(centre: RunningCentre) -> None:
    await put(centre, raw(ROWS))
    place_id = (await find(centre, "chorsu"))[0]["id"]
    before = centre.centre.gazetteer._loaded
    async with centre.centre.database.transaction() as connection:
        assert await remove_source(connection, "test", actor_id=SYSTEM_ACTOR_ID, at=datetime.now(UTC)) == 5
    await _reloaded(centre, before)
    assert await find(centre, "chorsu") == []
    officer = await centre.person(Role.DUTY_OFFICER)
    assert (await officer.get(f"/api/places/{place_id}")).status_code == 200
    await put(centre, raw(ROWS))
    assert (await find(centre, "chorsu"))[0]["id"] == place_id
    with pytest.raises(NotFound):
        async with centre.centre.database.transaction() as connection:
            await remove_source(connection, "nothing", actor_id=SYSTEM_ACTOR_ID, at=datetime.now(UTC))


async def test_searches_go_on_while_a_new_gazetteer_is_read(
    centre: RunningCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(centre, raw(ROWS))
    gate, reading = asyncio.Event(), store.rows

    async def held(connection: Any) -> AsyncIterator[Any]:
        await gate.wait()
        async for batch in reading(connection):
            yield batch

    monkeypatch.setattr(store, "rows", held)
    before = centre.centre.gazetteer._loaded
    await bring(centre.centre.database, raw([("9", "landmark", "New tower", "", "60.5", "40.5")]), "more")
    await asyncio.sleep(0.1)
    assert await find(centre, "chorsu")
    assert await find(centre, "new tower") == []
    gate.set()
    await _reloaded(centre, before)
    assert (await find(centre, "new tower"))[0]["label"] == {"en": "New tower"}


@pytest.mark.parametrize(
    "query",
    [{"q": "x" * 201}, {}, {"q": "a", "limit": 11}, {"q": "a", "limit": 0}, {"q": "a", "near_lon": 60}, {"q": "a", "near_lon": 181, "near_lat": 1},
     {"q": "a", "near_lon": "nan", "near_lat": 1}],
)  # fmt: skip
async def test_a_question_out_of_bounds_is_refused(centre: RunningCentre, query: dict[str, Any]) -> None:
    officer = await centre.person(Role.DUTY_OFFICER)
    assert (await officer.get("/api/places", **query)).status_code == 422


async def test_any_question_gets_an_answer(centre: RunningCentre) -> None:
    await put(centre, raw(ROWS))
    officer = await centre.person(Role.DUTY_OFFICER)
    asked: list[str] = []

    @seed(17)
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.text(max_size=200))
    def collect(q: str) -> None:
        asked.append(q)

    collect()
    for q in [*asked, "\0", "\ud7ff", "'; DROP TABLE places; --", "%", "‮abc", "a" * 200]:
        response = await officer.get("/api/places", q=q)
        assert response.status_code == 200, (q, response.text)
        assert len(response.json()["items"]) <= 10


async def test_every_address_of_a_city_is_found_as_it_is_written(db: Database, tmp_path: Path) -> None:
    """Addresses (by the block) and crossings of a city's dispatch log, with its neighbourhoods."""
    rows, counts = await _city(db, tmp_path)
    assert counts.broken == 0
    async with db.snapshot() as connection:
        index = build_index([place async for batch in store.rows(connection) for place in batch])
        stored = await store.read(connection, [int(id_) for id_ in index.ids])
    missed = []
    for _, _, name, house, _, _ in Random(3).sample(rows, SAMPLE):
        for text in (f"{name} {house}".strip(), f"{house} {name.lower()}".strip()):
            hits = [stored[int(index.ids[hit.number])] for hit in search(index, text, Around())[:3]]
            if not any(hit.names["en"] == name and (hit.house or "") == house for hit in hits):
                missed.append(text)
    print(f"{2 * SAMPLE} questions over {len(rows)} addresses, {len(missed)} missed: {missed[:5]}")
    assert missed == []


async def _city(db: Database, tmp_path: Path) -> tuple[list[tuple[str, ...]], Counts]:
    pyarrow = pytest.importorskip("pyarrow.parquet")
    log = DATA / "sffd-dispatch" / "dispatch_2020-04.parquet"
    areas = DATA / "sf-neighborhoods" / "analysis_neighborhoods.geojson"
    if not (log.is_file() and areas.is_file()):
        pytest.skip(f"the test data are not there: {DATA}")
    table = pyarrow.read_table(log, columns=["address_block", "lon", "lat"]).to_pylist()
    found = {row["address_block"]: row for row in table}
    rows = [_address(block, row["lon"], row["lat"]) for block, row in found.items() if not block.startswith("CALL BOX")]
    file = tmp_path / "city.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([HEAD, *rows])
    reading = Reading({"key": "neighborhood", "name_en": "neighborhood"}, PlaceKind.NEIGHBOURHOOD)
    async with db.transaction() as connection:
        now = datetime.now(UTC)
        await import_places(connection, read_rows(areas), "areas", reading, actor_id=SYSTEM_ACTOR_ID, at=now)
    return rows, await bring(db, read_rows(file), "city")


def _address(block: str, lon: float, lat: float) -> tuple[str, ...]:
    house, word, street = block.partition(" Block of ")
    if word:
        return block, "house", street, house, str(lon), str(lat)
    return block, "crossing" if "/" in block else "landmark", block, "", str(lon), str(lat)
