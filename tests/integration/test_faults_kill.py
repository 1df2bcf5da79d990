"""Kill -9 of server and PostgreSQL under load: every acknowledged command once, none twice, consoles without a gap.

Five kills here; fifty in tests/deep.
"""

from collections.abc import Iterator

import pytest
from tests.faults.killing import kill_and_compare
from tests.faults.served import ServedCentre

from markaz.core.settings import Settings

KILLS = 5
SEED = 102


@pytest.fixture
def served(embedded_settings: Settings) -> Iterator[ServedCentre]:
    centre = ServedCentre(embedded_settings)
    yield centre
    centre.stop()


async def test_five_kills_lose_nothing_and_double_nothing(served: ServedCentre) -> None:
    book = await kill_and_compare(served, KILLS, SEED)
    assert book.lost > 0, "no request was under way when the server was killed"
    assert book.unavailable > 0, "no request was refused while the database was away"
