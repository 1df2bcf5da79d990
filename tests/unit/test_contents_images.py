"""What comes in as a picture and what is kept of it: pixels and nothing else, or a refusal in words."""

import struct
import zipfile
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from markaz.core.errors import InvalidInput
from markaz.programmes.incidents.contents.images import LONGEST_SIDE_PX, MOST_PIXELS, clean_image

GPS, ORIENTATION, MAKE = 0x8825, 0x0112, 0x010F
SECRET = b"CanarySecretOfThePhone"


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 32), **options: Any) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "navy").save(out, kind, **options)
    return out.getvalue()


def png_of(width: int, height: int, rows: bytes) -> bytes:
    """Return a PNG that claims any size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def archive() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb", b"\0" * 5_000_000)
    return out.getvalue()


def test_location_camera_comment_and_colour_profile_do_not_stay() -> None:
    exif = Image.Exif()
    exif[MAKE] = SECRET.decode()
    exif.get_ifd(GPS)[2] = (41.0, 18.0, 40.0)
    exif[GPS] = {1: "N", 2: (41.0, 18.0, 40.0), 3: "E", 4: (69.0, 14.0, 24.0)}
    xmp = b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"
    taken = picture(exif=exif, comment=SECRET, icc_profile=b"\0" * 128 + SECRET, xmp=xmp)
    assert taken.count(SECRET) >= 3
    with Image.open(BytesIO(taken)) as before:
        assert before.getexif().get_ifd(GPS)
    kept = clean_image(taken)
    assert SECRET not in kept.data
    assert b"Exif" not in kept.data
    with Image.open(BytesIO(kept.data)) as after:
        assert dict(after.getexif()) == {}
        assert set(after.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_photo_taken_sideways_is_kept_upright() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    kept = clean_image(picture(exif=exif))
    assert (kept.width_px, kept.height_px) == (32, 64)


@pytest.mark.parametrize(("kind", "kept_as"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/jpeg")])
def test_the_content_decides_what_it_is(kind: str, kept_as: str) -> None:
    kept = clean_image(picture(kind))
    assert (kept.media_type, kept.width_px, kept.height_px) == (kept_as, 64, 32)


def test_a_huge_photo_is_made_smaller() -> None:
    kept = clean_image(picture(size=(5_000, 1_000)))
    assert max(kept.width_px, kept.height_px) <= LONGEST_SIDE_PX


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("SVG with a script", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
        ("web page", b"<!doctype html><script>alert(1)</script>"),
        ("archive", archive()),
        ("document", b"%PDF-1.7\n%..."),
        ("film", b"\0\0\0\x18ftypmp42" + b"\0" * 64),
        ("iPhone photo", b"\0\0\0\x18ftypheic" + b"\0" * 64),
        ("GIF", b"GIF89a" + b"\0" * 64),
        ("sound that begins like WebP", b"RIFF\x24\0\0\0WAVEfmt "),
        ("page before a picture", b"<html>" + picture()),
        ("archive before a picture", archive() + picture()),
        ("nothing", b""),
    ],
)
def test_what_is_no_photo_is_refused_by_its_content(what: str, data: bytes) -> None:
    with pytest.raises(InvalidInput, match="Only photos"):
        clean_image(data)


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("cut in the middle", picture()[:-200]),
        ("only its first bytes", b"\xff\xd8\xff\xe0"),
        ("a PNG of noise", b"\x89PNG\r\n\x1a\n" + b"\x01" * 400),
        ("a WebP of noise", b"RIFF\x10\0\0\0WEBP" + b"\x01" * 40),
        ("a PNG whose rows are missing", png_of(40, 40, b"")),
    ],
)
def test_a_damaged_photo_is_refused_in_words(what: str, data: bytes) -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        clean_image(data)


@pytest.mark.parametrize("size", [(60_000, 60_000), (MOST_PIXELS, 2), (2**31 - 1, 2**31 - 1)])
def test_a_picture_that_would_fill_the_memory_is_never_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(InvalidInput, match=r"million points|damaged"):
        clean_image(png_of(*size, b"\0" * 1_000))


def test_what_is_hidden_behind_a_picture_does_not_come_along() -> None:
    """Phones append films and trailers to photos, so such a file is taken; only its pixels are kept."""
    hidden = b"<script>alert(1)</script>" + archive()
    for kind in ("JPEG", "PNG", "WEBP"):
        kept = clean_image(picture(kind) + hidden)
        assert b"<script>" not in kept.data
        assert b"PK\x03\x04" not in kept.data
        with pytest.raises(zipfile.BadZipFile):
            zipfile.ZipFile(BytesIO(kept.data))


def test_a_transparent_picture_is_kept_on_white() -> None:
    out = BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(out, "PNG")
    with Image.open(BytesIO(clean_image(out.getvalue()).data)) as kept:
        assert kept.getpixel((0, 0)) == (255, 255, 255)


def test_a_photo_drawn_in_thousands_of_tiny_steps_is_refused_before_it_is_decoded() -> None:
    taken = picture(progressive=True)
    clean_image(taken)
    last = taken[taken.rfind(b"\xff\xc4", 0, taken.rfind(b"\xff\xda")) : -2]
    with pytest.raises(InvalidInput):
        clean_image(taken[:-2] + last * 5_000 + b"\xff\xd9")
