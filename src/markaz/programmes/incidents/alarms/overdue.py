"""Which open incidents have a clock that has run out, for whoever is told of them elsewhere, such as in a handover.

It looks at the clocks and not at the alarms: what is acknowledged is overdue all the same.
"""

from collections.abc import Sequence
from uuid import UUID

from markaz.core.db.pool import Connection
from markaz.kit.clock import Clock
from markaz.programmes.incidents.alarms import store
from markaz.programmes.incidents.alarms.domain import Colour, clocks_of
from markaz.programmes.incidents.norms import NormsInForce


class OverdueIncidents:
    """The incidents of one centre whose clocks are red now."""

    def __init__(self, norms: NormsInForce, clock: Clock) -> None:
        self._norms = norms
        self._clock = clock

    async def among(self, connection: Connection, incident_ids: Sequence[UUID]) -> frozenset[UUID]:
        """Return which of these have a red clock. Calls of another system have no clocks here."""
        waiting = await store.waiting(connection, incident_ids)
        sent = await store.sent(connection, waiting)
        share, now = self._norms.norms.amber_share, self._clock.now()
        red: set[UUID] = set()
        for id_, (row, incident) in waiting.items():
            norm = self._norms.of(row["priority"], row["territory_id"])
            if any(one.colour(now) is Colour.RED for one in clocks_of(incident, sent.get(id_, []), norm, share)):
                red.add(id_)
        return frozenset(red)
