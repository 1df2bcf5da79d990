"""Where the real dispatch exports stand; they are never committed, so tests that need them skip without them."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("MARKAZ_TEST_DATA") or ROOT.parent / "shared" / "data")
SFFD = DATA / "sffd-dispatch"
SEATTLE = DATA / "seattle-police-calls"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"the shared data are not at {DATA} (set MARKAZ_TEST_DATA)")
