"""Memory does not grow with an export: it is read, understood and counted as it goes by."""

import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from markaz.programmes.incidents.imports.importing import understood_rows
from markaz.programmes.incidents.imports.mapping import Mapping, parse_mapping
from markaz.programmes.incidents.imports.reader import open_table
from markaz.programmes.incidents.imports.report import Report

MAPPING = """
source = "city"
time_zone = "Asia/Tashkent"
row_key = ["id"]
call_key = ["id"]
[call]
received = "at"
address = "street"
"""
HEADER = b"id,at,street\n"


@pytest.fixture
def mapping() -> Mapping:
    return parse_mapping(MAPPING)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, mapping: Mapping, kind: str) -> None:
    def peak(rows: int) -> int:
        path = export_of(tmp_path / f"{rows}.{kind}", rows)
        return peak_of(open_table(path, mapping).rows())

    peak(100)  # what is loaded and kept once is no growth
    assert peak(30_000) < 1.3 * peak(10_000)


def test_memory_does_not_grow_while_rows_are_understood_and_counted(tmp_path: Path) -> None:
    mapping = parse_mapping(MAPPING.replace('row_key = ["id"]', ""))  # every row is remembered, on disk

    def peak(rows: int) -> int:
        table = open_table(export_of(tmp_path / f"{rows}.csv", rows), mapping)
        with ExitStack() as stack:
            return peak_of(understood_rows(table, mapping, now=datetime.now(UTC), report=Report(), stack=stack))

    peak(100)
    assert peak(4_500) < 1.3 * peak(1_500)


def export_of(path: Path, rows: int) -> Path:
    if path.suffix == ".csv":
        with path.open("wb") as file:
            file.write(HEADER)
            file.writelines(b"%d,2020-01-01T00:00:00,a street of some length\n" % n for n in range(rows))
    else:
        text = [str(n) for n in range(rows)]
        pq.write_table(pa.table({"id": text, "at": text, "street": text}), path, row_group_size=4_000)
    return path


def peak_of(rows: Iterator[object]) -> int:
    """Return the most bytes that Python and Arrow held while the rows went by."""
    gc.collect()
    arrow_before, arrow_peak = pa.total_allocated_bytes(), 0
    tracemalloc.start()
    for number, _ in enumerate(rows):
        if number % 1_000 == 0:
            arrow_peak = max(arrow_peak, pa.total_allocated_bytes() - arrow_before)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak + arrow_peak
