"""What one person did on the machine of the centre to rights that take two: a public entry, and a task for somebody else.

The command line makes the first accounts of a centre, when there is nobody yet who could be the second person. What it
does holds at once; that it was done stands in the open, and waits for whoever watches over use.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum

from markaz.core.acts import Act
from markaz.core.audit import access_entry
from markaz.core.events import Event
from markaz.core.log.entry import roles_of
from markaz.core.permissions import APPOINTING, OFFICES, Grant, takes_two_people
from markaz.core.tasks import NewTask, open_task
from markaz.programmes.oversight.tasks.domain import GRANT_ALONE

CONFIRMED_WITHIN = 3  # working days: while whoever was at the machine still knows why


class Alone(StrEnum):
    """What one person did on the machine, as the public entry says it."""

    MADE = "account.made_alone"
    CLOSED = "account.closed_by_machine"
    PASSWORD = "account.password_by_machine"  # noqa: S105 - what was done, not a password
    RESET = "account.factors_reset_by_machine"


async def note_by_machine(act: Act, event: Event, alone: Alone, grants: Sequence[Grant]) -> None:
    """Add the event of what was done to an account and its entry to the act.

    `grants` are those it held before, for a new one those that it was given. Of what takes two people the entry is public;
    a task asks for confirmation of a new account that holds such a right, and of all that was done to an office.
    """
    act.events.append(event)
    entry = access_entry(event)
    if alone is not Alone.MADE and grants:
        place = min(grant.territory_id for grant in grants)
        entry = replace(entry, territory_id=place, details={**event.payload, "held": list(roles_of(grants))})
    told = [grant for grant in grants if _is_told(grant, alone)]
    if not told:
        act.entries.append(entry)
        return
    public = {"action": alone.value, "account_id": str(event.aggregate_id), "roles": list(roles_of(told))}
    act.entries.append(replace(entry, action=alone.value, public=public))
    waiting = told if alone is Alone.MADE else list(_offices(told))
    if waiting:
        place = min(grant.territory_id for grant in waiting)
        await open_task(act, NewTask(GRANT_ALONE, "account", event.aggregate_id, place, CONFIRMED_WITHIN))


def _is_told(grant: Grant, alone: Alone) -> bool:
    """Say whether everybody is told of it. Who leaves a desk is nobody's news; who can no longer appoint is."""
    if alone is Alone.CLOSED:
        return grant.role in OFFICES | APPOINTING
    return takes_two_people(grant.role)


def _offices(grants: Iterable[Grant]) -> Iterable[Grant]:
    return (grant for grant in grants if grant.role in OFFICES)
