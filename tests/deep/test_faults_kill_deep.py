"""Fifty kills instead of five (make test-deep), from a seed of the day that is printed, or MARKAZ_TEST_SEED."""

import os
from collections.abc import Iterator

import pytest
from tests.faults.killing import kill_and_compare
from tests.faults.served import ServedCentre

from markaz.core.settings import Settings

KILLS = 50


@pytest.fixture
def served(embedded_settings: Settings) -> Iterator[ServedCentre]:
    centre = ServedCentre(embedded_settings)
    yield centre
    centre.stop()


@pytest.mark.deep
async def test_fifty_kills_lose_nothing_and_double_nothing(served: ServedCentre) -> None:
    seed = int(os.environ.get("MARKAZ_TEST_SEED", "") or int.from_bytes(os.urandom(4)))
    book = await kill_and_compare(served, KILLS, seed)
    assert book.lost > 0
    assert book.unavailable > 0
