"""Says which columns of an imported file were not taken, so that nobody thinks they were stored. It keeps no value."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

SHOWN = 20
NOTED = 200  # names remembered; an export has tens

Row = TypeVar("Row")


class Dropped:
    """Notes the names that rows hold and an import does not read, while the rows go by."""

    def __init__(self, read: Iterable[str]) -> None:
        self._read = frozenset(read)
        self._names: dict[str, None] = {}

    def watch(self, rows: Iterable[Row], names: Callable[[Row], Mapping[str, Any] | None]) -> Iterator[Row]:
        """Yield the rows unchanged."""
        for row in rows:
            for name in names(row) or ():
                if name not in self._read and len(self._names) < NOTED:
                    self._names[name] = None
            yield row

    def tell(self) -> None:
        """Name them on standard error."""
        tell(list(self._names))


def tell(columns: Sequence[str]) -> None:
    """Name dropped columns on standard error, the first twenty by name."""
    if columns:
        more = f" and {len(columns) - SHOWN} more" if len(columns) > SHOWN else ""
        shown = ", ".join(column[:60] for column in columns[:SHOWN])
        print(f"{len(columns)} columns were dropped, the import does not read them: {shown}{more}", file=sys.stderr)
