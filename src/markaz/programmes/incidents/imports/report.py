"""What an import did and what it found odd: counts, and the first rejected rows by name. Bounded; pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from markaz.programmes.incidents.imports.rows import Rejected

MAX_REJECTED_NAMED = 1_000
MAX_DISTINCT = 1_000  # codes, and pairs of field and reason; what comes after is only counted
MAX_VALUE = 60  # characters of a raw code shown
OTHERS = "(others)"


@dataclass(slots=True)
class Report:
    """Grows while the rows go by. `rows` is what the file held; calls, units and flagged count what was added."""

    rows: int = 0
    calls: int = 0
    units: int = 0
    flagged: int = 0
    already_present: int = 0
    rejected: int = 0
    seconds: float = 0.0
    flags: Counter[str] = field(default_factory=Counter)
    unmapped_columns: tuple[str, ...] = ()
    _codes: dict[str, Counter[str]] = field(default_factory=dict)
    _rejected: list[Rejected] = field(default_factory=list)
    _reasons: Counter[tuple[str, str]] = field(default_factory=Counter)

    def reject(self, rejected: Rejected) -> None:
        """Count a rejected row, and name it while there is room."""
        self.rejected += 1
        if len(self._rejected) < MAX_REJECTED_NAMED:
            self._rejected.append(rejected)
        key = (rejected.field, rejected.reason)
        if key not in self._reasons and len(self._reasons) >= MAX_DISTINCT:
            key = (OTHERS, OTHERS)
        self._reasons[key] += 1

    def flag(self, flags: Iterable[str]) -> None:
        """Count one row that was added with these flags, if there are any."""
        kinds = set(flags)
        if kinds:
            self.flagged += 1
            self.flags.update(kinds)

    def unmapped_code(self, meaning: str, raw: str) -> None:
        """Count one row whose code is not in the code table `meaning`."""
        counts = self._codes.setdefault(meaning, Counter())
        shown = raw[:MAX_VALUE]
        counts[shown if shown in counts or len(counts) < MAX_DISTINCT else OTHERS] += 1

    def summary(self) -> dict[str, int | float]:
        """Return what `--json` prints."""
        return {
            "rows": self.rows,
            "calls": self.calls,
            "units": self.units,
            "flagged": self.flagged,
            "already_present": self.already_present,
            "rejected": self.rejected,
            "seconds": round(self.seconds, 3),
        }

    def full(self) -> dict[str, Any]:
        """Return what `--report FILE` holds: the summary and everything odd, the most frequent first."""
        return {
            **self.summary(),
            "flags": dict(self.flags.most_common()),
            "unmapped_columns": list(self.unmapped_columns),
            "unmapped_codes": {meaning: dict(counts.most_common()) for meaning, counts in self._codes.items()},
            "rejected_by_reason": [
                {"field": field, "reason": reason, "rows": rows}
                for (field, reason), rows in self._reasons.most_common()
            ],
            "rejected_rows": [_named(row) for row in self._rejected],
            "rejected_rows_left_out": self.rejected - len(self._rejected),
        }


def unmapped(columns: Sequence[str], mapped: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of the file that the mapping does not read, so that nobody thinks they were stored."""
    known = set(mapped)
    return tuple(column for column in columns if column not in known)


def _named(row: Rejected) -> dict[str, Any]:
    where: dict[str, Any] = {"row": row.row}
    if row.line is not None:
        where["line"] = row.line
    return {**where, "field": row.field, "reason": row.reason}
