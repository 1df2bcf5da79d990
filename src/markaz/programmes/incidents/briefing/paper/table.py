"""A stored summary as CSV (RFC 4180): one figure a line, coded and worded, for a spreadsheet.

It begins with a byte order mark, because the spreadsheets of most offices otherwise read Cyrillic wrong. No cell of
text can begin a formula. Its last line says to whom it was shown, and when. Pure.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from markaz.programmes.incidents.briefing.paper.report import area_of, correction_words, figure_name, sentence_of
from markaz.programmes.incidents.briefing.paper.wording import Wording

COLUMNS = ("day", "territory_id", "territory", "figure", "code", "name", "terrain", "value", "unit")
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Line = tuple[Any, ...]


def csv_of(summary: Mapping[str, Any], words: Wording) -> bytes:
    """Return the figures of a summary as UTF-8 with a byte order mark and CRLF; the last line is the mark of who looks."""
    content, out = summary["content"], io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    whole = (content["territory_id"], words.territory(content["territory_id"]))
    for line in _lines(content, summary["sentences"], words, whole):
        writer.writerow([content["day"], *(_safe(cell) for cell in line)])
    writer.writerow([content["day"], *(_safe(cell) for cell in (*whole, *_mark(summary.get("access"), words)))])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _lines(content: Mapping[str, Any], sentences: Mapping[str, Any], words: Wording, whole: Line) -> Iterable[Line]:
    for name in ("incidents", "open", "merged", "late", "deaths", "crashes"):
        yield (*whole, name, "", words.label(name), "", content[name], "incidents")
    forces = content["forces"]
    for name, unit in (("units", "units"), ("sendings", "sendings"), ("unit_s", "s")):
        yield (*whole, name, "", words.label(name), "", forces[name], unit)
    yield (*whole, "sendings_unknown", "", words.label("unit_unknown"), "", forces["unknown"], "sendings")
    for name, value in content["by_hand"].items():
        label = f"{words.label(name)} ({words.label('by_hand')})"
        yield (*whole, name, "", label, "", words.label("not_entered") if value is None else value, "persons")
    for row in content["by_area_category"]:
        area = (row["territory_id"], area_of(row["territory_id"], content, words))
        yield (*area, "category", row["category"], words.category(row["category"]), "", row["n"], "incidents")
    for row in content["by_outcome"]:
        yield (*whole, "outcome", row["outcome"], words.outcome(row["outcome"]), "", row["n"], "incidents")
    for row in content["by_channel"]:
        yield (*whole, "channel", row["channel"], words.channel(row["channel"]), "", row["n"], "incidents")
    yield from _response(content, words, whole)
    for one in content["significant"]:
        text = sentence_of(sentences.get(one["incident_id"]), words)
        area = (one["territory_id"], words.territory(one["territory_id"]))
        yield (*area, "significant", one["category"], words.category(one["category"]), "", one["number"], text)
    for one in content["corrections"]:
        before, after = correction_words(one, words)
        name = f"{one['day']} {figure_name(one['figure'], words)}: {before} → {after}"
        yield (*whole, "correction", one["figure"], name, "", one["n"], " ".join(one["numbers"]))


def _mark(access: Mapping[str, Any] | None, words: Wording) -> Line:
    """A line like any other, so that what reads the table reads it too: viewer under `name`, time under `value`."""
    if access is None:
        return ("shown_to", "", words.label("no_viewer"), "", "", "")
    closed = "" if access["by"] is not None else words.label("sentences_closed")
    return ("shown_to", "", access["viewer"], "", words.moment_in_zone(access["at"]), closed)


def _response(content: Mapping[str, Any], words: Wording, whole: Line) -> Iterable[Line]:
    units = {"n": "incidents", "unknown": "incidents", "within": "incidents"}
    for row in content["response"]:
        for name in ("n", "unknown", "p50_s", "p90_s", "norm_s", "within"):
            value = words.label("unknown") if row[name] is None else row[name]
            priority = words.priority(row["priority"])
            terrain = words.terrain(row["terrain"])
            yield (*whole, f"response_{name}", row["priority"], priority, terrain, value, units.get(name, "s"))


def _safe(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula; a number of ours is one and stays one."""
    if isinstance(cell, str) and cell.startswith(_STARTS_A_FORMULA):
        return "'" + cell
    return cell
