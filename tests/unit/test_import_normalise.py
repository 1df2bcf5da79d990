"""Rows understood: nothing mended, nothing filled up, nothing guessed; what is odd is flagged, what is wrong is named."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markaz.kit.clock import Precision
from markaz.programmes.incidents.imports.cells import text_of
from markaz.programmes.incidents.imports.identity import Occurrences, row_digest
from markaz.programmes.incidents.imports.mapping import parse_mapping
from markaz.programmes.incidents.imports.normalise import Normaliser, precision_of_file
from markaz.programmes.incidents.imports.report import Report
from markaz.programmes.incidents.imports.rows import DispatchRow, Rejected
from markaz.programmes.incidents.imports.table import RawRow

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MAPPING = """
source = "city"
time_zone = "America/Los_Angeles"
row_key = ["row"]
call_key = ["call"]
time_formats = ["%d.%m.%Y %H:%M"]
null_values = ["", "-"]
bounds = { west = -123.2, south = 37.4, east = -122.0, north = 38.2 }
[call]
received = "received"
entered = "entered"
category = "kind"
priority = "priority"
initial_priority = "first_priority"
territory = "district"
lon = "lon"
lat = "lat"
address = "street"
[unit]
call_sign = "unit"
kind = "unit_kind"
assigned = "assigned"
on_scene = "on_scene"
cleared = "cleared"
[codes.category]
"Fire" = "fire"
[codes.priority]
"3" = "1"
"""
GOOD: dict[str, Any] = {
    "row": "c1-E1",
    "call": "c1",
    "received": "2020-04-07T00:01:25",
    "entered": "2020-04-07T00:02:00",
    "kind": "Fire",
    "priority": "3",
    "first_priority": None,
    "district": None,
    "lon": -122.43,
    "lat": 37.79,
    "street": "1900 Block of GREEN ST",
    "unit": "E1",
    "unit_kind": "ENGINE",
    "assigned": "2020-04-07T00:03:00",
    "on_scene": "2020-04-07T00:09:00",
    "cleared": "2020-04-07T00:30:00",
}


def normaliser(
    text: str = MAPPING,
    precision: Precision = Precision.SECOND,
    report: Report | None = None,
    occurrences: Occurrences | None = None,
) -> Normaliser:
    return Normaliser(
        parse_mapping(text),
        list(GOOD),
        now=NOW,
        precision=precision,
        report=report or Report(),
        occurrences=occurrences,
    )


def raw(number: int, **changes: Any) -> RawRow:
    return RawRow(number, list((GOOD | changes).values()))


def understand(text: str = MAPPING, precision: Precision = Precision.SECOND, **changes: Any) -> DispatchRow | Rejected:
    return normaliser(text, precision).row(raw(7, **changes))


def kept(text: str = MAPPING, precision: Precision = Precision.SECOND, **changes: Any) -> DispatchRow:
    row = understand(text, precision, **changes)
    assert isinstance(row, DispatchRow), row
    return row


def rejected(text: str = MAPPING, **changes: Any) -> tuple[str, str]:
    row = understand(text, **changes)
    assert isinstance(row, Rejected), row
    assert row.row == 7
    return row.field, row.reason


def test_row_becomes_a_call_and_a_unit_in_utc_and_in_our_codes() -> None:
    row = kept()
    assert (row.row_key, row.call.key, row.call.number) == ("c1-E1", "c1", "c1")
    assert row.call.received == datetime(2020, 4, 7, 7, 1, 25, tzinfo=UTC)
    assert (row.call.category, row.call.priority, row.call.initial_priority) == ("fire", "1", "1")
    assert (row.call.channel, row.call.outcome, row.call.arrived) == ("unknown", None, None)
    assert row.unit is not None
    assert row.unit.call_sign == "E1"
    assert [at and at.minute for at in row.unit.times] == [3, None, 9, None, None, 30]
    assert not row.is_flagged


def test_code_the_mapping_does_not_know_is_kept_as_said_and_counted() -> None:
    report = Report()
    row = normaliser(report=report).row(raw(7, kind="Explosion", first_priority="E"))
    assert isinstance(row, DispatchRow)
    assert (row.call.category, row.call.initial_priority) == ("city:Explosion", "city:E")
    assert row.unit is not None
    assert row.unit.kind == "city:ENGINE"
    assert report.full()["unmapped_codes"] == {
        "category": {"Explosion": 1},
        "priority": {"E": 1},
        "unit_kind": {"ENGINE": 1},
    }


def test_unmapped_codes_are_counted_for_every_row_of_a_call() -> None:
    report = Report()
    one = normaliser(report=report)
    for number in (1, 2, 3):
        one.row(raw(number, kind="Explosion", row=f"c1-{number}"))
    assert report.full()["unmapped_codes"]["category"] == {"Explosion": 3}


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"row": None}, "row", "is missing"),
        ({"call": " "}, "call", "is missing"),
        ({"received": "-"}, "received", "is missing"),
        ({"received": "yesterday"}, "received", "is not a time"),
        ({"received": 1_586_217_685}, "received", "is not a time"),
        ({"cleared": "2020-04-31"}, "cleared", "is not a time"),
        ({"received": datetime(9999, 12, 31, 23)}, "received", "is not a time of this calendar"),  # noqa: DTZ001
        ({"lat": "north"}, "lat", "is not a number"),
        ({"unit": None}, "unit", "is missing, though stages of a unit are stated"),
        ({"unit": "E\x1b[31m"}, "unit", "holds a control character"),
        ({"kind": "x" * 201}, "kind", "is longer than 200 characters"),
        ({"street": "x" * 1_001}, "street", "is longer than 1000 characters"),
        ({"street": "a\0b"}, "street", "holds a NUL byte"),
        ({"row": "a\x1fb"}, "row", "holds a control character"),
    ],
)
def test_what_cannot_be_understood_rejects_the_row_and_names_the_field(
    changes: dict[str, Any], field: str, reason: str
) -> None:
    assert rejected(**changes) == (field, reason)


def test_rejected_row_leaves_nothing_behind_for_the_next() -> None:
    one = normaliser()
    bad, again = (one.row(raw(number, received="soon")) for number in (1, 2))
    good = one.row(raw(3))
    assert isinstance(bad, Rejected)
    assert isinstance(again, Rejected)
    assert isinstance(good, DispatchRow)


def test_row_without_a_unit_is_a_call_alone() -> None:
    assert kept(unit=None, unit_kind=None, assigned=None, on_scene=None, cleared=None).unit is None


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "'; DROP TABLE incidents; --", "\u202eabc", "{{7*7}}"])
def test_hostile_text_is_kept_as_text(text: str) -> None:
    assert kept(street=text).call.address == text
    assert kept(kind=text).call.category == f"city:{text}"


@pytest.mark.parametrize(
    ("changes", "on_call", "on_unit"),
    [
        ({"on_scene": "2020-04-07T00:02:59"}, (), ("stage_order",)),
        ({"cleared": "2020-04-07T00:00:00"}, (), ("stage_order",)),
        ({"assigned": "2020-04-07T00:01:59"}, (), ("stage_order",)),
        ({"entered": "2020-04-07T00:01:24"}, ("stage_order",), ()),
        ({"on_scene": None, "cleared": None}, (), ()),
        ({"received": "2018-11-04T01:30:00"}, ("time_ambiguous",), ()),
        ({"cleared": "2020-11-01T01:30:00"}, (), ("time_ambiguous",)),
        ({"cleared": "2021-03-14T02:30:00"}, (), ("time_missing_hour",)),
        ({"cleared": "2126-01-01T00:00:00"}, (), ("time_in_future",)),
        ({"lon": 0.0, "lat": 0.0}, ("place_absurd",), ()),
        ({"lon": 37.79, "lat": -122.43}, ("place_absurd",), ()),
        ({"lon": float("inf")}, ("place_absurd",), ()),
        ({"lon": "nan"}, ("place_absurd",), ()),
        ({"lat": None}, ("place_absurd",), ()),
    ],
)
def test_odd_row_is_kept_and_flagged(
    changes: dict[str, Any], on_call: tuple[str, ...], on_unit: tuple[str, ...]
) -> None:
    row = kept(**changes)
    assert row.unit is not None
    assert (row.call.flags, row.unit.flags) == (on_call, on_unit)
    assert row.is_flagged == bool(on_call or on_unit)
    if "place_absurd" in on_call:
        assert (row.call.lon, row.call.lat) == (None, None)


def test_place_that_is_not_stated_is_unknown_without_a_flag() -> None:
    for nothing in (None, "", "-", float("nan")):
        row = kept(lon=nothing, lat=nothing)
        assert (row.call.lon, row.call.flags) == (None, ())


def test_minute_and_day_are_not_filled_up() -> None:
    row = kept(received="07.04.2020 00:01", entered=date(2020, 4, 7), assigned="2020-04-07", on_scene="2020-04")
    assert row.call.received == datetime(2020, 4, 7, 7, 1, tzinfo=UTC)
    assert dict(row.call.precisions) == {"received": "minute", "entered": "day"}
    assert row.unit is not None
    assert dict(row.unit.precisions) == {"assigned": "day", "on_scene": "month"}
    assert row.unit.times[0] == datetime(2020, 4, 7, 7, tzinfo=UTC)
    assert row.unit.times[2] == datetime(2020, 4, 1, 7, tzinfo=UTC)


def test_times_are_ordered_only_as_finely_as_the_coarser_was_stated() -> None:
    assert not kept(assigned="2020-04-07T00:02").is_flagged  # minute 2 holds 00:02:00, when the call was entered
    assert kept(assigned="2020-04-07T00:01").is_flagged
    assert not kept(assigned="2020-04-07").is_flagged
    assert kept(assigned="2020-04-06").is_flagged
    assert kept(assigned="2020-04-07", on_scene="2020-04-06T23:00:00").is_flagged


def test_file_stated_to_the_minute_is_not_ordered_by_its_zero_seconds() -> None:
    row = kept(precision=Precision.MINUTE, received=datetime(2020, 4, 7, 0, 1), entered=datetime(2020, 4, 7, 0, 1))  # noqa: DTZ001
    assert dict(row.call.precisions) == {"received": "minute", "entered": "minute"}


def test_mapping_states_a_column_or_a_file_coarser_than_it_looks() -> None:
    by_column = MAPPING + '[precisions]\non_scene = "minute"\n'
    row = kept(by_column, on_scene="2020-04-07T00:09:58")
    assert row.unit is not None
    assert row.unit.times[2] == datetime(2020, 4, 7, 7, 9, tzinfo=UTC)
    assert dict(row.unit.precisions) == {"on_scene": "minute"}
    by_file = MAPPING.replace("row_key", 'precision = "day"\nrow_key')
    assert kept(by_file).call.received == datetime(2020, 4, 7, 7, tzinfo=UTC)


def test_stated_offset_is_believed() -> None:
    row = kept(received="2020-04-07T00:01:25+05:00", entered=None)
    assert row.call.received == datetime(2020, 4, 6, 19, 1, 25, tzinfo=UTC)
    assert row.call.flags == ()


def test_stages_in_another_order_need_a_mapping_that_says_so() -> None:
    own = '"received", "assigned", "entered", "en_route", "on_scene", "transporting", "at_hospital", "cleared"'
    early = "2020-04-07T00:01:59"
    assert not kept(MAPPING.replace("[call]", f"stage_order = [{own}]\n[call]"), assigned=early).is_flagged
    assert kept(assigned=early).is_flagged


@pytest.fixture
def occurrences() -> Iterator[Occurrences]:
    with Occurrences() as counting:
        yield counting


def test_row_without_key_columns_is_known_by_all_it_says_and_how_often(occurrences: Occurrences) -> None:
    one = normaliser(MAPPING.replace('row_key = ["row"]', ""), occurrences=occurrences)
    rows = [GOOD, GOOD, GOOD | {"street": None}, GOOD | {"street": ""}, GOOD]
    keys = []
    for number, values in enumerate(rows):
        row = one.row(RawRow(number, list(values.values())))
        assert isinstance(row, DispatchRow)
        keys.append(row.row_key)
    digests, numbers = zip(*(key.split(":") for key in keys), strict=True)
    assert numbers == ("1", "2", "1", "1", "3")
    assert len(set(digests)) == 3


@given(st.lists(st.one_of(st.none(), st.text("a1:\x1f", max_size=3)), min_size=2, max_size=2))
def test_fields_never_run_into_one_another(fields: list[str | None]) -> None:
    shifted = [(fields[0] or "") + (fields[1] or ""), None]
    assert (row_digest(fields, text_of) == row_digest(shifted, text_of)) == (fields == shifted)


def test_precision_of_a_file_is_judged_by_its_head_and_no_row_is_lost() -> None:
    raws: list[RawRow | Rejected] = [RawRow(n, list(GOOD.values())) for n in range(1, 1_500)]
    precision, rows = precision_of_file(iter(raws), list(GOOD), parse_mapping(MAPPING))
    assert precision is Precision.SECOND
    assert list(rows) == raws
    minutes = {k: v[:-2] + "00" if isinstance(v, str) and "T" in v else v for k, v in GOOD.items()}
    assert precision_of_file(iter([RawRow(1, list(minutes.values()))]), list(GOOD), parse_mapping(MAPPING))[0] is (
        Precision.MINUTE
    )


def test_report_names_a_thousand_rejected_rows_and_counts_the_rest() -> None:
    full = Report()
    for number in range(3_000):
        full.reject(Rejected(number, "at", f"reason {number}"))
        full.unmapped_code("category", f"code {number}")
    answer = full.full()
    assert (answer["rejected"], len(answer["rejected_rows"]), answer["rejected_rows_left_out"]) == (3_000, 1_000, 2_000)
    assert len(answer["rejected_by_reason"]) == 1_001
    assert answer["unmapped_codes"]["category"]["(others)"] == 2_000
