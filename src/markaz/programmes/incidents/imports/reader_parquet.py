"""A Parquet export as a stream of rows, one batch of columns in memory at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from markaz.programmes.incidents.imports.rows import Rejected
from markaz.programmes.incidents.imports.table import FileUnreadable, RawRow

BATCH_ROWS = 4_096


class _Undecodable:
    """Stands for a text whose bytes are not UTF-8."""


UNDECODABLE = _Undecodable()


class ParquetTable:
    """A Parquet file. `wanted` limits what is read to these columns; None reads all."""

    def __init__(self, path: Path, wanted: Sequence[str] | None) -> None:
        try:
            # memory_map keeps the file out of our own memory; pre_buffer would read whole row groups ahead.
            self._file = pq.ParquetFile(path, memory_map=True, pre_buffer=False)
        except (pa.ArrowInvalid, OSError) as error:
            raise FileUnreadable(f"The Parquet file is damaged: {error}.", field="file") from error
        self._columns = tuple(self._file.schema_arrow.names)
        self._read_columns = tuple(c for c in self._columns if wanted is None or c in set(wanted))
        self._total = self._file.metadata.num_rows
        self._read = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The top-level columns of the schema."""
        return self._columns

    @property
    def read_columns(self) -> tuple[str, ...]:
        """Those that are read."""
        return self._read_columns

    def progress(self) -> float | None:
        """Return the part of the rows already read."""
        return self._read / self._total if self._total else 1.0

    def rows(self) -> Iterator[RawRow | Rejected]:
        """Yield every row once. Raises FileUnreadable when a damaged part is met; the rows before it were yielded."""
        batches = self._file.iter_batches(batch_size=BATCH_ROWS, columns=list(self._read_columns))
        while True:
            try:
                batch = next(batches)
            except StopIteration:
                self._file.close()
                return
            except (pa.ArrowInvalid, OSError) as error:
                raise FileUnreadable(
                    f"The Parquet file is damaged after row {self._read}: {error}.", field="file"
                ) from error
            by_name = dict(zip(batch.schema.names, batch.columns, strict=True))
            columns = [_values(by_name[name]) for name in self._read_columns]
            for values in zip(*columns, strict=True):
                self._read += 1
                if UNDECODABLE in values:
                    column = self._read_columns[values.index(UNDECODABLE)]
                    yield Rejected(self._read, column, "the bytes are not UTF-8 text")
                else:
                    yield RawRow(self._read, values)


def _values(column: pa.Array) -> list[Any]:
    """Return the values of a column as Python objects: times as datetime cut to the microsecond, text as str."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        return _times(column)
    if pa.types.is_dictionary(kind):
        return _values(column.dictionary_decode())
    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        return [_decoded(value) for value in column.cast(pa.binary()).to_pylist()]
    return values


def _times(column: pa.Array) -> list[Any]:
    zone = column.type.tz
    # Nanoseconds have no Python time; what is finer than a microsecond is cut off, as `precision` would anyway.
    column = column.cast(pa.timestamp("us", tz=zone), safe=False)
    if zone is not None:
        aware: list[Any] = column.to_pylist()
        return aware
    # numpy makes the datetimes in C; to_pylist would build a scalar for each.
    naive: list[Any] = column.to_numpy(zero_copy_only=False).tolist()
    return naive


def _decoded(value: bytes | None) -> Any:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return UNDECODABLE
