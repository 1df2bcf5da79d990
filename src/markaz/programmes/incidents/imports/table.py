"""What every kind of export looks like once it is open: columns, and rows one after another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from markaz.core.errors import InvalidInput
from markaz.programmes.incidents.imports.rows import Rejected

MAX_COLUMNS = 2_000  # an export has tens


class FileUnreadable(InvalidInput):
    """The file is absent, empty or of no known kind; nothing was imported."""

    code = "file_unreadable"


@dataclass(frozen=True, slots=True)
class RawRow:
    """The values of one row in the order of the table's columns; `row` counts from 1, without the header."""

    row: int
    values: Sequence[Any]


class Table(Protocol):
    """An opened export."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the file, also those that are not read."""
        ...

    @property
    def read_columns(self) -> tuple[str, ...]:
        """The columns whose values `rows` yields, in that order."""
        ...

    def rows(self) -> Iterator[RawRow | Rejected]:
        """Yield every row once, in the order of the file."""
        ...

    def progress(self) -> float | None:
        """Return the part of the file already read, 0 to 1, or None when that is not known."""
        ...
