"""What history keeps of one event: a row in detail, or one more of a count. Pure: values in, values out.

A field is written only when the closed list (core.refusals.history) says where to. A code that no list knows is written as
`unlisted`, so that whatever another system packs into its codes stays outside.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from markaz.core.codes import CodeTables
from markaz.core.refusals.history import HistoryList, Holds, Period, Told

UNLISTED: Final = "unlisted"
INT32_MOST: Final = 2**31 - 1
# Columns of every file, before those of the closed list. `events` is 1 in a row of detail.
FIXED: Final = (
    *("type", "events", "territory_id", "from_territory_id"),
    *("occurred_at", "precision", "source", "recorded_at"),
)

Row = dict[str, Any]
CountKey = tuple[Any, ...]
Pseudonym = Callable[[str, UUID], str]


@dataclass(frozen=True, slots=True)
class Logged:
    """An event as history reads it."""

    type: str
    aggregate_id: UUID
    territory_id: int
    from_territory_id: int | None
    occurred_at: datetime
    precision: str
    source: str
    recorded_at: datetime
    payload: Mapping[str, Any]


class Rows:
    """Makes rows by the closed list, with the code tables of one deployment."""

    def __init__(self, listed: HistoryList, codes: CodeTables) -> None:
        self.listed = listed
        self._codes = _closed_codes(listed, codes)
        self._count_columns = tuple(name for name, holds in listed.columns.items() if holds is Holds.CODE)

    @property
    def fingerprint(self) -> str:
        """Everything that decides what a row looks like, as text: what was written under another one is written again."""
        return "\n".join([self.listed.text, *(f"{name} {sorted(self._codes[name])}" for name in sorted(self._codes))])

    def is_counted(self, type_: str) -> bool:
        """Say whether events of this type are only counted. So is every type that the list does not name."""
        return type_ not in self.listed.told

    def incident_of(self, logged: Logged) -> UUID | None:
        """Return the incident whose course a row of this event would tell."""
        told = self.listed.told.get(logged.type)
        return logged.aggregate_id if told is not None and told.about == "incident" else None

    def in_detail(self, logged: Logged, pseudonym: Pseudonym) -> Row:
        """Return the row of an event whose type is not only counted."""
        told = self.listed.told[logged.type]
        row: Row = {
            "type": logged.type,
            "events": 1,
            "territory_id": logged.territory_id,
            "from_territory_id": logged.from_territory_id,
            "occurred_at": logged.occurred_at.replace(microsecond=0),
            "precision": logged.precision,
            "source": logged.source if logged.source in self.listed.sources else UNLISTED,
            "recorded_at": logged.recorded_at.replace(microsecond=0),
        }
        if told.about is not None:
            row[told.about] = pseudonym(told.about, logged.aggregate_id)
        for column, path in told.takes.items():
            row[column] = self._value(column, _at(logged.payload, path), pseudonym)
        return row

    def count_key(self, logged: Logged) -> CountKey:
        """Return what an event without detail is counted under: type, territory and codes; no time within the day."""
        told = self.listed.told.get(logged.type)
        codes = (None,) * len(self._count_columns) if told is None else self._codes_of(told, logged)
        return (logged.type, logged.territory_id, *codes)

    def counted(self, key: CountKey, events: int) -> Row:
        """Return the row of a count."""
        type_, territory_id, *codes = key
        row: Row = dict(zip(self._count_columns, codes, strict=True))
        return row | {"type": type_, "events": events, "territory_id": territory_id}

    def _codes_of(self, told: Told, logged: Logged) -> tuple[str | None, ...]:
        ways = (told.takes.get(column) for column in self._count_columns)
        return tuple(
            None if path is None else self._code(column, _at(logged.payload, path))
            for column, path in zip(self._count_columns, ways, strict=True)
        )

    def _value(self, column: str, value: Any, pseudonym: Pseudonym) -> Any:
        if value is None:
            return None
        match self.listed.columns[column]:
            case Holds.CODE:
                return self._code(column, value)
            case Holds.WHOLE:
                return value if type(value) is int and 0 <= value <= INT32_MOST else None
            case Holds.TIME:
                return _time(value)
            case Holds.PSEUDONYM:
                return _pseudonym(column, value, pseudonym)

    def _code(self, column: str, value: Any) -> str | None:
        if value is None:
            return None
        return value if isinstance(value, str) and value in self._codes[column] else UNLISTED


def day_of(at: datetime) -> date:
    """Return the day of history that an event recorded at `at` belongs to: the day in UTC, which no setting moves."""
    return at.astimezone(UTC).date()


def period_of(day: date, period: Period) -> str:
    """Return the name of the period in which a pseudonym of that day holds."""
    return day.isoformat() if period is Period.DAY else f"{day:%Y-%m}"


def began(period: str) -> datetime:
    """Return when a period began."""
    return datetime.fromisoformat(period if len(period) > len("2026-01") else f"{period}-01").replace(tzinfo=UTC)


def _closed_codes(listed: HistoryList, codes: CodeTables) -> dict[str, frozenset[str]]:
    tables = {
        "category": codes.categories,
        "priority": codes.priorities,
        "channel": codes.channels,
        "outcome": codes.outcomes,
        "kind": codes.unit_kinds,
    }
    closed = {}
    for column, holds in listed.columns.items():
        if holds is Holds.CODE:
            of_table = {code.code for code in tables[column].codes} if column in tables else set()
            closed[column] = listed.values.get(column, frozenset()) | of_table
    return closed


def _at(payload: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        payload = payload.get(name) if isinstance(payload, Mapping) else None
    return payload


def _time(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return at.replace(microsecond=0) if at.tzinfo is not None else None


def _pseudonym(column: str, value: Any, pseudonym: Pseudonym) -> str | None:
    try:
        return pseudonym(column, UUID(value))
    except (TypeError, ValueError, AttributeError):
        return None
