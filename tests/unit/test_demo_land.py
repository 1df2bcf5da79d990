"""The synthetic land tiles exactly, meets its numbers, and is the same at every run."""

import csv
import gzip
import os
import re
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from markaz.core.settings import DemoScale
from markaz.core.territories import LANGUAGES, ROOT_ID, Level
from markaz.demo import figures, names
from markaz.demo.land import LandShape, draw
from markaz.demo.plan import Plan, make_plan
from markaz.kit.geometry import Point

DATA = Path(os.environ.get("MARKAZ_TEST_DATA", Path(__file__).resolve().parents[2].parent / "shared" / "data"))


@lru_cache
def plan() -> Plan:
    return make_plan(DemoScale.SMALL)


@given(
    counts=st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple), min_size=1, max_size=4).map(tuple),
    seed=st.integers(0, 2**32),
)
def test_children_tile_their_parent_exactly_for_any_seed(counts: tuple[tuple[int, ...], ...], seed: int) -> None:
    land = draw(LandShape(counts, frozenset({0}), Point(62.4, 42.6), 1_400.0, 1.3), seed)
    assert len(land.cells) == sum(map(sum, counts))
    assert len(land.districts) == sum(map(len, counts))
    assert len(land.regions) == len(counts)
    assert shapely.is_valid(list(land.cells)).all()
    assert shapely.coverage_is_valid(list(land.cells))
    for inner, outer in (
        (land.cells, land.country),
        (land.districts, land.country),
        (land.regions, land.country),
        *((tuple(c for c, d in zip(land.cells, land.district_of, strict=True) if d == n), district)
          for n, district in enumerate(land.districts)),
    ):  # fmt: skip
        # Exactly: the union has the very corners of the parent, not nearly the same area.
        assert shapely.coverage_union_all(inner).normalize() == outer.normalize()


def test_same_seed_gives_the_same_land_and_another_seed_another() -> None:
    first, again, other = plan(), make_plan(DemoScale.SMALL), make_plan(DemoScale.SMALL, seed=7)
    assert first.territories == again.territories
    assert first.units == again.units
    assert all(first.boundaries[id_] == again.boundaries[id_] for id_ in first.boundaries)
    assert other.boundaries[ROOT_ID] != first.boundaries[ROOT_ID]


def test_small_scale_is_one_region_of_three_districts_and_forty_neighbourhoods() -> None:
    levels = [territory.level for territory in plan().territories]
    assert [levels.count(level) for level in Level] == [1, 1, 3, 40]
    assert len(plan().units) == 60


def test_every_name_is_marked_and_stands_in_four_languages() -> None:
    for territory in plan().territories:
        assert set(territory.names) == set(LANGUAGES)
        assert all(name.endswith(("(demo)", "(демо)")) for name in territory.names.values())
        assert not re.search("[a-z]", territory.names["uz-Cyrl"] + territory.names["ru"])
        assert territory.names["en"].isascii()


@pytest.mark.parametrize(
    ("latin", "cyrillic"),
    [
        ("Oʻzbek", "Ўзбек"),
        ("chashma", "чашма"),
        ("Eshik", "Эшик"),
        ("poezd", "поэзд"),
        ("Yoqut", "Ёқут"),
        ("yetti", "етти"),
        ("qoʻrgʻon", "қўрғон"),
        ("maʼno", "маъно"),
    ],
)
def test_uzbek_latin_is_put_over_into_cyrillic(latin: str, cyrillic: str) -> None:
    assert names.to_cyrillic(latin) == cyrillic


def test_no_invented_name_is_that_of_a_real_place() -> None:
    folder = DATA / "uz-boundaries"
    if not folder.is_dir():
        pytest.skip(f"the register of places is not there: {folder}")

    def bare(name: str) -> str:
        return re.sub("[^a-z]", "", name.lower())

    real: set[str] = set()
    for file in ("soato_names.csv.gz", "mahallas.csv.gz"):
        with gzip.open(folder / file, "rt", encoding="utf-8") as rows:
            real |= {bare(row["name_uz"].split(" ")[0]) for row in csv.DictReader(rows)}
    assert [a + b for a, b in names.stems(Random(0)) if bare(a + b) in real] == []


@given(
    st.integers(0, 400),
    st.lists(st.integers(0, 1_000).map(float), min_size=1, max_size=30),  # people are counted in whole numbers
    st.integers(0, 3),
    st.one_of(st.none(), st.integers(4, 40)),
)
def test_apportioned_shares_meet_the_total_and_the_bounds(
    total: int, weights: list[float], least: int, most: int | None
) -> None:
    if total < least * len(weights) or (most is not None and total > most * len(weights)):
        with pytest.raises(ValueError, match="cannot be shared"):
            figures.apportion(total, weights, least=least, most=most)
        return
    shares = figures.apportion(total, weights, least=least, most=most)
    assert sum(shares) == total
    assert all(least <= share and (most is None or share <= most) for share in shares)
    if most is None:
        for (weight, share), (heavier, more) in pairwise(sorted(zip(weights, shares, strict=True))):
            assert share <= more or weight == heavier
