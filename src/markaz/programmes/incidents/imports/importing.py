"""The import of one file from its first byte to its report. What the command line and the benchmarks call."""

import gc
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime

from markaz.programmes.incidents.imports.identity import Occurrences
from markaz.programmes.incidents.imports.loader import Loader, Target
from markaz.programmes.incidents.imports.mapping import Mapping
from markaz.programmes.incidents.imports.normalise import Normaliser, precision_of_file
from markaz.programmes.incidents.imports.report import Report, unmapped
from markaz.programmes.incidents.imports.rows import DispatchRow, Rejected
from markaz.programmes.incidents.imports.table import RawRow, Table

OnProgress = Callable[[Report, float | None], None]  # the report so far, and the part of the file read, 0 to 1


def understood_rows(
    table: Table, mapping: Mapping, *, now: datetime, report: Report, stack: ExitStack
) -> Iterator[DispatchRow | Rejected]:
    """Yield every row of an opened export, understood or rejected. `stack` closes what counting needs."""
    report.unmapped_columns = unmapped(table.columns, mapping.columns())
    precision, rows = precision_of_file(table.rows(), table.read_columns, mapping)
    occurrences = None if mapping.row_key else stack.enter_context(Occurrences())
    normaliser = Normaliser(
        mapping, table.read_columns, now=now, precision=precision, report=report, occurrences=occurrences
    )
    return _each(normaliser, rows)


def _each(normaliser: Normaliser, rows: Iterable[RawRow | Rejected]) -> Iterator[DispatchRow | Rejected]:
    for raw in rows:
        yield raw if isinstance(raw, Rejected) else normaliser.row(raw)


async def import_table(
    table: Table,
    mapping: Mapping,
    target: Target,
    *,
    now: datetime,
    on_progress: OnProgress = lambda _report, _part: None,
) -> Report:
    """Import every row of an opened export and return the report.

    Raises what `Loader.load` raises; what was committed until then stays.
    """
    began = time.monotonic()
    report = Report()
    loader = Loader(target, mapping.source, now=now, report=report)

    def progress() -> None:
        report.seconds = time.monotonic() - began
        on_progress(report, table.progress())

    with ExitStack() as stack:
        stack.enter_context(_rare_collections())
        await loader.load(understood_rows(table, mapping, now=now, report=report, stack=stack), progress)
    report.seconds = time.monotonic() - began
    return report


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Let the garbage collector look less often: an import makes many objects and no cycles, a fifth of its time."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
