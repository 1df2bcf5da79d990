"""What consoles are told of warnings: ids, codes and times; the text is fetched with the warning.

The rules stand ready for the stream; a console that does not use them polls the list.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from markaz.contracts.alerts import AlertEvent
from markaz.core.permissions import Permission
from markaz.core.stream.picture import Effect, Op, PictureRule
from markaz.kit.clock import iso

JSON = dict[str, Any]


class Row(Protocol):
    """A database row: values by column name."""

    def __getitem__(self, column: str, /) -> Any:
        """Return the value of a column."""
        ...


def alert_view(row: Row) -> JSON:
    """Return the coded part of a warning from its row: no word that a person wrote."""
    return {
        "id": str(row["id"]),
        "state": row["state"],
        "territory_id": row["territory_id"],
        "status": row["status"],
        "msg_type": row["msg_type"],
        "category": row["category"],
        "urgency": row["urgency"],
        "severity": row["severity"],
        "certainty": row["certainty"],
        "sent": _time(row["sent"]),
        "effective": _time(row["effective_at"]),
        "onset": _time(row["onset_at"]),
        "expires": _time(row["expires_at"]),
        "signature": row["signature"],
        "follows": _id(row["follows"]),
        "ended_by": _id(row["ended_by"]),
        "ended_at": _time(row["ended_at"]),
        "version": row["version"],
    }


def _time(at: Any) -> str | None:
    return None if at is None else iso(at)


def _id(value: Any) -> str | None:
    return None if value is None else str(value)


def _set_view(payload: Mapping[str, Any]) -> Effect:
    return Op.SET, payload["view"]


def _gone(_payload: Mapping[str, Any]) -> Effect:
    return Op.GONE, None


def _rule(effect: Any) -> PictureRule:
    return PictureRule("alert", Permission.ALERT_READ, effect)


RULES: dict[str, PictureRule] = {
    AlertEvent.DRAFTED: _rule(_set_view),
    AlertEvent.CHANGED: _rule(_set_view),
    AlertEvent.SUBMITTED: _rule(_set_view),
    AlertEvent.RETURNED: _rule(_set_view),
    AlertEvent.WITHDRAWN: _rule(_gone),
    AlertEvent.ISSUED: _rule(_set_view),
    AlertEvent.RECEIVED: _rule(_set_view),
    AlertEvent.ENDED: _rule(_gone),
}
