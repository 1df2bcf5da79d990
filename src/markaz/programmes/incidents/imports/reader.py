"""Opens an export as one stream of rows: CSV or Parquet in, `RawRow` or `Rejected` out.

Memory does not grow with the file. Nothing here knows what a column means; that is `normalise`.
"""

from collections.abc import Sequence
from pathlib import Path

from markaz.core.errors import InvalidInput
from markaz.programmes.incidents.imports.mapping import Mapping
from markaz.programmes.incidents.imports.table import FileUnreadable, Table

PARQUET_MAGIC = b"PAR1"
MAX_SHOWN = 100  # columns named in an error, and characters of each


class ColumnsMissing(InvalidInput):
    """The mapping names columns that the file does not have; `details.columns` lists those it has."""

    code = "columns_missing"


def open_table(path: Path, mapping: Mapping) -> Table:
    """Open `path` by what it is, not by its name.

    Raises FileUnreadable, or ColumnsMissing when the mapping names a column that is not there.
    """
    # Imported here: a CSV import need not pay for loading pyarrow.
    try:
        with path.open("rb") as file:
            head = file.read(len(PARQUET_MAGIC))
    except OSError as error:
        raise FileUnreadable(f"The file cannot be read: {error.strerror}.", field="file") from error
    if not head:
        raise FileUnreadable("The file is empty.", field="file")
    table: Table
    if head == PARQUET_MAGIC:
        from markaz.programmes.incidents.imports.reader_parquet import ParquetTable

        # Without key columns a row is known by all it says, so all of it must be read.
        table = ParquetTable(path, mapping.columns() if mapping.row_key else None)
    else:
        from markaz.programmes.incidents.imports.reader_csv import CsvTable

        table = CsvTable(path, mapping.csv)
    check_columns(mapping, table.columns)
    return table


def check_columns(mapping: Mapping, columns: Sequence[str]) -> None:
    """Raise unless every mapped column is there, and each column only once."""
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise FileUnreadable(f"The file names these columns twice: {', '.join(twice)}.", field=twice[0])
    missing = [column for column in mapping.columns() if column not in set(columns)]
    if missing:
        shown = [column[:MAX_SHOWN] for column in columns[:MAX_SHOWN]]
        raise ColumnsMissing(
            f"The file lacks {', '.join(missing)}, which the mapping {mapping.source} reads. "
            f"It has: {', '.join(shown)}.",
            field=missing[0],
            missing=missing,
            columns=shown,
        )
