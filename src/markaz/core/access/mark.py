"""The mark of a page or paper that shows what names people: to whom, when, and why. It decides nothing."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from markaz.kit.clock import iso


def mark(
    viewer: str,
    at: datetime,
    *,
    by: str | None,
    needed: str | None = None,
    classes: Iterable[str] = (),
    until: datetime | None = None,
) -> dict[str, Any]:
    """Return a mark as every answer carries it in `access`.

    `by` is a relation, `office`, `purpose`, `glass` or the duty it is shown for; None where nothing is shown, and then
    `needed` says whether a `purpose` or a `right` is missing. `viewer` is the name of the account as it is shown elsewhere.
    """
    return {
        "by": by,
        "needed": needed,
        "classes": sorted(classes),
        "until": None if until is None else iso(until),
        "viewer": viewer,
        "at": iso(at),
    }
