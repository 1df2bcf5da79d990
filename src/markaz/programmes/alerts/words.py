"""Words of a message for a screen and for a list: cut to a bound, and freed of characters that can deceive a reader.

What came in stays in the kept bytes as it was; this is only how it is shown.
"""

import re
from typing import Any

from markaz.kit.clock import iso
from markaz.programmes.alerts.message import Area, Info, Message

SHOWN_MAX = 20_000  # characters of one field; a warning is read in a minute
HEADLINE_MAX = 300
AREAS_SHOWN = 20
LANGUAGES_SHOWN = 20
# Control characters but tab and line feed, and all that turns or hides text (Unicode Standard Annex 9; UTS 39).
_DECEIVING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]")
SIGN = "\ufffd"
JSON = dict[str, Any]


def readable(text: str | None, limit: int = SHOWN_MAX) -> str | None:
    """Return a text for a screen: deceiving characters become a visible sign, too much of it is cut."""
    if text is None:
        return None
    shown = _DECEIVING.sub(SIGN, text.replace("\r\n", "\n"))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def summary_of(message: Message) -> JSON:
    """Return what a list shows of a message: by language the event, the headline and the names of the areas."""
    texts = {}
    for info in message.infos[:LANGUAGES_SHOWN]:
        language = readable(info.language or "en-US", 40) or ""
        texts[language] = {
            "event": readable(info.event, HEADLINE_MAX),
            "headline": readable(info.headline, HEADLINE_MAX),
            "areas": [readable(area.description, HEADLINE_MAX) for area in info.areas[:AREAS_SHOWN]],
        }
    first = message.infos[0] if message.infos else None
    return {"texts": texts, "sender_name": readable(first.sender_name if first else None, HEADLINE_MAX)}


def message_view(message: Message) -> JSON:
    """Return a message for the screen that shows it whole."""
    return {
        "identifier": readable(message.identifier, HEADLINE_MAX),
        "sender": readable(message.sender, HEADLINE_MAX),
        "sent": iso(message.sent),
        "status": message.status.value,
        "msg_type": message.msg_type.value,
        "scope": message.scope.value,
        "note": readable(message.note),
        "references": readable(message.references, 2_000),
        "infos": [_info_view(info) for info in message.infos[:LANGUAGES_SHOWN]],
    }


def _info_view(info: Info) -> JSON:
    return {
        "language": readable(info.language or "en-US", 40),
        "categories": [category.value for category in info.categories],
        "event": readable(info.event, HEADLINE_MAX),
        "response_types": [response.value for response in info.response_types],
        "urgency": info.urgency.value,
        "severity": info.severity.value,
        "certainty": info.certainty.value,
        "effective": None if info.effective is None else iso(info.effective),
        "onset": None if info.onset is None else iso(info.onset),
        "expires": None if info.expires is None else iso(info.expires),
        "sender_name": readable(info.sender_name, HEADLINE_MAX),
        "headline": readable(info.headline, SHOWN_MAX),
        "description": readable(info.description),
        "instruction": readable(info.instruction),
        "web": readable(info.web, HEADLINE_MAX),
        "contact": readable(info.contact, HEADLINE_MAX),
        "areas": [_area_view(area) for area in info.areas[:AREAS_SHOWN]],
    }


def _area_view(area: Area) -> JSON:
    return {
        "description": readable(area.description, 2_000),
        "polygons": len(area.polygons),
        "circles": [readable(circle, 100) for circle in area.circles[:AREAS_SHOWN]],
        "geocodes": [
            {"name": readable(code.name, 100), "value": readable(code.value, 100)}
            for code in area.geocodes[:AREAS_SHOWN]
        ],
    }
