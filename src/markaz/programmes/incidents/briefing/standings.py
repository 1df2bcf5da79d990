"""How somebody stands to a handover or a daily summary, for core.access. Both are read by whoever comes on duty."""

from datetime import datetime, timedelta
from typing import Any

from markaz.core.access.model import RecordKind
from markaz.core.access.standing import Relation, Standing
from markaz.core.permissions import Actor
from markaz.programmes.incidents.briefing.handover import State

HANDOVER_CURRENT = timedelta(days=1)  # the next shift reads what the last one left
SUMMARY_CURRENT = timedelta(days=4)  # a day's summary is worked with over a long weekend


def of_handover(actor: Actor, row: Any, now: datetime) -> Standing:
    """Return how somebody stands to a handover: whoever signs it is at work on it."""
    signs = actor.id in {row["from_account"], row["to_account"]}
    is_open = row["state"] == State.OFFERED or now < row["signed_out_at"] + HANDOVER_CURRENT
    relations = (Relation.HANDOVER,) if signs else ()
    return _paper("handover", row, "handover", is_open, row["signed_out_at"], relations)


def of_summary(actor: Actor, row: Any, now: datetime) -> Standing:
    """Return how somebody stands to a daily summary."""
    relations = (Relation.AUTHOR,) if row["made_by"] == actor.id else ()
    is_open = now < row["made_at"] + SUMMARY_CURRENT
    return _paper("summary", row, f"summary {row['day']} {row['version']}", is_open, row["made_at"], relations)


def _paper(
    log_kind: str, row: Any, label: str, is_open: bool, at: datetime, relations: tuple[Relation, ...]
) -> Standing:
    return Standing(
        kind=RecordKind.PAPER,
        log_kind=log_kind,
        id=row["id"],
        territory_id=row["territory_id"],
        label=label,
        reference="",
        is_open=is_open,
        recorded_at=at,
        relations=relations,
    )
