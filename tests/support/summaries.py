"""A stored summary as the room reads it back, full of everything, for tests of paper and tables; and a day that does not end meanwhile."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from markaz.core.codes import load_codes
from markaz.core.settings import Profile
from markaz.programmes.incidents.briefing.paper.wording import Wording

# What a typesetter or a spreadsheet might take for code; it must come out as it went in.
HOSTILE = '#read("/etc/passwd") #import "@preview/x:1.0.0" *b* _i_ $x$ <l> @r // \\ Oʻgʻri ўқғҳ'
NAMES = {
    1: {"uz-Latn": "Fargʻona viloyati", "uz-Cyrl": "Фарғона вилояти", "ru": "Ферганская область", "en": "Fergana"},
    10: {"uz-Latn": "Oʻzbekiston tumani", "uz-Cyrl": "Ўзбекистон тумани", "ru": "Узбекистанский район", "en": "Uz"},
}


def half_a_day_ago() -> int:
    """Return the hour of a centre's own time at which the day of its summary began half a day ago: no test crosses its edge."""
    return (datetime.now(ZoneInfo("Asia/Tashkent")).hour + 12) % 24


def wording(language: str) -> Wording:
    """Return the words of one language."""
    return Wording(language, load_codes(Profile.UZ), lambda id_: NAMES.get(id_, {}), ZoneInfo("Asia/Tashkent"))


def content() -> dict[str, Any]:
    """Return the content of a summary with a line in every part."""
    of_priority = {"priority": "1", "terrain": "urban", "n": 5, "with_both": 4, "unknown": 1}
    return {
        "territory_id": 1,
        "day": "2026-03-01",
        "from": "2026-03-01T03:00:00Z",
        "to": "2026-03-02T03:00:00Z",
        "time_zone": "Asia/Tashkent",
        "incidents": 1234,
        "open": 12,
        "merged": 3,
        "late": 7,
        "deaths": 2,
        "crashes": 9,
        "by_category": [{"category": "theft", "n": 1000}, {"category": "=cmd|x", "n": 234}],
        "by_area": [{"territory_id": 10, "n": 1200}, {"territory_id": 1, "n": 34}],
        "by_area_category": [{"territory_id": 10, "category": "theft", "n": 1000}],
        "by_channel": [{"channel": "phone", "n": 1234}],
        "by_outcome": [{"outcome": "open", "n": 12}, {"outcome": "resolved", "n": 1222}],
        "response": [of_priority | {"p50_s": 305, "p90_s": 3_725, "norm_s": 420, "within": 3}],
        "forces": {"units": 20, "sendings": 40, "unit_s": 36_000, "unknown": 1},
        "by_hand": {"brought_in": 3, "persons_dead": None, "persons_injured": 0},
        "significant": [_significant("a", "10421"), _significant("b", "10422")],
        "corrections": [
            {"day": "2026-02-28", "figure": "category", "before": "theft", "after": "robbery", "n": 1, "numbers": ["7"]}
        ],
        "corrections_more": 0,
    }


def summary(sentence: str = HOSTILE) -> dict[str, Any]:
    """Return a summary with one written and one erased sentence."""
    return {
        "content": content(),
        "sentences": {"a": {"text": sentence, "erased": False}, "b": {"text": None, "erased": True}},
        "made_at": "2026-03-02T03:20:11.123456Z",
        "made_by": "Nodira Saidova",
        "day": "2026-03-01",
        "version": 2,
        "as_of_seq": 1234,
        "access": {
            "by": "office",
            "needed": None,
            "classes": ["summary_sentence"],
            "until": None,
            "viewer": "Шаҳноза Oʻktamova",
            "at": "2026-03-02T04:05:06.700000Z",
        },
    }


def _significant(id_: str, number: str) -> dict[str, Any]:
    return {
        "incident_id": id_,
        "number": number,
        "category": "robbery",
        "priority": "1",
        "territory_id": 10,
        "received_at": "2026-03-01T19:12:00Z",
        "outcome": "open",
    }
