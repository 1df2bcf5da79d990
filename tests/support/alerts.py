"""Warnings for tests: a draft that breaks no rule, the way of one to the public, and a stranger's message."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.support.land import Land
from tests.support.people import Person

from markaz.contracts.alerts import Category, Certainty, MsgType, Scope, Severity, Status, Urgency
from markaz.kit.clock import iso
from markaz.programmes.alerts.message import Area, Info, Message

LANGUAGES = ("uz-Latn", "uz-Cyrl", "ru", "en")
HEADLINES = ("Sel xavfi", "Сел хавфи", "Угроза селя", "Flash flood")


def warning_body(now: datetime, **changes: Any) -> dict[str, Any]:
    """Return the body of a draft of the south-west that may go out as an exercise."""
    texts = {
        language: {"event": headline, "headline": f"{headline} {uuid4().hex[:6]}", "instruction": "112"}
        for language, headline in zip(LANGUAGES, HEADLINES, strict=True)
    }
    return {
        "territory_id": int(Land.WEST_SOUTH),
        "status": "Exercise",
        "category": "Met",
        "urgency": "Immediate",
        "severity": "Severe",
        "certainty": "Likely",
        "texts": texts,
        "expires": iso(now + timedelta(hours=6)),
        "territory_ids": [int(Land.WEST_SOUTH)],
        **changes,
    }


async def accepted(person: Person, path: str, body: Any, method: str = "POST") -> dict[str, Any]:
    """Send a command that must succeed and return its answer."""
    response = await person.send(method, path, body)
    assert response.status_code in {200, 201}, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def drafted(author: Person, now: datetime, **changes: Any) -> dict[str, Any]:
    """Begin a warning."""
    return await accepted(author, "/api/alerts", warning_body(now, **changes))


async def submitted(author: Person, now: datetime, **changes: Any) -> dict[str, Any]:
    """Begin a warning and ask for its release."""
    draft = await drafted(author, now, **changes)
    return await accepted(author, f"/api/alerts/{draft['id']}/submit", {"version": draft["version"]})


async def issued(author: Person, releaser: Person, now: datetime, **changes: Any) -> dict[str, Any]:
    """Bring a warning to the public."""
    waiting = await submitted(author, now, **changes)
    return await accepted(releaser, f"/api/alerts/{waiting['id']}/approve", {"version": waiting["version"]})


def foreign(now: datetime, **changes: Any) -> Message:
    """Return a message of another sender."""
    values: dict[str, Any] = {
        "identifier": uuid4().hex,
        "sender": "duty@elsewhere.example",
        "sent": now.replace(microsecond=0),
        "status": Status.ACTUAL,
        "msg_type": MsgType.ALERT,
        "scope": Scope.PUBLIC,
        "infos": (foreign_info(now),),
    }
    return Message(**(values | changes))


def foreign_info(now: datetime, **changes: Any) -> Info:
    """Return an info block of another sender."""
    values: dict[str, Any] = {
        "language": "en",
        "categories": (Category.MET,),
        "event": "Wind",
        "urgency": Urgency.FUTURE,
        "severity": Severity.MODERATE,
        "certainty": Certainty.POSSIBLE,
        "expires": (now + timedelta(hours=3)).replace(microsecond=0),
        "headline": "Strong wind tomorrow",
        "areas": (Area("The whole valley"),),
    }
    return Info(**(values | changes))
