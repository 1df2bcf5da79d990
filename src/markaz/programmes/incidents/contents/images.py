"""Makes a picture safe to keep: what comes in is decoded and drawn anew, so that only pixels get through.

The type is decided by the content, never by a name or header. Location, camera, comments, previews, colour profiles and
whatever was hidden behind or inside the picture do not survive. Nothing here touches a database or the network.
"""

import logging
import threading
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

from markaz.core.errors import InvalidInput

MOST_PIXELS = 50_000_000  # the largest common phone camera; a 60000x60000 PNG is 3.6e9 and never decoded
LONGEST_SIDE_PX = 4_096  # a number plate across a street is readable; a picture then takes 50 MB while it is drawn
JPEG_QUALITY = 85
SCANS_MOST = 100  # a progressive JPEG has about ten; each of 100 bytes costs a twentieth of a second, and millions fit
SIGNATURES = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"RIFF", "WEBP"))

# Its debug lines hold what a camera wrote into a photo.
logging.getLogger("PIL").setLevel(logging.WARNING)

# Decoding takes up to 200 MB; one at a time keeps a small machine on its feet when ten phones send at once.
_ONE_AT_A_TIME = threading.Semaphore(1)


@dataclass(frozen=True, slots=True)
class CleanImage:
    """A picture drawn anew. `data` holds pixels and nothing else."""

    data: bytes
    media_type: str
    width_px: int
    height_px: int


def clean_image(data: bytes) -> CleanImage:
    """Return the picture in `data`, drawn anew upright. Blocks for up to seconds: call it in a thread.

    Raises InvalidInput, saying what to do, for what is no JPEG, PNG or WebP, is damaged or too large.
    """
    kind = _kind_of(data)
    if kind == "JPEG" and data.count(b"\xff\xda") > SCANS_MOST:  # the mark of a scan; none stands within its data
        raise InvalidInput("This picture is damaged or incomplete: take or save it again.", field="body")
    with _ONE_AT_A_TIME:
        try:
            with Image.open(BytesIO(data), formats=[kind]) as found:
                if found.width * found.height > MOST_PIXELS:
                    raise _too_large(found.width, found.height)
                if kind == "JPEG":
                    found.draft("RGB", (LONGEST_SIDE_PX, LONGEST_SIDE_PX))  # decodes a huge one at half its size
                found.load()
                return _drawn_anew(ImageOps.exif_transpose(found), keep_png=kind == "PNG")
        except InvalidInput:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise _too_large() from error
        except Exception as error:
            # The bytes are hostile until drawn: whatever a decoder raises, this is no picture that we can take.
            raise InvalidInput("This picture is damaged or incomplete: take or save it again.", field="body") from error


def _kind_of(data: bytes) -> str:
    for signature, kind in SIGNATURES:
        if data.startswith(signature) and (kind != "WEBP" or data[8:12] == b"WEBP"):
            return kind
    raise InvalidInput(
        "Only photos are taken: JPEG, PNG or WebP. A document, a drawing (SVG), an archive, sound or film is not; of "
        "an iPhone's HEIC make a JPEG first.",
        field="body",
    )


def _too_large(width_px: int = 0, height_px: int = 0) -> InvalidInput:
    said = f" of {width_px} x {height_px}" if width_px else ""
    return InvalidInput(
        f"This picture{said} has more than {MOST_PIXELS // 1_000_000} million points: make it smaller.", field="body"
    )


def _drawn_anew(image: Image.Image, *, keep_png: bool) -> CleanImage:
    image.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    flat = Image.new("RGB", image.size, "white")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        transparent = image.convert("RGBA")
        flat.paste(transparent, mask=transparent.getchannel("A"))
    else:
        flat.paste(image.convert("RGB"))
    out = BytesIO()
    if keep_png:
        flat.save(out, "PNG")
    else:
        flat.save(out, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return CleanImage(out.getvalue(), "image/png" if keep_png else "image/jpeg", flat.width, flat.height)
