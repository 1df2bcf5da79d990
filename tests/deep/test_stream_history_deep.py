"""Longer random histories than the suite has time for, each from a seed of its own that is printed."""

import os

import pytest
from tests.contract.history import follow_random_history
from tests.support.centre import RunningCentre

STEPS = 500
HISTORIES = 12


@pytest.mark.deep
@pytest.mark.parametrize("number", range(HISTORIES))
async def test_frames_lead_from_any_snapshot_to_every_later_one(
    centre: RunningCentre, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    seed = int(os.environ.get("MARKAZ_TEST_SEED") or int.from_bytes(os.urandom(4))) + number
    await follow_random_history(centre, monkeypatch, seed, STEPS)
