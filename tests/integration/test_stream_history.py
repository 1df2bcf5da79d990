"""Random histories of the real desk, seen by random recipients (tests/contract/history.py says what must hold)."""

import pytest
from tests.contract.history import follow_random_history
from tests.support.centre import RunningCentre

STEPS = 160


@pytest.mark.parametrize("seed", [102, 2026])
async def test_frames_lead_from_any_snapshot_to_every_later_one(
    centre: RunningCentre, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    await follow_random_history(centre, monkeypatch, seed, STEPS)
