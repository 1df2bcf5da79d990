"""A CSV export as a stream of rows. Strict: a row that is not well formed is rejected with its line, the rest goes on.

A row is rejected when it has too few or too many fields, text that is not in the file's encoding, a NUL byte, a
misplaced quotation mark or a field that is too long. Nothing of it is guessed.
"""

import csv
import io
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from markaz.programmes.incidents.imports.mapping import CsvForm
from markaz.programmes.incidents.imports.rows import Rejected
from markaz.programmes.incidents.imports.table import MAX_COLUMNS, FileUnreadable, RawRow

MAX_LINE_CHARS = 1_000_000  # a line of an export has hundreds; more than this is not read into memory
MAX_FIELD_CHARS = csv.field_size_limit()  # of the csv module: 131,072 unless somebody changed it


class _LineTooLong(Exception):
    """A line, or the lines of one row, were longer than MAX_LINE_CHARS; `head` is the beginning of the last line."""

    def __init__(self, head: str) -> None:
        super().__init__("line too long")
        self.head = head


class _Lines:
    """The lines of a file, counted; those of the row under way are kept so that they can be read again."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._again: deque[tuple[int, str]] = deque()
        self._read = 0
        self.row_lines: list[tuple[int, str]] = []
        self._row_chars = 0
        self.suspect = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._again:
            number, line = self._again.popleft()
        else:
            number, line = self._next_of_file()
        self.row_lines.append((number, line))
        self._row_chars += len(line)
        # Marks that open again on every line make one row of all of them, and the parser would keep all of it.
        if _is_too_long(line) or (len(self.row_lines) > 1 and self._row_chars > MAX_LINE_CHARS):
            raise _LineTooLong(line)
        # Rare in an honest file, so the fields are looked at one by one only when a line gives cause.
        if "\0" in line or not (line.isascii() or _is_clean(line)):
            self.suspect = True
        return line

    def begin_row(self) -> None:
        """Forget the lines of the last row."""
        self.row_lines.clear()
        self._row_chars = 0
        self.suspect = False

    def give_back_all_but_first(self) -> None:
        """Read the lines after the first of this row again, as rows of their own."""
        self._again.extendleft(reversed(self.row_lines[1:]))
        del self.row_lines[1:]

    def _next_of_file(self) -> tuple[int, str]:
        line = self._file.readline(MAX_LINE_CHARS)
        if not line:
            raise StopIteration
        self._read += 1
        rest = line
        while rest and _is_too_long(rest):  # read past the rest of it, keep only the beginning
            rest = self._file.readline(MAX_LINE_CHARS)
        return self._read, line


class CsvTable:
    """A CSV file with a header row."""

    def __init__(self, path: Path, form: CsvForm) -> None:
        # An undecodable byte becomes a lone surrogate, which no encoding produces: so it is found field by field.
        encoding = "utf-8-sig" if form.encoding.lower() in ("utf-8", "utf8") else form.encoding
        self._bytes = path.open("rb")
        self._file = io.TextIOWrapper(self._bytes, encoding=encoding, errors="surrogateescape", newline="")
        self._size = path.stat().st_size
        self._lines = _Lines(self._file)
        self._reader = csv.reader(self._lines, delimiter=form.delimiter, strict=True)
        self._delimiter = form.delimiter
        self._columns = self._header()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names in the header row."""
        return self._columns

    @property
    def read_columns(self) -> tuple[str, ...]:
        """All of them."""
        return self._columns

    def progress(self) -> float | None:
        """Return the part of the file already read."""
        return 1.0 if self._bytes.closed else min(1.0, self._bytes.tell() / self._size)

    def rows(self) -> Iterator[RawRow | Rejected]:
        """Yield every row once. Blank lines are not rows."""
        width = len(self._columns)
        number = 0
        while True:
            self._lines.begin_row()
            try:
                values = next(self._reader)
            except StopIteration:
                self._file.close()
                return
            except _LineTooLong as error:
                number += 1
                yield self._too_long(number, error.head)
                continue
            except csv.Error as error:
                number += 1
                yield self._malformed(number, error)
                continue
            if not values:
                continue
            number += 1
            if len(values) != width:
                yield self._ragged(number, values)
            elif self._lines.suspect and (bad := self._undecodable(number, values)):
                yield bad
            else:
                yield RawRow(number, values)

    def _header(self) -> tuple[str, ...]:
        try:
            header = next(self._reader)
        except StopIteration as error:
            raise FileUnreadable("The file is empty.", field="file") from error
        except (csv.Error, _LineTooLong) as error:
            raise FileUnreadable(f"The header row is not CSV: {error}.", field="file") from error
        if self._lines.suspect and any(not _is_clean(name) or "\0" in name for name in header):
            raise FileUnreadable(
                "The header row is neither CSV text in the encoding of the mapping nor Parquet.", field="file"
            )
        if len(header) > MAX_COLUMNS:
            raise FileUnreadable(f"The header row has more than {MAX_COLUMNS} columns.", field="file")
        return tuple(name.strip() for name in header)

    def _line(self) -> int | None:
        return self._lines.row_lines[0][0] if self._lines.row_lines else None

    def _ragged(self, number: int, values: list[str]) -> Rejected:
        have, want = len(values), len(self._columns)
        field = self._columns[have] if have < want else self._columns[-1]
        line = self._line()
        # A quotation mark left open swallows the rows after it: they are read again as rows of their own.
        self._lines.give_back_all_but_first()
        return Rejected(number, field, f"the row has {have} fields, the header has {want}", line)

    def _undecodable(self, number: int, values: list[str]) -> Rejected | None:
        for column, value in zip(self._columns, values, strict=True):
            if "\0" in value:
                return Rejected(number, column, "the text holds a NUL byte", self._line())
            if not _is_clean(value):
                return Rejected(number, column, "the bytes are not text in the encoding of the file", self._line())
        return None

    def _malformed(self, number: int, error: csv.Error) -> Rejected:
        line = self._line()
        text = "".join(line for _, line in self._lines.row_lines)
        field, is_long = self._field_at_fault(text)
        self._lines.give_back_all_but_first()
        reason = f"the field is longer than {MAX_FIELD_CHARS} characters" if is_long else f"not CSV: {error}"
        return Rejected(number, field, reason, line)

    def _too_long(self, number: int, head: str) -> Rejected:
        line = self._line()
        if len(self._lines.row_lines) > 1:
            self._lines.give_back_all_but_first()
            return Rejected(number, self._columns[-1], "a quotation mark is left open", line)
        field, _ = self._field_at_fault(head)
        return Rejected(number, field, f"the line is longer than {MAX_LINE_CHARS} characters", line)

    def _field_at_fault(self, text: str) -> tuple[str, bool]:
        """Return the column at which a row that is not CSV went wrong, as far as can be told, and if it is too long."""
        index, start, quoted = 0, 0, False
        for position, character in enumerate(text):
            if character == '"':
                quoted = not quoted
            elif character == self._delimiter and not quoted:
                if position - start > MAX_FIELD_CHARS:
                    break
                index, start = index + 1, position + 1
        is_long = len(text) - start > MAX_FIELD_CHARS
        return self._columns[min(index, len(self._columns) - 1)], is_long


def _is_too_long(line: str) -> bool:
    return len(line) >= MAX_LINE_CHARS and not line.endswith(("\n", "\r"))


def _is_clean(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
