"""Deep tests share the helpers of the other suites."""

import sys
from pathlib import Path

# pytest imports test files one by one; the helpers they share are found from the root of the checkout.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.fixtures import centre, open_centre_with

__all__ = ["centre", "open_centre_with"]
