"""What a closing must say, by the code tables of the deployment: parsed bodies in, commands out. No database, no clock."""

import re

from markaz.contracts.incidents import EnteredVia
from markaz.core.codes import CodeTables
from markaz.core.errors import InvalidInput
from markaz.programmes.incidents import domain, shapes
from markaz.programmes.incidents.commands import CloseIncident


def closing(codes: CodeTables, body: shapes.CloseBody) -> CloseIncident:
    """Return the command of a closing. Raises InvalidInput naming the field that is wrong, missing or too much."""
    outcome = codes.outcomes.check(body.outcome)
    domain.check_outcome(codes.outcomes.needs(outcome), body.report_number, body.reason, body.referred_to)
    if body.report_number is not None and not re.fullmatch(codes.report_number.pattern, body.report_number):
        raise InvalidInput(
            f"A report number is written like {codes.report_number.example}: this is none.", field="report_number"
        )
    reason = None if body.reason is None else codes.outcome_reasons.check(body.reason)
    referred_to = None if body.referred_to is None else codes.referral_bodies.check(body.referred_to)
    via = body.via or EnteredVia.CONSOLE
    return CloseIncident(body.version, outcome, body.occurred_at, body.report_number, reason or referred_to, via)
