"""Rights that one person gave on the machine of the centre: a public entry, and a task for somebody else to confirm.

The command line makes the first accounts of a centre, when there is nobody yet who could be the second person. What it
gives holds at once; that it was given stands in the open, and waits for whoever watches over use.
"""

from dataclasses import replace

from markaz.core.acts import Act
from markaz.core.audit import access_entry
from markaz.core.events import Event
from markaz.core.permissions import Role, takes_two_people
from markaz.core.tasks import NewTask, open_task
from markaz.programmes.oversight.tasks.domain import GRANT_ALONE

CONFIRMED_WITHIN = 3  # working days: while whoever was at the machine still knows why


async def note_by_machine(act: Act, event: Event, *, is_new: bool) -> None:
    """Add the event of a change of access and its entry to the act.

    Of a role that takes two people the entry is public; with a new account or key a task asks for its confirmation.
    """
    act.events.append(event)
    entry = access_entry(event)
    given = [one for one in event.payload["grants"] if takes_two_people(Role(one["role"]))]
    if not given:
        act.entries.append(entry)
        return
    action = "account.made_alone" if is_new else "account.password_by_machine"
    roles = sorted(f"{one['role']}@{one['territory_id']}" for one in given)
    public = {"action": action, "account_id": str(event.aggregate_id), "roles": roles}
    act.entries.append(replace(entry, action=action, public=public))
    if is_new:
        await open_task(act, NewTask(GRANT_ALONE, "account", event.aggregate_id, event.territory_id, CONFIRMED_WITHIN))
