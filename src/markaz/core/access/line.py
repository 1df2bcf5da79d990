"""The line of command, as far as access must know it: who is whose subordinate. Pure.

Somebody is a subordinate of a supervisor when they hold any role in the line at or below the supervisor's territory,
unless they hold the supervisor's own role there or above it themselves. The offices that watch over use answer to no
supervisor; but whoever holds one of them *and* a role in the line is judged by the latter.
"""

from collections.abc import Iterable

from markaz.core.permissions import OFFICES, Grant, Hierarchy, Role

LEADING = frozenset({Role.SUPERVISOR})


def is_subordinate(who: Iterable[Grant], of: Iterable[Grant], tree: Hierarchy) -> bool:
    """Say whether the holder of `who` is a subordinate of the holder of `of`."""
    in_line = [grant for grant in who if grant.role not in OFFICES]
    led = [tree.subtree(grant.territory_id) for grant in of if grant.role in LEADING]
    for territories in led:
        below = [grant for grant in in_line if grant.territory_id in territories]
        if below and not any(_leads_as_high(grant, territories, tree) for grant in in_line):
            return True
    return False


def _leads_as_high(grant: Grant, territories: frozenset[int], tree: Hierarchy) -> bool:
    return grant.role in LEADING and territories <= tree.subtree(grant.territory_id)
