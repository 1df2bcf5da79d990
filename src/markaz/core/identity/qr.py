"""A QR code (ISO/IEC 18004) as a shape that the console draws as SVG: nothing is fetched, kept or logged."""

from collections.abc import Sequence
from itertools import groupby

import segno

QUIET_MODULES = 4  # ISO/IEC 18004, 5.3.8: the light border without which readers do not find it


def qr_of(text: str) -> dict[str, str | int]:
    """Return {size, path}: `path` draws the dark modules on a light square of `size` by `size`, its border included.

    Error correction M: a screen is clean, and fewer modules are easier for an old phone. Raises segno's
    DataOverflowError for a text beyond 2,331 bytes.
    """
    matrix = segno.make_qr(text, error="m").matrix
    rows = (_row(row, at + QUIET_MODULES) for at, row in enumerate(matrix))
    return {"size": len(matrix) + 2 * QUIET_MODULES, "path": "".join(rows)}


def _row(row: Sequence[int], y: int) -> str:
    """Return each run of dark modules of a row as a rectangle of height one."""
    drawn, x = "", QUIET_MODULES
    for is_dark, run in groupby(row):
        width = len(list(run))
        drawn += f"M{x} {y}h{width}v1h-{width}z" if is_dark else ""
        x += width
    return drawn
