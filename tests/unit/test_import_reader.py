"""Opening exports: what is not well formed is named by row and field, and the rest goes on."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from markaz.programmes.incidents.imports.mapping import Mapping, parse_mapping
from markaz.programmes.incidents.imports.reader import ColumnsMissing, open_table
from markaz.programmes.incidents.imports.rows import Rejected
from markaz.programmes.incidents.imports.table import FileUnreadable, RawRow

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


def read(path: Path, content: bytes, mapping: Mapping) -> tuple[list[tuple[str, ...]], list[Rejected]]:
    path.write_bytes(content)
    rows = list(open_table(path, mapping).rows())
    assert [row.row for row in rows] == list(range(1, len(rows) + 1))
    good = [tuple(row.values) for row in rows if isinstance(row, RawRow)]
    return good, [row for row in rows if isinstance(row, Rejected)]


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    return tmp_path / "export.csv"


def test_csv_rows_come_in_order_without_blank_lines(csv_file: Path, mapping: Mapping) -> None:
    good, bad = read(csv_file, HEADER + b'1,a,"x, ""y"""\n\n2,b,"two\nlines"\r\n3,c,', mapping)
    assert good == [("1", "a", 'x, "y"'), ("2", "b", "two\nlines"), ("3", "c", "")]
    assert bad == []


def test_byte_order_mark_is_no_part_of_the_first_column(csv_file: Path, mapping: Mapping) -> None:
    assert read(csv_file, b"\xef\xbb\xbf" + HEADER + b"1,a,b\n", mapping)[0] == [("1", "a", "b")]


def test_ragged_rows_are_rejected_by_row_field_and_line(csv_file: Path, mapping: Mapping) -> None:
    good, bad = read(csv_file, HEADER + b"1,a\n2,a,b\n3,a,b,c\n4,a,b\n", mapping)
    assert [row[0] for row in good] == ["2", "4"]
    assert [(r.row, r.field, r.line) for r in bad] == [(1, "street", 2), (3, "street", 4)]
    assert bad[0].reason == "the row has 2 fields, the header has 3"


@pytest.mark.parametrize("tail", [b"", b"9,a,b\n"])
def test_open_quotation_mark_swallows_no_row(csv_file: Path, mapping: Mapping, tail: bytes) -> None:
    rows = b"".join(b"%d,a,b\n" % n for n in range(2, 9))
    good, bad = read(csv_file, HEADER + b'1,a,"b\n' + rows + tail, mapping)
    assert [int(row[0]) for row in good] == list(range(2, 9)) + ([9] if tail else [])
    assert [(r.row, r.field, r.line) for r in bad] == [(1, "street", 2)]


def test_misplaced_quotation_mark_is_rejected(csv_file: Path, mapping: Mapping) -> None:
    good, bad = read(csv_file, HEADER + b'1,"a"x,b\n2,a,b\n', mapping)
    assert [row[0] for row in good] == ["2"]
    assert bad[0].row == 1


def test_broken_utf8_is_rejected_by_row_and_field(csv_file: Path, mapping: Mapping) -> None:
    good, bad = read(csv_file, HEADER + "1,a,Қўқон\n".encode() + b"2,a,\xd0\n3,a,\xd0\x9a\n", mapping)
    assert [row[2] for row in good] == ["Қўқон", "К"]
    assert [(r.row, r.field, r.reason) for r in bad] == [
        (2, "street", "the bytes are not text in the encoding of the file")
    ]


def test_nul_byte_is_rejected_by_row_and_field(csv_file: Path, mapping: Mapping) -> None:
    good, bad = read(csv_file, HEADER + b"1,a\0,b\n2,a,b\n", mapping)
    assert ([row[0] for row in good], [(r.row, r.field) for r in bad]) == (["2"], [(1, "at")])


def test_other_encoding_and_delimiter_are_read(csv_file: Path) -> None:
    mapping = parse_mapping(MAPPING + '[csv]\nencoding = "cp1251"\ndelimiter = ";"\n')
    good, bad = read(csv_file, "id;at;street\n1;a;Наманган\n".encode("cp1251") + b"2;a;\x98\n", mapping)
    assert (good, [(r.row, r.field) for r in bad]) == ([("1", "a", "Наманган")], [(2, "street")])


@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize("size", [200_000, 10_000_000])
def test_huge_field_is_refused_and_never_held_whole(csv_file: Path, mapping: Mapping, quoted: bool, size: int) -> None:
    field = b"x" * size
    csv_file.write_bytes(HEADER + b"1,a,b\n2," + (b'"%s"' % field if quoted else field) + b",b\n3,a,b\n")
    rows = list(open_table(csv_file, mapping).rows())
    assert [row.values[0] for row in rows if isinstance(row, RawRow)] == ["1", "3"]
    (bad,) = (row for row in rows if isinstance(row, Rejected))
    assert (bad.row, bad.field, bad.line) == (2, "at", 3)
    assert "longer than" in bad.reason


def test_long_line_inside_an_open_quotation_is_rejected_by_itself(csv_file: Path, mapping: Mapping) -> None:
    good, bad = read(csv_file, HEADER + b'1,a,"b\n2,a,' + b"x" * 1_100_000 + b"\n3,a,b\n", mapping)
    assert [row[0] for row in good] == ["3"]
    assert [(r.row, r.line) for r in bad] == [(1, 2), (2, 3)]


def test_a_row_without_end_is_given_up_long_before_the_file_ends(csv_file: Path, mapping: Mapping) -> None:
    # Each mark closes a field, and the next one opens another over the end of the line.
    csv_file.write_bytes(HEADER + b'1,a,"x\n' + (b'","' + b"x" * 96 + b"\n") * 20_000 + b"2,a,b\n")
    rows = open_table(csv_file, mapping).rows()
    first = next(rows)
    assert isinstance(first, Rejected)
    assert (first.row, first.line, first.reason) == (1, 2, "a quotation mark is left open")
    *_, last = rows
    assert isinstance(last, RawRow)
    assert last.values[0] == "2"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"PK\x03\x04\x14\0\x06\0\xff\xfe,\n", "neither CSV"),
        (b'id,"at\n', "header"),
        (b"id,at,id\n", "twice"),
        (b"PAR1 and then nothing of it", "damaged"),
    ],
)
def test_what_is_no_export_is_refused_before_anything_is_read(
    csv_file: Path, mapping: Mapping, content: bytes, reason: str
) -> None:
    csv_file.write_bytes(content)
    with pytest.raises(FileUnreadable, match=reason):
        open_table(csv_file, mapping)


def test_absent_file_is_refused(tmp_path: Path, mapping: Mapping) -> None:
    with pytest.raises(FileUnreadable, match="No such file"):
        open_table(tmp_path / "none.csv", mapping)


def test_missing_column_is_named_together_with_those_there_are(csv_file: Path, mapping: Mapping) -> None:
    csv_file.write_bytes(b"id,when,street\n1,a,b\n")
    with pytest.raises(ColumnsMissing, match=r"lacks at, .* It has: id, when, street") as caught:
        open_table(csv_file, mapping)
    assert caught.value.details["columns"] == ["id", "when", "street"]


def parquet(path: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_parquet_is_known_by_its_bytes_and_reads_only_mapped_columns(tmp_path: Path, mapping: Mapping) -> None:
    path = parquet(tmp_path / "export.csv", id=["1", None], at=["a", "b"], extra=[1, 2], street=["x", "y"])
    table = open_table(path, mapping)
    assert table.columns == ("id", "at", "extra", "street")
    assert [row.values for row in table.rows() if isinstance(row, RawRow)] == [("1", "a", "x"), (None, "b", "y")]
    assert table.progress() == 1.0


def test_parquet_without_key_columns_reads_all_because_all_of_a_row_is_its_key(tmp_path: Path) -> None:
    path = parquet(tmp_path / "e", id=["1"], at=["a"], extra=[1], street=["x"])
    assert open_table(path, parse_mapping(MAPPING.replace('row_key = ["id"]', ""))).read_columns[2] == "extra"


def test_parquet_times_lose_only_what_is_finer_than_a_microsecond(tmp_path: Path, mapping: Mapping) -> None:
    stamps = pa.array([1_586_217_685_123_456_789, None], pa.timestamp("ns"))
    path = parquet(tmp_path / "e", id=["1", "2"], at=stamps, street=["x", "y"])
    rows = [row.values[1] for row in open_table(path, mapping).rows() if isinstance(row, RawRow)]
    assert [str(value) for value in rows] == ["2020-04-07 00:01:25.123456", "None"]


def test_parquet_text_that_is_not_utf8_is_rejected_by_row_and_field(tmp_path: Path, mapping: Mapping) -> None:
    broken = pa.array([b"ok", b"\xd0", None], pa.binary()).view(pa.string())
    path = parquet(tmp_path / "e", id=["1", "2", "3"], at=["a", "b", "c"], street=broken)
    rows = list(open_table(path, mapping).rows())
    assert [row.values[2] for row in rows if isinstance(row, RawRow)] == ["ok", None]
    assert [(r.row, r.field) for r in rows if isinstance(r, Rejected)] == [(2, "street")]
