"""A batch of understood rows to the records and events it adds. Pure: what the centre already knows is handed in.

Imported calls are history: their incidents are closed, their units stand off duty, and their one event for each call
and batch has no rule for the live picture.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from markaz.contracts.incidents import Flag, IncidentEvent, UnitStatus
from markaz.core.events import SYSTEM_ACTOR_ID, Event
from markaz.kit.clock import Precision
from markaz.kit.ids import import_id, uuid7
from markaz.programmes.incidents.imports.rows import (
    UNIT_STAGES,
    CallFacts,
    DispatchRow,
    Rejected,
    UnitFacts,
)
from markaz.programmes.incidents.imports.times import coarser, truncate
from markaz.programmes.incidents.picture import unit_view

Times = tuple[datetime | None, ...]
Locate = Callable[[CallFacts], tuple[int, str | None]]  # the territory of a call, and a flag when its code is unknown

INCIDENT_COLUMNS = (
    "id", "number", "source", "source_key", "status", "category", "priority", "initial_priority", "channel",
    "territory_id", "lon", "lat", "received_at", "entered_at", "arrived_at", "closed_at", "precisions", "outcome",
    "flags", "opened_by", "updated_by",
)  # fmt: skip
CALL_COLUMNS = ("id", "incident_id", "channel", "received_at", "sealed_id")
UNIT_COLUMNS = ("id", "call_sign", "kind", "source", "territory_id", "status", "since", "updated_by")
ASSIGNMENT_COLUMNS = (
    "incident_id", "unit_id", "ordinal", "is_current", *(f"{stage}_at" for stage in UNIT_STAGES), "precisions", "flags",
)  # fmt: skip
ROW_COLUMNS = ("source", "row_key")


@dataclass(frozen=True, slots=True)
class Sending:
    """One sending of a unit to a call that the centre holds already."""

    ordinal: int
    times: Times


@dataclass(frozen=True, slots=True)
class KnownCall:
    """A call that the centre holds already, and what is needed to join more rows to it."""

    is_open: bool
    territory_id: int
    category: str
    priority: str
    outcome: str | None
    received: datetime
    received_precision: Precision
    flags: tuple[str, ...]
    sendings: Mapping[UUID, Sequence[Sending]]


@dataclass(frozen=True, slots=True)
class JoinedCall:
    """What to write to the row of a call that is known already."""

    incident_id: UUID
    closed_at: datetime | None
    flags: list[str]


@dataclass(slots=True)
class Batch:
    """Everything that one transaction adds. `superseded` names sendings whose earlier ones are no longer current."""

    units: list[tuple[Any, ...]] = field(default_factory=list)
    incidents: list[tuple[Any, ...]] = field(default_factory=list)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    assignments: list[tuple[Any, ...]] = field(default_factory=list)
    rows: list[tuple[str, str]] = field(default_factory=list)
    sealed: list[tuple[UUID, dict[str, str]]] = field(default_factory=list)
    joined: list[JoinedCall] = field(default_factory=list)
    superseded: list[tuple[UUID, UUID, int]] = field(default_factory=list)
    unit_events: list[Event] = field(default_factory=list)
    call_events: list[Event] = field(default_factory=list)
    flagged: list[tuple[str, ...]] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    already_present: int = 0


@dataclass(frozen=True, slots=True)
class Context:
    """What every batch of one import shares. `units_at` is where units not seen before will belong."""

    source: str
    now: datetime
    units_at: int
    locate: Locate


def group_by_call(rows: Iterable[DispatchRow], source: str) -> dict[UUID, list[DispatchRow]]:
    """Return the rows of each call in their own order, by the id of its incident."""
    groups: dict[str, list[DispatchRow]] = {}
    for row in rows:
        groups.setdefault(row.call.key, []).append(row)
    return {import_id("incident", source, key): group for key, group in groups.items()}


def build(
    groups: Mapping[UUID, Sequence[DispatchRow]],
    known_calls: Mapping[UUID, KnownCall],
    known_units: set[UUID],
    context: Context,
) -> Batch:
    """Return what the rows of each call, by incident, add. Units that are new are added to `known_units` by the caller, once committed."""
    batch = Batch()
    new_units: set[UUID] = set()
    for incident_id, rows in groups.items():
        _CallOfBatch(batch, context, incident_id, rows, known_calls.get(incident_id)).add()
        for row in rows:
            if row.unit is None:
                continue
            id_, _ = unit_id(context.source, row.unit.call_sign)
            if id_ not in known_units and id_ not in new_units:
                new_units.add(id_)
                _add_unit(batch, context, id_, row.unit)
    return batch


class _CallOfBatch:
    """The rows of one call in one batch, on their way to records."""

    def __init__(
        self,
        batch: Batch,
        context: Context,
        incident_id: UUID,
        rows: Sequence[DispatchRow],
        known: KnownCall | None,
    ) -> None:
        self.batch = batch
        self.context = context
        self.rows = rows
        self.facts = rows[0].call
        self.incident_id = incident_id
        self.known = known
        self.ordinals: dict[UUID, int] = {}
        self.uncleared = False
        self.last_cleared: datetime | None = None

    def add(self) -> None:
        """Add the call and its rows, or only the rows when the call is known."""
        if self.known is not None and self.known.is_open:
            # The live picture belongs to the intake: what changes it must reach every console as an event.
            reason = "this call is open on the live picture: import it once it is closed"
            self.batch.rejected.extend(Rejected(row.row, "call_key", reason) for row in self.rows)
            return
        if self.known is not None:
            territory_id, flag = self.known.territory_id, None
        else:
            territory_id, flag = self.context.locate(self.facts)
        of_place = () if flag is None else (flag,)
        flags = [*self.facts.flags, *of_place]
        units = self._add_rows(flags, of_place)
        closed_at = None if self.uncleared else self.last_cleared
        if self.known is None:
            self._add_incident(territory_id, flags, closed_at)
        else:
            merged = list(dict.fromkeys((*self.known.flags, *flags)))
            self.batch.joined.append(JoinedCall(self.incident_id, closed_at, merged))
        self._add_event(territory_id, flags, units)

    def _add_rows(self, flags: list[str], of_place: tuple[str, ...]) -> list[dict[str, Any]]:
        """Add the sendings, collect what closes the call, and return the units for the event."""
        source, batch = self.context.source, self.batch
        units: list[dict[str, Any]] = []
        if self.known is not None:
            for sendings in self.known.sendings.values():
                for sending in sendings:
                    self._note_cleared(sending.times[-1])
        differs = self._differs_from_known()
        for row in self.rows:
            batch.rows.append((source, row.row_key))
            differs = differs or _differs(row.call, self.facts)
            if row.unit is not None:
                units.append(self._add_sending(row.unit))
            batch.flagged.append((*row.call.flags, *of_place, *(row.unit.flags if row.unit is not None else ())))
        if differs:
            flags.append(Flag.CALL_DIFFERS.value)
            batch.flagged[-1] = (*batch.flagged[-1], Flag.CALL_DIFFERS.value)
        return units

    def _add_sending(self, unit: UnitFacts) -> dict[str, Any]:
        id_, text = unit_id(self.context.source, unit.call_sign)
        self._note_cleared(unit.cleared)
        same = self._same_sending(id_, unit.times)
        if same is not None:
            ordinal = same.ordinal
        else:
            ordinal = self._next_ordinal(id_)
            if ordinal > 1:
                self.batch.superseded.append((self.incident_id, id_, ordinal))
            precisions = _json(unit.precisions)
            self.batch.assignments.append(
                (self.incident_id, id_, ordinal, True, *unit.times, precisions, list(unit.flags))
            )
        stated = {stage: at for stage, at in zip(UNIT_STAGES, unit.times, strict=True) if at is not None}
        view: dict[str, Any] = {"unit_id": text, "call_sign": unit.call_sign, "ordinal": ordinal, "stages": stated}
        if unit.precisions:
            view["precisions"] = dict(unit.precisions)
        if unit.flags:
            view["flags"] = unit.flags
        return view

    def _same_sending(self, id_: UUID, times: Times) -> Sending | None:
        """Return the known sending that these times do not contradict: the intake took it in, stage by stage."""
        if self.known is None or id_ in self.ordinals:
            return None
        for sending in self.known.sendings.get(id_, ()):
            pairs = list(zip(sending.times, times, strict=True))
            if all(a is None or b is None or a == b for a, b in pairs) and any(
                a is not None and a == b for a, b in pairs
            ):
                return sending
        return None

    def _next_ordinal(self, id_: UUID) -> int:
        known = self.known.sendings.get(id_, ()) if self.known is not None else ()
        last = self.ordinals.get(id_) or max((sending.ordinal for sending in known), default=0)
        self.ordinals[id_] = last + 1
        return last + 1

    def _note_cleared(self, cleared: datetime | None) -> None:
        if cleared is None:
            self.uncleared = True
        elif self.last_cleared is None or cleared > self.last_cleared:
            self.last_cleared = cleared

    def _differs_from_known(self) -> bool:
        known, facts = self.known, self.facts
        if known is None:
            return False
        precision = coarser(known.received_precision, _received_precision(facts))
        is_same_time = truncate(known.received, precision) == truncate(facts.received, precision)
        mine = (facts.category, facts.priority, facts.outcome)
        return not is_same_time or mine != (known.category, known.priority, known.outcome)

    def _add_incident(self, territory_id: int, flags: list[str], closed_at: datetime | None) -> None:
        facts, source, batch = self.facts, self.context.source, self.batch
        sealed_id = None
        if facts.address is not None:
            sealed_id = uuid7()
            batch.sealed.append((sealed_id, {"address": facts.address}))
        batch.calls.append(
            (import_id("call", source, facts.key), self.incident_id, facts.channel, facts.received, sealed_id)
        )
        batch.incidents.append(
            (
                self.incident_id,
                facts.number,
                source,
                facts.key,
                "closed",
                facts.category,
                facts.priority,
                facts.initial_priority,
                facts.channel,
                territory_id,
                facts.lon,
                facts.lat,
                facts.received,
                facts.entered,
                facts.arrived,
                closed_at,
                _json(facts.precisions),
                facts.outcome,
                flags,
                SYSTEM_ACTOR_ID,
                SYSTEM_ACTOR_ID,
            )
        )

    def _add_event(self, territory_id: int, flags: list[str], units: list[dict[str, Any]]) -> None:
        facts = self.facts
        payload: dict[str, Any] = {
            "number": facts.number,
            "category": facts.category,
            "priority": facts.priority,
            "initial_priority": facts.initial_priority,
            "channel": facts.channel,
            "outcome": facts.outcome,
            "place": None if facts.lon is None else {"lon": facts.lon, "lat": facts.lat},
            "received": _in_json(facts.received),
            "entered": _in_json(facts.entered),
            "arrived": _in_json(facts.arrived),
            "precisions": dict(facts.precisions),
            "flags": flags,
            "units": _in_json(units),
            "rows": len(self.rows),
            "joined": self.known is not None,
        }
        self.batch.call_events.append(
            Event(
                type=IncidentEvent.IMPORTED.value,
                aggregate_id=self.incident_id,
                territory_id=territory_id,
                actor_id=SYSTEM_ACTOR_ID,
                occurred_at=facts.received,
                occurred_source=self.context.source,
                occurred_precision=_received_precision(facts).value,
                payload=payload,
            )
        )


def _add_unit(batch: Batch, context: Context, id_: UUID, unit: UnitFacts) -> None:
    row = {
        "id": id_,
        "call_sign": unit.call_sign,
        "kind": unit.kind,
        "source": context.source,
        "territory_id": context.units_at,
        "status": UnitStatus.OFF_DUTY.value,
        "since": context.now,
        "updated_by": SYSTEM_ACTOR_ID,
    }
    batch.units.append(tuple(row[column] for column in UNIT_COLUMNS))
    batch.unit_events.append(
        Event(
            type=IncidentEvent.UNIT_REGISTERED.value,
            aggregate_id=id_,
            territory_id=context.units_at,
            actor_id=SYSTEM_ACTOR_ID,
            occurred_at=context.now,
            occurred_source=context.source,
            payload={"view": unit_view({**row, "incident_id": None, "version": 1})},
        )
    )


def _differs(facts: CallFacts, first: CallFacts) -> bool:
    """Say whether two rows of one call disagree about what the centre keeps once."""
    if facts is first:
        return False
    mine = (facts.received, facts.category, facts.priority, facts.outcome)
    return mine != (first.received, first.category, first.priority, first.outcome)


def _received_precision(facts: CallFacts) -> Precision:
    for name, precision in facts.precisions:
        if name == "received":
            return Precision(precision)
    return Precision.SECOND


@lru_cache(maxsize=10_000)
def unit_id(source: str, call_sign: str) -> tuple[UUID, str]:
    """Return the id of a unit of a source, and the same as text; a file names the same few hundred again and again."""
    id_ = import_id("unit", source, call_sign)
    return id_, str(id_)


@lru_cache(maxsize=1_000)
def _json(precisions: tuple[tuple[str, str], ...]) -> str:
    """Return precisions as JSON text; a file has a handful of different ones."""
    return orjson.dumps(dict(precisions)).decode()


def _in_json(value: Any) -> orjson.Fragment:
    """Return a part of a payload as JSON with its times as RFC 3339 ending in Z, which orjson writes in C."""
    return orjson.Fragment(orjson.dumps(value, option=orjson.OPT_UTC_Z))
