"""Mapping files: what they must say, and how a wrong one is refused."""

import re
from pathlib import Path

import pytest

from markaz.core.codes import load_codes
from markaz.core.settings import Profile
from markaz.kit.clock import Precision
from markaz.programmes.incidents.imports.mapping import MappingInvalid, load_mapping, parse_mapping, shipped_mappings

MINIMAL = """
source = "city"
time_zone = "Asia/Tashkent"
call_key = ["id"]

[call]
received = "at"
"""


def refused(text: str) -> MappingInvalid:
    with pytest.raises(MappingInvalid) as caught:
        parse_mapping(text)
    return caught.value


def test_smallest_mapping_needs_source_zone_call_key_and_received() -> None:
    mapping = parse_mapping(MINIMAL)
    assert mapping.columns() == ("id", "at")
    assert (mapping.unit, mapping.precision, mapping.defaults.priority) == (None, None, "unknown")


@pytest.mark.parametrize("name", shipped_mappings())
def test_shipped_mapping_translates_only_into_codes_the_centre_has(name: str) -> None:
    mapping, codes = load_mapping(name), load_codes(Profile.GENERIC)
    assert mapping.source == name
    for table, known in (
        (mapping.codes.category, codes.categories),
        (mapping.codes.priority, codes.priorities),
        (mapping.codes.channel, codes.channels),
        (mapping.codes.outcome, codes.outcomes),
        (mapping.codes.unit_kind, codes.unit_kinds),
    ):
        assert [code for code in table.values() if code not in known] == []


def test_shipped_mappings_are_sffd_and_seattle() -> None:
    assert shipped_mappings() == ["seattle", "sffd"]


def test_unknown_key_is_refused_by_name_and_line() -> None:
    error = refused(MINIMAL + 'recieved = "at"\n')
    assert (error.details["field"], error.details["line"]) == ("call.recieved", 8)
    assert "there is no such key" in error.message


def test_key_at_fault_on_the_first_level_is_named_with_its_line() -> None:
    assert refused(MINIMAL.replace("source =", "sauce =")).details["field"] in ("source", "sauce")
    error = refused(MINIMAL.replace("Asia/Tashkent", "Asia/Nowhere"))
    assert (error.details["field"], error.details["line"]) == ("time_zone", 3)
    assert "Asia/Nowhere" in error.message


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (("received", "entered"), "call.received"),
        (('source = "city"', 'source = "City 1"'), "source"),
        (('call_key = ["id"]', "call_key = []"), "call_key"),
        (('call_key = ["id"]', 'call_key = "id"'), "call_key"),
        (('received = "at"', 'received = "at"\nlon = "x"'), "call"),
        (('received = "at"', "received = 3"), "call.received"),
        (("[call]", 'stage_order = ["received"]\n[call]'), "stage_order"),
        (("[call]", '[csv]\nencoding = "utf-99"\n[call]'), "csv.encoding"),
        (("[call]", '[precisions]\nat = "hour"\n[call]'), "precisions.at"),
        (("[call]", "[bounds]\nwest = 1.0\n[call]"), "bounds.south"),
        (("[call]", 'status = "open"\n[call]'), "status"),
    ],
)
def test_wrong_value_is_refused_by_name(change: tuple[str, str], field: str) -> None:
    assert refused(MINIMAL.replace(*change)).details["field"] == field


def test_text_that_is_not_toml_is_refused_with_its_line() -> None:
    assert re.search(r"line 2", refused("source = 'a'\nnonsense\n").message)


def test_absent_mapping_is_answered_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(MappingInvalid, match="seattle, sffd"):
        load_mapping("sfdd")
    with pytest.raises(MappingInvalid):
        load_mapping(str(tmp_path / "none.toml"))
    (tmp_path / "latin.toml").write_bytes(b"source = '\xff'")
    with pytest.raises(MappingInvalid, match="cannot be read"):
        load_mapping(str(tmp_path / "latin.toml"))


def test_mapping_file_is_read_from_a_path(tmp_path: Path) -> None:
    (tmp_path / "city.toml").write_text(MINIMAL + "[precisions]\nat = 'minute'\n")
    assert load_mapping(str(tmp_path / "city.toml")).precisions == {"at": Precision.MINUTE}
