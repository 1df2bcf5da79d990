"""What the event log says of an incident up to some number of it. Pure: events in, one fact out.

The summary of a day is counted from these facts and never from the rows of today, so that a past summary can be made
again as it was. An incident begins with `incident.opened/1` or `incident.imported/1`; every later event either holds the
whole view or one of the changes below.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from markaz.contracts.incidents import IncidentEvent, Stage

BEGINNINGS = (IncidentEvent.OPENED.value, IncidentEvent.IMPORTED.value)
ONE_SECOND = timedelta(seconds=1)
WITHDRAWN = "withdrawn"  # ends a sending before arrival, as `cleared` ends one after it
ENDS = frozenset({Stage.CLEARED.value, WITHDRAWN})


@dataclass(frozen=True, slots=True)
class Told:
    """One event of one incident: its type, its territory and its payload."""

    type: str
    territory_id: int
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sending:
    """One sending of a unit; None where a time was never stated."""

    unit_id: str
    assigned_at: datetime | None
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True)
class Fact:
    """An incident as it was known. `response_s` is the first arrival minus the receipt, None where one is unknown."""

    id: str
    number: str
    category: str
    priority: str
    channel: str
    territory_id: int
    received_at: datetime
    is_open: bool
    outcome: str | None
    merged_into: str | None
    is_late: bool
    response_s: int | None
    sendings: tuple[Sending, ...]


@dataclass(slots=True)
class _State:
    number: str = ""
    category: str = "unknown"
    priority: str = "unknown"
    channel: str = "unknown"
    territory_id: int = 0
    received: str = ""
    is_open: bool = True
    outcome: str | None = None
    merged_into: str | None = None
    entered_via: str = "console"
    arrived: str | None = None
    stages: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)


def fact_of(incident_id: str, events: Iterable[Told]) -> Fact | None:
    """Return what `events`, in their order, say of an incident; None when its beginning is not among them."""
    state: _State | None = None
    for event in events:
        if state is None:
            if event.type not in BEGINNINGS:
                continue
            state = _State()
        _apply(state, event)
    return None if state is None else _fact(incident_id, state)


def _apply(state: _State, event: Told) -> None:
    payload = event.payload
    if event.type == IncidentEvent.IMPORTED:
        _import(state, event)
    elif "view" in payload:
        _take_view(state, payload["view"])
        if event.type == IncidentEvent.SENDING_STRUCK:  # it never was; the view does not show it, and says no more
            state.stages.pop(_key(payload), None)
        state.arrived = payload.get("arrived", state.arrived)
    elif event.type == IncidentEvent.UNIT_ASSIGNED:
        state.stages.setdefault(_key(payload), {})[Stage.ASSIGNED.value] = payload["at"]
    elif event.type == IncidentEvent.STAGE_REACHED:
        state.stages.setdefault(_key(payload), {})[payload["stage"]] = payload["at"]
    elif event.type == IncidentEvent.STAGE_CORRECTED:
        _correct(state, payload)
    elif event.type == IncidentEvent.UNIT_WITHDRAWN:
        state.stages.setdefault(_key(payload), {})[WITHDRAWN] = payload["at"]
    elif event.type in (IncidentEvent.CLOSED, IncidentEvent.MERGED):
        state.is_open, state.outcome = False, payload["outcome"]
        state.merged_into = payload.get("into_id", state.merged_into)
        if event.type == IncidentEvent.MERGED:
            # Who was still at work went on under the other incident, with every time: counted there.
            state.stages = {key: stages for key, stages in state.stages.items() if ENDS & stages.keys()}


def _take_view(state: _State, view: Mapping[str, Any]) -> None:
    state.number, state.category, state.priority = view["number"], view["category"], view["priority"]
    state.channel, state.territory_id = view["channel"], view["territory_id"]
    state.received, state.is_open = view["received"]["at"], view["status"] == "open"
    state.outcome = view["outcome"]
    state.merged_into = view.get("merged_into")
    state.entered_via = view.get("entered_via", "console")
    for unit_id, unit in view["units"].items():
        state.stages[unit_id, unit["ordinal"]] = dict(unit["stages"])


def _correct(state: _State, payload: Mapping[str, Any]) -> None:
    stages = state.stages.setdefault(_key(payload), {})
    if payload["at"] is None:
        stages.pop(payload["stage"], None)
    else:
        stages[payload["stage"]] = payload["at"]
    if not stages:
        del state.stages[_key(payload)]


def _import(state: _State, event: Told) -> None:
    payload = event.payload
    if not payload["joined"]:  # rows that join a known call add their units; of the call the first one stands
        state.number, state.category, state.priority = payload["number"], payload["category"], payload["priority"]
        state.channel, state.territory_id = payload["channel"], event.territory_id
        state.received, state.arrived = payload["received"], payload["arrived"]
        state.is_open, state.outcome = False, payload["outcome"]
    for unit in payload["units"]:
        state.stages.setdefault((unit["unit_id"], unit["ordinal"]), {}).update(unit["stages"])


def _key(payload: Mapping[str, Any]) -> tuple[str, int]:
    return payload["unit_id"], payload["ordinal"]


def _fact(incident_id: str, state: _State) -> Fact:
    received = datetime.fromisoformat(state.received)
    on_scene = [_at(stages.get(Stage.ON_SCENE.value)) for stages in state.stages.values()]
    arrived = _at(state.arrived) or min((at for at in on_scene if at is not None), default=None)
    return Fact(
        id=incident_id,
        number=state.number,
        category=state.category,
        priority=state.priority,
        channel=state.channel,
        territory_id=state.territory_id,
        received_at=received,
        is_open=state.is_open,
        outcome=None if state.is_open else state.outcome,
        merged_into=state.merged_into,
        is_late=state.entered_via != "console",
        # Before the call: one of the two times is wrong, and nobody knows which.
        response_s=None if arrived is None or arrived < received else (arrived - received) // ONE_SECOND,
        sendings=tuple(
            Sending(
                unit_id,
                _at(stages.get(Stage.ASSIGNED.value)),
                _at(stages.get(Stage.CLEARED.value, stages.get(WITHDRAWN))),
            )
            for (unit_id, _), stages in sorted(state.stages.items())
        ),
    )


def _at(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
