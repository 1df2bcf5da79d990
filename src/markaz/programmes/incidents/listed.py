"""Open incidents as the rules of access ask about them in a query: which column or question stands for which attribute.

The same facts as `looks` states for one incident, over the alias `i` of `incidents`. For open ones only: what keeps a
closed incident one's own for a while is not said here. It decides nothing.
"""

from collections.abc import Mapping

from markaz.core.access import columns
from markaz.core.access.columns import Column
from markaz.programmes.incidents.looks import DISPATCHING
from markaz.programmes.incidents.standing_store import TOLD

_TYPES = ", ".join(f"'{one.value}'" for one in DISPATCHING)
_WORKERS = """
coalesce(i.owner_id = ANY({values}), FALSE) OR i.opened_by = ANY({values})
OR EXISTS (SELECT FROM calls c WHERE c.incident_id = i.id AND c.by_id = ANY({values}) AND {told})
OR EXISTS (SELECT FROM events e WHERE e.aggregate_id = i.id AND e.actor_id = ANY({values}) AND e.type IN ({types}))
OR EXISTS (SELECT FROM assignments a JOIN unit_logons l ON l.unit_id = a.unit_id AND l.logged_off_at IS NULL
    JOIN unit_crews k ON k.logon_id = l.id AND k.is_open
    WHERE a.incident_id = i.id AND a.is_current AND a.cleared_at IS NULL AND k.account_id = ANY({values}))
OR EXISTS (SELECT FROM alarms a JOIN acknowledgements k ON k.alarm_id = a.id WHERE a.incident_id = i.id
    AND a.cleared_at IS NULL AND a.kind <> 'break_glass' AND k.account_id = ANY({values}))
"""

OPEN_INCIDENTS: Mapping[str, Column] = {
    "record": columns.record("i.id"),
    "is_open": columns.flag("i.status = 'open'"),
    "recorded_at": columns.moment("i.received_at"),
    "within": columns.territory("i.territory_id"),
    "workers": columns.membership(_WORKERS.replace("{types}", _TYPES).replace("{told}", TOLD)),
    "own": columns.nobody(),  # nothing says yet that a record is about an account of the centre
    "colleagues": columns.nobody(),
    "shut_out": columns.membership(
        "EXISTS (SELECT FROM shut_out_accounts s WHERE s.incident_id = i.id AND s.account_id = ANY({values}))"
    ),
}
