"""A summary in words: four whole languages, CSV that no spreadsheet runs, and cells that say what is not known."""

import csv
import io

import pytest
from tests.support.summaries import HOSTILE, content, summary, wording

from markaz.core.territories.model import LANGUAGES
from markaz.programmes.incidents.briefing.paper.report import report_of
from markaz.programmes.incidents.briefing.paper.table import COLUMNS, csv_of
from markaz.programmes.incidents.briefing.paper.wording import labels, minutes, number


def lines(language: str, sentence: str = HOSTILE) -> list[dict[str, str]]:
    text = csv_of(summary(sentence), wording(language)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_label_stands_in_all_four_languages() -> None:
    assert all(set(names) == set(LANGUAGES) for names in labels().values())


def test_uzbek_latin_is_written_with_its_own_letters() -> None:
    assert not [names["uz-Latn"] for names in labels().values() if set("'’‘`") & set(names["uz-Latn"])]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_is_text_in_every_cell(language: str) -> None:
    report = report_of(summary(), wording(language), band="demo")
    for section in report["sections"]:
        assert all(len(row) == len(section["columns"]) for row in section["rows"])
        assert all(isinstance(cell, str) for row in section["rows"] for cell in row)
    assert report["sections"][1]["rows"][0][-1] == HOSTILE
    assert report["sections"][1]["rows"][1][-1] == labels()["erased"][language]


def test_an_empty_night_has_sections_without_rows() -> None:
    empty = content() | {"by_category": [], "by_area": [], "by_area_category": [], "response": [], "significant": []}
    report = report_of(summary() | {"content": empty, "sentences": {}}, wording("en"), band=None)
    assert report["band"] is None
    assert [section["rows"] for section in report["sections"][1:3]] == [[], []]


def test_csv_is_rfc_4180_with_a_byte_order_mark() -> None:
    raw = csv_of(summary('a "quoted", word\nand a line'), wording("en"))
    assert raw.startswith(b"\xef\xbb\xbfday,")
    assert raw.endswith(b"\r\n")
    rows = lines("en", 'a "quoted", word\nand a line')
    assert tuple(rows[0]) == COLUMNS
    assert next(row for row in rows if row["figure"] == "significant")["unit"] == 'a "quoted", word\nand a line'


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_of_a_csv_begins_a_formula(start: str) -> None:
    rows = lines("ru", start)
    assert not [cell for row in rows for cell in row.values() if cell[:1] in set("=+-@\t\r")]


def test_csv_holds_every_figure_of_the_content() -> None:
    rows = lines("uz-Cyrl")
    figures = {row["figure"]: row["value"] for row in rows}
    assert (figures["incidents"], figures["deaths"], figures["crashes"], figures["unit_s"]) == (
        "1234",
        "2",
        "9",
        "36000",
    )
    assert figures["persons_dead"] == "киритилмаган"
    assert (figures["response_p50_s"], figures["response_within"]) == ("305", "3")


def test_the_last_line_of_a_csv_says_who_asked_and_when_or_that_nobody_did() -> None:
    last = lines("en")[-1]
    assert (last["figure"], last["name"], last["value"]) == (
        "shown_to",
        "Шаҳноза Oʻktamova",
        "02.03.2026 09:05:06 (UTC+05:00)",
    )
    alone = csv_of({**summary(), "access": None}, wording("en")).decode("utf-8-sig").splitlines()[-1]
    assert "shown to nobody yet" in alone
    assert "Шаҳноза" not in alone


def test_a_paper_whose_sentences_were_closed_to_its_viewer_says_so() -> None:
    closed = summary()["access"] | {"by": None, "needed": "purpose", "classes": []}
    assert report_of(summary() | {"access": closed}, wording("en"), band=None)["mark"].endswith(
        "The sentences are closed to this person and are not shown."
    )


def test_numbers_and_times_read_as_people_write_them() -> None:
    assert number(1_234_567) == "1\u202f234\u202f567"
    assert [minutes(5), minutes(3_725), minutes(-61), minutes(None)] == ["0:05", "62:05", "-1:01", "–"]
