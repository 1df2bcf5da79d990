"""Reads coordinates out of what a person types or pastes. Pure; None is "this is no pair of coordinates".

Latitude first, as people say it, unless letters (N, E, С, В, ...) say otherwise. A pair of whole numbers is more likely a house or two streets and
is not taken. Degrees, degrees with minutes, or with seconds; decimal points, or decimal commas where the two numbers are parted by something else than one comma.
"""

import re

from markaz.kit.geometry import Point

MAX_TEXT = 80

_NUMBER = r"\d{1,3}(?:[.,]\d{1,12})?"
_SIGNS = str.maketrans({"º": "°", "˚": "°", "′": "'", "’": "'", "ʼ": "'", "″": '"', "”": '"', "−": "-", "–": "-"})
# North, south, east, west in English, Russian and Uzbek (shimoliy, janubiy, sharqiy, gʻarbiy are too long to type).
_HEMISPHERES = {
    "N": (0, 1),
    "S": (0, -1),
    "E": (1, 1),
    "W": (1, -1),
    "С": (0, 1),
    "Ю": (0, -1),
    "В": (1, 1),
    "З": (1, -1),
}
_LETTER = "[NSEWСЮВЗ]"
_ANGLE = rf"(?P<degrees>{_NUMBER})\s*°?(?:\s*(?P<minutes>{_NUMBER})\s*'?(?:\s*(?P<seconds>{_NUMBER})\s*(?:\"|'')?)?)?"
_FORMS = (re.compile(rf"(?P<letter>{_LETTER})\s*{_ANGLE}"), re.compile(rf"{_ANGLE}\s*(?P<letter>{_LETTER})"))
_PLAIN = re.compile(r"(?P<a>[+-]?\d{1,3}(?:\.\d+)?)\s*[,;\s]\s*(?P<b>[+-]?\d{1,3}(?:\.\d+)?)")
_COMMAS = re.compile(r"(?P<a>[+-]?\d{1,3},\d+)\s*[;\s/]\s*(?P<b>[+-]?\d{1,3},\d+)")
_COMMAS_ONLY = re.compile(r"(?P<a>[+-]?\d{1,3},\d+)\s*,\s+(?P<b>[+-]?\d{1,3},\d+)")


def parse_coordinates(text: str) -> Point | None:
    """Return the point that `text` states, else None; a pair off the globe is None, too."""
    if len(text) > MAX_TEXT:
        return None
    plain = text.strip().upper().translate(_SIGNS)
    for form in (_PLAIN, _COMMAS, _COMMAS_ONLY):
        if (pair := form.fullmatch(plain)) and not (pair["a"].isdigit() and pair["b"].isdigit()):
            return _point(*(float(pair[name].replace(",", ".")) for name in ("a", "b")))
    return _with_letters(plain)


def _with_letters(text: str) -> Point | None:
    """Read "N41 18.7 E69 16.8", "41°18'40\\"N 69°16'47\\"E", "69.28E, 41.31N"."""
    for form in _FORMS:
        first = form.match(text)
        second = form.fullmatch(text[first.end() :].lstrip(" ,;")) if first else None
        if first is None or second is None:
            continue
        values: dict[int, float] = {}
        for part in (first, second):
            axis, sign = _HEMISPHERES[part["letter"]]
            value = _degrees(part)
            if value is not None:
                values[axis] = sign * value
        if len(values) == 2:
            return _point(values[0], values[1])
    return None


def _degrees(part: re.Match[str]) -> float | None:
    degrees, minutes, seconds = (_number(part[name]) for name in ("degrees", "minutes", "seconds"))
    if minutes >= 60 or seconds >= 60:
        return None
    return degrees + minutes / 60 + seconds / 3600


def _number(text: str | None) -> float:
    return float(text.replace(",", ".")) if text else 0.0


def _point(lat_deg: float, lon_deg: float) -> Point | None:
    try:
        return Point(round(lon_deg, 7), round(lat_deg, 7))
    except ValueError:
        return None
