"""Units and crews: who is logged on to which unit, the roster, who owns an incident, units lent to a neighbour.

Nothing here measures an officer: no lateness, no ranking, no position by person or for a past period.
"""
