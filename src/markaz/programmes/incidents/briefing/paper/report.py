"""A stored summary as worded sections: what the PDF template sets, cell by cell. Pure.

Every cell is plain text and is handed to the template as data; nothing here is markup.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from markaz.programmes.incidents.briefing.paper.wording import Wording, minutes, number

JSON = dict[str, Any]
Rows = list[list[str]]
CATEGORIES_ABREAST = 9  # columns of categories that fit on a page beside the names of territories


def report_of(summary: Mapping[str, Any], words: Wording, *, band: str | None) -> JSON:
    """Return what the template needs: head, sections, the mark of who looks, and the moment of making, which dates it.

    A summary without `access` is set by the centre itself and has no viewer.
    """
    content = summary["content"]
    made_at = summary["made_at"]
    return {
        "language": words.language.split("-")[0],
        "title": words.label("title"),
        "band": None if band is None else words.label(band),
        "territory": words.territory(content["territory_id"]),
        "day": words.day(content["day"]),
        "head": [
            [words.label("period"), f"{words.moment(content['from'])} – {words.moment(content['to'])}"],
            [words.label("made"), f"{words.moment(made_at)}, {summary['made_by']}"],
            [words.label("version"), number(summary["version"])],
            [words.label("as_of"), number(summary["as_of_seq"])],
        ],
        "page": words.label("page"),
        "footer": words.label("names_note"),
        "mark": words.mark(summary.get("access")),
        "none": words.label("none"),
        "made_at": made_at,
        "sections": _sections(content, summary["sentences"], words),
    }


def _sections(content: JSON, sentences: JSON, words: Wording) -> list[JSON]:
    return [
        _section(words.label("overview"), ["", words.label("n")], _overview(content, words)),
        _significant(content, sentences, words),
        _response(content, words),
        *_areas(content, words),
        _counts("category", content["by_category"], words.category, words),
        _counts("outcome", content["by_outcome"], words.outcome, words),
        _counts("channel", content["by_channel"], words.channel, words),
        _corrections(content, words),
    ]


def _section(title: str, columns: Sequence[str], rows: Rows, *, texts: int = 1, note: str = "") -> JSON:
    """The first `texts` columns hold text and stand to the left, the others numbers and stand to the right."""
    return {"title": title, "columns": list(columns), "rows": rows, "texts": texts, "note": note}


def _overview(content: JSON, words: Wording) -> Rows:
    forces, by_hand = content["forces"], content["by_hand"]
    rows = [
        [words.label(name), number(content[name])]
        for name in ("incidents", "open", "merged", "late", "deaths", "crashes")
    ]
    rows += [[words.label(name), number(forces[name])] for name in ("units", "sendings")]
    rows.append([words.label("unit_s"), number(round(forces["unit_s"] / 3600))])
    if forces["unknown"]:
        rows.append([words.label("unit_unknown"), number(forces["unknown"])])
    for name in ("brought_in", "persons_dead", "persons_injured"):
        label = f"{words.label(name)} ({words.label('by_hand')})"
        rows.append([label, number(by_hand.get(name), words.label("not_entered"))])
    return rows


def _significant(content: JSON, sentences: JSON, words: Wording) -> JSON:
    rows = [
        [
            one["number"],
            words.moment(one["received_at"]),
            words.category(one["category"]),
            words.territory(one["territory_id"]),
            words.outcome(one["outcome"]),
            sentence_of(sentences.get(one["incident_id"]), words),
        ]
        for one in content["significant"]
    ]
    columns = [words.label(key) for key in ("number", "received", "category", "territory", "outcome", "sentence")]
    return _section(words.label("significant"), columns, rows, texts=6)


def sentence_of(sentence: Mapping[str, Any] | None, words: Wording) -> str:
    """Return the sentence of a significant incident, the word for erased, or nothing where none was written."""
    if sentence is None:
        return ""
    return words.label("erased") if sentence["erased"] else str(sentence["text"])


def _response(content: JSON, words: Wording) -> JSON:
    rows = [
        [
            words.priority(row["priority"]),
            words.terrain(row["terrain"]),
            number(row["n"]),
            number(row["unknown"]),
            minutes(row["p50_s"]),
            minutes(row["p90_s"]),
            minutes(row["norm_s"], words.label("no_norm")),
            within_of(row),
        ]
        for row in content["response"]
    ]
    columns = [words.label(key) for key in ("priority", "terrain", "n", "unknown")]
    columns += ["p50", "p90", words.label("norm"), words.label("within")]
    return _section(words.label("response"), columns, rows, texts=2, note=words.label("response_note"))


def within_of(row: Mapping[str, Any]) -> str:
    """Return how many of the known times kept the norm, and their share."""
    if row["within"] is None or not row["with_both"]:
        return "–"
    return f"{number(row['within'])}/{number(row['with_both'])} ({row['within'] * 100 // row['with_both']} %)"


def _areas(content: JSON, words: Wording) -> list[JSON]:
    """Territories by category, a few categories abreast, the most frequent first."""
    cells = {(one["territory_id"], one["category"]): one["n"] for one in content["by_area_category"]}
    categories = [one["category"] for one in content["by_category"]]
    title = words.label("by_area")
    groups = [categories[at : at + CATEGORIES_ABREAST] for at in range(0, len(categories), CATEGORIES_ABREAST)]
    sections = []
    for group in groups or [[]]:
        rows = [
            [area_of(one["territory_id"], content, words), number(one["n"])]
            + [number(cells.get((one["territory_id"], category)), "") for category in group]
            for one in content["by_area"]
        ]
        columns = [words.label("territory"), words.label("total"), *(words.category(code) for code in group)]
        sections.append(_section(title, columns, rows))
    return sections


def area_of(territory_id: int, content: Mapping[str, Any], words: Wording) -> str:
    """Return the name of a part of the territory; what lies in none of its parts says so."""
    name = words.territory(territory_id)
    is_rest = territory_id == content["territory_id"] and len(content["by_area"]) > 1
    return f"{name} {words.label('not_placed')}" if is_rest else name


def _counts(what: str, counts: list[JSON], name: Any, words: Wording) -> JSON:
    rows = [[name(one[what]), number(one["n"])] for one in counts]
    return _section(words.label(f"by_{what}"), [words.label(what), words.label("n")], rows)


def _corrections(content: JSON, words: Wording) -> JSON:
    rows = []
    for one in content["corrections"]:
        shown = ", ".join(one["numbers"]) + (" …" if one["n"] > len(one["numbers"]) else "")
        before, after = correction_words(one, words)
        rows.append([words.day(one["day"]), figure_name(one["figure"], words), before, after, number(one["n"]), shown])
    columns = [words.label(key) for key in ("day", "figure", "before", "after", "n", "number")]
    note = f"{words.label('more')}: {number(content['corrections_more'])}" if content["corrections_more"] else ""
    return _section(words.label("corrections"), columns, rows, texts=6, note=note)


def figure_name(figure: str, words: Wording) -> str:
    """Return what a correction is about."""
    keys = {"total": "incidents", "area": "territory", "merged": "is_merged"}
    return words.label(keys.get(figure, figure))


def correction_words(one: Mapping[str, Any], words: Wording) -> tuple[str, str]:
    """Return what stood before and what stands now, in words."""
    return _value(one["figure"], one["before"], words), _value(one["figure"], one["after"], words)


def _value(figure: str, value: str, words: Wording) -> str:
    match figure:
        case "category":
            return words.category(value)
        case "priority":
            return words.priority(value)
        case "outcome":
            return words.outcome(value)
        case "area":
            return words.territory(int(value))
        case "merged":
            return words.label("is_merged" if value == "1" else "is_own")
        case "total":
            return words.label("counted" if value == "1" else "not_counted")
        case _:
            return "–"  # each response time has its own
