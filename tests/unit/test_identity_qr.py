"""The QR code of a secret, read back by somebody else's reader (zxing-cpp)."""

import re

import numpy as np
import pytest
import zxingcpp

from markaz.core.identity.codes import new_secret, uri_of
from markaz.core.identity.qr import QUIET_MODULES, qr_of

RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z")


def drawn(qr: dict[str, str | int]) -> np.ndarray:
    """Draw the path as a browser would, four pixels a module: dark on light."""
    size, path = int(qr["size"]), str(qr["path"])
    assert RUN.sub("", path) == ""
    image = np.full((size, size), 255, np.uint8)
    for x, y, width, back in (tuple(map(int, run)) for run in RUN.findall(path)):
        assert width == back
        image[y, x : x + width] = 0
    return np.kron(image, np.ones((4, 4), np.uint8))


@pytest.mark.parametrize("login", ["aziza", "o'g'li & <script>", "ў" * 40, "x" * 100])
def test_a_foreign_reader_reads_the_very_address(login: str) -> None:
    uri = uri_of(new_secret(), login, "Markaz markaz.example")
    (found,) = zxingcpp.read_barcodes(drawn(qr_of(uri)), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    assert (found.text, found.format) == (uri, zxingcpp.BarcodeFormat.QRCode)


def test_nothing_is_drawn_in_the_light_border() -> None:
    qr = qr_of("otpauth://totp/a?secret=B")
    image = drawn(qr)[::4, ::4]
    inner = image[QUIET_MODULES:-QUIET_MODULES, QUIET_MODULES:-QUIET_MODULES]
    assert (image == 0).sum() == (inner == 0).sum() > 0
