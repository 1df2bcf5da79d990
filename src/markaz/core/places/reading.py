"""Reads a gazetteer file, CSV or GeoJSON, one row at a time in bounded memory. It knows no database.

The file is untrusted. A row that cannot be read is reported with its number and the rest goes on; only a file that as
a whole is not what it says raises.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from markaz.core.errors import InvalidInput, TooLarge

MAX_ROWS = 5_000_000
MAX_LINE_BYTES = 100_000  # a line of a gazetteer has hundreds
MAX_COLUMNS = 200
CHUNK_CHARS = 1 << 20
MAX_FEATURE_CHARS = 8 << 20  # the outline of a large park; a street has some kilobytes

_FEATURES = re.compile(r'"features"\s*:\s*\[')
_BLANKS = re.compile(r"[\s,\x1e]*")  # 0x1E parts the features of a GeoJSON text sequence (RFC 8142)


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that cannot be taken. `number` counts rows or features from 1; `field` is "" when it is the whole row."""

    number: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as it stands in the file. `geometry` is GeoJSON, or None for a table, whose place is in its columns."""

    number: int
    values: Mapping[str, Any]
    geometry: Any = None


def read_rows(path: Path) -> Iterator[RawRow | Broken]:
    """Yield the rows of a file: GeoJSON when its first sign is a brace, else CSV with a line of column names.

    Raises InvalidInput when it is neither, TooLarge beyond MAX_ROWS.
    """
    with path.open("rb") as file:
        head = file.peek(512)[:512] if hasattr(file, "peek") else b""
        is_json = head.lstrip(b"\xef\xbb\xbf \t\r\n\x1e").startswith(b"{")
        rows = _features(file) if is_json else _lines(file)
        for count, row in enumerate(rows, start=1):
            if count > MAX_ROWS:
                raise TooLarge(f"The file has more than {MAX_ROWS:,} rows: split it.")
            yield row


def _lines(file: BinaryIO) -> Iterator[RawRow | Broken]:
    """Yield the rows of a table. One line is one row, so that a stray quotation mark spoils no other."""
    first = _text(file.readline(MAX_LINE_BYTES + 1))
    columns = _cells(first.removeprefix("\ufeff")) if isinstance(first, str) else None
    if not columns or len(columns) > MAX_COLUMNS:
        raise InvalidInput("The file has no line of column names in UTF-8: is it CSV or GeoJSON?", field="file")
    columns = [column.strip() for column in columns]
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        if not line.strip():
            continue
        number += 1
        if len(line) > MAX_LINE_BYTES:
            while line and not line.endswith(b"\n"):
                line = file.readline(MAX_LINE_BYTES)
            yield Broken(number, "", f"is longer than {MAX_LINE_BYTES:,} bytes")
            continue
        text = _text(line)
        cells = _cells(text) if text is not None else None
        if cells is None:
            yield Broken(number, "", "is not UTF-8" if text is None else "has quotation marks that do not match")
        elif len(cells) != len(columns):
            yield Broken(number, "", f"has {len(cells)} fields, not {len(columns)}")
        else:
            yield RawRow(number, dict(zip(columns, cells, strict=True)))


def _text(line: bytes) -> str | None:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _cells(line: str) -> list[str] | None:
    try:
        return next(csv.reader([line.rstrip("\r\n")], strict=True), None)
    except csv.Error:
        return None


class _Text:
    """A JSON text read piece by piece; what was taken is let go with the piece it stood in."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._decoder = file, json.JSONDecoder(parse_constant=_no_constant)
        self._bytes, self._text, self._at = b"", "", 0
        self._read_on()

    def _read_on(self) -> bool:
        """Read one more piece; False at the end. Raises InvalidInput when it is not UTF-8."""
        piece = self._file.read(CHUNK_CHARS)
        self._bytes += piece
        try:
            text = self._bytes.decode("utf-8")
            self._bytes = b""
        except UnicodeDecodeError as error:
            # The piece may end within a letter; that one waits for the next piece.
            if not piece or len(self._bytes) - error.start > 3:
                raise InvalidInput("The file is not UTF-8.", field="file") from None
            text, self._bytes = self._bytes[: error.start].decode("utf-8"), self._bytes[error.start :]
        self._text, self._at = self._text[self._at :] + text, 0
        return bool(piece)

    def skip_to_features(self) -> None:
        """Go into the array of features of a collection; a sequence of features begins at once."""
        if found := _FEATURES.search(self._text):
            self._at = found.end()
        elif '"Feature"' not in self._text:
            raise InvalidInput("The file has no `features`: it is no GeoJSON FeatureCollection.", field="features")

    def next_value(self) -> Any:
        """Return the next feature, None at the end. Raises InvalidInput for what is no JSON, or has no end."""
        while True:
            if blanks := _BLANKS.match(self._text, self._at):
                self._at = blanks.end()
            if self._text[self._at : self._at + 1] == "]":
                return None
            try:
                value, self._at = self._decoder.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                left = len(self._text) - self._at
                if left <= MAX_FEATURE_CHARS and self._read_on():
                    continue
                if left == 0:
                    return None
                raise InvalidInput(f"The file is no GeoJSON: {str(error)[:100]}.", field="file") from None
            return value


def _features(file: BinaryIO) -> Iterator[RawRow | Broken]:
    text = _Text(file)
    text.skip_to_features()
    number = 0
    while (value := text.next_value()) is not None:
        number += 1
        properties = value.get("properties") if isinstance(value, dict) else None
        if not isinstance(value, dict) or value.get("type") != "Feature" or not isinstance(properties, dict):
            yield Broken(number, "", "is not a Feature with properties")
            continue
        known = {"key": value["id"]} if isinstance(value.get("id"), str | int) else {}
        yield RawRow(number, known | properties, value.get("geometry") or {})


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number in JSON")
