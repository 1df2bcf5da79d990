"""The rules of the daily summary: what the log says of an incident, how a day is counted, what a correction is."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from markaz.contracts.incidents import IncidentEvent
from markaz.kit.clock import iso
from markaz.programmes.incidents.briefing.domain import (
    Inputs,
    bounds_of,
    content_of,
    corrections_of,
    day_of,
    percentile,
)
from markaz.programmes.incidents.briefing.facts import Fact, Told, fact_of
from markaz.programmes.incidents.briefing.stored import canonical, from_json, to_json

TASHKENT = ZoneInfo("Asia/Tashkent")
BEGINS = datetime(2026, 3, 1, 3, tzinfo=UTC)  # 08:00 in Tashkent
INPUTS = Inputs(
    territory_id=1,
    day=date(2026, 3, 1),
    begins_at=BEGINS,
    ends_at=BEGINS + timedelta(days=1),
    counted_to=BEGINS + timedelta(days=1),
    time_zone="Asia/Tashkent",
    areas={10: [10, 11], 20: [20]},
    rest=[1],
    default_terrain="urban",
    terrains={20: "mountain"},
    norms_s={"1": {"urban": 420}},
)


def view(**changes: Any) -> dict[str, Any]:
    return {
        "number": "7",
        "status": "open",
        "category": "theft",
        "priority": "2",
        "channel": "phone",
        "territory_id": 11,
        "received": {"at": iso(BEGINS), "precision": "second"},
        "outcome": None,
        "merged_into": None,
        "entered_via": "console",
        "units": {},
    } | changes


def opened(**changes: Any) -> Told:
    return Told(IncidentEvent.OPENED, 11, {"view": view(**changes)})


def stage(name: str, minute: int, unit: str = "u1") -> Told:
    payload = {"unit_id": unit, "ordinal": 1, "stage": name, "at": iso(BEGINS + timedelta(minutes=minute))}
    kind = IncidentEvent.UNIT_ASSIGNED if name == "assigned" else IncidentEvent.STAGE_REACHED
    return Told(kind, 11, payload)


def fact(*events: Told) -> Fact:
    known = fact_of("i1", events)
    assert known is not None
    return known


def facts(n: int, **changes: Any) -> list[Fact]:
    known = fact(opened())
    return [replace(known, id=f"i{i}", number=str(i), **changes) for i in range(n)]


def test_the_response_time_is_the_first_arrival_of_any_unit() -> None:
    known = fact(opened(), stage("assigned", 1), stage("on_scene", 9), stage("on_scene", 6, unit="u2"))
    assert known.response_s == 6 * 60


def test_an_arrival_before_the_call_is_unknown_and_not_within_any_norm() -> None:
    known = fact(opened(), stage("assigned", -12), stage("on_scene", -10))
    assert known.response_s is None
    assert len(known.sendings) == 1


def test_an_arrival_that_a_correction_took_away_is_unknown_and_not_zero() -> None:
    taken = {"unit_id": "u1", "ordinal": 1, "stage": "on_scene", "at": None}
    known = fact(opened(), stage("assigned", 1), stage("on_scene", 9), Told(IncidentEvent.STAGE_CORRECTED, 11, taken))
    assert known.response_s is None
    assert len(known.sendings) == 1


def test_a_reopened_incident_has_no_outcome() -> None:
    closed = Told(IncidentEvent.CLOSED, 11, {"outcome": "resolved", "at": iso(BEGINS)})
    assert fact(opened(), closed).outcome == "resolved"
    assert fact(opened(), closed, Told("incident.reopened/1", 11, {"view": view()})).outcome is None


def test_a_merged_incident_leaves_its_working_units_to_the_other_one() -> None:
    merged = Told(IncidentEvent.MERGED, 11, {"into_id": "i2", "outcome": "duplicate", "at": iso(BEGINS)})
    known = fact(
        opened(), stage("assigned", 1), stage("assigned", 2, unit="u2"), stage("cleared", 9, unit="u2"), merged
    )
    assert (known.merged_into, known.outcome, known.is_open) == ("i2", "duplicate", False)
    assert [sending.unit_id for sending in known.sendings] == ["u2"]


def test_a_withdrawn_sending_ends_when_it_was_withdrawn() -> None:
    at = iso(BEGINS + timedelta(minutes=5))
    withdrawn = Told(IncidentEvent.UNIT_WITHDRAWN, 11, {"unit_id": "u1", "ordinal": 1, "at": at})
    known = fact(opened(), stage("assigned", 0), withdrawn)
    assert content_of([known], INPUTS, [])["forces"]["unit_s"] == 300


def test_a_sending_that_was_struck_out_never_was() -> None:
    struck = {"unit_id": "u1", "ordinal": 1, "view": view() | {"units": {}}}
    told = (opened(), stage("assigned", 1), stage("on_scene", 6), stage("cleared", 9), stage("on_scene", 8, unit="u2"))
    assert fact(*told).response_s == 6 * 60
    known = fact(*told, Told(IncidentEvent.SENDING_STRUCK, 11, struck))
    assert (known.response_s, [sending.unit_id for sending in known.sendings]) == (8 * 60, ["u2"])


def test_an_incident_without_its_beginning_is_not_there() -> None:
    assert fact_of("i1", [stage("on_scene", 3)]) is None


def test_rows_that_join_an_imported_call_add_units_and_change_nothing_else() -> None:
    first = {
        "joined": False,
        "number": "C1",
        "category": "Alarms",
        "priority": "3",
        "channel": "unknown",
        "received": iso(BEGINS),
        "arrived": None,
        "outcome": "other",
        "units": [],
    }
    unit = {"unit_id": "u1", "ordinal": 1, "stages": {"on_scene": iso(BEGINS + timedelta(minutes=4))}}
    joined = first | {"joined": True, "category": "Fire", "units": [unit]}
    known = fact(Told(IncidentEvent.IMPORTED, 11, first), Told(IncidentEvent.IMPORTED, 11, joined))
    assert (known.category, known.response_s, known.is_open) == ("Alarms", 240, False)


def test_every_incident_of_the_day_is_counted_once_in_each_cut() -> None:
    known = facts(3) + facts(2, category="fire", territory_id=20) + facts(1, territory_id=1)
    content = content_of(known, INPUTS, [])
    assert content["incidents"] == 6
    for cut in ("by_category", "by_area", "by_area_category", "by_channel", "by_outcome"):
        assert sum(row["n"] for row in content[cut]) == 6
    assert {"territory_id": 20, "category": "fire", "n": 2} in content["by_area_category"]
    assert content["by_area"][0] == {"territory_id": 10, "n": 3}


def test_what_lies_outside_the_day_or_the_territory_is_not_counted() -> None:
    late = facts(1, received_at=INPUTS.ends_at)
    elsewhere = facts(1, territory_id=99)
    assert content_of([*late, *elsewhere], INPUTS, [])["incidents"] == 0


def test_a_merged_incident_is_told_as_merged_and_counted_nowhere_else() -> None:
    content = content_of(facts(2) + facts(1, merged_into="i0"), INPUTS, [])
    assert (content["incidents"], content["merged"]) == (2, 1)


def test_unknown_response_times_are_counted_as_unknown() -> None:
    known = facts(1, priority="1", response_s=400) + facts(1, priority="1", response_s=500) + facts(3, priority="1")
    (row,) = content_of(known, INPUTS, [])["response"]
    assert row == {
        "priority": "1", "terrain": "urban", "n": 5, "with_both": 2, "unknown": 3,
        "p50_s": 400, "p90_s": 500, "norm_s": 420, "within": 1,
    }  # fmt: skip


def test_a_priority_without_a_norm_is_not_judged() -> None:
    (row,) = content_of(facts(1, priority="unknown", response_s=10, territory_id=20), INPUTS, [])["response"]
    assert (row["terrain"], row["norm_s"], row["within"]) == ("mountain", None, None)


@pytest.mark.parametrize(("percent", "value"), [(50, 5), (90, 9), (100, 10), (1, 1)])
def test_a_percentile_is_a_value_that_occurred(percent: int, value: int) -> None:
    assert percentile(range(1, 11), percent) == value


def test_forces_out_are_cut_at_the_end_of_the_day() -> None:
    known = fact(opened(), stage("assigned", 0), stage("cleared", 60), stage("assigned", 23 * 60, unit="u2"))
    assert content_of([known], INPUTS, [])["forces"] == {"units": 2, "sendings": 2, "unit_s": 7200, "unknown": 0}


def test_corrections_name_the_figure_and_the_incidents() -> None:
    before = {f.id: f for f in facts(3)}
    after = dict(before) | {"new": replace(before["i0"], id="new", number="12")}
    after["i1"] = replace(before["i1"], category="robbery", is_open=False, outcome="crime_recorded")
    after["i2"] = replace(before["i2"], response_s=99)
    rows = corrections_of(INPUTS.day, before, after, INPUTS.area_of())
    assert [(r["figure"], r["before"], r["after"], r["numbers"]) for r in rows] == [
        ("category", "theft", "robbery", ["1"]),
        ("outcome", "open", "crime_recorded", ["1"]),
        ("response", "", "", ["2"]),
        ("total", "0", "1", ["12"]),
    ]


def test_an_incident_that_moved_away_leaves_the_total_of_its_day() -> None:
    before = {f.id: f for f in facts(1)}
    after = {id_: replace(f, territory_id=99) for id_, f in before.items()}
    (row,) = corrections_of(INPUTS.day, before, after, INPUTS.area_of())
    assert (row["figure"], row["before"], row["after"], row["n"]) == ("total", "1", "0", 1)
    assert row["numbers"] == []  # it may be closed to this post


def test_stored_inputs_come_back_and_make_the_same_bytes() -> None:
    known = facts(4, response_s=5)
    again = from_json(to_json(INPUTS))
    assert canonical(content_of(known, again, [])) == canonical(content_of(known, INPUTS, []))
    assert to_json(again) == to_json(INPUTS)


def test_a_day_lasts_from_eight_to_eight_of_local_time() -> None:
    assert bounds_of(date(2026, 3, 1), 8, TASHKENT) == (BEGINS, BEGINS + timedelta(days=1))
    assert day_of(BEGINS, 8, TASHKENT) == date(2026, 3, 1)
    assert day_of(BEGINS - timedelta(seconds=1), 8, TASHKENT) == date(2026, 2, 28)


def test_a_day_on_which_the_clocks_change_is_an_hour_shorter() -> None:
    begins, ends = bounds_of(date(2026, 3, 28), 8, ZoneInfo("Europe/Berlin"))
    assert ends.astimezone(UTC) - begins.astimezone(UTC) == timedelta(hours=23)
