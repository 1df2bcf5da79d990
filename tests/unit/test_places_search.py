"""What is found by what is typed, on a small gazetteer."""

import orjson
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from markaz.core.places.index import PlaceRow, build_index
from markaz.core.places.model import Matched, PlaceKind
from markaz.core.places.nearest import Grid
from markaz.core.places.search import Around, search
from markaz.kit.geometry import Point

Names = dict[str, str]


def row(
    id_: int,
    kind: str,
    names: Names,
    house: str | None = None,
    *,
    lon: float = 69.0,
    territory: int = 1,
    aliases: tuple[str, ...] = (),
) -> PlaceRow:
    return PlaceRow(id_, kind, orjson.dumps(names).decode(), aliases, house, lon, 41.0, territory)


def uz(name: str, ru: str = "") -> Names:
    return {"uz-Latn": name} | ({"ru": ru} if ru else {})


TEMUR = uz("Amir Temur shoh koʻchasi", "проспект Амира Темура") | {"uz-Cyrl": "Амир Темур шоҳ кўчаси"}
ROWS = [
    row(1, "street", TEMUR),
    *(row(10 + n, "house", TEMUR, str(n), lon=69.0 + n / 1000) for n in range(1, 31)),
    row(50, "house", TEMUR, "12a"),
    row(60, "street", uz("Navoiy koʻchasi", "улица Навои")),
    row(61, "street", uz("Shota Rustaveli koʻchasi", "улица Шота Руставели")),
    row(62, "crossing", uz("Navoiy koʻchasi / Shota Rustaveli koʻchasi")),
    row(70, "landmark", uz("Chorsu bozori", "рынок Чорсу"), aliases=("Eski joʻva",)),
    row(71, "neighbourhood", uz("Mirzoulugʻbek MFY")),
    row(80, "street", uz("Bogʻ koʻchasi"), territory=2, lon=60.0),
    row(81, "street", uz("Bogʻ koʻchasi"), territory=3, lon=65.0),
    row(82, "street", uz("Bogʻ koʻchasi"), territory=4, lon=69.5),
    row(90, "settlement", uz("Buxoro tumani")),
    row(91, "settlement", uz("Buxoro shahri")),
    row(92, "street", {"ru": "Чиланзарская улица"}),
    row(93, "landmark", {"en": "5-mavze"}),
]
INDEX = build_index(ROWS)


def ids(text: str, around: Around | None = None) -> list[int]:
    return [int(INDEX.ids[hit.number]) for hit in search(INDEX, text, around or Around())]


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("amir temur", 1), ("Амир Темур", 1), ("temur amir", 1), ("amri temur", 1), ("amir temr", 1), ("amir teemur", 1), ("amir temut", 1),
        ("amir tem", 1), ("амира темура", 1), ("amirtemur", 1), ("пр. Амира Темура", 1),
        ("Amir Temur 12", 22), ("amir temur 12a", 50), ("Амир Темур 12-А", 50), ("12 amir temur", 22), ("temur, 12-uy, kv. 4", 22),
        ("Navoiy", 60), ("Navoiy / Shota", 62), ("navoiy x shota", 62), ("shota rustaveli navoiy", 62), ("Навои и Шота Руставели", 62),
        ("sh. rustaveli", 61), ("chorsu", 70), ("Чорсу рынок", 70), ("moʻljal: Chorsu bozori", 70), ("eski jova", 70), ("мўлжал чорсу", 70),
        ("mirzo ulugʻbek", 71), ("мирзо улугбек", 71), ("buxoro tumani", 90), ("бухоро шаҳри", 91), ("chilanzar", 92), ("Чиланзар", 92),
        ("5 mavze", 93), ("5-мавзе", 93),
    ],
)  # fmt: skip
def test_the_place_meant_comes_first(text: str, id_: int) -> None:
    assert ids(text)[:1] == [id_]


def test_every_beginning_of_a_name_finds_it() -> None:
    for end in range(3, len("Shota Rustaveli")):
        assert 61 in ids("Shota Rustaveli"[:end])[:2]


def test_house_that_is_missing_falls_back_on_its_street_and_says_so() -> None:
    hit = search(INDEX, "Amir Temur 99", Around())[0]
    assert (int(INDEX.ids[hit.number]), hit.matched) == (1, Matched.STREET_ONLY)


def test_a_house_number_under_way_offers_what_it_begins() -> None:
    assert ids("amir temur 1")[0] == 11
    assert {20, 21, 22} <= set(ids("amir temur 1"))


def test_an_error_is_told_from_a_name_as_typed() -> None:
    assert search(INDEX, "amir temur", Around())[0].matched is Matched.NAME
    assert search(INDEX, "amir temru", Around())[0].matched is Matched.SIMILAR


def test_of_equal_names_the_nearest_or_ones_own_comes_first() -> None:
    assert ids("bogʻ", Around(near=Point(65.1, 41)))[0] == 81
    assert ids("bogʻ", Around(own=frozenset({4})))[0] == 82
    assert set(ids("bogʻ")) == {80, 81, 82}


def test_a_better_name_beats_a_nearer_place() -> None:
    assert ids("Navoiy koʻchasi", Around(near=Point(60, 41), own=frozenset({2})))[0] == 60


def test_the_name_of_a_territory_tells_streets_apart() -> None:
    words = {2: frozenset({"samarkand"}), 3: frozenset({"hiva"}), 4: frozenset({"toshkent"})}
    around = Around(territory_words=lambda id_: words.get(id_, frozenset()))
    assert ids("Samarqand bogʻ koʻchasi", around)[0] == 80
    assert ids("Хива бог", around)[0] == 81


@pytest.mark.parametrize("text", ["", " ", "'", "zzqqww", "!!!", "ʻʼ", "北京"])
def test_what_means_nothing_finds_nothing(text: str) -> None:
    assert ids(text) == []


@seed(11)
@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80) | st.text(alphabet="amirteunvoʻй12/x -", max_size=40))
def test_any_text_gets_bounded_ranked_hits(text: str) -> None:
    hits = search(INDEX, text, Around())
    assert len(hits) <= 10
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len({hit.number for hit in hits}) == len(hits)


def test_an_empty_gazetteer_finds_nothing() -> None:
    empty = build_index([])
    assert search(empty, "amir temur", Around()) == []
    assert Grid(empty).nearest(Point(69, 41)) is None


def test_nearest_is_a_street_before_an_area_and_an_area_when_no_street_is_near() -> None:
    index = build_index([row(1, "neighbourhood", uz("Bog")), row(2, "street", uz("Navoiy"), lon=69.002)])
    grid = Grid(index)
    near = grid.nearest(Point(69.0, 41.0))
    far = grid.nearest(Point(68.99, 41.0))
    assert near is not None
    assert far is not None
    assert [int(index.ids[found.number]) for found in (near, far)] == [2, 1]
    assert grid.nearest(Point(10, 10)) is None
    assert grid.nearest(Point(-180, -90)) is None


def test_unknown_kind_of_a_newer_version_counts_as_other() -> None:
    assert build_index([row(1, "tunnel", uz("Chorsu"))]).kind(0) is PlaceKind.OTHER
