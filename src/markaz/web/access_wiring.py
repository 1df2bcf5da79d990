"""Wires purposes and broken glass to the incidents and alarms of the desk. It decides nothing."""

from dataclasses import dataclass
from uuid import UUID

from markaz.contracts.incidents import ClearReason
from markaz.core.access.glass import Alarms, Glass
from markaz.core.access.purposes import Purposes
from markaz.core.access.standing import Standing
from markaz.core.acts import Act
from markaz.programmes.incidents.acting import OFFICER, Spine
from markaz.programmes.incidents.alarms import raising, store


async def raise_for(act: Act, standing: Standing, glass_id: UUID) -> UUID:
    """Raise the alarm of a glass broken over an incident; return the alarm's id."""
    return await raising.raise_glass(act, standing.id, standing.territory_id, glass_id)


async def end(act: Act, alarm_id: UUID) -> None:
    """End the alarm of a glass that was judged."""
    row = await store.lock_alarm(act.connection, alarm_id)
    if row is not None:
        await raising.end(act, row, ClearReason.JUDGED, source=OFFICER)


@dataclass(frozen=True, slots=True)
class Access:
    """Purposes and broken glass of one centre."""

    purposes: Purposes
    glass: Glass


def access_of(spine: Spine) -> Access:
    """Return the purposes and the broken glass of a centre."""
    database, acts, sealer, clock, incidents = spine.database, spine.acts, spine.sealer, spine.clock, spine.standings
    alarms = Alarms(raise_for=raise_for, end=end)
    return Access(
        Purposes(database, acts, sealer, clock, incidents),
        Glass(database, acts, sealer, clock, spine.territories, incidents, alarms),
    )
