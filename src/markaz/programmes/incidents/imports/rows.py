"""What one row of a dispatch export says, once it is understood: the values that the import and the replay pass on.

Nothing here reads a file, a clock or a database.
"""

from dataclasses import dataclass
from datetime import datetime

from markaz.contracts.incidents import Stage

UNIT_STAGES = tuple(stage.value for stage in Stage)
CALL_TIMES = ("received", "entered", "arrived")

MAX_TEXT = 1_000  # characters of one mapped value: an address fits many times, a pasted document does not
MAX_KEY = 200  # characters of a key, a code or a call sign


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be kept, and why. `row` counts from 1 without the header, `line` is the line of a CSV file."""

    row: int
    field: str
    reason: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What a row says of its call. Codes are ours, or `<source>:<raw>` where the mapping knows none; times are UTC.

    `precisions` holds only the times that are coarser than a second, by name. `address` is the one value that can
    name a person's home: it is sealed and goes nowhere else.
    """

    key: str
    number: str
    category: str
    priority: str
    initial_priority: str
    channel: str
    outcome: str | None
    territory_code: str | None
    lon: float | None
    lat: float | None
    address: str | None
    received: datetime
    entered: datetime | None
    arrived: datetime | None
    precisions: tuple[tuple[str, str], ...]
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What a row says of the unit sent: `times` in the order of UNIT_STAGES, None where the stage was not stated."""

    call_sign: str
    kind: str
    times: tuple[datetime | None, ...]
    precisions: tuple[tuple[str, str], ...]
    flags: tuple[str, ...]

    @property
    def cleared(self) -> datetime | None:
        """When the unit was free again."""
        return self.times[-1]


@dataclass(frozen=True, slots=True)
class DispatchRow:
    """One row of an export: a call, and the one unit that this row says was sent to it, if any."""

    row: int
    row_key: str
    call: CallFacts
    unit: UnitFacts | None

    @property
    def is_flagged(self) -> bool:
        """Whether anything about the row is odd."""
        return bool(self.call.flags) or (self.unit is not None and bool(self.unit.flags))
